// Slows down the guessing of enrolment codes: an address that gave too many
// wrong ones within a minute waits until the minute is over, and so does
// everyone if wrong codes come from everywhere.
//
//   VOUCH_RETURN_IF_ERROR(limit.Check(peer));
//   … if the code was wrong: limit.Failed(peer);
//
// An IPv6 address counts as its /64, which one household has to itself. With
// 60 random bits a code could not be guessed at ten thousand times this rate;
// the limit keeps guessing visible and cheap. Thread-safe.
#ifndef VOUCH_SERVER_RATE_LIMIT_H_
#define VOUCH_SERVER_RATE_LIMIT_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/mutex.h"
#include "sync/base/clock.h"

namespace vouch {

inline constexpr size_t kRateLimitAddressesMax = 4096;
inline constexpr uint64_t kRateLimitWindowMs = 60'000;
// From all addresses together, as a multiple of what one may.
inline constexpr int64_t kRateLimitAllFactor = 20;

class RateLimit {
 public:
  RateLimit(int64_t failures_max, const Clock* clock)
      : failures_max_(failures_max), clock_(clock) {}

  // `peer` is as gRPC names it, "ipv4:192.0.2.1:50000". Errors: RATE_LIMITED.
  absl::Status Check(absl::string_view peer);
  void Failed(absl::string_view peer);

 private:
  struct Window {
    uint64_t begun_ms = 0;
    int64_t failures = 0;
  };
  bool IsOver(const Window& window, uint64_t now_ms) const {
    return now_ms - window.begun_ms >= kRateLimitWindowMs;
  }
  void Count(Window* window, uint64_t now_ms) const;

  const int64_t failures_max_;
  const Clock* const clock_;
  Mutex mutex_;
  Window all_ VOUCH_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Window> windows_ VOUCH_GUARDED_BY(mutex_);
};

// The address without its port; the first 64 bits of one of IPv6.
std::string AddressOfPeer(absl::string_view peer);

}  // namespace vouch

#endif  // VOUCH_SERVER_RATE_LIMIT_H_
