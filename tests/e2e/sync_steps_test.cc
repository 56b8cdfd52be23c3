// A sync that the app follows, cuts into slices, or breaks off.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/server_world.h"

namespace vouch {
namespace {

#define EXPECT_REASON(reason, status) \
  EXPECT_EQ(v1::ERROR_REASON_##reason, ErrorReasonOf(status)) << (status)

class SyncSteps : public testing::Test {
 protected:
  // Notes that no compression makes smaller, so that there is much to send.
  void Capture(Client& client, int count) {
    v1::Registration registration;
    registration.set_candidate_name("Sam Carter");
    registration.set_specification("03455");
    auto id = client.Create(registration);
    ASSERT_TRUE(id.ok()) << id.status();
    uint64_t state = 1;
    for (int i = 0; i < count; ++i) {
      std::string text;
      for (int letter = 0; letter < 120'000; ++letter) {
        state = state * 6364136223846793005 + 1442695040888963407;
        text.push_back(static_cast<char>('!' + (state >> 33) % 90));
      }
      v1::Observation seen;
      seen.add_narrative()->set_text(text);
      auto made = client.Create(seen, *id);
      ASSERT_TRUE(made.ok()) << made.status();
    }
  }
  ServerWorld world;
};

TEST_F(SyncSteps, ShortSlicesGoOnUntilAllIsDone) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Capture(*ann, 120);
  SyncOptions slice = world.Sync();
  slice.slice = std::chrono::milliseconds(1);
  int slices = 0;
  uint64_t pushed = 0;
  SyncReport report;
  do {
    report = ann->SyncOnce(slice);
    pushed += report.pushed;
    ASSERT_TRUE(report.ledger.balanced);
    if (report.status.ok()) break;
    EXPECT_REASON(SYNC_STOPPED, report.status);
    // What was acknowledged stays, and is not sent again.
    EXPECT_GT(report.pushed + report.pulled, 0u);
    EXPECT_EQ(report.ledger.stored, pushed);
  } while (++slices < 40);
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_GT(slices, 1);
  EXPECT_EQ(pushed, report.ledger.captured);
  EXPECT_EQ(report.ledger.pending, 0u);

  // And what the tablet of another person pulls.
  auto ben = world.Tablet(v1::ROLE_ASSESSOR, "Ben");
  int more = 0;
  do {
    report = ben->SyncOnce(slice);
  } while (!report.status.ok() && ++more < 40);
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_GT(more, 1);
  EXPECT_GE(report.ledger.pulled, ann->Ledger()->captured);
}

TEST_F(SyncSteps, ACancelledSyncEndsSoonAndLosesNothing) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Capture(*ann, 120);
  SyncOptions options = world.Sync();
  bool cancelled = false;
  options.cancelled = [&] { return cancelled; };
  options.progress = [&](const SyncProgress& at) {
    EXPECT_GT(at.to_push, 0u);
    cancelled = true;
  };
  SyncReport report = ann->SyncOnce(options);
  EXPECT_REASON(SYNC_STOPPED, report.status);
  EXPECT_GT(report.pushed, 0u);
  EXPECT_GT(report.ledger.pending, 0u);
  report = ann->SyncOnce(world.Sync());
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_EQ(report.ledger.pending, 0u);
}

TEST_F(SyncSteps, BeforeTheGreetingIsAnsweredACancelEndsItToo) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Capture(*ann, 1);
  SyncOptions options = world.Sync();
  options.cancelled = [] { return true; };
  SyncReport report = ann->SyncOnce(options);
  EXPECT_REASON(SYNC_STOPPED, report.status);
  EXPECT_EQ(report.pushed, 0u);
  EXPECT_TRUE(ann->SyncOnce(world.Sync()).status.ok());
}

TEST_F(SyncSteps, ProgressRisesToTheEnd) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Capture(*ann, 12);
  std::vector<SyncProgress> seen;
  SyncOptions options = world.Sync();
  options.progress = [&](const SyncProgress& at) {
    // No lock is held: the app may look, and capture.
    EXPECT_TRUE(ann->Ledger().ok());
    seen.push_back(at);
  };
  SyncReport report = ann->SyncOnce(options);
  ASSERT_TRUE(report.status.ok()) << report.status;
  ASSERT_GT(seen.size(), 2u);
  for (size_t i = 1; i < seen.size(); ++i) {
    EXPECT_GE(seen[i].pushed, seen[i - 1].pushed);
    EXPECT_GE(seen[i].pulled, seen[i - 1].pulled);
    EXPECT_GE(seen[i].bytes_sent, seen[i - 1].bytes_sent);
  }
  EXPECT_EQ(seen.front().pushed + seen.front().to_push, report.pushed);
  EXPECT_EQ(seen.back().pushed, report.pushed);
  EXPECT_EQ(seen.back().to_push, 0u);
  EXPECT_EQ(seen.back().to_pull, 0u);
}

