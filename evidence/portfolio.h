// The portfolio: a view over a registration's records that says, for each unit
// and criterion, what covers it and why something does not count. The same code
// on a device without a network and at the centre.
//
//   Portfolio portfolio = BuildPortfolio(spec, registration, records, people);
//   portfolio.units[0].criteria[3].state   // CriterionState::kStale
//   portfolio.evidence[0].reasons          // "not signed yet"
//
// What keeps something from counting, and what is only flagged, is written in
// README.md of this folder. Pure; any thread; a value.
#ifndef VOUCH_EVIDENCE_PORTFOLIO_H_
#define VOUCH_EVIDENCE_PORTFOLIO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "evidence/completion.h"
#include "evidence/rules.h"
#include "evidence/specification.h"
#include "sync/base/ids.h"
#include "sync/base/record_view.h"
#include "vouch/v1/portfolio.pb.h"

namespace vouch {

// A stable name for programs, and words for people.
struct Remark {
  std::string id;
  std::string text;
};

// What people should call a criterion's coverage; the strongest that holds, in
// this order from the bottom: met beats contested, contested beats stale …
enum class CriterionState {
  kUndeterminable,  // the unit's criteria are not loaded
  kOpen,            // nothing offered
  kOffered,         // offered, and no verdict that could count
  kNotYet,
  kHeld,       // the verdict is held for review
  kStale,      // the evidence changed since it was judged
  kContested,  // verdicts given apart need a decision
  kMet,
};
absl::string_view CriterionStateName(CriterionState state);

struct CriterionCoverage {
  std::string number;
  std::string label;
  CriterionState state = CriterionState::kOpen;
  std::string why;
  std::vector<RecordId> offered_by;
  std::vector<RecordId> met_by;
};

enum class UnitState {
  kUndeterminable,  // criteria or evidence requirements are not loaded
  kOpen,
  kEvidenceComplete,  // every criterion is met; no decision yet
  kCompetent,         // decided by the assessor
  kSignedOff,         // and countersigned by the internal verifier
  kNotYetCompetent,
  kContested,
  kStale,
  kHeld,
};
absl::string_view UnitStateName(UnitState state);

struct UnitCoverage {
  std::string number;
  std::string title;
  UnitState state = UnitState::kOpen;
  std::string why;
  uint32_t criteria_met = 0;
  std::vector<CriterionCoverage> criteria;
};

struct Offer {
  std::string unit;
  std::string criterion;
  // What keeps the evidence from counting for this criterion.
  std::optional<Remark> reason;
};

enum class JudgementState {
  kNone,
  kEffective,
  kCountersignatureNeeded,
  kContested,
  kStale,
  kHeld,
  kWithdrawn,
  kDoesNotCount,
};
absl::string_view JudgementStateName(JudgementState state);

struct Outcome {
  std::string unit;
  std::string criterion;
  bool met = false;
};

struct JudgementSummary {
  JudgementState state = JudgementState::kNone;
  std::string why;
  std::string assessor;           // a name, or an id where that is not known
  std::vector<Outcome> outcomes;  // contested: of all verdicts that stand
  std::vector<Remark> flags;
};

struct EvidenceItem {
  RecordId record;
  std::string kind;   // "observation"; empty if it is not known
  std::string label;  // "observation, Front desk"
  std::string state;
  bool counts = false;
  std::vector<Remark> reasons;  // why not
  std::vector<Remark> flags;
  std::vector<Offer> offers;
  JudgementSummary judgement;
};

struct Portfolio {
  RecordId registration;
  std::string candidate;
  std::string specification;
  uint32_t specification_version = 0;
  std::string state;
  std::vector<UnitCoverage> units;  // chosen ones, in the specification's order
  std::vector<EvidenceItem> evidence;  // by record id
  Evaluation planned;                  // of the chosen units
  Evaluation achieved;                 // of those decided competent
  std::vector<Remark> flags;
  // Further units that would make a qualification of the chosen ones.
  Completion completion;
};

// `specification` is the one that the registration pins (else it is flagged).
// `records` are those held here of the registration's scopes; others are
// ignored. `people` are Person records: who is not among them has no role here,
// and their verdicts do not count; and StaffCompetence records, as far as they
// are held, by which a lapse is flagged.
Portfolio BuildPortfolio(const Specification& specification,
                         const RecordView& registration,
                         absl::Span<const RecordView> records,
                         absl::Span<const RecordView> people);

// For printing: every field set, states as their names.
v1::Portfolio ToProto(const Portfolio& portfolio);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_PORTFOLIO_H_
