#include "tests/sim/faults.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace vouch::sim {
namespace {

constexpr int64_t kMinuteMs = 60'000;
// Above this many devices a run has one day: its cost grows faster than they.
constexpr size_t kFewDevices = 8;

constexpr std::array<absl::string_view, kFaultCount> kNames = {
    "kill",           "power-cut",      "crash-at-write", "crash-at-effect",
    "io-error",       "disk-full",      "bit-rot",        "partition",
    "one-way",        "half-open",      "drip",           "latency",
    "loss",           "replay",         "clock-jump",     "clock-drift",
    "slow-views",     "tamper",         "newer-app",      "byzantine",
    "server-restore", "device-restore", "device-clone"};

// The most events a day that a seed draws, for two to five devices.
uint32_t Most(Fault fault) {
  switch (fault) {
    case Fault::kBitRot:
    case Fault::kClockDrift:
    case Fault::kServerRestore:
    case Fault::kDeviceRestore:
    case Fault::kDeviceClone:
      return 2;
    case Fault::kTamper:
    case Fault::kNewerApp:
    case Fault::kByzantine:
      return 12;
    case Fault::kCrashAtWrite:
    case Fault::kCrashAtEffect:
      return 20;
    default:
      return 8;
  }
}

}  // namespace

absl::string_view FaultName(Fault fault) {
  return kNames[static_cast<size_t>(fault)];
}

Faults DrawFaults(SimRandom* random, size_t devices) {
  Faults faults;
  if (random->Chance(80)) return faults;  // nothing fails: the plainest bugs
  const uint64_t share = random->Chance(300) ? 800 : 350;
  for (int i = 0; i < kFaultCount; ++i) {
    Fault fault = static_cast<Fault>(i);
    uint64_t most = Most(fault) * (1 + devices / 6);
    bool on = random->Chance(share);
    uint64_t events = 1 + random->Below(1 + random->Below(most));
    if (!on) continue;
    faults[fault] = static_cast<uint32_t>(events);
  }
  return faults;
}

std::string FaultsText(const Faults& faults) {
  std::vector<std::string> parts;
  for (int i = 0; i < kFaultCount; ++i) {
    if (faults.a_day[i] == 0) continue;
    parts.push_back(absl::StrCat(kNames[i], ":", faults.a_day[i]));
  }
  return parts.empty() ? "none" : absl::StrJoin(parts, ",");
}

std::optional<Faults> ParseFaults(absl::string_view text) {
  Faults faults;
  if (text == "none") return faults;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits(':', 1));
    bool known = false;
    for (int i = 0; i < kFaultCount; ++i) {
      if (kNames[i] != pair.first) continue;
      known = absl::SimpleAtoi(pair.second, &faults.a_day[i]);
    }
    if (!known) return std::nullopt;
  }
  return faults;
}

Plan DrawPlan(uint64_t seed) {
  SimRandom random(SeedOf(seed, 1));
  Plan plan;
  plan.seed = seed;
  plan.centres = random.Chance(120) ? 2 : 1;
  uint64_t crowd = random.Below(1000);
  if (crowd < 12) {
    plan.devices = 17 + random.Below(34);  // up to 50
  } else if (crowd < 100) {
    plan.devices = 7 + random.Below(10);
  } else {
    plan.devices = 2 + random.Below(4);
  }
  plan.days = 1 + static_cast<int>(random.Below(3));
  if (plan.devices > kFewDevices) plan.days = 1;
  plan.day_ms = random.Between(3, 40) * kMinuteMs;
  // It holds most of what this workload writes, so the other judges more often.
  plan.shipped_judge = random.Chance(200);
  if (random.Chance(400)) plan.window_bytes = 800 + random.Below(20'000);
  plan.faults = DrawFaults(&random, plan.devices);
  return plan;
}

std::string PlanText(const Plan& plan) {
  return absl::StrCat(
      plan.centres, " centre(s) of ", plan.devices, " devices, ", plan.days,
      " day(s) of ", plan.day_ms / kMinuteMs, " min, ", plan.saves_a_day,
      " saves a day, ", plan.shipped_judge ? "shipped" : "simulated",
      " judge, window ", plan.window_bytes, ", faults ",
      FaultsText(plan.faults));
}

uint64_t SeedOf(uint64_t seed, uint64_t part, uint64_t number) {
  SimRandom mix(seed * 0x9e3779b97f4a7c15u + part);
  return mix.Next() ^ SimRandom(number + 0x51ed27u).Next();
}

}  // namespace vouch::sim
