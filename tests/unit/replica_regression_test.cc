// Bugs that the simulator found, each as the shortest way to it. Most come from
// a write that failed with an outcome nobody knows.
#include "gtest/gtest.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/support/replica_world.h"

namespace vouch {
namespace {

using Stage = MemoryDisk::Stage;

// The next write of that family to reach that stage gets an I/O error there.
void FailOnce(MemoryDisk& disk, Stage stage, Family family) {
  auto failed = std::make_shared<bool>(false);
  disk.SetWriteHook([=](Stage at, const WriteBatch& batch) {
    bool holds = false;
    for (const WriteBatch::Entry& entry : batch.entries()) {
      holds |= entry.family == family;
    }
    if (at != stage || !holds || *failed) return absl::OkStatus();
    *failed = true;
    return Error(Reason::kStoreIo, "the disk failed once");
  });
}

// Commits what the tablet has not sent yet, and works out no views.
std::vector<Centre::CommitResult> Push(ReplicaWorld& world, Tablet& tablet,
                                       uint64_t after_seq, Hash* head) {
  std::vector<Centre::CommitResult> out;
  auto config = tablet.device->BeginSession();
  EXPECT_TRUE(config.ok()) << config.status();
  OutboxRead outbox = tablet.device->Read(
      {config->heads[0].incarnation, after_seq, *head, kPushBytesMax});
  EXPECT_TRUE(outbox.status.ok()) << outbox.status;
  if (!outbox.segments.empty()) *head = outbox.segments.back().head;
  for (const OutboxSegment& segment : outbox.segments) {
    auto verified =
        VerifyPushed(*world.centre, tablet.device->id(), segment.wire);
    EXPECT_TRUE(verified.ok()) << verified.status();
    auto results = world.centre->Commit({*std::move(verified)});
    if (!results.ok()) {
      out.push_back({results.status()});
    } else {
      out.push_back((*results)[0]);
    }
  }
  return out;
}

// The centre took a batch that it could not sync for stored, and told so.
TEST(ReplicaRegression, NothingIsCalledStoredThatACrashOfTheCentreCanTake) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "kept");
  FailOnce(world.centre_disk, Stage::kBeforeSync, Family::kLog);
  EXPECT_FALSE(world.Sync(a).status.ok());
  ASSERT_TRUE(world.Sync(a).status.ok());
  ASSERT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
  for (uint64_t crash = 1; crash <= 32; ++crash) {
    MemoryDisk after = world.centre_disk.Clone();
    SeededRandom random(crash);
    after.Crash(random);
    auto store = OpenMemoryStore(&after);
    ASSERT_TRUE(store.ok());
    ChangeStore changes(store->get(), nullptr);
    EXPECT_EQ(*changes.LogSize(**store), 1u) << "crash " << crash;
  }
}

// The centre ended the process when the disk could not be read either.
TEST(ReplicaRegression, ADiskThatDiesDuringACommitIsAnErrorAndNoMore) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  a.Create(5, world.scope(), "x");
  ASSERT_TRUE(world.Sync(a).status.ok());
  a.Create(5, world.scope(), "y");
  world.centre_disk.SetWriteHook([&](Stage, const WriteBatch&) {
    world.centre_disk.Crash(world.random);
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(world.Sync(a).status), Reason::kStoreIo);
  world.centre_disk.SetWriteHook(nullptr);
  world.CloseCentre();
  ASSERT_TRUE(world.OpenCentre().ok());
  EXPECT_TRUE(world.Sync(a).status.ok());
}

