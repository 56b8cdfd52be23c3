// Backups of a serving centre: one at a time, each on a thread of its own.
//
//   BackupRunner runner(folder, committer);
//   auto report = runner.BackUp("/mnt/backup/centre");   // waits for it
//
// Thread-safe. Stop ends the one under way at its next batch: that backup
// stays what it was before.
#ifndef VOUCH_SERVER_BACKUP_RUNNER_H_
#define VOUCH_SERVER_BACKUP_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/backup_folder.h"
#include "server/committer.h"
#include "server/condition.h"
#include "server/thread.h"

namespace vouch {

// A first backup of a large centre to a slow disk takes hours; the next run
// goes on where one that was cut off stopped.
inline constexpr int64_t kBackupMsMax = int64_t{12} * 3600 * 1000;

class BackupRunner {
 public:
  // Both outlive it.
  BackupRunner(const CentreFolder* folder, Committer* committer)
      : folder_(folder), committer_(committer) {}
  ~BackupRunner() { Stop(); }
  BackupRunner(const BackupRunner&) = delete;
  BackupRunner& operator=(const BackupRunner&) = delete;

  // Noted as stable on return. Errors: STORE_LOCKED (one is under way),
  // DEADLINE, SHUTTING_DOWN, those of BackUpCentre.
  absl::StatusOr<BackupReport> BackUp(const std::string& path);

  // Waits for the thread. After it BackUp gives SHUTTING_DOWN.
  void Stop();

 private:
  absl::StatusOr<BackupReport> Run(const std::string& path);

  const CentreFolder* const folder_;
  Committer* const committer_;
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  Condition ended_;
  bool running_ VOUCH_GUARDED_BY(mutex_) = false;
  NamedThread thread_ VOUCH_GUARDED_BY(mutex_);
};

}  // namespace vouch

#endif  // VOUCH_SERVER_BACKUP_RUNNER_H_
