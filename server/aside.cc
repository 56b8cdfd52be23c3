#include "server/aside.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/private_file.h"
#include "storage/folder.h"
#include "sync/base/check.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {

absl::Status Aside::Keep(absl::string_view bytes) {
  const Hash name = Sha256({bytes});
  MutexLock lock(mutex_);
  VOUCH_RETURN_IF_ERROR(Load());
  const std::string file = absl::StrCat(name.Hex(), ".sealed");
  if (std::find(names_.begin(), names_.end(), file) != names_.end()) {
    return absl::OkStatus();
  }
  const std::string context = absl::StrCat(kAsideContext, name.view());
  VOUCH_RETURN_IF_ERROR(WritePrivateFile(absl::StrCat(folder_, "/", file),
                                         Seal(key_, context, bytes, *random_)));
  names_.push_back(file);
  while (names_.size() > kAsideFilesMax) {
    std::error_code ignored;  // a file left over takes room and no more
    std::filesystem::remove(absl::StrCat(folder_, "/", names_.front()),
                            ignored);
    names_.pop_front();
  }
  return absl::OkStatus();
}

absl::Status Aside::Load() {
  if (loaded_) return absl::OkStatus();
  VOUCH_RETURN_IF_ERROR(EnsureFolder(folder_, /*create=*/true));
  std::error_code error;
  std::vector<std::pair<std::filesystem::file_time_type, std::string>> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_, error)) {
    found.emplace_back(entry.last_write_time(error),
                       entry.path().filename().string());
  }
  if (error) {
    return Error(Reason::kStoreIo,
                 absl::StrCat("reading ", folder_, ": ", error.message()));
  }
  std::sort(found.begin(), found.end());
  for (auto& [time, file] : found) names_.push_back(std::move(file));
  loaded_ = true;
  return absl::OkStatus();
}

}  // namespace vouch
