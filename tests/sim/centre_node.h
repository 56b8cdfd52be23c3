// The centre: a machine with a Centre on it, its sessions, its committer and
// its materialiser, each of which takes its time.
#ifndef VOUCH_TESTS_SIM_CENTRE_NODE_H_
#define VOUCH_TESTS_SIM_CENTRE_NODE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/replica/centre.h"
#include "sync/core/session.h"
#include "tests/sim/device_node.h"

namespace vouch::sim {

struct CentreTotals {
  uint64_t groups = 0;
  uint64_t group_devices_max = 0;  // the most devices in one group
  uint64_t duplicates = 0;
};

class CentreNode : public Machine, public CentreEnd {
 public:
  CentreNode(const Context& context, uint64_t seed, const Judge* judge,
             Network* network, Oracle* oracle, Invariants* invariants);
  void AddDevice(DeviceNode* device) { devices_.push_back(device); }
  void AddChain(const ChainOracle* chain) { chains_.push_back(chain); }

  // Null while it is down.
  Centre* centre() { return up() ? centre_.get() : nullptr; }
  const Store* store() const { return store_.get(); }
  ReplicaView view() const {
    return {name(), &centre_->changes(), store_.get()};
  }
  const CentreTotals& totals() const { return totals_; }
  bool idle() const { return queue_.empty() && centre_->materialised(); }
  // How long views may lag behind the log.
  int64_t lag_ms_max = 500;

  // Segments that come by no session of ours. `done` gets what a session
  // would, unless the centre goes down before.
  using Done = std::function<void(const Committed&)>;
  void Submit(const DeviceId& device, CommitSegments push, Done done);
  // Runs code on the open centre.
  void With(const std::function<void(Centre&)>& code) {
    Run([&] { code(*centre_); });
  }

  void OnOpened(StreamId stream, size_t device) override;
  void OnRequest(StreamId stream, v1::SyncRequest message) override;
  void OnRequestsEnded(StreamId stream, bool broken) override;

 private:
  struct Session {
    CentreSession machine;
    size_t device = 0;
    std::deque<v1::SyncRequest> inbox;
    bool ended = false;
  };
  struct Job {
    DeviceId device;
    CommitSegments push;
    Done done;
  };
  // Where the answer to a committed segment goes.
  struct Placed {
    size_t job;
    DeviceId device;  // that pushed it
    SegmentHeader header;
    bool recovering = false;
  };
  absl::Status OpenReplica() override;
  void CloseReplica() override { centre_.reset(); }
  void OnDown() override;
  void OnUp() override;
  Session* Find(StreamId stream);
  void Tick(StreamId stream);
  void Pump(StreamId stream);
  void Step(StreamId stream, CentreEvent event);
  void Carry(StreamId stream, const std::vector<CentreEffect>& effects);
  void LookUpLater(StreamId stream, const v1::Hello& hello);
  Centre::Visible VisibleTo(const Session& session) const;
  void ReadLater(StreamId stream, const ReadFeed& read);
  void CommitSoon();
  void CommitGroup();
  void Flush(std::vector<Centre::CommitRequest>* requests,
             std::vector<Placed>* placed, std::vector<Committed>* answers);
  void MaterialiseLater();
  void Materialise();

  const Judge* const judge_;
  Network* const network_;
  Oracle* const oracle_;
  Invariants* const invariants_;
  std::vector<DeviceNode*> devices_;
  std::vector<const ChainOracle*> chains_;
  std::unique_ptr<Centre> centre_;
  std::map<StreamId, Session> sessions_;
  std::deque<Job> queue_;
  bool commit_due_ = false;
  bool materialise_due_ = false;
  CentreTotals totals_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_CENTRE_NODE_H_