TEST_F(SyncSteps, OnADearNetworkOwnWorkGoesFirstAndTheRestWaits) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Capture(*ann, 120);
  ASSERT_TRUE(ann->SyncOnce(world.Sync()).status.ok());
  auto ben = world.Tablet(v1::ROLE_ASSESSOR, "Ben");
  Capture(*ben, 1);
  SyncOptions sparing = world.Sync();
  sparing.sparing = true;
  SyncReport report = ben->SyncOnce(sparing);
  EXPECT_REASON(SYNC_STOPPED, report.status);
  EXPECT_EQ(report.ledger.pending, 0u);
  EXPECT_GT(report.ledger.pulled, 0u);
  EXPECT_LT(report.ledger.pulled, 120u);
  EXPECT_TRUE(ben->SyncOnce(world.Sync()).status.ok());
  EXPECT_TRUE(ben->SyncOnce(sparing).status.ok()) << "nothing is left to spare";
}

// The app captures while its background worker syncs, from another process.
TEST_F(SyncSteps, OneOfTwoProcessesSyncsAndTheOtherCaptures) {
  std::string code = world.Code(v1::ROLE_ASSESSOR, "Ann");
  auto worker = world.Open("Ann", /*shared=*/true);
  auto app = world.Open("Ann", /*shared=*/true);
  ASSERT_TRUE(app->Enrol(world.address(), code).ok());
  Capture(*app, 20);
  int turned_away = 0, captured = 0;
  SyncOptions options = world.Sync();
  options.progress = [&](const SyncProgress&) {
    turned_away += ErrorReasonOf(app->SyncOnce(world.Sync()).status) ==
                   v1::ERROR_REASON_STORE_LOCKED;
    v1::Registration registration;
    registration.set_candidate_name("Kit Moss");
    captured += app->Create(registration).ok();
  };
  SyncReport report = worker->SyncOnce(options);
  ASSERT_TRUE(report.status.ok()) << report.status;
  EXPECT_GT(captured, 0);
  EXPECT_EQ(turned_away, captured);
  report = app->SyncOnce(world.Sync());
  ASSERT_TRUE(report.status.ok()) << report.status;
  EXPECT_EQ(report.ledger.pending, 0u);
  EXPECT_EQ(report.ledger.captured, static_cast<uint64_t>(21 + captured));
  EXPECT_TRUE(report.ledger.balanced);
}

// What a recovery has compared is in memory, so the store stays open until it
// is done, and no longer.
TEST_F(SyncSteps, AfterARecoveryTheOtherProcessHasItsTurn) {
  std::string code = world.Code(v1::ROLE_ASSESSOR, "Ann");
  auto app = world.Open("Ann", /*shared=*/true);
  auto worker = world.Open("Ann", /*shared=*/true);
  ASSERT_TRUE(app->Enrol(world.address(), code).ok());
  world.Stop();
  world.Backup();
  world.Start();
  Capture(*app, 2);
  ASSERT_TRUE(app->SyncOnce(world.Sync()).status.ok());
  world.Stop();
  world.Restore();
  world.Start();
  SyncReport report = app->SyncOnce(world.Sync());
  ASSERT_TRUE(report.status.ok()) << report.status;
  ASSERT_TRUE(report.recovered);
  auto ledger = worker->Ledger();
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_EQ(ledger->stored, 3u);
  EXPECT_TRUE(app->Ledger().ok());
}

// A list on a screen follows a sync without asking.
TEST_F(SyncSteps, ALiveQueryIsToldWhatASyncBrings) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  auto ben = world.Tablet(v1::ROLE_ASSESSOR, "Ben");
  Capture(*ann, 2);
  std::vector<RecordEvent> told;
  RecordQuery observations;
  observations.kind = "Observation";
  auto tell = [&](const std::vector<RecordEvent>& events) {
    told.insert(told.end(), events.begin(), events.end());
  };
  auto own = ann->Watch(observations, tell);
  ASSERT_TRUE(own.ok()) << own.status();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_GT(told[0].record.pending, 0u);
  told.clear();
  // Its own records become "at the centre".
  ASSERT_TRUE(ann->SyncOnce(world.Sync()).status.ok());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].what, RecordEvent::What::kChanged);
  EXPECT_EQ(told[0].record.pending, 0u);

  told.clear();
  auto others = ben->Watch(observations, tell);
  ASSERT_TRUE(others.ok());
  EXPECT_TRUE(told.empty());
  ASSERT_TRUE(ben->SyncOnce(world.Sync()).status.ok());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].what, RecordEvent::What::kAppeared);
}

}  // namespace
}  // namespace vouch
