// How our errors leave through gRPC: the canonical code and the text as the
// call's status, and a serialised vouch.v1.ErrorDetail, with the reason that
// clients branch on, in the trailing metadata `vouch-error-bin`.
//
//   return Answer(context, service->DoIt(…));      // in a handler
//
// Any thread.
#ifndef VOUCH_SERVER_ERRORS_H_
#define VOUCH_SERVER_ERRORS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace vouch {

inline constexpr char kErrorMetadataKey[] = "vouch-error-bin";

// The status to end a call with; adds the detail to its trailing metadata.
// Call once a call, before its end.
grpc::Status Answer(grpc::ServerContextBase* context,
                    const absl::Status& status);

// For tools that call a server: the error with its reason, from the trailing
// metadata of a call. Errors of the transport itself become UNREACHABLE or
// DEADLINE.
absl::Status FromGrpc(
    const grpc::Status& status,
    const std::multimap<grpc::string_ref, grpc::string_ref>& trailing);

}  // namespace vouch

#endif  // VOUCH_SERVER_ERRORS_H_
