// What differs between two specifications, in words: two versions of one
// qualification, or two qualifications. Pure; any thread.
//
//   for (const SpecificationDifference& d : DiffSpecifications(one, two)) …
//   // {"A10", "credit: 5, then 6"}
//
// Units are matched by accreditation number, and where there is none by their
// own number, within one awarding body: never by title. Citations and the
// contradictions register are not compared.
#ifndef VOUCH_EVIDENCE_SPECIFICATION_DIFF_H_
#define VOUCH_EVIDENCE_SPECIFICATION_DIFF_H_

#include <string>
#include <vector>

#include "evidence/specification.h"

namespace vouch {

struct SpecificationDifference {
  // The number of a unit of `before`, or of `after` for a new one; otherwise
  // the field, "level_floor".
  std::string subject;
  std::string change;
};

// Rules first, then units in the order of `before`, then new ones. Empty if
// they ask for the same.
std::vector<SpecificationDifference> DiffSpecifications(
    const Specification& before, const Specification& after);

// The unit of `after` that is the same as `unit` of `before`; null if there is
// none.
const v1::Unit* SameUnit(const Specification& before, const v1::Unit& unit,
                         const Specification& after);

// A rule as a person would say it, "at least 28 credits"; "not stated" for one
// that is not there. `rule` is a field of v1::Specification, "total_credits".
std::string RuleWords(const v1::Specification& data, const std::string& rule);
// The fields that RuleWords knows, in their order.
const std::vector<std::string>& RuleFields();

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_SPECIFICATION_DIFF_H_
