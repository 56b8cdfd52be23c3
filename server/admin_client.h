// What `vouchd code …` and `vouchd status` call: the administration socket of
// the server that runs on a data folder.
#ifndef VOUCH_SERVER_ADMIN_CLIENT_H_
#define VOUCH_SERVER_ADMIN_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "vouch/v1/admin_service.pb.h"

namespace vouch {

inline constexpr int64_t kAdminCallMsMax = 10'000;
// An erasure rewrites the family of keys on the disk.
inline constexpr int64_t kEraseCallMsMax = 10 * 60'000;

// One thread at a time. Errors of each call: UNREACHABLE if no server runs
// there (or the socket is another user's), DEADLINE, and the service's own.
class AdminClient {
 public:
  explicit AdminClient(const std::string& data_folder);
  ~AdminClient();

  absl::StatusOr<v1::CreateCodeResponse> CreateCode(
      const v1::CreateCodeRequest& request);
  // All pages.
  absl::StatusOr<v1::ListCodesResponse> ListCodes();
  absl::StatusOr<v1::GetStatusResponse> GetStatus();
  // Waits for the whole backup, kBackupMsMax and a minute at most.
  absl::StatusOr<v1::BackUpResponse> BackUp(const v1::BackUpRequest& request);
  absl::StatusOr<v1::EraseRecordResponse> EraseRecord(
      const v1::EraseRecordRequest& request);

 private:
  struct Channel;
  std::unique_ptr<Channel> channel_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_ADMIN_CLIENT_H_
