#include "tests/support/sync_client.h"

#include <grpcpp/generic/generic_stub.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/errors.h"
#include "server/server.h"
#include "sync/base/check.h"
#include "sync/base/clock.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr char kEnrolTag[] = "vouch.enrol.v1";
constexpr std::chrono::milliseconds kTickEvery(200);

std::chrono::system_clock::time_point Deadline() {
  return std::chrono::system_clock::now() + kTestDeadline;
}

int64_t NowMs() {
  return static_cast<int64_t>(SystemClock()->Now().monotonic_ms);
}

// What the reading thread hands to the session's.
class Inbox {
 public:
  void Put(v1::SyncResponse message) {
    std::lock_guard<std::mutex> lock(mutex_);
    messages_.push_back(std::move(message));
    changed_.notify_one();
  }
  void End() {
    std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }
  struct Next {
    std::optional<v1::SyncResponse> message;
    bool ended = false;
  };
  // Neither: time has passed.
  Next Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, kTickEvery,
                      [this] { return ended_ || !messages_.empty(); });
    if (messages_.empty()) return {std::nullopt, ended_};
    Next next{std::move(messages_.front()), false};
    messages_.pop_front();
    return next;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::SyncResponse> messages_;
  bool ended_ = false;
};

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  VOUCH_CHECK(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

std::string PrivateKeyPem(const SigningKey& key) {
  const std::string seed = key.seed();
  EVP_PKEY* made = EVP_PKEY_new_raw_private_key(
      EVP_PKEY_ED25519, nullptr,
      reinterpret_cast<const unsigned char*>(seed.data()), seed.size());
  BIO* bio = BIO_new(BIO_s_mem());
  VOUCH_CHECK(made != nullptr &&
              PEM_write_bio_PKCS8PrivateKey(bio, made, nullptr, nullptr, 0,
                                            nullptr, nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(made);
  return pem;
}

v1::EnrolRequest MakeEnrolRequest(const Device& device, const std::string& code,
                                  const std::string& proof_of) {
  v1::EnrolRequest request;
  const PublicKey& device_key = device.device_key().public_key();
  const PublicKey& person_key = device.person_key().public_key();
  const std::string proven =
      absl::StrCat(proof_of, device_key.view(), person_key.view());
  request.set_code(code);
  request.set_device_key(device_key.Bytes());
  request.set_person_key(person_key.Bytes());
  request.set_device_proof(device.device_key().Sign(kEnrolTag, proven).Bytes());
  request.set_person_proof(device.person_key().Sign(kEnrolTag, proven).Bytes());
  return request;
}

HandSession::HandSession(v1::SyncService::Stub* stub) {
  context_.set_deadline(Deadline());
  stream_ = stub->Sync(&context_);
}

HandSession::~HandSession() {
  if (!ended_) {
    context_.TryCancel();
    End().IgnoreError();
  }
}

std::optional<v1::SyncResponse> HandSession::Receive() {
  v1::SyncResponse response;
  if (!stream_->Read(&response)) return std::nullopt;
  return response;
}

std::optional<v1::SyncResponse> HandSession::Greet(
    const DeviceSessionConfig& config) {
  // The real session's own first message.
  DeviceSession session(config);
  for (const DeviceEffect& effect : session.Start(NowMs())) {
    if (auto* send = std::get_if<SendRequest>(&effect)) Send(send->message);
  }
  return Receive();
}

absl::Status HandSession::End() {
  absl::Status refused;
  while (auto response = Receive()) {
    if (response->has_refused()) {
      refused = FromErrorDetail(response->refused().error());
    }
  }
  ended_ = true;
  grpc::Status status = stream_->Finish();
  absl::Status error = FromGrpc(status, context_.GetServerTrailingMetadata());
  // Said twice, the same both times.
  if (!refused.ok()) VOUCH_CHECK(ReasonOf(refused) == ReasonOf(error));
  return error;
}

TlsClient::TlsClient(const std::string& address, const std::string& ca_pem,
                     const std::string& key_pem,
                     const std::string& certificate_pem)
    : address_(address), ca_pem_(ca_pem) {
  RequireTls13();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca_pem;
  options.pem_private_key = key_pem;
  options.pem_cert_chain = certificate_pem;
  grpc::ChannelArguments arguments;
  // A connection of its own for each client, as for each tablet.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  channel_ = grpc::CreateCustomChannel(address, grpc::SslCredentials(options),
                                       arguments);
  sync_ = v1::SyncService::NewStub(channel_);
  centre_ = v1::CentreService::NewStub(channel_);
  enrolment_ = v1::EnrolmentService::NewStub(channel_);
}

TlsClient TlsClient::As(const Device& device) const {
  VOUCH_CHECK(device.membership().has_value());
  return TlsClient(address_, ca_pem_, PrivateKeyPem(device.device_key()),
                   device.membership()->certificate_pem);
}

absl::Status TlsClient::ErrorOf(const grpc::Status& status,
                                const grpc::ClientContext& context) {
  return FromGrpc(status, context.GetServerTrailingMetadata());
}

absl::StatusOr<v1::EnrolResponse> TlsClient::CallEnrol(
    const v1::EnrolRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(Deadline());
  v1::EnrolResponse response;
  grpc::Status status = enrolment_->Enrol(&context, request, &response);
  if (!status.ok()) return ErrorOf(status, context);
  return response;
}

absl::Status TlsClient::Enrol(Device& device, const std::string& code) {
  VOUCH_ASSIGN_OR_RETURN(v1::EnrolResponse response,
                         CallEnrol(MakeEnrolRequest(device, code, code)));
  Membership membership;
  membership.person = *PersonId::FromBytes(response.person_id());
  membership.person_name = response.person_name();
  membership.role = response.role();
  membership.centre_id = *RecordId::FromBytes(response.centre_id());
  membership.centre_name = response.centre_name();
  membership.centre_key = *PublicKey::FromBytes(response.centre_key());
  membership.certificate_pem = response.certificate_pem();
  membership.ca_certificate_pem = response.ca_certificate_pem();
  membership.server_address = address_;
  membership.certificate_expires_ms = response.certificate_expires_ms();
  return device.Adopt(membership);
}

LoopbackResult TlsClient::Sync(Device& device,
                               const std::function<void()>& on_ack) {
  auto config = device.BeginSession();
  if (!config.ok()) return {config.status(), {}};
  DeviceSession session(*std::move(config));
  grpc::ClientContext context;
  context.set_deadline(Deadline());
  auto stream = sync_->Sync(&context);
  Inbox inbox;
  std::thread reader([&] {
    v1::SyncResponse response;
    while (stream->Read(&response)) inbox.Put(std::move(response));
    inbox.End();
  });
  absl::Status result;
  std::function<void(std::vector<DeviceEffect>)> carry =
      [&](std::vector<DeviceEffect> effects) {
        for (const DeviceEffect& effect : effects) {
          if (auto* send = std::get_if<SendRequest>(&effect)) {
            // A broken stream shows when it is read.
            (void)stream->Write(send->message);
          } else if (auto* end = std::get_if<FinishSession>(&effect)) {
            result = end->status;
          } else if (auto event = device.CarryOut(effect)) {
            const bool acked = std::holds_alternative<AckApplied>(*event);
            if (acked && on_ack) on_ack();
            carry(session.Step(*std::move(event), NowMs()));
          }
        }
      };
  carry(session.Start(NowMs()));
  bool ended = false;
  while (!session.finished() && !ended) {
    Inbox::Next next = inbox.Take();
    ended = next.ended;
    if (next.message.has_value()) {
      carry(session.Step(ReceivedResponse{*std::move(next.message)}, NowMs()));
    } else if (!ended) {
      carry(session.Step(TimePassed{}, NowMs()));
    }
  }
  if (session.finished() && result.ok()) {
    stream->WritesDone();
  } else {
    context.TryCancel();
  }
  reader.join();
  grpc::Status status = stream->Finish();
  if (!session.finished()) result = ErrorOf(status, context);
  return {result, session.report()};
}

absl::StatusOr<std::string> TlsClient::CallRaw(const std::string& method,
                                               const std::string& request) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  context.set_deadline(Deadline());
  grpc::CompletionQueue queue;
  auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  if (wait()) {
    call->Write(BufferOf(request), nullptr);
    if (wait()) {
      call->WritesDone(nullptr);
      wait();
    }
  }
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  const bool answered = wait();
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  queue.Shutdown();
  while (wait()) {
  }
  if (!status.ok()) return ErrorOf(status, context);
  return answered ? BytesOf(answer) : std::string();
}

}  // namespace vouch
