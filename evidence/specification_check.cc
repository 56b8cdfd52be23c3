#include "evidence/specification_check.h"

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "evidence/check_character.h"
#include "evidence/specification.h"
#include "evidence/unit_check.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

bool IsDate(absl::string_view date) {
  absl::CivilDay day;
  // ParseCivilTime is lenient about width; only one spelling is let in.
  return absl::ParseCivilTime(date, &day) && absl::FormatCivilTime(day) == date;
}

// One read of one file. Every method returns the first fault it meets.
class Checker {
 public:
  Checker(const v1::Specification& data, const JsonLines& lines)
      : data_(data), lines_(lines) {}

  absl::Status Run() {
    VOUCH_RETURN_IF_ERROR(CheckHead());
    VOUCH_RETURN_IF_ERROR(CheckSources());
    VOUCH_RETURN_IF_ERROR(CheckThemes());
    VOUCH_RETURN_IF_ERROR(CheckUnits());
    VOUCH_RETURN_IF_ERROR(CheckCreditRules());
    VOUCH_RETURN_IF_ERROR(CheckMandatoryUnits());
    VOUCH_RETURN_IF_ERROR(CheckConditions());
    VOUCH_RETURN_IF_ERROR(CheckDates());
    VOUCH_RETURN_IF_ERROR(CheckMethodsAndSimulation());
    return CheckContradictions();
  }

 private:
  template <typename... Parts>
  absl::Status Bad(absl::string_view path, const Parts&... parts) const {
    return SpecificationFault(lines_, path, absl::StrCat(parts...));
  }

  absl::Status CheckHead() const {
    if (!IsSchemeNumber(data_.id()))
      return Bad("id", "id is missing or not a number");
    if (data_.version() == 0) return Bad("version", "version counts from 1");
    if (data_.awarding_body().empty()) {
      return Bad("awarding_body", "awarding_body is missing");
    }
    if (data_.title().empty()) return Bad("title", "title is missing");
    if (data_.level() < 1 || data_.level() > kSpecificationLevelMax) {
      return Bad("level", "level is not from 1 to ", kSpecificationLevelMax);
    }
    const bool flagged = data_.accreditation_number_unverified();
    if (!data_.has_accreditation_number()) {
      return flagged ? Bad("accreditation_number_unverified",
                           "there is no accreditation_number to flag")
                     : absl::OkStatus();
    }
    return CheckAccreditationNumber(
        lines_, "accreditation_number", "the qualification",
        data_.accreditation_number(), flagged,
        CheckQualificationNumber(data_.accreditation_number()));
  }

  absl::Status CheckSources() {
    for (int i = 0; i < data_.sources_size(); ++i) {
      const v1::SpecificationSource& source = data_.sources(i);
      const std::string path = absl::StrCat("sources[", i, "]");
      if (source.id().empty() || source.description().empty()) {
        return Bad(path, "a source needs an id and a description");
      }
      if (!sources_.insert(source.id()).second) {
        return Bad(path, "source ", source.id(), " is given twice");
      }
    }
    return absl::OkStatus();
  }

