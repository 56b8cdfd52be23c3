// What a centre loads for units whose specification leaves it unknown: criteria
// and evidence requirements, as from a CSV file, and how they reach every
// version that has the unit.
//
//   VOUCH_ASSIGN_OR_RETURN(auto loaded, ReadUnitContents(csv, spec));
//   ContentsByUnit contents;
//   for (auto& unit : loaded) contents[unit.unit()] = unit;
//   VOUCH_ASSIGN_OR_RETURN(FilledIn filled, FillIn(spec, contents));
//   filled.specification.FindUnit("A10")->criteria_known()   // true
//
// What a version states is never changed by it, save the wording of labels: a
// registration pins a version, and its criteria must not move under it. Pure;
// any thread.
#ifndef VOUCH_EVIDENCE_UNIT_CONTENTS_H_
#define VOUCH_EVIDENCE_UNIT_CONTENTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "evidence/specification.h"
#include "vouch/v1/reference.pb.h"

namespace vouch {

// Of one unit.
inline constexpr int kUnitCriteriaMax = 1000;

// What UnitContents::unit says of a unit: its accreditation number; without
// one, or with one that is unverified, the specification's id, a space and its
// number.
std::string UnitKeyOf(const Specification& specification, const v1::Unit& unit);

// Reads a CSV file (csv.h) with the columns unit, kind, number and text:
//
//   unit,kind,number,text
//   A10,outcome,1,Knows how to meet people
//   A10,criterion,1.1,Looks up when somebody comes
//   A10,requirement,1,Three occasions or more
//   A11,no requirements,,
//
// `unit` is either number of a unit of `specification`. The rows of a unit, in
// any place, are the whole of its criteria or of its requirements. One entry a
// unit, in the specification's order. Errors: those of ReadCsv; MALFORMED and
// SPECIFICATION_UNKNOWN (no such unit), each naming the line; TOO_LARGE;
// SPECIFICATION_INVALID if the version states something else.
absl::StatusOr<std::vector<v1::UnitContents>> ReadUnitContents(
    absl::string_view text, const Specification& specification);

// By UnitContents::unit.
using ContentsByUnit = std::map<std::string, v1::UnitContents>;

struct FilledIn {
  Specification specification;
  std::vector<std::string> units;    // numbers of those that got something
  std::vector<std::string> ignored;  // why some did not, a sentence each
};

// `specification` with what `contents` has for its units. Contents that do not
// fit are left out and named. Errors: none but for a defect of ours.
absl::StatusOr<FilledIn> FillIn(const Specification& specification,
                                const ContentsByUnit& contents);

// OK, or SPECIFICATION_INVALID with why `contents` cannot be of `unit`.
absl::Status CheckFits(const v1::Unit& unit, const v1::UnitContents& contents);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_UNIT_CONTENTS_H_
