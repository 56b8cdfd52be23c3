// Virtual time: events in order of their time, and of their making where the
// times are equal. Also the trace, whose rolling hash tells whether two runs of
// a seed were the same run.
//
//   scheduler.After(20, [&] { … });
//   scheduler.RunUntil(scheduler.now_ms() + 1000);
#ifndef VOUCH_TESTS_SIM_SCHEDULER_H_
#define VOUCH_TESTS_SIM_SCHEDULER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace vouch::sim {

// The first violation of an invariant of sync.md §11; later ones are its
// consequences and are not kept.
class Findings {
 public:
  struct Violation {
    int invariant = 0;
    std::string what;
    int64_t at_ms = 0;
  };
  void Fail(int invariant, std::string what);
  bool failed() const { return violation_.has_value(); }
  const std::optional<Violation>& violation() const { return violation_; }
  void set_now(const int64_t* now_ms) { now_ms_ = now_ms; }

 private:
  const int64_t* now_ms_ = nullptr;
  std::optional<Violation> violation_;
};

class Trace {
 public:
  explicit Trace(bool print) : print_(print) {}
  void Event(int64_t now_ms, absl::string_view who, absl::string_view what);
  uint64_t hash() const { return hash_; }
  uint64_t events() const { return events_; }

 private:
  const bool print_;
  uint64_t hash_ = 0xcbf29ce484222325u;
  uint64_t events_ = 0;
};

class Scheduler {
 public:
  using Task = std::function<void()>;
  explicit Scheduler(Findings* findings) : findings_(findings) {
    findings->set_now(&now_ms_);
  }

  int64_t now_ms() const { return now_ms_; }  // since the start of the run
  void After(int64_t delay_ms, Task task);
  // Runs everything due up to then, unless an invariant breaks first.
  void RunUntil(int64_t end_ms);

 private:
  struct Event {
    int64_t at_ms;
    uint64_t number;
    Task task;
    friend bool operator<(const Event& a, const Event& b) {
      return std::pair(a.at_ms, a.number) > std::pair(b.at_ms, b.number);
    }
  };
  Findings* const findings_;
  int64_t now_ms_ = 0;
  uint64_t made_ = 0;
  std::vector<Event> events_;  // a heap, the next one first
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_SCHEDULER_H_
