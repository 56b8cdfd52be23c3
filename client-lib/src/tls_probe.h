// Looks at the certificates a server shows, before anything is trusted or
// said: gRPC can only verify against a CA that it is given. Any thread; blocks
// up to its deadline.
//
//   VOUCH_ASSIGN_OR_RETURN(Probed probed, ProbeServer("centre:8443", 5s));
//   if (probed.ca_fingerprint != pinned) …
#ifndef VOUCH_CLIENT_LIB_SRC_TLS_PROBE_H_
#define VOUCH_CLIENT_LIB_SRC_TLS_PROBE_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vouch {

struct Probed {
  std::string ca_pem;          // the self-signed end of the chain shown
  std::string ca_fingerprint;  // of it, in lower-case hex
};

// "host:port", "[v6]:port". MALFORMED.
struct ServerAddress {
  std::string host;
  std::string port;
};
absl::StatusOr<ServerAddress> ParseAddress(absl::string_view address);

// A TLS 1.3 handshake that verifies only that the chain hangs together, then
// closes. Errors: UNREACHABLE (no such host, refused, timed out),
// CAPTIVE_PORTAL (what answers is an ordinary web server),
// SERVER_NOT_TRUSTED (what answers is no TLS 1.3 server, or shows no chain up
// to a CA of its own), MALFORMED.
absl::StatusOr<Probed> ProbeServer(const std::string& address,
                                   std::chrono::milliseconds deadline);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_TLS_PROBE_H_
