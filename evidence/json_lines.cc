#include "evidence/json_lines.h"

#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "evidence/utf8.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

bool IsSnakeCase(absl::string_view key) {
  if (key.empty()) return false;
  for (char c : key) {
    const bool allowed = absl::ascii_islower(static_cast<unsigned char>(c)) ||
                         absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                         c == '_';
    if (!allowed) return false;
  }
  return true;
}

// By the grammar of RFC 8259.
bool IsNumber(absl::string_view word) {
  const auto digits = [&word] {
    size_t count = 0;
    while (!word.empty() &&
           absl::ascii_isdigit(static_cast<unsigned char>(word[0]))) {
      word.remove_prefix(1);
      ++count;
    }
    return count;
  };
  absl::ConsumePrefix(&word, "-");
  const bool zero_first = absl::StartsWith(word, "0");
  const size_t whole = digits();
  if (whole == 0 || (zero_first && whole > 1)) return false;
  if (absl::ConsumePrefix(&word, ".") && digits() == 0) return false;
  if (absl::ConsumePrefix(&word, "e") || absl::ConsumePrefix(&word, "E")) {
    if (!absl::ConsumePrefix(&word, "-")) absl::ConsumePrefix(&word, "+");
    if (digits() == 0) return false;
  }
  return word.empty();
}

}  // namespace

// One pass over the text. Recursion is bounded by kDepthMax.
class JsonScanner {
 public:
  explicit JsonScanner(absl::string_view text) : text_(text) {}

  absl::StatusOr<JsonLines> Run() {
    SkipSpace();
    if (Peek() != '{') return Bad("the file is not a JSON object");
    VOUCH_RETURN_IF_ERROR(Value("", 0));
    SkipSpace();
    if (at_ != text_.size()) return Bad("text after the end of the object");
    return std::move(found_);
  }

 private:
  absl::Status Bad(absl::string_view what) const {
    return Error(Reason::kSpecificationInvalid,
                 absl::StrCat("line ", line_, ": ", what));
  }

  // 0 at the end.
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void SkipSpace() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
      ++at_;
    }
  }

  absl::Status Value(const std::string& path, int depth) {
    if (depth > JsonLines::kDepthMax) return Bad("nested too deep");
    found_.lines_[path] = line_;
    switch (Peek()) {
      case '{':
        return Object(path, depth);
      case '[':
        return List(path, depth);
      case '"':
        return String(nullptr);
      default:
        return Scalar();
    }
  }

  absl::Status Object(const std::string& path, int depth) {
    ++at_;
    absl::flat_hash_set<std::string> keys;
    SkipSpace();
    if (Peek() == '}') {
      ++at_;
      return absl::OkStatus();
    }
    for (;;) {
      SkipSpace();
      if (Peek() != '"') return Bad("a key in quotes was expected");
      std::string key;
      VOUCH_RETURN_IF_ERROR(String(&key));
      if (!IsSnakeCase(key)) {
        return Bad(absl::StrCat("unknown key \"", key, "\""));
      }
      if (!keys.insert(key).second) {
        return Bad(absl::StrCat("key \"", key, "\" is given twice"));
      }
      SkipSpace();
      if (Peek() != ':') return Bad("':' was expected after a key");
      ++at_;
      SkipSpace();
      const size_t begin = at_;
      VOUCH_RETURN_IF_ERROR(
          Value(path.empty() ? key : absl::StrCat(path, ".", key), depth + 1));
      if (key == "number" && text_[begin] == '"') {
        found_.numbers_[path] =
            std::string(text_.substr(begin + 1, at_ - begin - 2));
      }
      SkipSpace();
      const char next = Peek();
      if (next != ',' && next != '}') return Bad("',' or '}' was expected");
      ++at_;
      if (next == '}') return absl::OkStatus();
    }
  }

  absl::Status List(const std::string& path, int depth) {
    ++at_;
    SkipSpace();
    if (Peek() == ']') {
      ++at_;
      return absl::OkStatus();
    }
    for (size_t i = 0;; ++i) {
      SkipSpace();
      VOUCH_RETURN_IF_ERROR(Value(absl::StrCat(path, "[", i, "]"), depth + 1));
      SkipSpace();
      const char next = Peek();
      if (next != ',' && next != ']') return Bad("',' or ']' was expected");
      ++at_;
      if (next == ']') return absl::OkStatus();
    }
  }

  // `raw`, if given, gets the text between the quotes, escapes and all.
  absl::Status String(std::string* raw) {
    const size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      const char c = text_[at_];
      if (static_cast<uint8_t>(c) < 0x20) {
        return Bad("a string is not closed, or holds a control character");
      }
      const size_t size = Utf8SequenceSize(text_.substr(at_));
      if (size == 0) return Bad("the text is not UTF-8");
      at_ += c == '\\' ? 2 : size;
    }
    if (at_ >= text_.size()) return Bad("a string is not closed");
    if (raw != nullptr) *raw = std::string(text_.substr(begin, at_ - begin));
    ++at_;
    return absl::OkStatus();
  }

  // Whether the kind of value fits its field is protobuf's to say.
  absl::Status Scalar() {
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(text_[at_])) ||
            text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.')) {
      ++at_;
    }
    const absl::string_view word = text_.substr(begin, at_ - begin);
    if (word.empty()) return Bad("a value was expected");
    if (word != "true" && word != "false" && word != "null" &&
        !IsNumber(word)) {
      return Bad(absl::StrCat("\"", word, "\" is not a value"));
    }
    return absl::OkStatus();
  }

  const absl::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  JsonLines found_;
};

absl::StatusOr<JsonLines> JsonLines::Scan(absl::string_view json) {
  return JsonScanner(json).Run();
}

int JsonLines::LineOf(absl::string_view path) const {
  for (;;) {
    const auto found = lines_.find(path);
    if (found != lines_.end()) return found->second;
    const size_t cut = path.find_last_of(".[");
    if (cut == absl::string_view::npos) return 1;
    path = path.substr(0, cut);
  }
}

std::string JsonLines::OwnerOf(absl::string_view path) const {
  if (absl::StartsWith(path, "units[")) {
    const size_t end = path.find(']');
    const auto number = numbers_.find(path.substr(0, end + 1));
    if (number != numbers_.end()) return absl::StrCat("unit ", number->second);
  }
  return std::string(path);
}

}  // namespace vouch
