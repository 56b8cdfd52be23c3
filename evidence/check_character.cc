#include "evidence/check_character.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace vouch {
namespace {

constexpr size_t kDigits = 7;
constexpr int kWeights[kDigits] = {8, 7, 6, 5, 4, 3, 2};
constexpr int kModulus = 11;
constexpr absl::string_view kUnitLetters = "ADFHJKLMRTY";
constexpr absl::string_view kQualificationCharacters = "0123456789X";

std::optional<char> CharacterOf(absl::string_view digits,
                                absl::string_view alphabet) {
  if (digits.size() != kDigits) return std::nullopt;
  int sum = 0;
  for (size_t i = 0; i < kDigits; ++i) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(digits[i]))) {
      return std::nullopt;
    }
    sum += kWeights[i] * (digits[i] - '0');
  }
  return alphabet[sum % kModulus];
}

CheckCharacter Compare(std::optional<char> wanted, char printed,
                       absl::string_view alphabet) {
  if (!wanted.has_value() ||
      alphabet.find(printed) == absl::string_view::npos) {
    return CheckCharacter::kNotOfTheForm;
  }
  return *wanted == printed ? CheckCharacter::kRight : CheckCharacter::kWrong;
}

}  // namespace

std::optional<char> UnitCheckLetter(absl::string_view digits) {
  return CharacterOf(digits, kUnitLetters);
}

std::optional<char> QualificationCheckCharacter(absl::string_view digits) {
  return CharacterOf(digits, kQualificationCharacters);
}

CheckCharacter CheckUnitNumber(absl::string_view number) {
  if (number.size() != 10 || number[1] != '/' || number[5] != '/') {
    return CheckCharacter::kNotOfTheForm;
  }
  const std::string digits =
      absl::StrCat(number.substr(2, 3), number.substr(6, 4));
  return Compare(UnitCheckLetter(digits), number[0], kUnitLetters);
}

CheckCharacter CheckQualificationNumber(absl::string_view number) {
  if (number.size() != 10 || number[3] != '/' || number[8] != '/') {
    return CheckCharacter::kNotOfTheForm;
  }
  const std::string digits =
      absl::StrCat(number.substr(0, 3), number.substr(4, 4));
  return Compare(QualificationCheckCharacter(digits), number[9],
                 kQualificationCharacters);
}

}  // namespace vouch
