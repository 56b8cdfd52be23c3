#include <algorithm>

#include "sync/base/status.h"
#include "sync/core/merkle.h"
#include "sync/core/session.h"

namespace vouch {

DeviceSession::DeviceSession(DeviceSessionConfig config)
    : config_(std::move(config)), cursor_(config_.cursor_size) {}

std::vector<DeviceEffect> DeviceSession::Start(int64_t now_ms) {
  VOUCH_CHECK(state_ == State::kNew);
  progress_ms_ = now_ms;
  state_ = State::kGreeting;
  v1::SyncRequest request;
  v1::Hello* hello = request.mutable_hello();
  hello->set_protocol_version(kProtocolVersion);
  for (const OwnHead& head : config_.heads) {
    v1::ChainHead* out = hello->add_heads();
    out->set_incarnation(head.incarnation.Bytes());
    out->set_seq(head.seq);
    if (head.seq > 0) out->set_hash(head.hash.Bytes());
    chains_.push_back({head});
  }
  if (!config_.history.IsZero()) {
    hello->set_history_id(config_.history.Bytes());
  }
  hello->set_cursor_size(config_.cursor_size);
  hello->set_cursor_root(config_.cursor_root.Bytes());
  hello->set_reconciliation_due(config_.recovery_due);
  hello->set_erasures_known(config_.erasures_known);
  Send(std::move(request));
  return std::move(effects_);
}

std::vector<DeviceEffect> DeviceSession::Step(DeviceEvent event,
                                              int64_t now_ms) {
  effects_.clear();
  if (state_ == State::kFinished) return {};
  if (!std::holds_alternative<TimePassed>(event)) progress_ms_ = now_ms;
  if (std::holds_alternative<StopAsked>(event)) {
    stopping_ = true;
    StopIfQuiet();
  } else if (auto* e = std::get_if<ReceivedResponse>(&event)) {
    report_.bytes_received += e->message.ByteSizeLong();
    OnResponse(e->message);
  } else if (auto* e = std::get_if<OutboxRead>(&event)) {
    OnOutbox(*e);
  } else if (auto* e = std::get_if<AckApplied>(&event)) {
    OnAckApplied(e->status);
  } else if (auto* e = std::get_if<PullApplied>(&event)) {
    OnPullApplied(*e);
  } else if (auto* e = std::get_if<RecoveryBegun>(&event)) {
    OnBegun(*e);
  } else if (auto* e = std::get_if<RangesCompared>(&event)) {
    OnCompared(*e);
  } else if (auto* e = std::get_if<LostRead>(&event)) {
    OnLost(*e);
  } else if (auto* e = std::get_if<StandingKept>(&event)) {
    if (!e->status.ok()) Finish(e->status);
  } else if (auto* e = std::get_if<RecoveryEnded>(&event)) {
    Finish(e->status);
  } else if (auto* e = std::get_if<StreamEnded>(&event)) {
    Finish(e->status.ok()
               ? Error(Reason::kUnreachable,
                       "the centre ended the session before it was done")
               : e->status);
  } else if (now_ms - progress_ms_ > kStallMsMax) {
    Finish(Error(Reason::kDeadline, "no progress for 30 seconds"));
  }
  return std::move(effects_);
}

void DeviceSession::OnResponse(const v1::SyncResponse& message) {
  using Case = v1::SyncResponse::MessageCase;
  switch (message.message_case()) {
    case Case::kRefused:
      return RecoverOrFinish(FromErrorDetail(message.refused().error()),
                             /*at_once=*/false);
    case Case::kWelcome:
      if (state_ != State::kGreeting) break;
      return OnWelcome(message.welcome());
    case Case::kCommon:
      if (state_ != State::kRewinding) break;
      return OnCommon(message.common());
    case Case::kAck:
      if (state_ != State::kOpen) break;
      return OnAck(message.ack());
    case Case::kBatch:
      if (state_ != State::kOpen || credit_ == 0) break;
      --credit_;
      ++pulls_pending_;
      effects_.push_back(ApplyPull{message.batch()});
      return;
    case Case::kDiffer:
      if (recovery_ != Recovery::kComparing || !comparing_) break;
      comparing_ = false;
      effects_.push_back(CompareHeld{message.differ()});
      return;
    case Case::MESSAGE_NOT_SET:
      break;
  }
  Finish(Error(Reason::kProtocolOrder, "an unexpected message of the centre"));
}

void DeviceSession::OnWelcome(const v1::Welcome& welcome) {
  if (welcome.protocol_version() != kProtocolVersion) {
    return Finish(Error(Reason::kProtocolVersion,
                        "the centre speaks another protocol version"));
  }
  auto head = DecodeTreeHead(welcome.tree_head());
  if (!head.ok()) return Finish(head.status());
  if (!VerifyTreeHead(config_.centre_key, *head)) {
    return Finish(
        Error(Reason::kProofInvalid, "the tree head's signature is wrong"));
  }
  head_ = *head;
  window_bytes_ =
      std::clamp<uint64_t>(welcome.push_window_bytes(), 1, kPushWindowBytesMax);
  bool restored = false;
  absl::Status status = MatchChains(welcome, &restored);
  if (!status.ok()) return Finish(status);
  new_incarnation_ = restored;
  absl::Status extends = CheckExtends(config_.cursor_size, config_.cursor_root,
                                      welcome.consistency());
  if (ReasonOf(extends) == Reason::kMalformed) return Finish(extends);
  // The centre was restored or replaced, told or silent (rule 12).
  if (!extends.ok()) return AskCommon();
  if (!welcome.stable_head().empty() || config_.stable_known ||
      welcome.erasures_size() > 0) {
    effects_.push_back(
        KeepStanding{welcome.stable_head(),
                     {welcome.erasures().begin(), welcome.erasures().end()}});
  }
  if (restored || config_.recovery_due) return Recover(std::nullopt, restored);
  Open();
}

// Whether Welcome's tree extends this tablet's log of that size.
absl::Status DeviceSession::CheckExtends(
    uint64_t size, const Hash& root,
    const google::protobuf::RepeatedPtrField<std::string>& consistency) const {
  std::vector<Hash> proof;
  for (const std::string& raw : consistency) {
    auto hash = Hash::FromBytes(raw);
    if (!hash.has_value()) {
      return Error(Reason::kMalformed, "a proof hash is not 32 bytes");
    }
    proof.push_back(*hash);
  }
  if (head_.size < size ||
      !VerifyConsistency(size, root, head_.size, head_.root, proof).ok()) {
    return Error(Reason::kHistoryDiverged,
                 "the centre's log does not extend what this tablet has seen");
  }
  return absl::OkStatus();
}

// Takes the centre's heads of the own chains. One that is longer than here, or
// ends in another change, shows that this tablet was restored or cloned.
absl::Status DeviceSession::MatchChains(const v1::Welcome& welcome,
                                        bool* restored) {
  for (Chain& chain : chains_) {
    for (const v1::ChainHead& held : welcome.heads()) {
      if (held.incarnation() != chain.local.incarnation.view()) continue;
      chain.sent_seq = held.seq();
      auto hash = Hash::FromBytes(held.hash());
      if (held.seq() > 0 && !hash.has_value()) {
        return Error(Reason::kMalformed, "a chain head's hash");
      }
      if (hash.has_value()) chain.sent_hash = *hash;
    }
    const bool longer = chain.sent_seq > chain.local.seq;
    const bool equal = chain.sent_seq == chain.local.seq;
    const bool other =
        equal && chain.sent_seq > 0 && chain.sent_hash != chain.local.hash;
    *restored |= longer || other;
    chain.exhausted = equal || longer;
  }
  return absl::OkStatus();
}

void DeviceSession::Open() {
  state_ = State::kOpen;
  target_ = head_.size;
  PushMore();
  PullMore();
  FinishIfDone();
}

void DeviceSession::Push(const std::vector<OutboxSegment>& segments) {
  if (segments.empty()) return;
  v1::SyncRequest request;
  v1::Push* push = request.mutable_push();
  push->set_recovering(recovering());
  for (const OutboxSegment& segment : segments) {
    if (segment.earlier.has_value()) {
      v1::EarlierCommit* earlier = push->add_earlier();
      earlier->set_segment(static_cast<uint32_t>(push->segments_size()));
      earlier->set_history_id(segment.earlier->history.Bytes());
      earlier->set_commit(segment.earlier->commit);
      earlier->set_signature(segment.earlier->signature.Bytes());
      report_.changes_restored += segment.end_seq + 1 - segment.first_seq;
    }
    push->add_segments(segment.wire);
    in_flight_.push_back({segment.device, segment.incarnation, segment.end_seq,
                          segment.head, segment.wire.size(),
                          segment.end_seq + 1 - segment.first_seq});
    in_flight_bytes_ += segment.wire.size();
  }
  Send(std::move(request));
}

// The ordinary push of one's own chain, from where the centre's ends.
void DeviceSession::PushMore() {
  if (state_ != State::kOpen || outbox_pending_ || stopping_) return;
  // What was lost goes first: causes before effects (rule 16).
  if (recovering() && (recovery_ != Recovery::kResent || !in_flight_.empty())) {
    return;
  }
  if (in_flight_bytes_ >= window_bytes_) return;
  while (reading_ < chains_.size() && chains_[reading_].exhausted) ++reading_;
  if (reading_ == chains_.size()) return;
  const Chain& chain = chains_[reading_];
  outbox_pending_ = true;
  effects_.push_back(ReadOutbox{
      chain.local.incarnation, chain.sent_seq, chain.sent_hash,
      std::min<uint64_t>(kPushStepBytes, window_bytes_ - in_flight_bytes_)});
}

void DeviceSession::OnOutbox(const OutboxRead& read) {
  if (!outbox_pending_) return;
  outbox_pending_ = false;
  if (!read.status.ok()) {
    // Noticed before anything was pulled or sent: made good at once.
    return RecoverOrFinish(read.status,
                           asked_until_ == 0 && in_flight_.empty());
  }
  if (stopping_) return StopIfQuiet();
  Chain& chain = chains_[reading_];
  chain.exhausted = read.exhausted || read.segments.empty();
  if (!read.segments.empty()) {
    chain.sent_seq = read.segments.back().end_seq;
    chain.sent_hash = read.segments.back().head;
    Push(read.segments);
  }
  PushMore();
  PullMore();
  FinishIfDone();
}

void DeviceSession::OnAck(const v1::Ack& ack) {
  for (const v1::CommittedSegment& segment : ack.segments()) {
    const uint64_t end_seq = segment.first_seq() + segment.count() - 1;
    const DeviceId device =
        DeviceId::FromBytes(segment.device_id()).value_or(config_.device);
    auto sent = std::find_if(
        in_flight_.begin(), in_flight_.end(), [&](const InFlight& f) {
          return f.end_seq == end_seq && f.device == device &&
                 f.incarnation.view() == segment.incarnation() &&
                 (segment.head().empty() || f.head.view() == segment.head());
        });
    if (sent == in_flight_.end()) {
      return Finish(Error(Reason::kProtocolOrder,
                          "the centre acknowledged what was not sent"));
    }
    // A chain that was made good in recovery needs no ordinary push.
    for (Chain& chain : chains_) {
      if (device != config_.device ||
          chain.local.incarnation != sent->incarnation ||
          segment.first_seq() != chain.sent_seq + 1) {
        continue;
      }
      chain.sent_seq = end_seq;
      chain.sent_hash = sent->head;
      chain.exhausted = chain.sent_seq >= chain.local.seq;
    }
    in_flight_bytes_ -= sent->bytes;
    in_flight_.erase(sent);
    report_.changes_pushed += segment.count();
    auto commit = DecodeSegmentCommit(segment.commit());
    if (!commit.ok()) return Finish(commit.status());
    target_ = std::max(target_,
                       commit->first_commit_seq + commit->dispositions.size());
  }
  ++acks_pending_;
  effects_.push_back(ApplyAck{ack});
}

void DeviceSession::OnAckApplied(const absl::Status& status) {
  if (acks_pending_ > 0) --acks_pending_;
  if (!status.ok()) return Finish(status);
  ResendMore();
  PushMore();
  PullMore();
  FinishIfDone();
}

void DeviceSession::OnPullApplied(const PullApplied& applied) {
  if (pulls_pending_ > 0) --pulls_pending_;
  if (!applied.status.ok())
    return RecoverOrFinish(applied.status, /*at_once=*/false);
  if (applied.cursor_size > cursor_) {
    report_.entries_pulled += applied.cursor_size - cursor_;
  }
  cursor_ = applied.cursor_size;
  PullMore();
  FinishIfDone();
}

bool DeviceSession::AllPushed() const {
  for (const Chain& chain : chains_) {
    if (!chain.exhausted) return false;
  }
  if (recovering() && recovery_ != Recovery::kResent) return false;
  return in_flight_.empty() && !outbox_pending_ && acks_pending_ == 0;
}

// Push and pull never wait for each other; but the target moves with each
// acknowledgement, so it is raised once at the start and once at the end.
void DeviceSession::PullMore() {
  if (state_ != State::kOpen || cursor_ >= target_ || stopping_) return;
  bool first = asked_until_ == 0;
  // The centre's end of this chain is looked up here first: if it is not this
  // chain's, all is pulled otherwise.
  if (first && outbox_pending_ && chains_[reading_].sent_seq > 0) return;
  bool raise = target_ > asked_until_ && AllPushed();
  bool low = cursor_ < asked_until_ && pulls_pending_ == 0 &&
             credit_ <= kPullCreditMax / 2;
  if (!first && !raise && !low) return;
  v1::SyncRequest request;
  if (first || raise) asked_until_ = target_;
  request.mutable_pull()->set_until_size(asked_until_);
  request.mutable_pull()->set_credit(kPullCreditMax - credit_);
  request.mutable_pull()->set_own_whole(recovering());
  credit_ = kPullCreditMax;
  Send(std::move(request));
}

void DeviceSession::FinishIfDone() {
  const bool done = state_ == State::kOpen && AllPushed() &&
                    pulls_pending_ == 0 && cursor_ >= target_;
  if (!done) return StopIfQuiet();
  if (recovery_ == Recovery::kResent) {
    recovery_ = Recovery::kEnding;
    effects_.push_back(EndRecovery{});
    return;
  }
  Finish(absl::OkStatus());
}

// What was sent and not acknowledged would be sent again, and what was received
// and not applied pulled again.
void DeviceSession::StopIfQuiet() {
  if (!stopping_ || state_ == State::kBeginning) return;
  if (!in_flight_.empty() || acks_pending_ > 0 || pulls_pending_ > 0 ||
      outbox_pending_ || lost_pending_ || recovery_ == Recovery::kEnding) {
    return;
  }
  Finish(Error(Reason::kSyncStopped, "the sync was stopped before its end"));
}

SessionProgress DeviceSession::progress() const {
  SessionProgress out;
  out.changes_pushed = report_.changes_pushed;
  for (const Chain& chain : chains_) {
    if (chain.local.seq <= chain.sent_seq) continue;
    out.changes_left += chain.local.seq - chain.sent_seq;
  }
  for (const InFlight& sent : in_flight_) out.changes_left += sent.changes;
  out.entries_pulled = report_.entries_pulled;
  if (target_ > cursor_) out.entries_left = target_ - cursor_;
  return out;
}

void DeviceSession::Send(v1::SyncRequest message) {
  report_.bytes_sent += message.ByteSizeLong();
  effects_.push_back(SendRequest{std::move(message)});
}

void DeviceSession::Finish(absl::Status status) {
  if (state_ == State::kFinished) return;
  state_ = State::kFinished;
  effects_.push_back(FinishSession{std::move(status)});
}

}  // namespace vouch
