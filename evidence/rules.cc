#include "evidence/rules.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using Units = std::vector<const v1::Unit*>;

std::string Credits(uint32_t credits) {
  return absl::StrCat(credits, credits == 1 ? " credit" : " credits");
}

// How many credits a set of units brings, as far as it is known.
struct Tally {
  uint32_t least = 0;
  // Meaningless while `unbounded`: some unit's credit is unknown.
  uint32_t most = 0;
  bool unbounded = false;
  std::vector<std::string> missing;

  void AddKnown(uint32_t credits) {
    least += credits;
    most += credits;
  }
  void AddPossible(const v1::Unit& unit) {
    if (unit.has_credit()) {
      most += unit.credit();
    } else {
      unbounded = true;
      missing.push_back(absl::StrCat("credit of ", unit.number()));
    }
  }
};

Tally TallyCredits(const Units& units) {
  Tally tally;
  for (const v1::Unit* unit : units) {
    if (unit->has_credit()) {
      tally.AddKnown(unit->credit());
    } else {
      tally.AddPossible(*unit);
    }
  }
  return tally;
}

// All units. What the mandatory ones are worth together is stated by their rule
// where it is not by each.
Tally TallyAll(const Specification& specification, const std::set<int>& chosen,
               const Units& all, const Units& optional_units) {
  const v1::MandatoryUnitsRule& rule = specification.data().mandatory_units();
  bool all_chosen = rule.has_credits_min() && !rule.unit_numbers().empty();
  bool all_known = true;
  uint32_t known = 0;
  for (const std::string& number : rule.unit_numbers()) {
    all_chosen &= chosen.contains(*specification.PositionOf(number));
    const v1::Unit& unit = *specification.FindUnit(number);
    all_known &= unit.has_credit();
    known += unit.credit();
  }
  if (!all_chosen || all_known) return TallyCredits(all);
  Tally tally = TallyCredits(optional_units);
  tally.AddKnown(std::max(known, rule.credits_min()));
  return tally;
}

// Only units of exactly `level`: a higher level does not count for a lower
// one.
Tally TallyLevel(const Units& units, uint32_t level) {
  Tally tally;
  for (const v1::Unit* unit : units) {
    if (unit->has_level() && unit->level() != level) continue;
    if (unit->has_level() && unit->has_credit()) {
      tally.AddKnown(unit->credit());
      continue;
    }
    if (!unit->has_level()) {
      tally.missing.push_back(absl::StrCat("level of ", unit->number()));
    }
    tally.AddPossible(*unit);
  }
  return tally;
}

template <typename Rule>
RuleEvaluation Begin(absl::string_view id, const Rule& rule) {
  RuleEvaluation evaluation;
  evaluation.id = std::string(id);
  evaluation.citations.assign(rule.citations().begin(), rule.citations().end());
  return evaluation;
}

// Compares a tally with a minimum; `what` completes "credits …".
template <typename Rule>
RuleEvaluation EvaluateCredits(absl::string_view id, const Rule& rule,
                               const Tally& tally, absl::string_view what) {
  RuleEvaluation evaluation = Begin(id, rule);
  if (!rule.has_credits_min()) {
    evaluation.result = RuleResult::kUndeterminable;
    evaluation.missing = tally.missing;
    evaluation.missing.push_back("the minimum of credits");
    evaluation.explanation = absl::StrCat(
        Credits(tally.least), " ", what, "; how many are needed is not known.");
    return evaluation;
  }
  const uint32_t needed = rule.credits_min();
  const std::string have =
      absl::StrCat(tally.least, " of at least ", Credits(needed), " ", what);
  if (tally.least >= needed) {
    evaluation.explanation = absl::StrCat(have, ".");
    return evaluation;
  }
  evaluation.shortfall.credits = needed - tally.least;
  evaluation.missing = tally.missing;
  const bool reachable = tally.unbounded || tally.most >= needed;
  evaluation.result =
      reachable ? RuleResult::kUndeterminable : RuleResult::kNotMet;
  evaluation.explanation =
      absl::StrCat(have, ": ", tally.missing.empty() ? "" : "up to ",
                   Credits(evaluation.shortfall.credits), " short",
                   tally.missing.empty() ? "" : "; not known: ",
                   absl::StrJoin(tally.missing, ", "), ".");
  return evaluation;
}

