// A centre's stores from a backup: proven, copied, proven again at their new
// place, and renewed, so that the restored centre never writes where the lost
// one wrote (rules 13 and 22).
//
//   RestoreStores(backup, live, {main, authority}, options);
//   … then Centre::Open on both, which takes over the authority's rows,
//   carries out the erasures and makes the views
//
// Pure over stores. One thread. The stores restored to are new ones; if it
// fails or is cut off they are to be thrown away.
#ifndef VOUCH_STORAGE_REPLICA_RESTORE_H_
#define VOUCH_STORAGE_REPLICA_RESTORE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "storage/replica/backup.h"

namespace vouch {

struct RestoreTarget {
  Store* main = nullptr;
  Store* authority = nullptr;
};

struct RestoreReport {
  BackupManifest manifest;  // of the backup
  HistoryId history;        // that the restored centre writes
  CopyCount copied;
  std::vector<BackupFile> files;
};

// `live` is the authority store that survived, under the same master key;
// null: the backup's copy is all there is. `options.provider` is needed.
// Synced on return. Errors: those of VerifyBackup, STORE_KEY_WRONG,
// ALREADY_EXISTS (a store restored to is not new), AUTHORITY_MISMATCH (`live`
// is of another centre).
absl::StatusOr<RestoreReport> RestoreStores(const BackupReader& backup,
                                            const Reader* live,
                                            const RestoreTarget& target,
                                            const BackupOptions& options);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_RESTORE_H_
