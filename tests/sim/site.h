// One centre's worth of a run: the centre, its tablets and their people in
// teams, the network between them, and what may go wrong there. Several sites
// share nothing but time.
#ifndef VOUCH_TESTS_SIM_SITE_H_
#define VOUCH_TESTS_SIM_SITE_H_

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/byzantine.h"
#include "tests/sim/centre_node.h"
#include "tests/sim/faults.h"
#include "tests/sim/newer_app.h"

namespace vouch::sim {

// Where a canary plants its bug; the simulator proper has none.
struct Seams {
  WrapStore centre_store;
  WrapStore device_store;
  decltype(DeviceNode::garble) garble;
  std::function<std::unique_ptr<const Judge>(std::unique_ptr<const Judge>)>
      wrap_judge;
};

// What the records looked like at the end, and which limits were reached: a
// run in which nothing was ever contested, held or cut short proves little.
struct Sights {
  uint64_t records = 0;
  uint64_t sealed = 0;
  uint64_t field_conflicts = 0;
  uint64_t late_amendments = 0;
  uint64_t ledgers_contested = 0;
  uint64_t held = 0;
  uint64_t unknown = 0;    // records that need a newer app
  uint64_t deadlines = 0;  // sessions that a tablet gave up
  uint64_t too_slow = 0;   // and that the centre did
  uint64_t tampered = 0;   // messages refused because they were changed
  uint64_t lies = 0;       // tricks of the liar
  uint64_t replaced = 0;   // tablets whose disk rotted
  uint64_t scrubs = 0;     // of the centre's
  uint64_t server_restores = 0;
  uint64_t device_restores = 0;
  uint64_t clones = 0;
  uint64_t incarnations = 0;  // of tablets, after those
  uint64_t reinstated = 0;
  uint64_t forks = 0;  // on record at rest
  uint64_t safe = 0;   // records that a tablet called safe, truly
  uint64_t drain_ms_max = 0;
  void Add(const Sights& other);
};

class Site {
 public:
  Site(const Context& context, const Plan& plan, size_t index,
       const Seams& seams);

  // Puts the work and the faults of a day on the schedule.
  void PlanDay(int day);

  // Ends every fault: machines are repaired and up, the network is whole.
  void Calm();
  // Starts what syncs are still needed; true once everything is everywhere.
  bool Settle();
  // What must be true at rest; `drained_ms`: how long it took (12).
  void CheckAll(int64_t drained_ms);
  // 6: what was sent and told before changes nothing when it comes again.
  void CheckReplays();
  // The lights go out everywhere. Then Calm, and CheckUnchanged at rest.
  void CutPower();
  void CheckUnchanged();
  std::string Unfinished() const;

  const std::vector<std::unique_ptr<DeviceNode>>& devices() const {
    return devices_;
  }
  CentreNode& centre() { return *centre_; }
  uint32_t fault_events() const { return fault_events_; }
  Sights Look() const;

 private:
  void Enrol(const Seams& seams);
  uint32_t EventNumber(int day, int fault, uint32_t n) const;
  void PlanFault(Fault fault, uint32_t event);
  void PlanSync(size_t device, int64_t delay_ms, int tries, SimRandom random);
  // For a while, unless things have come to rest before.
  void Unless(int64_t delay_ms, std::function<void()> code);

  void Inject(Fault fault, SimRandom random);
  void InjectMachine(Fault fault, Machine& machine, SimRandom* random);
  void InjectNetwork(Fault fault, SimRandom* random);
  void InjectRestore(Fault fault, SimRandom* random);
  void CheckpointCentre(SimRandom* random);
  void PutBackCentre(SimRandom* random, int64_t down_ms);
  void PutBackDevice(DeviceNode* device, SimRandom* random, int64_t down_ms);
  void Clone(DeviceNode* original, DeviceNode* twin);
  // What that disk held and holds no more is lost, unless another has it.
  void LoseWhatOnly(Machine& machine, const std::set<Hash>& before);
  void OweWhatIsHeld();
  void Rot(SimRandom* random);
  Machine& AnyMachine(SimRandom* random);
  DeviceNode& AnyDevice(SimRandom* random);

  int64_t IdealMs() const;
  void CheckDrain(int64_t drained_ms);
  void CheckLog();
  void CheckForks();
  void CheckDevice(DeviceNode& device, const ViewTexts& truth);
  void CheckShown(DeviceNode& device, const ViewTexts& truth);
  void ReplayPushes(DeviceNode& device);
  void ReplayPull(DeviceNode& device);
  std::vector<std::pair<ScopeId, Hash>> CentreStates();

  const Context context_;
  const Plan& plan_;
  const size_t index_;
  uint32_t fault_events_ = 0;
  SimRandom random_;
  Oracle oracle_;
  Invariants invariants_;
  Network network_;
  Roster roster_;
  VerdictWatch verdicts_;
  std::unique_ptr<const Judge> judge_;
  std::list<Places> teams_;
  std::unique_ptr<CentreNode> centre_;
  std::vector<std::unique_ptr<DeviceNode>> devices_;
  std::unique_ptr<NewerApp> newer_app_;
  std::unique_ptr<Byzantine> liar_;
  bool calm_ = true;
  uint64_t rests_ = 0;
  // Of coming to rest.
  int64_t stall_allowed_ms_ = 0;
  bool first_pass_ = true;
  std::vector<SessionCost> drain_;  // a device's, all sessions together
  std::vector<uint64_t> drain_sessions_;
  std::vector<std::pair<ScopeId, Hash>> at_rest_;  // of the centre, each time
  TreeHead head_;                                  // before the power cut
  std::vector<std::pair<ScopeId, Hash>> states_;   // likewise
  // What had been promised when the centre was checkpointed.
  struct Promises {
    std::set<Hash> acknowledged;
    HeadWatch::Roots roots;
  };
  std::map<uint64_t, Promises> promises_;  // by the checkpoint's number
  bool put_back_ = false;                  // something, since the last rest
  Sights sights_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_SITE_H_
