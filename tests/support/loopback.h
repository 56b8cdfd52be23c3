// A whole session between a Device and a Centre in one process and one thread,
// with no socket: the same state machines that gRPC carries.
//
//   LoopbackResult r = SyncOverLoopback(device, centre, now_ms);
//   EXPECT_TRUE(r.status.ok());
#ifndef VOUCH_TESTS_SUPPORT_LOOPBACK_H_
#define VOUCH_TESTS_SUPPORT_LOOPBACK_H_

#include <functional>

#include "storage/replica/centre.h"
#include "storage/replica/device.h"

namespace vouch {

struct LoopbackResult {
  absl::Status status;
  SessionReport report;
};

// Carries out a centre's effect; the event that answers it, if it asks for
// one. `visible` says which scopes the device may hold.
std::optional<CentreEvent> PerformOnCentre(Centre& centre,
                                           const DeviceId& device,
                                           const Centre::Visible& visible,
                                           const CentreEffect& effect);

// A segment that a device pushed in the ordinary way.
absl::StatusOr<Centre::CommitRequest> VerifyPushed(const Centre& centre,
                                                   const DeviceId& device,
                                                   const std::string& wire);

// Verifies, commits and acknowledges, as the server's committer does.
Committed CommitPushed(Centre& centre, const DeviceId& device,
                       const CommitSegments& push);

struct LoopbackOptions {
  Centre::Visible visible = [](const ScopeId&) { return true; };
  // Sees each message; false drops it and breaks the stream.
  std::function<bool(const v1::SyncRequest&)> on_request;
  std::function<bool(const v1::SyncResponse&)> on_response;
  // A peer that lies.
  std::function<void(v1::SyncRequest*)> edit_request;
};

LoopbackResult SyncOverLoopback(Device& device, Centre& centre,
                                int64_t now_ms = 0,
                                const LoopbackOptions& options = {});

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_LOOPBACK_H_
