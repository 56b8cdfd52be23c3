// The centre: a machine with a Centre on it, its sessions, its committer and
// its materialiser, each of which takes its time. What it holds in memory for a
// stream has limits, as in server/sync_session: it reads a request only when
// the session wants one, and the log only while little waits to be written.
#ifndef VOUCH_TESTS_SIM_CENTRE_NODE_H_
#define VOUCH_TESTS_SIM_CENTRE_NODE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/replica/centre.h"
#include "sync/core/session.h"
#include "tests/sim/device_node.h"
#include "tests/sim/watch.h"

namespace vouch::sim {

struct CentreTotals {
  uint64_t groups = 0;
  uint64_t group_devices_max = 0;  // the most devices in one group
  uint64_t duplicates = 0;
  uint64_t too_slow = 0;          // sessions ended for standing still
  uint64_t stream_bytes_max = 0;  // the most that one stream held
};

class CentreNode : public Machine, public CentreEnd {
 public:
  CentreNode(const Context& context, std::string name, uint64_t seed,
             const Judge* judge, Network* network, Oracle* oracle,
             Invariants* invariants);
  void AddPeer(const DeviceEnd* peer) { peers_.push_back(peer); }

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
  // Nothing is drawn out: groups gather at once and are whole, and views
  // follow, also those that were to wait.
  void BeCalm(bool calm);
  // Offered in Welcome; 0: the session's own.
  uint64_t window_bytes = 0;
  HeadWatch& heads() { return heads_; }
  // Its disk was put back. `told`: as `vouchd restore` leaves it, with another
  // history and another incarnation of its own.
  void Rewound(bool told);

  // Segments that come by no session of ours. `done` gets what a session
  // would, unless the centre goes down before.
  using Done = std::function<void(const Committed&)>;
  void Submit(const DeviceId& device, CommitSegments push, Done done);
  // Runs code on the open centre.
  // Somebody reads that record there.
  void Read(const RecordId& record);
  void With(const std::function<void(Centre&)>& code) {
    Run([&] { code(*centre_); });
  }

  void OnOpened(StreamId stream, size_t device) override;
  void OnRequest(StreamId stream, v1::SyncRequest message) override;
  void OnRequestsEnded(StreamId stream, bool broken) override;
  bool HasRoom(StreamId stream) override;
  void OnDelivered(StreamId stream) override;

 private:
  struct Session {
    CentreSession machine;
    size_t device = 0;
    DeviceId peer;  // when it was opened
    std::deque<v1::SyncRequest> inbox;
    bool ended = false;
    uint64_t inbox_bytes = 0;
    std::deque<uint64_t> committing;   // bytes of each push, oldest first
    std::optional<ReadFeed> waiting;   // until what was written is taken
    uint64_t responses_bytes_max = 0;  // the largest message sent
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
  void Send(StreamId stream, Session* session, v1::SyncResponse message);
  void ReadLater(StreamId stream, const ReadFeed& read);
  void CheckMemory(StreamId stream, const Session& session);
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
  std::vector<const DeviceEnd*> peers_;  // by their index in the network
  HeadWatch heads_;
  ReadWatch reads_;
  std::unique_ptr<Centre> centre_;
  std::map<StreamId, Session> sessions_;
  std::deque<Job> queue_;
  bool calm_ = false;
  bool commit_due_ = false;
  bool materialise_due_ = false;
  CentreTotals totals_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_CENTRE_NODE_H_
