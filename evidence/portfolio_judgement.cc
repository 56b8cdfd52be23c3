// How a piece of evidence was judged, for the portfolio.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "evidence/portfolio_evidence.h"

namespace vouch {
namespace {

void AddOutcomes(const v1::JudgementEntry& entry, JudgementSummary* summary) {
  for (const v1::CriterionOutcome& outcome : entry.outcomes()) {
    summary->outcomes.push_back({outcome.criterion().unit(),
                                 outcome.criterion().criterion(),
                                 outcome.met()});
  }
}

void Set(JudgementState state, std::string why, JudgementSummary* summary) {
  summary->state = state;
  summary->why = std::move(why);
}

// Not a hold, since the domain names it nowhere as one: someone looks at it.
void FlagEntry(const PortfolioRecords& records, const ValueHead& head,
               const v1::JudgementEntry& entry, JudgementSummary* summary) {
  const std::string lapsed =
      records.LapsedCompetence(head.author, head.claimed_ms);
  if (!lapsed.empty()) {
    summary->flags.push_back(
        {"lapsed_competence",
         absl::StrCat("the assessor's competence was shown only until ",
                      lapsed)});
  }
  if (records.specification().AllowsMethod(entry.method()) == false) {
    summary->flags.push_back(
        {"method_not_listed", "the specification does not list this method"});
  }
  const v1::Registration& registration = records.registration();
  if (entry.specification() != registration.specification() ||
      entry.specification_version() != registration.specification_version()) {
    summary->flags.push_back(
        {"other_specification",
         "judged against another version of the specification"});
  }
}

// The one verdict that stands.
void DescribeEntry(const PortfolioRecords& records, const RecordView& ledger,
                   const v1::JudgementEntry& entry, const RecordView* evidence,
                   JudgementSummary* summary) {
  const PersonId author = ledger.ledger_heads.front().author;
  const auto assessor = PersonId::FromBytes(entry.assessor());
  summary->assessor = records.NameOf(assessor.value_or(author));
  AddOutcomes(entry, summary);
  FlagEntry(records, ledger.ledger_heads.front(), entry, summary);
  const v1::Role role = records.RoleOf(author);
  if (role == v1::ROLE_UNSPECIFIED) {
    Set(JudgementState::kDoesNotCount,
        "who judged is not among the people known here", summary);
  } else if (evidence == nullptr) {
    Set(JudgementState::kDoesNotCount, "the evidence judged is not held here",
        summary);
  } else if (entry.evidence_digest() != evidence->content_digest.view()) {
    Set(JudgementState::kStale, "the evidence changed since it was judged",
        summary);
  } else if (role == v1::ROLE_TRAINEE_ASSESSOR &&
             !IsCountersigned(
                 records, ledger,
                 {v1::ROLE_ASSESSOR, v1::ROLE_INTERNAL_VERIFIER})) {
    Set(JudgementState::kCountersignatureNeeded,
        "a trainee's judgement counts once an assessor has countersigned it",
        summary);
  } else {
    Set(JudgementState::kEffective,
        absl::StrCat("judged by ", summary->assessor), summary);
  }
}

}  // namespace

bool IsCountersigned(const PortfolioRecords& records, const RecordView& ledger,
                     std::initializer_list<v1::Role> roles) {
  if (ledger.ledger_heads.size() != 1) return false;
  const ValueHead& head = ledger.ledger_heads.front();
  if (!head.replaces.empty()) return false;
  return std::any_of(ledger.countersignatures.begin(),
                     ledger.countersignatures.end(), [&](const ActView& act) {
                       const v1::Role role = records.RoleOf(act.author);
                       return act.author != head.author &&
                              std::count(roles.begin(), roles.end(), role) > 0;
                     });
}

JudgementSummary DescribeJudgement(const PortfolioRecords& records,
                                   const RecordId& evidence,
                                   const RecordView* view) {
  JudgementSummary summary;
  const RecordView* ledger = records.Find(JudgementIdOf(evidence));
  const auto judgement =
      ledger == nullptr ? nullptr : ParseRecordAs<v1::Judgement>(*ledger);
  if (judgement == nullptr) {
    Set(JudgementState::kNone, "not judged yet", &summary);
    return summary;
  }
  if (!ledger->held.empty()) {
    summary.flags.push_back(
        {"part_held",
         absl::StrCat("a verdict ", HeldWords(ledger->held.front()))});
  }
  if (ledger->ledger_contested) {
    for (const v1::JudgementEntry& entry : judgement->entries()) {
      AddOutcomes(entry, &summary);
    }
    Set(JudgementState::kContested,
        "verdicts given apart need a decision by the internal verifier",
        &summary);
  } else if (ledger->ledger_withdrawn) {
    Set(JudgementState::kWithdrawn, "the verdict was taken back", &summary);
  } else if (!judgement->entries().empty()) {
    DescribeEntry(records, *ledger, judgement->entries(0), view, &summary);
  } else if (!ledger->held.empty()) {
    Set(JudgementState::kHeld,
        absl::StrCat("the verdict ", HeldWords(ledger->held.front())),
        &summary);
  } else if (!ledger->ledger_heads.empty()) {
    Set(JudgementState::kDoesNotCount, "the verdict was erased", &summary);
  } else {
    Set(JudgementState::kNone, "not judged yet", &summary);
  }
  return summary;
}

}  // namespace vouch
