#include "sync/core/suggest.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/types/span.h"

namespace vouch {
namespace {

// Words are compared without the space that follows them, since the last one
// of a text would otherwise differ as soon as something is added to it.
struct Word {
  absl::string_view text;
  absl::string_view space;
};

bool IsSpace(char c) {
  return absl::ascii_isspace(static_cast<unsigned char>(c));
}

// The first word is empty and stands for the space before the text.
std::vector<Word> Split(absl::string_view text) {
  std::vector<Word> words;
  size_t at = 0;
  do {
    size_t start = at;
    if (!words.empty()) {
      while (at < text.size() && !IsSpace(text[at])) ++at;
    }
    size_t end = at;
    while (at < text.size() && IsSpace(text[at])) ++at;
    words.push_back(
        {text.substr(start, end - start), text.substr(end, at - end)});
  } while (at < text.size());
  return words;
}

constexpr size_t kUnmatched = SIZE_MAX;

// For each word of `base`, the word of `other` that it is in a longest common
// subsequence, or kUnmatched.
std::vector<size_t> Match(absl::Span<const Word> base,
                          absl::Span<const Word> other) {
  const size_t n = base.size(), m = other.size();
  std::vector<uint16_t> length((n + 1) * (m + 1), 0);
  auto at = [&](size_t i, size_t j) -> uint16_t& {
    return length[i * (m + 1) + j];
  };
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      at(i, j) = base[i].text == other[j].text
                     ? static_cast<uint16_t>(at(i + 1, j + 1) + 1)
                     : std::max(at(i + 1, j), at(i, j + 1));
    }
  }
  std::vector<size_t> matches(n, kUnmatched);
  for (size_t i = 0, j = 0; i < n && j < m;) {
    if (base[i].text == other[j].text) {
      matches[i++] = j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      ++i;
    } else {
      ++j;
    }
  }
  return matches;
}

bool Same(absl::Span<const Word> a, absl::Span<const Word> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Word& x, const Word& y) {
                      return x.text == y.text && x.space == y.space;
                    });
}

// Of three versions, the one to keep; null if both sides changed it apart.
template <typename T, typename Equal>
const T* Choose(const T& base, const T& a, const T& b, Equal equal) {
  if (equal(a, base) || equal(a, b)) return &b;
  if (equal(b, base)) return &a;
  return nullptr;
}

}  // namespace

std::optional<std::string> SuggestMerge(absl::string_view base,
                                        absl::string_view a,
                                        absl::string_view b) {
  const std::vector<Word> base_words = Split(base);
  const std::vector<Word> a_words = Split(a), b_words = Split(b);
  for (const auto* words : {&base_words, &a_words, &b_words}) {
    if (words->size() > kSuggestWordsMax) return std::nullopt;
  }
  const std::vector<size_t> in_a = Match(base_words, a_words);
  const std::vector<size_t> in_b = Match(base_words, b_words);
  std::string merged;
  size_t i = 0, ia = 0, ib = 0;
  while (true) {
    size_t next = i;
    while (next < base_words.size() &&
           (in_a[next] == kUnmatched || in_b[next] == kUnmatched)) {
      ++next;
    }
    const bool end = next == base_words.size();
    const size_t next_a = end ? a_words.size() : in_a[next];
    const size_t next_b = end ? b_words.size() : in_b[next];
    using Words = absl::Span<const Word>;
    const Words of_base = Words(base_words).subspan(i, next - i);
    const Words of_a = Words(a_words).subspan(ia, next_a - ia);
    const Words of_b = Words(b_words).subspan(ib, next_b - ib);
    const Words* chosen = Choose(of_base, of_a, of_b, Same);
    if (chosen == nullptr) return std::nullopt;
    for (const Word& word : *chosen) {
      merged.append(word.text.data(), word.text.size());
      merged.append(word.space.data(), word.space.size());
    }
    if (end) return merged;
    const absl::string_view* space =
        Choose(base_words[next].space, a_words[next_a].space,
               b_words[next_b].space, std::equal_to<absl::string_view>());
    if (space == nullptr) return std::nullopt;
    merged.append(base_words[next].text.data(), base_words[next].text.size());
    merged.append(space->data(), space->size());
    i = next + 1;
    ia = next_a + 1;
    ib = next_b + 1;
  }
}

}  // namespace vouch
