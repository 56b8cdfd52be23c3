// A store brought to a newer format or another engine: nothing is lost,
// wherever it is cut off.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/format.h"
#include "storage/rocksdb_store.h"
#include "storage/sqlite_store.h"
#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

using Rows = std::map<std::pair<Family, std::string>, std::string>;

// What a version to come might do: a row more for each change. Everything else
// stays, so that today's code reads it.
const std::vector<FormatStep>& NextFormat() {
  static const auto& steps = *new std::vector<FormatStep>{
      {[](Family family, absl::string_view key, absl::string_view value,
          WriteBatch* out) {
        out->Put(family, key, value);
        if (family == Family::kChain) out->Put(Family::kManifest, key, "next");
        return absl::OkStatus();
      }}};
  return steps;
}

Rows RowsOf(const Store& store) {
  Rows rows;
  for (int i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    EXPECT_TRUE(
        store
            .Scan(family, "", "",
                  [&](absl::string_view key, absl::string_view value) {
                    rows[{family, std::string(key)}] = std::string(value);
                    return true;
                  })
            .ok());
  }
  rows.erase({Family::kMeta, std::string(kStoreFormatKey)});
  return rows;
}

Rows Converted(const Rows& rows) {
  Rows out = rows;
  for (const auto& [place, value] : rows) {
    if (place.first == Family::kChain) {
      out[{Family::kManifest, place.second}] = "next";
    }
  }
  return out;
}

class StoreMigrationTest : public ClientFixture {
 protected:
  // A tablet with a few records, closed; what its store holds.
  Rows Fill() {
    Start();
    registration_ = NewRegistration();
    for (int i = 0; i < 5; ++i) {
      ids_.push_back(*client->Create(FullObservation(), registration_));
    }
    client.reset();
    return RowsNow();
  }
  Rows RowsNow() { return RowsOf(**OpenStoreOf(Options(), false)); }

  absl::StatusOr<std::unique_ptr<Store>> OpenAsNext() {
    OpenOptions options = Options();
    options.migrating = [this](uint64_t done, uint64_t total) {
      told_.push_back({done, total});
      if (told_.size() == full_at_) free_bytes = 0;
    };
    return OpenStoreOf(options, true, NextFormat());
  }

