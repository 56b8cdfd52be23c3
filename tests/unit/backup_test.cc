// Backup, its proof, and a centre restored from it, over stores in memory.
#include "storage/replica/backup.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/replica/backup_copy.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"
#include "tests/support/backup_disks.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;

class BackupTest : public testing::Test {
 protected:
  BackupTest() : a_(world_.AddTablet(v1::ROLE_ASSESSOR, "A")) {
    world_.CloseCentre();
    world_.keep_authority = true;
    VOUCH_CHECK(world_.OpenCentre().ok());
  }

  RecordId Capture(std::string value) {
    RecordId r = a_.Create(5, world_.scope(), std::move(value));
    absl::Status synced = world_.Sync(a_).status;
    EXPECT_TRUE(synced.ok()) << synced;
    return r;
  }
  // Bytes that no payload encoding makes smaller.
  std::string Noise(size_t size) {
    std::string noise(size, '\0');
    world_.random.Fill(reinterpret_cast<uint8_t*>(noise.data()), size);
    return noise;
  }
  void MustBackUp() {
    auto report = BackUpTo(&backup_, world_);
    ASSERT_TRUE(report.ok()) << report.status();
    report_ = *report;
  }
  Reason VerifyReason() {
    return ReasonOf(VerifyDisks(&backup_, world_).status());
  }
  // Rewrites a stored value of the backup, as a fault that no checksum of the
  // engine sees.
  void Alter(MemoryDisk* disk, Family family,
             const std::function<void(std::string*)>& edit) {
    auto store = OpenMemoryStore(disk);
    ASSERT_TRUE(store.ok());
    WriteBatch batch;
    ASSERT_TRUE((*store)
                    ->Scan(family, "", "",
                           [&](absl::string_view key, absl::string_view value) {
                             std::string changed(value);
                             edit(&changed);
                             batch.Put(family, key, changed);
                             return false;
                           })
                    .ok());
    ASSERT_TRUE((*store)->Write(std::move(batch), Durability::kSynced).ok());
  }

  ReplicaWorld world_;
  Tablet& a_;
  BackupDisks backup_;
  BackupReport report_;
};

