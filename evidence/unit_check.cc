#include "evidence/unit_check.h"

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

template <typename... Parts>
absl::Status Bad(const JsonLines& lines, absl::string_view path,
                 const Parts&... parts) {
  return SpecificationFault(lines, path, absl::StrCat(parts...));
}

absl::Status CheckOutcomes(const JsonLines& lines, absl::string_view path,
                           absl::string_view whose, const v1::Unit& unit) {
  absl::flat_hash_set<uint32_t> outcomes;
  for (int i = 0; i < unit.outcomes_size(); ++i) {
    const v1::LearningOutcome& outcome = unit.outcomes(i);
    const std::string at = absl::StrCat(path, ".outcomes[", i, "]");
    if (outcome.number() == 0 || outcome.label().empty()) {
      return Bad(lines, at, whose,
                 ": an outcome needs a number from 1 and a label");
    }
    if (!outcomes.insert(outcome.number()).second) {
      return Bad(lines, at, whose, ": outcome ", outcome.number(),
                 " is given twice");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCriteria(const JsonLines& lines, absl::string_view path,
                           absl::string_view whose, const v1::Unit& unit) {
  if (unit.criteria_known() == unit.criteria().empty()) {
    return Bad(lines, path, whose,
               unit.criteria_known() ? " has criteria_known but no criteria"
                                     : " has criteria but not criteria_known");
  }
  absl::flat_hash_set<uint32_t> outcomes;
  for (const auto& outcome : unit.outcomes()) {
    outcomes.insert(outcome.number());
  }
  absl::flat_hash_set<std::string> numbers;
  for (int i = 0; i < unit.criteria_size(); ++i) {
    const v1::AssessmentCriterion& criterion = unit.criteria(i);
    const std::string at = absl::StrCat(path, ".criteria[", i, "]");
    if (!outcomes.contains(criterion.outcome())) {
      return Bad(lines, at, whose, ": criterion ", criterion.number(),
                 " belongs to outcome ", criterion.outcome(),
                 ", which is not among the outcomes");
    }
    absl::string_view rest = criterion.number();
    uint32_t count = 0;
    if (!absl::ConsumePrefix(&rest, absl::StrCat(criterion.outcome(), ".")) ||
        !absl::SimpleAtoi(rest, &count) || count == 0 ||
        rest != absl::StrCat(count)) {
      return Bad(lines, at, whose, ": criterion number \"", criterion.number(),
                 "\" is not outcome ", criterion.outcome(),
                 ", a dot and a count from 1");
    }
    if (!numbers.insert(criterion.number()).second) {
      return Bad(lines, at, whose, ": criterion ", criterion.number(),
                 " is given twice");
    }
    if (criterion.label().empty()) {
      return Bad(lines, at, whose, ": criterion ", criterion.number(),
                 " has no label");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRequirements(const JsonLines& lines, absl::string_view path,
                               absl::string_view whose, const v1::Unit& unit) {
  if (!unit.evidence_requirements().empty() &&
      !unit.evidence_requirements_known()) {
    return Bad(lines, path, whose,
               " has evidence requirements but not "
               "evidence_requirements_known");
  }
  absl::flat_hash_set<uint32_t> numbers;
  for (int i = 0; i < unit.evidence_requirements_size(); ++i) {
    const v1::EvidenceRequirement& requirement = unit.evidence_requirements(i);
    const std::string at =
        absl::StrCat(path, ".evidence_requirements[", i, "]");
    if (requirement.number() == 0 || requirement.label().empty()) {
      return Bad(lines, at, whose,
                 ": an evidence requirement needs a number from 1 and a label");
    }
    if (!numbers.insert(requirement.number()).second) {
      return Bad(lines, at, whose, ": evidence requirement ",
                 requirement.number(), " is given twice");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SpecificationFault(const JsonLines& lines, absl::string_view path,
                                absl::string_view what) {
  return Error(Reason::kSpecificationInvalid,
               absl::StrCat("line ", lines.LineOf(path), ": ", what));
}

bool IsSchemeNumber(absl::string_view number) {
  if (number.empty() || number.size() > kSchemeNumberBytesMax) return false;
  for (char c : number) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '/' &&
        c != '.' && c != '-') {
      return false;
    }
  }
  return true;
}

// A flag on a number that is right after all is refused as well: it would
// hide the next misprint.
absl::Status CheckAccreditationNumber(const JsonLines& lines,
                                      absl::string_view path,
                                      absl::string_view whose,
                                      absl::string_view number, bool flagged,
                                      CheckCharacter check) {
  if (!IsSchemeNumber(number)) {
    return Bad(lines, path, whose, ": \"", number,
               "\" is not an accreditation number");
  }
  if (flagged) {
    return check == CheckCharacter::kRight
               ? Bad(lines, path, whose, ": ", number,
                     " is flagged as unverified but its check character is "
                     "right")
               : absl::OkStatus();
  }
  if (check == CheckCharacter::kWrong) {
    return Bad(lines, path, whose, ": the check character of ", number,
               " is wrong; if it is printed so, flag it as unverified");
  }
  if (check == CheckCharacter::kNotOfTheForm) {
    return Bad(lines, path, whose, ": ", number,
               " does not have the form of an accreditation number; if it "
               "is printed so, flag it as unverified");
  }
  return absl::OkStatus();
}

absl::Status CheckUnit(const JsonLines& lines, absl::string_view path,
                       const v1::Unit& unit) {
  const std::string whose = absl::StrCat("unit ", unit.number());
  if (unit.title().empty()) return Bad(lines, path, whose, " has no title");
  if (unit.has_accreditation_number()) {
    VOUCH_RETURN_IF_ERROR(CheckAccreditationNumber(
        lines, absl::StrCat(path, ".accreditation_number"), whose,
        unit.accreditation_number(), unit.accreditation_number_unverified(),
        CheckUnitNumber(unit.accreditation_number())));
  } else if (unit.accreditation_number_unverified()) {
    return Bad(lines, path, whose, " has no accreditation number to flag");
  }
  if (unit.has_credit() &&
      (unit.credit() < 1 || unit.credit() > kSpecificationCreditsMax)) {
    return Bad(lines, absl::StrCat(path, ".credit"), whose,
               ": credit is not from 1 to ", kSpecificationCreditsMax,
               "; leave it out if it is unknown");
  }
  if (unit.has_level() &&
      (unit.level() < 1 || unit.level() > kSpecificationLevelMax)) {
    return Bad(lines, absl::StrCat(path, ".level"), whose,
               ": level is not from 1 to ", kSpecificationLevelMax,
               "; leave it out if it is unknown");
  }
  VOUCH_RETURN_IF_ERROR(CheckOutcomes(lines, path, whose, unit));
  VOUCH_RETURN_IF_ERROR(CheckCriteria(lines, path, whose, unit));
  return CheckRequirements(lines, path, whose, unit);
}

}  // namespace vouch
