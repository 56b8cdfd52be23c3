// Text for a terminal: columns that line up whatever the script, paragraphs
// that wrap, and nothing in a record that could steer the terminal. Any thread.
//
//   Columns table;
//   table.Add({"kind", "state"});
//   table.Add({"Observation", "draft"});
//   Print(table.Text("  "));
#ifndef VOUCH_CLIENT_LIB_CLI_PRINT_H_
#define VOUCH_CLIENT_LIB_CLI_PRINT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace vouch::cli {

// Without control characters and overrides of direction: what a record holds
// is other people's text. Line breaks become spaces.
std::string Safe(absl::string_view text);

// Cells on a terminal: an emoji takes two, a combining mark none.
size_t WidthOf(absl::string_view text);

// Broken at spaces into lines of at most `width` cells, if words allow.
std::vector<std::string> Wrap(absl::string_view text, size_t width);

class Columns {
 public:
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Every row behind `indent`, cells padded to their column, no trailing
  // spaces. Cells are made safe.
  std::string Text(absl::string_view indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "1 change", "2 changes".
std::string Count(uint64_t number, absl::string_view one,
                  absl::string_view many);

// To standard output, as it is.
void Print(absl::string_view text);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_PRINT_H_
