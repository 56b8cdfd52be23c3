// C2: the same thing twice.
#include <thread>

#include "tests/failures/failures_fixture.h"

namespace vouch {
namespace {

TEST_F(Failures, Case13_TheSameWorkSentManyTimesAtOnceIsOneRecord) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id registration = Register(ann);
  for (int i = 0; i < 20; ++i) Observe(ann, registration);
  std::vector<Tablet*> senders = {&ann};
  for (int i = 0; i < 5; ++i) {
    senders.push_back(&CloneTablet(ann, "Ann" + std::to_string(i)));
  }
  const uint64_t before = LogSize();
  std::vector<SyncReport> reports(senders.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < senders.size(); ++i) {
    threads.emplace_back([&, i] { reports[i] = (*senders[i])->SyncOnce(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const SyncReport& report : reports) {
    EXPECT_TRUE(report.status.ok()) << report.status;
    EXPECT_EQ(21u, report.ledger.stored);
  }
  EXPECT_EQ(before + 21, LogSize());
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  Sync(ben);
  EXPECT_EQ(20u, Count(ben, "Observation"));
  EXPECT_TRUE(ben->Conflicts()->empty());
}

// Cut at every eighth of the answer, then sent again.
TEST_F(Failures, Case14_AnAnswerLostAnywhereMakesNoSecondRecord) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id registration = Register(ann);
  Link link(server_->address());
  Sync(ann, Through(link));
  link.TakePassed();
  Observe(ann, registration);
  Sync(ann, Through(link));
  const size_t whole = link.TakePassed().down;
  ASSERT_GT(whole, 1000u);
  uint64_t records = 1;
  for (int eighth = 1; eighth < 8; ++eighth) {
    const Id seen = Observe(ann, registration);
    link.Break({.after_down = whole * eighth / 8});
    SyncReport cut = ann->SyncOnce(Through(link));
    EXPECT_TRUE(cut.ledger.balanced);
    EXPECT_GT(link.struck(), 0) << eighth;
    link.Mend();
    Sync(ann, Through(link));
    EXPECT_EQ(++records, Count(ann, "Observation"));
    EXPECT_EQ(SafetyState::kAtTheCentre, *ann->Safety(seen));
  }
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  Sync(ben);
  EXPECT_EQ(records, Count(ben, "Observation"));
  EXPECT_TRUE(ben->Conflicts()->empty());
  // Ann, Ben, the registration, and each observation once.
  EXPECT_EQ(3 + records, LogSize());
}

TEST_F(Failures, Case16_APushCutBetweenItsPartsIsNeitherDoubledNorShortened) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id one = Register(ann), other = Register(ann);
  Link link(server_->address());
  size_t records = 0;
  for (size_t after_up : {5'000, 300'000, 600'000, 900'000, 1'200'000}) {
    // Another scope each time: many segments that travel one by one.
    for (int i = 0; i < 16; ++i, ++records) {
      ObserveAtLength(ann, i % 2 == 0 ? one : other, 130'000);
    }
    link.Break({.after_up = after_up});
    SyncReport cut = ann->SyncOnce(Through(link));
    EXPECT_FALSE(cut.status.ok());
    EXPECT_TRUE(cut.ledger.balanced);
    EXPECT_GT(cut.ledger.pending, 0u);
    link.Mend();
    Sync(ann, Through(link));
  }
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  Sync(ben);
  EXPECT_EQ(records, Count(ben, "Observation"));
  EXPECT_EQ(4 + records, LogSize());
  ExpectInStep({&ben});
}

TEST_F(Failures, Case17_AnEditAfterALostAnswerIsANewVersionOfTheSameRecord) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id seen = ObserveAtLength(ann, Register(ann), 40'000);
  LoseTheAnswer(ann);
  SetVenue(ann, seen, "Reception");
  SetVenue(ann, seen, "Back office");
  Sync(ann);
  Sync(ben);
  EXPECT_EQ(1u, Count(ben, "Observation"));
  EXPECT_EQ("Back office", Venue(ben, seen));
  ASSERT_TRUE(ben->Get(seen).ok());
  EXPECT_EQ(3u, ben->Get(seen)->summary.changes);
  EXPECT_TRUE(ben->Conflicts()->empty());
  EXPECT_TRUE(ben->HeldChanges()->empty());
}

}  // namespace
}  // namespace vouch
