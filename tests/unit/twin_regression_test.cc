// Bugs that the model checker and the simulator found in what follows when a
// tablet is cloned or put back, each as the shortest way to it.
#include "gtest/gtest.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/support/replica_world.h"

namespace vouch {
namespace {

// Found by the model checker: what a tablet wrote after it was put back was in
// one segment with what it had sent before; the log's shorter one took that
// one's place, and the rest could never be sent.
TEST(ReplicaRegression, ATabletPutBackSendsWhatTheLogsSegmentDoesNotHold) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "sent");
  MemoryDisk before = a.disk.Clone();
  ASSERT_TRUE(world.Sync(a).status.ok());
  a.Close();
  a.disk = before.Clone();
  ASSERT_TRUE(a.Open().ok());
  ASSERT_TRUE(a.Set(r, "not sent").ok());
  ASSERT_TRUE(a.device->BeginSession().ok());  // closes both in one segment
  ASSERT_TRUE(a.device->Begin({}).status.ok());
  // A pull is faster than the comparison.
  FeedRead feed = world.centre->Feed(
      a.device->id(), [](const ScopeId&) { return true; }, ReadFeed{});
  ASSERT_TRUE(a.device->Apply(feed.batch).status.ok());
  LoopbackResult sync = world.Sync(a);
  EXPECT_TRUE(sync.status.ok()) << sync.status;
  EXPECT_EQ(a.device->Ledger()->pending, 0u);
  EXPECT_EQ(world.centre->Head().size, 2u);
}

// Found by the model checker: a segment of a twin's branch that named an
// earlier change by its number, with the branch's first segment in the same
// batch, was taken for a forgery by every twin, each time again.
TEST(ReplicaRegression, ATwinsBranchIsPulledWholeInOneBatch) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "common");
  ASSERT_TRUE(world.Sync(a).status.ok());
  MemoryDisk twin = a.disk.Clone();
  ASSERT_TRUE(a.Set(r, "here").ok());
  ASSERT_TRUE(a.device->BeginSession().ok());  // closes a segment
  ASSERT_TRUE(a.Set(r, "here too").ok());
  ASSERT_TRUE(world.Sync(a).status.ok());
  a.Close();
  a.disk = std::move(twin);
  ASSERT_TRUE(a.Open().ok());
  ASSERT_TRUE(a.Set(r, "there").ok());
  world.Sync(a);  // may find out only now
  LoopbackResult sync = world.Sync(a);
  EXPECT_TRUE(sync.status.ok()) << sync.status;
  EXPECT_EQ(a.Values(r).size(), 2u);
  EXPECT_EQ(world.centre->Head().size, 4u);
}

// Found by the model checker: a tablet that knew it was to recover, but not yet
// that a twin had forked its chain, found that out at the end of every session
// and never went on under a new incarnation.
TEST(ReplicaRegression, AForkFoundDuringRecoveryIsFoundOnce) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "common");
  ASSERT_TRUE(world.Sync(a).status.ok());
  MemoryDisk twin = a.disk.Clone();
  ASSERT_TRUE(a.Set(r, "here").ok());
  ASSERT_TRUE(a.Set(r, "here too").ok());
  std::swap(a.disk, twin);
  a.Close();
  ASSERT_TRUE(a.Open().ok());
  ASSERT_TRUE(a.Set(r, "there").ok());
  ASSERT_TRUE(world.Sync(a).status.ok());
  std::swap(a.disk, twin);
  a.Close();
  ASSERT_TRUE(a.Open().ok());
  ASSERT_TRUE(a.device->Begin({}).status.ok());
  world.Sync(a);  // finds out
  LoopbackResult sync = world.Sync(a);
  EXPECT_TRUE(sync.status.ok()) << sync.status;
  EXPECT_FALSE(a.device->recovery_due());
  EXPECT_EQ(world.centre->Head().size, 4u);
}

