// The server's engine: a Store in RocksDB, one column family per Family.
//
//   RocksDbOptions options;
//   options.path = "/var/lib/vouchd/store";
//   VOUCH_ASSIGN_OR_RETURN(auto store, OpenRocksDbStore(options));
//
// Thread-safe; synced writes of several threads share one fsync. Every block,
// log record and manifest record carries a checksum, verified at each read.
// RocksDB's own text log is off: what it would say of errors, statuses say.
//
// If the disk fills up under a write in spite of the reserve, the store closes
// the database and opens it again, by itself, at the first write after there
// is space. Open snapshots and scans put that off (STORE_FULL meanwhile).
//
// Durability: every write goes through one write-ahead log, kSynced fsyncs it.
// After a power loss the log is replayed up to its first damaged record. A log
// that was synced and is shorter or absent later is noticed at open; damage
// inside it looks like a crash, and shows in the tree head that the devices
// hold (see "server restored" in sync/README.md).
#ifndef VOUCH_STORAGE_ROCKSDB_STORE_H_
#define VOUCH_STORAGE_ROCKSDB_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/format.h"
#include "storage/store.h"

namespace vouch {

struct RocksDbOptions {
  // The folder. It holds nothing but the store.
  std::string path;
  // Makes the folder and the store if there is none; the folder's parent must
  // exist. Otherwise that is NOT_FOUND.
  bool create_if_missing = true;
  // How long to wait for another process that has it open, before STORE_LOCKED.
  int64_t lock_wait_ms = 0;
  // Writes are refused with STORE_FULL that would leave less free space than
  // this, or than write_buffer_bytes if that is more: what is in memory must
  // still fit.
  uint64_t reserve_bytes = uint64_t{64} << 20;
  // How much is free, in bytes; null asks the file system. For tests.
  std::function<uint64_t()> free_bytes;
  // The newest format that it reads, and that of a new store. For tests of what
  // comes next.
  uint64_t format_version = kStoreFormatVersion;
  // Blocks read are kept in memory up to this.
  size_t cache_bytes = size_t{64} << 20;
  // Unflushed writes of all families are kept in memory up to this.
  size_t write_buffer_bytes = size_t{64} << 20;
  // Table files held open.
  int open_files_max = 512;
  // Threads that flush and compact.
  int background_jobs_max = 2;
};

// Errors: STORE_LOCKED, STORE_NEWER (no file of the store was changed),
// STORE_CORRUPTED, STORE_FULL (a new store), STORE_IO, NOT_FOUND.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(
    const RocksDbOptions& options);

}  // namespace vouch

#endif  // VOUCH_STORAGE_ROCKSDB_STORE_H_
