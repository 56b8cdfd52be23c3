// A backup of a centre: three stores beside each other, brought up to the
// centre's log from one snapshot while it serves, and proven.
//
//   BackupSource source = …;              // a snapshot, and a signed tree head
//   VOUCH_ASSIGN_OR_RETURN(auto report, BackUp(source, target, options));
//   centre->NoteStable(report.manifest.head);
//
//   log        changes, sealed payloads, segments, log, tiles; never a key.
//              It only grows. Its manifest is written last: without it, or
//              behind it, nothing counts.
//   keys       family key as it is now: an erased payload's key is gone with
//              the next backup. And the centre's private files, sealed.
//   authority  the authority store as it is now.
//
// Pure over stores: no thread, no clock, no file. One thread at a time on a
// target. Cut off anywhere, or refused by a full disk, the backup is the one
// it was, and the next run goes on from where this one stopped.
#ifndef VOUCH_STORAGE_REPLICA_BACKUP_H_
#define VOUCH_STORAGE_REPLICA_BACKUP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/replica/backup_copy.h"
#include "storage/replica/key_ring.h"
#include "storage/store.h"
#include "sync/core/log_entry.h"

namespace vouch {

// Family meta of the target `keys`: `file:` ‖ name → sealed bytes.
inline constexpr absl::string_view kBackupFilePrefix = "file:";
inline constexpr size_t kBackupFilesMax = 64;

// What a backup is of, and how far it is proven.
struct BackupManifest {
  TreeHead head;  // signed by the centre
  PublicKey centre_key;
  RecordId centre;
  int64_t time_ms = 0;  // when it was made
};

struct BackupFile {
  std::string name;
  std::string bytes;
};

struct BackupSource {
  const Reader* log = nullptr;        // a snapshot of the centre's store
  const Reader* authority = nullptr;  // of its authority store; null: it has
                                      // none, and `log` has the grants
  TreeHead head;  // signed, of no more entries than the snapshot has
  PublicKey centre_key;
  RecordId centre;
  int64_t now_ms = 0;
  std::vector<BackupFile> files;  // kept sealed under the store's key
};

struct BackupTarget {
  Store* log = nullptr;
  Store* keys = nullptr;
  Store* authority = nullptr;
};
struct BackupReader {
  const Reader* log = nullptr;
  const Reader* keys = nullptr;
  const Reader* authority = nullptr;
};

struct BackupOptions {
  // Opens the bodies, so that each copied one is compared with its commitment.
  KeyProvider* provider = nullptr;
  Random* random = nullptr;
  StopCheck stop;
};

struct BackupReport {
  BackupManifest manifest;
  uint64_t from_size = 0;  // entries that were proven before
  CopyCount copied;
  MirrorCount keys;
};

// Synced on return. Errors: HISTORY_DIVERGED (the target holds entries that
// the centre does not: it stays as it is), ALREADY_EXISTS (it is a backup of
// another centre), PROOF_INVALID, CHAIN_BROKEN and SIGNATURE_INVALID (what was
// copied is not what was signed), STORE_* of source or target, that of `stop`.
absl::StatusOr<BackupReport> BackUp(const BackupSource& source,
                                    const BackupTarget& target,
                                    const BackupOptions& options);

// NOT_FOUND: no backup was ever finished there.
absl::StatusOr<BackupManifest> ReadManifest(const Reader& log);

// Proves a whole backup from its own bytes. Without a provider the bodies are
// only looked for. Errors as BackUp's; NOT_FOUND.
absl::StatusOr<BackupManifest> VerifyBackup(const BackupReader& backup,
                                            const BackupOptions& options);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_BACKUP_H_
