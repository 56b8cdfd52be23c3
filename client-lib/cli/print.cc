#include "client-lib/cli/print.h"

#include <algorithm>
#include <cstdio>
#include <cwchar>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace vouch::cli {
namespace {

// What a byte that is no UTF-8, or a control, is shown as.
constexpr char kReplacement[] = "\xEF\xBF\xBD";

// The next character of a text in UTF-8 and how many bytes it takes; a byte
// that is none is U+FFFD.
struct Character {
  char32_t code;
  size_t bytes;
};

Character NextOf(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) {
    return {0xFFFD, 1};
  }
  char32_t code = first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {0xFFFD, 1};
    code = (code << 6) | (next & 0x3F);
  }
  return {code, length};
}

bool SteersTheTerminal(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) ||
         (c >= 0x202A && c <= 0x202E) ||  // embeddings and overrides
         (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

}  // namespace

std::string Safe(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character next = NextOf(text);
    if (next.code == '\n' || next.code == '\t') {
      out += ' ';
    } else if (next.code == 0xFFFD || SteersTheTerminal(next.code)) {
      out += kReplacement;
    } else {
      out.append(text.data(), next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return out;
}

size_t WidthOf(absl::string_view text) {
  constexpr char32_t kJoiner = 0x200D;
  constexpr char32_t kAsEmoji = 0xFE0F;
  size_t width = 0;
  size_t last = 0;      // of the character before
  bool joined = false;  // to the character before
  while (!text.empty()) {
    const Character next = NextOf(text);
    text.remove_prefix(next.bytes);
    if (next.code == kAsEmoji && last == 1) {
      ++width;
      last = 2;
    }
    if (next.code == kJoiner || next.code == kAsEmoji) {
      joined = next.code == kJoiner;
      continue;
    }
    const int cells = wcwidth(static_cast<wchar_t>(next.code));
    last = joined ? 0 : cells < 0 ? 1 : static_cast<size_t>(cells);
    width += last;
    joined = false;
  }
  return width;
}

std::vector<std::string> Wrap(absl::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    if (!line.empty() && WidthOf(line) + 1 + WidthOf(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    absl::StrAppend(&line, word);
  }
  lines.push_back(std::move(line));
  return lines;
}

void Columns::Add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = Safe(cell);
  rows_.push_back(std::move(cells));
}

std::string Columns::Text(absl::string_view indent) const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    if (widths.size() < row.size()) widths.resize(row.size());
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], WidthOf(row[i]));
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line(indent);
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - WidthOf(row[i]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

std::string Count(uint64_t number, absl::string_view one,
                  absl::string_view many) {
  return absl::StrCat(number, " ", number == 1 ? one : many);
}

void Print(absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace vouch::cli
