// Waiting for something that another thread does, under the house's Mutex.
//
//   MutexLock lock(mutex_);
//   while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
//
// A wait with a limit is for work that is due again by itself; nothing polls.
#ifndef VOUCH_SERVER_CONDITION_H_
#define VOUCH_SERVER_CONDITION_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <utility>

#include "storage/mutex.h"

namespace vouch {

// Thread-safe. Wakeups without cause happen: wait in a loop.
class Condition {
 public:
  // The mutex is held before and after, and free meanwhile.
  void Wait(Mutex& mutex) {
    Lockable lockable{mutex};
    condition_.wait(lockable);
  }
  void WaitFor(Mutex& mutex, int64_t ms_max) {
    Lockable lockable{mutex};
    condition_.wait_for(lockable, std::chrono::milliseconds(ms_max));
  }
  // Until `holds` does, or the time is up: then false.
  template <typename Predicate>
  bool WaitUntil(Mutex& mutex, int64_t ms_max, Predicate holds) {
    Lockable lockable{mutex};
    return condition_.wait_for(lockable, std::chrono::milliseconds(ms_max),
                               std::move(holds));
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  // The names that the standard library expects.
  struct Lockable {
    Mutex& mutex;
    void lock() { mutex.Lock(); }
    void unlock() { mutex.Unlock(); }
  };

  std::condition_variable_any condition_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_CONDITION_H_
