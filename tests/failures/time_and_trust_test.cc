// C6 to C8: wrong clocks, who may see what, the log and the centre's disk.
#include <algorithm>
#include <thread>

#include "tests/failures/failures_fixture.h"

namespace vouch {
namespace {

constexpr int64_t kDecadeMs = int64_t{3653} * 24 * 3600 * 1000;

TEST_F(Failures, Case43_AClockSetBackCostsNeitherOrderNorWork) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  SyncAll({&ann, &ben});
  const Id seen = Observe(ben, registration);
  SyncAll({&ben, &ann});
  SetVenue(ann, seen, "Lobby");
  SyncAll({&ann, &ben});
  // Ben's battery was out: his tablet thinks that it is years ago. He edits
  // what Ann wrote, having seen it.
  ben.clock.shift_ms = -5 * kDecadeMs;
  Restart(ben);
  SetVenue(ben, seen, "Reception");
  EXPECT_OK(ben->Sign(seen));
  SyncReport report = Sync(ben);
  EXPECT_EQ(0u, report.ledger.held);
  Sync(ann);
  for (Tablet* tablet : {&ann, &ben}) {
    EXPECT_EQ("Reception", Venue(*tablet, seen)) << tablet->name;
    EXPECT_EQ("signed and locked", State(*tablet, seen));
    EXPECT_TRUE((*tablet)->Conflicts()->empty());
  }
  // What the clock claimed is kept as claimed.
  const auto acts = ann->Get(seen)->acts;
  ASSERT_EQ(2u, acts.size());
  EXPECT_EQ("signed", acts[1].what);
  EXPECT_LT(acts[1].claimed_ms, ann.clock.Now().wall_ms - 4 * kDecadeMs);
  EXPECT_GT(acts[0].claimed_ms, ann.clock.Now().wall_ms - kDecadeMs);
}

TEST_F(Failures, Case44_AClockThatWasPutRightIsRightAtOnceForEverybody) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  ann.clock.shift_ms = kDecadeMs;
  const Id ahead = Observe(ann, registration);
  EXPECT_OK(ann->Sign(ahead));
  SyncAll({&ann, &ben});
  ann.clock.shift_ms = 0;
  for (Tablet* tablet : {&ann, &ben}) {
    const Id seen = Observe(*tablet, registration);
    EXPECT_OK((*tablet)->Sign(seen));
    const auto record = (*tablet)->Get(seen);
    for (const Record::Act& act : record->acts) {
      const int64_t off_ms = act.claimed_ms - SystemClock()->Now().wall_ms;
      EXPECT_LT(std::abs(off_ms), 60'000) << tablet->name << " " << act.what;
    }
  }
  SyncAll({&ann, &ben});
  EXPECT_EQ(3u, Count(ben, "Observation"));
  ExpectInStep({&ann, &ben});
}

TEST_F(Failures, Case45_AWrongClockNeitherWarnsNorStopsASync) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id registration = Register(ann);
  for (int64_t shift_ms : {kDecadeMs, -kDecadeMs, -10 * kDecadeMs}) {
    ann.clock.shift_ms = shift_ms;
    Observe(ann, registration);
    EXPECT_TRUE(ann->Warnings()->empty());
    EXPECT_EQ(0u, Sync(ann).ledger.held);
  }
}

TEST_F(Failures, Case51_AnExternalVerifierHoldsNoWorkOfTheStaff) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& eve = AddTablet(v1::ROLE_EXTERNAL_VERIFIER, "Eve");
  const Id seen = Observe(ann, Register(ann));
  EXPECT_OK(ann->Sign(seen));
  auto judgement = ann->AppendEntry(Verdict(seen, true));
  ASSERT_TRUE(judgement.ok()) << judgement.status();
  SyncAll({&ann, &eve});
  EXPECT_EQ("signed and locked", State(eve, seen));
  EXPECT_REASON(eve->Get(*judgement), NOT_FOUND);
  auto centre = eve->CentreStateHashes();
  ASSERT_TRUE(centre.ok()) << centre.status();
  for (const ScopeHash& scope : *centre) EXPECT_NE("staff", scope.name);
  ExpectInStep({&ann, &eve});
}

