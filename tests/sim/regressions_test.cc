// Runs of the simulator that failed once, shrunk, each kept as it was printed.
// The shortest way to each bug is a test in
// tests/unit/replica_regression_test.cc; these keep the whole way.
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sim/shrink.h"

namespace vouch::sim {
namespace {

// What the run finds; empty if nothing. Run twice, since a run that is not the
// same again proves nothing.
std::string ViolationOf(const Plan& plan) {
  RunResult run = World(plan, false, {}).Run();
  RunResult again = World(plan, false, {}).Run();
  if (run.violation.has_value()) {
    return absl::StrCat("invariant ", run.violation->invariant, ": ",
                        run.violation->what);
  }
  return run.trace_hash == again.trace_hash ? "" : "two runs differ";
}

// Everything at once, in two centres: what the printed form looks like.
TEST(SimRegression, Seed8KeepsInvariant4) {
  Plan plan;
  plan.seed = 8;
  plan.centres = 2;
  plan.devices = 3;
  plan.days = 1;
  plan.day_ms = 600000;
  plan.saves_a_day = 20;
  plan.window_bytes = 1500;
  plan.faults = *ParseFaults(
      "kill:2,power-cut:2,crash-at-write:6,crash-at-effect:4,io-error:2,"
      "disk-full:1,bit-rot:1,partition:1,one-way:1,half-open:1,drip:1,"
      "latency:1,loss:1,replay:1,clock-jump:2,clock-drift:1,slow-views:1,"
      "tamper:4,newer-app:4,byzantine:6");
  EXPECT_EQ(ViolationOf(plan), "");
}

}  // namespace
}  // namespace vouch::sim