// Two twins pushed at once: what the second one's segment named by its number
// was looked up in the first one's branch, while its own was being committed,
// and the segment taken for a forgery.
TEST(ReplicaRegression, ATwinsSegmentWaitsForTheBranchThatItNamesByNumber) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "common");
  ASSERT_TRUE(world.Sync(a).status.ok());
  MemoryDisk twin = a.disk.Clone();
  auto config = a.device->BeginSession();
  ASSERT_TRUE(config.ok());
  const OwnHead common = config->heads[0];
  auto write = [&](const std::string& value) {
    for (const char* part : {" 1", " 2"}) {
      EXPECT_TRUE(a.Set(r, value + part).ok());
      EXPECT_TRUE(a.device->BeginSession().ok());  // closes a segment
    }
    OutboxRead read =
        a.device->Read({common.incarnation, common.seq, common.hash, 1 << 20});
    EXPECT_EQ(read.segments.size(), 2u);
    return read.segments;
  };
  auto commit = [&](const OutboxSegment& segment) {
    auto verified = VerifyPushed(*world.centre, a.device->id(), segment.wire);
    ASSERT_TRUE(verified.ok()) << verified.status();
    ASSERT_TRUE(world.centre->Commit({*std::move(verified)}).ok());
  };
  for (const OutboxSegment& segment : write("here")) commit(segment);
  a.Close();
  a.disk = std::move(twin);
  ASSERT_TRUE(a.Open().ok());
  const std::vector<OutboxSegment> there = write("there");
  EXPECT_EQ(
      ReasonOf(
          VerifyPushed(*world.centre, a.device->id(), there[1].wire).status()),
      Reason::kReferenceUnknown);
  for (const OutboxSegment& segment : there) commit(segment);
  EXPECT_EQ(world.centre->Head().size, 5u);
}

// A twin pushed while this tablet's session was open. The log named the twin's
// segment as this tablet's own, which took it for a forgery of the centre's.
TEST(ReplicaRegression, ATwinsSegmentIsNotTakenForOnesOwn) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "common");
  ASSERT_TRUE(world.Sync(a).status.ok());
  MemoryDisk twin = a.disk.Clone();
  const Hash common = a.device->BeginSession()->heads[0].hash;
  ASSERT_TRUE(a.Set(r, "here").ok());
  auto config = a.device->BeginSession();  // closes a segment
  ASSERT_TRUE(config.ok());
  OutboxRead here =
      a.device->Read({config->heads[0].incarnation, 1, common, 1 << 20});
  ASSERT_EQ(here.segments.size(), 1u);
  a.Close();
  a.disk = std::move(twin);
  ASSERT_TRUE(a.Open().ok());
  ASSERT_TRUE(a.Set(r, "there").ok());
  LoopbackOptions race;
  race.on_request = [&](const v1::SyncRequest& message) {
    if (!message.has_push()) return true;
    auto verified =
        VerifyPushed(*world.centre, a.device->id(), here.segments[0].wire);
    EXPECT_TRUE(verified.ok()) << verified.status();
    EXPECT_TRUE(world.centre->Commit({*std::move(verified)}).ok());
    return true;
  };
  EXPECT_EQ(ReasonOf(world.Sync(a, race).status), Reason::kDeviceRestored);
  LoopbackResult next = world.Sync(a);
  EXPECT_TRUE(next.status.ok()) << next.status;
  EXPECT_EQ(a.Values(r).size(), 2u);
}

// A twin pushed while this tablet pulled: it took the twin's changes into the
// chain that it was writing, and wrote its next one over them.
TEST(ReplicaRegression, ATwinsChangesDoNotComeIntoTheChainThatGoesOn) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  RecordId r = a.Create(5, world.scope(), "common");
  ASSERT_TRUE(world.Sync(a).status.ok());
  MemoryDisk twin = a.disk.Clone();
  const Hash common = a.device->BeginSession()->heads[0].hash;
  ASSERT_TRUE(a.Set(r, "here").ok());
  auto config = a.device->BeginSession();  // closes a segment
  ASSERT_TRUE(config.ok());
  OutboxRead here =
      a.device->Read({config->heads[0].incarnation, 1, common, 1 << 20});
  ASSERT_EQ(here.segments.size(), 1u);
  a.Close();
  a.disk = std::move(twin);
  ASSERT_TRUE(a.Open().ok());
  b.Create(5, world.scope(), "to be pulled");
  ASSERT_TRUE(world.Sync(b).status.ok());
  LoopbackOptions race;
  race.on_request = [&](const v1::SyncRequest& message) {
    if (!message.has_pull()) return true;
    auto verified =
        VerifyPushed(*world.centre, a.device->id(), here.segments[0].wire);
    EXPECT_TRUE(verified.ok()) << verified.status();
    EXPECT_TRUE(world.centre->Commit({*std::move(verified)}).ok());
    return true;
  };
  EXPECT_EQ(ReasonOf(world.Sync(a, race).status), Reason::kDeviceRestored);
  ASSERT_TRUE(a.Set(r, "there").ok());
  world.Sync(a).status.IgnoreError();  // may find out only now
  LoopbackResult next = world.Sync(a);
  EXPECT_TRUE(next.status.ok()) << next.status;
  EXPECT_EQ(a.Values(r).size(), 2u);
  EXPECT_EQ(world.centre->Head().size, 4u);
}

}  // namespace
}  // namespace vouch
