// AdminService, on the Unix socket in the data folder: who may open the socket
// (mode 0600: the server's own user) may call.
#ifndef VOUCH_SERVER_ADMIN_SERVICE_H_
#define VOUCH_SERVER_ADMIN_SERVICE_H_

#include "server/backup_runner.h"
#include "server/certificates.h"
#include "server/committer.h"
#include "server/page_token.h"
#include "server/sessions.h"
#include "vouch/v1/admin_service.grpc.pb.h"

namespace vouch {

// Any thread. What it is given outlives it.
class AdminServiceHandler : public v1::AdminService::Service {
 public:
  struct Parts {
    const Centre* centre = nullptr;
    Committer* committer = nullptr;
    const Certificates* certificates = nullptr;
    const Sessions* sessions = nullptr;
    const PageTokens* tokens = nullptr;
    const CentreFolder* folder = nullptr;
    BackupRunner* backups = nullptr;
  };
  explicit AdminServiceHandler(const Parts& parts) : parts_(parts) {}

  grpc::Status CreateCode(grpc::ServerContext* context,
                          const v1::CreateCodeRequest* request,
                          v1::CreateCodeResponse* response) override;
  grpc::Status ListCodes(grpc::ServerContext* context,
                         const v1::ListCodesRequest* request,
                         v1::ListCodesResponse* response) override;
  grpc::Status GetStatus(grpc::ServerContext* context,
                         const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status BackUp(grpc::ServerContext* context,
                      const v1::BackUpRequest* request,
                      v1::BackUpResponse* response) override;
  grpc::Status EraseRecord(grpc::ServerContext* context,
                           const v1::EraseRecordRequest* request,
                           v1::EraseRecordResponse* response) override;

 private:
  absl::Status DoCreateCode(const v1::CreateCodeRequest& request,
                            v1::CreateCodeResponse* response);
  absl::Status DoListCodes(const v1::ListCodesRequest& request,
                           v1::ListCodesResponse* response);
  absl::Status DoGetStatus(v1::GetStatusResponse* response);
  absl::Status DoBackUp(const v1::BackUpRequest& request,
                        v1::BackUpResponse* response);
  absl::Status DoErase(const v1::EraseRecordRequest& request,
                       v1::EraseRecordResponse* response);

  const Parts parts_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_ADMIN_SERVICE_H_
