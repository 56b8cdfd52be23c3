// The conditions that stand beside the rules of combination: who may enter,
// until when one may register and claim. Part of Evaluate; pure, any thread.
//
// In this order, each only if the specification states it:
//
//   entry_age         on the day of registration
//   registration_end  registered on or before the accreditation end
//   operational_end   registered while the qualification operated; of a claim
//                     after that day the source says nothing
//   claim_end         claimed within so many years of the accreditation end;
//                     asked for once something is claimed
//
// A year after 29 February is 28 February; who was born on that day has their
// birthday on 1 March.
#ifndef VOUCH_EVIDENCE_CONDITIONS_H_
#define VOUCH_EVIDENCE_CONDITIONS_H_

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "evidence/rules.h"
#include "evidence/specification.h"

namespace vouch {

std::vector<RuleEvaluation> EvaluateConditions(
    const Specification& specification, const KeyDates& dates);

// The last day of claims; absent if it is not known.
std::optional<absl::CivilDay> LastDayOfClaims(
    const Specification& specification);

// "2014-07-31" and nothing else; absent if there is no such day.
std::optional<absl::CivilDay> ParseDay(absl::string_view text);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_CONDITIONS_H_
