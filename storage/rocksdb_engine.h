// One opened RocksDB database, for rocksdb_store.cc. A store outlives its
// engine: after a full disk it closes one and opens another.
//
// Thread-safe.
#ifndef VOUCH_STORAGE_ROCKSDB_ENGINE_H_
#define VOUCH_STORAGE_ROCKSDB_ENGINE_H_

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/rocksdb_store.h"
#include "storage/store.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Snapshot;
class Status;
}  // namespace rocksdb

namespace vouch {

class RocksDbEngine {
 public:
  enum class Health {
    kSound,
    kFull,    // the disk was full: no writes until the database is reopened
    kFailed,  // another error; what the last writes left is unknown
  };

  // The folder is there and ours. STORE_NEWER changes no file. Other errors as
  // OpenRocksDbStore gives them.
  static absl::StatusOr<std::shared_ptr<RocksDbEngine>> Open(
      const RocksDbOptions& options);
  ~RocksDbEngine();

  Health health() const;

  // Reads at `snapshot`, or the newest state if it is null.
  absl::StatusOr<std::string> Get(Family family, absl::string_view key,
                                  const rocksdb::Snapshot* snapshot) const;
  absl::Status Scan(Family family, bool reverse, absl::string_view begin,
                    absl::string_view end, const Reader::Visitor& visit,
                    const rocksdb::Snapshot* snapshot) const;
  const rocksdb::Snapshot* TakeSnapshot();
  void Release(const rocksdb::Snapshot* snapshot);

  absl::Status Write(const WriteBatch& batch, Durability durability);
  absl::Status Sync();
  absl::Status Compact(Family family);
  absl::Status Checkpoint(const std::string& folder);

 private:
  class ErrorWatch;
  using Handles = std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount>;

  RocksDbEngine(std::unique_ptr<rocksdb::DB> db, const Handles& handles,
                std::shared_ptr<ErrorWatch> watch);
  rocksdb::ColumnFamilyHandle* HandleOf(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }
  // Names the family of the table file that a corruption's text names.
  absl::Status Report(const rocksdb::Status& status) const;

  const std::unique_ptr<rocksdb::DB> db_;
  const Handles handles_;
  const std::shared_ptr<ErrorWatch> watch_;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_ROCKSDB_ENGINE_H_
