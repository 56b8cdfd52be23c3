// Whether bytes are text. Pure; any thread.
#ifndef VOUCH_EVIDENCE_UTF8_H_
#define VOUCH_EVIDENCE_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace vouch {

// The size of the well-formed UTF-8 sequence that `rest` begins with, or 0.
// Overlong forms and surrogates are not well-formed. 1 at the end.
size_t Utf8SequenceSize(absl::string_view rest);

// Where the first byte stands that is not well-formed; `text.size()` if none
// is.
size_t FirstNotUtf8(absl::string_view text);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_UTF8_H_
