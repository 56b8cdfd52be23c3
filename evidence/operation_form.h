// Does an operation fit its record's kind: the class its way of life and its
// field's merge class, the value its field? A part of RecordJudge. Pure.
#ifndef VOUCH_EVIDENCE_OPERATION_FORM_H_
#define VOUCH_EVIDENCE_OPERATION_FORM_H_

#include <cstddef>

#include "absl/status/status.h"
#include "evidence/kinds.h"
#include "sync/base/judge.h"

namespace vouch {

// Of every operation. Errors: OPERATION_NOT_ALLOWED, MALFORMED.
absl::Status CheckForm(const Kind& kind, const JudgedChange& change);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_OPERATION_FORM_H_
