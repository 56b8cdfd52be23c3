// The check character of accreditation numbers. The seven digits are weighted
// 8, 7, 6, 5, 4, 3, 2; the sum's remainder by 11 gives a unit number's leading
// letter and a qualification number's last character.
//
//   CheckUnitNumber("F/601/1609")            // kRight
//   CheckQualificationNumber("501/0231/X")   // kRight
//   CheckQualificationNumber("501/0287/12")  // kNotOfTheForm
//
// Pure; any thread.
#ifndef VOUCH_EVIDENCE_CHECK_CHARACTER_H_
#define VOUCH_EVIDENCE_CHECK_CHARACTER_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace vouch {

enum class CheckCharacter {
  kRight,
  // Of the form, with another check character than its digits give: a
  // misprint.
  kWrong,
  // Not seven digits in the form that carries a check character.
  kNotOfTheForm,
};

// `number` like "F/601/1609".
CheckCharacter CheckUnitNumber(absl::string_view number);
// `number` like "501/0263/1".
CheckCharacter CheckQualificationNumber(absl::string_view number);

// The leading letter that a unit number with these seven digits has, or the
// last character of a qualification's. Absent unless `digits` is seven digits.
std::optional<char> UnitCheckLetter(absl::string_view digits);
std::optional<char> QualificationCheckCharacter(absl::string_view digits);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_CHECK_CHARACTER_H_
