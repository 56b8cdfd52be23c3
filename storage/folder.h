// A store's folder on disk: made, locked, measured, synced. Linux and Android.
//
//   VOUCH_RETURN_IF_ERROR(EnsureFolder(path, /*create=*/true));
//   VOUCH_ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Acquire(path));
#ifndef VOUCH_STORAGE_FOLDER_H_
#define VOUCH_STORAGE_FOLDER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vouch {

// OK if the folder is there. Otherwise NOT_FOUND, or with `create` makes it
// (its parent must exist; readable by this user only) and syncs the parent.
absl::Status EnsureFolder(const std::string& path, bool create);

// Makes a new folder. ALREADY_EXISTS if anything has that name.
absl::Status MakeNewFolder(const std::string& path);

// The names in the folder become durable.
absl::Status SyncFolder(const std::string& path);

// Bytes an ordinary user may still write there. An unreadable answer counts as
// plenty: the write itself then meets the error and reports it better.
uint64_t FreeBytes(const std::string& path);

// OK if so many bytes can really be written and synced there now; they are
// removed again. STORE_FULL, STORE_IO.
absl::Status ProbeSpace(const std::string& folder, size_t size_bytes);

bool FileExists(const std::string& path);

// Held from Acquire to destruction; the system frees it when the process ends,
// however it ends. Excludes other processes and other opens in this one.
// Movable value; any thread.
class FolderLock {
 public:
  // STORE_LOCKED if another holds it, for all of `wait_ms`; STORE_IO.
  static absl::StatusOr<FolderLock> Acquire(const std::string& folder,
                                            int64_t wait_ms = 0);

  FolderLock(FolderLock&& other) noexcept
      : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_FOLDER_H_