// The centre forgot the seals whose views it had not worked out yet.
TEST(ReplicaRegression, AFailedCommitDoesNotMakeTheCentreForgetASeal) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Hash head;
  RecordId r = a.Create(5, world.scope(), "seen");
  ASSERT_TRUE(a.Act(r, MergeClass::kSeal).ok());
  ASSERT_TRUE(Push(world, a, 0, &head)[0].status.ok());
  ASSERT_TRUE(a.Set(r, "after").ok());
  FailOnce(world.centre_disk, Stage::kBeforeWrite, Family::kLog);
  Hash again = head;
  ASSERT_FALSE(Push(world, a, 2, &head)[0].status.ok());
  auto results = Push(world, a, 2, &again);
  ASSERT_TRUE(results[0].status.ok());
  EXPECT_EQ(results[0].commit.dispositions[0].reason, Reason::kRecordSealed);
}

// The centre's own chain went on from before the write that was there after
// all, and so forked from itself.
TEST(ReplicaRegression, TheCentreWritesOnAfterAWriteOfUnknownOutcome) {
  ReplicaWorld world;
  NewChange draft;
  draft.kind = 1;
  draft.scope = MakeScope(ScopeKind::kAuthority, world.centre->id());
  draft.operations.resize(1);
  draft.operations[0].merge_class = MergeClass::kCreate;
  draft.record = world.random.Make<RecordId>();
  FailOnce(world.centre_disk, Stage::kAfterWrite, Family::kLog);
  EXPECT_FALSE(world.centre->Write(draft).ok());
  draft.record = world.random.Make<RecordId>();
  absl::Status written = world.centre->Write(draft);
  EXPECT_TRUE(written.ok()) << written;
}

// While a write was in doubt every session was turned away, and only a commit
// looked what was on the disk: the centre stayed shut until a restart.
TEST(ReplicaRegression, TheCentreLetsTabletsInAgainOnceItsDiskIsWell) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "kept");
  auto answered = [&] {
    return world.centre->Answer(a.device->id(), v1::Hello()).status;
  };
  world.centre_disk.SetWriteHook([](Stage stage, const WriteBatch&) {
    return stage == Stage::kBeforeSync
               ? Error(Reason::kStoreIo, "the disk takes no sync")
               : absl::OkStatus();
  });
  Hash head;
  EXPECT_EQ(ReasonOf(Push(world, a, 0, &head)[0].status), Reason::kStoreIo);
  // What lies on the disk is not known, so nobody is told anything, and the
  // committer is not done.
  EXPECT_EQ(ReasonOf(answered()), Reason::kStoreIo);
  EXPECT_FALSE(world.centre->materialised());
  EXPECT_EQ(ReasonOf(world.centre->Materialise(kMaterialiseEntriesMax)),
            Reason::kStoreIo);
  world.centre_disk.SetWriteHook(nullptr);
  // No session is let in, so no commit comes: working on the views settles it.
  EXPECT_EQ(ReasonOf(answered()), Reason::kStoreIo);
  ASSERT_TRUE(world.centre->Materialise(kMaterialiseEntriesMax).ok());
  EXPECT_TRUE(world.centre->materialised());
  EXPECT_EQ(world.centre_disk.unsynced_batches(), 1u) << "the views alone";
  ASSERT_TRUE(answered().ok());
  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
  EXPECT_EQ(world.centre->Head().size, 1u) << "sent twice, stored once";
}

// A tablet that could not tell whether a pull was written refused every
// further one, until it was restarted.
TEST(ReplicaRegression, APullOfUnknownOutcomeIsFollowedByAnother) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  RecordId r = a.Create(5, world.scope(), "x");
  ASSERT_TRUE(world.Sync(a).status.ok());
  FailOnce(b.disk, Stage::kAfterWrite, Family::kLog);
  EXPECT_EQ(ReasonOf(world.Sync(b).status), Reason::kStoreIo);
  ASSERT_TRUE(a.Set(r, "y").ok());
  ASSERT_TRUE(world.Sync(a).status.ok());
  LoopbackResult next = world.Sync(b);
  EXPECT_TRUE(next.status.ok()) << next.status;
  EXPECT_EQ(b.Values(r), std::vector<std::string>{"y"});
}

