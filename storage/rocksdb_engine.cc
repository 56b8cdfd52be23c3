#include "storage/rocksdb_engine.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/engine.h"
#include "storage/folder.h"
#include "storage/format.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint64_t kWalTotalBytesMax = uint64_t{256} << 20;
constexpr int kBloomBitsPerKey = 10;
// The bytes of a put or delete that RocksDB keeps beside key and value.
constexpr size_t kBatchEntryOverheadBytes = 16;

rocksdb::Slice SliceOf(absl::string_view bytes) {
  return rocksdb::Slice(bytes.data(), bytes.size());
}

absl::string_view ViewOf(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

// RocksDB's range deletion needs an end: one key above every permitted one.
const std::string& AboveAllKeys() {
  static const auto* const kKey =
      new std::string(kStoreKeyBytesMax + 1, '\xff');
  return *kKey;
}

// Without a known family the text still says where the damage is.
absl::Status StatusOf(const rocksdb::Status& status,
                      std::optional<Family> family) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  if (status.IsCorruption()) {
    if (family.has_value()) return CorruptedIn(*family, text);
    return Error(
        Reason::kStoreCorrupted,
        absl::StrCat("damaged bytes in the store's own files: ", text));
  }
  if (status.IsIOError() && absl::StrContains(text, "While lock file")) {
    return Error(Reason::kStoreLocked, text);
  }
  return Error(Reason::kStoreIo, text);
}

// In place of RocksDB's text log. Debian builds RocksDB with assertions, and
// its log file aborts the process at the second line it cannot write, as on a
// full disk. What the log would say of errors, our statuses say.
class SilentLog : public rocksdb::Logger {
 public:
  SilentLog() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// One family's settings. Sealed bytes, wrapped keys and hashes are random and
// are not worth a compressor's time.
rocksdb::ColumnFamilyOptions FamilyOptions(
    const RocksDbOptions& options, Family family,
    const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  rocksdb::ColumnFamilyOptions result;
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  result.write_buffer_size =
      std::max<size_t>(options.write_buffer_bytes / 2, 1);
  result.level_compaction_dynamic_level_bytes = true;
  switch (family) {
    case Family::kPayload:
    case Family::kKey:
    case Family::kMerkleTile:
    case Family::kRecordState:
    case Family::kConflict:
      result.compression = rocksdb::kNoCompression;
      break;
    default: {
      const auto known = rocksdb::GetSupportedCompressions();
      const bool lz4 = std::find(known.begin(), known.end(),
                                 rocksdb::kLZ4Compression) != known.end();
      result.compression =
          lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
    }
  }
  return result;
}

rocksdb::DBOptions EngineOptions(const RocksDbOptions& options) {
  rocksdb::DBOptions result;
  result.create_if_missing = options.create_if_missing;
  result.create_missing_column_families = true;
  result.paranoid_checks = true;
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  result.track_and_verify_wals_in_manifest = true;
  result.max_total_wal_size = kWalTotalBytesMax;
  result.db_write_buffer_size = options.write_buffer_bytes;
  result.max_open_files = options.open_files_max;
  result.max_background_jobs = options.background_jobs_max;
  result.max_bgerror_resume_count = 0;  // RocksDbStore recovers
  result.info_log = std::make_shared<SilentLog>();
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  result.skip_stats_update_on_db_open = true;
  return result;
}

// Reads the format marker without changing a file: opening a newer store for
// writing would already rewrite its manifest. The caller holds the folder.
absl::Status CheckFormatOnDisk(const std::string& path, uint64_t newest) {
  if (!FileExists(path + "/CURRENT")) return absl::OkStatus();
  rocksdb::DBOptions options;
  options.info_log = std::make_shared<SilentLog>();
  // As they are written: without it RocksDB would strike the logs that the
  // manifest names from it, which a database that is only read cannot do. It
  // ends the process instead.
  options.track_and_verify_wals_in_manifest = true;
  std::vector<std::string> names;
  VOUCH_RETURN_IF_ERROR(StatusOf(
      rocksdb::DB::ListColumnFamilies(options, path, &names), std::nullopt));
  const std::string meta(FamilyName(Family::kMeta));
  if (std::find(names.begin(), names.end(), meta) == names.end()) {
    return absl::OkStatus();  // a crash interrupted its making
  }
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  VOUCH_RETURN_IF_ERROR(StatusOf(
      rocksdb::DB::OpenForReadOnly(
          options, path, {{rocksdb::kDefaultColumnFamilyName, {}}, {meta, {}}},
          &handles, &raw),
      std::nullopt));
  const std::unique_ptr<rocksdb::DB> db(raw);
  std::string value;
  const rocksdb::Status read = db->Get(rocksdb::ReadOptions(), handles[1],
                                       SliceOf(kStoreFormatKey), &value);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    // Can only fail for a handle of another database.
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  if (read.IsNotFound()) return absl::OkStatus();
  VOUCH_RETURN_IF_ERROR(StatusOf(read, Family::kMeta));
  return CheckFormatValue(value, newest);
}

}  // namespace