RuleEvaluation EvaluateMandatory(const Specification& specification,
                                 const std::set<int>& chosen) {
  const v1::MandatoryUnitsRule& rule = specification.data().mandatory_units();
  RuleEvaluation evaluation = Begin("mandatory_units", rule);
  if (rule.unit_numbers().empty()) {
    evaluation.result = RuleResult::kUndeterminable;
    evaluation.shortfall.credits = rule.credits_min();
    evaluation.missing.push_back("the mandatory units");
    evaluation.explanation = "Which units are mandatory is not known.";
    return evaluation;
  }
  uint32_t present_credits = 0;
  uint32_t missing_credits = 0;
  bool present_known = true;
  std::vector<std::string> unknown;
  Shortfall& shortfall = evaluation.shortfall;
  for (const std::string& number : rule.unit_numbers()) {
    const v1::Unit& unit = *specification.FindUnit(number);
    if (chosen.contains(*specification.PositionOf(number))) {
      present_credits += unit.credit();
      present_known = present_known && unit.has_credit();
      continue;
    }
    shortfall.unit_numbers.push_back(number);
    missing_credits += unit.credit();
    if (!unit.has_credit())
      unknown.push_back(absl::StrCat("credit of ", number));
  }
  if (shortfall.unit_numbers.empty()) {
    evaluation.explanation = absl::StrCat(
        "All mandatory units: ", absl::StrJoin(rule.unit_numbers(), ", "), ".");
    return evaluation;
  }
  evaluation.result = RuleResult::kNotMet;
  shortfall.units = static_cast<uint32_t>(shortfall.unit_numbers.size());
  if (unknown.empty()) {
    shortfall.credits = missing_credits;
  } else {
    // The rule's own sum gives what the units do not, unless some unit that is
    // there is unknown as well.
    shortfall.credits = std::max(
        missing_credits,
        rule.credits_min() - std::min(rule.credits_min(), present_credits));
    if (!present_known || !rule.has_credits_min()) {
      evaluation.missing = std::move(unknown);
    }
  }
  evaluation.explanation = absl::StrCat(
      "Mandatory units missing: ", absl::StrJoin(shortfall.unit_numbers, ", "),
      ".");
  return evaluation;
}

RuleEvaluation EvaluateThemes(const v1::ThemesRule& rule,
                              const Units& optional_units) {
  RuleEvaluation evaluation = Begin("themes", rule);
  if (rule.themes().empty()) {
    evaluation.result = RuleResult::kUndeterminable;
    evaluation.missing.push_back("the groups of optional units");
    evaluation.explanation =
        "Units are needed from each group; which groups there are is not "
        "known.";
    return evaluation;
  }
  std::vector<std::string> themeless;
  for (const v1::Unit* unit : optional_units) {
    if (!unit->has_theme()) {
      themeless.push_back(absl::StrCat("theme of ", unit->number()));
    }
  }
  bool minimum_unknown = false;
  std::vector<std::string> have;
  for (const v1::Theme& theme : rule.themes()) {
    const auto count = static_cast<uint32_t>(std::count_if(
        optional_units.begin(), optional_units.end(),
        [&](const v1::Unit* unit) {
          return unit->has_theme() && unit->theme() == theme.name();
        }));
    have.push_back(absl::StrCat(theme.name(), " ", count));
    if (!theme.has_units_min()) {
      minimum_unknown = true;
      evaluation.missing.push_back(
          absl::StrCat("the minimum of units from ", theme.name()));
    } else if (count < theme.units_min()) {
      evaluation.shortfall.units += theme.units_min() - count;
      evaluation.shortfall.groups.push_back(theme.name());
    }
  }
  const Shortfall& shortfall = evaluation.shortfall;
  if (shortfall.units > 0) {
    evaluation.missing.insert(evaluation.missing.end(), themeless.begin(),
                              themeless.end());
  }
  if (shortfall.units > themeless.size()) {
    evaluation.result = RuleResult::kNotMet;
  } else if (shortfall.units > 0 || minimum_unknown) {
    evaluation.result = RuleResult::kUndeterminable;
  }
  evaluation.explanation =
      shortfall.groups.empty()
          ? absl::StrCat("Units by theme: ", absl::StrJoin(have, ", "), ".")
          : absl::StrCat("Too few units from ",
                         absl::StrJoin(shortfall.groups, ", "), ".");
  if (!evaluation.missing.empty()) {
    absl::StrAppend(&evaluation.explanation,
                    " Not known: ", absl::StrJoin(evaluation.missing, ", "),
                    ".");
  }
  return evaluation;
}

