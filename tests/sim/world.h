// One run of one seed: a centre and two to eight tablets live through one to
// three days of work and faults, come to rest, and are checked.
#ifndef VOUCH_TESTS_SIM_WORLD_H_
#define VOUCH_TESTS_SIM_WORLD_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/centre_node.h"
#include "tests/sim/newer_app.h"

namespace vouch::sim {

// Where a canary plants its bug; the simulator proper has none.
struct Seams {
  WrapStore centre_store;
  WrapStore device_store;
  decltype(DeviceNode::garble) garble;
};

// What the records looked like at the end: a run in which nothing was ever
// contested or held proves little.
struct Sights {
  uint64_t records = 0;
  uint64_t sealed = 0;
  uint64_t field_conflicts = 0;
  uint64_t late_amendments = 0;
  uint64_t ledgers_contested = 0;
  uint64_t held = 0;
  uint64_t unknown = 0;  // records that need a newer app
  void Add(const Sights& other);
};

struct RunResult {
  Sights sights;
  std::optional<Findings::Violation> violation;
  uint64_t trace_hash = 0;
  uint64_t events = 0;
  uint64_t device_days = 0;  // of 40 saves and 2 finished syncs, whole ones
  uint64_t saves = 0;
  uint64_t sessions = 0;
  uint64_t changes = 0;  // in the log at the end
  uint64_t duplicates = 0;
};

class World {
 public:
  World(uint64_t seed, bool trace, const Seams& seams);
  RunResult Run();

 private:
  // How rough the days are; drawn once a run.
  struct Plan {
    size_t devices = 2;
    int days = 1;
    int64_t day_ms = 0;
    uint64_t faults_a_day = 0;
    bool clocks = false;  // they jump and drift
    bool shipped_judge = false;
  };

  Plan DrawPlan();
  void Settle(const Seams& seams);
  void RunDay();
  void SyncLater(size_t device, int64_t delay_ms, int tries);
  void Fault();
  void FailDisk(Machine& machine);
  void Partition(size_t device);
  void ChangeWeather();
  void MoveClock(Machine& machine);
  Machine& AnyMachine();
  // For a while, unless things have come to rest before.
  void Unless(int64_t delay_ms, std::function<void()> code);

  // Ends every fault and waits until everything is everywhere (12).
  void ComeToRest();
  bool AtRest();
  void CheckAll();
  Sights Look(const ViewTexts& texts) const;
  void CheckReached(const ChainOracle& chain);
  void CheckDevice(DeviceNode& device, const ViewTexts& truth);
  void CheckShown(DeviceNode& device, const ViewTexts& truth);
  void CheckReplays();
  void ReplayPushes(DeviceNode& device);
  void ReplayPull(DeviceNode& device);
  void CheckAfterPowerCut();
  std::vector<std::pair<ScopeId, Hash>> CentreStates();

  const uint64_t seed_;
  SimRandom random_;
  Findings findings_;
  Trace trace_;
  Scheduler scheduler_;
  Context context_;
  Oracle oracle_;
  Invariants invariants_;
  Network network_;
  const Plan plan_;
  const std::unique_ptr<const Judge> judge_;
  std::unique_ptr<CentreNode> centre_;
  std::vector<std::unique_ptr<DeviceNode>> devices_;
  std::unique_ptr<NewerApp> newer_app_;
  Places places_;
  bool calm_ = true;
  uint64_t rests_ = 0;
  Sights sights_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_WORLD_H_
