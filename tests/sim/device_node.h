// A tablet: a machine with a Device on it, the person who works on it, and the
// carrier of its sessions. It tells the oracle what its person was told.
#ifndef VOUCH_TESTS_SIM_DEVICE_NODE_H_
#define VOUCH_TESTS_SIM_DEVICE_NODE_H_

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/replica/centre.h"
#include "storage/replica/device.h"
#include "sync/core/session.h"
#include "tests/sim/invariants.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"
#include "tests/sim/oracle.h"
#include "tests/sim/watch.h"
#include "tests/sim/workload.h"

namespace vouch::sim {

struct DeviceTotals {
  uint64_t saves = 0;         // that returned OK
  uint64_t sessions = 0;      // begun
  uint64_t finished = 0;      // of those, to the end
  uint64_t deadlines = 0;     // ended for want of progress
  uint64_t tampered = 0;      // changed batches and acknowledgements refused
  uint64_t incarnations = 0;  // begun after a restore or a clone
  uint64_t safe = 0;          // records found to be STABLE, truly
};

// What the session under way, or the last one, asked of the network.
struct SessionCost {
  uint64_t pushes = 0;
  uint64_t pulls = 0;
  uint64_t batches = 0;
  uint64_t segments = 0;   // pushed
  uint64_t questions = 0;  // of recovery: a ladder, ranges compared
};

class DeviceNode : public Machine, public DeviceEnd {
 public:
  struct Options {
    size_t index = 0;  // in the network
    std::string name;
    int role = 0;        // vouch.v1.Role
    bool newer = false;  // its app knows what nobody else's does
    uint64_t seed = 0;
    std::vector<Places*> caseload;  // of its teams, one at least
  };
  // `centre`: where its streams end.
  DeviceNode(const Context& context, const Options& options, Network* network,
             const Machine* centre, Oracle* oracle, Invariants* invariants);

  // Enrols it; nothing fails meanwhile. Again after Replace: the same person
  // on a new tablet.
  void Enrol(Centre& centre, Roster* roster);
  // Its disk became an earlier one: from the next boot on the oracle follows
  // the chain that is there.
  void Rewound();
  // It becomes the twin of that one: its disk, person, role and caseload.
  void BecomeTwin(DeviceNode* original);
  void Save();
  void StartSync();
  bool syncing() const { return session_.has_value(); }
  bool last_sync_ok() const { return last_sync_ok_; }
  // From now on only a sync that begins later counts.
  void ForgetLastSync() {
    last_sync_ok_ = false;
    session_is_old_ = session_.has_value();
  }
  // The next batch or acknowledgement comes changed, then as it was sent.
  void TamperNext() { ++tampers_; }

  // Null while it is down.
  Device* device() { return up() ? device_.get() : nullptr; }
  const Store* store() const { return store_.get(); }
  const ChainOracle& chain() const { return chains_.back(); }
  // Nothing is left for it to reconcile with the centre.
  bool reconciled() const;
  const DeviceTotals& totals() const { return totals_; }
  const SessionCost& cost() const { return cost_; }
  ReplicaView view() const {
    return {name(), &device_->changes(), store_.get()};
  }
  // The same acknowledgements once more: nothing may change (invariant 6).
  void ReplayAcks();
  // Those are of a log that is gone.
  void ForgetAcks() { acks_.clear(); }
  // 25: what it calls safe is in a second store. Of that record.
  void CheckSafe(const RecordId& record);

  // Changes what the device hears; how a canary plants its bug. `sent_seq`:
  // the end of what was ever sent of its chain.
  std::function<void(uint64_t sent_seq, const Hash& sent_hash,
                     v1::SyncResponse*)>
      garble;

  void OnResponse(StreamId stream, v1::SyncResponse message) override;
  void OnStreamEnded(StreamId stream) override;
  DeviceId peer() const override { return chain().device(); }
  bool Sees(const ScopeId& scope) const override {
    return Grants(options_.role, options_.caseload, scope);
  }

 private:
  static bool Grants(int role, const std::vector<Places*>& caseload,
                     const ScopeId& scope);
  absl::Status OpenReplica() override;
  void CloseReplica() override { device_.reset(); }
  void OnDown() override;
  void OnUp() override;
  // `twins`: another number, other work.
  static Workload::Options WorkOf(const Options& options, uint64_t twins);
  bool IsOrdinary(Reason reason) const;
  void Look();
  void Resume();
  void FollowIncarnation();
  void Note();
  void SaveFailed(size_t count, const absl::Status& status);
  void Tick(StreamId stream);
  void Step(StreamId stream, DeviceEvent event);
  void Carry(StreamId stream, const std::vector<DeviceEffect>& effects);
  void Send(StreamId stream, const v1::SyncRequest& message);
  DeviceEvent Perform(const DeviceEffect& effect);
  void TryTampered(const DeviceEffect& effect);
  void CheckSometimes();
  void Told(const v1::CommittedSegment& segment);
  void Finish(absl::Status status);

  Network* const network_;
  const Machine* const centre_;
  Oracle* const oracle_;
  Invariants* const invariants_;
  Options options_;
  std::unique_ptr<Device> device_;
  std::list<ChainOracle> chains_;  // of each tablet and incarnation, in turn
  size_t noted_ = 0;               // of the last one, as custody knows it
  size_t kept_of_chain_ = 0;       // likewise, of what is on its disk
  std::set<Hash> kept_;            // changes that no crash takes from its disk
  std::optional<PersonId> person_;
  std::unique_ptr<Workload> workload_;
  ReadWatch reads_;
  std::optional<DeviceSession> session_;
  StreamId stream_ = 0;
  uint64_t age_ = 0;  // of the centre, when the session began
  bool rewound_ = false;
  bool disturbed_ = false;  // it was put back, or has a twin
  bool last_sync_ok_ = false;
  bool session_is_old_ = false;
  uint64_t sent_seq_ = 0;
  Hash sent_hash_;
  std::vector<v1::Ack> acks_;  // the latest few, to be applied again
  uint64_t tampers_ = 0;
  std::deque<uint64_t> in_flight_;  // bytes of segments not acknowledged yet
  uint64_t in_flight_bytes_ = 0;
  uint64_t segment_bytes_max_ = 0;
  uint64_t window_bytes_ = 0;
  DeviceTotals totals_;
  SessionCost cost_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_DEVICE_NODE_H_