RuleEvaluation EvaluateLevelFloor(const v1::LevelFloorRule& rule,
                                  const Units& all,
                                  const Units& optional_units) {
  const bool optional_only = rule.scope() == v1::LEVEL_FLOOR_SCOPE_OPTIONAL;
  Tally tally = TallyLevel(optional_only ? optional_units : all, rule.level());
  if (rule.scope() == v1::LEVEL_FLOOR_SCOPE_NOT_STATED) {
    // Between the two readings: optional units surely count, mandatory ones
    // perhaps.
    const uint32_t sure = TallyLevel(optional_units, rule.level()).least;
    if (sure != tally.least) {
      tally.least = sure;
      tally.missing.push_back("whether mandatory units count for the level");
    }
  }
  return EvaluateCredits(
      "level_floor", rule, tally,
      absl::StrCat(optional_only ? "from optional units " : "", "at level ",
                   rule.level()));
}

}  // namespace

RuleResult VerdictOf(absl::Span<const RuleEvaluation> rules) {
  RuleResult verdict = RuleResult::kMet;
  for (const RuleEvaluation& rule : rules) {
    if (rule.result == RuleResult::kNotMet) return RuleResult::kNotMet;
    if (rule.result == RuleResult::kUndeterminable) verdict = rule.result;
  }
  return verdict;
}

absl::StatusOr<Evaluation> Evaluate(
    const Specification& specification,
    absl::Span<const std::string> unit_numbers) {
  const v1::Specification& data = specification.data();
  std::set<int> chosen;
  for (const std::string& number : unit_numbers) {
    const std::optional<int> position = specification.PositionOf(number);
    if (!position.has_value()) {
      return Error(
          Reason::kSpecificationUnknown,
          absl::StrCat("specification ", data.id(), " version ", data.version(),
                       " has no unit \"", number, "\""));
    }
    chosen.insert(*position);
  }
  Evaluation evaluation;
  evaluation.specification_id = data.id();
  evaluation.specification_version = data.version();
  Units all;
  Units optional_units;
  for (int position : chosen) {
    const v1::Unit& unit = data.units(position);
    evaluation.units.push_back(unit.number());
    all.push_back(&unit);
    if (!specification.IsMandatory(unit.number())) {
      optional_units.push_back(&unit);
    }
  }
  auto& rules = evaluation.rules;
  rules.push_back(EvaluateCredits(
      "total_credits", data.total_credits(),
      TallyAll(specification, chosen, all, optional_units), "in all"));
  rules.push_back(EvaluateMandatory(specification, chosen));
  if (data.has_optional_credits()) {
    rules.push_back(EvaluateCredits("optional_credits", data.optional_credits(),
                                    TallyCredits(optional_units),
                                    "from optional units"));
  }
  if (data.has_themes()) {
    rules.push_back(EvaluateThemes(data.themes(), optional_units));
  }
  if (data.has_level_floor()) {
    rules.push_back(
        EvaluateLevelFloor(data.level_floor(), all, optional_units));
  }
  evaluation.verdict = VerdictOf(rules);
  return evaluation;
}

}  // namespace vouch
