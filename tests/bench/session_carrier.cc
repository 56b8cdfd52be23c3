#include "tests/bench/session_carrier.h"

#include <cstdio>

#include "sync/base/check.h"
#include "tests/bench/measure.h"

namespace vouch::bench {
namespace {

constexpr std::chrono::minutes kSessionDeadline(30);

int64_t NowMs() { return static_cast<int64_t>(NowSeconds() * 1000); }

// One stream; the reading thread is the only one. The session never has more
// under way than the transport takes without being read.
class Carrier {
 public:
  Carrier(TlsClient* client, const DeviceSessionConfig& config,
          const Perform& perform)
      : session_(config), perform_(perform) {
    context_.set_deadline(std::chrono::system_clock::now() + kSessionDeadline);
    stream_ = client->sync()->Sync(&context_);
  }

  Carried Run() {
    const Stopwatch watch;
    Carry(session_.Start(NowMs()));
    v1::SyncResponse response;
    while (!session_.finished()) {
      if (sent_) ++carried_.round_trips;
      sent_ = false;
      VOUCH_CHECK(stream_->Read(&response));
      ++carried_.responses;
      Carry(session_.Step(ReceivedResponse{std::move(response)}, NowMs()));
      response.Clear();
    }
    carried_.seconds = watch.Seconds();
    carried_.report = session_.report();
    stream_->WritesDone();
    while (stream_->Read(&response)) {
    }
    const bool ended = stream_->Finish().ok();
    if (!status_.ok()) {
      std::fprintf(stderr, "vouch-bench: a session ended: %s\n",
                   status_.ToString().c_str());
    }
    VOUCH_CHECK(status_.ok() && ended);
    return carried_;
  }

 private:
  void Carry(std::vector<DeviceEffect> effects) {
    for (const DeviceEffect& effect : effects) {
      if (auto* send = std::get_if<SendRequest>(&effect)) {
        VOUCH_CHECK(stream_->Write(send->message));
        ++carried_.requests;
        sent_ = true;
      } else if (auto* finish = std::get_if<FinishSession>(&effect)) {
        status_ = finish->status;
      } else if (auto event = perform_(effect)) {
        Carry(session_.Step(*std::move(event), NowMs()));
      }
    }
  }

  DeviceSession session_;
  const Perform& perform_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SyncRequest, v1::SyncResponse>>
      stream_;
  Carried carried_;
  bool sent_ = false;
  absl::Status status_;
};

}  // namespace

Carried CarryOverTls(TlsClient* client, const DeviceSessionConfig& config,
                     const Perform& perform) {
  return Carrier(client, config, perform).Run();
}

Carried SyncOverTls(TlsClient* client, Device* device) {
  auto config = device->BeginSession();
  VOUCH_CHECK(config.ok());
  return CarryOverTls(client, *config, [device](const DeviceEffect& effect) {
    return device->CarryOut(effect);
  });
}

}  // namespace vouch::bench
