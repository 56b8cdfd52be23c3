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

// Somebody pushed between Welcome and the answer to a ladder: HISTORY_DIVERGED.
TEST(SimRegression, Seed39KeepsInvariant3) {
  Plan plan;
  plan.seed = 39;
  plan.devices = 2;
  plan.days = 1;
  plan.day_ms = 420000;
  plan.saves_a_day = 40;
  plan.faults = *ParseFaults("server-restore:2");
  plan.first_event = 5121;
  plan.last_event = 5121;
  EXPECT_EQ(ViolationOf(plan), "");
}

// A tablet that lacks a scope could not tell which branch of a clone a number
// meant, and never synced again: REFERENCE_UNKNOWN.
TEST(SimRegression, Seed50KeepsInvariant3) {
  Plan plan;
  plan.seed = 50;
  plan.devices = 5;
  plan.days = 1;
  plan.day_ms = 1020000;
  plan.saves_a_day = 40;
  plan.faults = *ParseFaults("device-clone:1");
  plan.first_event = 5632;
  plan.last_event = 5632;
  EXPECT_EQ(ViolationOf(plan), "");
}

// Of two twins that pushed at once one was taken for a forger:
// SIGNATURE_INVALID.
TEST(SimRegression, Seed72KeepsInvariant3) {
  Plan plan;
  plan.seed = 72;
  plan.devices = 3;
  plan.days = 1;
  plan.day_ms = 1200000;
  plan.saves_a_day = 40;
  plan.faults = *ParseFaults("device-clone:1");
  plan.first_event = 5632;
  plan.last_event = 5632;
  EXPECT_EQ(ViolationOf(plan), "");
}

// The log named a twin's segment as a tablet's own: PROOF_INVALID.
TEST(SimRegression, Seed58KeepsInvariant3) {
  Plan plan;
  plan.seed = 58;
  plan.devices = 3;
  plan.days = 2;
  plan.day_ms = 1440000;
  plan.saves_a_day = 10;
  plan.faults = *ParseFaults("device-clone:1");
  plan.first_event = 17408;
  plan.last_event = 17408;
  EXPECT_EQ(ViolationOf(plan), "");
}

}  // namespace
}  // namespace vouch::sim
