// Just enough JSON for the golden vectors: objects and lists of strings that
// need no escaping (names, decimal numbers, hexadecimal bytes).
#ifndef VOUCH_TESTS_VECTORS_JSON_H_
#define VOUCH_TESTS_VECTORS_JSON_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sync/base/ids.h"

namespace vouch::test {

// A JSON value as text. A value type.
class Json {
 public:
  static Json Text(absl::string_view text) {
    return Json(absl::StrCat("\"", text, "\""));
  }
  static Json Bytes(absl::string_view bytes) {
    return Text(absl::BytesToHexString(bytes));
  }
  template <typename Tag, size_t N>
  static Json Of(const FixedBytes<Tag, N>& id) {
    return Text(id.Hex());
  }
  // Numbers are decimal strings: JSON's own lose digits above 2^53.
  template <typename Integer>
  static Json Number(Integer value) {
    return Text(absl::StrCat(value));
  }
  static Json Bool(bool value) { return Json(value ? "true" : "false"); }

  static Json List(const std::vector<Json>& items) {
    std::vector<std::pair<std::string, Json>> unnamed;
    for (const Json& item : items) unnamed.push_back({"", item});
    return Nest('[', ']', unnamed);
  }
  static Json Object(const std::vector<std::pair<std::string, Json>>& members) {
    return Nest('{', '}', members);
  }
  const std::string& text() const { return text_; }

 private:
  explicit Json(std::string text) : text_(std::move(text)) {}
  static Json Nest(char open, char close,
                   const std::vector<std::pair<std::string, Json>>& members) {
    if (members.empty()) return Json({open, close});
    std::string out(1, open);
    const char* comma = "\n";
    for (const auto& [name, value] : members) {
      absl::StrAppend(&out, comma, " ");
      if (!name.empty()) absl::StrAppend(&out, "\"", name, "\": ");
      for (char c : value.text_) {
        out += c;
        if (c == '\n') out += ' ';
      }
      comma = ",\n";
    }
    absl::StrAppend(&out, "\n", std::string(1, close));
    return Json(std::move(out));
  }

  std::string text_;
};

}  // namespace vouch::test

#endif  // VOUCH_TESTS_VECTORS_JSON_H_
