// Makes a failing plan small: fewer sites, days, devices, saves and faults, as
// long as the same invariant breaks. Then prints it as a test to be kept.
//
//   Shrunk shrunk = Shrink(plan, violation, [] { return Seams{}; });
//   std::puts(AsTest(shrunk.plan, shrunk.violation).c_str());
#ifndef VOUCH_TESTS_SIM_SHRINK_H_
#define VOUCH_TESTS_SIM_SHRINK_H_

#include <functional>
#include <string>

#include "tests/sim/world.h"

namespace vouch::sim {

inline constexpr int kShrinkRunsMax = 200;
inline constexpr double kShrinkCpuSecondsMax = 90;

struct Shrunk {
  Plan plan;
  Findings::Violation violation;  // of that plan
  int runs = 0;
};
// `seams` makes those of each run anew, as a planted bug may keep state.
Shrunk Shrink(const Plan& plan, const Findings::Violation& violation,
              const std::function<Seams()>& seams,
              int runs_max = kShrinkRunsMax);

// A GoogleTest body for regressions_test.cc.
std::string AsTest(const Plan& plan, const Findings::Violation& violation);

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_SHRINK_H_
