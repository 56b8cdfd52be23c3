// A tablet's side of a real server, over TLS, for tests: enrolment, a whole
// sync of a Device, and a session by hand for whatever a hostile device might
// send. Blocking; every wait has a deadline.
//
//   TlsClient client(server.address(), server.ca_pem());
//   ASSERT_TRUE(client.Enrol(device, code).ok());
//   TlsClient known = client.As(device);
//   LoopbackResult result = known.Sync(device);
#ifndef VOUCH_TESTS_SUPPORT_SYNC_CLIENT_H_
#define VOUCH_TESTS_SUPPORT_SYNC_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/replica/device.h"
#include "sync/base/sign.h"
#include "tests/support/loopback.h"
#include "vouch/v1/centre_service.grpc.pb.h"
#include "vouch/v1/enrolment_service.grpc.pb.h"
#include "vouch/v1/sync_service.grpc.pb.h"

namespace vouch {

inline constexpr std::chrono::seconds kTestDeadline(30);

// PKCS 8, as gRPC takes it.
std::string PrivateKeyPem(const SigningKey& key);

// What a tablet with these keys would send. `proof_of` differs from `code`
// only in tests that cheat.
v1::EnrolRequest MakeEnrolRequest(const Device& device, const std::string& code,
                                  const std::string& proof_of);

// A stream whose messages the test makes itself.
class HandSession {
 public:
  HandSession(v1::SyncService::Stub* stub);
  ~HandSession();

  bool Send(const v1::SyncRequest& request) { return stream_->Write(request); }
  // Absent when the stream has ended.
  std::optional<v1::SyncResponse> Receive();
  // Hello of this device's cursor; the answer.
  std::optional<v1::SyncResponse> Greet(const DeviceSessionConfig& config);
  void Done() { stream_->WritesDone(); }
  // Reads to the end; the reason the server gave.
  absl::Status End();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SyncRequest, v1::SyncResponse>>
      stream_;
  bool ended_ = false;
};

class TlsClient {
 public:
  // Without a certificate.
  TlsClient(const std::string& address, const std::string& ca_pem)
      : TlsClient(address, ca_pem, "", "") {}
  TlsClient(const std::string& address, const std::string& ca_pem,
            const std::string& key_pem, const std::string& certificate_pem);

  // The same server, with the certificate that the device was given.
  TlsClient As(const Device& device) const;

  // Enrols and adopts. Errors: those of EnrolmentService and Device::Adopt.
  absl::Status Enrol(Device& device, const std::string& code);
  absl::StatusOr<v1::EnrolResponse> CallEnrol(const v1::EnrolRequest& request);

  // One session. `on_ack` runs after each acknowledgement was applied.
  LoopbackResult Sync(Device& device,
                      const std::function<void()>& on_ack = nullptr);

  // A read of CentreService: Call(&Stub::ListRecords, request).
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::CentreService::Stub::*method)(
                                    grpc::ClientContext*, const Request&,
                                    Response*),
                                const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kTestDeadline);
    Response response;
    grpc::Status status =
        (centre_.get()->*method)(&context, request, &response);
    if (!status.ok()) return ErrorOf(status, context);
    return response;
  }

  // One message to any method by name, as bytes, and the first answer.
  absl::StatusOr<std::string> CallRaw(const std::string& method,
                                      const std::string& request);

  v1::SyncService::Stub* sync() { return sync_.get(); }

 private:
  static absl::Status ErrorOf(const grpc::Status& status,
                              const grpc::ClientContext& context);

  std::string address_;
  std::string ca_pem_;
  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<v1::SyncService::Stub> sync_;
  std::shared_ptr<v1::CentreService::Stub> centre_;
  std::shared_ptr<v1::EnrolmentService::Stub> enrolment_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_SYNC_CLIENT_H_
