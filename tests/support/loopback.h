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

// Carries out a device's effect on its replica; the event that answers it, if
// it asks for one. Send and Finish are the caller's.
std::optional<DeviceEvent> PerformOnDevice(Device& device,
                                           const DeviceEffect& effect);

// Likewise for the centre. `visible` says which scopes the device may hold.
std::optional<CentreEvent> PerformOnCentre(Centre& centre,
                                           const DeviceId& device,
                                           const Centre::Visible& visible,
                                           const CentreEffect& effect);

// Verifies, commits and acknowledges, as the server's committer does.
Committed CommitPushed(Centre& centre, const DeviceId& device,
                       const std::vector<std::string>& segments);

struct LoopbackOptions {
  Centre::Visible visible = [](const ScopeId&) { return true; };
  // Sees each message; false drops it and breaks the stream.
  std::function<bool(const v1::SyncRequest&)> on_request;
  std::function<bool(const v1::SyncResponse&)> on_response;
};

LoopbackResult SyncOverLoopback(Device& device, Centre& centre,
                                int64_t now_ms = 0,
                                const LoopbackOptions& options = {});

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_LOOPBACK_H_
