// Where each value of a JSON text stands, and whether the text is JSON in the
// strict sense: protobuf's own parser knows no lines, takes the last of two
// equal keys and lets a trailing comma pass, none of which will do for a file
// that people write by hand and awards depend on.
//
//   VOUCH_ASSIGN_OR_RETURN(JsonLines lines, JsonLines::Scan(text));
//   lines.LineOf("units[3].credit")   // 118
//
// A value; usable from any thread.
#ifndef VOUCH_EVIDENCE_JSON_LINES_H_
#define VOUCH_EVIDENCE_JSON_LINES_H_

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vouch {

class JsonLines {
 public:
  // Objects and lists may be nested this deep.
  static constexpr int kDepthMax = 32;

  // SPECIFICATION_INVALID, naming the line, unless `json` is one JSON object
  // in UTF-8 whose keys are snake_case and unique within their object.
  static absl::StatusOr<JsonLines> Scan(absl::string_view json);

  // The line, from 1, of the value at `path`: keys joined by dots, list
  // positions in brackets from 0. For a path that is not in the text, the line
  // of the nearest enclosing value that is.
  int LineOf(absl::string_view path) const;
  // "unit F1" for a path at or below the unit of that number; otherwise the
  // path itself.
  std::string OwnerOf(absl::string_view path) const;

 private:
  friend class JsonScanner;
  absl::flat_hash_map<std::string, int> lines_;
  // Of each object whose key "number" has a string for value.
  absl::flat_hash_map<std::string, std::string> numbers_;
};

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_JSON_LINES_H_
