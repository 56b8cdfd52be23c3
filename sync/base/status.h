// Errors with a stable reason. Every error of ours is an absl::Status whose
// code and reason come from one table, proto/errors.md.
//
//   return Error(Reason::kCodeExpired, "the code ended at 12:00");
//   if (ReasonOf(status) == Reason::kStoreFull) …
#ifndef VOUCH_SYNC_BASE_STATUS_H_
#define VOUCH_SYNC_BASE_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sync/base/check.h"

namespace vouch {

enum class Reason : int {
#define VOUCH_REASON(enumerator, name, number, code) enumerator = number,
#include "sync/base/reasons.inc"
#undef VOUCH_REASON
};

// The reason's name as in errors.md, "CODE_EXPIRED".
absl::string_view ReasonName(Reason reason);
// kUnspecified for an unknown name.
Reason ReasonFromName(absl::string_view name);
// kUnspecified for an unknown number.
Reason ReasonFromNumber(int number);
// The canonical code the reason travels as.
absl::StatusCode ReasonCode(Reason reason);

// A status with the reason's canonical code. `message` says what happened, for
// a person, without personal data.
absl::Status Error(Reason reason, absl::string_view message);

// kUnspecified if the status is OK or carries no reason of ours.
Reason ReasonOf(const absl::Status& status);

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_STATUS_H_
