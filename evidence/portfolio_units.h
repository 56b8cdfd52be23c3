// Coverage of units and criteria from described evidence, and what was decided
// on each unit. A part of portfolio.cc; pure.
#ifndef VOUCH_EVIDENCE_PORTFOLIO_UNITS_H_
#define VOUCH_EVIDENCE_PORTFOLIO_UNITS_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "evidence/portfolio.h"
#include "evidence/portfolio_records.h"

namespace vouch {

UnitCoverage DescribeUnit(const PortfolioRecords& records,
                          const std::string& unit,
                          absl::Span<const EvidenceItem> evidence);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_PORTFOLIO_UNITS_H_
