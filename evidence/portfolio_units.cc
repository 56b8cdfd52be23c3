#include "evidence/portfolio_units.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "evidence/portfolio_evidence.h"

namespace vouch {
namespace {

// What one piece of evidence says of one criterion.
struct Contribution {
  CriterionState state = CriterionState::kOpen;
  std::string why;
};

const Offer* FindOffer(const EvidenceItem& item, const std::string& unit,
                       const std::string& criterion) {
  for (const Offer& offer : item.offers) {
    if (offer.unit == unit && offer.criterion == criterion) return &offer;
  }
  return nullptr;
}

// What hinders the evidence here, if anything.
std::optional<Remark> Hindrance(const PortfolioRecords& records,
                                const EvidenceItem& item,
                                const std::string& unit) {
  if (!item.reasons.empty()) return item.reasons.front();
  return UnitReason(records, records.Find(item.record), unit);
}

Contribution Contribute(const PortfolioRecords& records,
                        const EvidenceItem& item, const std::string& unit,
                        const std::string& criterion) {
  const bool offered = FindOffer(item, unit, criterion) != nullptr;
  const Outcome* outcome = nullptr;
  for (const Outcome& candidate : item.judgement.outcomes) {
    if (candidate.unit == unit && candidate.criterion == criterion) {
      outcome = &candidate;
    }
  }
  // A held verdict does not show what it speaks of.
  const bool held = item.judgement.state == JudgementState::kHeld && offered;
  if (!offered && outcome == nullptr) return {};
  if (const auto hindrance = Hindrance(records, item, unit)) {
    return {CriterionState::kOffered,
            absl::StrCat(item.label, " does not count: ", hindrance->text)};
  }
  auto with = [&](CriterionState state) {
    return Contribution{state,
                        absl::StrCat(item.label, ": ", item.judgement.why)};
  };
  if (held) return with(CriterionState::kHeld);
  if (outcome == nullptr) {
    const bool judged = !item.judgement.outcomes.empty();
    return {CriterionState::kOffered,
            absl::StrCat(item.label, ": ",
                         judged ? "its judgement does not speak of it"
                                : item.judgement.why)};
  }
  switch (item.judgement.state) {
    case JudgementState::kEffective:
      return with(outcome->met ? CriterionState::kMet
                               : CriterionState::kNotYet);
    case JudgementState::kContested:
      return with(CriterionState::kContested);
    case JudgementState::kStale:
      return with(CriterionState::kStale);
    default:
      return with(CriterionState::kOffered);
  }
}

CriterionCoverage DescribeCriterion(const PortfolioRecords& records,
                                    const std::string& unit,
                                    const std::string& criterion,
                                    absl::Span<const EvidenceItem> evidence) {
  CriterionCoverage coverage;
  coverage.number = criterion;
  coverage.why = "nothing is offered for it";
  for (const EvidenceItem& item : evidence) {
    if (FindOffer(item, unit, criterion) != nullptr) {
      coverage.offered_by.push_back(item.record);
    }
    const Contribution says = Contribute(records, item, unit, criterion);
    if (says.state == CriterionState::kMet) {
      coverage.met_by.push_back(item.record);
    }
    if (says.state > coverage.state) {
      coverage.state = says.state;
      coverage.why = says.why;
    }
  }
  return coverage;
}

// The criteria that evidence names, in the order of first mention.
std::vector<std::string> NamedCriteria(
    const std::string& unit, absl::Span<const EvidenceItem> evidence) {
  std::vector<std::string> named;
  auto add = [&](const std::string& of, const std::string& criterion) {
    if (of == unit &&
        std::find(named.begin(), named.end(), criterion) == named.end()) {
      named.push_back(criterion);
    }
  };
  for (const EvidenceItem& item : evidence) {
    for (const Offer& offer : item.offers) add(offer.unit, offer.criterion);
    for (const Outcome& outcome : item.judgement.outcomes) {
      add(outcome.unit, outcome.criterion);
    }
  }
  return named;
}

void DescribeCriteria(const PortfolioRecords& records, const v1::Unit* unit,
                      absl::Span<const EvidenceItem> evidence,
                      UnitCoverage* coverage) {
  const std::string& number = coverage->number;
  const bool known = unit != nullptr && unit->criteria_known();
  if (known) {
    for (const v1::AssessmentCriterion& criterion : unit->criteria()) {
      CriterionCoverage one =
          DescribeCriterion(records, number, criterion.number(), evidence);
      one.label = criterion.label();
      if (one.state == CriterionState::kMet) ++coverage->criteria_met;
      coverage->criteria.push_back(std::move(one));
    }
  }
  for (const std::string& named : NamedCriteria(number, evidence)) {
    const bool listed = std::any_of(
        coverage->criteria.begin(), coverage->criteria.end(),
        [&](const CriterionCoverage& c) { return c.number == named; });
    if (listed) continue;
    CriterionCoverage one = DescribeCriterion(records, number, named, evidence);
    one.state = CriterionState::kUndeterminable;
    one.met_by.clear();
    one.why = known
                  ? absl::StrCat(number, " has no criterion ", named)
                  : absl::StrCat("the criteria of ", number, " are not loaded");
    coverage->criteria.push_back(std::move(one));
  }
}

// The judgement records that a decision relies on stand as it saw them.
std::string StaleGround(const PortfolioRecords& records,
                        const v1::UnitDecisionEntry& entry,
                        absl::Span<const EvidenceItem> evidence) {
  for (int i = 0; i < entry.judgements_size(); ++i) {
    const auto id = RecordId::FromBytes(entry.judgements(i));
    const RecordView* judgement = id.has_value() ? records.Find(*id) : nullptr;
    if (judgement == nullptr) return "a judgement relied on is not held here";
    if (i < entry.judgement_digests_size() &&
        entry.judgement_digests(i) != judgement->content_digest.view()) {
      return "a judgement relied on changed since";
    }
    for (const EvidenceItem& item : evidence) {
      if (JudgementIdOf(item.record) != *id) continue;
      if (item.judgement.state != JudgementState::kEffective) {
        return absl::StrCat("a judgement relied on no longer stands: ",
                            item.judgement.why);
      }
    }
  }
  return "";
}

void Set(UnitState state, std::string why, UnitCoverage* coverage) {
  coverage->state = state;
  coverage->why = std::move(why);
}

std::string UnmetWords(const UnitCoverage& coverage) {
  std::vector<std::string> unmet;
  for (const CriterionCoverage& criterion : coverage.criteria) {
    if (criterion.state != CriterionState::kMet &&
        criterion.state != CriterionState::kUndeterminable) {
      unmet.push_back(criterion.number);
    }
  }
  return unmet.empty() ? "" : absl::StrJoin(unmet, ", ");
}

// One decision stands.
void DescribeEntry(const PortfolioRecords& records, const RecordView& ledger,
                   const v1::UnitDecisionEntry& entry,
                   absl::Span<const EvidenceItem> evidence,
                   UnitCoverage* coverage) {
  const PersonId author = ledger.ledger_heads.front().author;
  const std::string name =
      records.NameOf(PersonId::FromBytes(entry.assessor()).value_or(author));
  const std::string unmet = UnmetWords(*coverage);
  const std::string stale = StaleGround(records, entry, evidence);
  if (records.RoleOf(author) == v1::ROLE_UNSPECIFIED) {
    Set(UnitState::kOpen, "who decided is not among the people known here",
        coverage);
  } else if (!entry.competent()) {
    Set(UnitState::kNotYetCompetent,
        absl::StrCat("decided by ", name, ": back to planning"), coverage);
  } else if (!stale.empty()) {
    Set(UnitState::kStale, stale, coverage);
  } else if (!unmet.empty()) {
    Set(UnitState::kOpen,
        absl::StrCat("decided competent by ", name,
                     ", which does not count: not met are ", unmet),
        coverage);
  } else if (IsCountersigned(records, ledger, {v1::ROLE_INTERNAL_VERIFIER})) {
    Set(UnitState::kSignedOff,
        absl::StrCat("decided by ", name, " and verified"), coverage);
  } else {
    Set(UnitState::kCompetent, absl::StrCat("decided by ", name), coverage);
  }
}

void DescribeDecision(const PortfolioRecords& records,
                      absl::Span<const EvidenceItem> evidence,
                      UnitCoverage* coverage) {
  const RecordView* ledger = records.Find(
      UnitDecisionIdOf(records.registration_view().id, coverage->number));
  const auto decision =
      ledger == nullptr ? nullptr : ParseRecordAs<v1::UnitDecision>(*ledger);
  const std::string unmet = UnmetWords(*coverage);
  if (decision != nullptr && ledger->ledger_contested) {
    Set(UnitState::kContested,
        "decisions made apart need one by the internal verifier", coverage);
  } else if (decision != nullptr && !decision->entries().empty()) {
    DescribeEntry(records, *ledger, decision->entries(0), evidence, coverage);
  } else if (decision != nullptr && !ledger->held.empty() &&
             !ledger->ledger_withdrawn) {
    Set(UnitState::kHeld,
        absl::StrCat("the decision ", HeldWords(ledger->held.front())),
        coverage);
  } else if (unmet.empty()) {
    Set(UnitState::kEvidenceComplete,
        "every criterion is met: the assessor decides", coverage);
  } else {
    Set(UnitState::kOpen, absl::StrCat("not met yet: ", unmet), coverage);
  }
}

}  // namespace

UnitCoverage DescribeUnit(const PortfolioRecords& records,
                          const std::string& number,
                          absl::Span<const EvidenceItem> evidence) {
  UnitCoverage coverage;
  coverage.number = number;
  const v1::Unit* unit = records.specification().FindUnit(number);
  DescribeCriteria(records, unit, evidence, &coverage);
  if (unit == nullptr) {
    Set(UnitState::kUndeterminable,
        absl::StrCat("the specification has no unit ", number), &coverage);
    return coverage;
  }
  coverage.title = unit->title();
  std::vector<std::string> missing;
  if (!unit->criteria_known()) missing.push_back("criteria");
  if (!unit->evidence_requirements_known()) {
    missing.push_back("evidence requirements");
  }
  if (!missing.empty()) {
    Set(UnitState::kUndeterminable,
        absl::StrCat("it cannot be signed off: the ",
                     absl::StrJoin(missing, " and "), " of ", number,
                     " are not loaded"),
        &coverage);
    return coverage;
  }
  DescribeDecision(records, evidence, &coverage);
  return coverage;
}

}  // namespace vouch
