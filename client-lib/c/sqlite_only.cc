// libvouch.so has one engine, SQLite, which is what devices use: Debian's
// static RocksDB cannot be linked into a shared library, and the shared one
// brings eight megabytes. vouch.h has no way to ask for another.
#include "storage/rocksdb_store.h"
#include "sync/base/status.h"

namespace vouch {

absl::StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(
    const RocksDbOptions& options) {
  return Error(Reason::kMalformed, "this libvouch has no RocksDB");
}

}  // namespace vouch
