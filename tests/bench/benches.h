// The families of figures. Each makes what it needs in a folder of its own,
// measures, and reports; README.md says what each figure means.
#ifndef VOUCH_TESTS_BENCH_BENCHES_H_
#define VOUCH_TESTS_BENCH_BENCHES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/bench/report.h"

namespace vouch::bench {

inline constexpr int kPairs = 5;  // A, B, A, B, …: medians of so many

struct Settings {
  std::string vouchd;  // the program
  std::string folder;  // on the disk to be measured; each family adds its own
  bool quick = false;  // small, to see that it works
  uint64_t seed = 42;
  size_t growth_records_max = 100'000;
  size_t reconnect_devices = 10'000;

  size_t Scaled(size_t full, size_t small) const {
    return quick ? small : full;
  }
};

void BenchSave(const Settings& settings, Report* report);
void BenchIngest(const Settings& settings, Report* report);
void BenchPull(const Settings& settings, Report* report);
// Part of BenchIdle.
void BenchNothingChanged(const Settings& settings, Report* report);
void BenchApply(const Settings& settings, Report* report);
void BenchIncremental(const Settings& settings, Report* report);
void BenchIdle(const Settings& settings, Report* report);
void BenchFleet(const Settings& settings, Report* report);
void BenchLatency(const Settings& settings, Report* report);
void BenchReconnect(const Settings& settings, Report* report);
void BenchWire(const Settings& settings, Report* report);

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_BENCHES_H_
