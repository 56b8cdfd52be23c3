#include "tests/sim/device_node.h"

#include "absl/strings/str_cat.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/support/loopback.h"

namespace vouch::sim {
namespace {

constexpr int64_t kTickMs = 1000;
constexpr size_t kAcksKeptMax = 8;
constexpr uint64_t kCheckPermille = 120;

// How a session may end while machines and networks fail. Anything else means
// that a replica disagrees with itself or with another.
bool IsOrdinary(Reason reason) {
  switch (reason) {
    case Reason::kUnreachable:
    case Reason::kDeadline:
    case Reason::kTooSlow:
    case Reason::kStoreFull:
    case Reason::kStoreIo:
      return true;
    default:
      return false;
  }
}

}  // namespace

DeviceNode::DeviceNode(const Context& context, const Options& options,
                       Network* network, Oracle* oracle, Invariants* invariants)
    : Machine(context, absl::StrCat("device ", options.index), options.seed),
      network_(network),
      oracle_(oracle),
      invariants_(invariants),
      options_(options),
      chain_(name(), context.findings),
      workload_(options.index, options.staff, options.seed + 1) {}

bool DeviceNode::Sees(const ScopeId& scope) const {
  return options_.staff || ScopeKindOf(scope) == ScopeKind::kShared;
}

absl::Status DeviceNode::OpenReplica() {
  VOUCH_ASSIGN_OR_RETURN(
      device_, Device::Open(store_.get(), keys_.get(), &clock(), &random_));
  return absl::OkStatus();
}

void DeviceNode::OnUp() {
  if (chain_.incarnation().IsZero()) return;  // before enrolment
  chain_.Look(device_->changes(), *store_, clock().latest_ms(), oracle_);
}

void DeviceNode::Enrol(Centre& centre, int role) {
  auto code = centre.CreateCode(role, name(), 0, std::nullopt);
  VOUCH_CHECK(code.ok());
  auto member = centre.Enrol(code->code, device_->device_key().public_key(),
                             device_->person_key().public_key());
  VOUCH_CHECK(member.ok());
  Membership membership;
  membership.person = member->person;
  membership.person_name = member->name;
  membership.role = member->role;
  membership.centre_id = centre.id();
  membership.centre_name = centre.name();
  membership.centre_key = centre.key();
  VOUCH_CHECK(device_->Adopt(membership).ok());
  // Its incarnation shows in what it offers.
  auto config = device_->BeginSession();
  VOUCH_CHECK(config.ok());
  chain_.Begin(device_->id(), config->heads[0].incarnation);
}

void DeviceNode::OnDown() {
  session_.reset();
  acks_.clear();
  network_->DeviceEnds(stream_, true);
}

void DeviceNode::Save(Places* places) {
  Run([&] {
    if (chain_.in_doubt()) {
      chain_.Look(device_->changes(), *store_, clock().latest_ms(), oracle_);
    }
    auto makers = workload_.Next(*device_, clock().Now().wall_ms, places);
    auto saved = device_->SaveMade(makers);
    if (!saved.ok()) {
      Reason reason = ReasonOf(saved.status());
      Say(absl::StrCat("cannot save: ", ReasonName(reason)));
      if (reason == Reason::kStoreFull) return;
      if (reason != Reason::kStoreIo) {
        context_.findings->Fail(
            1,
            absl::StrCat(name(), " cannot save: ", saved.status().ToString()));
      }
      chain_.SaveFailed(makers.size());
      if (!crashed()) {
        chain_.Look(device_->changes(), *store_, clock().latest_ms(), oracle_);
      }
      return;
    }
    std::vector<Change> changes;
    for (const SavedChange& change : *saved) {
      auto stored = device_->changes().GetChange(*store_, change.at);
      if (!stored.ok() || stored->hash != change.hash) {
        return context_.findings->Fail(
            1, absl::StrCat(name(), " cannot read what it saved"));
      }
      oracle_->Learn(*stored);
      changes.push_back(*std::move(stored));
    }
    chain_.Saved(changes, clock().latest_ms());
    ++totals_.saves;
    Say(absl::StrCat("saves ", saved->back().at.seq, " ",
                     saved->back().hash.Hex().substr(0, 12)));
  });
}

void DeviceNode::StartSync() {
  Run([&] {
    if (session_.has_value()) return;
    if (chain_.in_doubt()) {
      chain_.Look(device_->changes(), *store_, clock().latest_ms(), oracle_);
    }
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
    if (config->heads[0].seq != chain_.hashes().size()) {
      return context_.findings->Fail(
          1,
          absl::StrCat(name(), " offers its chain up to ", config->heads[0].seq,
                       " of ", chain_.hashes().size()));
    }
    chain_.Confirm();
    session_is_old_ = false;
    ++totals_.sessions;
    session_.emplace(*std::move(config));
    stream_ = network_->Open(options_.index);
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
    if (garble) garble(sent_seq_, sent_hash_, &message);
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
      network_->ToCentre(stream, send->message);
    } else if (auto* finish = std::get_if<FinishSession>(&effect)) {
      Finish(finish->status);
    } else {
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
  }
  return event;
}

void DeviceNode::CheckSometimes() {
  if (!random_.Chance(kCheckPermille)) return;
  invariants_->CheckEffects(view());
  auto ledger = device_->Ledger();
  if (ledger.ok() && !ledger->balanced()) {
    context_.findings->Fail(
        1, absl::StrCat(name(), " captured ", ledger->captured, " and has ",
                        ledger->stored, " stored, ", ledger->held, " held, ",
                        ledger->pending, " pending"));
  }
}

void DeviceNode::Told(const v1::CommittedSegment& segment) {
  Say(absl::StrCat("is told that ", segment.first_seq(), "+", segment.count(),
                   " are stored"));
  chain_.Acknowledged(segment.first_seq(), segment.count());
}

void DeviceNode::Finish(absl::Status status) {
  Say(absl::StrCat("ends stream ", stream_, ": ",
                   status.ok() ? "done" : ReasonName(ReasonOf(status))));
  last_sync_ok_ = status.ok() && !session_is_old_;
  session_is_old_ = false;
  if (status.ok()) ++totals_.finished;
  if (!status.ok() && !IsOrdinary(ReasonOf(status))) {
    context_.findings->Fail(
        3, absl::StrCat(name(), "'s session ends with ", status.ToString()));
  }
  session_.reset();
  network_->DeviceEnds(stream_, !status.ok());
}

void DeviceNode::ReplayAcks() {
  Run([&] {
    for (const v1::Ack& ack : acks_) {
      absl::Status applied = device_->Apply(ack);
      if (!applied.ok() && !IsOrdinary(ReasonOf(applied))) {
        context_.findings->Fail(
            6, absl::StrCat(name(), " refuses an acknowledgement it had: ",
                            applied.ToString()));
      }
    }
  });
}

}  // namespace vouch::sim
