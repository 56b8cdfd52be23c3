// The wire: the only place in the library that knows gRPC. TLS against the
// pinned CA alone, the device's own certificate, deadlines on every call,
// keepalive on the stream. The centre speaks nothing below TLS 1.3, and nobody
// else holds a certificate of its CA, so that a weaker handshake cannot happen.
//
//   Endpoint endpoint{"centre:8443", ca_pem, certificate_pem, key_pem};
//   absl::Status s = CarrySession(endpoint, &session, perform, *clock, 30s);
//
// Any thread; each call blocks its own.
#ifndef VOUCH_CLIENT_LIB_SRC_TRANSPORT_H_
#define VOUCH_CLIENT_LIB_SRC_TRANSPORT_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "sync/base/clock.h"
#include "sync/core/session.h"
#include "vouch/v1/centre_service.pb.h"
#include "vouch/v1/enrolment_service.pb.h"
#include "vouch/v1/sync_service.pb.h"

namespace vouch {

// Larger messages of the centre end the call: a batch of 1 MiB, or one segment
// alone, with room for what is around them.
inline constexpr int kResponseBytesMax = 4 << 20;
// Responses read and not yet worked in. The session grants credit for fewer.
inline constexpr size_t kResponsesWaitingMax = 64;
inline constexpr std::chrono::milliseconds kKeepaliveInterval{20'000};
inline constexpr std::chrono::milliseconds kKeepaliveTimeout{10'000};
inline constexpr std::chrono::milliseconds kSessionTick{250};
// What is under way when a session is to stop is waited for so long.
inline constexpr std::chrono::milliseconds kStopWaitMax{2'000};

struct Endpoint {
  std::string address;          // host:port
  std::string ca_pem;           // the one CA that is trusted
  std::string certificate_pem;  // of this device; empty before enrolment
  std::string private_key_pem;
};

// Errors: the centre's own (the Enrol call's table), UNREACHABLE, DEADLINE,
// SERVER_NOT_TRUSTED.
absl::StatusOr<v1::EnrolResponse> CallEnrol(const Endpoint& endpoint,
                                            const v1::EnrolRequest& request,
                                            std::chrono::milliseconds deadline);

// The centre's side of the ledger. Errors: its own (the GetLedger call's
// table), UNREACHABLE, DEADLINE, SERVER_NOT_TRUSTED.
absl::StatusOr<v1::GetLedgerResponse> CallGetLedger(
    const Endpoint& endpoint, std::chrono::milliseconds deadline);

// Carries out on the replica what the session asks for (Device::CarryOut), on
// the carrying thread.
using PerformEffect =
    std::function<std::optional<DeviceEvent>(const DeviceEffect&)>;

// How an app takes part in a session; all optional, called on the carrying
// thread.
struct CarryHooks {
  // Asked at least every kSessionTick; true: end soon (StopAsked).
  std::function<bool()> should_stop;
  std::function<void(const DeviceSession&)> on_step;  // something was applied
};

// Carries a new session to its end and returns how it ended: OK, the session's
// own error, the centre's, UNREACHABLE, CAPTIVE_PORTAL, SERVER_NOT_TRUSTED,
// DEADLINE or SYNC_STOPPED.
absl::Status CarrySession(const Endpoint& endpoint, DeviceSession* session,
                          const PerformEffect& perform, const Clock& clock,
                          std::chrono::milliseconds deadline,
                          const CarryHooks& hooks = {});

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_TRANSPORT_H_
