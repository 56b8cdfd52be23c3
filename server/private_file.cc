#include "server/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "storage/folder.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr mode_t kPrivateMode = 0600;
constexpr mode_t kReadableByOthers = 0007;

absl::Status SystemError(absl::string_view what, const std::string& path) {
  const int error = errno;
  return Error(error == ENOSPC || error == EDQUOT ? Reason::kStoreFull
                                                  : Reason::kStoreIo,
               absl::StrCat(what, " ", path, ": ", strerror(error)));
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

std::string FolderOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

absl::Status WritePrivateFile(const std::string& path,
                              absl::string_view bytes) {
  const std::string beside = path + ".new";
  {
    File file(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                   kPrivateMode));
    if (file.fd() < 0) return SystemError("making", beside);
    if (fchmod(file.fd(), kPrivateMode) != 0) {
      return SystemError("protecting", beside);
    }
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n =
          write(file.fd(), bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return SystemError("writing", beside);
      done += static_cast<size_t>(n);
    }
    if (fsync(file.fd()) != 0) return SystemError("syncing", beside);
  }
  if (rename(beside.c_str(), path.c_str()) != 0) {
    return SystemError("naming", path);
  }
  return SyncFolder(FolderOf(path));
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path) {
  File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) {
    if (errno == ENOENT) {
      return Error(Reason::kNotFound, absl::StrCat("there is no ", path));
    }
    return SystemError("opening", path);
  }
  struct stat about;
  if (fstat(file.fd(), &about) != 0) return SystemError("looking at", path);
  if ((about.st_mode & kReadableByOthers) != 0) {
    return Error(Reason::kConfigurationInvalid,
                 absl::StrCat(path,
                              " may be read by every user of this "
                              "machine; run: chmod 600 ",
                              path));
  }
  if (static_cast<size_t>(about.st_size) > kPrivateFileBytesMax) {
    return Error(Reason::kTooLarge, absl::StrCat(path, " is over 4 MiB"));
  }
  std::string bytes(static_cast<size_t>(about.st_size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = read(file.fd(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError("reading", path);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace vouch
