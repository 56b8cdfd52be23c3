#include "tests/sim/shrink.h"

#include <algorithm>
#include <ctime>

#include "absl/strings/str_cat.h"

namespace vouch::sim {
namespace {

class Shrinker {
 public:
  Shrinker(const Plan& plan, const Findings::Violation& violation,
           const std::function<Seams()>& seams, int runs_max)
      : seams_(seams), runs_max_(runs_max), best_{plan, violation, 0} {}

  Shrunk Run() {
    // Until a whole round makes nothing smaller.
    for (bool smaller = true; smaller && HasTime();) {
      smaller = false;
      smaller |= Lower(&Plan::centres, size_t{1});
      smaller |= Lower(&Plan::days, 1);
      smaller |= Lower(&Plan::devices, size_t{2});
      smaller |= DropFaults();
      smaller |= Lower(&Plan::saves_a_day, 1);
      smaller |= CutEvents();
      smaller |= Lower(&Plan::window_bytes, uint64_t{0});
    }
    return best_;
  }

 private:
  bool HasTime() const {
    double cpu_s = static_cast<double>(std::clock() - begin_) / CLOCKS_PER_SEC;
    return best_.runs < runs_max_ && cpu_s < kShrinkCpuSecondsMax;
  }

  // Takes that plan if it breaks the same invariant.
  bool Try(const Plan& plan) {
    if (!HasTime()) return false;
    ++best_.runs;
    RunResult run = World(plan, false, seams_()).Run();
    if (!run.violation.has_value() ||
        run.violation->invariant != best_.violation.invariant) {
      return false;
    }
    best_.plan = plan;
    best_.violation = *run.violation;
    return true;
  }

  // The least first, then half of what there is, then one less.
  template <typename T>
  bool Lower(T Plan::*field, T least) {
    bool lowered = false;
    while (best_.plan.*field > least) {
      T now = best_.plan.*field;
      T half = least + (now - least) / 2;
      bool better = false;
      for (T to : {least, half, static_cast<T>(now - 1)}) {
        Plan plan = best_.plan;
        plan.*field = to;
        if (to < now && Try(plan)) {
          better = lowered = true;
          break;
        }
      }
      if (!better) break;
    }
    return lowered;
  }

  bool DropFaults() {
    bool dropped = false;
    for (int f = 0; f < kFaultCount; ++f) {
      if (best_.plan.faults.a_day[f] == 0) continue;
      for (uint32_t to : {0u, 1u, best_.plan.faults.a_day[f] / 2}) {
        Plan plan = best_.plan;
        if (to >= plan.faults.a_day[f]) continue;
        plan.faults.a_day[f] = to;
        if (Try(plan)) {
          dropped = true;
          break;
        }
      }
    }
    return dropped;
  }

  // The events at both ends of the run that it does not need.
  bool CutEvents() {
    if (best_.plan.faults == Faults()) return false;
    bool cut = false;
    const uint32_t end = static_cast<uint32_t>(best_.plan.days) * kCentresMax *
                         kFaultCount * kFaultEventsMax;
    uint32_t last = std::min(best_.plan.last_event, end - 1);
    for (uint32_t step = (last + 1) / 2; step > 0; step /= 2) {
      if (last < step || last - step < best_.plan.first_event) continue;
      Plan plan = best_.plan;
      plan.last_event = last - step;
      if (!Try(plan)) continue;
      last -= step;
      cut = true;
    }
    for (uint32_t step = (last + 1) / 2; step > 0; step /= 2) {
      if (best_.plan.first_event + step > last) continue;
      Plan plan = best_.plan;
      plan.first_event += step;
      cut |= Try(plan);
    }
    return cut;
  }

  const std::function<Seams()>& seams_;
  const int runs_max_;
  const std::clock_t begin_ = std::clock();
  Shrunk best_;
};

}  // namespace

Shrunk Shrink(const Plan& plan, const Findings::Violation& violation,
              const std::function<Seams()>& seams, int runs_max) {
  return Shrinker(plan, violation, seams, runs_max).Run();
}

std::string AsTest(const Plan& plan, const Findings::Violation& violation) {
  std::string text =
      absl::StrCat("TEST(SimRegression, Seed", plan.seed, "KeepsInvariant",
                   violation.invariant, ") {\n  Plan plan;\n");
  auto set = [&](absl::string_view name, uint64_t value) {
    absl::StrAppend(&text, "  plan.", name, " = ", value, ";\n");
  };
  set("seed", plan.seed);
  if (plan.centres != 1) set("centres", plan.centres);
  set("devices", plan.devices);
  set("days", static_cast<uint64_t>(plan.days));
  set("day_ms", static_cast<uint64_t>(plan.day_ms));
  set("saves_a_day", static_cast<uint64_t>(plan.saves_a_day));
  if (plan.shipped_judge)
    absl::StrAppend(&text, "  plan.shipped_judge = true;\n");
  if (plan.window_bytes > 0) set("window_bytes", plan.window_bytes);
  absl::StrAppend(&text, "  plan.faults = *ParseFaults(\"",
                  FaultsText(plan.faults), "\");\n");
  if (plan.first_event > 0) set("first_event", plan.first_event);
  if (plan.last_event < UINT32_MAX) set("last_event", plan.last_event);
  absl::StrAppend(&text, "  EXPECT_EQ(ViolationOf(plan), \"\");\n}\n");
  return text;
}

}  // namespace vouch::sim
