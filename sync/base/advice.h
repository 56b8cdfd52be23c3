// What each reason of proto/errors.md means and what to do about it, in words
// for a person. Generated text; any thread.
//
//   Print(status.message(), ReasonAdvice(ReasonOf(status)));
#ifndef VOUCH_SYNC_BASE_ADVICE_H_
#define VOUCH_SYNC_BASE_ADVICE_H_

#include "absl/strings/string_view.h"
#include "sync/base/status.h"

namespace vouch {

// "The enrolment code has expired." The text lives as long as the program.
absl::string_view ReasonMeaning(Reason reason);
// "ask for a new one."
absl::string_view ReasonAdvice(Reason reason);

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_ADVICE_H_
