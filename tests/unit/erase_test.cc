// Erasure: nothing opens the content again, everything else stays provable.
// And what tablets are told of a second store.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"
#include "tests/support/backup_disks.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RecordId Unknown() {
  RecordId id;
  id.data()[0] = 7;
  return id;
}

size_t PayloadKeys(const Reader& reader) {
  return CountRows(reader, Family::kKey, "P");
}

TEST(Erase, TakesEveryBodyOfTheRecordAndNoOther) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId gone = a.Create(5, world.scope(), "private");
  ASSERT_TRUE(a.Set(gone, "private too").ok());
  RecordId kept = a.Create(5, world.scope(), "kept");
  ASSERT_TRUE(world.Sync(a).status.ok());

  auto erased = world.centre->Erase(gone);
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_EQ(erased->changes, 2u);
  EXPECT_EQ(erased->scopes, 1u);
  EXPECT_TRUE(world.centre->IsErased(world.scope(), gone));
  EXPECT_FALSE(world.centre->IsErased(world.scope(), kept));
  EXPECT_EQ(PayloadKeys(*world.store), 1u);
  EXPECT_EQ(CountRows(*world.store, Family::kPayload), 1u);

  // A tablet that never saw it gets the other one's content alone, and proves
  // the whole log all the same.
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  LoopbackResult synced = world.Sync(b);
  ASSERT_TRUE(synced.status.ok()) << synced.status;
  EXPECT_THAT(b.Values(kept), ElementsAre("kept"));
  EXPECT_THAT(b.Values(gone), ElementsAre(""));
  EXPECT_EQ(b.device->cursor_root(), world.centre->Head().root);
  // Erasure moves no state: all three still agree.
  EXPECT_EQ(*a.device->ScopeStates(), *b.device->ScopeStates());
  EXPECT_EQ(*b.device->ScopeStates(),
            *world.centre->changes().ScopeStates(*world.store));
}

TEST(Erase, ABodyPushedLaterIsNotKeptAndItsChainGoesOn) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "private");
  ASSERT_TRUE(world.Sync(a).status.ok());
  ASSERT_TRUE(a.Set(r, "written offline").ok());
  RecordId other = a.Create(5, world.scope(), "other work");
  ASSERT_TRUE(world.centre->Erase(r).ok());

  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_EQ(a.device->Ledger()->pending, 0u);
  EXPECT_EQ(world.centre->Head().size, 3u);
  EXPECT_EQ(PayloadKeys(*world.store), 1u);
  EXPECT_EQ(CountRows(*world.store, Family::kPayload), 1u);
  while (!world.centre->materialised()) {
    ASSERT_TRUE(world.centre->Materialise(kMaterialiseEntriesMax).ok());
  }
  RecordView view = *world.centre->FindRecord(r);
  EXPECT_EQ(view.change_count, 2u);
  ASSERT_EQ(view.fields.size(), 1u);
  EXPECT_THAT(view.fields[0].heads[0].value, IsEmpty());
  EXPECT_TRUE(world.centre->FindRecord(other).ok());
}

// The erasure falls between the greeting, which would have told the tablet, and
// its push.
TEST(Erase, ABodyThatWasOnItsWayIsNotKept) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "private");
  ASSERT_TRUE(world.Sync(a).status.ok());
  ASSERT_TRUE(a.Set(r, "written offline").ok());
  LoopbackOptions options;
  options.on_response = [&](const v1::SyncResponse& m) {
    if (m.has_welcome()) {
      EXPECT_TRUE(world.centre->Erase(r).ok());
    }
    return true;
  };
  ASSERT_TRUE(world.Sync(a, options).status.ok());
  EXPECT_EQ(world.centre->Head().size, 2u);
  EXPECT_EQ(a.device->Ledger()->pending, 0u);
  EXPECT_EQ(PayloadKeys(*world.store), 0u);
  EXPECT_EQ(CountRows(*world.store, Family::kPayload), 0u);
}

TEST(Erase, TabletsThatHoldItEraseItWithTheirNextSync) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  RecordId gone = a.Create(5, world.scope(), "private");
  RecordId kept = a.Create(5, world.scope(), "kept");
  ASSERT_TRUE(world.Sync(a).status.ok());
  ASSERT_TRUE(world.Sync(b).status.ok());
  ASSERT_TRUE(world.centre->Erase(gone).ok());
  for (Tablet* tablet : {&a, &b}) {
    ASSERT_EQ(PayloadKeys(*tablet->store), 2u);
    ASSERT_TRUE(world.Sync(*tablet).status.ok());
    EXPECT_EQ(PayloadKeys(*tablet->store), 1u) << tablet->name;
    EXPECT_EQ(CountRows(*tablet->store, Family::kPayload), 1u);
    EXPECT_THAT(tablet->Values(gone), ElementsAre(""));
    EXPECT_THAT(tablet->Values(kept), ElementsAre("kept"));
    EXPECT_EQ(*tablet->device->ScopeStates(),
              *world.centre->changes().ScopeStates(*world.store));
    EXPECT_TRUE(tablet->device->Ledger()->balanced());
  }
  // Told once, not with every session; nothing changed stays one round trip.
  LoopbackResult idle = world.Sync(a);
  EXPECT_LE(idle.report.bytes_sent + idle.report.bytes_received, 600u);
}

