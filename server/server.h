// The whole server in one object: store, centre, committer, sessions, ports.
// `vouchd serve` and the tests run the same.
//
//   RequireTls13();                       // first of all, before any thread
//   VOUCH_ASSIGN_OR_RETURN(auto server, Server::Start(config, {}));
//   … server->address() …
//   server->Stop();                       // drains; the destructor too
//
// Owner: one thread, which starts, stops and destroys it. What a tablet got an
// acknowledgement for is on disk, whatever happens to the process.
#ifndef VOUCH_SERVER_SERVER_H_
#define VOUCH_SERVER_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/config.h"
#include "sync/base/clock.h"
#include "sync/base/judge.h"

namespace vouch {

// How often sessions are looked at and the disk is measured.
inline constexpr int64_t kTickMs = 250;
inline constexpr int64_t kKeepaliveMs = 30'000;
inline constexpr int64_t kKeepaliveTimeoutMs = 20'000;
inline constexpr int64_t kPingIntervalMsMin = 10'000;
inline constexpr int64_t kConnectionIdleMsMax = 15 * 60'000;
inline constexpr int64_t kMetadataBytesMax = 16 << 10;
inline constexpr char kAdminSocketName[] = "admin.sock";

// What a test may put in the place of the real thing. Null: the real thing.
struct ServerParts {
  const Judge* judge = nullptr;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  std::function<uint64_t()> free_bytes;  // of the store's disk
};

// Debian's gRPC takes TLS 1.2 too and has no call to forbid it; with no
// cipher of TLS 1.2 that a certificate could use, only 1.3 is left. Sets an
// environment variable that gRPC reads once, so it comes before any other
// thread and before gRPC is first used. It holds for clients in the process.
void RequireTls13();

class Server {
 public:
  // Makes what the data folder lacks. Errors: STORE_LOCKED (another vouchd
  // runs on the folder), STORE_*, CONFIGURATION_INVALID (an address that
  // cannot be listened on, a folder that cannot be used).
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const Config& config, const ServerParts& parts);
  ~Server();

  // Where tablets connect, with the port that was taken.
  const std::string& address() const;
  // The CA's certificate, and the pin that enrolment codes carry.
  const std::string& ca_pem() const;
  const std::string& ca_pin() const;
  std::string MetricsText() const;
  size_t sessions() const;

  // Refuses new sessions, lets open ones finish what they sent within the
  // drain limit, commits all that was verified, closes the store.
  void Stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_SERVER_H_
