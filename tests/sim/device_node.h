// A tablet: a machine with a Device on it, the person who works on it, and the
// carrier of its sessions. It tells the oracle what its person was told.
#ifndef VOUCH_TESTS_SIM_DEVICE_NODE_H_
#define VOUCH_TESTS_SIM_DEVICE_NODE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/replica/centre.h"
#include "storage/replica/device.h"
#include "sync/core/session.h"
#include "tests/sim/invariants.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"
#include "tests/sim/oracle.h"
#include "tests/sim/workload.h"

namespace vouch::sim {

struct DeviceTotals {
  uint64_t saves = 0;     // that returned OK
  uint64_t sessions = 0;  // begun
  uint64_t finished = 0;  // of those, to the end
};

class DeviceNode : public Machine, public DeviceEnd {
 public:
  struct Options {
    size_t index = 0;
    bool staff = true;  // holds the staff scopes too
    uint64_t seed = 0;
  };
  DeviceNode(const Context& context, const Options& options, Network* network,
             Oracle* oracle, Invariants* invariants);

  // Enrols it; nothing fails yet.
  void Enrol(Centre& centre, int role);
  void Save(Places* places);
  void StartSync();
  bool syncing() const { return session_.has_value(); }
  bool last_sync_ok() const { return last_sync_ok_; }
  // From now on only a sync that begins later counts.
  void ForgetLastSync() {
    last_sync_ok_ = false;
    session_is_old_ = session_.has_value();
  }
  bool Sees(const ScopeId& scope) const;

  // Null while it is down.
  Device* device() { return up() ? device_.get() : nullptr; }
  const Store* store() const { return store_.get(); }
  const ChainOracle& chain() const { return chain_; }
  const DeviceTotals& totals() const { return totals_; }
  ReplicaView view() const {
    return {name(), &device_->changes(), store_.get()};
  }
  // The same acknowledgements once more: nothing may change (invariant 6).
  void ReplayAcks();

  // Changes what the device hears; how a canary plants its bug. `sent_seq`:
  // the end of what was ever sent of its chain.
  std::function<void(uint64_t sent_seq, const Hash& sent_hash,
                     v1::SyncResponse*)>
      garble;

  void OnResponse(StreamId stream, v1::SyncResponse message) override;
  void OnStreamEnded(StreamId stream) override;

 private:
  absl::Status OpenReplica() override;
  void CloseReplica() override { device_.reset(); }
  void OnDown() override;
  void OnUp() override;
  void Tick(StreamId stream);
  void Step(StreamId stream, DeviceEvent event);
  void Carry(StreamId stream, const std::vector<DeviceEffect>& effects);
  DeviceEvent Perform(const DeviceEffect& effect);
  void CheckSometimes();
  void Told(const v1::CommittedSegment& segment);
  void Finish(absl::Status status);

  Network* const network_;
  Oracle* const oracle_;
  Invariants* const invariants_;
  const Options options_;
  std::unique_ptr<Device> device_;
  ChainOracle chain_;
  Workload workload_;
  std::optional<DeviceSession> session_;
  StreamId stream_ = 0;
  bool last_sync_ok_ = false;
  bool session_is_old_ = false;
  uint64_t sent_seq_ = 0;
  Hash sent_hash_;
  std::vector<v1::Ack> acks_;  // the latest few, to be applied again
  DeviceTotals totals_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_DEVICE_NODE_H_
