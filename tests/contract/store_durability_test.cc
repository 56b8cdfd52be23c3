// What the disk engines keep when their process is killed or the disk fails.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/store.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "tests/contract/disk_faults.h"
#include "tests/contract/engines.h"
#include "tests/support/temp_dir.h"

extern char** environ;

namespace vouch {
namespace {

// tests/contract/store_writer.cc as a process of its own, with its output.
class Writer {
 public:
  explicit Writer(std::vector<std::string> arguments) {
    int ends[2];
    VOUCH_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    arguments.insert(arguments.begin(), STORE_WRITER);
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    VOUCH_CHECK(posix_spawn(&process_, STORE_WRITER, &actions, nullptr,
                            raw.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
  }
  ~Writer() { close(output_); }

  // Until so many whole lines have come, or the output's end.
  std::vector<std::string> ReadLines(size_t count) {
    char bytes[256];
    while (Lines().size() < count) {
      const ssize_t got = read(output_, bytes, sizeof(bytes));
      if (got <= 0) break;
      text_.append(bytes, static_cast<size_t>(got));
    }
    return Lines();
  }
  void Kill() { VOUCH_CHECK(kill(process_, SIGKILL) == 0); }
  int Wait() {
    int status = 0;
    VOUCH_CHECK(waitpid(process_, &status, 0) == process_);
    return status;
  }

 private:
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines = absl::StrSplit(text_, '\n');
    lines.pop_back();  // what follows the last newline
    return lines;
  }

  pid_t process_ = 0;
  int output_ = -1;
  std::string text_;
};

class StoreDurability : public testing::TestWithParam<EngineKind> {
 protected:
  StoreDurability() : engine_(GetParam().make()) {}

  // As store_writer does.
  static absl::Status Write(Store& store, int i, Durability durability) {
    WriteBatch batch;
    batch.Put(Family::kChain, absl::StrCat("chain-", i), absl::StrCat(i));
    batch.Put(Family::kPayload, absl::StrCat("payload-", i), absl::StrCat(i));
    batch.Put(Family::kLog, absl::StrCat(i), std::string(10000, 'v'));
    return store.Write(std::move(batch), durability);
  }
  // Every number under both its keys.
  static void ExpectWhole(const Reader& store, const std::string& number) {
    for (const auto& [family, key] :
         {std::pair(Family::kChain, absl::StrCat("chain-", number)),
          std::pair(Family::kPayload, absl::StrCat("payload-", number))}) {
      absl::StatusOr<std::string> value = store.Get(family, key);
      ASSERT_TRUE(value.ok()) << key << ": " << value.status();
      EXPECT_EQ(*value, number);
    }
  }

