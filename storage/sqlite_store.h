// The device's engine: a Store in SQLite, one table per Family.
//
//   SqliteOptions options;
//   options.path = folder;
//   VOUCH_ASSIGN_OR_RETURN(auto store, OpenSqliteStore(options));
//
// Thread-safe: one connection writes, others read beside it. SQLite keeps no
// checksums of its own, so each pair carries a CRC-32 of family, key and value
// that is verified at each read.
//
// Durability: a write-ahead log. kSynced fsyncs it at commit, with all buffered
// writes before; kBuffered leaves that to the next sync or checkpoint. After a
// power loss the log is replayed up to its first damaged or missing record.
// After a failed fsync the store refuses writes until it is reopened, since
// what the system dropped then would tear a hole under later writes.
#ifndef VOUCH_STORAGE_SQLITE_STORE_H_
#define VOUCH_STORAGE_SQLITE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/format.h"
#include "storage/store.h"

namespace vouch {

// More open snapshots than this fail with STORE_IO at their first read.
inline constexpr int kSqliteSnapshotsMax = 64;

struct SqliteOptions {
  // The folder. It holds nothing but the store.
  std::string path;
  // Makes the folder and the store if there is none; the folder's parent must
  // exist. Otherwise that is NOT_FOUND.
  bool create_if_missing = true;
  // How long to wait for another process that has it open, before STORE_LOCKED.
  int64_t lock_wait_ms = 0;
  // Writes are refused with STORE_FULL that would leave less free space than
  // this.
  uint64_t reserve_bytes = uint64_t{64} << 20;
  // How much is free, in bytes; null asks the file system. For tests.
  std::function<uint64_t()> free_bytes;
  // The newest format that it reads, and that of a new store. For tests of what
  // comes next.
  uint64_t format_version = kStoreFormatVersion;
  // Pages kept in memory by each connection, up to this.
  size_t cache_bytes = size_t{4} << 20;
};

// Errors: STORE_LOCKED, STORE_NEWER (no file of the store was changed),
// STORE_CORRUPTED, STORE_FULL (a new store), STORE_IO, NOT_FOUND.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(
    const SqliteOptions& options);

}  // namespace vouch

#endif  // VOUCH_STORAGE_SQLITE_STORE_H_
