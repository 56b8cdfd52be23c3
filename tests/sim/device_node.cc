#include "tests/sim/device_node.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/sim/faults.h"
#include "tests/support/loopback.h"
#include "vouch/v1/records.pb.h"

namespace vouch::sim {
namespace {

constexpr int64_t kTickMs = 1000;
constexpr int64_t kReopenMs = 3'000;
constexpr size_t kAcksKeptMax = 8;
constexpr int kSafeChecks = 3;  // records, after each session

bool HoldsStaffScopes(int role) {
  return role != v1::ROLE_CANDIDATE && role != v1::ROLE_EXPERT_WITNESS;
}

}  // namespace

Workload::Options DeviceNode::WorkOf(const Options& options, uint64_t twins) {
  Workload::Options work;
  work.author = options.index;
  work.staff = HoldsStaffScopes(options.role);
  work.verifier = options.role == v1::ROLE_INTERNAL_VERIFIER;
  work.newer = options.newer;
  work.seed = SeedOf(options.seed, 2, twins);
  return work;
}

DeviceNode::DeviceNode(const Context& context, const Options& options,
                       Network* network, const Machine* centre, Oracle* oracle,
                       Invariants* invariants)
    : Machine(context, options.name, options.seed),
      network_(network),
      centre_(centre),
      oracle_(oracle),
      invariants_(invariants),
      options_(options),
      workload_(std::make_unique<Workload>(WorkOf(options, 0))),
      reads_(name(), context.findings) {}

// How a session may end while machines and networks fail. Anything else means
// that a replica disagrees with itself or with another.
bool DeviceNode::IsOrdinary(Reason reason) const {
  switch (reason) {
    case Reason::kUnreachable:
    case Reason::kDeadline:
    case Reason::kTooSlow:
    case Reason::kStoreFull:
    case Reason::kStoreIo:
      return true;
    case Reason::kStoreCorrupted:
      return rotten() || centre_->rotten();
    // It finds out that it was put back, and makes it good the next time.
    case Reason::kChainForked:
    case Reason::kChainBroken:
    case Reason::kDeviceRestored:
      return oracle_->custody().disturbed();
    default:
      return false;
  }
}

bool DeviceNode::Grants(int role, const std::vector<Places*>& caseload,
                        const ScopeId& scope) {
  ScopeKind kind = ScopeKindOf(scope);
  bool granted =
      kind == ScopeKind::kShared ||
      (kind == ScopeKind::kStaff && HoldsStaffScopes(role)) ||
      (kind == ScopeKind::kVerification && role == v1::ROLE_INTERNAL_VERIFIER);
  if (!granted) return false;
  RecordId registration = RegistrationOf(scope);
  for (const Places* team : caseload) {
    if (team->Owns(registration)) return true;
  }
  return false;
}

absl::Status DeviceNode::OpenReplica() {
  VOUCH_ASSIGN_OR_RETURN(
      device_, Device::Open(store_.get(), keys_.get(), &clock(), &random_));
  return absl::OkStatus();
}

void DeviceNode::OnUp() {
  if (!device_->membership().has_value()) return;
  // What a crash took of it can no longer be told: it is not used again.
  if (rotten()) return TakeOut();
  if (rewound_) {
    rewound_ = false;
    return Resume();
  }
  Look();
  FollowIncarnation();
  for (const Hash& hash : kept_) {
    if (Holds(device_->changes(), *store_, hash)) continue;
    return context_.findings->Fail(
        1, absl::StrCat(name(), " had change ", hash.Hex().substr(0, 12),
                        " on its disk and has it no more"));
  }
}

void DeviceNode::OnDown() {
  session_.reset();
  acks_.clear();
  reads_.Restart([&](const Hash& hash) { return kept_.contains(hash); });
  network_->DeviceEnds(stream_, true);
}

void DeviceNode::Enrol(Centre& centre, Roster* roster) {
  auto code = centre.CreateCode(options_.role, name(), 0, person_);
  VOUCH_CHECK(code.ok());
  auto member = centre.Enrol(code->code, device_->device_key().public_key(),
                             device_->person_key().public_key());
  VOUCH_CHECK(member.ok());
  person_ = member->person;
  Membership membership;
  membership.person = member->person;
  membership.person_name = member->name;
  membership.role = member->role;
  membership.centre_id = centre.id();
  membership.centre_name = centre.name();
  membership.centre_key = centre.key();
  VOUCH_CHECK(device_->Adopt(membership).ok());
  reads_.Restart([](const Hash&) { return false; });
  std::string chain_name = name();
  if (!chains_.empty()) absl::StrAppend(&chain_name, ", tablet ", boots());
  chains_.emplace_back(chain_name, context_.findings);
  chains_.back().Begin(device_->id(), device_->incarnation());
  noted_ = kept_of_chain_ = 0;
  kept_.clear();
  disturbed_ = rewound_ = false;
  // By value: this tablet may become another's twin.
  (*roster)[device_->id()] = {
      chain_name, *person_, options_.role,
      [role = options_.role, caseload = options_.caseload](
          const ScopeId& scope) { return Grants(role, caseload, scope); }};
}

// What the store holds of the own chain, after a restart or a failed save.
void DeviceNode::Look() {
  if (rotten()) return;  // its answers are errors now, and it is replaced
  chains_.back().Look(device_->changes(), *store_, clock().latest_ms(),
                      oracle_);
  Note();
}

void DeviceNode::SaveFailed(size_t count, const absl::Status& status) {
  Reason reason = ReasonOf(status);
  Say(absl::StrCat("cannot save: ", ReasonName(reason)));
  if (reason == Reason::kStoreFull || !IsOrdinary(reason)) {
    if (!IsOrdinary(reason)) {
      context_.findings->Fail(
          1, absl::StrCat(name(), " cannot save: ", status.ToString()));
    }
    return;
  }
  chains_.back().SaveFailed(count);
  if (!crashed()) Look();
}

void DeviceNode::Save() {
  Run([&] {
    if (chain().in_doubt()) Look();
    if (chain().in_doubt() && rotten()) return;
    Places* places = options_.caseload[random_.Below(options_.caseload.size())];
    auto makers = workload_->Next(*device_, clock().Now().wall_ms, places);
    auto saved = device_->SaveMade(makers);
    if (!saved.ok()) return SaveFailed(makers.size(), saved.status());
    std::vector<Change> changes;
    for (const SavedChange& change : *saved) {
      auto stored = device_->changes().GetChange(*store_, change.at);
      if (!stored.ok() || stored->hash != change.hash) {
        return context_.findings->Fail(
            1, absl::StrCat(name(), " cannot read what it saved"));
      }
      oracle_->Learn(*stored);
      if (options_.newer) oracle_->MarkForeign(change.hash);
      changes.push_back(*std::move(stored));
    }
    chains_.back().Saved(changes, clock().latest_ms());
    Note();
    ++totals_.saves;
    Say(absl::StrCat("saves ", saved->back().at.seq, " ",
                     saved->back().hash.Hex().substr(0, 12)));
    reads_.Read(view(), changes[0].core.record);
    if (places->records.empty()) return;
    reads_.Read(view(), places->records[random_.Below(places->records.size())]);
  });
}

void DeviceNode::StartSync() {
  Run([&] {
    if (session_.has_value()) return;
    if (chain().in_doubt()) Look();
    if (chain().in_doubt() && rotten()) return;
    auto config = device_->BeginSession();
    if (!config.ok()) {
      Say(absl::StrCat("cannot sync: ", ReasonName(ReasonOf(config.status()))));
      if (!IsOrdinary(ReasonOf(config.status()))) {
        context_.findings->Fail(
            1,
            absl::StrCat(name(), " cannot sync: ", config.status().ToString()));
      }
      return;
    }
    if (config->heads[0].seq != chain().hashes().size()) {
      return context_.findings->Fail(
          1,
          absl::StrCat(name(), " offers its chain up to ", config->heads[0].seq,
                       " of ", chain().hashes().size()));
    }
    chains_.back().Confirm();
    Note();
    session_is_old_ = false;
    ++totals_.sessions;
    cost_ = {};
    in_flight_.clear();
    in_flight_bytes_ = window_bytes_ = 0;
    session_.emplace(*std::move(config));
    stream_ = network_->Open(options_.index);
    age_ = oracle_->custody().age();
    Say(absl::StrCat("opens stream ", stream_));
    Carry(stream_, session_->Start(context_.scheduler->now_ms()));
    Later(kTickMs, [this, stream = stream_] { Tick(stream); });
  });
}

void DeviceNode::Tick(StreamId stream) {
  if (!session_.has_value() || stream != stream_) return;
  Step(stream, TimePassed{});
  Later(kTickMs, [this, stream] { Tick(stream); });
}

void DeviceNode::OnResponse(StreamId stream, v1::SyncResponse message) {
  Run([&] {
    if (!session_.has_value() || stream != stream_) return;
    if (message.has_welcome()) {
      window_bytes_ = message.welcome().push_window_bytes();
    }
    if (garble) garble(sent_seq_, sent_hash_, &message);
    cost_.batches += message.has_batch() ? 1 : 0;
    for (int i = 0; i < message.ack().segments_size(); ++i) {
      if (in_flight_.empty()) break;
      in_flight_bytes_ -= in_flight_.front();
      in_flight_.pop_front();
    }
    Step(stream, ReceivedResponse{std::move(message)});
  });
}

void DeviceNode::OnStreamEnded(StreamId stream) {
  Run([&] {
    if (!session_.has_value() || stream != stream_) return;
    Step(stream, StreamEnded{Error(Reason::kUnreachable, "cut")});
  });
}

void DeviceNode::Step(StreamId stream, DeviceEvent event) {
  if (!session_.has_value() || stream != stream_) return;
  Carry(stream, session_->Step(std::move(event), context_.scheduler->now_ms()));
}

void DeviceNode::Carry(StreamId stream,
                       const std::vector<DeviceEffect>& effects) {
  for (const DeviceEffect& effect : effects) {
    if (AtEffect() || !session_.has_value() || stream != stream_) return;
    if (auto* send = std::get_if<SendRequest>(&effect)) {
      Send(stream, send->message);
    } else if (auto* finish = std::get_if<FinishSession>(&effect)) {
      Finish(finish->status);
    } else {
      if (tampers_ > 0) TryTampered(effect);
      if (crashed()) return;
      DeviceEvent event = Perform(effect);
      if (crashed()) return;
      Step(stream, std::move(event));
    }
  }
}

DeviceEvent DeviceNode::Perform(const DeviceEffect& effect) {
  DeviceEvent event = *device_->CarryOut(effect);
  if (auto* read = std::get_if<OutboxRead>(&event)) {
    if (read->status.ok() && !read->segments.empty()) {
      sent_seq_ = read->segments.back().end_seq;
      sent_hash_ = read->segments.back().head;
    }
  } else if (auto* applied = std::get_if<AckApplied>(&event)) {
    if (!applied->status.ok()) return event;
    const v1::Ack& ack = std::get<ApplyAck>(effect).ack;
    for (const v1::CommittedSegment& s : ack.segments()) Told(s);
    acks_.push_back(ack);
    if (acks_.size() > kAcksKeptMax) acks_.erase(acks_.begin());
  } else if (auto* applied = std::get_if<PullApplied>(&event)) {
    if (!applied->status.ok()) return event;
    const v1::PullBatch& batch = std::get<ApplyPull>(effect).batch;
    for (const v1::PullItem& item : batch.items()) {
      if (item.has_own()) Told(item.own());
    }
    Say(absl::StrCat("has pulled ", applied->cursor_size));
    CheckSometimes();
  } else if (auto* begun = std::get_if<RecoveryBegun>(&event)) {
    Say(absl::StrCat("recovers from log size ", begun->cursor_size));
    acks_.clear();  // of places in the log that it has left
    if (!crashed()) FollowIncarnation();
  }
  return event;
}

void DeviceNode::Finish(absl::Status status) {
  Say(absl::StrCat("ends stream ", stream_, ": ",
                   status.ok() ? "done" : ReasonName(ReasonOf(status))));
  last_sync_ok_ = status.ok() && !session_is_old_;
  session_is_old_ = false;
  if (status.ok()) ++totals_.finished;
  totals_.deadlines += ReasonOf(status) == Reason::kDeadline ? 1 : 0;
  if (!status.ok() && !IsOrdinary(ReasonOf(status))) {
    context_.findings->Fail(
        3, absl::StrCat(name(), "'s session ends with ", status.ToString()));
  }
  session_.reset();
  const std::vector<RecordId>& records = options_.caseload[0]->records;
  for (int i = 0; i < kSafeChecks && !records.empty(); ++i) {
    CheckSafe(records[random_.Below(records.size())]);
  }
  network_->DeviceEnds(stream_, !status.ok());
}

}  // namespace vouch::sim
