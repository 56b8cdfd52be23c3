#include "evidence/unit_contents.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "evidence/csv.h"
#include "evidence/specification_data.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status At(int line, Reason reason, absl::string_view what) {
  return Error(reason, absl::StrCat("line ", line, ": ", what));
}

// A count from 1 as people write it; 0 if it is none.
uint32_t CountOf(absl::string_view text) {
  uint32_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || text != absl::StrCat(count)) return 0;
  return count;
}

enum Column { kUnit, kKind, kNumber, kText };

// The rows of one file.
class Rows {
 public:
  explicit Rows(const Specification& specification)
      : specification_(specification) {}

  absl::Status Add(const CsvRow& row) {
    const std::string& name = row.cells[kUnit];
    const v1::Unit* unit = specification_.FindUnit(name);
    if (unit == nullptr) {
      unit = specification_.FindUnitByAccreditationNumber(name);
    }
    if (unit == nullptr) {
      return At(row.line, Reason::kSpecificationUnknown,
                absl::StrCat("specification ", specification_.id(),
                             " has no unit \"", name, "\""));
    }
    const std::string& kind = row.cells[kKind];
    if (!seen_.insert({unit->number(), kind, row.cells[kNumber]}).second) {
      return At(row.line, Reason::kMalformed,
                absl::StrCat(kind, " ", row.cells[kNumber], " of unit ", name,
                             " is given twice"));
    }
    if (++rows_[unit->number()] > 2 * kUnitCriteriaMax) {
      return At(row.line, Reason::kTooLarge,
                absl::StrCat("too many rows for unit ", name));
    }
    v1::UnitContents& contents =
        by_position_[*specification_.PositionOf(unit->number())];
    contents.set_unit(UnitKeyOf(specification_, *unit));
    return AddTo(row, &contents);
  }

  absl::StatusOr<std::vector<v1::UnitContents>> Take() {
    std::vector<v1::UnitContents> all;
    for (auto& [position, contents] : by_position_) {
      const v1::Unit& unit = specification_.data().units(position);
      VOUCH_RETURN_IF_ERROR(CheckOutcomes(unit.number(), contents.criteria()));
      VOUCH_RETURN_IF_ERROR(CheckFits(unit, contents));
      all.push_back(std::move(contents));
    }
    return all;
  }

 private:
  static absl::Status AddTo(const CsvRow& row, v1::UnitContents* contents) {
    const std::string& kind = row.cells[kKind];
    const std::string& number = row.cells[kNumber];
    const std::string& text = row.cells[kText];
    if (kind == "no requirements") {
      if (!number.empty() || !text.empty() ||
          !contents->requirements().requirements().empty()) {
        return At(row.line, Reason::kMalformed,
                  "\"no requirements\" stands alone: no number, no text, and "
                  "no requirement of the unit");
      }
      contents->mutable_requirements();
      return absl::OkStatus();
    }
    if (text.empty()) {
      return At(row.line, Reason::kMalformed,
                absl::StrCat(kind, " ", number, " has no text"));
    }
    if (kind == "outcome" && CountOf(number) > 0) {
      v1::LearningOutcome* outcome =
          contents->mutable_criteria()->add_outcomes();
      outcome->set_number(CountOf(number));
      outcome->set_label(text);
      return absl::OkStatus();
    }
    if (kind == "requirement" && CountOf(number) > 0) {
      const bool none = contents->has_requirements() &&
                        contents->requirements().requirements().empty();
      if (none) {
        return At(row.line, Reason::kMalformed,
                  "the unit has \"no requirements\" and a requirement");
      }
      v1::EvidenceRequirement* requirement =
          contents->mutable_requirements()->add_requirements();
      requirement->set_number(CountOf(number));
      requirement->set_label(text);
      return absl::OkStatus();
    }
    if (kind == "criterion") return AddCriterion(row, contents);
    return At(row.line, Reason::kMalformed,
              kind == "outcome" || kind == "requirement"
                  ? absl::StrCat("\"", number, "\" is not a count from 1")
                  : absl::StrCat("kind \"", kind,
                                 "\" is none of outcome, criterion, "
                                 "requirement, no requirements"));
  }

  static absl::Status AddCriterion(const CsvRow& row,
                                   v1::UnitContents* contents) {
    const absl::string_view number = row.cells[kNumber];
    const size_t dot = number.find('.');
    const uint32_t outcome = CountOf(number.substr(0, dot));
    if (dot == absl::string_view::npos || outcome == 0 ||
        CountOf(number.substr(dot + 1)) == 0) {
      return At(row.line, Reason::kMalformed,
                absl::StrCat("criterion number \"", number,
                             "\" is not an outcome, a dot and a count from 1"));
    }
    v1::AssessmentCriterion* criterion =
        contents->mutable_criteria()->add_criteria();
    criterion->set_outcome(outcome);
    criterion->set_number(std::string(number));
    criterion->set_label(row.cells[kText]);
    return absl::OkStatus();
  }