TEST(Erase, AConflictAboutErasedValuesNeedsNobodyAnyMore) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  RecordId r = a.Create(5, world.scope(), "base");
  for (Tablet* t : {&a, &b}) ASSERT_TRUE(world.Sync(*t).status.ok());
  ASSERT_TRUE(a.Set(r, "one").ok());
  ASSERT_TRUE(b.Set(r, "two").ok());
  for (Tablet* t : {&a, &b}) ASSERT_TRUE(world.Sync(*t).status.ok());
  while (!world.centre->materialised()) {
    ASSERT_TRUE(world.centre->Materialise(kMaterialiseEntriesMax).ok());
  }
  ASSERT_EQ(CountRows(*world.store, Family::kConflict), 1u);
  ASSERT_TRUE(world.centre->Erase(r).ok());
  EXPECT_EQ(CountRows(*world.store, Family::kConflict), 0u);
}

TEST(Erase, TwiceIsOnceAndAnUnknownRecordIsNotFound) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "private");
  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_EQ(ReasonOf(world.centre->Erase(Unknown()).status()),
            Reason::kNotFound);
  ASSERT_TRUE(world.centre->Erase(r).ok());
  auto again = world.centre->Erase(r);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->registered_before);
  EXPECT_EQ(again->changes, 0u);
  EXPECT_EQ(world.centre->Erasures(0).size(), 1u);
}

TEST(Erase, TheRegisterListsWhatASessionHasNotHeardOf) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId first = a.Create(5, world.scope(), "x");
  RecordId second = a.Create(5, world.scope(), "y");
  ASSERT_TRUE(world.Sync(a).status.ok());
  ASSERT_TRUE(world.centre->Erase(first).ok());
  ASSERT_TRUE(world.centre->Erase(second).ok());
  world.CloseCentre();
  ASSERT_TRUE(world.OpenCentre().ok());
  auto all = world.centre->Erasures(0);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].record, first);
  auto rest = world.centre->Erasures(1);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].record, second);
  EXPECT_EQ(rest[0].seq, 1u);
  EXPECT_EQ(rest[0].scope, world.scope());
  EXPECT_TRUE(world.centre->Erasures(2).empty());
}

// The power fails at every write of an erasure, on either store.
TEST(Erase, CutOffAnywhereItIsDoneOrCanBeDoneAgain) {
  for (int on_authority = 0; on_authority < 2; ++on_authority) {
    bool reached = true;
    for (int n = 0; reached; ++n) {
      ReplicaWorld world(static_cast<uint64_t>(n) + 1);
      world.CloseCentre();
      world.keep_authority = true;
      ASSERT_TRUE(world.OpenCentre().ok());
      Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
      RecordId r = a.Create(5, world.scope(), "private");
      ASSERT_TRUE(world.Sync(a).status.ok());
      while (!world.centre->materialised()) {
        ASSERT_TRUE(world.centre->Materialise(kMaterialiseEntriesMax).ok());
      }
      MemoryDisk& disk =
          on_authority != 0 ? world.authority_disk : world.centre_disk;
      int left = n;
      reached = false;
      disk.SetWriteHook([&](MemoryDisk::Stage, const WriteBatch&) {
        if (left-- > 0 || reached) return absl::OkStatus();
        reached = true;
        disk.Crash(world.random);
        return absl::OkStatus();
      });
      const bool told = world.centre->Erase(r).ok();
      EXPECT_NE(told, reached);
      disk.SetWriteHook(nullptr);
      world.CloseCentre();
      ASSERT_TRUE(world.OpenCentre().ok());
      // Registered means carried out, however far it had come.
      if (told || world.centre->IsErased(world.scope(), r)) {
        EXPECT_EQ(PayloadKeys(*world.store), 0u) << n;
      }
      ASSERT_TRUE(world.centre->Erase(r).ok());
      EXPECT_EQ(PayloadKeys(*world.store), 0u);
      EXPECT_EQ(world.centre->Erasures(0).size(), 1u);
    }
  }
}

// The three states of safety, as a tablet knows them, and what a restore to
// before the backup takes back.
TEST(BackupSafety, TabletsCallWhatASecondStoreHoldsSafeAndOnlyThat) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  MemoryDisk before = world.centre_disk.Clone();
  RecordId r = a.Create(5, world.scope(), "evidence");
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kOnThisTablet);
  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
  EXPECT_FALSE(a.device->stable_head().has_value());
  BackupDisks backup;
  ASSERT_TRUE(BackUpTo(&backup, world).ok());
  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kSafe);
  RecordId later = a.Create(5, world.scope(), "later");
  ASSERT_TRUE(world.Sync(a).status.ok());
  EXPECT_EQ(*a.device->SafetyOf(later), Safety::kAtTheCentre);
  a.Close();
  ASSERT_TRUE(a.Open().ok());
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kSafe);

  world.CloseCentre();
  world.centre_disk = std::move(before);
  ASSERT_TRUE(world.OpenCentre().ok());
  LoopbackResult result = world.Sync(a);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.report.no_longer_stable, 1u);
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
  EXPECT_FALSE(a.device->stable_head().has_value());
}

TEST(BackupSafety, OnlyTheCentresOwnWordMakesAnythingSafe) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world.scope(), "evidence");
  ASSERT_TRUE(world.Sync(a).status.ok());
  BackupDisks backup;
  ASSERT_TRUE(BackUpTo(&backup, world).ok());
  auto head = world.centre->StableHead();
  ASSERT_TRUE(head.has_value());
  TreeHead forged = *head;
  SeededRandom random(7);
  forged.signature = random.Make<Signature>();
  EXPECT_EQ(ReasonOf(a.device->Keep({EncodeTreeHead(forged), {}}).status),
            Reason::kProofInvalid);
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
  // Nor does a tree head that speaks of the log alone.
  EXPECT_EQ(
      ReasonOf(
          a.device->Keep({EncodeTreeHead(world.centre->Head()), {}}).status),
      Reason::kProofInvalid);
  EXPECT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
}

}  // namespace
}  // namespace vouch
