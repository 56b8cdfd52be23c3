// What a unit of a specification must fulfil by itself, and the pieces that
// specification_check.cc shares with it. Part of ParseSpecification.
#ifndef VOUCH_EVIDENCE_UNIT_CHECK_H_
#define VOUCH_EVIDENCE_UNIT_CHECK_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "evidence/check_character.h"
#include "evidence/json_lines.h"
#include "vouch/v1/specification.pb.h"

namespace vouch {

inline constexpr uint32_t kSpecificationLevelMax = 8;
// For one unit or one rule: far above any qualification, and small enough that
// no sum over kSpecificationUnitsMax units can overflow.
inline constexpr uint32_t kSpecificationCreditsMax = 10000;
inline constexpr size_t kSchemeNumberBytesMax = 32;
inline constexpr uint32_t kSpecificationClaimYearsMax = 100;

// SPECIFICATION_INVALID with the line of `path` in front of `what`.
absl::Status SpecificationFault(const JsonLines& lines, absl::string_view path,
                                absl::string_view what);

// Letters, digits, '/', '.' and '-', up to kSchemeNumberBytesMax: no space,
// and no comma, which separates units on the command line.
bool IsSchemeNumber(absl::string_view number);

// `check` is the outcome of the number's own check character, `flagged` whether
// the file says that it is unverified, `whose` names the owner.
absl::Status CheckAccreditationNumber(const JsonLines& lines,
                                      absl::string_view path,
                                      absl::string_view whose,
                                      absl::string_view number, bool flagged,
                                      CheckCharacter check);

// Everything but its number and its theme, which need the other units.
absl::Status CheckUnit(const JsonLines& lines, absl::string_view path,
                       const v1::Unit& unit);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_UNIT_CHECK_H_
