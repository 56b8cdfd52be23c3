#include "client-lib/src/move_store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/folder.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

std::string StoreIn(const std::string& folder) { return folder + "/store"; }
std::string PartIn(const std::string& folder) { return folder + "/store.part"; }
std::string OldIn(const std::string& folder) { return folder + "/store.old"; }

absl::Status CannotMove(absl::string_view why) {
  return Error(Reason::kStoreIo,
               absl::StrCat("the store could not be moved: ", why));
}

absl::Status Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return CannotMove(strerror(errno));
}

absl::Status Remove(const std::string& path) {
  if (!FileExists(path)) return absl::OkStatus();
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return error ? CannotMove(error.message()) : absl::OkStatus();
}

// The two change places at once, so that there is a store at any moment.
absl::Status Exchange(const std::string& folder) {
  const std::string store = StoreIn(folder), part = PartIn(folder);
  if (syscall(SYS_renameat2, AT_FDCWD, part.c_str(), AT_FDCWD, store.c_str(),
              RENAME_EXCHANGE) != 0) {
    if (errno != EINVAL && errno != ENOSYS) return CannotMove(strerror(errno));
    // A file system without it. Killed between the two, SettleMove goes back.
    VOUCH_RETURN_IF_ERROR(Remove(OldIn(folder)));
    VOUCH_RETURN_IF_ERROR(Rename(store, OldIn(folder)));
    VOUCH_RETURN_IF_ERROR(Rename(part, store));
  }
  return SyncFolder(folder);
}

absl::Status CopyInto(const std::string& path, const Store& store,
                      const OpenCopy& open_copy,
                      absl::Span<const FormatStep> steps,
                      const CopyProgress& progress) {
  VOUCH_ASSIGN_OR_RETURN(std::unique_ptr<Store> copy, open_copy(path));
  VOUCH_RETURN_IF_ERROR(CopyStore(store, copy.get(), steps, progress));
  copy.reset();
  return SyncFolder(path);
}

// What is there may be of an earlier call, or of a store that has changed since
// or a format that nobody wants any more: then it begins again.
absl::Status MakeCopy(const std::string& path, const Store& store,
                      const OpenCopy& open_copy,
                      absl::Span<const FormatStep> steps,
                      const CopyProgress& progress) {
  const bool begun = FileExists(path);
  absl::Status copied = CopyInto(path, store, open_copy, steps, progress);
  const Reason reason = ReasonOf(copied);
  const bool unusable = absl::IsAborted(copied) ||
                        reason == Reason::kStoreNewer ||
                        reason == Reason::kStoreCorrupted;
  if (begun && unusable) {
    VOUCH_RETURN_IF_ERROR(Remove(path));
    copied = CopyInto(path, store, open_copy, steps, progress);
  }
  // The space is needed for what people capture.
  if (ReasonOf(copied) == Reason::kStoreFull) Remove(path).IgnoreError();
  if (absl::IsAborted(copied)) return CannotMove("the copy differs from it");
  return copied;
}

}  // namespace

absl::Status SettleMove(const std::string& folder) {
  if (FileExists(StoreIn(folder)) || !FileExists(OldIn(folder))) {
    return absl::OkStatus();
  }
  VOUCH_RETURN_IF_ERROR(Rename(OldIn(folder), StoreIn(folder)));
  return SyncFolder(folder);
}

absl::Status RemoveMoved(const std::string& folder) {
  VOUCH_RETURN_IF_ERROR(Remove(PartIn(folder)));
  return Remove(OldIn(folder));
}

absl::Status MoveStore(const std::string& folder, std::unique_ptr<Store> store,
                       const OpenCopy& open_copy,
                       absl::Span<const FormatStep> steps,
                       const CopyProgress& progress) {
  VOUCH_RETURN_IF_ERROR(
      MakeCopy(PartIn(folder), *store, open_copy, steps, progress));
  // Closed before its name changes: an engine looks for its files by name. No
  // other process opens it meanwhile, see above.
  store.reset();
  return Exchange(folder);
}

}  // namespace vouch
