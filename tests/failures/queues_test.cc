// C4: queues that stick, and syncs that say more than they did.
#include <chrono>

#include "absl/strings/match.h"
#include "tests/failures/failures_fixture.h"

namespace vouch {
namespace {

constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;

TEST_F(Failures, Case26_OneHeldRecordStopsNothingBehindIt) {
  StartCentre();
  Tablet& jo = AddTablet(v1::ROLE_ADMINISTRATOR, "Jo");
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id before = Register(jo);
  const Id held = Observe(jo, before);  // which no administrator may write
  const Id after = Register(jo);
  SyncReport report = Sync(jo);
  EXPECT_EQ(3u, report.pushed);
  EXPECT_EQ(2u, report.ledger.stored);
  EXPECT_EQ(1u, report.ledger.held);
  ASSERT_EQ(1u, report.held.size());
  EXPECT_EQ(held, report.held[0].record);
  EXPECT_FALSE(report.held[0].words.empty());
  Sync(ann);
  EXPECT_OK(ann->Get(before));
  EXPECT_OK(ann->Get(after));
  // And nobody says that all is well.
  jo.Close();
  const ToolRun status = RunTool(jo, {"status"});
  EXPECT_TRUE(absl::StrContains(status.out, "1 held for review")) << status.out;
}

TEST_F(Failures, Case27_WorkCapturedLongAgoIsTaken) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id seen = Observe(ann, Register(ann));
  centre_clock_.shift_ms = 720 * kDayMs;  // Ann was away for nearly two years
  ben.clock.shift_ms = 720 * kDayMs;
  SyncReport report = Sync(ann);
  EXPECT_EQ(2u, report.ledger.stored);
  EXPECT_EQ(0u, report.ledger.held);
  Sync(ben);
  EXPECT_EQ("Front office", Venue(ben, seen));
}

TEST_F(Failures, Case29_AReportNeverSaysMoreThanWasDone) {
  StartCentre();
  Tablet& jo = AddTablet(v1::ROLE_ADMINISTRATOR, "Jo");
  const Id registration = Register(jo);
  for (int i = 0; i < 20; ++i) {
    Register(jo);
    ObserveAtLength(jo, registration, 100'000);  // which will be held
  }
  Link link(server_->address());
  link.Break({.after_up = 900'000});
  SyncReport part = jo->SyncOnce(Through(link));
  EXPECT_FALSE(part.status.ok());
  EXPECT_GT(part.ledger.pending, 0u);
  EXPECT_EQ(41u, part.ledger.captured);
  EXPECT_EQ(part.ledger.captured,
            part.ledger.stored + part.ledger.held + part.ledger.pending);
  jo.Close();
  EXPECT_NE(0, RunTool(jo, {"sync", "--server", "127.0.0.1:1"}).code);
  jo.Open();
  SyncReport rest = Sync(jo);
  EXPECT_EQ(21u, rest.ledger.stored);
  EXPECT_EQ(20u, rest.ledger.held);
}

TEST_F(Failures, Case32_ASyncIsFinishedInShortSlices) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id one = Register(ann), other = Register(ann);
  constexpr int kRecords = 30;
  for (int i = 0; i < kRecords; ++i) {
    ObserveAtLength(ann, i % 2 == 0 ? one : other, 100'000);
  }
  // Each time the app is awake for some 400 kB, and then stopped: room for
  // one message of a push, and for what greets and is said beside it.
  Link link(server_->address());
  link.Break({.after_up = 400'000});
  int slices = 0;
  SyncReport report;
  do {
    report = ann->SyncOnce(Through(link));
    EXPECT_TRUE(report.ledger.balanced);
    Restart(ann);
    ASSERT_LE(++slices, kRecords);
  } while (!report.status.ok());
  EXPECT_GT(slices, 3);
  EXPECT_EQ(0u, report.ledger.pending);
  EXPECT_EQ(kRecords + 3u, LogSize());
}

TEST_F(Failures, Case33_AnExpiredCertificateStopsTheSyncAndNoCapture) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id registration = Register(ann);
  centre_clock_.shift_ms = 731 * kDayMs;
  EXPECT_REASON(ann->SyncOnce().status, CERTIFICATE_EXPIRED);
  const Id seen = Observe(ann, registration);
  EXPECT_OK(ann->Sign(seen));
  EXPECT_EQ(3u, ann->Ledger()->pending);
  EXPECT_REASON(ann->SyncOnce().status, CERTIFICATE_EXPIRED);
  centre_clock_.shift_ms = 0;
  EXPECT_EQ(3u, Sync(ann).pushed);
}

TEST_F(Failures, Case34_AHalfOpenConnectionEndsByTheDeadlineAndResumes) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id registration = Register(ann);
  for (int i = 0; i < 10; ++i) ObserveAtLength(ann, registration, 40'000);
  Link link(server_->address());
  link.Break({.after_up = 100'000, .kind = LinkFault::Kind::kSilence});
  SyncOptions options = Through(link);
  options.deadline = std::chrono::milliseconds(1500);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_REASON(ann->SyncOnce(options).status, DEADLINE);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  EXPECT_EQ(1, link.struck());
  link.Mend();
  Sync(ann, Through(link));
  EXPECT_EQ(12u, LogSize());
}

TEST_F(Failures, Case36_WhatTheCentreCouldNotTakeIsRefusedAtCapture) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id registration = Register(ann);
  Sync(ann);
  int taken = 0, refused = 0;
  for (size_t bytes = 900'000; bytes <= 1'040'000; bytes += 20'000) {
    v1::Observation seen = Observed(ann);
    // Two paragraphs that do not compress: around the limit of one save.
    for (int i = 0; i < 2; ++i) {
      seen.mutable_narrative(i)->set_text(Noise(bytes));
    }
    auto id = ann->Create(seen, registration);
    if (id.ok()) {
      ++taken;
      EXPECT_EQ(1u, Sync(ann).pushed) << bytes;
    } else {
      ++refused;
      EXPECT_REASON(id, TOO_LARGE);
    }
  }
  EXPECT_GT(taken, 0);
  EXPECT_GT(refused, 0);
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  Sync(ben);
  EXPECT_EQ(static_cast<size_t>(taken), Count(ben, "Observation"));
}

}  // namespace
}  // namespace vouch
