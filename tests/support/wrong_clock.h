// The machine's clock, which a test can set forward or back. Its monotonic
// time goes on by itself: setting a clock moves only the wall. Thread-safe.
#ifndef VOUCH_TESTS_SUPPORT_WRONG_CLOCK_H_
#define VOUCH_TESTS_SUPPORT_WRONG_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "sync/base/clock.h"

namespace vouch {

class WrongClock : public Clock {
 public:
  TimeReading Now() const override {
    TimeReading now = SystemClock()->Now();
    now.wall_ms += shift_ms;
    return now;
  }
  std::atomic<int64_t> shift_ms{0};
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_WRONG_CLOCK_H_
