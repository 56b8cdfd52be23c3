#include "storage/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/clock.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kLockMode = 0600;
constexpr char kLockFile[] = "/vouch.lock";
constexpr char kProbeFile[] = "/vouch.probe.XXXXXX";
constexpr size_t kProbeBlockBytes = size_t{64} << 10;

absl::Status SystemError(absl::string_view what, const std::string& path,
                         int error) {
  const Reason reason = error == ENOSPC || error == EDQUOT ? Reason::kStoreFull
                                                           : Reason::kStoreIo;
  return Error(reason, absl::StrCat(what, " ", path, ": ", strerror(error)));
}

std::string ParentOf(const std::string& path) {
  const size_t last = path.find_last_not_of('/');
  const size_t slash =
      last == std::string::npos ? last : path.find_last_of('/', last);
  if (slash == std::string::npos) return last == slash ? "/" : ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::Status EnsureFolder(const std::string& path, bool create) {
  struct stat about;
  if (stat(path.c_str(), &about) == 0) {
    if (S_ISDIR(about.st_mode)) return absl::OkStatus();
    return Error(Reason::kStoreIo, absl::StrCat(path, " is not a folder"));
  }
  if (errno != ENOENT) return SystemError("looking at", path, errno);
  if (!create) {
    return Error(Reason::kNotFound, absl::StrCat("there is no ", path));
  }
  return MakeNewFolder(path);
}

absl::Status MakeNewFolder(const std::string& path) {
  if (mkdir(path.c_str(), kFolderMode) != 0) {
    if (errno == EEXIST) {
      return Error(Reason::kAlreadyExists,
                   absl::StrCat(path, " exists already"));
    }
    return SystemError("making", path, errno);
  }
  return SyncFolder(ParentOf(path));
}

absl::Status SyncFolder(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return SystemError("opening", path, errno);
  const int error = fsync(file) == 0 ? 0 : errno;
  close(file);
  return error == 0 ? absl::OkStatus() : SystemError("syncing", path, error);
}

uint64_t FreeBytes(const std::string& path) {
  struct statvfs about;
  if (statvfs(path.c_str(), &about) != 0) {
    return std::numeric_limits<uint64_t>::max();
  }
  return uint64_t{about.f_bavail} * about.f_frsize;
}

absl::Status ProbeSpace(const std::string& folder, size_t size_bytes) {
  std::string path = folder + kProbeFile;
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return SystemError("making", path, errno);
  unlink(path.c_str());  // gone with the descriptor, however this ends
  const std::string block(kProbeBlockBytes, '\xa5');
  int error = 0;
  for (size_t done = 0; done < size_bytes && error == 0;) {
    const ssize_t got =
        write(file, block.data(), std::min(block.size(), size_bytes - done));
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (got == 0 || errno != EINTR) {
      error = got == 0 ? EIO : errno;
    }
  }
  if (error == 0 && fsync(file) != 0) error = errno;
  close(file);
  return error == 0 ? absl::OkStatus() : SystemError("probing", folder, error);
}

bool FileExists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

namespace {

// Tells when somebody closes the file, as the holder of a lock does to free it,
// and as the system does for a process that ends.
class CloseWatch {
 public:
  explicit CloseWatch(const std::string& path)
      : file_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (file_ >= 0) {
      inotify_add_watch(file_, path.c_str(), IN_CLOSE_WRITE | IN_CLOSE_NOWRITE);
    }
  }
  ~CloseWatch() {
    if (file_ >= 0) close(file_);
  }
  // Returns when it was closed since the last call, or after `ms`.
  void Wait(int ms) {
    pollfd waiting{file_, POLLIN, 0};
    if (poll(&waiting, 1, ms) <= 0) return;
    char events[4096];
    while (read(file_, events, sizeof(events)) > 0) {
    }
  }

 private:
  const int file_;
};

// flock, not fcntl: a fcntl lock would not exclude this process itself, and
// would be lost as soon as any descriptor of the file is closed.
bool TryLock(int file) { return flock(file, LOCK_EX | LOCK_NB) == 0; }

// It looks so often all the same: the system may have no watch left.
constexpr int kLockLookMs = 20;

bool LockWithin(int file, const std::string& path, int64_t wait_ms) {
  const Clock& clock = *SystemClock();
  const uint64_t end_ms =
      clock.Now().monotonic_ms + static_cast<uint64_t>(wait_ms);
  CloseWatch watch(path);
  while (!TryLock(file)) {
    const int why = errno;
    if (why != EWOULDBLOCK || clock.Now().monotonic_ms >= end_ms) {
      errno = why;
      return false;
    }
    watch.Wait(kLockLookMs);
  }
  return true;
}

}  // namespace

absl::StatusOr<FolderLock> FolderLock::Acquire(const std::string& folder,
                                               int64_t wait_ms) {
  const std::string path = folder + kLockFile;
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kLockMode);
  if (file < 0) return SystemError("opening", path, errno);
  const bool locked =
      wait_ms > 0 ? LockWithin(file, path, wait_ms) : TryLock(file);
  if (locked) return FolderLock(file);
  const int error = errno;
  close(file);
  if (error == EWOULDBLOCK) {
    return Error(Reason::kStoreLocked,
                 absl::StrCat("the store in ", folder, " is open already"));
  }
  return SystemError("locking", path, error);
}

FolderLock::~FolderLock() {
  if (file_ >= 0) close(file_);  // which frees the lock
}

}  // namespace vouch
