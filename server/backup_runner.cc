#include "server/backup_runner.h"

#include <utility>

#include "server/log.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status ShuttingDown() {
  return Error(Reason::kShuttingDown, "the server is shutting down");
}

}  // namespace

absl::StatusOr<BackupReport> BackupRunner::BackUp(const std::string& path) {
  absl::StatusOr<BackupReport> report = ShuttingDown();
  MutexLock lock(mutex_);
  if (stopping_) return report;
  if (running_) {
    return Error(Reason::kStoreLocked, "another backup is under way");
  }
  running_ = true;
  bool done = false;
  // The thread of the run before has ended, or is about to: it is joined here.
  thread_ = NamedThread("vouch-backup", [&, this] {
    absl::StatusOr<BackupReport> result = Run(path);
    MutexLock told(mutex_);
    report = std::move(result);
    done = true;
    running_ = false;
    ended_.NotifyAll();
  });
  while (!done) ended_.Wait(mutex_);
  return report;
}

absl::StatusOr<BackupReport> BackupRunner::Run(const std::string& path) {
  const Clock* clock = folder_->parts().clock;
  const uint64_t begin_ms = clock->Now().monotonic_ms;
  auto took_ms = [&] { return clock->Now().monotonic_ms - begin_ms; };
  auto report = BackUpCentre(*folder_, path, [&]() -> absl::Status {
    if (stopping_) return ShuttingDown();
    if (took_ms() <= uint64_t{kBackupMsMax}) return absl::OkStatus();
    return Error(Reason::kDeadline,
                 "the backup took over 12 hours; the next run goes on");
  });
  if (report.ok()) {
    absl::Status noted = committer_->NoteStable(report->manifest.head);
    if (!noted.ok()) report = noted;
  }
  if (!report.ok()) {
    Log(LogLevel::kError, "backup failed",
        {{"reason", LogReason(report.status())},
         {"text", report.status().message()}});
    return report;
  }
  Log(LogLevel::kInfo, "backup done",
      {{"log_entries", report->manifest.head.size},
       {"copied", report->copied.changes},
       {"bytes", report->copied.bytes},
       {"ms", took_ms()}});
  return report;
}

void BackupRunner::Stop() {
  stopping_ = true;
  MutexLock lock(mutex_);
  while (running_) ended_.Wait(mutex_);
  thread_.Join();
}

}  // namespace vouch