  // The next version's app, killed when it has told `calls` times. False if it
  // was done before that.
  bool KilledAsNext(size_t calls) {
    const pid_t child = fork();
    if (child == 0) {
      size_t told = 0;
      OpenOptions options = Options();
      options.migrating = [&](uint64_t, uint64_t) {
        if (++told == calls) kill(getpid(), SIGKILL);
      };
      _exit(OpenStoreOf(options, true, NextFormat()).ok() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
  }

  void ExpectMoved(const Rows& before) {
    auto next = OpenAsNext();
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(2u, *FormatOf(**next));
    EXPECT_EQ(Converted(before), RowsOf(**next));
    EXPECT_FALSE(fs::exists(Part()));
    EXPECT_FALSE(fs::exists(dir.Path("tablet/store.old")));
  }
  void ExpectRecordsHere() {
    Reopen();
    for (const Id& id : ids_) {
      EXPECT_EQ("Front office", Read<v1::Observation>(id).venue());
    }
    EXPECT_TRUE(client->Ledger()->balanced);
    client.reset();
  }
  std::string Part() { return dir.Path("tablet/store.part"); }
  std::string StorePath() { return dir.Path("tablet/store"); }

  Id registration_;
  std::vector<Id> ids_;
  std::vector<std::pair<uint64_t, uint64_t>> told_;
  size_t full_at_ = 0;
};

TEST_F(StoreMigrationTest, AnOlderStoreIsBroughtUpAndProgressIsTold) {
  const Rows before = Fill();
  ExpectMoved(before);
  ASSERT_FALSE(told_.empty());
  for (size_t i = 1; i < told_.size(); ++i) {
    EXPECT_LE(told_[i - 1].first, told_[i].first);
  }
  EXPECT_EQ(2 * before.size(), told_.back().first);
  EXPECT_EQ(2 * before.size(), told_.back().second);
  told_.clear();
  ASSERT_TRUE(OpenAsNext().ok());
  EXPECT_TRUE(told_.empty());
  // And the app of the version before says so, and changes nothing.
  EXPECT_REASON(Client::Open(Options()), STORE_NEWER);
  ExpectMoved(before);
}

TEST_F(StoreMigrationTest, KilledAfterAnyBatchItGoesOnFromThere) {
  const Rows before = Fill();
  const std::string kept = dir.Path("kept");
  fs::copy(dir.Path("tablet"), kept, fs::copy_options::recursive);
  size_t kills = 0;
  while (KilledAsNext(kills + 1)) {
    ++kills;
    told_.clear();
    ExpectMoved(before);
    // The copy of `kills` batches was not made again.
    EXPECT_LE(told_.size(), size_t{kFamilyCount} + 1 - (kills - 1));
    fs::remove_all(dir.Path("tablet"));
    fs::copy(kept, dir.Path("tablet"), fs::copy_options::recursive);
  }
  EXPECT_GE(kills, size_t{kFamilyCount});
}

TEST_F(StoreMigrationTest, UntilItIsDoneTheVersionBeforeOpensTheStore) {
  Fill();
  for (size_t calls : {1u, 9u, unsigned{kFamilyCount}}) {
    ASSERT_TRUE(KilledAsNext(calls));
    ASSERT_TRUE(fs::exists(Part()));
    ExpectRecordsHere();
    EXPECT_FALSE(fs::exists(Part()));  // nobody wants it now
  }
}

TEST_F(StoreMigrationTest, ACopyOfTheStoreAsItWasIsNotTaken) {
  Fill();
  ASSERT_TRUE(KilledAsNext(kFamilyCount));
  // Captured since, by an app that knows of no copy.
  SqliteOptions sqlite;
  sqlite.path = StorePath();
  {
    auto store = OpenSqliteStore(sqlite);
    ASSERT_TRUE(store.ok());
    WriteBatch batch;
    batch.Put(Family::kMeta, "captured", "since");
    batch.Put(Family::kMeta, "cursor", "moved");
    ASSERT_TRUE((*store)->Write(std::move(batch), Durability::kSynced).ok());
  }
  const Rows now = RowsNow();
  ASSERT_EQ(1u, now.count({Family::kMeta, "captured"}));
  ExpectMoved(now);
}

TEST_F(StoreMigrationTest, ARowThatIsNoLongerThereIsNoticed) {
  Fill();
  ASSERT_TRUE(KilledAsNext(kFamilyCount));
  SqliteOptions sqlite;
  sqlite.path = StorePath();
  {
    auto store = OpenSqliteStore(sqlite);
    ASSERT_TRUE(store.ok());
    WriteBatch batch;
    batch.DeleteRange(Family::kDependent, "", "");
    batch.DeleteRange(Family::kKey, "P", "Q");  // erased
    ASSERT_TRUE((*store)->Write(std::move(batch), Durability::kSynced).ok());
  }
  ExpectMoved(RowsNow());
}

TEST_F(StoreMigrationTest, AFullDiskLeavesTheStoreAndGivesTheRoomBack) {
  Fill();
  // As much as is written before anybody looks how much room is left.
  SqliteOptions sqlite;
  sqlite.path = StorePath();
  {
    auto store = OpenSqliteStore(sqlite);
    ASSERT_TRUE(store.ok());
    for (char key = 'a'; key < 'a' + 4; ++key) {
      WriteBatch batch;
      batch.Put(Family::kTreeHead, std::string(8, key),
                std::string(1 << 20, 'x'));
      ASSERT_TRUE((*store)->Write(std::move(batch), Durability::kSynced).ok());
    }
  }
  full_at_ = kFamilyCount;
  EXPECT_REASON(OpenAsNext(), STORE_FULL);
  EXPECT_FALSE(fs::exists(Part()));
  ExpectRecordsHere();
  full_at_ = 0;
  free_bytes = std::numeric_limits<uint64_t>::max();
  ExpectMoved(RowsNow());
}

TEST_F(StoreMigrationTest, KilledBetweenTheNamesNeitherStoreIsLost) {
  const Rows before = Fill();
  fs::copy(StorePath(), dir.Path("kept"), fs::copy_options::recursive);
  ASSERT_TRUE(OpenAsNext().ok());
  // Exchanged, and killed before the old one was removed.
  fs::rename(dir.Path("kept"), Part());
  ExpectMoved(before);
  // Where names cannot be exchanged: killed between the two renames.
  fs::rename(StorePath(), dir.Path("tablet/store.old"));
  ExpectMoved(before);
  EXPECT_TRUE(fs::exists(StorePath()));
}

TEST_F(StoreMigrationTest, WhatLiesInTheCopysPlaceIsNoObstacle) {
  const Rows before = Fill();
  fs::create_directory(Part());
  fs::copy(dir.Path("tablet/device.key"), Part() + "/vouch.db");
  ExpectMoved(before);
}

TEST_F(StoreMigrationTest, ACopyBegunInAnotherEngineIsGivenUp) {
  const Rows before = Fill();
  RocksDbOptions rocksdb;
  rocksdb.path = Part();
  ASSERT_TRUE(OpenRocksDbStore(rocksdb).ok());
  ExpectMoved(before);
  EXPECT_FALSE(fs::exists(StorePath() + "/CURRENT"));
}

TEST_F(StoreMigrationTest, AStoreMovesToTheOtherEngineAndBack) {
  const Rows before = Fill();
  for (Engine engine : {Engine::kRocksDb, Engine::kSqlite}) {
    told_.clear();
    OpenOptions options = Options();
    options.engine = engine;
    options.migrating = [this](uint64_t done, uint64_t total) {
      told_.push_back({done, total});
    };
    auto opened = Client::Open(options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    ASSERT_FALSE(told_.empty());
    EXPECT_EQ(told_.back().second, told_.back().first);
    opened->reset();
    EXPECT_EQ(engine == Engine::kSqlite, fs::exists(StorePath() + "/vouch.db"));
    EXPECT_EQ(engine == Engine::kRocksDb, fs::exists(StorePath() + "/CURRENT"));
    EXPECT_EQ(before, RowsNow());
  }
  ExpectRecordsHere();
}

TEST_F(StoreMigrationTest, ASharedStoreStaysInItsEngine) {
  Fill();
  OpenOptions options = Options();
  options.shared = true;
  options.engine = Engine::kRocksDb;
  auto opened = Client::Open(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(6u, (*opened)->Ledger()->captured);
  EXPECT_TRUE(fs::exists(StorePath() + "/vouch.db"));
  EXPECT_FALSE(fs::exists(StorePath() + "/CURRENT"));
}

}  // namespace
}  // namespace vouch
