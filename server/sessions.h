// The sync sessions that are open: their number is bounded, they are ticked,
// and they are told when the server stops.
//
// Also remembers which devices read slowly, so that a link that cannot take a
// large batch within the stall limit gets smaller ones next time and moves on.
//
// Thread-safe.
#ifndef VOUCH_SERVER_SESSIONS_H_
#define VOUCH_SERVER_SESSIONS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "server/condition.h"
#include "server/metrics.h"
#include "storage/mutex.h"
#include "sync/base/ids.h"

namespace vouch {

inline constexpr size_t kSlowDevicesMax = 4096;
inline constexpr size_t kSlowBatchBytesMin = 32 << 10;

class SyncSession;

class Sessions {
 public:
  Sessions(size_t sessions_max, Metrics* metrics)
      : sessions_max_(sessions_max), metrics_(metrics) {}

  uint64_t NextId() { return next_id_.fetch_add(1); }

  // Errors: SHUTTING_DOWN; UNREACHABLE if as many are open as may be.
  absl::Status Add(std::shared_ptr<SyncSession> session);
  void Remove(uint64_t id);
  size_t count() const;

  void Tick();
  // From now on Add refuses; every open session drains.
  void Drain();
  // True if none was left by then.
  bool WaitUntilNone(int64_t ms_max);

  // How large a batch this device may be sent.
  size_t BatchBytes(const DeviceId& device) const;
  void WasSlow(const DeviceId& device);
  void WentWell(const DeviceId& device);

 private:
  const size_t sessions_max_;
  Metrics* const metrics_;
  std::atomic<uint64_t> next_id_{1};
  mutable Mutex mutex_;
  Condition none_;
  bool draining_ VOUCH_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<uint64_t, std::shared_ptr<SyncSession>> open_
      VOUCH_GUARDED_BY(mutex_);
  absl::flat_hash_map<DeviceId, size_t> slow_ VOUCH_GUARDED_BY(mutex_);
};

}  // namespace vouch

#endif  // VOUCH_SERVER_SESSIONS_H_
