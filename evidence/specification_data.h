// Specifications as data: back to a file's text, and made from a message that
// was put together here. Pure; any thread.
#ifndef VOUCH_EVIDENCE_SPECIFICATION_DATA_H_
#define VOUCH_EVIDENCE_SPECIFICATION_DATA_H_

#include <string>

#include "absl/status/statusor.h"
#include "evidence/specification.h"
#include "vouch/v1/specification.pb.h"

namespace vouch {

// As a specification file, which ParseSpecification reads back as the same.
std::string FormatSpecification(const v1::Specification& data);

// Passes every check of ParseSpecification. Errors: the same, without a line.
absl::StatusOr<Specification> MakeSpecification(const v1::Specification& data);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_SPECIFICATION_DATA_H_
