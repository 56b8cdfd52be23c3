// When a sync that failed is worth another try.
#include <algorithm>

#include "sync/base/clock.h"
#include "vouch/client.h"

namespace vouch {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryMin{1'000};
constexpr milliseconds kRetryMax{15 * 60'000};
// The centre asks to be left alone for a minute.
constexpr milliseconds kRateLimitedMin{60'000};
constexpr int kDoublingsMax = 20;

// Between half of `longest` and all of it.
milliseconds WithJitter(milliseconds longest, Random* random) {
  uint8_t byte = 0;
  random->Fill(&byte, 1);
  const milliseconds half = longest / 2;
  return half + half * byte / 255;
}

}  // namespace

std::optional<milliseconds> RetryAfter(const absl::Status& status, int failures,
                                       Random* random) {
  if (status.ok()) return std::nullopt;
  if (random == nullptr) random = SystemRandom();
  const int doublings = std::clamp(failures - 1, 0, kDoublingsMax);
  const milliseconds longest =
      std::min(kRetryMax, kRetryMin * (int64_t{1} << doublings));
  switch (ErrorReasonOf(status)) {
    case v1::ERROR_REASON_SYNC_STOPPED:
      return milliseconds(0);
    case v1::ERROR_REASON_RATE_LIMITED:
      return kRateLimitedMin + WithJitter(longest, random);
    case v1::ERROR_REASON_UNREACHABLE:
    case v1::ERROR_REASON_SHUTTING_DOWN:
    case v1::ERROR_REASON_TOO_SLOW:
    case v1::ERROR_REASON_DEADLINE:
    case v1::ERROR_REASON_STORE_LOCKED:
    // The next network may be an honest one.
    case v1::ERROR_REASON_CAPTIVE_PORTAL:
    case v1::ERROR_REASON_SERVER_NOT_TRUSTED:
    // The next session makes these good.
    case v1::ERROR_REASON_DEVICE_RESTORED:
    case v1::ERROR_REASON_HISTORY_DIVERGED:
    case v1::ERROR_REASON_CHAIN_FORKED:
    case v1::ERROR_REASON_CHAIN_BROKEN:
    case v1::ERROR_REASON_PROTOCOL_ORDER:
      return WithJitter(longest, random);
    default:
      return std::nullopt;
  }
}

}  // namespace vouch
