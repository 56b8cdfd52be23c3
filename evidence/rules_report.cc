// Evaluations as messages; see rules.h.
#include "evidence/rules.h"

namespace vouch {

absl::string_view RuleResultName(RuleResult result) {
  switch (result) {
    case RuleResult::kMet:
      return "met";
    case RuleResult::kNotMet:
      return "not_met";
    case RuleResult::kUndeterminable:
      break;
  }
  return "undeterminable";
}

v1::RulesEvaluation ToProto(const Evaluation& evaluation) {
  v1::RulesEvaluation out;
  out.set_specification(evaluation.specification_id);
  out.set_version(evaluation.specification_version);
  out.set_verdict(std::string(RuleResultName(evaluation.verdict)));
  for (const RuleEvaluation& rule : evaluation.rules) {
    v1::RuleEvaluation& printed = *out.add_rules();
    printed.set_id(rule.id);
    printed.set_result(std::string(RuleResultName(rule.result)));
    v1::RuleShortfall& shortfall = *printed.mutable_shortfall();
    shortfall.set_credits(rule.shortfall.credits);
    shortfall.set_units(rule.shortfall.units);
    shortfall.mutable_groups()->Assign(rule.shortfall.groups.begin(),
                                       rule.shortfall.groups.end());
    shortfall.mutable_unit_numbers()->Assign(
        rule.shortfall.unit_numbers.begin(), rule.shortfall.unit_numbers.end());
    if (rule.shortfall.days > 0) shortfall.set_days(rule.shortfall.days);
    printed.mutable_missing()->Assign(rule.missing.begin(), rule.missing.end());
    printed.set_explanation(rule.explanation);
    printed.mutable_citations()->Assign(rule.citations.begin(),
                                        rule.citations.end());
  }
  out.mutable_units()->Assign(evaluation.units.begin(), evaluation.units.end());
  for (const TransferEvaluation& transfer : evaluation.transfers) {
    v1::TransferEvaluation& printed = *out.add_transfers();
    printed.set_given(transfer.given);
    printed.set_unit(transfer.unit);
    printed.set_result(transfer.result == RuleResult::kMet ? "counted"
                       : transfer.result == RuleResult::kNotMet
                           ? "not_counted"
                           : "undeterminable");
    printed.set_why(transfer.why);
  }
  return out;
}

}  // namespace vouch
