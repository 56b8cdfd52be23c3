// Clocks, medians, and what one fsync costs on this disk now.
#ifndef VOUCH_TESTS_BENCH_MEASURE_H_
#define VOUCH_TESTS_BENCH_MEASURE_H_

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "sync/base/check.h"

namespace vouch::bench {

inline double NowSeconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// CPU time of a clock such as CLOCK_THREAD_CPUTIME_ID: what a crowded machine
// hardly changes.
inline double CpuSecondsOf(clockid_t clock) {
  timespec now{};
  VOUCH_CHECK(clock_gettime(clock, &now) == 0);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) / 1e9;
}
inline double ThreadCpuSeconds() {
  return CpuSecondsOf(CLOCK_THREAD_CPUTIME_ID);
}

class Stopwatch {
 public:
  double Seconds() const { return NowSeconds() - began_; }

 private:
  const double began_ = NowSeconds();
};

// `part` from 0 to 1; `values` not empty.
inline double Percentile(std::vector<double> values, double part) {
  VOUCH_CHECK(!values.empty());
  const auto at =
      std::min(values.size() - 1,
               static_cast<size_t>(part * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<long>(at),
                   values.end());
  return values[at];
}
inline double Median(std::vector<double> values) {
  return Percentile(std::move(values), 0.5);
}

// Appends of 4 KiB, each synced: the least that a durable save can cost.
class FsyncProbe {
 public:
  explicit FsyncProbe(const std::string& path)
      : file_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                   0600)),
        block_(4096, 'x') {
    VOUCH_CHECK(file_ >= 0);
  }
  ~FsyncProbe() { close(file_); }
  FsyncProbe(const FsyncProbe&) = delete;
  FsyncProbe& operator=(const FsyncProbe&) = delete;

  double Once() {
    const Stopwatch watch;
    VOUCH_CHECK(write(file_, block_.data(), block_.size()) ==
                static_cast<ssize_t>(block_.size()));
    VOUCH_CHECK(fsync(file_) == 0);
    return watch.Seconds();
  }

 private:
  const int file_;
  const std::string block_;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_MEASURE_H_
