#include "tests/sim/scheduler.h"

#include <algorithm>
#include <cstdio>

namespace vouch::sim {
namespace {

uint64_t Mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 29);
}

uint64_t MixBytes(uint64_t hash, absl::string_view bytes) {
  for (char c : bytes) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }
  return Mix(hash, bytes.size());
}

}  // namespace

void Findings::Fail(int invariant, std::string what) {
  if (failed()) return;
  violation_ = {invariant, std::move(what), now_ms_ ? *now_ms_ : 0};
}

void Trace::Event(int64_t now_ms, absl::string_view who,
                  absl::string_view what) {
  ++events_;
  hash_ = Mix(hash_, static_cast<uint64_t>(now_ms));
  hash_ = MixBytes(MixBytes(hash_, who), what);
  if (!print_) return;
  std::printf("%10.3f s  %-8.*s %.*s\n", static_cast<double>(now_ms) / 1000,
              static_cast<int>(who.size()), who.data(),
              static_cast<int>(what.size()), what.data());
}

void Scheduler::After(int64_t delay_ms, Task task) {
  events_.push_back(
      {now_ms_ + std::max<int64_t>(delay_ms, 0), made_++, std::move(task)});
  std::push_heap(events_.begin(), events_.end());
}

void Scheduler::RunUntil(int64_t end_ms) {
  while (!events_.empty() && events_.front().at_ms <= end_ms) {
    if (findings_->failed()) return;
    std::pop_heap(events_.begin(), events_.end());
    Event event = std::move(events_.back());
    events_.pop_back();
    now_ms_ = event.at_ms;
    event.task();
  }
  now_ms_ = std::max(now_ms_, end_ms);
}

}  // namespace vouch::sim
