// SyncService: admits the caller and starts a SyncSession for its stream.
#ifndef VOUCH_SERVER_SYNC_SERVICE_H_
#define VOUCH_SERVER_SYNC_SERVICE_H_

#include "server/access.h"
#include "server/sync_session.h"
#include "sync/base/clock.h"
#include "vouch/v1/sync_service.grpc.pb.h"

namespace vouch {

// Any thread. What `parts` and the others point to outlives it.
class SyncServiceHandler : public v1::SyncService::CallbackService {
 public:
  SyncServiceHandler(const SyncSession::Parts& parts, const Access* access,
                     Random* random)
      : parts_(parts), access_(access), random_(random) {}

  grpc::ServerBidiReactor<v1::SyncRequest, v1::SyncResponse>* Sync(
      grpc::CallbackServerContext* context) override;

 private:
  const SyncSession::Parts parts_;
  const Access* const access_;
  Random* const random_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_SYNC_SERVICE_H_