TEST_F(BackupTest, ARestoredCentreHoldsAllOfItAndTheTabletSyncsOn) {
  RecordId r = Capture("kept");
  ASSERT_TRUE(a_.Set(r, "edited").ok());
  ASSERT_TRUE(world_.Sync(a_).status.ok());
  MustBackUp();
  EXPECT_EQ(report_.manifest.head.size, 2u);
  EXPECT_EQ(report_.copied.changes, 2u);
  const TreeHead before = world_.centre->Head();
  const auto states = *world_.centre->changes().ScopeStates(*world_.store);
  const RecordId id = world_.centre->id();
  const PublicKey key = world_.centre->key();
  const HistoryId history = world_.centre->history();

  auto restored = RestoreFrom(&backup_, /*live_authority=*/false, &world_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(world_.centre->id(), id);
  EXPECT_EQ(world_.centre->key(), key);
  EXPECT_EQ(world_.centre->name(), "test centre");
  EXPECT_NE(world_.centre->history(), history);
  EXPECT_EQ(world_.centre->history(), restored->history);
  EXPECT_EQ(world_.centre->Head().size, before.size);
  EXPECT_EQ(world_.centre->Head().root, before.root);
  EXPECT_EQ(*world_.centre->changes().ScopeStates(*world_.store), states);
  ASSERT_EQ(restored->files.size(), 1u);
  EXPECT_EQ(restored->files[0].name, "tls/ca.key");
  EXPECT_EQ(restored->files[0].bytes, "a private key");

  ASSERT_TRUE(a_.Set(r, "after the restore").ok());
  LoopbackResult on = world_.Sync(a_);
  ASSERT_TRUE(on.status.ok()) << on.status;
  Tablet& b = world_.AddTablet(v1::ROLE_ASSESSOR, "B");
  ASSERT_TRUE(world_.Sync(b).status.ok());
  EXPECT_THAT(b.Values(r), ElementsAre("after the restore"));
}

TEST_F(BackupTest, TheSecondRunCopiesOnlyWhatIsNew) {
  for (int i = 0; i < 40; ++i) a_.Create(5, world_.scope(), "old");
  Capture("old too");
  MustBackUp();
  EXPECT_EQ(report_.copied.changes, 41u);
  Capture("new");
  MustBackUp();
  EXPECT_EQ(report_.from_size, 41u);
  EXPECT_EQ(report_.copied.changes, 1u);
  EXPECT_EQ(report_.keys.put, 1u);
  MustBackUp();
  EXPECT_EQ(report_.copied.changes, 0u);
  EXPECT_EQ(report_.copied.bytes, 0u);
  EXPECT_EQ(report_.keys.put, 0u);
  EXPECT_TRUE(VerifyDisks(&backup_, world_).ok());
}

TEST_F(BackupTest, AnEmptyCentreCanBeBackedUpAndRestored) {
  MustBackUp();
  auto restored = RestoreFrom(&backup_, /*live_authority=*/false, &world_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_TRUE(world_.centre->FindMember(a_.device->id())->has_value());
  Capture("first");
}

TEST(Backup, ACentreWithoutAnAuthorityStoreIsBackedUpWithItsMembers) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  a.Create(5, world.scope(), "one");
  ASSERT_TRUE(world.Sync(a).status.ok());
  BackupDisks backup;
  ASSERT_TRUE(BackUpTo(&backup, world).ok());
  auto restored = RestoreFrom(&backup, /*live_authority=*/false, &world);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_TRUE(world.centre->FindMember(a.device->id())->has_value());
  EXPECT_TRUE(world.Sync(a).status.ok());
}

TEST_F(BackupTest, TheLogGenerationsHoldNoKeyAndNoGrant) {
  Capture("sealed");
  MustBackUp();
  BackupStores stores = *BackupStores::Open(&backup_);
  EXPECT_EQ(CountRows(*stores.log, Family::kPayload), 1u);
  for (Family family :
       {Family::kKey, Family::kGrant, Family::kByHash, Family::kRecordChange,
        Family::kRecordState, Family::kConflict, Family::kDependent}) {
    EXPECT_EQ(CountRows(*stores.log, family), 0u) << FamilyName(family);
  }
  EXPECT_EQ(CountRows(*stores.authority, Family::kKey), 1u);
}

// The power fails, or the disk fills up, at every write of a second run.
TEST_F(BackupTest, CutOffAnywhereTheOldOneStandsAndTheNextRunGoesOn) {
  Capture("old");
  MustBackUp();
  for (int i = 0; i < 12; ++i) Capture(Noise(400'000));
  const BackupDisks old = backup_.Clone();
  for (size_t disk = 0; disk < 3; ++disk) {
    for (bool full : {false, true}) {
      bool reached = true;
      for (int n = 0; reached; ++n) {
        backup_ = old.Clone();
        int left = n;
        reached = false;
        MemoryDisk* const failing = backup_.all()[disk];
        failing->SetWriteHook([&](MemoryDisk::Stage, const WriteBatch&) {
          if (left-- > 0 || reached) return absl::OkStatus();
          reached = true;
          if (full) return Error(Reason::kStoreFull, "the disk is full");
          failing->Crash(world_.random);
          return absl::OkStatus();
        });
        auto cut = BackUpTo(&backup_, world_);
        failing->SetWriteHook(nullptr);
        EXPECT_EQ(cut.ok(), !reached);
        if (reached) {
          auto still = VerifyDisks(&backup_, world_);
          ASSERT_TRUE(still.ok()) << still.status() << " after write " << n;
          EXPECT_GE(still->head.size, 1u);
        }
        auto next = BackUpTo(&backup_, world_);
        ASSERT_TRUE(next.ok()) << next.status() << " after write " << n;
        EXPECT_EQ(next->manifest.head.size, 13u);
        ASSERT_TRUE(VerifyDisks(&backup_, world_).ok());
      }
    }
  }
}

TEST_F(BackupTest, ARunThatWasCutOffIsNotCopiedAgain) {
  for (int i = 0; i < 20; ++i) Capture(Noise(500'000));
  int batches = 1;
  backup_.log.SetWriteHook([&](MemoryDisk::Stage stage, const WriteBatch& b) {
    const bool before = stage == MemoryDisk::Stage::kBeforeWrite;
    if (!before || b.size_bytes() < kCopyBatchBytesMax || batches-- > 0) {
      return absl::OkStatus();
    }
    return Error(Reason::kStoreFull, "the disk is full");
  });
  EXPECT_EQ(ReasonOf(BackUpTo(&backup_, world_).status()), Reason::kStoreFull);
  backup_.log.SetWriteHook(nullptr);
  EXPECT_EQ(VerifyReason(), Reason::kNotFound);
  MustBackUp();
  EXPECT_EQ(report_.from_size, 0u);
  // One batch of nine was there already.
  EXPECT_EQ(report_.copied.changes, 11u);
  EXPECT_TRUE(VerifyDisks(&backup_, world_).ok());
}

TEST_F(BackupTest, AFlippedBitIsFoundInEveryFamily) {
  Capture("one");
  MustBackUp();
  const BackupDisks good = backup_.Clone();
  for (Family family : {Family::kChain, Family::kPayload, Family::kSegment,
                        Family::kLog, Family::kByScope}) {
    backup_ = good.Clone();
    std::string first;
    {
      BackupStores stores = *BackupStores::Open(&backup_);
      ASSERT_TRUE(stores.log
                      ->Scan(family, "", "",
                             [&](absl::string_view key, absl::string_view) {
                               first = std::string(key);
                               return false;
                             })
                      .ok());
    }
    ASSERT_TRUE(backup_.log.CorruptValue(family, first));
    EXPECT_EQ(VerifyReason(), Reason::kStoreCorrupted) << FamilyName(family);
    EXPECT_FALSE(RestoreFrom(&backup_, false, &world_).ok());
    ASSERT_TRUE(world_.OpenCentre().ok());
  }
}

// Damage that the engine's checksums do not see: every byte counts.
TEST_F(BackupTest, AnAlteredValueIsFoundWhereverItIs) {
  Capture("one");
  MustBackUp();
  const BackupDisks good = backup_.Clone();
  for (Family family : {Family::kChain, Family::kPayload, Family::kSegment,
                        Family::kLog, Family::kByScope}) {
    size_t size = 1;
    for (size_t at = 0; at < size; ++at) {
      backup_ = good.Clone();
      Alter(&backup_.log, family, [&](std::string* value) {
        size = value->size();
        (*value)[at] = static_cast<char>((*value)[at] ^ 1);
      });
      EXPECT_FALSE(VerifyDisks(&backup_, world_).ok())
          << FamilyName(family) << " byte " << at;
    }
  }
}

TEST_F(BackupTest, AMissingBodyIsFoundWithoutTheMasterKey) {
  Capture("one");
  MustBackUp();
  {
    BackupStores stores = *BackupStores::Open(&backup_);
    WriteBatch batch;
    batch.DeleteRange(Family::kPayload, "", "");
    ASSERT_TRUE(stores.log->Write(std::move(batch), Durability::kSynced).ok());
    EXPECT_EQ(ReasonOf(VerifyBackup(stores.reader(), {}).status()),
              Reason::kStoreCorrupted);
  }
}

TEST_F(BackupTest, WhatTheCentreLostInTheLogIsNeverTakenFromTheBackup) {
  MemoryDisk early = world_.centre_disk.Clone();
  Capture("one");
  Capture("two");
  MustBackUp();
  const Hash root = report_.manifest.head.root;
  // The centre is set back and goes another way.
  world_.CloseCentre();
  world_.centre_disk = std::move(early);
  world_.authority_disk = MemoryDisk();
  ASSERT_TRUE(world_.OpenCentre().ok());
  EXPECT_EQ(ReasonOf(BackUpTo(&backup_, world_).status()),
            Reason::kHistoryDiverged);
  Tablet& b = world_.AddTablet(v1::ROLE_ASSESSOR, "B");
  for (int i = 0; i < 3; ++i) {
    b.Create(5, world_.scope(), "other");
    ASSERT_TRUE(world_.Sync(b).status.ok());
  }
  EXPECT_EQ(ReasonOf(BackUpTo(&backup_, world_).status()),
            Reason::kHistoryDiverged);
  auto still = VerifyDisks(&backup_, world_);
  ASSERT_TRUE(still.ok()) << still.status();
  EXPECT_EQ(still->head.root, root);
}

TEST_F(BackupTest, AnotherCentresBackupIsLeftAlone) {
  Capture("one");
  MustBackUp();
  ReplicaWorld other(7);
  EXPECT_EQ(ReasonOf(BackUpTo(&backup_, other).status()),
            Reason::kAlreadyExists);
  EXPECT_TRUE(VerifyDisks(&backup_, world_).ok());
}

TEST_F(BackupTest, AnErasedKeyLeavesWithTheNextBackup) {
  RecordId r = Capture("private");
  Capture("kept");
  MustBackUp();
  ASSERT_TRUE(world_.centre->Erase(r).ok());
  MustBackUp();
  EXPECT_EQ(report_.keys.deleted, 1u);
  BackupStores stores = *BackupStores::Open(&backup_);
  EXPECT_EQ(CountRows(*stores.keys, Family::kKey, "P"), 1u);
}

TEST_F(BackupTest, ARestoreFromBeforeAnErasureErasesAgain) {
  RecordId r = Capture("private");
  MustBackUp();
  ASSERT_TRUE(world_.centre->Erase(r).ok());
  auto restored = RestoreFrom(&backup_, /*live_authority=*/true, &world_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_TRUE(world_.centre->IsErased(world_.scope(), r));
  EXPECT_EQ(CountRows(*world_.store, Family::kKey, "P"), 0u);
  EXPECT_EQ(CountRows(*world_.store, Family::kPayload), 0u);
}

TEST_F(BackupTest, TheSurvivingAuthorityKnowsWhatHappenedSinceTheBackup) {
  MustBackUp();
  auto code =
      world_.centre->CreateCode(v1::ROLE_ASSESSOR, "N", 0, std::nullopt);
  ASSERT_TRUE(code.ok());
  const SigningKey device = SigningKey::Generate(world_.random);
  auto member = world_.centre->Enrol(code->code, device.public_key(),
                                     device.public_key());
  ASSERT_TRUE(member.ok());
  ASSERT_TRUE(RestoreFrom(&backup_, /*live_authority=*/true, &world_).ok());
  EXPECT_TRUE(world_.centre->FindMember(member->device)->has_value());
  const SigningKey other = SigningKey::Generate(world_.random);
  EXPECT_EQ(
      ReasonOf(world_.centre
                   ->Enrol(code->code, other.public_key(), other.public_key())
                   .status()),
      Reason::kCodeUsed);
}

TEST_F(BackupTest, AnotherMasterKeyRestoresNothing) {
  Capture("one");
  MustBackUp();
  world_.provider =
      std::make_unique<FixedKeyProvider>(SealKey::Generate(world_.random));
  EXPECT_EQ(ReasonOf(RestoreFrom(&backup_, false, &world_).status()),
            Reason::kStoreKeyWrong);
}

TEST_F(BackupTest, StableIsSignedKeptAndWithdrawnByARestore) {
  Capture("one");
  EXPECT_FALSE(world_.centre->StableHead().has_value());
  MustBackUp();
  auto stable = world_.centre->StableHead();
  ASSERT_TRUE(stable.has_value());
  EXPECT_EQ(stable->size, 1u);
  EXPECT_EQ(stable->root, world_.centre->Head().root);
  EXPECT_TRUE(VerifyStableHead(world_.centre->key(), *stable));
  // Neither passes for the other.
  EXPECT_FALSE(VerifyTreeHead(world_.centre->key(), *stable));
  EXPECT_FALSE(VerifyStableHead(world_.centre->key(), world_.centre->Head()));
  Capture("not backed up yet");
  EXPECT_EQ(world_.centre->StableHead()->size, 1u);
  world_.CloseCentre();
  ASSERT_TRUE(world_.OpenCentre().ok());
  ASSERT_TRUE(world_.centre->StableHead().has_value());
  EXPECT_EQ(world_.centre->StableHead()->size, 1u);

  ASSERT_TRUE(RestoreFrom(&backup_, /*live_authority=*/true, &world_).ok());
  EXPECT_FALSE(world_.centre->StableHead().has_value());
  // The same backup goes on under the new history, and is a second store again.
  MustBackUp();
  EXPECT_EQ(report_.copied.changes, 0u);
  ASSERT_TRUE(world_.centre->StableHead().has_value());
  EXPECT_EQ(world_.centre->StableHead()->history, world_.centre->history());
}

TEST(MirrorRange, MakesAnyTwoRangesEqual) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SeededRandom random(seed);
    MemoryDisk disks[2];
    std::unique_ptr<Store> stores[2];
    for (int side = 0; side < 2; ++side) {
      stores[side] = *OpenMemoryStore(&disks[side]);
      WriteBatch batch;
      for (uint64_t i = 0; i < 3 * kMirrorRowsMax; ++i) {
        uint8_t dice = 0;
        random.Fill(&dice, 1);
        // Long stretches that one side lacks, and values that differ.
        const bool lacks = (i / 5000) % 2 == seed % 2 &&
                           static_cast<uint64_t>(side) == seed % 2;
        if (lacks || dice < 40) continue;
        // Large enough that deletions alone fill a batch.
        const std::string key = U64Key(i) + std::string(900, 'k');
        batch.Put(Family::kKey, key, dice < 80 ? "a" : "b");
      }
      ASSERT_TRUE(
          stores[side]->Write(std::move(batch), Durability::kSynced).ok());
    }
    MirrorCount count;
    ASSERT_TRUE(MirrorRange(*stores[0], Family::kKey, "", "", stores[1].get(),
                            nullptr, &count)
                    .ok());
    std::vector<std::pair<std::string, std::string>> rows[2];
    for (int side = 0; side < 2; ++side) {
      ASSERT_TRUE(stores[side]
                      ->Scan(Family::kKey, "", "",
                             [&](absl::string_view key, absl::string_view v) {
                               rows[side].emplace_back(key, v);
                               return true;
                             })
                      .ok());
    }
    EXPECT_TRUE(rows[0] == rows[1]) << "seed " << seed;
    EXPECT_GT(count.put, 0u);
    EXPECT_GT(count.deleted, 0u);
  }
}

}  // namespace
}  // namespace vouch
