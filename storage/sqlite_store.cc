#include "storage/sqlite_store.h"

#include <stdio.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/engine.h"
#include "storage/folder.h"
#include "storage/format.h"
#include "storage/mutex.h"
#include "storage/space_reserve.h"
#include "storage/sqlite_connection.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr char kFile[] = "/vouch.db";
constexpr size_t kIdleReadersMax = 4;

class SqliteStore : public Store {
 public:
  SqliteStore(const SqliteOptions& options, FolderLock lock,
              std::unique_ptr<SqliteConnection> writer)
      : file_(options.path + kFile),
        cache_bytes_(options.cache_bytes),
        lock_(std::move(lock)),
        reserve_(options.reserve_bytes, options.path, options.free_bytes),
        writer_(std::move(writer)) {}
  ~SqliteStore() override { VOUCH_CHECK(snapshots_ == 0); }

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override;
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end, const Visitor& visit) const override;
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override;

  absl::Status Write(WriteBatch batch, Durability durability) override;
  absl::Status Sync() override;
  std::unique_ptr<Reader> Snapshot() const override;
  absl::Status Checkpoint(const std::string& folder) override;

 private:
  class Lease;
  class SnapshotReader;

  // A connection for one reader alone: a second read on a busy connection
  // would see the first one's moment, not the newest.
  absl::StatusOr<std::unique_ptr<SqliteConnection>> TakeReader() const;
  void ReturnReader(std::unique_ptr<SqliteConnection> reader) const;
  void SnapshotEnded() const;
  absl::Status CheckWritable() const VOUCH_REQUIRES(write_mutex_);

  const std::string file_;
  const size_t cache_bytes_;
  const FolderLock lock_;
  SpaceReserve reserve_;
  // Held across a commit: SQLite has one writer, and a queue for it here is
  // better than one that polls for the file lock.
  mutable Mutex write_mutex_;
  const std::unique_ptr<SqliteConnection> writer_;
  bool unsynced_ VOUCH_GUARDED_BY(write_mutex_) = true;
  mutable Mutex readers_mutex_;
  // After writer_, so that the last to close is the writer, which tidies up.
  mutable std::vector<std::unique_ptr<SqliteConnection>> idle_readers_
      VOUCH_GUARDED_BY(readers_mutex_);
  mutable int snapshots_ VOUCH_GUARDED_BY(readers_mutex_) = 0;
};