  static absl::Status CheckOutcomes(absl::string_view unit,
                                    const v1::UnitCriteria& criteria) {
    std::set<uint32_t> outcomes;
    for (const auto& outcome : criteria.outcomes()) {
      outcomes.insert(outcome.number());
    }
    for (const auto& criterion : criteria.criteria()) {
      if (outcomes.count(criterion.outcome()) > 0) continue;
      return Error(Reason::kMalformed,
                   absl::StrCat("unit ", unit, ": criterion ",
                                criterion.number(), " belongs to outcome ",
                                criterion.outcome(), ", which has no row"));
    }
    if (criteria.criteria().empty() && !criteria.outcomes().empty()) {
      return Error(
          Reason::kMalformed,
          absl::StrCat("unit ", unit, ": there are outcomes and no criteria"));
    }
    return absl::OkStatus();
  }

  const Specification& specification_;
  std::set<std::vector<std::string>> seen_;
  std::map<std::string, int> rows_;
  std::map<int, v1::UnitContents> by_position_;
};

// The numbers of the items, so that two lists can be told apart.
template <typename Items>
std::vector<std::string> NumbersOf(const Items& items) {
  std::vector<std::string> numbers;
  for (const auto& item : items) numbers.push_back(absl::StrCat(item.number()));
  return numbers;
}

// The checks of a unit in a file, by a file of that unit alone.
absl::Status CheckAlone(const v1::Unit& unit) {
  v1::Specification file;
  file.set_id("x");
  file.set_version(1);
  file.set_awarding_body("x");
  file.set_title("x");
  file.set_level(1);
  v1::SpecificationSource* source = file.add_sources();
  source->set_id("x");
  source->set_description("x");
  v1::Citation citation;
  citation.set_source("x");
  citation.set_line(1);
  *file.mutable_total_credits()->add_citations() = citation;
  *file.mutable_mandatory_units()->add_citations() = citation;
  file.mutable_mandatory_units()->add_unit_numbers(unit.number());
  *file.add_units() = unit;
  file.mutable_units(0)->clear_theme();
  return MakeSpecification(file).status();
}

}  // namespace

std::string UnitKeyOf(const Specification& specification,
                      const v1::Unit& unit) {
  if (unit.has_accreditation_number() &&
      !unit.accreditation_number_unverified()) {
    return unit.accreditation_number();
  }
  return absl::StrCat(specification.id(), " ", unit.number());
}

absl::StatusOr<std::vector<v1::UnitContents>> ReadUnitContents(
    absl::string_view text, const Specification& specification) {
  VOUCH_ASSIGN_OR_RETURN(const CsvFile file,
                         ReadCsv(text, {"unit", "kind", "number", "text"}));
  Rows rows(specification);
  for (const CsvRow& row : file.rows) VOUCH_RETURN_IF_ERROR(rows.Add(row));
  return rows.Take();
}

absl::Status CheckFits(const v1::Unit& unit, const v1::UnitContents& contents) {
  const v1::UnitCriteria& criteria = contents.criteria();
  if (contents.has_criteria() && unit.criteria_known() &&
      (NumbersOf(criteria.criteria()) != NumbersOf(unit.criteria()) ||
       NumbersOf(criteria.outcomes()) != NumbersOf(unit.outcomes()))) {
    return Error(Reason::kSpecificationInvalid,
                 absl::StrCat("unit ", unit.number(),
                              ": the specification states other criteria; "
                              "what is stated changes by a new version"));
  }
  if (contents.has_requirements() && unit.evidence_requirements_known() &&
      NumbersOf(contents.requirements().requirements()) !=
          NumbersOf(unit.evidence_requirements())) {
    return Error(Reason::kSpecificationInvalid,
                 absl::StrCat("unit ", unit.number(),
                              ": the specification states other evidence "
                              "requirements; what is stated changes by a new "
                              "version"));
  }
  return absl::OkStatus();
}

absl::StatusOr<FilledIn> FillIn(const Specification& specification,
                                const ContentsByUnit& contents) {
  v1::Specification data = specification.data();
  std::vector<std::string> filled;
  std::vector<std::string> ignored;
  for (v1::Unit& unit : *data.mutable_units()) {
    const auto found = contents.find(UnitKeyOf(specification, unit));
    if (found == contents.end()) continue;
    const absl::Status fits = CheckFits(unit, found->second);
    if (!fits.ok()) {
      ignored.emplace_back(fits.message());
      continue;
    }
    const v1::Unit before = unit;
    if (found->second.has_criteria()) {
      *unit.mutable_outcomes() = found->second.criteria().outcomes();
      *unit.mutable_criteria() = found->second.criteria().criteria();
      unit.set_criteria_known(!unit.criteria().empty());
    }
    if (found->second.has_requirements()) {
      *unit.mutable_evidence_requirements() =
          found->second.requirements().requirements();
      unit.set_evidence_requirements_known(true);
    }
    // Whoever wrote the record, each unit passes a file's checks by itself.
    const absl::Status checked = CheckAlone(unit);
    if (!checked.ok()) {
      ignored.emplace_back(checked.message());
      unit = before;
      continue;
    }
    filled.push_back(unit.number());
  }
  if (filled.empty()) return FilledIn{specification, {}, std::move(ignored)};
  VOUCH_ASSIGN_OR_RETURN(Specification made, MakeSpecification(data));
  return FilledIn{std::move(made), std::move(filled), std::move(ignored)};
}

}  // namespace vouch
