#include "tests/support/loopback.h"

#include <deque>

#include "sync/base/status.h"

namespace vouch {

absl::StatusOr<Centre::CommitRequest> VerifyPushed(const Centre& centre,
                                                   const DeviceId& device,
                                                   const std::string& wire) {
  CommitSegments push;
  push.segments = {wire};
  return centre.Verify(device, push, 0);
}

Committed CommitPushed(Centre& centre, const DeviceId& device,
                       const CommitSegments& push) {
  Committed out;
  for (size_t i = 0; i < push.segments.size(); ++i) {
    auto request = centre.Verify(device, push, i);
    if (!request.ok()) {
      out.status = request.status();
      break;
    }
    const SegmentHeader header = request->segment.header;
    std::vector<Centre::CommitRequest> requests;
    requests.push_back(*std::move(request));
    auto results = centre.Commit(std::move(requests));
    out.status = results.ok() ? (*results)[0].status : results.status();
    if (!out.status.ok()) break;
    centre.AddToAck(device, header, push.recovering, (*results)[0], &out.ack);
  }
  return out;
}

std::optional<CentreEvent> PerformOnCentre(Centre& centre,
                                           const DeviceId& device,
                                           const Centre::Visible& visible,
                                           const CentreEffect& effect) {
  if (auto* e = std::get_if<LookUp>(&effect)) {
    return CentreEvent(centre.Answer(device, e->hello));
  }
  if (auto* e = std::get_if<CommitSegments>(&effect)) {
    return CentreEvent(CommitPushed(centre, device, *e));
  }
  if (auto* e = std::get_if<ReadFeed>(&effect)) {
    return CentreEvent(centre.Feed(device, visible, *e));
  }
  if (auto* e = std::get_if<FindCommon>(&effect)) {
    return CentreEvent(centre.Find(*e));
  }
  if (auto* e = std::get_if<AnswerCompare>(&effect)) {
    return CentreEvent(centre.Compare(device, visible, *e));
  }
  return std::nullopt;
}

namespace {

// The two queues of one stream, emptied in turn until nothing is left to do.
class Loopback {
 public:
  Loopback(Device& device, Centre& centre, int64_t now_ms,
           const LoopbackOptions& options, DeviceSessionConfig config)
      : device_(device),
        centre_(centre),
        now_ms_(now_ms),
        options_(options),
        session_(std::move(config)) {}

  LoopbackResult Run() {
    Carry(session_.Start(now_ms_));
    centre_session_.Start(now_ms_);
    while (!finished_) {
      if (!to_device_.empty()) {
        v1::SyncResponse message = std::move(to_device_.front());
        to_device_.pop_front();
        if (options_.on_response && !options_.on_response(message)) {
          Break();
          continue;
        }
        Carry(session_.Step(ReceivedResponse{std::move(message)}, now_ms_));
      } else if (!to_centre_.empty() && !centre_session_.closed()) {
        v1::SyncRequest message = std::move(to_centre_.front());
        to_centre_.pop_front();
        if (options_.edit_request) options_.edit_request(&message);
        if (options_.on_request && !options_.on_request(message)) {
          Break();
          continue;
        }
        Carry(
            centre_session_.Step(ReceivedRequest{std::move(message)}, now_ms_));
      } else {
        Break();
      }
    }
    while (!centre_.materialised()) {
      absl::Status done = centre_.Materialise(kMaterialiseEntriesMax);
      if (!done.ok()) return {done, session_.report()};
    }
    return {status_, session_.report()};
  }

 private:
  void Break() {
    Carry(session_.Step(
        StreamEnded{Error(Reason::kUnreachable, "the loopback was cut")},
        now_ms_));
  }

  void Carry(std::vector<DeviceEffect> effects) {
    for (const DeviceEffect& effect : effects) {
      if (auto* send = std::get_if<SendRequest>(&effect)) {
        to_centre_.push_back(send->message);
      } else if (auto* finish = std::get_if<FinishSession>(&effect)) {
        finished_ = true;
        status_ = finish->status;
      } else if (auto event = device_.CarryOut(effect)) {
        Carry(session_.Step(*std::move(event), now_ms_));
      }
    }
  }

  void Carry(std::vector<CentreEffect> effects) {
    for (const CentreEffect& effect : effects) {
      if (auto* send = std::get_if<SendResponse>(&effect)) {
        to_device_.push_back(send->message);
      } else if (auto event = PerformOnCentre(centre_, device_.id(),
                                              options_.visible, effect)) {
        Carry(centre_session_.Step(*std::move(event), now_ms_));
      }
    }
  }

  Device& device_;
  Centre& centre_;
  const int64_t now_ms_;
  const LoopbackOptions& options_;
  DeviceSession session_;
  CentreSession centre_session_;
  std::deque<v1::SyncRequest> to_centre_;
  std::deque<v1::SyncResponse> to_device_;
  bool finished_ = false;
  absl::Status status_;
};

}  // namespace

LoopbackResult SyncOverLoopback(Device& device, Centre& centre, int64_t now_ms,
                                const LoopbackOptions& options) {
  auto config = device.BeginSession();
  if (!config.ok()) return {config.status(), {}};
  return Loopback(device, centre, now_ms, options, *std::move(config)).Run();
}

}  // namespace vouch
