// Signs in words that someone should look at: none of them proves anything, so
// none keeps evidence from counting. Pure; any thread.
#ifndef VOUCH_EVIDENCE_TESTIMONY_H_
#define VOUCH_EVIDENCE_TESTIMONY_H_

#include "absl/strings/string_view.h"
#include "evidence/specification.h"

namespace vouch {

// Whether a text names a unit of the specification ("F1"), several criterion
// numbers ("1.2 and 1.3"), or the word itself.
bool ListsCriteria(absl::string_view text, const Specification& specification);

// The last words of two names are the same, case aside; a name of one word has
// no surname.
bool ShareSurname(absl::string_view a, absl::string_view b);

// Two contact details have an e-mail address or a telephone number in common.
bool ShareContact(absl::string_view a, absl::string_view b);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_TESTIMONY_H_
