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
  Send(std::move(request));
  return std::move(effects_);
}

std::vector<DeviceEffect> DeviceSession::Step(DeviceEvent event,
                                              int64_t now_ms) {
  effects_.clear();
  if (state_ == State::kFinished) return {};
  if (!std::holds_alternative<TimePassed>(event)) progress_ms_ = now_ms;
  if (auto* e = std::get_if<ReceivedResponse>(&event)) {
    report_.bytes_received += e->message.ByteSizeLong();
    OnResponse(e->message);
  } else if (auto* e = std::get_if<OutboxRead>(&event)) {
    OnOutbox(*e);
  } else if (auto* e = std::get_if<AckApplied>(&event)) {
    OnAckApplied(e->status);
  } else if (auto* e = std::get_if<PullApplied>(&event)) {
    OnPullApplied(*e);
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
      return Finish(FromErrorDetail(message.refused().error()));
    case Case::kWelcome:
      if (state_ != State::kGreeting) break;
      return OnWelcome(message.welcome());
    case Case::kAck:
      if (state_ != State::kOpen) break;
      return OnAck(message.ack());
    case Case::kBatch:
      if (state_ != State::kOpen || credit_ == 0) break;
      --credit_;
      ++pulls_pending_;
      effects_.push_back(ApplyPull{message.batch()});
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
  TreeHead head;
  absl::Status status = CheckHead(welcome, &head);
  if (status.ok()) status = MatchChains(welcome);
  if (!status.ok()) return Finish(status);
  state_ = State::kOpen;
  window_bytes_ =
      std::clamp<uint64_t>(welcome.push_window_bytes(), 1, kPushWindowBytesMax);
  target_ = head.size;
  PushMore();
  PullMore();
  FinishIfDone();
}

// The centre's log must extend what this tablet pulled. If it does not, the
// centre was restored or replaced: nothing is applied, nothing is lost.
absl::Status DeviceSession::CheckHead(const v1::Welcome& welcome,
                                      TreeHead* head) const {
  VOUCH_ASSIGN_OR_RETURN(*head, DecodeTreeHead(welcome.tree_head()));
  if (!VerifyTreeHead(config_.centre_key, *head)) {
    return Error(Reason::kProofInvalid, "the tree head's signature is wrong");
  }
  std::vector<Hash> proof;
  for (const std::string& raw : welcome.consistency()) {
    auto hash = Hash::FromBytes(raw);
    if (!hash.has_value()) {
      return Error(Reason::kMalformed, "a proof hash is not 32 bytes");
    }
    proof.push_back(*hash);
  }
  if (head->size < config_.cursor_size ||
      !VerifyConsistency(config_.cursor_size, config_.cursor_root, head->size,
                         head->root, proof)
           .ok()) {
    return Error(Reason::kHistoryDiverged,
                 "the centre's log does not extend what this tablet has seen");
  }
  return absl::OkStatus();
}

absl::Status DeviceSession::MatchChains(const v1::Welcome& welcome) {
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
    if (chain.sent_seq > chain.local.seq) {
      return Error(Reason::kDeviceRestored,
                   "the centre holds changes of this tablet that the tablet "
                   "itself lacks");
    }
    if (chain.sent_seq == chain.local.seq) {
      if (chain.sent_seq > 0 && chain.sent_hash != chain.local.hash) {
        return Error(Reason::kChainForked,
                     "the centre holds other changes at this tablet's place");
      }
      chain.exhausted = true;
    }
  }
  return absl::OkStatus();
}

void DeviceSession::PushMore() {
  if (state_ != State::kOpen || outbox_pending_) return;
  if (in_flight_bytes_ >= window_bytes_) return;
  while (reading_ < chains_.size() && chains_[reading_].exhausted) ++reading_;
  if (reading_ == chains_.size()) return;
  const Chain& chain = chains_[reading_];
  outbox_pending_ = true;
  effects_.push_back(ReadOutbox{
      chain.local.incarnation, chain.sent_seq, chain.sent_hash,
      std::min<uint64_t>(kPushBytesMax, window_bytes_ - in_flight_bytes_)});
}

void DeviceSession::OnOutbox(const OutboxRead& read) {
  if (!outbox_pending_) return;
  outbox_pending_ = false;
  if (!read.status.ok()) return Finish(read.status);
  Chain& chain = chains_[reading_];
  chain.exhausted = read.exhausted || read.segments.empty();
  if (!read.segments.empty()) {
    v1::SyncRequest request;
    for (const OutboxSegment& segment : read.segments) {
      request.mutable_push()->add_segments(segment.wire);
      in_flight_.push_back(
          {chain.local.incarnation, segment.end_seq, segment.wire.size()});
      in_flight_bytes_ += segment.wire.size();
      chain.sent_seq = segment.end_seq;
    }
    chain.sent_hash = read.end_hash;
    Send(std::move(request));
  }
  PushMore();
  PullMore();
  FinishIfDone();
}

void DeviceSession::OnAck(const v1::Ack& ack) {
  for (const v1::CommittedSegment& segment : ack.segments()) {
    uint64_t end_seq = segment.first_seq() + segment.count() - 1;
    auto sent = std::find_if(
        in_flight_.begin(), in_flight_.end(), [&](const InFlight& f) {
          return f.end_seq == end_seq &&
                 f.incarnation.view() == segment.incarnation();
        });
    if (sent == in_flight_.end()) {
      return Finish(Error(Reason::kProtocolOrder,
                          "the centre acknowledged what was not sent"));
    }
    in_flight_bytes_ -= sent->bytes;
    in_flight_.erase(sent);
    report_.changes_pushed += segment.count();
    auto commit = DecodeSegmentCommit(segment.commit());
    if (!commit.ok()) return Finish(commit.status());
    target_ = std::max(target_, commit->first_commit_seq + segment.count());
  }
  ++acks_pending_;
  effects_.push_back(ApplyAck{ack});
}

void DeviceSession::OnAckApplied(const absl::Status& status) {
  if (acks_pending_ > 0) --acks_pending_;
  if (!status.ok()) return Finish(status);
  PushMore();
  PullMore();
  FinishIfDone();
}

void DeviceSession::OnPullApplied(const PullApplied& applied) {
  if (pulls_pending_ > 0) --pulls_pending_;
  if (!applied.status.ok()) return Finish(applied.status);
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
  return in_flight_.empty() && !outbox_pending_ && acks_pending_ == 0;
}

// Push and pull never wait for each other; but the target moves with each
// acknowledgement, so it is raised once at the start and once at the end.
void DeviceSession::PullMore() {
  if (state_ != State::kOpen || cursor_ >= target_) return;
  bool first = asked_until_ == 0;
  bool raise = target_ > asked_until_ && AllPushed();
  bool low = cursor_ < asked_until_ && pulls_pending_ == 0 &&
             credit_ <= kPullCreditMax / 2;
  if (!first && !raise && !low) return;
  v1::SyncRequest request;
  if (first || raise) asked_until_ = target_;
  request.mutable_pull()->set_until_size(asked_until_);
  request.mutable_pull()->set_credit(kPullCreditMax - credit_);
  credit_ = kPullCreditMax;
  Send(std::move(request));
}

void DeviceSession::FinishIfDone() {
  if (state_ != State::kOpen || !AllPushed()) return;
  if (pulls_pending_ > 0 || cursor_ < target_) return;
  Finish(absl::OkStatus());
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
