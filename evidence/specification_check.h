// What a specification must fulfil beyond having the right fields. Part of
// ParseSpecification; nothing else calls it.
#ifndef VOUCH_EVIDENCE_SPECIFICATION_CHECK_H_
#define VOUCH_EVIDENCE_SPECIFICATION_CHECK_H_

#include "absl/status/status.h"
#include "evidence/json_lines.h"
#include "vouch/v1/specification.pb.h"

namespace vouch {

// OK, or SPECIFICATION_INVALID for the first thing found, in the order of the
// message's fields; `lines` are those of the file that `data` was read from.
absl::Status CheckSpecification(const v1::Specification& data,
                                const JsonLines& lines);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_SPECIFICATION_CHECK_H_
