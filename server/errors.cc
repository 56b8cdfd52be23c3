#include "server/errors.h"

#include <string>

#include "sync/base/status.h"
#include "sync/core/session.h"

namespace vouch {

grpc::Status Answer(grpc::ServerContextBase* context,
                    const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  context->AddTrailingMetadata(kErrorMetadataKey,
                               ToErrorDetail(status).SerializeAsString());
  // Both enums are the canonical codes.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

absl::Status FromGrpc(
    const grpc::Status& status,
    const std::multimap<grpc::string_ref, grpc::string_ref>& trailing) {
  if (status.ok()) return absl::OkStatus();
  auto found = trailing.find(kErrorMetadataKey);
  v1::ErrorDetail detail;
  if (found != trailing.end() &&
      detail.ParseFromArray(found->second.data(),
                            static_cast<int>(found->second.size()))) {
    return FromErrorDetail(detail);
  }
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    return Error(Reason::kUnreachable, status.error_message());
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return Error(Reason::kDeadline, status.error_message());
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
}

}  // namespace vouch
