// What the benchmark found, a line a figure: for people as a table, for
// programs as one JSON object a line with name, value, unit, baseline, ratio,
// target, met and the parameters it was taken with.
//
//   Report report(/*json=*/true);
//   report.Add({.name = "ingest", .value = 50'000, .unit = "records/s",
//               .baseline = 90'000, .baseline_is = "raw synced batches",
//               .target = 0.45, .target_is = Target::kRatioMin});
//
// Ratios are value ÷ baseline. One thread at a time.
#ifndef VOUCH_TESTS_BENCH_REPORT_H_
#define VOUCH_TESTS_BENCH_REPORT_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vouch::bench {

enum class Target {
  kNone,
  kRatioMin,  // the ratio is at least the target
  kRatioMax,  // it is at most that
  kValueMin,  // the value is
  kValueMax,  // the value is at most the target
};

struct Result {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> baseline;  // in the same unit
  std::string baseline_is;
  double target = 0;
  Target target_is = Target::kNone;
  std::vector<std::pair<std::string, std::string>> parameters;

  std::optional<double> ratio() const;
  // Absent without a target.
  std::optional<bool> met() const;
};

class Report {
 public:
  explicit Report(bool json) : json_(json) {}
  // Prints it at once: a long run shows what it has.
  void Add(const Result& result);

 private:
  const bool json_;
  bool begun_ = false;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_REPORT_H_
