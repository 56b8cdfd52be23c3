#include "storage/rocksdb_store.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/engine.h"
#include "storage/folder.h"
#include "storage/format.h"
#include "storage/mutex.h"
#include "storage/rocksdb_engine.h"
#include "storage/space_reserve.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using Health = RocksDbEngine::Health;
using EngineOr = absl::StatusOr<std::shared_ptr<RocksDbEngine>>;

// What must fit on a disk that was full before the database is opened again.
constexpr size_t kProbeBytes = size_t{4} << 20;

uint64_t ReserveOf(const RocksDbOptions& options) {
  return std::max<uint64_t>(options.reserve_bytes, options.write_buffer_bytes);
}

class RocksDbSnapshot : public Reader {
 public:
  explicit RocksDbSnapshot(std::shared_ptr<RocksDbEngine> engine)
      : engine_(std::move(engine)), snapshot_(engine_->TakeSnapshot()) {}
  ~RocksDbSnapshot() override { engine_->Release(snapshot_); }

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    return engine_->Get(family, key, snapshot_);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    return engine_->Scan(family, /*reverse=*/false, begin, end, visit,
                         snapshot_);
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    return engine_->Scan(family, /*reverse=*/true, begin, end, visit,
                         snapshot_);
  }

 private:
  const std::shared_ptr<RocksDbEngine> engine_;
  const rocksdb::Snapshot* const snapshot_;
};

class RocksDbStore : public Store {
 public:
  RocksDbStore(const RocksDbOptions& options, FolderLock lock,
               std::shared_ptr<RocksDbEngine> engine)
      : options_(options),
        lock_(std::move(lock)),
        reserve_(ReserveOf(options), options.path, options.free_bytes),
        engine_(std::move(engine)) {}
  ~RocksDbStore() override {
    // A snapshot or call that is still under way has the engine too.
    VOUCH_CHECK(!engine_.ok() || engine_->use_count() == 1);
  }

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    VOUCH_ASSIGN_OR_RETURN(const auto engine, Readable());
    return engine->Get(family, key, nullptr);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    VOUCH_ASSIGN_OR_RETURN(const auto engine, Readable());
    return engine->Scan(family, /*reverse=*/false, begin, end, visit, nullptr);
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    VOUCH_ASSIGN_OR_RETURN(const auto engine, Readable());
    return engine->Scan(family, /*reverse=*/true, begin, end, visit, nullptr);
  }
  absl::Status Write(WriteBatch batch, Durability durability) override;
  absl::Status Sync() override;
  absl::Status Compact(Family family) override;
  std::unique_ptr<Reader> Snapshot() const override;
  absl::Status Checkpoint(const std::string& folder) override;

 private:
  EngineOr Readable() const {
    MutexLock lock(mutex_);
    return engine_;
  }
  EngineOr Writable();
  EngineOr Recover();

  const RocksDbOptions options_;
  const FolderLock lock_;
  SpaceReserve reserve_;
  mutable Mutex mutex_;
  // An error if the database could not be opened again.
  EngineOr engine_ VOUCH_GUARDED_BY(mutex_);
};

EngineOr RocksDbStore::Writable() {
  EngineOr engine = Readable();
  if (!engine.ok()) return Recover();
  switch ((*engine)->health()) {
    case Health::kSound:
      return engine;
    case Health::kFailed:
      return Error(Reason::kStoreIo,
                   "an earlier write or sync failed on disk; reopen the store");
    case Health::kFull:
      break;
  }
  *engine = nullptr;  // Recover needs to be the only owner
  return Recover();
}

// DB::Resume is made for this, but where nothing waits to be flushed it answers
// OK and keeps the log file whose write failed: the next write then fails, or
// in a build with assertions, as Debian's is, ends the process. Opening the
// database again replays the log up to the failed write.
EngineOr RocksDbStore::Recover() {
  // First, since a database that is closed and does not open cannot be read.
  VOUCH_RETURN_IF_ERROR(ProbeSpace(options_.path, kProbeBytes));
  // Held across I/O: whoever wants to read must wait for the new engine.
  MutexLock lock(mutex_);
  if (engine_.ok()) {
    if ((*engine_)->health() == Health::kSound) return engine_;
    if (engine_->use_count() > 1) {
      return Error(Reason::kStoreFull,
                   "the disk was full; writes go on once the reads that are "
                   "under way have ended");
    }
    *engine_ = nullptr;
  }
  engine_ = RocksDbEngine::Open(options_);
  return engine_;
}

absl::Status RocksDbStore::Write(WriteBatch batch, Durability durability) {
  if (batch.empty()) {
    return durability == Durability::kSynced ? Sync() : absl::OkStatus();
  }
  VOUCH_RETURN_IF_ERROR(CheckBatchLimits(batch));
  VOUCH_RETURN_IF_ERROR(reserve_.Admit(batch.size_bytes(), durability));
  VOUCH_ASSIGN_OR_RETURN(const auto engine, Writable());
  return engine->Write(batch, durability);
}

absl::Status RocksDbStore::Sync() {
  VOUCH_ASSIGN_OR_RETURN(const auto engine, Writable());
  return engine->Sync();
}

absl::Status RocksDbStore::Compact(Family family) {
  VOUCH_ASSIGN_OR_RETURN(const auto engine, Writable());
  // The family is written beside itself before its old files go.
  VOUCH_RETURN_IF_ERROR(reserve_.Admit(0, Durability::kSynced));
  return engine->Compact(family);
}

std::unique_ptr<Reader> RocksDbStore::Snapshot() const {
  EngineOr engine = Readable();
  if (!engine.ok()) return FailedReader(engine.status());
  return std::make_unique<RocksDbSnapshot>(*std::move(engine));
}

absl::Status RocksDbStore::Checkpoint(const std::string& folder) {
  if (FileExists(folder)) {
    return Error(Reason::kAlreadyExists,
                 absl::StrCat(folder, " exists already"));
  }
  // Table files are linked; what is in memory is flushed, which the reserve
  // has room for.
  VOUCH_RETURN_IF_ERROR(reserve_.Admit(0, Durability::kSynced));
  VOUCH_ASSIGN_OR_RETURN(const auto engine, Writable());
  return engine->Checkpoint(folder);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(
    const RocksDbOptions& options) {
  VOUCH_RETURN_IF_ERROR(EnsureFolder(options.path, options.create_if_missing));
  VOUCH_ASSIGN_OR_RETURN(
      FolderLock lock, FolderLock::Acquire(options.path, options.lock_wait_ms));
  if (!FileExists(options.path + "/CURRENT")) {
    if (!options.create_if_missing) {
      return Error(Reason::kNotFound,
                   absl::StrCat("there is no store in ", options.path));
    }
    SpaceReserve reserve(ReserveOf(options), options.path, options.free_bytes);
    VOUCH_RETURN_IF_ERROR(reserve.Admit(0, Durability::kSynced));
  }
  VOUCH_ASSIGN_OR_RETURN(auto engine, RocksDbEngine::Open(options));
  auto store = std::make_unique<RocksDbStore>(options, std::move(lock),
                                              std::move(engine));
  VOUCH_RETURN_IF_ERROR(CheckOrCreateFormat(*store, options.format_version));
  return store;
}

}  // namespace vouch
