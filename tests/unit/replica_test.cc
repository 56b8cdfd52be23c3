// Device, Centre and their sessions, end to end in memory.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/support/replica_world.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST(Replica, TwoTabletsAndTheCentreAgreeAfterSync) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  RecordId r = a.Create(5, world.scope(), "on the ward");
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kOnThisTablet);
  LoopbackResult first = world.Sync(a);
  ASSERT_TRUE(first.status.ok()) << first.status;
  EXPECT_EQ(first.report.changes_pushed, 1u);
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
  ASSERT_TRUE(world.Sync(b).status.ok());
  EXPECT_THAT(b.Values(r), ElementsAre("on the ward"));
  EXPECT_EQ(*a.device->ScopeStates(), *b.device->ScopeStates());
  EXPECT_EQ(*a.device->ScopeStates(),
            *world.centre->changes().ScopeStates(*world.store));
  EXPECT_EQ(a.device->cursor_root(), world.centre->Head().root);
}

TEST(Replica, ConcurrentEditsOfOneFieldBothStayVisibleUntilSettled) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  RecordId r = a.Create(5, world.scope(), "base");
  ASSERT_TRUE(world.Sync(a).status.ok());
  ASSERT_TRUE(world.Sync(b).status.ok());
  ASSERT_TRUE(a.Set(r, "from A").ok());
  ASSERT_TRUE(b.Set(r, "from B").ok());
  for (Tablet* t : {&a, &b, &a}) ASSERT_TRUE(world.Sync(*t).status.ok());
  EXPECT_THAT(a.Values(r), UnorderedElementsAre("from A", "from B"));
  EXPECT_EQ(a.Values(r), b.Values(r));
  EXPECT_EQ(a.device->Attention()->size(), 1u);
  ASSERT_TRUE(b.Set(r, "settled").ok());
  for (Tablet* t : {&b, &a}) ASSERT_TRUE(world.Sync(*t).status.ok());
  EXPECT_THAT(a.Values(r), ElementsAre("settled"));
  EXPECT_TRUE(a.device->Attention()->empty());
}

TEST(Replica, NothingChangedTakesOneRoundTripOfFewBytes) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  for (int i = 0; i < 300; ++i) a.Create(5, world.scope(), "x");
  ASSERT_TRUE(world.Sync(a).status.ok());
  int requests = 0, responses = 0;
  LoopbackOptions count;
  count.on_request = [&](const v1::SyncRequest&) { return ++requests > 0; };
  count.on_response = [&](const v1::SyncResponse&) { return ++responses > 0; };
  LoopbackResult idle = world.Sync(a, count);
  ASSERT_TRUE(idle.status.ok());
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(responses, 1);
  EXPECT_LE(idle.report.bytes_sent + idle.report.bytes_received, 600u);
}

TEST(Replica, ALostAcknowledgementMakesNoSecondChange) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "once");
  LoopbackOptions cut;
  cut.on_response = [](const v1::SyncResponse& m) { return !m.has_ack(); };
  EXPECT_EQ(ReasonOf(world.Sync(a, cut).status), Reason::kUnreachable);
  EXPECT_EQ(a.device->Ledger()->pending, 1u);
  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_EQ(world.centre->Head().size, 1u);
  EXPECT_EQ(a.device->Ledger()->stored, 1u);
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
}

TEST(Replica, AHeldChangeIsKeptShownAndStopsNothing) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "good");
  ASSERT_TRUE(a.Set(r, "HOLD this").ok());
  RecordId other = a.Create(5, world.scope(), "later work");
  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_THAT(a.Values(r), ElementsAre("good"));
  EXPECT_THAT(a.Values(other), ElementsAre("later work"));
  RecordView view = *a.device->View(r);
  ASSERT_EQ(view.held.size(), 1u);
  EXPECT_EQ(view.held[0].reason, Reason::kRoleNotAllowed);
  DeviceLedger ledger = *a.device->Ledger();
  EXPECT_EQ(ledger.held, 1u);
  EXPECT_EQ(ledger.stored, 2u);
  EXPECT_TRUE(ledger.balanced());
}

TEST(Replica, AnEditAfterTheSealIsHeldAndOneApartFromItIsLate) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  RecordId r = a.Create(5, world.scope(), "seen");
  ASSERT_TRUE(world.Sync(a).status.ok());
  ASSERT_TRUE(world.Sync(b).status.ok());
  ASSERT_TRUE(a.Act(r, MergeClass::kSeal).ok());
  ASSERT_TRUE(b.Set(r, "apart").ok());
  for (Tablet* t : {&a, &b, &a}) ASSERT_TRUE(world.Sync(*t).status.ok());
  ASSERT_TRUE(b.Set(r, "after").ok());
  for (Tablet* t : {&b, &a}) ASSERT_TRUE(world.Sync(*t).status.ok());
  RecordView view = *a.device->View(r);
  EXPECT_EQ(view.state, RecordState::kSealed);
  EXPECT_EQ(view.late_amendments.size(), 1u);
  ASSERT_EQ(view.held.size(), 1u);
  EXPECT_EQ(view.held[0].reason, Reason::kRecordSealed);
  EXPECT_THAT(a.Values(r), ElementsAre("seen"));
}

TEST(Replica, AHeldSealBindsNobodyWhoSawIt) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  RecordId r = a.Create(5, world.scope(), "seen");
  ASSERT_TRUE(world.Sync(a).status.ok());
  ASSERT_TRUE(world.Sync(b).status.ok());
  world.permissive.hold_class = MergeClass::kSeal;
  ASSERT_TRUE(a.Act(r, MergeClass::kSeal).ok());
  for (Tablet* t : {&a, &b}) ASSERT_TRUE(world.Sync(*t).status.ok());
  ASSERT_TRUE(b.Set(r, "honest work").ok());
  for (Tablet* t : {&b, &a}) ASSERT_TRUE(world.Sync(*t).status.ok());
  EXPECT_THAT(a.Values(r), ElementsAre("honest work"));
  EXPECT_EQ(a.device->View(r)->held.size(), 1u);
}

TEST(Replica, EverythingIsThereAfterCrashesOfBothSides) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "kept");
  a.Close();
  a.disk.Crash(*a.random);
  ASSERT_TRUE(a.Open().ok());
  EXPECT_THAT(a.Values(r), ElementsAre("kept"));
  ASSERT_TRUE(world.Sync(a).status.ok());
  world.CloseCentre();
  world.centre_disk.Crash(world.random);
  ASSERT_TRUE(world.OpenCentre().ok());
  EXPECT_EQ(world.centre->Head().size, 1u);
  ASSERT_TRUE(a.Set(r, "and on").ok());
  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_EQ(*a.device->ScopeStates(),
            *world.centre->changes().ScopeStates(*world.store));
}

TEST(Replica, ATabletWithoutAScopeStillProvesTheWholeLog) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_CANDIDATE, "B");
  ScopeId staff = MakeScope(ScopeKind::kStaff, RegistrationOf(world.scope()));
  for (int i = 0; i < 40; ++i) {
    a.Create(5, i % 3 == 0 ? world.scope() : staff, "x");
  }
  ASSERT_TRUE(world.Sync(a).status.ok());
  LoopbackOptions shared_only;
  shared_only.visible = [](const ScopeId& scope) {
    return ScopeKindOf(scope) == ScopeKind::kShared;
  };
  ASSERT_TRUE(world.Sync(b, shared_only).status.ok());
  EXPECT_EQ(b.device->cursor_root(), world.centre->Head().root);
  EXPECT_EQ(b.device->Ledger()->pulled, 14u);
}

}  // namespace
}  // namespace vouch
