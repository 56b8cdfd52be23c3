#include "storage/space_reserve.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/folder.h"
#include "sync/base/status.h"

namespace vouch {

SpaceReserve::SpaceReserve(uint64_t reserve_bytes, const std::string& folder,
                           std::function<uint64_t()> free_bytes)
    : reserve_bytes_(reserve_bytes),
      free_bytes_(free_bytes != nullptr ? std::move(free_bytes) : [folder] {
        return FreeBytes(folder);
      }) {}

absl::Status SpaceReserve::Admit(uint64_t bytes, Durability durability) {
  const uint64_t cost_bytes = bytes + kWriteOverheadBytes;
  const uint64_t spent_bytes = spent_bytes_.fetch_add(cost_bytes) + cost_bytes;
  if (durability == Durability::kBuffered && spent_bytes < kRecheckBytes) {
    return absl::OkStatus();
  }
  const uint64_t free_bytes = free_bytes_();
  if (free_bytes < reserve_bytes_ || free_bytes - reserve_bytes_ < bytes) {
    spent_bytes_ = kRecheckBytes;  // the next write asks again
    return Error(
        Reason::kStoreFull,
        absl::StrCat("the disk has ", free_bytes >> 20, " MiB free; ",
                     reserve_bytes_ >> 20, " MiB are kept in reserve"));
  }
  spent_bytes_ = 0;
  return absl::OkStatus();
}

}  // namespace vouch
