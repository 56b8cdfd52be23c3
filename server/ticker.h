// Calls a function again and again on a thread of its own, until destroyed.
#ifndef VOUCH_SERVER_TICKER_H_
#define VOUCH_SERVER_TICKER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "server/condition.h"
#include "server/thread.h"
#include "storage/mutex.h"

namespace vouch {

class Ticker {
 public:
  Ticker(std::string name, int64_t every_ms, std::function<void()> tick)
      : thread_(std::move(name), [this, every_ms, tick = std::move(tick)] {
          while (!StopsWithin(every_ms)) tick();
        }) {}
  ~Ticker() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      changed_.NotifyOne();
    }
    thread_.Join();
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  bool StopsWithin(int64_t ms) {
    MutexLock lock(mutex_);
    return changed_.WaitUntil(mutex_, ms, [this] { return stopping_; });
  }

  Mutex mutex_;
  Condition changed_;
  bool stopping_ VOUCH_GUARDED_BY(mutex_) = false;
  NamedThread thread_;  // the last member: it uses the others
};

}  // namespace vouch

#endif  // VOUCH_SERVER_TICKER_H_
