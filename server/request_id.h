// A short random id for each call: in every log line about it, and in the
// call's initial metadata, so that a report from the field finds its lines.
#ifndef VOUCH_SERVER_REQUEST_ID_H_
#define VOUCH_SERVER_REQUEST_ID_H_

#include <string>

#include "sync/base/clock.h"
#include "sync/base/ids.h"

namespace vouch {

inline constexpr char kRequestIdMetadataKey[] = "vouch-request-id";

inline std::string NewRequestId(Random& random) {
  return random.Make<FixedBytes<struct RequestTag, 8>>().Hex();
}

}  // namespace vouch

#endif  // VOUCH_SERVER_REQUEST_ID_H_
