#include "server/sync_session.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/access.h"
#include "server/errors.h"
#include "server/log.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status ShuttingDown() {
  return Error(Reason::kShuttingDown,
               "the server is shutting down; what it acknowledged is kept");
}

absl::Status Busy() {
  return Error(Reason::kUnreachable, "the centre has too much to do");
}

}  // namespace

SyncSession::SyncSession(const Parts& parts, Member member,
                         std::string request_id,
                         grpc::CallbackServerContext* context)
    : parts_(parts),
      member_(std::move(member)),
      request_id_(std::move(request_id)),
      id_(parts.sessions->NextId()),
      context_(context),
      begun_ms_(parts.clock->Now().monotonic_ms) {}

void SyncSession::Begin() {
  self_ = shared_from_this();
  absl::Status added = parts_.sessions->Add(self_);
  MutexLock lock(mutex_);
  if (!added.ok()) {
    Close(added);
  } else {
    CarryOut(session_.Start(static_cast<int64_t>(begun_ms_)));
  }
  Advance();
}

void SyncSession::Refuse(const absl::Status& status) {
  self_ = shared_from_this();
  MutexLock lock(mutex_);
  Close(status);
  Advance();
}

void SyncSession::Tick() {
  MutexLock lock(mutex_);
  if (finished_) return;
  const uint64_t now_ms = parts_.clock->Now().monotonic_ms;
  const bool stalled =
      writing_now_ &&
      now_ms - write_began_ms_ > static_cast<uint64_t>(parts_.stall_ms_max);
  if (stalled) {
    parts_.sessions->WasSlow(member_.device);
    const absl::Status slow =
        Error(Reason::kTooSlow,
              "a message could not be delivered within the stall limit");
    Abandon(slow);
    closing_ = slow;
    // Trailing metadata would wait behind what the peer does not read, so the
    // stream is reset; the reason stands at the start of its text.
    grpc_call_cancel_with_status(context_->c_call(), GRPC_STATUS_UNAVAILABLE,
                                 "TOO_SLOW: the connection was too slow and "
                                 "was dropped to resume",
                                 nullptr);
  } else {
    Step(TimePassed{});
  }
  Advance();
}

void SyncSession::Drain() {
  MutexLock lock(mutex_);
  draining_ = true;
  Advance();
}

void SyncSession::OnReadDone(bool ok) {
  MutexLock lock(mutex_);
  reading_now_ = false;
  if (ok) {
    Step(ReceivedRequest{std::move(reading_)});
    reading_.Clear();
  } else {
    requests_ended_ = true;
    Step(RequestsEnded{});
  }
  Advance();
}

void SyncSession::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  writing_now_ = false;
  write_bytes_ -= writing_.ByteSizeLong();
  writing_.Clear();
  if (!ok) Abandon(Error(Reason::kUnreachable, "the stream broke"));
  Advance();
}

void SyncSession::OnCancel() {
  MutexLock lock(mutex_);
  Abandon(Error(Reason::kUnreachable, "the device left"));
  Advance();
}

void SyncSession::OnDone() {
  std::shared_ptr<SyncSession> self = std::move(self_);
  absl::Status status;
  uint64_t pushed = 0;
  uint64_t batches = 0;
  {
    MutexLock lock(mutex_);
    finished_ = true;
    if (closing_.has_value()) status = *closing_;
    pushed = changes_pushed_;
    batches = batches_sent_;
  }
  parts_.metrics->SessionEnded(status);
  if (status.ok()) parts_.sessions->WentWell(member_.device);
  Log(LogLevel::kInfo, "session ended",
      {{"request", request_id_},
       {"device", member_.device.Hex()},
       {"result", status.ok() ? "OK" : LogReason(status)},
       {"pushed", pushed},
       {"batches", batches},
       {"ms", parts_.clock->Now().monotonic_ms - begun_ms_}});
  // Last: the server may end as soon as none is open.
  parts_.sessions->Remove(id_);
}

void SyncSession::Step(CentreEvent event) {
  if (closing_.has_value()) return;
  CarryOut(
      session_.Step(std::move(event),
                    static_cast<int64_t>(parts_.clock->Now().monotonic_ms)));
}