// Rule 19: a tablet sent segments that lay in a buffer only.
TEST(ReplicaRegression, NothingLeavesATabletBeforeItIsOnItsDisk) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "x");
  FailOnce(a.disk, Stage::kBeforeSync, Family::kSegment);
  EXPECT_FALSE(a.device->BeginSession().ok());
  FailOnce(a.disk, Stage::kBeforeWrite, Family::kChain);
  EXPECT_FALSE(a.Set(r, "y").ok());
  LoopbackOptions watch;
  int pushes = 0;
  watch.on_request = [&](const v1::SyncRequest& message) {
    if (message.has_push()) {
      ++pushes;
      EXPECT_EQ(a.disk.unsynced_batches(), 0u);
    }
    return true;
  };
  ASSERT_TRUE(world.Sync(a, watch).status.ok());
  EXPECT_EQ(pushes, 1);
}

// What a failed save left on the disk is shown only once no crash can take it.
TEST(ReplicaRegression, WhatAFailedSaveLeftIsNotShownAndThenLost) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "saved");
  FailOnce(a.disk, Stage::kBeforeSync, Family::kChain);
  EXPECT_FALSE(a.Set(r, "failed").ok());
  const std::vector<std::string> shown = a.Values(r);
  for (uint64_t crash = 1; crash <= 32; ++crash) {
    MemoryDisk after = a.disk.Clone();
    SeededRandom random(crash);
    after.Crash(random);
    std::swap(a.disk, after);
    a.Close();
    ASSERT_TRUE(a.Open().ok());
    EXPECT_EQ(a.Values(r), shown) << "crash " << crash;
    a.Close();
    std::swap(a.disk, after);
    ASSERT_TRUE(a.Open().ok());
  }
}

// Found by the model checker: what was committed and not yet in the views was
// taken for lost, so that a twin sent it again, cut otherwise, was told of a
// fork each time, and opened one incarnation after the other.
TEST(ReplicaRegression, WhatIsNotInTheViewsYetIsNotTakenForLost) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "common");
  MemoryDisk twin = a.disk.Clone();
  ASSERT_TRUE(a.Set(r, "here").ok());
  Hash head;
  ASSERT_TRUE(Push(world, a, 0, &head)[0].status.ok());
  ASSERT_FALSE(world.centre->materialised());
  a.Close();
  a.disk = std::move(twin);
  ASSERT_TRUE(a.Open().ok());
  LoopbackResult sync = world.Sync(a);
  EXPECT_TRUE(sync.status.ok()) << sync.status;
  EXPECT_FALSE(a.device->recovery_due());
  EXPECT_EQ(world.centre->Head().size, 2u);
}

// A tablet that could not tell whether its new incarnation was written went on
// under the old one until it was restarted; what it wrote until then was in no
// segment and was never sent.
TEST(ReplicaRegression, ANewIncarnationOfUnknownOutcomeIsLookedUp) {
  for (Stage stage :
       {Stage::kBeforeWrite, Stage::kBeforeSync, Stage::kAfterWrite}) {
    ReplicaWorld world;
    Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
    RecordId r = a.Create(5, world.scope(), "x");
    ASSERT_TRUE(world.Sync(a).status.ok());
    MemoryDisk before = a.disk.Clone();
    ASSERT_TRUE(a.Set(r, "lost").ok());
    ASSERT_TRUE(world.Sync(a).status.ok());
    a.Close();
    a.disk = before.Clone();
    ASSERT_TRUE(a.Open().ok());
    FailOnce(a.disk, stage, Family::kMeta);
    EXPECT_EQ(ReasonOf(world.Sync(a).status), Reason::kStoreIo);
    ASSERT_TRUE(a.Set(r, "written then").ok());
    a.Close();
    ASSERT_TRUE(a.Open().ok());
    LoopbackResult sync = world.Sync(a);
    ASSERT_TRUE(sync.status.ok()) << sync.status;
    EXPECT_EQ(a.device->Ledger()->pending, 0u);
    EXPECT_EQ(world.centre->Head().size, 3u);
  }
}

}  // namespace
}  // namespace vouch
