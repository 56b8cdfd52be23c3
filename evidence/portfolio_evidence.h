// One piece of evidence for the portfolio: whether it can count, what is
// flagged, what it is offered for and how it was judged. A part of
// portfolio.cc; pure.
#ifndef VOUCH_EVIDENCE_PORTFOLIO_EVIDENCE_H_
#define VOUCH_EVIDENCE_PORTFOLIO_EVIDENCE_H_

#include <initializer_list>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "evidence/portfolio.h"
#include "evidence/portfolio_records.h"

namespace vouch {

// `view` is null for evidence that is named and not held here. Offers and
// judgement are not filled in.
EvidenceItem DescribeEvidence(const PortfolioRecords& records,
                              const RecordId& id, const RecordView* view);

// What keeps evidence from counting for a criterion of `unit`, beside what
// keeps it from counting at all.
std::optional<Remark> UnitReason(const PortfolioRecords& records,
                                 const RecordView* view,
                                 absl::string_view unit);

// The judgement of `item`, whether or not the evidence counts.
JudgementSummary DescribeJudgement(const PortfolioRecords& records,
                                   const RecordId& evidence,
                                   const RecordView* view);

// Whether someone else with a role in `roles` agreed to the one verdict that
// stands. A view does not say which verdict a countersignature names, so one
// is only trusted where there never was another verdict to name.
bool IsCountersigned(const PortfolioRecords& records, const RecordView& ledger,
                     std::initializer_list<v1::Role> roles);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_PORTFOLIO_EVIDENCE_H_
