#include "evidence/specification_diff.h"

#include <functional>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "sync/base/check.h"

namespace vouch {
namespace {

constexpr char kNotStated[] = "not stated";
constexpr char kUnknown[] = "unknown";

template <typename Rule>
std::string CreditsOf(const Rule& rule) {
  if (!rule.has_credits_min()) return "at least an unknown number of credits";
  return absl::StrCat("at least ", rule.credits_min(), " credits");
}

std::string ThemesWords(const v1::ThemesRule& rule) {
  if (rule.themes().empty()) return "units from each group, which are unknown";
  std::vector<std::string> parts;
  for (const v1::Theme& theme : rule.themes()) {
    parts.push_back(absl::StrCat(theme.has_units_min()
                                     ? absl::StrCat(theme.units_min())
                                     : std::string("an unknown number"),
                                 " of ", theme.name()));
  }
  return absl::StrCat("at least ", absl::StrJoin(parts, ", "));
}

std::string FloorWords(const v1::LevelFloorRule& rule) {
  std::string words = absl::StrCat(CreditsOf(rule), " at level ", rule.level());
  switch (rule.scope()) {
    case v1::LEVEL_FLOOR_SCOPE_OPTIONAL:
      return words + " from optional units";
    case v1::LEVEL_FLOOR_SCOPE_ALL:
      return words + " in all";
    default:
      return words + ", of which units is not stated";
  }
}

std::string AgeWords(const v1::EntryAge& rule) {
  switch (rule.kind()) {
    case v1::ENTRY_AGE_KIND_MINIMUM:
      return absl::StrCat("at least ", rule.years_min());
    case v1::ENTRY_AGE_KIND_PRE_16:
      return "below 16 as well";
    default:
      return "any age";
  }
}

std::string DatesWords(const v1::QualificationDates& rule) {
  std::vector<std::string> parts;
  if (rule.has_accreditation_end()) {
    parts.push_back(absl::StrCat("register until ", rule.accreditation_end()));
  }
  if (rule.has_operational_end()) {
    parts.push_back(absl::StrCat("operates until ", rule.operational_end()));
  }
  if (rule.has_claim_years_max()) {
    parts.push_back(absl::StrCat("claim within ", rule.claim_years_max(),
                                 " years of the accreditation end"));
  }
  return parts.empty() ? kUnknown : absl::StrJoin(parts, "; ");
}

std::string MethodsWords(const v1::MethodsRule& rule) {
  std::vector<std::string> names;
  for (int method : rule.methods()) {
    std::string name =
        v1::AssessmentMethod_Name(static_cast<v1::AssessmentMethod>(method));
    names.push_back(absl::AsciiStrToLower(absl::StrReplaceAll(
        absl::StripPrefix(name, "ASSESSMENT_METHOD_"), {{"_", " "}})));
  }
  return absl::StrJoin(names, ", ");
}

std::string NumbersOr(
    const google::protobuf::RepeatedPtrField<std::string>& numbers,
    const char* none) {
  return numbers.empty() ? none : absl::StrJoin(numbers, ", ");
}

using Words = std::function<std::string(const v1::Specification&)>;
struct Rule {
  std::string field;
  std::function<bool(const v1::Specification&)> stated;
  Words words;
};

const std::vector<Rule>& Rules() {
  using S = v1::Specification;
  static const auto* rules = new std::vector<Rule>{
      {"awarding_body", [](const S&) { return true; },
       [](const S& s) { return s.awarding_body(); }},
      {"title", [](const S&) { return true; },
       [](const S& s) { return s.title(); }},
      {"level", [](const S&) { return true; },
       [](const S& s) { return absl::StrCat(s.level()); }},
      {"accreditation_number",
       [](const S& s) { return s.has_accreditation_number(); },
       [](const S& s) {
         return absl::StrCat(
             s.accreditation_number(),
             s.accreditation_number_unverified() ? " (unverified)" : "");
       }},
      {"total_credits", [](const S&) { return true; },
       [](const S& s) { return CreditsOf(s.total_credits()); }},
      {"mandatory_units", [](const S&) { return true; },
       [](const S& s) {
         return absl::StrCat(
             NumbersOr(s.mandatory_units().unit_numbers(), kUnknown), ", ",
             CreditsOf(s.mandatory_units()));
       }},
      {"optional_credits", [](const S& s) { return s.has_optional_credits(); },
       [](const S& s) { return CreditsOf(s.optional_credits()); }},
      {"themes", [](const S& s) { return s.has_themes(); },
       [](const S& s) { return ThemesWords(s.themes()); }},
      {"level_floor", [](const S& s) { return s.has_level_floor(); },
       [](const S& s) { return FloorWords(s.level_floor()); }},
      {"credit_transfer", [](const S& s) { return s.has_credit_transfer(); },
       [](const S& s) -> std::string {
         return s.credit_transfer().allowed() ? "allowed" : "not allowed";
       }},
      {"entry_age", [](const S& s) { return s.has_entry_age(); },
       [](const S& s) { return AgeWords(s.entry_age()); }},
      {"guided_learning_hours",
       [](const S& s) { return s.has_guided_learning_hours(); },
       [](const S& s) {
         return absl::StrCat(s.guided_learning_hours().hours_min(), " to ",
                             s.guided_learning_hours().hours_max());
       }},
      {"dates", [](const S& s) { return s.has_dates(); },
       [](const S& s) { return DatesWords(s.dates()); }},
      {"methods", [](const S& s) { return s.has_methods(); },
       [](const S& s) { return MethodsWords(s.methods()); }},
      {"simulation", [](const S& s) { return s.has_simulation(); },
       [](const S& s) {
         return absl::StrCat(
             "in ", NumbersOr(s.simulation().unit_numbers(), "no unit"));
       }},
  };
  return *rules;
}

// What a unit says, by field; only what is known.
std::vector<std::pair<std::string, std::string>> UnitFacts(
    const Specification& specification, const v1::Unit& unit) {
  auto known = [](bool has, std::string value) {
    return has ? value : std::string(kUnknown);
  };
  const std::string place =
      specification.IsMandatory(unit.number()) ? "mandatory" : "optional";
  return {
      {"number", unit.number()},
      {"accreditation number",
       known(unit.has_accreditation_number(), unit.accreditation_number())},
      {"title", unit.title()},
      {"place", place},
      {"theme",
       place == "mandatory" ? "none" : known(unit.has_theme(), unit.theme())},
      {"credit", known(unit.has_credit(), absl::StrCat(unit.credit()))},
      {"level", known(unit.has_level(), absl::StrCat(unit.level()))},
  };
}

// Criteria, outcomes or requirements: what came, went or says something else.
template <typename Items>
void DiffItems(const std::string& subject, const std::string& what,
               bool known_before, const Items& before, bool known_after,
               const Items& after, std::vector<SpecificationDifference>* out) {
  if (known_before != known_after) {
    out->push_back({subject, known_after
                                 ? absl::StrCat(after.size(), " ", what,
                                                " known, which were not")
                                 : absl::StrCat(what, " no longer known")});
    return;
  }
  std::map<std::string, std::string> old_labels;
  for (const auto& item : before) {
    old_labels[absl::StrCat(item.number())] = item.label();
  }
  for (const auto& item : after) {
    const std::string number = absl::StrCat(item.number());
    const auto found = old_labels.find(number);
    if (found == old_labels.end()) {
      out->push_back({subject, absl::StrCat(what, ": ", number, " is new (",
                                            item.label(), ")")});
      continue;
    }
    if (found->second != item.label()) {
      out->push_back(
          {subject, absl::StrCat(what, ": ", number, " reads \"", item.label(),
                                 "\", before \"", found->second, "\"")});
    }
    old_labels.erase(found);
  }
  for (const auto& [number, label] : old_labels) {
    out->push_back(
        {subject, absl::StrCat(what, ": ", number, " is gone (", label, ")")});
  }
}

void DiffUnit(const Specification& before, const v1::Unit& was,
              const Specification& after, const v1::Unit& is,
              std::vector<SpecificationDifference>* out) {
  const auto old_facts = UnitFacts(before, was);
  const auto new_facts = UnitFacts(after, is);
  for (size_t i = 0; i < old_facts.size(); ++i) {
    if (old_facts[i].second == new_facts[i].second) continue;
    out->push_back({was.number(),
                    absl::StrCat(old_facts[i].first, ": ", old_facts[i].second,
                                 ", then ", new_facts[i].second)});
  }
  if (was.criteria_known() && is.criteria_known()) {
    DiffItems(was.number(), "outcomes", true, was.outcomes(), true,
              is.outcomes(), out);
  }
  DiffItems(was.number(), "criteria", was.criteria_known(), was.criteria(),
            is.criteria_known(), is.criteria(), out);
  DiffItems(was.number(), "evidence requirements",
            was.evidence_requirements_known(), was.evidence_requirements(),
            is.evidence_requirements_known(), is.evidence_requirements(), out);
}

}  // namespace

const v1::Unit* SameUnit(const Specification& before, const v1::Unit& unit,
                         const Specification& after) {
  if (unit.has_accreditation_number()) {
    const v1::Unit* same =
        after.FindUnitByAccreditationNumber(unit.accreditation_number());
    if (same != nullptr) return same;
  }
  if (before.data().awarding_body() != after.data().awarding_body()) {
    return nullptr;
  }
  const v1::Unit* same = after.FindUnit(unit.number());
  const bool other = same != nullptr && same->has_accreditation_number() &&
                     unit.has_accreditation_number();
  return other ? nullptr : same;
}

const std::vector<std::string>& RuleFields() {
  static const auto* fields = [] {
    auto* all = new std::vector<std::string>;
    for (const Rule& rule : Rules()) all->push_back(rule.field);
    return all;
  }();
  return *fields;
}

std::string RuleWords(const v1::Specification& data, const std::string& rule) {
  for (const Rule& candidate : Rules()) {
    if (candidate.field != rule) continue;
    return candidate.stated(data) ? candidate.words(data) : kNotStated;
  }
  return kNotStated;
}

std::vector<SpecificationDifference> DiffSpecifications(
    const Specification& before, const Specification& after) {
  std::vector<SpecificationDifference> out;
  for (const std::string& field : RuleFields()) {
    const std::string was = RuleWords(before.data(), field);
    const std::string is = RuleWords(after.data(), field);
    if (was != is) out.push_back({field, absl::StrCat(was, ", then ", is)});
  }
  std::set<std::string> matched;
  for (const v1::Unit& unit : before.data().units()) {
    const v1::Unit* same = SameUnit(before, unit, after);
    if (same == nullptr) {
      out.push_back({unit.number(), absl::StrCat("is gone: ", unit.title())});
      continue;
    }
    matched.insert(same->number());
    DiffUnit(before, unit, after, *same, &out);
  }
  for (const v1::Unit& unit : after.data().units()) {
    if (matched.count(unit.number()) > 0) continue;
    out.push_back({unit.number(), absl::StrCat("is new: ", unit.title())});
  }
  return out;
}

}  // namespace vouch