// Hears of errors on whichever thread they happen. RocksDB takes no writes
// after a hard one.
class RocksDbEngine::ErrorWatch : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason,
                         rocksdb::Status* error) override {
    if (error->IsNoSpace()) {
      Health sound = Health::kSound;  // a failure outweighs a full disk
      health_.compare_exchange_strong(sound, Health::kFull);
    } else if (error->severity() >= rocksdb::Status::kHardError) {
      health_ = Health::kFailed;
    }
  }
  // RocksDB's own recovery runs beside us, would keep us from closing the
  // database, and fails as RocksDbStore::Recover explains.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
  Health health() const { return health_; }

 private:
  std::atomic<Health> health_{Health::kSound};
};

RocksDbEngine::RocksDbEngine(std::unique_ptr<rocksdb::DB> db,
                             const Handles& handles,
                             std::shared_ptr<ErrorWatch> watch)
    : db_(std::move(db)), handles_(handles), watch_(std::move(watch)) {}

RocksDbEngine::~RocksDbEngine() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    // Can only fail for a handle of another database.
    db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  // What it could still report, it reported to Sync, or nobody asked.
  db_->Close().PermitUncheckedError();
}

absl::StatusOr<std::shared_ptr<RocksDbEngine>> RocksDbEngine::Open(
    const RocksDbOptions& options) {
  VOUCH_RETURN_IF_ERROR(
      CheckFormatOnDisk(options.path, options.format_version));
  auto watch = std::make_shared<ErrorWatch>();
  rocksdb::DBOptions engine = EngineOptions(options);
  engine.listeners.push_back(watch);
  const std::shared_ptr<rocksdb::Cache> cache =
      rocksdb::NewLRUCache(options.cache_bytes);
  // RocksDB insists on a family "default". It stays empty.
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, {}}};
  for (int i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    families.push_back({std::string(FamilyName(family)),
                        FamilyOptions(options, family, cache)});
  }
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> all;
  VOUCH_RETURN_IF_ERROR(
      StatusOf(rocksdb::DB::Open(engine, options.path, families, &all, &raw),
               std::nullopt));
  std::unique_ptr<rocksdb::DB> db(raw);
  db->DestroyColumnFamilyHandle(all[0]).PermitUncheckedError();
  Handles handles;
  std::copy(all.begin() + 1, all.end(), handles.begin());
  return std::shared_ptr<RocksDbEngine>(
      new RocksDbEngine(std::move(db), handles, std::move(watch)));
}

RocksDbEngine::Health RocksDbEngine::health() const { return watch_->health(); }

absl::StatusOr<std::string> RocksDbEngine::Get(
    Family family, absl::string_view key,
    const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.verify_checksums = true;
  std::string value;
  const rocksdb::Status status =
      db_->Get(options, HandleOf(family), SliceOf(key), &value);
  if (status.IsNotFound()) return NotFoundIn(family);
  VOUCH_RETURN_IF_ERROR(StatusOf(status, family));
  return value;
}

