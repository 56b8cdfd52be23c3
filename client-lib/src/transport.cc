#include "client-lib/src/transport.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "client-lib/src/certificates.h"
#include "client-lib/src/tls_probe.h"
#include "sync/base/status.h"
#include "vouch/v1/centre_service.grpc.pb.h"
#include "vouch/v1/enrolment_service.grpc.pb.h"
#include "vouch/v1/sync_service.grpc.pb.h"

namespace vouch {
namespace {

using std::chrono::milliseconds;
using Stream = grpc::ClientReaderWriter<v1::SyncRequest, v1::SyncResponse>;

constexpr char kErrorDetailKey[] = "vouch-error-bin";
constexpr milliseconds kProbeDeadline{5'000};
constexpr int kEndTicksMax = 4;

std::shared_ptr<grpc::Channel> MakeChannel(const Endpoint& endpoint) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = endpoint.ca_pem;
  tls.pem_cert_chain = endpoint.certificate_pem;
  tls.pem_private_key = endpoint.private_key_pem;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   static_cast<int>(kKeepaliveInterval.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(kKeepaliveTimeout.count()));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Two stores in one process are two devices: they never share a connection,
  // and a connection ends with its call.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(kResponseBytesMax);
  // A proxy between tablet and centre could only be an intercepting one.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(endpoint.address, grpc::SslCredentials(tls),
                                   arguments);
}

void SetDeadline(grpc::ClientContext* context, milliseconds deadline) {
  context->set_deadline(std::chrono::system_clock::now() + deadline);
}

// gRPC says UNAVAILABLE whether nobody answered or the wrong one did. A second
// look tells them apart, and says which to a person who can act on it.
absl::Status WhyUnavailable(const Endpoint& endpoint,
                            const grpc::ClientContext& context,
                            const std::string& said) {
  auto left = std::chrono::duration_cast<milliseconds>(
      context.deadline() - std::chrono::system_clock::now());
  auto probed = ProbeServer(endpoint.address,
                            std::clamp(left, milliseconds(0), kProbeDeadline));
  if (!probed.ok()) return probed.status();
  auto pinned = FingerprintOfPem(endpoint.ca_pem);
  if (pinned.ok() && *pinned != probed->ca_fingerprint) {
    return Error(
        Reason::kServerNotTrusted,
        absl::StrCat("the server there has the CA ", probed->ca_fingerprint,
                     ", this tablet knows ", *pinned));
  }
  // The right centre, and still no call: most likely its certificate names
  // other hosts than the address does.
  if (said.find("andshake") != std::string::npos ||
      said.find("erification") != std::string::npos) {
    return Error(Reason::kServerNotTrusted,
                 absl::StrCat("the centre's certificate is not for this "
                              "address: ",
                              endpoint.address));
  }
  return Error(Reason::kUnreachable,
               absl::StrCat("the centre broke the connection off: ", said));
}

absl::Status FromGrpc(const Endpoint& endpoint,
                      const grpc::ClientContext& context,
                      const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto& trailers = context.GetServerTrailingMetadata();
  auto found = trailers.find(kErrorDetailKey);
  v1::ErrorDetail detail;
  if (found != trailers.end() &&
      detail.ParseFromArray(found->second.data(),
                            static_cast<int>(found->second.size()))) {
    return FromErrorDetail(detail);
  }
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return WhyUnavailable(endpoint, context, status.error_message());
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
      return Error(Reason::kDeadline, "the call took longer than its deadline");
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return Error(Reason::kTooLarge, status.error_message());
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
      // Something that speaks HTTP, but not our protocol, with a certificate
      // of the centre: a proxy in front of it, or an older server.
      return Error(Reason::kUnreachable,
                   absl::StrCat("the centre's answer makes no sense: ",
                                status.error_message()));
    default:
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          status.error_message());
  }
}

// Responses from the reading thread to the carrying one.
class Inbox {
 public:
  // Blocks while it is full. False once closed.
  bool Put(v1::SyncResponse response) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] {
      return closed_ || waiting_.size() < kResponsesWaitingMax;
    });
    if (closed_) return false;
    waiting_.push_back(std::move(response));
    changed_.notify_all();
    return true;
  }
  void EndOfStream() {
    std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  void Close() {
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  struct Taken {
    std::optional<v1::SyncResponse> response;
    bool ended = false;  // nothing further will come
  };
  // Waits up to `tick` for something.
  Taken Take(milliseconds tick) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, tick,
                      [this] { return ended_ || !waiting_.empty(); });
    Taken taken;
    if (!waiting_.empty()) {
      taken.response = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
    } else {
      taken.ended = ended_;
    }
    return taken;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::SyncResponse> waiting_;
  bool ended_ = false;
  bool closed_ = false;
};

// One stream, its reading thread, and the session it carries.
class Carrier {
 public:
  Carrier(const Endpoint& endpoint, DeviceSession* session,
          const PerformEffect& perform, const Clock& clock,
          milliseconds deadline, const CarryHooks& hooks)
      : endpoint_(endpoint),
        session_(session),
        perform_(perform),
        clock_(clock),
        hooks_(hooks),
        stub_(v1::SyncService::NewStub(MakeChannel(endpoint))) {
    SetDeadline(&context_, deadline);
    stream_ = stub_->Sync(&context_);
    reader_ = std::thread([this] { ReadAll(); });
  }