void SyncSession::CarryOut(std::vector<CentreEffect> effects) {
  for (CentreEffect& effect : effects) {
    if (auto* send = std::get_if<SendResponse>(&effect)) {
      if (send->message.has_batch()) ++batches_sent_;
      Enqueue(std::move(send->message));
    } else if (auto* look_up = std::get_if<LookUp>(&effect)) {
      StartAnswer([this, hello = std::move(look_up->hello)] {
        return CentreEvent(parts_.centre->Answer(member_.device, hello));
      });
    } else if (auto* commit = std::get_if<CommitSegments>(&effect)) {
      pushes_.emplace_back();
      pushes_.back().push = std::move(*commit);
    } else if (auto* feed = std::get_if<ReadFeed>(&effect)) {
      feed_ = *feed;
    } else if (auto* find = std::get_if<FindCommon>(&effect)) {
      StartAnswer([this, find = std::move(*find)] {
        return CentreEvent(parts_.centre->Find(find));
      });
    } else if (auto* compare = std::get_if<AnswerCompare>(&effect)) {
      StartAnswer([this, compare = std::move(*compare)] {
        return CentreEvent(
            parts_.centre->Compare(member_.device, Visible(), compare));
      });
    } else if (auto* close = std::get_if<CloseSession>(&effect)) {
      if (!closing_.has_value()) closing_ = std::move(close->status);
    }
  }
}

// Starts whatever can be started now. Called last, after every event.
void SyncSession::Advance() {
  if (finished_) return;
  if (!closing_.has_value() && draining_ && pushes_.empty()) {
    Close(ShuttingDown());
  }
  if (!closing_.has_value()) StartFeed();
  if (!closing_.has_value()) StartVerifying();
  if (!closing_.has_value() && !reading_now_ && !requests_ended_ &&
      !draining_ && session_.wants_request() && parts_.committer->HasRoom()) {
    reading_now_ = true;
    StartRead(&reading_);
  }
  if (!writing_now_ && !writes_.empty()) {
    writing_ = std::move(writes_.front());
    writes_.pop_front();
    writing_now_ = true;
    write_began_ms_ = parts_.clock->Now().monotonic_ms;
    StartWrite(&writing_);
  }
  if (closing_.has_value() && !writing_now_ && writes_.empty()) {
    finished_ = true;
    Finish(Answer(context_, *closing_));
  }
}

void SyncSession::Close(absl::Status status) {
  if (closing_.has_value()) return;
  v1::SyncResponse response;
  *response.mutable_refused()->mutable_error() = ToErrorDetail(status);
  Enqueue(std::move(response));
  closing_ = std::move(status);
}

// The peer is gone: nothing more is written.
void SyncSession::Abandon(absl::Status status) {
  for (const v1::SyncResponse& unsent : writes_) {
    write_bytes_ -= unsent.ByteSizeLong();
  }
  writes_.clear();
  if (!closing_.has_value()) closing_ = std::move(status);
}

void SyncSession::Enqueue(v1::SyncResponse response) {
  write_bytes_ += response.ByteSizeLong();
  writes_.push_back(std::move(response));
}

Centre::Visible SyncSession::Visible() const {
  const int role = member_.role;
  return [role](const ScopeId& scope) {
    return Access::MayHold(role, ScopeKindOf(scope));
  };
}

void SyncSession::StartAnswer(std::function<CentreEvent()> answer) {
  auto task = [self = shared_from_this(), answer = std::move(answer)] {
    CentreEvent event = answer();
    MutexLock lock(self->mutex_);
    self->Step(std::move(event));
    self->Advance();
  };
  if (!parts_.pool->Submit(std::move(task))) Close(Busy());
}

void SyncSession::StartFeed() {
  if (!feed_.has_value() || write_bytes_ >= kSessionWriteBytesMax) return;
  ReadFeed request = *std::move(feed_);
  feed_.reset();
  request.bytes_max =
      std::min(request.bytes_max, parts_.sessions->BatchBytes(member_.device));
  StartAnswer([this, request = std::move(request)] {
    return CentreEvent(parts_.centre->Feed(member_.device, Visible(), request));
  });
}

SyncSession::PushWork* SyncSession::NextToVerify() {
  if (closing_.has_value()) return nullptr;
  for (PushWork& work : pushes_) {
    // After a failure nothing later is looked at.
    if (!work.status.ok()) return nullptr;
    if (work.verified < work.push.segments.size()) return &work;
  }
  return nullptr;
}

void SyncSession::StartVerifying() {
  if (verifying_ || waits_for_commit_ || NextToVerify() == nullptr) return;
  verifying_ = true;
  if (!parts_.pool->Submit(
          [self = shared_from_this()] { self->VerifyPushes(); })) {
    verifying_ = false;
    Close(Busy());
  }
}

