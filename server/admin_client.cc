#include "server/admin_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "server/backup_runner.h"
#include "server/errors.h"
#include "server/server.h"
#include "sync/base/status.h"
#include "vouch/v1/admin_service.grpc.pb.h"

namespace vouch {
namespace {

constexpr int64_t kMinuteMs = 60'000;

void SetDeadline(grpc::ClientContext* context,
                 int64_t ms_max = kAdminCallMsMax) {
  auto deadline = std::chrono::system_clock::now();
  deadline += std::chrono::milliseconds(ms_max);
  context->set_deadline(deadline);
}

}  // namespace

struct AdminClient::Channel {
  std::string folder;
  std::unique_ptr<v1::AdminService::Stub> stub;

  absl::Status ErrorOf(const grpc::Status& status,
                       const grpc::ClientContext& context) const {
    absl::Status error = FromGrpc(status, context.GetServerTrailingMetadata());
    if (ReasonOf(error) == Reason::kUnreachable) {
      return Error(
          Reason::kUnreachable,
          absl::StrCat("no vouchd of yours runs on ", folder,
                       " (start one: vouchd serve --data ", folder, ")"));
    }
    return error;
  }
};

AdminClient::AdminClient(const std::string& data_folder)
    : channel_(std::make_unique<Channel>()) {
  channel_->folder = data_folder;
  channel_->stub = v1::AdminService::NewStub(grpc::CreateChannel(
      absl::StrCat("unix:", data_folder, "/", kAdminSocketName),
      grpc::InsecureChannelCredentials()));
}

AdminClient::~AdminClient() = default;

absl::StatusOr<v1::CreateCodeResponse> AdminClient::CreateCode(
    const v1::CreateCodeRequest& request) {
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::CreateCodeResponse response;
  grpc::Status status =
      channel_->stub->CreateCode(&context, request, &response);
  if (!status.ok()) return channel_->ErrorOf(status, context);
  return response;
}

absl::StatusOr<v1::ListCodesResponse> AdminClient::ListCodes() {
  v1::ListCodesResponse all;
  v1::ListCodesRequest request;
  do {
    grpc::ClientContext context;
    SetDeadline(&context);
    v1::ListCodesResponse page;
    grpc::Status status = channel_->stub->ListCodes(&context, request, &page);
    if (!status.ok()) return channel_->ErrorOf(status, context);
    request.set_page_token(page.next_page_token());
    page.clear_next_page_token();
    all.MergeFrom(page);
  } while (!request.page_token().empty());
  return all;
}

absl::StatusOr<v1::GetStatusResponse> AdminClient::GetStatus() {
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::GetStatusResponse response;
  grpc::Status status =
      channel_->stub->GetStatus(&context, v1::GetStatusRequest(), &response);
  if (!status.ok()) return channel_->ErrorOf(status, context);
  return response;
}

absl::StatusOr<v1::BackUpResponse> AdminClient::BackUp(
    const v1::BackUpRequest& request) {
  grpc::ClientContext context;
  SetDeadline(&context, kBackupMsMax + kMinuteMs);
  v1::BackUpResponse response;
  grpc::Status status = channel_->stub->BackUp(&context, request, &response);
  if (!status.ok()) return channel_->ErrorOf(status, context);
  return response;
}

absl::StatusOr<v1::EraseRecordResponse> AdminClient::EraseRecord(
    const v1::EraseRecordRequest& request) {
  grpc::ClientContext context;
  SetDeadline(&context, kEraseCallMsMax);
  v1::EraseRecordResponse response;
  grpc::Status status =
      channel_->stub->EraseRecord(&context, request, &response);
  if (!status.ok()) return channel_->ErrorOf(status, context);
  return response;
}

}  // namespace vouch
