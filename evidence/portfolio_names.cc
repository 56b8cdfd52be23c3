// The portfolio's states as words, and the portfolio as a message.
#include "evidence/portfolio.h"

namespace vouch {
namespace {

void Print(const Remark& remark, v1::PortfolioRemark* out) {
  out->set_id(remark.id);
  out->set_text(remark.text);
}

void Print(const JudgementSummary& judgement, v1::PortfolioJudgement* out) {
  out->set_state(std::string(JudgementStateName(judgement.state)));
  out->set_why(judgement.why);
  out->set_assessor(judgement.assessor);
  for (const Outcome& outcome : judgement.outcomes) {
    v1::PortfolioOutcome* printed = out->add_outcomes();
    printed->set_unit(outcome.unit);
    printed->set_criterion(outcome.criterion);
    printed->set_met(outcome.met);
  }
  for (const Remark& flag : judgement.flags) Print(flag, out->add_flags());
}

void Print(const EvidenceItem& item, v1::PortfolioEvidence* out) {
  out->set_record(item.record.Hex());
  out->set_kind(item.kind);
  out->set_label(item.label);
  out->set_state(item.state);
  out->set_counts(item.counts);
  for (const Remark& reason : item.reasons) Print(reason, out->add_reasons());
  for (const Remark& flag : item.flags) Print(flag, out->add_flags());
  for (const Offer& offer : item.offers) {
    v1::PortfolioOffer* printed = out->add_offers();
    printed->set_unit(offer.unit);
    printed->set_criterion(offer.criterion);
    if (offer.reason.has_value()) {
      Print(*offer.reason, printed->mutable_reason());
    }
  }
  Print(item.judgement, out->mutable_judgement());
}

void Print(const UnitCoverage& unit, v1::PortfolioUnit* out) {
  out->set_unit(unit.number);
  out->set_title(unit.title);
  out->set_state(std::string(UnitStateName(unit.state)));
  out->set_why(unit.why);
  out->set_criteria_met(unit.criteria_met);
  for (const CriterionCoverage& criterion : unit.criteria) {
    v1::PortfolioCriterion* printed = out->add_criteria();
    printed->set_criterion(criterion.number);
    printed->set_label(criterion.label);
    printed->set_state(std::string(CriterionStateName(criterion.state)));
    printed->set_why(criterion.why);
    for (const RecordId& id : criterion.offered_by) {
      printed->add_offered_by(id.Hex());
    }
    for (const RecordId& id : criterion.met_by) printed->add_met_by(id.Hex());
  }
}

}  // namespace

absl::string_view CriterionStateName(CriterionState state) {
  switch (state) {
    case CriterionState::kUndeterminable:
      return "undeterminable";
    case CriterionState::kOpen:
      return "open";
    case CriterionState::kOffered:
      return "offered";
    case CriterionState::kNotYet:
      return "not_yet";
    case CriterionState::kHeld:
      return "held";
    case CriterionState::kStale:
      return "stale";
    case CriterionState::kContested:
      return "contested";
    case CriterionState::kMet:
      return "met";
  }
  return "open";
}

absl::string_view UnitStateName(UnitState state) {
  switch (state) {
    case UnitState::kUndeterminable:
      return "undeterminable";
    case UnitState::kOpen:
      return "open";
    case UnitState::kEvidenceComplete:
      return "evidence_complete";
    case UnitState::kCompetent:
      return "competent";
    case UnitState::kSignedOff:
      return "signed_off";
    case UnitState::kNotYetCompetent:
      return "not_yet_competent";
    case UnitState::kContested:
      return "contested";
    case UnitState::kStale:
      return "stale";
    case UnitState::kHeld:
      return "held";
  }
  return "open";
}

absl::string_view JudgementStateName(JudgementState state) {
  switch (state) {
    case JudgementState::kNone:
      return "none";
    case JudgementState::kEffective:
      return "effective";
    case JudgementState::kCountersignatureNeeded:
      return "countersignature_needed";
    case JudgementState::kContested:
      return "contested";
    case JudgementState::kStale:
      return "stale";
    case JudgementState::kHeld:
      return "held";
    case JudgementState::kWithdrawn:
      return "withdrawn";
    case JudgementState::kDoesNotCount:
      return "does_not_count";
  }
  return "none";
}

v1::Portfolio ToProto(const Portfolio& portfolio) {
  v1::Portfolio out;
  out.set_registration(portfolio.registration.Hex());
  out.set_candidate(portfolio.candidate);
  out.set_specification(portfolio.specification);
  out.set_specification_version(portfolio.specification_version);
  out.set_state(portfolio.state);
  for (const UnitCoverage& unit : portfolio.units) {
    Print(unit, out.add_units());
  }
  for (const EvidenceItem& item : portfolio.evidence) {
    Print(item, out.add_evidence());
  }
  *out.mutable_planned() = ToProto(portfolio.planned);
  *out.mutable_achieved() = ToProto(portfolio.achieved);
  *out.mutable_completion() = ToProto(portfolio.completion);
  for (const Remark& flag : portfolio.flags) Print(flag, out.add_flags());
  return out;
}

}  // namespace vouch
