// The device's side of recovery: what a restored centre lost, and what a
// restored or cloned tablet lacks (sync/README.md §8).
#include "sync/base/status.h"
#include "sync/core/merkle.h"
#include "sync/core/session.h"

namespace vouch {

void DeviceSession::AskCommon() {
  state_ = State::kRewinding;
  v1::SyncRequest request;
  v1::Ladder* ladder = request.mutable_ladder();
  for (const Rung& rung : config_.ladder) {
    v1::LadderHead* out = ladder->add_heads();
    out->set_size(rung.size);
    out->set_root(rung.root.Bytes());
  }
  Send(std::move(request));
}

void DeviceSession::OnCommon(const v1::CommonHead& common) {
  Rung found;
  found.root = EmptyRoot();
  for (const Rung& rung : config_.ladder) {
    if (rung.size == common.size()) found = rung;
  }
  absl::Status extends =
      found.size == common.size()
          ? CheckExtends(found.size, found.root, common.consistency())
          : Error(Reason::kProofInvalid, "not a head of this tablet's");
  if (!extends.ok()) return Finish(extends);
  Recover(found.size, new_incarnation_);
}

void DeviceSession::Recover(std::optional<uint64_t> rewind_to,
                            bool new_incarnation) {
  state_ = State::kBeginning;
  report_.recovered = true;
  new_incarnation_ = new_incarnation;
  effects_.push_back(BeginRecovery{rewind_to, new_incarnation});
}

// The centre holds this chain otherwise than was thought: this session, or
// where the stream is spoilt the next, finds out how. Anything else just ends
// it.
void DeviceSession::RecoverOrFinish(const absl::Status& status, bool at_once) {
  const Reason reason = ReasonOf(status);
  const bool chain = reason == Reason::kChainForked ||
                     reason == Reason::kChainBroken ||
                     reason == Reason::kDeviceRestored;
  // In recovery a fork is still news, if the chain was thought to be merely put
  // back: without a new incarnation it would be found again each time.
  // Of what was refused the first not acknowledged tells whose chain it is: a
  // fork of another's, met while it is given back, is that one's affair.
  const bool own =
      in_flight_.empty() || in_flight_.front().device == config_.device;
  const bool forked = reason == Reason::kChainForked && own;
  const bool known = recovering() && (!forked || new_incarnation_);
  if (!chain || known || state_ != State::kOpen) return Finish(status);
  if (!at_once) refused_ = status;
  Recover(std::nullopt, forked);
}

void DeviceSession::OnBegun(const RecoveryBegun& begun) {
  if (state_ != State::kBeginning) return;
  if (refused_.has_value()) return Finish(*refused_);
  if (!begun.status.ok()) return Finish(begun.status);
  report_.no_longer_stable = begun.no_longer_stable;
  cursor_ = begun.cursor_size;
  std::vector<Chain> known = std::move(chains_);
  chains_.clear();
  for (const OwnHead& head : begun.heads) {
    Chain chain{head};
    for (const Chain& old : known) {
      if (old.local.incarnation == head.incarnation) chain = old;
    }
    chain.exhausted = chain.sent_seq == head.seq;
    chains_.push_back(chain);
  }
  reading_ = 0;
  recovery_ = Recovery::kComparing;
  effects_.push_back(CompareHeld{});
  Open();
}

void DeviceSession::OnCompared(RangesCompared& compared) {
  if (recovery_ != Recovery::kComparing) return;
  if (!compared.status.ok()) return Finish(compared.status);
  if (compared.next.ranges_size() > 0) {
    comparing_ = true;
    v1::SyncRequest request;
    *request.mutable_compare() = std::move(compared.next);
    return Send(std::move(request));
  }
  recovery_ = Recovery::kResending;
  ResendMore();
}

void DeviceSession::ResendMore() {
  if (recovery_ != Recovery::kResending || lost_pending_ || stopping_) return;
  if (in_flight_bytes_ >= window_bytes_) return;
  lost_pending_ = true;
  effects_.push_back(ReadLost{
      std::min<uint64_t>(kPushStepBytes, window_bytes_ - in_flight_bytes_)});
}

void DeviceSession::OnLost(const LostRead& read) {
  if (!lost_pending_) return;
  lost_pending_ = false;
  if (!read.status.ok()) return Finish(read.status);
  if (stopping_) return StopIfQuiet();
  Push(read.segments);
  if (read.exhausted) recovery_ = Recovery::kResent;
  ResendMore();
  PushMore();
  PullMore();
  FinishIfDone();
}

}  // namespace vouch
