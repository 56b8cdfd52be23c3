#include "evidence/portfolio.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "evidence/portfolio_evidence.h"
#include "evidence/portfolio_records.h"
#include "evidence/portfolio_units.h"
#include "evidence/possible_duplicates.h"
#include "sync/base/check.h"

namespace vouch {
namespace {

std::vector<Offer> DescribeOffers(const PortfolioRecords& records,
                                  const RecordId& evidence,
                                  const RecordView* view) {
  std::vector<Offer> offers;
  const RecordView* offered = records.Find(CrossReferenceIdOf(evidence));
  if (offered == nullptr || offered->state == RecordState::kDiscarded) {
    return offers;
  }
  auto reference = ParseRecordAs<v1::CrossReference>(*offered);
  if (reference == nullptr) return offers;
  for (const v1::CriterionReference& criterion : reference->criteria()) {
    offers.push_back({criterion.unit(), criterion.criterion(),
                      UnitReason(records, view, criterion.unit())});
  }
  std::sort(offers.begin(), offers.end(), [](const Offer& a, const Offer& b) {
    return std::tie(a.unit, a.criterion) < std::tie(b.unit, b.criterion);
  });
  return offers;
}

void FlagDuplicates(absl::Span<const RecordView> records,
                    std::vector<EvidenceItem>* evidence) {
  std::set<RecordId> alike;
  for (const DuplicatePair& pair : FindPossibleDuplicates(records).pairs) {
    alike.insert(pair.first);
    alike.insert(pair.second);
  }
  for (EvidenceItem& item : *evidence) {
    if (alike.count(item.record) == 0) continue;
    item.flags.push_back({"possible_duplicate",
                          "another record of the same author says the same, or "
                          "nearly the same"});
  }
}

std::string StateWords(const RecordView& view,
                       const v1::Registration& registration) {
  for (const ConflictView& conflict : view.conflicts) {
    if (conflict.kind == ConflictView::Kind::kTransition) {
      return "needs a decision";
    }
  }
  switch (registration.state()) {
    case v1::REGISTRATION_STATE_WITHDRAWN:
      return "withdrawn";
    case v1::REGISTRATION_STATE_TRANSFERRED:
      return "transferred";
    case v1::REGISTRATION_STATE_RETURNED:
      return "returned";
    case v1::REGISTRATION_STATE_COMPLETED:
      return "completed";
    default:
      return "registered";
  }
}

void FlagRegistration(const PortfolioRecords& records,
                      const Specification& specification,
                      std::vector<Remark>* flags) {
  const v1::Registration& registration = records.registration();
  if (registration.specification() != specification.id() ||
      registration.specification_version() != specification.version()) {
    flags->push_back(
        {"other_specification",
         absl::StrCat("the registration pins ", registration.specification(),
                      " version ", registration.specification_version())});
  }
  if (registration.assessors_size() == 1 && !registration.trainer().empty() &&
      registration.assessors(0) == registration.trainer()) {
    flags->push_back({"trainer_only_assessor",
                      "the trainer is the candidate's only assessor"});
  }
  for (const FieldView& field : records.registration_view().fields) {
    if (!field.contested) continue;
    flags->push_back({"contested",
                      "what was edited apart in the registration "
                      "needs a decision"});
    break;
  }
}

// Units of the specification in its order, then the others.
std::vector<std::string> OrderedUnits(const PortfolioRecords& records) {
  std::vector<std::string> units(records.units().begin(),
                                 records.units().end());
  const Specification& spec = records.specification();
  std::stable_sort(units.begin(), units.end(),
                   [&](const std::string& a, const std::string& b) {
                     const auto at_a = spec.PositionOf(a);
                     const auto at_b = spec.PositionOf(b);
                     if (!at_a.has_value()) return false;
                     return !at_b.has_value() || *at_a < *at_b;
                   });
  return units;
}

Evaluation EvaluateKnown(const Specification& specification,
                         std::vector<std::string> units) {
  units.erase(std::remove_if(units.begin(), units.end(),
                             [&](const std::string& unit) {
                               return specification.FindUnit(unit) == nullptr;
                             }),
              units.end());
  auto evaluation = Evaluate(specification, units);
  VOUCH_CHECK(evaluation.ok());
  return *std::move(evaluation);
}

}  // namespace

Portfolio BuildPortfolio(const Specification& specification,
                         const RecordView& registration,
                         absl::Span<const RecordView> records,
                         absl::Span<const RecordView> people) {
  const PortfolioRecords indexed(specification, registration, records, people);
  Portfolio portfolio;
  portfolio.registration = registration.id;
  portfolio.candidate = indexed.registration().candidate_name();
  portfolio.specification = specification.id();
  portfolio.specification_version = specification.version();
  portfolio.state = StateWords(registration, indexed.registration());
  FlagRegistration(indexed, specification, &portfolio.flags);

  for (const auto& [id, view] : indexed.evidence()) {
    EvidenceItem item = DescribeEvidence(indexed, id, view);
    item.offers = DescribeOffers(indexed, id, view);
    item.judgement = DescribeJudgement(indexed, id, view);
    portfolio.evidence.push_back(std::move(item));
  }
  FlagDuplicates(records, &portfolio.evidence);

  std::vector<std::string> achieved;
  const std::vector<std::string> units = OrderedUnits(indexed);
  for (const std::string& unit : units) {
    portfolio.units.push_back(DescribeUnit(indexed, unit, portfolio.evidence));
    const UnitState state = portfolio.units.back().state;
    if (state == UnitState::kCompetent || state == UnitState::kSignedOff) {
      achieved.push_back(unit);
    }
  }
  portfolio.planned = EvaluateKnown(specification, units);
  auto completion = FindCompletion(specification, portfolio.planned.units);
  if (completion.ok()) {
    portfolio.completion = *std::move(completion);
  } else {
    // Numbers that no qualification has: there is no answer, and that is one.
    portfolio.completion.result = Completion::Result::kUndeterminable;
    portfolio.completion.explanation =
        std::string(completion.status().message());
  }
  portfolio.achieved = EvaluateKnown(specification, std::move(achieved));
  return portfolio;
}

}  // namespace vouch
