#include "server/rate_limit.h"

#include <arpa/inet.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "sync/base/status.h"

namespace vouch {

std::string AddressOfPeer(absl::string_view peer) {
  const size_t colon = peer.find_last_of(':');
  if (absl::ConsumePrefix(&peer, "ipv4:")) {
    return std::string(peer.substr(0, peer.find_last_of(':')));
  }
  if (absl::ConsumePrefix(&peer, "ipv6:")) {
    // "[2001:db8::1]:50000", the brackets as %5B and %5D.
    std::string host =
        absl::StrReplaceAll(peer.substr(0, peer.find_last_of(':')),
                            {{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}});
    host = host.substr(0, host.find('%'));  // without a zone
    unsigned char address[16];
    if (inet_pton(AF_INET6, host.c_str(), address) == 1) {
      return std::string(reinterpret_cast<const char*>(address), 8);
    }
    return host;
  }
  return std::string(peer.substr(0, colon));
}

absl::Status RateLimit::Check(absl::string_view peer) {
  const uint64_t now_ms = clock_->Now().monotonic_ms;
  MutexLock lock(mutex_);
  auto found = windows_.find(AddressOfPeer(peer));
  const bool one = found != windows_.end() &&
                   found->second.failures >= failures_max_ &&
                   !IsOver(found->second, now_ms);
  const bool all = all_.failures >= failures_max_ * kRateLimitAllFactor &&
                   !IsOver(all_, now_ms);
  if (!one && !all) return absl::OkStatus();
  return Error(Reason::kRateLimited,
               "too many wrong codes; wait a minute and try again");
}

void RateLimit::Failed(absl::string_view peer) {
  const uint64_t now_ms = clock_->Now().monotonic_ms;
  MutexLock lock(mutex_);
  Count(&all_, now_ms);
  if (windows_.size() >= kRateLimitAddressesMax) {
    for (auto it = windows_.begin(); it != windows_.end();) {
      auto here = it++;
      if (IsOver(here->second, now_ms)) windows_.erase(here);
    }
    // Still full: this many addresses at once are held by the common limit.
    if (windows_.size() >= kRateLimitAddressesMax) return;
  }
  Count(&windows_[AddressOfPeer(peer)], now_ms);
}

void RateLimit::Count(Window* window, uint64_t now_ms) const {
  if (window->failures == 0 || IsOver(*window, now_ms)) {
    *window = {now_ms, 0};
  }
  ++window->failures;
}

}  // namespace vouch
