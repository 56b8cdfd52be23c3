// The crash semantics of the engine that the simulator uses.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/memory_store.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint32_t seed) : engine_(seed) {}
  void Fill(uint8_t* out, size_t size) override {
    for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>(engine_());
  }

 private:
  std::mt19937 engine_;
};

std::unique_ptr<Store> Open(MemoryDisk* disk) {
  auto store = OpenMemoryStore(disk);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

absl::Status Put(Store& store, int i, Durability durability) {
  WriteBatch batch;
  batch.Put(Family::kChain, absl::StrCat(i), "core");
  batch.Put(Family::kPayload, absl::StrCat(i), "payload");
  return store.Write(std::move(batch), durability);
}

// How many of the batches 0, 1, 2 … are there; checks that they are a prefix
// and whole.
int Survivors(const Store& store, int written) {
  int count = 0;
  bool ended = false;
  for (int i = 0; i < written; ++i) {
    const bool core = store.Get(Family::kChain, absl::StrCat(i)).ok();
    EXPECT_EQ(store.Get(Family::kPayload, absl::StrCat(i)).ok(), core);
    EXPECT_FALSE(core && ended) << "a write outlived an earlier one";
    ended = ended || !core;
    if (core) ++count;
  }
  return count;
}

TEST(MemoryDisk, ACrashKeepsSyncedWritesAndAPrefixOfTheRest) {
  std::set<int> outcomes;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    MemoryDisk disk;
    auto store = Open(&disk);
    ASSERT_TRUE(Put(*store, 0, Durability::kBuffered).ok());
    ASSERT_TRUE(Put(*store, 1, Durability::kSynced).ok());
    for (int i = 2; i < 6; ++i) {
      ASSERT_TRUE(Put(*store, i, Durability::kBuffered).ok());
    }
    EXPECT_EQ(disk.unsynced_batches(), 4u);
    const size_t lost = disk.Crash(random);
    auto again = Open(&disk);
    const int survivors = Survivors(*again, 6);
    EXPECT_EQ(survivors, 6 - static_cast<int>(lost));
    EXPECT_GE(survivors, 2);
    outcomes.insert(survivors);
  }
  EXPECT_EQ(outcomes, (std::set<int>{2, 3, 4, 5, 6}));
}

TEST(MemoryDisk, SyncMakesEverythingDurable) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SeededRandom random(seed);
    MemoryDisk disk;
    auto store = Open(&disk);
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(Put(*store, i, Durability::kBuffered).ok());
    }
    ASSERT_TRUE(store->Sync().ok());
    EXPECT_EQ(disk.Crash(random), 0u);
    EXPECT_EQ(Survivors(*Open(&disk), 5), 5);
  }
}

TEST(MemoryDisk, ClosingTheStoreSyncsNothing) {
  bool lost = false;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SeededRandom random(seed);
    MemoryDisk disk;
    ASSERT_TRUE(Put(*Open(&disk), 0, Durability::kBuffered).ok());
    EXPECT_EQ(Survivors(*Open(&disk), 1), 1);
    lost = lost || disk.Crash(random) > 0;
  }
  EXPECT_TRUE(lost);
}

TEST(MemoryDisk, AStoreOpenDuringTheCrashIsDead) {
  SeededRandom random(1);
  MemoryDisk disk;
  auto dead = Open(&disk);
  disk.Crash(random);
  auto alive = Open(&disk);
  EXPECT_EQ(ReasonOf(Put(*dead, 0, Durability::kSynced)), Reason::kStoreIo);
  EXPECT_EQ(ReasonOf(dead->Get(Family::kMeta, "format").status()),
            Reason::kStoreIo);
  EXPECT_EQ(ReasonOf(dead->Snapshot()->Get(Family::kMeta, "format").status()),
            Reason::kStoreIo);
  dead.reset();  // frees no lock of the living
  EXPECT_EQ(ReasonOf(OpenMemoryStore(&disk).status()), Reason::kStoreLocked);
  EXPECT_EQ(Survivors(*alive, 1), 0);
}

TEST(MemoryDisk, TheHookCanCrashAtEveryStageOfAWrite) {
  using Stage = MemoryDisk::Stage;
  for (const Stage at :
       {Stage::kBeforeWrite, Stage::kBeforeSync, Stage::kAfterWrite}) {
    std::set<int> outcomes;
    for (uint32_t seed = 0; seed < 50; ++seed) {
      SeededRandom random(seed);
      MemoryDisk disk;
      auto store = Open(&disk);
      ASSERT_TRUE(Put(*store, 0, Durability::kSynced).ok());
      disk.SetWriteHook([&](Stage stage, const WriteBatch& batch) {
        EXPECT_EQ(batch.entries().size(), 2u);
        if (stage == at) disk.Crash(random);
        return absl::OkStatus();
      });
      EXPECT_EQ(ReasonOf(Put(*store, 1, Durability::kSynced)),
                Reason::kStoreIo);
      disk.SetWriteHook(nullptr);
      outcomes.insert(Survivors(*Open(&disk), 2));
    }
    const std::set<int> expected = at == Stage::kBeforeWrite ? std::set<int>{1}
                                   : at == Stage::kBeforeSync
                                       ? std::set<int>{1, 2}
                                       : std::set<int>{2};
    EXPECT_EQ(outcomes, expected) << static_cast<int>(at);
  }
}

