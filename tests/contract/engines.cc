#include "tests/contract/engines.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/memory_store.h"
#include "storage/rocksdb_store.h"
#include "storage/sqlite_store.h"
#include "sync/base/check.h"
#include "tests/support/temp_dir.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void FlipBit(const fs::path& path, size_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0x10));
  VOUCH_CHECK(file.good());
}

// Files that hold nothing stored: locks, shared memory, RocksDB's text log.
bool HoldsData(const std::string& name) {
  return name != "vouch.lock" && name != "vouch.db-shm" && name != "LOCK" &&
         !absl::StartsWith(name, "LOG");
}

class MemoryEngine : public EngineUnderTest {
 public:
  MemoryEngine() {
    disk_.SetWriteHook([this](MemoryDisk::Stage stage, const WriteBatch&) {
      if (stage == MemoryDisk::Stage::kBeforeWrite) ++writes_;
      return absl::OkStatus();
    });
  }
  absl::StatusOr<std::unique_ptr<Store>> Open() override {
    return OpenMemoryStore(&disk_);
  }
  absl::StatusOr<std::unique_ptr<Store>> OpenCopy() override {
    absl::StatusOr<MemoryDisk> copy = disk_.Checkpointed(CopyFolder());
    VOUCH_RETURN_IF_ERROR(copy.status());
    copy_ = *std::move(copy);
    return OpenMemoryStore(&copy_);
  }
  std::string CopyFolder() const override { return "copy"; }
  void SetFull(bool full) override { disk_.SetFull(full); }
  bool Corrupt(Family family, absl::string_view key,
               absl::string_view) override {
    return disk_.CorruptValue(family, key);
  }
  std::string Fingerprint() override { return absl::StrCat(writes_.load()); }
  std::string Folder() const override { return ""; }

 private:
  std::atomic<int> writes_{0};
  MemoryDisk disk_;
  MemoryDisk copy_;
};

class DiskEngine : public EngineUnderTest {
 public:
  std::string CopyFolder() const override { return dir_.Path("copy"); }
  std::string Folder() const override { return dir_.Path("store"); }
  void SetFull(bool full) override {
    *free_bytes_ = full ? 0 : std::numeric_limits<uint64_t>::max();
  }
  bool Corrupt(Family, absl::string_view, absl::string_view marker) override {
    // Closing or opening moves what is in the log to the tables.
    VOUCH_CHECK(Open().ok());
    bool found = false;
    for (const auto& file : fs::directory_iterator(Folder())) {
      const std::string name = file.path().filename().string();
      if (name != "vouch.db" && !absl::EndsWith(name, ".sst")) continue;
      const size_t at = ReadFile(file.path()).find(std::string(marker));
      if (at == std::string::npos) continue;
      FlipBit(file.path(), at + marker.size() / 2);
      found = true;
    }
    return found;
  }
  std::string Fingerprint() override {
    std::map<std::string, std::string> files;
    for (const auto& file : fs::directory_iterator(Folder())) {
      const std::string name = file.path().filename().string();
      std::string bytes = ReadFile(file.path());
      if (HoldsData(name) && !bytes.empty()) files[name] = std::move(bytes);
    }
    std::string all;
    for (const auto& [name, bytes] : files) {
      absl::StrAppend(&all, name, "=", bytes, ";");
    }
    return all;
  }

 protected:
  template <typename Options>
  Options OptionsFor(const std::string& folder) const {
    Options options;
    options.path = folder;
    options.free_bytes = [free = free_bytes_] { return free->load(); };
    return options;
  }

  TempDir dir_;
  std::shared_ptr<std::atomic<uint64_t>> free_bytes_ =
      std::make_shared<std::atomic<uint64_t>>(
          std::numeric_limits<uint64_t>::max());
};

class RocksDbEngine : public DiskEngine {
 public:
  absl::StatusOr<std::unique_ptr<Store>> Open() override {
    return OpenRocksDbStore(OptionsFor<RocksDbOptions>(Folder()));
  }
  absl::StatusOr<std::unique_ptr<Store>> OpenCopy() override {
    return OpenRocksDbStore(OptionsFor<RocksDbOptions>(CopyFolder()));
  }
};

class SqliteEngine : public DiskEngine {
 public:
  absl::StatusOr<std::unique_ptr<Store>> Open() override {
    return OpenSqliteStore(OptionsFor<SqliteOptions>(Folder()));
  }
  absl::StatusOr<std::unique_ptr<Store>> OpenCopy() override {
    return OpenSqliteStore(OptionsFor<SqliteOptions>(CopyFolder()));
  }
};

template <typename Engine>
std::unique_ptr<EngineUnderTest> Make() {
  return std::make_unique<Engine>();
}

}  // namespace

std::vector<EngineKind> AllEngines() {
  std::vector<EngineKind> all = DiskEngines();
  all.insert(all.begin(), {"memory", &Make<MemoryEngine>});
  return all;
}

std::vector<EngineKind> DiskEngines() {
  return {{"rocksdb", &Make<RocksDbEngine>}, {"sqlite", &Make<SqliteEngine>}};
}

absl::StatusOr<std::unique_ptr<Store>> OpenDiskEngine(
    absl::string_view name, const std::string& folder) {
  if (name == "rocksdb") {
    RocksDbOptions options;
    options.path = folder;
    return OpenRocksDbStore(options);
  }
  VOUCH_CHECK(name == "sqlite");
  SqliteOptions options;
  options.path = folder;
  return OpenSqliteStore(options);
}

}  // namespace vouch
