// In place of transport.cc where the library is built with VOUCH_SYNC=OFF: it
// captures and keeps, and every call over the network says why there is none.
#include "client-lib/src/transport.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status LeftOut() {
  return Error(Reason::kConfigurationInvalid,
               "this libvouch was built without the network (VOUCH_SYNC=OFF)");
}

}  // namespace

absl::StatusOr<v1::EnrolResponse> CallEnrol(const Endpoint&,
                                            const v1::EnrolRequest&,
                                            std::chrono::milliseconds) {
  return LeftOut();
}

absl::StatusOr<v1::GetLedgerResponse> CallGetLedger(const Endpoint&,
                                                    std::chrono::milliseconds) {
  return LeftOut();
}

absl::Status CarrySession(const Endpoint&, DeviceSession*, const PerformEffect&,
                          const Clock&, std::chrono::milliseconds,
                          const CarryHooks&) {
  return LeftOut();
}

}  // namespace vouch