TEST_F(Failures, Case52_ManyTabletsAppendingAtOnceMakeOneLog) {
  StartCentre();
  Tablet& jo = AddTablet(v1::ROLE_ADMINISTRATOR, "Jo");
  const Id registration = Register(jo);
  Sync(jo);
  std::vector<Tablet*> team;
  for (int i = 0; i < 6; ++i) {
    team.push_back(&AddTablet(v1::ROLE_ASSESSOR, "A" + std::to_string(i)));
    Sync(*team.back());
  }
  constexpr int kRounds = 4, kRecords = 5;
  std::vector<std::thread> threads;
  for (Tablet* tablet : team) {
    threads.emplace_back([&, tablet] {
      for (int round = 0; round < kRounds; ++round) {
        for (int i = 0; i < kRecords; ++i) Observe(*tablet, registration);
        // Each pull proves the whole log to a signed head, or fails.
        Sync(*tablet);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (Tablet* tablet : team) {
    EXPECT_EQ(LogSize(), Sync(*tablet).log_size);
    EXPECT_EQ(team.size() * kRounds * kRecords, Count(*tablet, "Observation"));
  }
  ExpectInStep({team[0], team[1], team[2], team[3], team[4], team[5]});
}

TEST_F(Failures, Case53_AFullDiskAtTheCentreIsToldAndOverWithoutARestart) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  const Id first = Observe(ann, registration);
  SyncAll({&ann, &ben});
  const Id second = Observe(ann, registration);
  centre_free_bytes_ = 0;
  SyncReport report = ann->SyncOnce();
  EXPECT_REASON(report.status, STORE_FULL);
  EXPECT_EQ(1u, report.ledger.pending);
  EXPECT_EQ(SafetyState::kOnThisTablet, *ann->Safety(second));
  EXPECT_EQ(SafetyState::kAtTheCentre, *ann->Safety(first));
  Sync(ben);  // reading goes on
  centre_free_bytes_ = uint64_t{1} << 40;
  Sync(ann);
  Sync(ben);
  EXPECT_EQ("Front office", Venue(ben, second));
  StopCentre();
  StartCentre();
  ExpectInStep({&ann, &ben});
}

TEST_F(Failures, Case56_ARelativesTestimonyNamesTheRelationAndIsFlagged) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id registration = Register(ann);
  v1::WitnessStatement statement;
  statement.set_candidate("Sam Carter");
  statement.mutable_when()->set_start_ms(1'799'990'000'000);
  statement.set_venue("Workshop");
  statement.add_description()->set_text("Rewired the panel.");
  statement.set_written_on("2027-01-14");
  statement.set_witness_name("Kim Carter");
  statement.set_job_title("Foreman");
  statement.set_contact("kim@example.org");
  const Id id = *ann->Create(statement, registration);
  EXPECT_REASON(ann->Sign(id, "", "M0 0L9 9"), NOT_READY_TO_SIGN);
  statement = Read<v1::WitnessStatement>(ann, id);
  statement.set_relationship("sister");
  EXPECT_OK(ann->Edit(id, ann->Get(id)->base, statement));
  EXPECT_OK(ann->Sign(id, "", "M0 0L9 9"));
  Sync(ann);
  auto portfolio = ann->Portfolio(registration);
  ASSERT_TRUE(portfolio.ok()) << portfolio.status();
  ASSERT_EQ(1, portfolio->evidence_size());
  std::vector<std::string> flags;
  for (const auto& flag : portfolio->evidence(0).flags()) {
    flags.push_back(flag.id());
  }
  EXPECT_EQ(1, std::count(flags.begin(), flags.end(), "shared_surname"));
  EXPECT_EQ("sister", Read<v1::WitnessStatement>(ann, id).relationship());
}

}  // namespace
}  // namespace vouch
