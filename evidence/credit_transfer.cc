// Units achieved elsewhere, and the whole question to the rules; see rules.h.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/conditions.h"
#include "evidence/rules.h"
#include "sync/base/check.h"

namespace vouch {
namespace {

constexpr char kAllowedUnknown[] = "whether units achieved elsewhere count";

TransferEvaluation Decide(const Specification& specification,
                          const CreditTransfer& transfer,
                          const std::set<std::string>& here) {
  TransferEvaluation out;
  out.given = transfer.unit;
  const v1::Unit* unit =
      specification.FindUnitByAccreditationNumber(transfer.unit);
  if (unit == nullptr) unit = specification.FindUnit(transfer.unit);
  auto say = [&out](RuleResult result, absl::string_view why) {
    out.result = result;
    out.why = std::string(why);
    return out;
  };
  if (unit == nullptr) {
    return say(RuleResult::kNotMet, "the qualification has no such unit");
  }
  out.unit = unit->number();
  if (here.count(out.unit) > 0) {
    return say(RuleResult::kNotMet, "the unit is among those given already");
  }
  if (!transfer.certificate_seen) {
    return say(RuleResult::kNotMet, "nobody has seen the certificate");
  }
  const v1::Specification& data = specification.data();
  if (data.has_credit_transfer() && !data.credit_transfer().allowed()) {
    return say(RuleResult::kNotMet, "units achieved elsewhere do not count");
  }
  if (unit->accreditation_number_unverified()) {
    return say(RuleResult::kUndeterminable,
               absl::StrCat("the accreditation number ",
                            unit->accreditation_number(), " is unverified"));
  }
  if (!data.has_credit_transfer()) {
    return say(RuleResult::kUndeterminable,
               "the specification does not say whether units achieved "
               "elsewhere count");
  }
  return say(RuleResult::kMet, "achieved elsewhere, and the certificate seen");
}

// What perhaps counts can only help. So a rule met without it is met, and one
// not met with it is not; between them nobody can tell.
void Widen(const RuleEvaluation& with, RuleEvaluation* rule) {
  if (rule->result == RuleResult::kMet) return;
  const bool turned = with.result != rule->result;
  const bool nearer = with.shortfall.credits != rule->shortfall.credits ||
                      with.shortfall.units != rule->shortfall.units;
  if (!turned && !nearer) return;
  if (turned) rule->result = RuleResult::kUndeterminable;
  rule->missing.push_back(kAllowedUnknown);
  absl::StrAppend(&rule->explanation, " Not known: ", kAllowedUnknown, ".");
}

}  // namespace

absl::StatusOr<Evaluation> EvaluateFully(const Specification& specification,
                                         const RulesInput& input) {
  std::vector<std::string> sure = input.units;
  std::set<std::string> here(sure.begin(), sure.end());
  std::vector<std::string> perhaps;
  std::vector<TransferEvaluation> transfers;
  for (const CreditTransfer& transfer : input.transfers) {
    transfers.push_back(Decide(specification, transfer, here));
    const TransferEvaluation& decided = transfers.back();
    if (decided.result == RuleResult::kNotMet) continue;
    here.insert(decided.unit);
    (decided.result == RuleResult::kMet ? sure : perhaps)
        .push_back(decided.unit);
  }
  VOUCH_ASSIGN_OR_RETURN(Evaluation evaluation, Evaluate(specification, sure));
  if (!perhaps.empty()) {
    perhaps.insert(perhaps.end(), sure.begin(), sure.end());
    VOUCH_ASSIGN_OR_RETURN(const Evaluation with,
                           Evaluate(specification, perhaps));
    for (size_t i = 0; i < evaluation.rules.size(); ++i) {
      Widen(with.rules[i], &evaluation.rules[i]);
    }
  }
  evaluation.transfers = std::move(transfers);
  if (input.dates.has_value()) {
    std::vector<RuleEvaluation> conditions =
        EvaluateConditions(specification, *input.dates);
    std::move(conditions.begin(), conditions.end(),
              std::back_inserter(evaluation.rules));
  }
  evaluation.verdict = VerdictOf(evaluation.rules);
  return evaluation;
}

}  // namespace vouch
