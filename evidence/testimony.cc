#include "evidence/testimony.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace vouch {
namespace {

// Shorter runs of digits are house numbers and the like.
constexpr size_t kTelephoneDigitsMin = 6;

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_isalnum(byte) || byte >= 0x80 || c == '.';
}

std::vector<std::string> WordsOf(absl::string_view text) {
  std::vector<std::string> words;
  std::string word;
  auto end = [&] {
    const absl::string_view bare = absl::StripSuffix(word, ".");
    if (!bare.empty()) words.emplace_back(bare);
    word.clear();
  };
  for (char c : text) {
    if (IsWordByte(c)) {
      word.push_back(c);
    } else {
      end();
    }
  }
  end();
  return words;
}

bool IsCriterionNumber(const std::string& word) {
  const std::vector<std::string> parts = absl::StrSplit(word, '.');
  int number;
  return parts.size() == 2 && absl::SimpleAtoi(parts[0], &number) &&
         absl::SimpleAtoi(parts[1], &number);
}

std::string SurnameOf(absl::string_view name) {
  const std::vector<std::string> words =
      absl::StrSplit(name, absl::ByAnyChar(" \t"), absl::SkipWhitespace());
  return words.size() < 2 ? "" : absl::AsciiStrToLower(words.back());
}

// Addresses as they stand; telephone numbers as their digits, without what
// people put between them and before the area code.
std::set<std::string> WaysToReach(absl::string_view contact) {
  std::set<std::string> ways;
  std::string digits;
  auto end = [&] {
    const size_t first = digits.find_first_not_of('0');
    if (first != std::string::npos) digits.erase(0, first);
    if (digits.size() >= kTelephoneDigitsMin) ways.insert(digits);
    digits.clear();
  };
  for (char c : contact) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      digits.push_back(c);
    } else if (!absl::StrContains(" -/()+.", absl::string_view(&c, 1))) {
      end();
    }
  }
  end();
  for (absl::string_view word :
       absl::StrSplit(contact, absl::ByAnyChar(" \t\n,;<>()"))) {
    if (absl::StrContains(word, '@')) {
      ways.insert(absl::AsciiStrToLower(word));
    }
  }
  return ways;
}

}  // namespace

bool ListsCriteria(absl::string_view text, const Specification& specification) {
  int numbers = 0;
  for (const std::string& word : WordsOf(text)) {
    if (specification.FindUnit(word) != nullptr) return true;
    const std::string lower = absl::AsciiStrToLower(word);
    if (lower == "criterion" || lower == "criteria") return true;
    if (IsCriterionNumber(word)) ++numbers;
  }
  return numbers > 1;
}

bool ShareSurname(absl::string_view a, absl::string_view b) {
  const std::string surname = SurnameOf(a);
  return !surname.empty() && surname == SurnameOf(b);
}

bool ShareContact(absl::string_view a, absl::string_view b) {
  const std::set<std::string> ways = WaysToReach(a);
  for (const std::string& way : WaysToReach(b)) {
    if (ways.count(way) > 0) return true;
  }
  return false;
}

}  // namespace vouch