  ~Carrier() {
    context_.TryCancel();
    inbox_.Close();
    reader_.join();
    if (!ended_) stream_->Finish();
  }

  absl::Status Carry() {
    Do(session_->Start(NowMs()));
    while (!outcome_.has_value()) {
      if (MustStop()) break;
      Inbox::Taken taken = inbox_.Take(kSessionTick);
      if (taken.response.has_value()) {
        Feed(ReceivedResponse{*std::move(taken.response)});
      } else if (taken.ended) {
        Feed(StreamEnded{End()});
      } else {
        Feed(TimePassed{});
      }
    }
    if (outcome_->ok() && !ended_) EndOrderly();
    return *outcome_;
  }

 private:
  void ReadAll() {
    v1::SyncResponse response;
    while (stream_->Read(&response)) {
      if (!inbox_.Put(std::move(response))) return;
      response = v1::SyncResponse();
    }
    inbox_.EndOfStream();
  }

  int64_t NowMs() const {
    return static_cast<int64_t>(clock_.Now().monotonic_ms);
  }

  // True: the session is over, or what was under way took too long.
  bool MustStop() {
    if (!stop_ms_.has_value()) {
      if (!hooks_.should_stop || !hooks_.should_stop()) return false;
      stop_ms_ = NowMs();
      Feed(StopAsked{});
    }
    if (outcome_.has_value()) return true;
    if (NowMs() - *stop_ms_ <= kStopWaitMax.count()) return false;
    outcome_ = Error(Reason::kSyncStopped,
                     "the sync was stopped; the centre did not acknowledge in "
                     "time what was under way");
    return true;
  }

  void Feed(DeviceEvent event) {
    Do(session_->Step(std::move(event), NowMs()));
  }

  // Carries effects out in order. What an answer brings follows after what
  // was asked before it.
  void Do(std::vector<DeviceEffect> effects) {
    for (DeviceEffect& effect : effects) todo_.push_back(std::move(effect));
    while (!todo_.empty() && !outcome_.has_value()) {
      DeviceEffect effect = std::move(todo_.front());
      todo_.pop_front();
      std::optional<DeviceEvent> answer = CarryOut(effect);
      if (!answer.has_value()) continue;
      const bool applied = std::holds_alternative<AckApplied>(*answer) ||
                           std::holds_alternative<PullApplied>(*answer);
      for (DeviceEffect& next : session_->Step(*std::move(answer), NowMs())) {
        todo_.push_back(std::move(next));
      }
      if (applied && hooks_.on_step) hooks_.on_step(*session_);
    }
  }

  std::optional<DeviceEvent> CarryOut(const DeviceEffect& effect) {
    if (auto* send = std::get_if<SendRequest>(&effect)) {
      // A write that fails means that the stream has ended: its reason comes
      // through the reader.
      stream_->Write(send->message);
      return std::nullopt;
    }
    if (auto* finish = std::get_if<FinishSession>(&effect)) {
      outcome_ = finish->status;
      return std::nullopt;
    }
    return perform_(effect);
  }

  // So that the centre logs an end and no broken stream. All is done by now:
  // how it goes changes nothing, and it is not waited for long.
  void EndOrderly() {
    stream_->WritesDone();
    for (int tick = 0; tick < kEndTicksMax && !ended_; ++tick) {
      if (inbox_.Take(kSessionTick).ended) {
        ended_ = true;
        stream_->Finish();
      }
    }
  }

  absl::Status End() {
    ended_ = true;
    return FromGrpc(endpoint_, context_, stream_->Finish());
  }

  const Endpoint& endpoint_;
  DeviceSession* const session_;
  const PerformEffect& perform_;
  const Clock& clock_;
  const CarryHooks& hooks_;
  std::unique_ptr<v1::SyncService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  Inbox inbox_;
  std::deque<DeviceEffect> todo_;
  std::optional<absl::Status> outcome_;
  std::optional<int64_t> stop_ms_;  // when it was asked to
  bool ended_ = false;
  std::thread reader_;
};

}  // namespace

absl::StatusOr<v1::EnrolResponse> CallEnrol(const Endpoint& endpoint,
                                            const v1::EnrolRequest& request,
                                            milliseconds deadline) {
  auto stub = v1::EnrolmentService::NewStub(MakeChannel(endpoint));
  grpc::ClientContext context;
  SetDeadline(&context, deadline);
  v1::EnrolResponse response;
  grpc::Status status = stub->Enrol(&context, request, &response);
  VOUCH_RETURN_IF_ERROR(FromGrpc(endpoint, context, status));
  return response;
}

absl::StatusOr<v1::GetLedgerResponse> CallGetLedger(const Endpoint& endpoint,
                                                    milliseconds deadline) {
  auto stub = v1::CentreService::NewStub(MakeChannel(endpoint));
  grpc::ClientContext context;
  SetDeadline(&context, deadline);
  v1::GetLedgerResponse response;
  grpc::Status status =
      stub->GetLedger(&context, v1::GetLedgerRequest(), &response);
  VOUCH_RETURN_IF_ERROR(FromGrpc(endpoint, context, status));
  return response;
}

absl::Status CarrySession(const Endpoint& endpoint, DeviceSession* session,
                          const PerformEffect& perform, const Clock& clock,
                          milliseconds deadline, const CarryHooks& hooks) {
  return Carrier(endpoint, session, perform, clock, deadline, hooks).Carry();
}

}  // namespace vouch
