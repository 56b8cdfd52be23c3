#include "server/sync_service.h"

#include <memory>
#include <utility>

#include "server/request_id.h"

namespace vouch {

grpc::ServerBidiReactor<v1::SyncRequest, v1::SyncResponse>*
SyncServiceHandler::Sync(grpc::CallbackServerContext* context) {
  std::string request_id = NewRequestId(*random_);
  context->AddInitialMetadata(kRequestIdMetadataKey, request_id);
  absl::StatusOr<Member> caller = access_->Admit(*context, Rpc::kSync);
  auto session = std::make_shared<SyncSession>(
      parts_, caller.ok() ? *caller : Member(), std::move(request_id), context);
  if (caller.ok()) {
    session->Begin();
  } else {
    session->Refuse(caller.status());
  }
  return session.get();  // it owns itself until the stream has ended
}

}  // namespace vouch
