// What can go wrong in a run, and how much of each does: a random subset for
// every seed (swarm testing), since faults that are always all on hide each
// other. Each is a number of events a day and a centre; 0 is off.
//
//   Faults faults = DrawFaults(&random, devices);
//   std::puts(FaultsText(faults).c_str());   // "kill:3,drip:1"
#ifndef VOUCH_TESTS_SIM_FAULTS_H_
#define VOUCH_TESTS_SIM_FAULTS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/sim/sim_random.h"

namespace vouch::sim {

enum class Fault : uint8_t {
  kKill,           // the process ends, nothing is lost
  kPowerCut,       // unsynced writes may go, a prefix stays
  kCrashAtWrite,   // before, during or after a write
  kCrashAtEffect,  // between two effects of a session
  kIoError,        // a write fails, its outcome is not known
  kDiskFull,       // until there is room again
  kBitRot,         // a stored value changes by a bit
  kPartition,      // a tablet is cut off, both ways
  kOneWay,         // only one direction is cut
  kHalfOpen,       // streams die and an end, or both, are not told
  kDrip,           // bytes trickle
  kLatency,        // up to twelve seconds
  kLoss,           // messages, and so streams
  kReplay,         // a finished stream comes once more
  kClockJump,      // by up to ten years, either way
  kClockDrift,     // up to a fifth too fast or slow
  kSlowViews,      // the centre's views lag behind its log
  kTamper,         // somebody between the two changes what passes
  kNewerApp,       // writes what no replica here knows
  kByzantine,      // an enrolled tablet lies
  kServerRestore,  // the centre goes back to an earlier state
  kDeviceRestore,  // likewise a tablet
  kDeviceClone,    // two tablets go on from one state
};
inline constexpr int kFaultCount = 23;
absl::string_view FaultName(Fault fault);

struct Faults {
  std::array<uint32_t, kFaultCount> a_day{};

  uint32_t& operator[](Fault fault) {
    return a_day[static_cast<size_t>(fault)];
  }
  uint32_t operator[](Fault fault) const {
    return a_day[static_cast<size_t>(fault)];
  }
  friend bool operator==(const Faults&, const Faults&) = default;
};

Faults DrawFaults(SimRandom* random, size_t devices);
std::string FaultsText(const Faults& faults);
// Absent for a name or number that is not one.
std::optional<Faults> ParseFaults(absl::string_view text);

inline constexpr uint32_t kCentresMax = 2;
inline constexpr uint32_t kFaultEventsMax = 256;  // of one kind, day and centre

// Everything a run is: equal plans give equal traces.
struct Plan {
  uint64_t seed = 0;
  size_t centres = 1;
  size_t devices = 2;  // of each centre
  int days = 1;
  int64_t day_ms = 600'000;
  int saves_a_day = 40;        // of each device
  bool shipped_judge = false;  // else the simulator's own
  uint64_t window_bytes = 0;   // of a push; 0: the centre's own limit
  Faults faults;
  // Of the fault events of the run, which are numbered by day, centre and
  // fault, only those in [first, last] happen.
  uint32_t first_event = 0;
  uint32_t last_event = UINT32_MAX;
};

Plan DrawPlan(uint64_t seed);
std::string PlanText(const Plan& plan);

// A seed of its own for one part of a run, so that leaving out another part
// moves none of its draws.
uint64_t SeedOf(uint64_t seed, uint64_t part, uint64_t number = 0);

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_FAULTS_H_
