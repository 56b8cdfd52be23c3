#include "sync/core/hlc.h"

#include <algorithm>

#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// Room for 2^48 ticks above this. The wall clock's clamp keeps every real
// clock centuries below it.
constexpr uint64_t kRestoredMax = ~uint64_t{0} - (uint64_t{1} << 48);

uint64_t ClampWall(int64_t wall_ms) {
  return static_cast<uint64_t>(std::clamp<int64_t>(wall_ms, 0, kHlcWallMaxMs));
}

}  // namespace

absl::StatusOr<Hlc> Hlc::Restore(uint64_t last) {
  if (last > kRestoredMax) {
    return Error(Reason::kStoreCorrupted,
                 "the stored logical clock is beyond any reachable time");
  }
  return Hlc(last);
}

uint64_t Hlc::Tick(int64_t wall_ms) {
  VOUCH_CHECK(last_ != ~uint64_t{0});
  // Adding one to the whole stamp carries a full counter into the
  // milliseconds.
  last_ = std::max(last_ + 1, ClampWall(wall_ms) << kHlcCounterBits);
  return last_;
}

Hlc::Received Hlc::Receive(uint64_t remote, int64_t wall_ms) {
  const uint64_t limit_ms =
      ClampWall(wall_ms) + static_cast<uint64_t>(kRemoteAheadMaxMs);
  if ((remote >> kHlcCounterBits) > limit_ms) return {.ahead = true};
  last_ = std::max(last_, remote);
  return {.ahead = false};
}

}  // namespace vouch