  // `owner` is the path of the message that has the field `citations`.
  template <typename Citations>
  absl::Status CheckCitations(absl::string_view owner,
                              const Citations& citations) const {
    if (citations.empty()) return Bad(owner, owner, " has no citation");
    for (int i = 0; i < citations.size(); ++i) {
      const v1::Citation& citation = citations[i];
      const std::string path = absl::StrCat(owner, ".citations[", i, "]");
      if (!sources_.contains(citation.source())) {
        return Bad(path, owner, " cites source \"", citation.source(),
                   "\", which is not among the sources");
      }
      if (citation.line() == 0 || (citation.has_last_line() &&
                                   citation.last_line() < citation.line())) {
        return Bad(path, owner, " cites a line that cannot be");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckThemes() {
    if (!data_.has_themes()) return absl::OkStatus();
    const v1::ThemesRule& rule = data_.themes();
    // None: the source speaks of groups without saying which.
    for (int i = 0; i < rule.themes_size(); ++i) {
      const v1::Theme& theme = rule.themes(i);
      const std::string path = absl::StrCat("themes.themes[", i, "]");
      if (theme.name().empty()) return Bad(path, "a theme has no name");
      if (!themes_.insert(theme.name()).second) {
        return Bad(path, "theme ", theme.name(), " is given twice");
      }
      if (theme.has_units_min() &&
          (theme.units_min() < 1 ||
           theme.units_min() > kSpecificationUnitsMax)) {
        return Bad(path, "theme ", theme.name(),
                   ": units_min is not from 1 to ", kSpecificationUnitsMax);
      }
    }
    return CheckCitations("themes", rule.citations());
  }

  absl::Status CheckUnits() {
    if (data_.units_size() > kSpecificationUnitsMax) {
      return Bad("units", "more than ", kSpecificationUnitsMax, " units");
    }
    absl::flat_hash_map<std::string, std::string> accreditation_numbers;
    for (int i = 0; i < data_.units_size(); ++i) {
      const v1::Unit& unit = data_.units(i);
      const std::string path = absl::StrCat("units[", i, "]");
      if (!IsSchemeNumber(unit.number())) {
        return Bad(path, "a unit's number is missing or not a number");
      }
      if (!units_.emplace(unit.number(), &unit).second) {
        return Bad(path, "unit ", unit.number(), " is given twice");
      }
      VOUCH_RETURN_IF_ERROR(CheckUnit(lines_, path, unit));
      if (unit.has_theme() && !themes_.contains(unit.theme())) {
        return Bad(absl::StrCat(path, ".theme"), "unit ", unit.number(),
                   ": theme \"", unit.theme(), "\" is not among the themes");
      }
      if (!unit.has_accreditation_number()) continue;
      const auto [other, added] = accreditation_numbers.emplace(
          unit.accreditation_number(), unit.number());
      if (!added) {
        return Bad(path, "units ", other->second, " and ", unit.number(),
                   " have the same accreditation number ",
                   unit.accreditation_number());
      }
    }
    return absl::OkStatus();
  }

  // The fields that the three kinds of credit rule share.
  template <typename Rule>
  absl::Status CheckCredits(absl::string_view name, const Rule& rule) const {
    if (rule.has_credits_min() &&
        (rule.credits_min() < 1 ||
         rule.credits_min() > kSpecificationCreditsMax)) {
      return Bad(absl::StrCat(name, ".credits_min"), name,
                 ": credits_min is not from 1 to ", kSpecificationCreditsMax,
                 "; leave it out if it is unknown");
    }
    return CheckCitations(name, rule.citations());
  }

  absl::Status CheckCreditRules() const {
    if (!data_.has_total_credits()) {
      return Bad("total_credits", "total_credits is missing");
    }
    VOUCH_RETURN_IF_ERROR(CheckCredits("total_credits", data_.total_credits()));
    if (data_.has_optional_credits()) {
      VOUCH_RETURN_IF_ERROR(
          CheckCredits("optional_credits", data_.optional_credits()));
    }
    if (data_.has_credit_transfer()) {
      VOUCH_RETURN_IF_ERROR(CheckCitations(
          "credit_transfer", data_.credit_transfer().citations()));
    }
    if (!data_.has_level_floor()) return absl::OkStatus();
    const v1::LevelFloorRule& floor = data_.level_floor();
    if (floor.level() < 1 || floor.level() > kSpecificationLevelMax) {
      return Bad("level_floor.level", "level_floor: level is not from 1 to ",
                 kSpecificationLevelMax);
    }
    if (floor.scope() == v1::LEVEL_FLOOR_SCOPE_UNSPECIFIED ||
        !v1::LevelFloorScope_IsValid(floor.scope())) {
      return Bad("level_floor.scope", "level_floor: scope is missing");
    }
    return CheckCredits("level_floor", floor);
  }

  absl::Status CheckUnitNumbers(
      absl::string_view rule,
      const google::protobuf::RepeatedPtrField<std::string>& numbers) const {
    absl::flat_hash_set<absl::string_view> seen;
    for (int i = 0; i < numbers.size(); ++i) {
      const std::string path = absl::StrCat(rule, ".unit_numbers[", i, "]");
      if (!units_.contains(numbers[i])) {
        return Bad(path, rule, ": unit ", numbers[i],
                   " is not among the units");
      }
      if (!seen.insert(numbers[i]).second) {
        return Bad(path, rule, ": unit ", numbers[i], " is given twice");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckMandatoryUnits() const {
    if (!data_.has_mandatory_units()) {
      return Bad("mandatory_units", "mandatory_units is missing");
    }
    const v1::MandatoryUnitsRule& rule = data_.mandatory_units();
    // Which units are optional follows from this list, so that it may only be
    // unknown while no unit is known.
    if (rule.unit_numbers().empty() && !data_.units().empty()) {
      return Bad("mandatory_units",
                 "mandatory_units names no unit, though units are listed");
    }
    VOUCH_RETURN_IF_ERROR(
        CheckUnitNumbers("mandatory_units", rule.unit_numbers()));
    uint32_t sum = 0;
    bool sum_known = !rule.unit_numbers().empty();
    for (const std::string& number : rule.unit_numbers()) {
      const v1::Unit& unit = *units_.at(number);
      if (unit.has_theme()) {
        return Bad("mandatory_units", "mandatory unit ", number,
                   " has a theme; themes are for optional units");
      }
      sum_known = sum_known && unit.has_credit();
      sum += unit.credit();
    }
    if (sum_known && rule.has_credits_min() && rule.credits_min() != sum) {
      return Bad("mandatory_units.credits_min",
                 "mandatory_units: the units have ", sum,
                 " credits, credits_min says ", rule.credits_min());
    }
    return CheckCredits("mandatory_units", rule);
  }

  absl::Status CheckConditions() const {
    if (data_.has_entry_age()) {
      const v1::EntryAge& age = data_.entry_age();
      if (age.kind() == v1::ENTRY_AGE_KIND_UNSPECIFIED ||
          !v1::EntryAgeKind_IsValid(age.kind())) {
        return Bad("entry_age", "entry_age: kind is missing");
      }
      if (age.has_years_min() != (age.kind() == v1::ENTRY_AGE_KIND_MINIMUM)) {
        return Bad("entry_age",
                   "entry_age: years_min goes with the kind MINIMUM only");
      }
      VOUCH_RETURN_IF_ERROR(CheckCitations("entry_age", age.citations()));
    }
    if (data_.has_guided_learning_hours()) {
      const v1::GuidedLearningHours& hours = data_.guided_learning_hours();
      if (hours.hours_min() == 0 || hours.hours_max() < hours.hours_min()) {
        return Bad("guided_learning_hours",
                   "guided_learning_hours: not a range of hours");
      }
      VOUCH_RETURN_IF_ERROR(
          CheckCitations("guided_learning_hours", hours.citations()));
    }
    return absl::OkStatus();
  }

  absl::Status CheckDates() const {
    if (!data_.has_dates()) return absl::OkStatus();
    const v1::QualificationDates& dates = data_.dates();
    if (dates.has_accreditation_end() && !IsDate(dates.accreditation_end())) {
      return Bad("dates.accreditation_end",
                 "dates: accreditation_end is not a day like 2014-07-31");
    }
    if (dates.has_operational_end() && !IsDate(dates.operational_end())) {
      return Bad("dates.operational_end",
                 "dates: operational_end is not a day like 2014-07-31");
    }
    if (dates.has_claim_years_max() &&
        dates.claim_years_max() > kSpecificationClaimYearsMax) {
      return Bad("dates.claim_years_max",
                 "dates: claim_years_max is more than ",
                 kSpecificationClaimYearsMax);
    }
    return CheckCitations("dates", dates.citations());
  }

  absl::Status CheckMethodsAndSimulation() const {
    if (data_.has_methods()) {
      const v1::MethodsRule& rule = data_.methods();
      if (rule.methods().empty()) {
        return Bad("methods", "methods names no method");
      }
      absl::flat_hash_set<int> seen;
      for (int i = 0; i < rule.methods_size(); ++i) {
        const int method = rule.methods(i);
        const std::string path = absl::StrCat("methods.methods[", i, "]");
        if (method == v1::ASSESSMENT_METHOD_UNSPECIFIED ||
            !v1::AssessmentMethod_IsValid(method)) {
          return Bad(path, "methods: unknown method");
        }
        if (!seen.insert(method).second) {
          return Bad(path, "methods: a method is given twice");
        }
      }
      VOUCH_RETURN_IF_ERROR(CheckCitations("methods", rule.citations()));
    }
    if (!data_.has_simulation()) return absl::OkStatus();
    VOUCH_RETURN_IF_ERROR(
        CheckUnitNumbers("simulation", data_.simulation().unit_numbers()));
    return CheckCitations("simulation", data_.simulation().citations());
  }

  absl::Status CheckContradictions() const {
    absl::flat_hash_set<absl::string_view> ids;
    for (int i = 0; i < data_.contradictions_size(); ++i) {
      const v1::Contradiction& entry = data_.contradictions(i);
      const std::string path = absl::StrCat("contradictions[", i, "]");
      if (entry.id().empty() || entry.topic().empty() ||
          entry.reading().empty() || entry.concerns().empty()) {
        return Bad(path, "contradiction \"", entry.id(),
                   "\" needs id, topic, reading and concerns");
      }
      if (!ids.insert(entry.id()).second) {
        return Bad(path, "contradiction ", entry.id(), " is given twice");
      }
      if (entry.statements_size() < 2) {
        return Bad(path, "contradiction ", entry.id(),
                   " needs two statements or more");
      }
      for (int j = 0; j < entry.statements_size(); ++j) {
        const v1::ContradictionStatement& statement = entry.statements(j);
        const std::string at = absl::StrCat(path, ".statements[", j, "]");
        if (statement.text().empty()) {
          return Bad(at, "contradiction ", entry.id(),
                     " has a statement without text");
        }
        VOUCH_RETURN_IF_ERROR(CheckCitations(at, statement.citations()));
      }
    }
    return absl::OkStatus();
  }

  const v1::Specification& data_;
  const JsonLines& lines_;
  absl::flat_hash_set<std::string> sources_;
  absl::flat_hash_set<std::string> themes_;
  absl::flat_hash_map<std::string, const v1::Unit*> units_;
};

}  // namespace

absl::Status CheckSpecification(const v1::Specification& data,
                                const JsonLines& lines) {
  return Checker(data, lines).Run();
}

}  // namespace vouch
