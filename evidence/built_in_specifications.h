// The specification files that the build put into the library; see
// embed_specifications.cmake.
#ifndef VOUCH_EVIDENCE_BUILT_IN_SPECIFICATIONS_H_
#define VOUCH_EVIDENCE_BUILT_IN_SPECIFICATIONS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vouch {

// The files' contents; they live as long as the program.
absl::Span<const absl::string_view> BuiltInSpecificationFiles();

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_BUILT_IN_SPECIFICATIONS_H_
