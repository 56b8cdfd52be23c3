#include "server/sessions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/sync_session.h"
#include "sync/base/status.h"
#include "sync/core/session.h"

namespace vouch {

absl::Status Sessions::Add(std::shared_ptr<SyncSession> session) {
  size_t count = 0;
  {
    MutexLock lock(mutex_);
    if (draining_) {
      return Error(Reason::kShuttingDown, "the server is shutting down");
    }
    if (open_.size() >= sessions_max_) {
      return Error(Reason::kUnreachable,
                   "the centre has as many sessions open as it may");
    }
    const uint64_t id = session->id();
    open_.emplace(id, std::move(session));
    count = open_.size();
  }
  metrics_->SessionsOpen(count);
  return absl::OkStatus();
}

void Sessions::Remove(uint64_t id) {
  std::shared_ptr<SyncSession> last;  // ends outside the lock
  MutexLock lock(mutex_);
  auto found = open_.find(id);
  if (found == open_.end()) return;
  last = std::move(found->second);
  open_.erase(found);
  // Before anyone hears of it: the server may end as soon as none is open.
  metrics_->SessionsOpen(open_.size());
  if (open_.empty()) none_.NotifyAll();
}

size_t Sessions::count() const {
  MutexLock lock(mutex_);
  return open_.size();
}

void Sessions::Tick() {
  std::vector<std::shared_ptr<SyncSession>> all;
  {
    MutexLock lock(mutex_);
    all.reserve(open_.size());
    for (const auto& [id, session] : open_) all.push_back(session);
  }
  for (const auto& session : all) session->Tick();
}

void Sessions::Drain() {
  std::vector<std::shared_ptr<SyncSession>> all;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    for (const auto& [id, session] : open_) all.push_back(session);
  }
  for (const auto& session : all) session->Drain();
}

bool Sessions::WaitUntilNone(int64_t ms_max) {
  MutexLock lock(mutex_);
  return none_.WaitUntil(mutex_, ms_max, [this] { return open_.empty(); });
}

size_t Sessions::BatchBytes(const DeviceId& device) const {
  MutexLock lock(mutex_);
  auto found = slow_.find(device);
  return found == slow_.end() ? kBatchBytesMax : found->second;
}

void Sessions::WasSlow(const DeviceId& device) {
  MutexLock lock(mutex_);
  if (slow_.size() >= kSlowDevicesMax) slow_.clear();
  auto [found, is_new] = slow_.emplace(device, kBatchBytesMax);
  found->second = std::max(found->second / 4, kSlowBatchBytesMin);
}

void Sessions::WentWell(const DeviceId& device) {
  MutexLock lock(mutex_);
  auto found = slow_.find(device);
  if (found == slow_.end()) return;
  found->second *= 2;
  if (found->second >= kBatchBytesMax) slow_.erase(found);
}

}  // namespace vouch