absl::Status RocksDbEngine::Scan(Family family, bool reverse,
                                 absl::string_view begin, absl::string_view end,
                                 const Reader::Visitor& visit,
                                 const rocksdb::Snapshot* snapshot) const {
  if (IsEmptyRange(begin, end)) return absl::OkStatus();
  const rocksdb::Slice lower = SliceOf(begin);
  const rocksdb::Slice upper = SliceOf(end);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.verify_checksums = true;
  options.iterate_lower_bound = &lower;
  if (!end.empty()) options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(
      db_->NewIterator(options, HandleOf(family)));
  reverse ? it->SeekToLast() : it->SeekToFirst();
  while (it->Valid() && visit(ViewOf(it->key()), ViewOf(it->value()))) {
    reverse ? it->Prev() : it->Next();
  }
  return StatusOf(it->status(), family);
}

const rocksdb::Snapshot* RocksDbEngine::TakeSnapshot() {
  return db_->GetSnapshot();
}

void RocksDbEngine::Release(const rocksdb::Snapshot* snapshot) {
  db_->ReleaseSnapshot(snapshot);
}

absl::Status RocksDbEngine::Report(const rocksdb::Status& status) const {
  if (!status.IsCorruption()) return StatusOf(status, std::nullopt);
  const std::string text = status.ToString();
  std::vector<rocksdb::LiveFileMetaData> files;
  db_->GetLiveFilesMetaData(&files);
  for (const rocksdb::LiveFileMetaData& file : files) {
    if (!absl::StrContains(text, file.name)) continue;
    for (int i = 0; i < kFamilyCount; ++i) {
      const Family family = static_cast<Family>(i);
      if (file.column_family_name == std::string(FamilyName(family))) {
        return CorruptedIn(family, text);
      }
    }
  }
  return StatusOf(status, std::nullopt);
}

absl::Status RocksDbEngine::Write(const WriteBatch& batch,
                                  Durability durability) {
  rocksdb::WriteBatch out(batch.size_bytes() +
                          kBatchEntryOverheadBytes * batch.entries().size());
  for (const WriteBatch::Entry& entry : batch.entries()) {
    rocksdb::ColumnFamilyHandle* handle = HandleOf(entry.family);
    const rocksdb::Slice key = SliceOf(entry.key);
    rocksdb::Status status;
    switch (entry.op) {
      case WriteBatch::Op::kPut:
        status = out.Put(handle, key, SliceOf(entry.value));
        break;
      case WriteBatch::Op::kDelete:
        status = out.Delete(handle, key);
        break;
      case WriteBatch::Op::kDeleteRange:
        status = out.DeleteRange(
            handle, key,
            SliceOf(entry.value.empty() ? AboveAllKeys() : entry.value));
        break;
    }
    VOUCH_RETURN_IF_ERROR(StatusOf(status, entry.family));
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  return Report(db_->Write(options, &out));
}

absl::Status RocksDbEngine::Sync() { return Report(db_->SyncWAL()); }

absl::Status RocksDbEngine::Compact(Family family) {
  // Every family, so that no write-ahead log is needed any more; one that is
  // not needed is deleted.
  VOUCH_RETURN_IF_ERROR(Report(db_->Flush(
      rocksdb::FlushOptions(), std::vector<rocksdb::ColumnFamilyHandle*>(
                                   handles_.begin(), handles_.end()))));
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction =
      rocksdb::BottommostLevelCompaction::kForce;
  return Report(db_->CompactRange(options, HandleOf(family), nullptr, nullptr));
}

absl::Status RocksDbEngine::Checkpoint(const std::string& folder) {
  rocksdb::Checkpoint* raw = nullptr;
  VOUCH_RETURN_IF_ERROR(Report(rocksdb::Checkpoint::Create(db_.get(), &raw)));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  return Report(checkpoint->CreateCheckpoint(folder));
}

}  // namespace vouch