TEST(MemoryDisk, AnErrorOfTheHookIsTheWritesAnswer) {
  MemoryDisk disk;
  auto store = Open(&disk);
  std::vector<MemoryDisk::Stage> stages;
  disk.SetWriteHook([&](MemoryDisk::Stage stage, const WriteBatch&) {
    stages.push_back(stage);
    return Error(Reason::kStoreIo, "the disk is gone");
  });
  EXPECT_EQ(ReasonOf(Put(*store, 0, Durability::kSynced)), Reason::kStoreIo);
  EXPECT_EQ(Survivors(*store, 1), 0);
  EXPECT_EQ(stages, std::vector{MemoryDisk::Stage::kBeforeWrite});
}

TEST(MemoryDisk, AFullDiskIsRefusedBeforeTheHook) {
  MemoryDisk disk;
  auto store = Open(&disk);
  disk.SetFull(true);
  disk.SetWriteHook([](MemoryDisk::Stage, const WriteBatch&) {
    ADD_FAILURE() << "something was about to be written";
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(Put(*store, 0, Durability::kSynced)), Reason::kStoreFull);
}

TEST(MemoryDisk, ACloneIsADeviceOfItsOwn) {
  SeededRandom random(7);
  MemoryDisk disk;
  auto store = Open(&disk);
  ASSERT_TRUE(Put(*store, 0, Durability::kSynced).ok());
  MemoryDisk clone = disk.Clone();
  auto twin = Open(&clone);  // not locked by the original's store
  ASSERT_TRUE(Put(*twin, 1, Durability::kSynced).ok());
  EXPECT_EQ(Survivors(*store, 2), 1);
  ASSERT_TRUE(Put(*store, 1, Durability::kBuffered).ok());
  ASSERT_TRUE(Put(*store, 2, Durability::kBuffered).ok());
  EXPECT_EQ(Survivors(*twin, 3), 2);

  // A clone of a disk with unsynced writes can lose them in its own way.
  std::set<int> outcomes;
  for (int i = 0; i < 50; ++i) {
    MemoryDisk branch = disk.Clone();
    branch.Crash(random);
    outcomes.insert(Survivors(*Open(&branch), 3));
  }
  EXPECT_EQ(outcomes, (std::set<int>{1, 2, 3}));
  EXPECT_EQ(Survivors(*store, 3), 3);
}

TEST(MemoryDisk, ARestoreGivesTheOldBytesBack) {
  MemoryDisk disk;
  auto store = Open(&disk);
  ASSERT_TRUE(Put(*store, 0, Durability::kSynced).ok());
  const MemoryDisk backup = disk.Clone();
  ASSERT_TRUE(Put(*store, 1, Durability::kSynced).ok());
  store.reset();
  disk = backup.Clone();
  EXPECT_EQ(Survivors(*Open(&disk), 2), 1);
}

TEST(MemoryDisk, UnsyncedWritesAreBounded) {
  MemoryDisk disk;
  auto store = Open(&disk);
  const int written = static_cast<int>(MemoryDisk::kUnsyncedBatchesMax) + 10;
  for (int i = 0; i < written; ++i) {
    ASSERT_TRUE(Put(*store, i, Durability::kBuffered).ok());
  }
  EXPECT_EQ(disk.unsynced_batches(), MemoryDisk::kUnsyncedBatchesMax);
  EXPECT_EQ(Survivors(*store, written), written);
}

TEST(MemoryDisk, DamageOutlivesACrash) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SeededRandom random(seed);
    MemoryDisk disk;
    auto store = Open(&disk);
    ASSERT_TRUE(Put(*store, 0, Durability::kSynced).ok());
    ASSERT_TRUE(Put(*store, 1, Durability::kBuffered).ok());
    EXPECT_TRUE(disk.CorruptValue(Family::kChain, "0"));
    EXPECT_FALSE(disk.CorruptValue(Family::kChain, "absent"));
    disk.Crash(random);
    auto again = Open(&disk);
    EXPECT_EQ(ReasonOf(again->Get(Family::kChain, "0").status()),
              Reason::kStoreCorrupted);
    EXPECT_TRUE(again->Get(Family::kPayload, "0").ok());
    disk.RepairValue(Family::kChain, "0", "as it was");
    EXPECT_EQ(again->Get(Family::kChain, "0").value_or(""), "as it was");
    disk.RepairValue(Family::kChain, "0", "sound already");
    EXPECT_EQ(again->Get(Family::kChain, "0").value_or(""), "as it was");
  }
}

}  // namespace
}  // namespace vouch
