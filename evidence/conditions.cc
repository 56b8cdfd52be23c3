#include "evidence/conditions.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"

namespace vouch {
namespace {

using absl::CivilDay;

std::string Text(CivilDay day) { return absl::FormatCivilTime(day); }

template <typename Rule>
RuleEvaluation Begin(absl::string_view id, const Rule& rule) {
  RuleEvaluation evaluation;
  evaluation.id = std::string(id);
  evaluation.citations.assign(rule.citations().begin(), rule.citations().end());
  return evaluation;
}

RuleEvaluation Unknown(RuleEvaluation evaluation,
                       std::vector<std::string> missing,
                       absl::string_view what) {
  evaluation.result = RuleResult::kUndeterminable;
  evaluation.missing = std::move(missing);
  evaluation.explanation = std::string(what);
  return evaluation;
}

// `day` is not after `last`.
RuleEvaluation Until(RuleEvaluation evaluation, CivilDay day, CivilDay last,
                     absl::string_view did) {
  evaluation.explanation =
      absl::StrCat(did, " on ", Text(day), "; the last day is ", Text(last));
  if (day > last) {
    evaluation.result = RuleResult::kNotMet;
    evaluation.shortfall.days = static_cast<uint32_t>(day - last);
    absl::StrAppend(&evaluation.explanation, ": ", evaluation.shortfall.days,
                    evaluation.shortfall.days == 1 ? " day" : " days", " late");
  }
  evaluation.explanation += ".";
  return evaluation;
}

// The day on which someone has lived `years` years. The civil calendar turns
// 29 February of a common year into 1 March.
CivilDay Birthday(CivilDay born, uint32_t years) {
  return CivilDay(born.year() + years, born.month(), born.day());
}

CivilDay YearsAfter(CivilDay day, uint32_t years) {
  const CivilDay moved(day.year() + years, day.month(), day.day());
  return moved.day() == day.day() ? moved : moved - 1;
}

RuleEvaluation EvaluateAge(const v1::EntryAge& rule, const KeyDates& dates) {
  RuleEvaluation evaluation = Begin("entry_age", rule);
  if (rule.kind() != v1::ENTRY_AGE_KIND_MINIMUM) {
    evaluation.explanation =
        rule.kind() == v1::ENTRY_AGE_KIND_ANY
            ? "Open to any age."
            : "Open below 16 as well; a lowest age is not stated.";
    return evaluation;
  }
  const std::string needed =
      absl::StrCat("Candidates have to be ", rule.years_min());
  if (!dates.born_on.has_value() || !dates.registered_on.has_value()) {
    std::vector<std::string> missing;
    if (!dates.born_on.has_value()) missing.push_back("the date of birth");
    if (!dates.registered_on.has_value()) {
      missing.push_back("the day of registration");
    }
    return Unknown(std::move(evaluation), std::move(missing),
                   absl::StrCat(needed, " when they register."));
  }
  const CivilDay old_enough = Birthday(*dates.born_on, rule.years_min());
  evaluation.explanation = absl::StrCat(
      needed, " when they register; this one ",
      *dates.registered_on < old_enough ? "is not before " : "was from ",
      Text(old_enough), ".");
  if (*dates.registered_on < old_enough) {
    evaluation.result = RuleResult::kNotMet;
    evaluation.shortfall.days =
        static_cast<uint32_t>(old_enough - *dates.registered_on);
  }
  return evaluation;
}

RuleEvaluation EvaluateRegistrationEnd(const v1::QualificationDates& rule,
                                       const KeyDates& dates) {
  RuleEvaluation evaluation = Begin("registration_end", rule);
  std::vector<std::string> missing;
  const auto last = ParseDay(rule.accreditation_end());
  if (!last.has_value()) missing.push_back("the accreditation end");
  if (!dates.registered_on.has_value()) {
    missing.push_back("the day of registration");
  }
  if (!missing.empty()) {
    return Unknown(
        std::move(evaluation), std::move(missing),
        last.has_value()
            ? absl::StrCat("The last day to register is ", Text(*last), ".")
            : "The last day to register is not known.");
  }
  return Until(std::move(evaluation), *dates.registered_on, *last,
               "Registered");
}

RuleEvaluation EvaluateOperationalEnd(const v1::QualificationDates& rule,
                                      const KeyDates& dates,
                                      bool claims_bounded) {
  RuleEvaluation evaluation = Begin("operational_end", rule);
  const CivilDay last = *ParseDay(rule.operational_end());
  if (!dates.registered_on.has_value()) {
    return Unknown(
        std::move(evaluation), {"the day of registration"},
        absl::StrCat("The qualification operated until ", Text(last), "."));
  }
  evaluation =
      Until(std::move(evaluation), *dates.registered_on, last, "Registered");
  if (evaluation.result == RuleResult::kMet && dates.claim_on.has_value() &&
      *dates.claim_on > last && !claims_bounded) {
    return Unknown(
        std::move(evaluation), {"the last day of claims"},
        absl::StrCat("Claimed on ", Text(*dates.claim_on),
                     "; the qualification operated until ", Text(last),
                     ", and until when one may claim is not stated."));
  }
  return evaluation;
}

RuleEvaluation EvaluateClaimEnd(const Specification& specification,
                                CivilDay claim_on) {
  RuleEvaluation evaluation = Begin("claim_end", specification.data().dates());
  const auto last = LastDayOfClaims(specification);
  if (last.has_value()) {
    return Until(std::move(evaluation), claim_on, *last, "Claimed");
  }
  const v1::QualificationDates& rule = specification.data().dates();
  std::vector<std::string> missing;
  if (!rule.has_accreditation_end()) missing.push_back("the accreditation end");
  if (!rule.has_claim_years_max()) {
    missing.push_back("how long after the accreditation end one may claim");
  }
  return Unknown(
      std::move(evaluation), std::move(missing),
      rule.has_claim_years_max()
          ? absl::StrCat("A claim may be made for ", rule.claim_years_max(),
                         " years after the accreditation end, which is not "
                         "known.")
          : "How long after the accreditation end one may claim is not known.");
}

}  // namespace

std::optional<CivilDay> ParseDay(absl::string_view text) {
  CivilDay day;
  // ParseCivilTime is lenient about width; only one spelling is let in.
  if (!absl::ParseCivilTime(text, &day) || Text(day) != text) {
    return std::nullopt;
  }
  return day;
}

std::optional<CivilDay> LastDayOfClaims(const Specification& specification) {
  const v1::QualificationDates& rule = specification.data().dates();
  const auto end = ParseDay(rule.accreditation_end());
  if (!end.has_value() || !rule.has_claim_years_max()) return std::nullopt;
  return YearsAfter(*end, rule.claim_years_max());
}

std::vector<RuleEvaluation> EvaluateConditions(
    const Specification& specification, const KeyDates& dates) {
  const v1::Specification& data = specification.data();
  std::vector<RuleEvaluation> rules;
  if (data.has_entry_age()) {
    rules.push_back(EvaluateAge(data.entry_age(), dates));
  }
  if (!data.has_dates()) return rules;
  const v1::QualificationDates& rule = data.dates();
  const bool bounded =
      rule.has_accreditation_end() || rule.has_claim_years_max();
  if (bounded) rules.push_back(EvaluateRegistrationEnd(rule, dates));
  if (rule.has_operational_end()) {
    rules.push_back(EvaluateOperationalEnd(rule, dates, bounded));
  }
  if (bounded && dates.claim_on.has_value()) {
    rules.push_back(EvaluateClaimEnd(specification, *dates.claim_on));
  }
  return rules;
}

}  // namespace vouch
