// What someone who writes a specification file should look at, though the file
// passes every check: what is unknown, what can never be met, what other
// specifications say otherwise. Pure; any thread.
//
//   for (const LintFinding& f : LintSpecification(spec, catalogue)) …
//   // {kOdd, "mandatory_units", "10 credits and 20 optional ones are not 28"}
#ifndef VOUCH_EVIDENCE_SPECIFICATION_LINT_H_
#define VOUCH_EVIDENCE_SPECIFICATION_LINT_H_

#include <string>
#include <vector>

#include "evidence/catalogue.h"
#include "evidence/specification.h"

namespace vouch {

struct LintFinding {
  enum class Kind {
    kUnknown,  // left out: what depends on it cannot be determined
    kOdd,      // probably a mistake
  };
  Kind kind = Kind::kUnknown;
  std::string subject;  // a rule's field or a unit's number
  std::string what;
};

// `others`: the specifications that the same accreditation numbers are looked
// up in. Empty if there is nothing to say.
std::vector<LintFinding> LintSpecification(const Specification& specification,
                                           const Catalogue& others);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_SPECIFICATION_LINT_H_
