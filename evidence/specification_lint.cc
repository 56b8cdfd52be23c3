#include "evidence/specification_lint.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evidence/completion.h"
#include "evidence/specification_diff.h"

namespace vouch {
namespace {

using Findings = std::vector<LintFinding>;

void Unknown(std::string subject, std::string what, Findings* out) {
  out->push_back(
      {LintFinding::Kind::kUnknown, std::move(subject), std::move(what)});
}

void Odd(std::string subject, std::string what, Findings* out) {
  out->push_back(
      {LintFinding::Kind::kOdd, std::move(subject), std::move(what)});
}

void LintHead(const v1::Specification& data, Findings* out) {
  if (data.accreditation_number_unverified()) {
    Odd("accreditation_number",
        absl::StrCat(data.accreditation_number(),
                     " does not have the right check character; kept as "
                     "printed"),
        out);
  }
  if (data.units().empty()) Unknown("units", "no unit is listed", out);
  if (data.mandatory_units().unit_numbers().empty()) {
    Unknown("mandatory_units", "which units are mandatory", out);
  }
  if (data.has_themes() && data.themes().themes().empty()) {
    Unknown("themes", "which groups of optional units there are", out);
  }
  const struct {
    bool stated;
    const char* field;
  } optional_rules[] = {
      {data.has_credit_transfer(), "credit_transfer"},
      {data.has_entry_age(), "entry_age"},
      {data.has_guided_learning_hours(), "guided_learning_hours"},
      {data.has_dates(), "dates"},
      {data.has_methods(), "methods"},
      {data.has_simulation(), "simulation"},
  };
  for (const auto& rule : optional_rules) {
    if (!rule.stated) Unknown(rule.field, "no rule is stated", out);
  }
  for (const auto& [known, field] :
       {std::pair{data.total_credits().has_credits_min(), "total_credits"},
        std::pair{data.mandatory_units().has_credits_min(), "mandatory_units"},
        std::pair{!data.has_optional_credits() ||
                      data.optional_credits().has_credits_min(),
                  "optional_credits"},
        std::pair{
            !data.has_level_floor() || data.level_floor().has_credits_min(),
            "level_floor"}}) {
    if (!known) Unknown(field, "the minimum of credits", out);
  }
}

void LintSums(const v1::Specification& data, Findings* out) {
  const uint32_t total = data.total_credits().credits_min();
  const uint32_t parts = data.mandatory_units().credits_min() +
                         data.optional_credits().credits_min();
  if (data.total_credits().has_credits_min() &&
      data.mandatory_units().has_credits_min() &&
      data.optional_credits().has_credits_min() && parts != total) {
    Odd("total_credits",
        absl::StrCat(data.mandatory_units().credits_min(), " mandatory and ",
                     data.optional_credits().credits_min(),
                     " optional credits are not ", total),
        out);
  }
  for (const v1::Theme& theme : data.themes().themes()) {
    const auto units = std::count_if(
        data.units().begin(), data.units().end(),
        [&](const v1::Unit& unit) { return unit.theme() == theme.name(); });
    if (!data.units().empty() && units < theme.units_min()) {
      Odd("themes",
          absl::StrCat(theme.units_min(), " of ", theme.name(),
                       " are needed, and there are ", units),
          out);
    }
  }
}

// Units that lack the same things are named together.
void LintUnits(const Specification& specification, Findings* out) {
  std::map<std::string, std::vector<std::string>> lacking;
  for (const v1::Unit& unit : specification.data().units()) {
    std::vector<std::string> lacks;
    if (!unit.has_accreditation_number()) {
      lacks.push_back("accreditation number");
    } else if (unit.accreditation_number_unverified()) {
      Odd(unit.number(),
          absl::StrCat(unit.accreditation_number(),
                       " does not have the right check character; kept as "
                       "printed"),
          out);
    }
    if (!unit.has_credit()) lacks.push_back("credit");
    if (!unit.has_level()) lacks.push_back("level");
    if (!unit.has_theme() && specification.data().has_themes() &&
        !specification.IsMandatory(unit.number())) {
      lacks.push_back("theme");
    }
    if (!unit.criteria_known()) lacks.push_back("criteria");
    if (!unit.evidence_requirements_known()) {
      lacks.push_back("evidence requirements");
    }
    if (!lacks.empty()) {
      lacking[absl::StrJoin(lacks, ", ")].push_back(unit.number());
    }
  }
  for (const auto& [what, units] : lacking) {
    Unknown(absl::StrJoin(units, ","), what, out);
  }
}

// A unit is worth the same wherever it counts.
void LintOthers(const Specification& specification, const Catalogue& others,
                Findings* out) {
  for (const v1::Unit& unit : specification.data().units()) {
    if (!unit.has_accreditation_number()) continue;
    for (const Specification* other : others.List()) {
      const v1::Unit* same =
          other->FindUnitByAccreditationNumber(unit.accreditation_number());
      if (same == nullptr || other->id() == specification.id()) continue;
      const bool credit = unit.has_credit() && same->has_credit() &&
                          unit.credit() != same->credit();
      const bool level = unit.has_level() && same->has_level() &&
                         unit.level() != same->level();
      if (!credit && !level) continue;
      Odd(unit.number(),
          absl::StrCat(unit.accreditation_number(), " has ", same->credit(),
                       " credits at level ", same->level(), " in ", other->id(),
                       " version ", other->version()),
          out);
    }
  }
}

void LintReach(const Specification& specification, Findings* out) {
  const auto completion = FindCompletion(specification, {});
  if (!completion.ok()) {
    Odd("units", std::string(completion.status().message()), out);
  } else if (completion->result == Completion::Result::kImpossible) {
    Odd("units",
        absl::StrCat("nobody can finish it. ", completion->explanation), out);
  }
}

}  // namespace

std::vector<LintFinding> LintSpecification(const Specification& specification,
                                           const Catalogue& others) {
  Findings out;
  LintHead(specification.data(), &out);
  LintSums(specification.data(), &out);
  LintUnits(specification, &out);
  LintOthers(specification, others, &out);
  LintReach(specification, &out);
  return out;
}

}  // namespace vouch