// At most one of these runs for a session, so segments reach the committer in
// the order they were sent.
void SyncSession::VerifyPushes() {
  while (true) {
    PushWork* work = nullptr;
    size_t index = 0;
    bool some_were_committing = false;
    {
      MutexLock lock(mutex_);
      work = NextToVerify();
      if (work == nullptr) {
        verifying_ = false;
        return;
      }
      index = work->verified;
      some_were_committing = committing_ > 0;
    }
    bool by_number = false;  // it refers so to what is being committed
    Centre::FindOnWay on_way;
    // In recovery segments of several runs of a chain may come.
    if (!work->push.recovering) {
      on_way = [&](const Incarnation& incarnation, uint64_t seq) {
        std::optional<Hash> hash = HashOnWay(incarnation, seq);
        by_number |= hash.has_value();
        return hash;
      };
    }
    auto request =
        parts_.centre->Verify(member_.device, work->push, index, on_way);
    if (request.ok()) {
      Submit(work, index, *std::move(request));
      continue;
    }
    if (by_number || ReasonOf(request.status()) == Reason::kReferenceUnknown) {
      // It may refer by number to a change that is still being committed, or
      // to another one than that: what is committed tells.
      MutexLock lock(mutex_);
      if (committing_ > 0) {
        waits_for_commit_ = true;
        verifying_ = false;
        return;
      }
      if (some_were_committing) continue;
    }
    KeepAside(work, index, request.status());
    MutexLock lock(mutex_);
    verifying_ = false;
    work->Fail(index, request.status());
    SettlePushes();
    Advance();
    return;
  }
}

void SyncSession::Submit(PushWork* work, size_t index,
                         Centre::CommitRequest request) {
  Committer::Push push;
  push.bytes = work->push.segments[index].size();
  push.done = [self = shared_from_this(), work, index,
               header = request.segment.header](
                  const absl::StatusOr<Centre::CommitResult>& result) {
    self->OnCommitted(work, index, header, result);
  };
  std::vector<Hash> hashes;
  hashes.reserve(request.segment.changes.size());
  for (const Change& change : request.segment.changes) {
    hashes.push_back(change.hash);
  }
  const SegmentHeader& header = request.segment.header;
  std::pair<Incarnation, uint64_t> first(header.incarnation, header.first_seq);
  push.request = std::move(request);
  {
    MutexLock lock(mutex_);
    on_way_.insert_or_assign(first, std::move(hashes));
    ++work->verified;
    ++committing_;
  }
  parts_.committer->Submit(id_, std::move(push));
}

std::optional<Hash> SyncSession::HashOnWay(const Incarnation& incarnation,
                                           uint64_t seq) {
  MutexLock lock(mutex_);
  auto next = on_way_.upper_bound({incarnation, seq});
  if (next == on_way_.begin()) return std::nullopt;
  const auto& [first, hashes] = *--next;
  if (first.first != incarnation || seq - first.second >= hashes.size()) {
    return std::nullopt;
  }
  return hashes[seq - first.second];
}

void SyncSession::KeepAside(const PushWork* work, size_t index,
                            const absl::Status& status) {
  parts_.metrics->SegmentRejected(status);
  Log(LogLevel::kWarning, "segment rejected",
      {{"request", request_id_},
       {"device", member_.device.Hex()},
       {"reason", LogReason(status)},
       {"bytes", work->push.segments[index].size()}});
  absl::Status kept = parts_.aside->Keep(work->push.segments[index]);
  if (!kept.ok()) {
    Log(LogLevel::kWarning, "rejected bytes not kept",
        {{"request", request_id_}, {"reason", LogReason(kept)}});
  }
}

void SyncSession::OnCommitted(
    PushWork* work, size_t index, const SegmentHeader& header,
    const absl::StatusOr<Centre::CommitResult>& result) {
  const absl::Status status = result.ok() ? result->status : result.status();
  MutexLock lock(mutex_);
  --committing_;
  on_way_.erase({header.incarnation, header.first_seq});
  ++work->answered;
  if (status.ok()) {
    parts_.centre->AddToAck(member_.device, header, work->push.recovering,
                            *result, &work->ack);
    changes_pushed_ += header.count;
  } else {
    work->Fail(index, status);
    // What follows a segment that the disk failed does not link, and is no more
    // at fault than that.
    disk_failed_ |= !result.ok();
    if (!disk_failed_) {  // this segment's own fault
      // A failed push stays in its place, so the task may look at it. If the
      // pool has no room the bytes are not kept: the tablet has them.
      (void)parts_.pool->Submit(
          [self = shared_from_this(), work, index, status] {
            self->KeepAside(work, index, status);
          });
    }
  }
  SettlePushes();
  if (waits_for_commit_ && committing_ == 0) waits_for_commit_ = false;
  Advance();
}

// Answers the pushes that are done, in order. A failed one closes the session
// and stays: a segment of it may still be in another thread's hands.
void SyncSession::SettlePushes() {
  while (!closing_.has_value() && !pushes_.empty() &&
         pushes_.front().settled()) {
    PushWork& work = pushes_.front();
    Committed committed{work.status, std::move(work.ack)};
    if (committed.status.ok()) pushes_.pop_front();
    Step(std::move(committed));
  }
}

}  // namespace vouch