// A connection borrowed for one call.
class SqliteStore::Lease {
 public:
  explicit Lease(const SqliteStore* store)
      : store_(store), reader_(store->TakeReader()) {}
  ~Lease() {
    if (reader_.ok()) store_->ReturnReader(*std::move(reader_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  const absl::Status& status() const { return reader_.status(); }
  SqliteConnection* operator->() { return reader_->get(); }

 private:
  const SqliteStore* const store_;
  absl::StatusOr<std::unique_ptr<SqliteConnection>> reader_;
};

class SqliteStore::SnapshotReader : public Reader {
 public:
  SnapshotReader(const SqliteStore* store,
                 std::unique_ptr<SqliteConnection> reader)
      : store_(store), reader_(std::move(reader)) {}
  ~SnapshotReader() override {
    // A connection that cannot end its transaction is not used again.
    if (reader_->EndSnapshot().ok()) store_->ReturnReader(std::move(reader_));
    reader_.reset();
    store_->SnapshotEnded();
  }

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    return reader_->Get(family, key);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    return reader_->Scan(family, begin, end, visit);
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    return reader_->ScanReverse(family, begin, end, visit);
  }

 private:
  const SqliteStore* const store_;
  std::unique_ptr<SqliteConnection> reader_;
};

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteStore::TakeReader()
    const {
  {
    MutexLock lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      std::unique_ptr<SqliteConnection> reader =
          std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  VOUCH_ASSIGN_OR_RETURN(
      auto reader,
      SqliteConnection::Open(file_, /*create=*/false, cache_bytes_));
  VOUCH_RETURN_IF_ERROR(reader->MakeReadOnly());
  return reader;
}

void SqliteStore::ReturnReader(std::unique_ptr<SqliteConnection> reader) const {
  MutexLock lock(readers_mutex_);
  if (idle_readers_.size() < kIdleReadersMax) {
    idle_readers_.push_back(std::move(reader));
  }
}

void SqliteStore::SnapshotEnded() const {
  {
    MutexLock lock(readers_mutex_);
    if (--snapshots_ > 0) return;
  }
  // Commits made beside an open snapshot could not copy the whole log.
  if (!writer_->log_is_long()) return;
  MutexLock lock(write_mutex_);
  if (!writer_->io_failed()) writer_->CopyLog();
}

absl::StatusOr<std::string> SqliteStore::Get(Family family,
                                             absl::string_view key) const {
  Lease reader(this);
  VOUCH_RETURN_IF_ERROR(reader.status());
  return reader->Get(family, key);
}

absl::Status SqliteStore::Scan(Family family, absl::string_view begin,
                               absl::string_view end,
                               const Visitor& visit) const {
  Lease reader(this);
  VOUCH_RETURN_IF_ERROR(reader.status());
  return reader->Scan(family, begin, end, visit);
}

absl::Status SqliteStore::ScanReverse(Family family, absl::string_view begin,
                                      absl::string_view end,
                                      const Visitor& visit) const {
  Lease reader(this);
  VOUCH_RETURN_IF_ERROR(reader.status());
  return reader->ScanReverse(family, begin, end, visit);
}

absl::Status SqliteStore::CheckWritable() const {
  if (!writer_->io_failed()) return absl::OkStatus();
  return Error(Reason::kStoreIo,
               "an earlier write or sync failed on disk; reopen the store");
}

absl::Status SqliteStore::Write(WriteBatch batch, Durability durability) {
  const bool synced = durability == Durability::kSynced;
  if (batch.empty()) return synced ? Sync() : absl::OkStatus();
  VOUCH_RETURN_IF_ERROR(CheckBatchLimits(batch));
  VOUCH_RETURN_IF_ERROR(reserve_.Admit(batch.size_bytes(), durability));
  MutexLock lock(write_mutex_);
  VOUCH_RETURN_IF_ERROR(CheckWritable());
  VOUCH_RETURN_IF_ERROR(writer_->Commit(batch, synced));
  unsynced_ = !synced;
  return absl::OkStatus();
}

absl::Status SqliteStore::Sync() {
  MutexLock lock(write_mutex_);
  VOUCH_RETURN_IF_ERROR(CheckWritable());
  if (!unsynced_) return absl::OkStatus();
  VOUCH_RETURN_IF_ERROR(writer_->SyncLog());
  unsynced_ = false;
  return absl::OkStatus();
}

std::unique_ptr<Reader> SqliteStore::Snapshot() const {
  {
    MutexLock lock(readers_mutex_);
    if (snapshots_ >= kSqliteSnapshotsMax) {
      return FailedReader(Error(
          Reason::kStoreIo, absl::StrCat(snapshots_, " snapshots are open")));
    }
    ++snapshots_;
  }
  absl::Status status;
  absl::StatusOr<std::unique_ptr<SqliteConnection>> reader = TakeReader();
  status = reader.status();
  if (status.ok()) status = (*reader)->BeginSnapshot();
  if (status.ok()) {
    return std::make_unique<SnapshotReader>(this, *std::move(reader));
  }
  MutexLock lock(readers_mutex_);
  --snapshots_;
  return FailedReader(std::move(status));
}

absl::Status SqliteStore::Checkpoint(const std::string& folder) {
  Lease reader(this);
  VOUCH_RETURN_IF_ERROR(reader.status());
  VOUCH_ASSIGN_OR_RETURN(const uint64_t size_bytes, reader->SizeBytes());
  VOUCH_RETURN_IF_ERROR(reserve_.Admit(size_bytes, Durability::kSynced));
  VOUCH_RETURN_IF_ERROR(MakeNewFolder(folder));
  absl::Status status = reader->CopyTo(folder + kFile);
  if (status.ok()) return SyncFolder(folder);
  // Half a copy must not pass for one. If the removal fails too, the folder
  // still does not open as a store with other content: it is empty or refused.
  remove((folder + kFile).c_str());
  remove(folder.c_str());
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(
    const SqliteOptions& options) {
  VOUCH_RETURN_IF_ERROR(EnsureFolder(options.path, options.create_if_missing));
  VOUCH_ASSIGN_OR_RETURN(
      FolderLock lock, FolderLock::Acquire(options.path, options.lock_wait_ms));
  const std::string file = options.path + kFile;
  const bool fresh = !FileExists(file);
  if (fresh && !options.create_if_missing) {
    return Error(Reason::kNotFound,
                 absl::StrCat("there is no store in ", options.path));
  }
  if (fresh) {
    SpaceReserve reserve(options.reserve_bytes, options.path,
                         options.free_bytes);
    VOUCH_RETURN_IF_ERROR(reserve.Admit(0, Durability::kSynced));
  }
  VOUCH_ASSIGN_OR_RETURN(
      auto writer, SqliteConnection::Open(file, fresh, options.cache_bytes));
  // Until the format is known to be ours, not even the log may be copied.
  writer->SetCheckpointOnClose(false);
  absl::StatusOr<std::string> format = writer->ReadFormat();
  if (format.ok()) {
    VOUCH_RETURN_IF_ERROR(CheckFormatValue(*format, options.format_version));
  } else if (ReasonOf(format.status()) != Reason::kNotFound) {
    return format.status();
  }
  writer->SetCheckpointOnClose(true);
  VOUCH_RETURN_IF_ERROR(writer->MakeTables());
  auto store = std::make_unique<SqliteStore>(options, std::move(lock),
                                             std::move(writer));
  VOUCH_RETURN_IF_ERROR(CheckOrCreateFormat(*store, options.format_version));
  return store;
}

}  // namespace vouch