  std::unique_ptr<EngineUnderTest> engine_;
};

TEST_P(StoreDurability, OnlySyncedWritesWaitForTheDisk) {
  auto store = engine_->Open();
  ASSERT_TRUE(store.ok()) << store.status();
  const int opened = DiskFaults::syncs;
  ASSERT_TRUE(Write(**store, 0, Durability::kBuffered).ok());
  EXPECT_EQ(DiskFaults::syncs, opened);
  ASSERT_TRUE(Write(**store, 1, Durability::kSynced).ok());
  const int after_write = DiskFaults::syncs;
  EXPECT_EQ(after_write, opened + 1);
  ASSERT_TRUE(Write(**store, 2, Durability::kBuffered).ok());
  EXPECT_EQ(DiskFaults::syncs, after_write);
  ASSERT_TRUE((*store)->Sync().ok());
  EXPECT_EQ(DiskFaults::syncs, after_write + 1);
  ASSERT_TRUE(Write(**store, 3, Durability::kBuffered).ok());
  ASSERT_TRUE((*store)->Write(WriteBatch(), Durability::kSynced).ok());
  EXPECT_EQ(DiskFaults::syncs, after_write + 2);
}

// The reserve prevents this; another program can still take the last byte.
TEST_P(StoreDurability, ADiskThatFillsUpInsideAWriteRecoversWithoutAReopen) {
  auto store = engine_->Open();
  ASSERT_TRUE(store.ok()) << store.status();
  int next = 0;
  std::vector<int> acknowledged;
  for (int round = 0; round < 3; ++round) {
    // In the first round the store has nothing unflushed when it fails.
    for (int i = 0; i < 5 * round; ++i, ++next) {
      const absl::Status status = Write(**store, next, Durability::kSynced);
      ASSERT_TRUE(status.ok()) << status;
      acknowledged.push_back(next);
    }
    DiskFaults::full = true;
    for (int i = 0; i < 3; ++i, ++next) {
      // The first is caught inside the write; later ones may be refused.
      const Reason reason = ReasonOf(Write(**store, next, Durability::kSynced));
      if (i == 0) {
        EXPECT_EQ(reason, Reason::kStoreIo);
      } else {
        EXPECT_THAT(reason,
                    testing::AnyOf(Reason::kStoreIo, Reason::kStoreFull));
      }
    }
    for (const int i : acknowledged) ExpectWhole(**store, absl::StrCat(i));
    DiskFaults::full = false;
  }
  ASSERT_TRUE(Write(**store, next, Durability::kSynced).ok());
  acknowledged.push_back(next);
  store->reset();
  store = engine_->Open();
  ASSERT_TRUE(store.ok()) << store.status();
  for (const int i : acknowledged) ExpectWhole(**store, absl::StrCat(i));
}

// After a failed sync the system may have dropped the pages and call the next
// sync a success, so nothing more is acknowledged on top of them.
TEST_P(StoreDurability, AFailedSyncStopsWritesUntilTheStoreIsReopened) {
  auto store = engine_->Open();
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE(Write(**store, 0, Durability::kSynced).ok());
  DiskFaults::sync_fails = true;
  EXPECT_EQ(ReasonOf(Write(**store, 1, Durability::kSynced)), Reason::kStoreIo);
  DiskFaults::sync_fails = false;
  EXPECT_EQ(ReasonOf(Write(**store, 2, Durability::kSynced)), Reason::kStoreIo);
  EXPECT_EQ(ReasonOf(Write(**store, 3, Durability::kBuffered)),
            Reason::kStoreIo);
  EXPECT_EQ(ReasonOf((*store)->Sync()), Reason::kStoreIo);
  ExpectWhole(**store, "0");
  store->reset();
  store = engine_->Open();
  ASSERT_TRUE(store.ok()) << store.status();
  ExpectWhole(**store, "0");
  EXPECT_TRUE(Write(**store, 4, Durability::kSynced).ok());
}

TEST_P(StoreDurability, AKilledProcessKeepsWhatItAcknowledged) {
  for (const size_t lines : {1, 40, 200}) {
    Writer writer({GetParam().name, engine_->Folder()});
    ASSERT_GE(writer.ReadLines(lines).size(), lines);
    writer.Kill();
    const std::vector<std::string> acknowledged =
        writer.ReadLines(std::numeric_limits<size_t>::max());
    EXPECT_TRUE(WIFSIGNALED(writer.Wait()));

    auto store = engine_->Open();
    ASSERT_TRUE(store.ok()) << store.status();
    for (const std::string& number : acknowledged) {
      ExpectWhole(**store, number);
    }
    // A batch in flight is there whole or not at all.
    const std::string next = absl::StrCat(acknowledged.size());
    EXPECT_EQ((*store)->Get(Family::kChain, "chain-" + next).ok(),
              (*store)->Get(Family::kPayload, "payload-" + next).ok());
  }
}

TEST_P(StoreDurability, ASecondProcessIsLockedOut) {
  auto store = engine_->Open();
  ASSERT_TRUE(store.ok()) << store.status();
  Writer writer({GetParam().name, engine_->Folder(), "1"});
  EXPECT_THAT(writer.ReadLines(1), testing::ElementsAre("STORE_LOCKED"));
  EXPECT_NE(writer.Wait(), 0);
  store->reset();
  Writer again({GetParam().name, engine_->Folder(), "1"});
  EXPECT_THAT(again.ReadLines(1), testing::ElementsAre("0"));
  EXPECT_EQ(again.Wait(), 0);
}

TEST_P(StoreDurability, AMissingStoreIsOnlyMadeOnRequest) {
  EXPECT_FALSE(std::filesystem::exists(engine_->Folder()));
  ASSERT_TRUE(engine_->Open().ok());
  EXPECT_TRUE(std::filesystem::exists(engine_->Folder()));
}

// A file that may not grow stands for a disk that fails under a write. What
// the failed write leaves is open; what was acknowledged before is not.
TEST_P(StoreDurability, AFailingDiskLosesNothingAcknowledged) {
  auto store = engine_->Open();
  ASSERT_TRUE(store.ok()) << store.status();
  struct rlimit normal;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &normal), 0);
  struct rlimit tight = normal;
  tight.rlim_cur = 1 << 20;
  auto previous = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  int acknowledged = 0;
  absl::Status status;
  while (acknowledged < 1000) {
    status = Write(**store, acknowledged, Durability::kSynced);
    if (!status.ok()) break;
    ++acknowledged;
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &normal), 0);
  signal(SIGXFSZ, previous);
  EXPECT_EQ(ReasonOf(status), Reason::kStoreIo) << status;
  EXPECT_GT(acknowledged, 10);

  store->reset();
  store = engine_->Open();
  ASSERT_TRUE(store.ok()) << store.status();
  for (int i = 0; i < acknowledged; ++i) {
    ExpectWhole(**store, absl::StrCat(i));
  }
  EXPECT_TRUE(Write(**store, acknowledged + 1, Durability::kSynced).ok());
}

// Each commit happens beside an open snapshot, so that the log's tail is
// always in use; its length must not follow the number of writes.
TEST(SqliteStore, ItsLogStaysShortBesideSnapshots) {
  TempDir dir;
  auto store = OpenDiskEngine("sqlite", dir.Path("store"));
  ASSERT_TRUE(store.ok()) << store.status();
  for (int i = 0; i < 100; ++i) {
    const std::unique_ptr<Reader> snapshot = (*store)->Snapshot();
    WriteBatch batch;
    batch.Put(Family::kPayload, absl::StrCat(i % 4), std::string(1 << 20, 'v'));
    ASSERT_TRUE((*store)->Write(std::move(batch), Durability::kBuffered).ok());
  }
  EXPECT_LT(std::filesystem::file_size(dir.Path("store/vouch.db-wal")),
            32u << 20);
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreDurability,
                         testing::ValuesIn(DiskEngines()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace vouch
