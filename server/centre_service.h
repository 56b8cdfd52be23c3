// CentreService: paginated reads for tools and screens that hold no replica.
// A caller sees the records of the scopes its role may hold.
#ifndef VOUCH_SERVER_CENTRE_SERVICE_H_
#define VOUCH_SERVER_CENTRE_SERVICE_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "server/access.h"
#include "server/attention_list.h"
#include "server/committer.h"
#include "server/metrics.h"
#include "server/page_token.h"
#include "vouch/v1/centre_service.grpc.pb.h"

namespace vouch {

// Rows looked at for one page: a caller who may see few of many gets a short
// page with a token, and no call scans without end.
inline constexpr size_t kPageRowsScannedMax = 10'000;
// Serialised items of one page; the rest comes with the next.
inline constexpr size_t kPageBytesMax = 2 << 20;

// A call shows what was committed before it, unless the views are further
// behind than this.
inline constexpr int64_t kViewsWaitMsMax = 2000;

// Any thread. What it is given outlives it.
class CentreServiceHandler : public v1::CentreService::Service {
 public:
  struct Parts {
    const Centre* centre = nullptr;
    Committer* committer = nullptr;
    const Access* access = nullptr;
    const PageTokens* tokens = nullptr;
    Metrics* metrics = nullptr;
    Random* random = nullptr;
  };
  explicit CentreServiceHandler(const Parts& parts) : parts_(parts) {}

  grpc::Status ListRecords(grpc::ServerContext* context,
                           const v1::ListRecordsRequest* request,
                           v1::ListRecordsResponse* response) override;
  grpc::Status ListConflicts(grpc::ServerContext* context,
                             const v1::ListConflictsRequest* request,
                             v1::ListConflictsResponse* response) override;
  grpc::Status ListHeldChanges(grpc::ServerContext* context,
                               const v1::ListHeldChangesRequest* request,
                               v1::ListHeldChangesResponse* response) override;
  grpc::Status ListDevices(grpc::ServerContext* context,
                           const v1::ListDevicesRequest* request,
                           v1::ListDevicesResponse* response) override;
  grpc::Status GetLedger(grpc::ServerContext* context,
                         const v1::GetLedgerRequest* request,
                         v1::GetLedgerResponse* response) override;

 private:
  // Admits, runs, counts, answers: the same for every call.
  grpc::Status Call(const char* name, Rpc rpc, grpc::ServerContext* context,
                    const std::function<absl::Status(const Member&)>& run);
  absl::Status DoListRecords(const Member& caller,
                             const v1::ListRecordsRequest& request,
                             v1::ListRecordsResponse* response) const;
  absl::Status DoListConflicts(const Member& caller,
                               const v1::ListConflictsRequest& request,
                               v1::ListConflictsResponse* response) const;
  absl::Status DoListHeldChanges(const Member& caller,
                                 const v1::ListHeldChangesRequest& request,
                                 v1::ListHeldChangesResponse* response) const;
  // Fills in the page's bounds and gives it, with the token of the next.
  template <typename Request, typename Response>
  absl::Status GiveAttention(const std::string& query, const Request& request,
                             AttentionPage page, Response* response) const;
  absl::Status DoListDevices(const Member& caller,
                             const v1::ListDevicesRequest& request,
                             v1::ListDevicesResponse* response) const;
  absl::Status DoGetLedger(const Member& caller,
                           v1::GetLedgerResponse* response) const;

  const Parts parts_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_CENTRE_SERVICE_H_
