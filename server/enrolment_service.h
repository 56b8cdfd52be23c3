// EnrolmentService: a code and proof of two keys in, a device certificate out.
#ifndef VOUCH_SERVER_ENROLMENT_SERVICE_H_
#define VOUCH_SERVER_ENROLMENT_SERVICE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/access.h"
#include "server/certificates.h"
#include "server/committer.h"
#include "server/metrics.h"
#include "server/rate_limit.h"
#include "vouch/v1/enrolment_service.grpc.pb.h"

namespace vouch {

inline constexpr size_t kCodeTextBytesMax = 200;
inline constexpr absl::string_view kEnrolTag = "vouch.enrol.v1";

// Any thread. What it is given outlives it.
class EnrolmentServiceHandler : public v1::EnrolmentService::Service {
 public:
  struct Parts {
    const Centre* centre = nullptr;
    Committer* committer = nullptr;
    const Certificates* certificates = nullptr;
    const Access* access = nullptr;
    RateLimit* rate_limit = nullptr;
    Metrics* metrics = nullptr;
    Random* random = nullptr;
    int64_t certificate_valid_ms = 0;
  };
  explicit EnrolmentServiceHandler(const Parts& parts) : parts_(parts) {}

  grpc::Status Enrol(grpc::ServerContext* context,
                     const v1::EnrolRequest* request,
                     v1::EnrolResponse* response) override;

 private:
  absl::Status DoEnrol(const std::string& peer, const v1::EnrolRequest& request,
                       v1::EnrolResponse* response);

  const Parts parts_;
};

// A code is printed as CODE@PIN: the pin tells the tablet which certification
// authority to trust. Codes are compared without it; a pin of another centre
// is an error. Errors: MALFORMED, CODE_UNKNOWN.
absl::StatusOr<std::string> CodeWithoutPin(absl::string_view code,
                                           absl::string_view ca_pin);

}  // namespace vouch

#endif  // VOUCH_SERVER_ENROLMENT_SERVICE_H_
