#include "tests/sim/centre_node.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/support/loopback.h"

namespace vouch::sim {
namespace {

constexpr int64_t kTickMs = 1000;
constexpr int64_t kWorkMsMax = 15;    // a lookup or a read
constexpr int64_t kGatherMsMax = 40;  // while a group gathers
constexpr int64_t kRetryMs = 1500;    // after a failed write of views
constexpr size_t kGroupJobsMax = 6;
constexpr uint64_t kCheckPermille = 60;
constexpr size_t kCalmGroupJobsMax = 64;
constexpr size_t kInboxMessagesMax = 2;
// The log is read on while less than this waits to be written; small, so that
// it often is the limit.
constexpr uint64_t kWriteBytesMax = 6'000;
constexpr uint64_t kAckBytesMax = 64 << 10;  // of all acks that may wait

}  // namespace

CentreNode::CentreNode(const Context& context, std::string name, uint64_t seed,
                       const Judge* judge, Network* network, Oracle* oracle,
                       Invariants* invariants)
    : Machine(context, std::move(name), seed),
      judge_(judge),
      network_(network),
      oracle_(oracle),
      invariants_(invariants),
      heads_(context.findings),
      reads_("a reader at the centre", context.findings) {}

absl::Status CentreNode::OpenReplica() {
  VOUCH_ASSIGN_OR_RETURN(
      centre_, Centre::Open(store_.get(), keys_.get(), judge_, &clock(),
                            &random_, {"the simulated centre"}));
  return absl::OkStatus();
}

void CentreNode::OnUp() {
  if (rotten()) return;  // its answers may be errors until it is scrubbed
  oracle_->custody().CheckAcknowledged(centre_->changes(), *store_);
  invariants_->CheckEffects(view());
}

void CentreNode::Rewound(bool told) {
  reads_.Restart([](const Hash&) { return false; });
  if (!told) return;
  Alter([this](Store& store, KeyRing& keys) {
    auto identity = ReadIdentity(store, keys);
    VOUCH_CHECK(identity.ok());
    identity->history = random_.Make<HistoryId>();
    identity->incarnation = random_.Make<Incarnation>();
    WriteBatch batch;
    PutIdentity(*identity, keys, &batch);
    VOUCH_CHECK(store.Write(std::move(batch), Durability::kSynced).ok());
  });
}

void CentreNode::OnDown() {
  queue_.clear();
  commit_due_ = materialise_due_ = false;
  std::map<StreamId, Session> gone = std::move(sessions_);
  sessions_.clear();
  for (const auto& [stream, session] : gone) network_->CentreEnds(stream);
}

CentreNode::Session* CentreNode::Find(StreamId stream) {
  auto found = sessions_.find(stream);
  return found == sessions_.end() ? nullptr : &found->second;
}

void CentreNode::OnOpened(StreamId stream, size_t device) {
  if (!up()) return network_->CentreEnds(stream);
  Run([&] {
    Session& session = sessions_[stream];
    session.device = device;
    session.peer = peers_[device]->peer();
    Carry(stream, session.machine.Start(context_.scheduler->now_ms()));
    Later(kTickMs, [this, stream] { Tick(stream); });
  });
}

void CentreNode::Tick(StreamId stream) {
  if (Find(stream) == nullptr) return;
  Step(stream, TimePassed{});
  Later(kTickMs, [this, stream] { Tick(stream); });
}

void CentreNode::OnRequest(StreamId stream, v1::SyncRequest message) {
  Run([&] {
    Session* session = Find(stream);
    if (session == nullptr) return;
    session->inbox_bytes += message.ByteSizeLong();
    session->inbox.push_back(std::move(message));
    CheckMemory(stream, *session);
    Pump(stream);
  });
}

bool CentreNode::HasRoom(StreamId stream) {
  Session* session = Find(stream);
  return session == nullptr || session->inbox.size() < kInboxMessagesMax;
}

void CentreNode::OnDelivered(StreamId stream) {
  Run([&] {
    Session* session = Find(stream);
    if (session == nullptr || !session->waiting.has_value() ||
        network_->undelivered_bytes(stream) >= kWriteBytesMax) {
      return;
    }
    ReadFeed read = *session->waiting;
    session->waiting.reset();
    ReadLater(stream, read);
  });
}

// 14: a peer that sends without end or takes nothing costs no more than this.
void CentreNode::CheckMemory(StreamId stream, const Session& session) {
  uint64_t committing = 0;
  for (uint64_t bytes : session.committing) committing += bytes;
  uint64_t written = network_->undelivered_bytes(stream);
  totals_.stream_bytes_max = std::max(
      totals_.stream_bytes_max, session.inbox_bytes + committing + written);
  if (session.inbox.size() > kInboxMessagesMax ||
      committing > kPushWindowBytesMax + kMessageBytesMax ||
      written > kWriteBytesMax + session.responses_bytes_max + kAckBytesMax) {
    context_.findings->Fail(
        14, absl::StrCat("stream ", stream, " holds ", session.inbox.size(),
                         " messages unread, ", committing,
                         " bytes to be committed, ", written,
                         " bytes to be taken"));
  }
}

void CentreNode::OnRequestsEnded(StreamId stream, bool broken) {
  Run([&] {
    Session* session = Find(stream);
    if (session == nullptr) return;
    if (broken) {
      sessions_.erase(stream);  // what was handed to the committer goes on
      return network_->CentreEnds(stream);
    }
    session->ended = true;
    Pump(stream);
  });
}

// Backpressure: the next request is read only when the session wants it.
void CentreNode::Pump(StreamId stream) {
  while (Session* session = Find(stream)) {
    if (crashed()) return;
    if (session->inbox.empty()) {
      if (!session->ended) return;
      session->ended = false;
      return Step(stream, RequestsEnded{});
    }
    if (!session->machine.wants_request()) return;
    v1::SyncRequest message = std::move(session->inbox.front());
    session->inbox.pop_front();
    session->inbox_bytes -= message.ByteSizeLong();
    Step(stream, ReceivedRequest{std::move(message)});
  }
}

void CentreNode::Step(StreamId stream, CentreEvent event) {
  Session* session = Find(stream);
  if (session == nullptr || crashed()) return;
  Carry(stream,
        session->machine.Step(std::move(event), context_.scheduler->now_ms()));
}

void CentreNode::Carry(StreamId stream,
                       const std::vector<CentreEffect>& effects) {
  for (const CentreEffect& effect : effects) {
    if (AtEffect()) return;
    Session* session = Find(stream);
    if (session == nullptr) return;
    if (auto* send = std::get_if<SendResponse>(&effect)) {
      Send(stream, session, send->message);
    } else if (auto* look = std::get_if<LookUp>(&effect)) {
      LookUpLater(stream, look->hello);
    } else if (auto* commit = std::get_if<CommitSegments>(&effect)) {
      uint64_t bytes = 0;
      for (const std::string& wire : commit->segments) bytes += wire.size();
      session->committing.push_back(bytes);
      CheckMemory(stream, *session);
      Submit(session->peer, *commit,
             [this, stream](const Committed& committed) {
               Session* session = Find(stream);
               if (session == nullptr) return;
               session->committing.pop_front();
               Step(stream, committed);
               Pump(stream);
               network_->Pour(stream);
             });
    } else if (auto* read = std::get_if<ReadFeed>(&effect)) {
      ReadLater(stream, *read);
    } else if (auto answer = PerformOnCentre(*centre_, session->peer,
                                             VisibleTo(*session), effect)) {
      Step(stream, *std::move(answer));
    } else {
      const absl::Status& status = std::get<CloseSession>(effect).status;
      totals_.too_slow += ReasonOf(status) == Reason::kTooSlow ? 1 : 0;
      if (!status.ok()) {
        Say(absl::StrCat("closes stream ", stream, ": ",
                         ReasonName(ReasonOf(status))));
      }
      sessions_.erase(stream);
      network_->CentreEnds(stream);
    }
  }
}

void CentreNode::Send(StreamId stream, Session* session,
                      v1::SyncResponse message) {
  if (message.has_welcome()) {
    heads_.Note(message.welcome().tree_head(), centre_->history());
    if (window_bytes > 0) {
      message.mutable_welcome()->set_push_window_bytes(window_bytes);
    }
  } else if (message.has_batch()) {
    heads_.Note(message.batch().tree_head(), centre_->history());
  }
  session->responses_bytes_max =
      std::max<uint64_t>(session->responses_bytes_max, message.ByteSizeLong());
  network_->ToDevice(stream, message);
  CheckMemory(stream, *session);
}

void CentreNode::LookUpLater(StreamId stream, const v1::Hello& hello) {
  Later(random_.Between(0, kWorkMsMax), [this, stream, hello] {
    Session* session = Find(stream);
    if (session == nullptr) return;
    Step(stream, centre_->Answer(session->peer, hello));
    Pump(stream);
    network_->Pour(stream);
  });
}

Centre::Visible CentreNode::VisibleTo(const Session& session) const {
  const DeviceEnd* peer = peers_[session.device];
  return [peer](const ScopeId& scope) { return peer->Sees(scope); };
}

void CentreNode::ReadLater(StreamId stream, const ReadFeed& read) {
  if (network_->undelivered_bytes(stream) >= kWriteBytesMax) {
    Find(stream)->waiting = read;
    return;
  }
  // Small batches now and then, so that a pull takes several.
  ReadFeed request = read;
  if (!calm_ && random_.Chance(300)) request.bytes_max = 2000;
  Later(random_.Between(0, kWorkMsMax), [this, stream, request] {
    Session* session = Find(stream);
    if (session == nullptr) return;
    Step(stream, centre_->Feed(session->peer, VisibleTo(*session), request));
  });
}

void CentreNode::Submit(const DeviceId& device, CommitSegments push,
                        Done done) {
  queue_.push_back({device, std::move(push), std::move(done)});
  CommitSoon();
}

void CentreNode::CommitSoon() {
  if (commit_due_ || queue_.empty()) return;
  commit_due_ = true;
  Later(random_.Between(0, calm_ ? 5 : kGatherMsMax), [this] {
    commit_due_ = false;
    CommitGroup();
    CommitSoon();
  });
}

// As the server's committer: the segments of several pushes, of several
// devices, in one batch; answers after it is on disk.
void CentreNode::CommitGroup() {
  std::vector<Job> jobs;
  size_t count =
      std::min<size_t>(queue_.size(), calm_ ? kCalmGroupJobsMax
                                            : 1 + random_.Below(kGroupJobsMax));
  for (size_t i = 0; i < count; ++i) {
    jobs.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  std::vector<Committed> answers(jobs.size());
  std::vector<Centre::CommitRequest> requests;
  std::vector<Placed> placed;
  for (size_t j = 0; j < jobs.size() && !crashed(); ++j) {
    for (size_t i = 0; i < jobs[j].push.segments.size(); ++i) {
      auto request = centre_->Verify(jobs[j].device, jobs[j].push, i);
      if (ReasonOf(request.status()) == Reason::kReferenceUnknown &&
          !requests.empty()) {
        // It names a change of the group that gathers.
        Flush(&requests, &placed, &answers);
        if (!answers[j].status.ok()) break;
        request = centre_->Verify(jobs[j].device, jobs[j].push, i);
      }
      if (!request.ok()) {
        answers[j].status = request.status();
        break;
      }
      placed.push_back({j, jobs[j].device, request->segment.header,
                        jobs[j].push.recovering});
      requests.push_back(*std::move(request));
    }
  }
  std::set<DeviceId> devices;
  for (const Job& job : jobs) devices.insert(job.device);
  totals_.group_devices_max =
      std::max<uint64_t>(totals_.group_devices_max, devices.size());
  Flush(&requests, &placed, &answers);
  MaterialiseLater();
  for (size_t j = 0; j < jobs.size(); ++j) {
    if (AtEffect()) return;
    jobs[j].done(answers[j]);
  }
}

void CentreNode::Flush(std::vector<Centre::CommitRequest>* requests,
                       std::vector<Placed>* placed,
                       std::vector<Committed>* answers) {
  if (requests->empty() || crashed()) return;
  ++totals_.groups;
  auto results = centre_->Commit(std::move(*requests));
  Say(absl::StrCat(
      "commits ", placed->size(), " segments: ",
      results.ok() ? "stored" : ReasonName(ReasonOf(results.status())),
      ", log ", centre_->Head().size));
  for (size_t i = 0; i < placed->size(); ++i) {
    const SegmentHeader& header = (*placed)[i].header;
    Committed& answer = (*answers)[(*placed)[i].job];
    if (!answer.status.ok()) continue;  // an earlier one of the push failed
    answer.status = results.ok() ? (*results)[i].status : results.status();
    if (!answer.status.ok()) continue;
    const Centre::CommitResult& result = (*results)[i];
    totals_.duplicates += result.duplicate ? 1 : 0;
    centre_->AddToAck((*placed)[i].device, header, (*placed)[i].recovering,
                      result, &answer.ack);
  }
  requests->clear();
  placed->clear();
}

void CentreNode::Read(const RecordId& record) {
  Run([&] { reads_.Read(view(), record); });
}

void CentreNode::BeCalm(bool calm) {
  calm_ = calm;
  lag_ms_max = calm ? 20 : 500;
  if (!calm) return;
  materialise_due_ = false;
  Run([this] { MaterialiseLater(); });
}

void CentreNode::MaterialiseLater() {
  if (materialise_due_ || crashed() || centre_->materialised()) return;
  materialise_due_ = true;
  Later(random_.Between(0, lag_ms_max), [this] {
    materialise_due_ = false;
    Materialise();
  });
}

void CentreNode::Materialise() {
  absl::Status done = centre_->Materialise(calm_ ? kMaterialiseEntriesMax
                                                 : 1 + random_.Below(40));
  if (crashed()) return;
  if (done.ok()) {
    if (!rotten() && random_.Chance(kCheckPermille)) {
      invariants_->CheckEffects(view());
    }
    return MaterialiseLater();
  }
  Reason reason = ReasonOf(done);
  Say(absl::StrCat("cannot work out views: ", ReasonName(reason)));
  if (reason != Reason::kStoreFull && reason != Reason::kStoreIo &&
      !(reason == Reason::kStoreCorrupted && rotten())) {
    return context_.findings->Fail(
        7, absl::StrCat("views cannot be worked out: ", done.ToString()));
  }
  Later(kRetryMs, [this] { MaterialiseLater(); });
}

}  // namespace vouch::sim
