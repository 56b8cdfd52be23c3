#include <algorithm>

#include "sync/base/status.h"
#include "sync/core/segment.h"
#include "sync/core/session.h"

namespace vouch {
namespace {

// A session that says nothing for this long is dropped; the device resumes.
constexpr int64_t kIdleMsMax = 2 * kStallMsMax;

}  // namespace

std::vector<CentreEffect> CentreSession::Start(int64_t now_ms) {
  progress_ms_ = now_ms;
  return {};
}

std::vector<CentreEffect> CentreSession::Step(CentreEvent event,
                                              int64_t now_ms) {
  effects_.clear();
  if (closed_) return {};
  if (!std::holds_alternative<TimePassed>(event)) progress_ms_ = now_ms;
  if (auto* e = std::get_if<ReceivedRequest>(&event)) {
    OnRequest(e->message);
  } else if (auto* e = std::get_if<LookedUp>(&event)) {
    if (!e->status.ok()) {
      Close(e->status);
    } else {
      state_ = State::kOpen;
      auto head = DecodeTreeHead(e->welcome.tree_head());
      welcomed_ = head.ok() ? head->size : 0;
      v1::SyncResponse response;
      *response.mutable_welcome() = std::move(e->welcome);
      response.mutable_welcome()->set_protocol_version(kProtocolVersion);
      response.mutable_welcome()->set_push_window_bytes(kPushWindowBytesMax);
      Send(std::move(response));
      CloseIfDone();
    }
  } else if (auto* e = std::get_if<Committed>(&event)) {
    if (!commits_.empty()) {
      in_flight_bytes_ -= commits_.front();
      commits_.erase(commits_.begin());
    }
    if (e->ack.segments_size() > 0) {
      v1::SyncResponse response;
      *response.mutable_ack() = std::move(e->ack);
      Send(std::move(response));
    }
    if (!e->status.ok()) Close(e->status);
    CloseIfDone();
  } else if (auto* e = std::get_if<FeedRead>(&event)) {
    OnFeed(*e);
  } else if (auto* e = std::get_if<CommonFound>(&event)) {
    OnFound(e->status, [&](v1::SyncResponse* response) {
      position_ = e->common.size();
      *response->mutable_common() = std::move(e->common);
    });
  } else if (auto* e = std::get_if<RangesAnswered>(&event)) {
    OnFound(e->status, [&](v1::SyncResponse* response) {
      *response->mutable_differ() = std::move(e->differ);
    });
  } else if (std::holds_alternative<RequestsEnded>(event)) {
    requests_ended_ = true;
    CloseIfDone();
  } else if (now_ms - progress_ms_ > kIdleMsMax) {
    Close(Error(Reason::kTooSlow, "the session stood still for a minute"));
  }
  return std::move(effects_);
}

void CentreSession::OnRequest(const v1::SyncRequest& message) {
  if (state_ == State::kExpectHello) {
    if (!message.has_hello()) {
      return Close(
          Error(Reason::kProtocolOrder, "a session begins with Hello"));
    }
    const v1::Hello& hello = message.hello();
    if (hello.protocol_version() < kProtocolVersion) {
      return Close(Error(Reason::kProtocolVersion,
                         "this centre speaks protocol version 1"));
    }
    if (hello.heads_size() > static_cast<int>(kHelloHeadsMax)) {
      return Close(Error(Reason::kTooLarge, "Hello names over 64 chains"));
    }
    state_ = State::kLookingUp;
    position_ = hello.cursor_size();
    for (const v1::ChainHead& head : hello.heads()) {
      auto incarnation = Incarnation::FromBytes(head.incarnation());
      if (incarnation) own_.push_back({*incarnation, head.seq(), Hash()});
    }
    effects_.push_back(LookUp{hello});
    return;
  }
  if (state_ == State::kOpen && message.has_push()) {
    return OnPush(message.push());
  }
  if (state_ == State::kOpen && message.has_pull()) {
    return OnPull(message.pull());
  }
  // Before anything was pulled, once: the device goes back to that size.
  if (state_ == State::kOpen && message.has_ladder() && !ladder_taken_ &&
      !answering_ && until_ == 0) {
    if (message.ladder().heads_size() > static_cast<int>(kLadderMax)) {
      return Close(Error(Reason::kTooLarge, "a ladder has at most 64 heads"));
    }
    ladder_taken_ = answering_ = true;
    effects_.push_back(FindCommon{message.ladder(), welcomed_});
    return;
  }
  if (state_ == State::kOpen && message.has_compare() && !answering_) {
    answering_ = true;
    effects_.push_back(AnswerCompare{message.compare()});
    return;
  }
  Close(Error(Reason::kProtocolOrder, "an unexpected message of the device"));
}

void CentreSession::OnPull(const v1::Pull& pull) {
  until_ = std::max(until_, pull.until_size());
  credit_ = std::min(credit_ + std::min(pull.credit(), kPullCreditMax),
                     kPullCreditMax);
  if (pull.own_whole()) own_.clear();
  if (until_ > position_) caught_up_ = false;
  FeedMore();
}

void CentreSession::OnFound(
    const absl::Status& status,
    const std::function<void(v1::SyncResponse*)>& fill) {
  answering_ = false;
  if (!status.ok()) return Close(status);
  v1::SyncResponse response;
  fill(&response);
  Send(std::move(response));
  CloseIfDone();
}

void CentreSession::OnPush(const v1::Push& push) {
  uint64_t bytes = 0;
  for (const std::string& segment : push.segments()) {
    bytes += std::max(segment.size(), kSegmentWireBytesMin);
  }
  if (push.segments_size() == 0 ||
      (bytes > kPushBytesMax && push.segments_size() > 1)) {
    return Close(Error(Reason::kTooLarge,
                       "a Push holds no segment, or over 1 MiB of several"));
  }
  commits_.push_back(bytes);
  in_flight_bytes_ += bytes;
  CommitSegments commit;
  commit.segments.assign(push.segments().begin(), push.segments().end());
  commit.earlier.resize(commit.segments.size());
  commit.recovering = push.recovering();
  for (const v1::EarlierCommit& earlier : push.earlier()) {
    auto history = HistoryId::FromBytes(earlier.history_id());
    auto signature = Signature::FromBytes(earlier.signature());
    if (earlier.segment() >= commit.segments.size() || !history || !signature) {
      return Close(Error(Reason::kMalformed, "the proof of an earlier commit"));
    }
    commit.earlier[earlier.segment()] =
        ProvenCommit{*history, earlier.commit(), *signature};
  }
  effects_.push_back(std::move(commit));
}

void CentreSession::FeedMore() {
  if (closed_ || reading_ || caught_up_ || credit_ == 0) return;
  reading_ = true;
  effects_.push_back(ReadFeed{position_, kBatchBytesMax, own_});
}

void CentreSession::OnFeed(const FeedRead& read) {
  reading_ = false;
  if (!read.status.ok()) return Close(read.status);
  const bool moved = read.batch.end_size() > position_;
  position_ = read.batch.end_size();
  // The device may have asked for more while this was being read from an
  // older tree head: go on, unless the log has no more.
  caught_up_ = read.batch.caught_up() && (until_ <= position_ || !moved);
  --credit_;
  v1::SyncResponse response;
  *response.mutable_batch() = read.batch;
  Send(std::move(response));
  FeedMore();
  CloseIfDone();
}

void CentreSession::Send(v1::SyncResponse message) {
  effects_.push_back(SendResponse{std::move(message)});
}

void CentreSession::CloseIfDone() {
  if (!requests_ended_ || closed_) return;
  if (!commits_.empty() || reading_ || answering_) return;
  if (state_ == State::kLookingUp) return;
  Close(absl::OkStatus());
}

void CentreSession::Close(absl::Status status) {
  if (closed_) return;
  closed_ = true;
  if (!status.ok()) {
    v1::SyncResponse response;
    *response.mutable_refused()->mutable_error() = ToErrorDetail(status);
    Send(std::move(response));
  }
  effects_.push_back(CloseSession{std::move(status)});
}

v1::ErrorDetail ToErrorDetail(const absl::Status& status) {
  v1::ErrorDetail detail;
  detail.set_reason(static_cast<v1::ErrorReason>(ReasonOf(status)));
  detail.set_text(std::string(status.message()));
  return detail;
}

absl::Status FromErrorDetail(const v1::ErrorDetail& detail) {
  return Error(ReasonFromNumber(detail.reason()), detail.text());
}

}  // namespace vouch
