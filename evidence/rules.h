// The rules engine: is a set of units a qualification, and if not, what
// exactly is missing? It answers on credits, levels and groups alone, so that
// it serves a plan as well as an achievement; whether a unit's criteria are
// covered is another question.
//
//   VOUCH_ASSIGN_OR_RETURN(Evaluation evaluation,
//                          Evaluate(spec, {"F1", "F2", "A10"}));
//   evaluation.verdict                       // RuleResult::kNotMet
//   evaluation.rules[0].shortfall.credits    // 15
//
// Three values: what a specification leaves unknown makes a rule
// undeterminable only if it could turn the answer, and the missing datum is
// named. Pure, the same on device and server; any thread.
#ifndef VOUCH_EVIDENCE_RULES_H_
#define VOUCH_EVIDENCE_RULES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "evidence/specification.h"
#include "vouch/v1/rules.pb.h"

namespace vouch {

enum class RuleResult { kMet, kNotMet, kUndeterminable };

// What is still needed: exact, unless RuleEvaluation::missing names something.
// Then unknown credits count as zero and unknown themes as none.
struct Shortfall {
  uint32_t credits = 0;
  uint32_t units = 0;
  std::vector<std::string> groups;        // names of themes
  std::vector<std::string> unit_numbers;  // mandatory units
  uint32_t days = 0;                      // late; for an entry age, too early
};

struct RuleEvaluation {
  // "total_credits", "mandatory_units", "optional_credits", "themes",
  // "level_floor"; then those of conditions.h.
  std::string id;
  RuleResult result = RuleResult::kMet;
  Shortfall shortfall;
  // Each datum that would have to be known, in words: "credit of B12".
  std::vector<std::string> missing;
  // A sentence for a person.
  std::string explanation;
  std::vector<v1::Citation> citations;
};

// How a credit transfer was read (credit_transfer.cc).
struct TransferEvaluation {
  std::string given;  // the unit as it was given
  std::string unit;   // its number here; empty if it has none
  // kMet: it counts; kUndeterminable: it may.
  RuleResult result = RuleResult::kMet;
  std::string why;
};

struct Evaluation {
  std::string specification_id;
  uint32_t specification_version = 0;
  // One rule not met decides; otherwise one undeterminable rule does.
  RuleResult verdict = RuleResult::kMet;
  // One for each rule that the specification states, in the order of
  // RuleEvaluation::id above.
  std::vector<RuleEvaluation> rules;
  // The units counted, each once, in the specification's order.
  std::vector<std::string> units;
  // One for each that was given, in that order.
  std::vector<TransferEvaluation> transfers;
};

// A unit achieved elsewhere.
struct CreditTransfer {
  // By accreditation number, or as this specification numbers it.
  std::string unit;
  // Someone of the centre saw the certificate.
  bool certificate_seen = false;
};

// The days that a registration's conditions look at; absent: not known.
struct KeyDates {
  std::optional<absl::CivilDay> registered_on;
  std::optional<absl::CivilDay> born_on;
  // Absent: nothing is claimed yet, and no rule asks for it.
  std::optional<absl::CivilDay> claim_on;
};

struct RulesInput {
  // Achieved or planned; as for the other Evaluate.
  std::vector<std::string> units;
  std::vector<CreditTransfer> transfers;
  // Absent: the rules of combination alone.
  std::optional<KeyDates> dates;
};

// `unit_numbers` are achieved or planned units of `specification` in any
// order; one given twice counts once. SPECIFICATION_UNKNOWN, naming it, for a
// unit that the specification does not have.
absl::StatusOr<Evaluation> Evaluate(const Specification& specification,
                                    absl::Span<const std::string> unit_numbers);

// The same with units achieved elsewhere, and with the conditions of entry,
// registration and claim. A transfer that does not count is no error: it says
// why in Evaluation::transfers. `units` of the result has those that counted.
absl::StatusOr<Evaluation> EvaluateFully(const Specification& specification,
                                         const RulesInput& input);

// One rule not met decides; otherwise one undeterminable rule does.
RuleResult VerdictOf(absl::Span<const RuleEvaluation> rules);

// "met", "not_met" or "undeterminable".
absl::string_view RuleResultName(RuleResult result);

// For printing: every field set, results as their names.
v1::RulesEvaluation ToProto(const Evaluation& evaluation);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_RULES_H_
