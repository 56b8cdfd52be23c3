#include "evidence/csv.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "evidence/utf8.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status At(int line, Reason reason, absl::string_view what) {
  return Error(reason, absl::StrCat("line ", line, ": ", what));
}

// Cells row by row.
class Reader {
 public:
  explicit Reader(absl::string_view text) : rest_(text) {
    absl::ConsumePrefix(&rest_, "\xEF\xBB\xBF");
  }

  bool done() const { return rest_.empty(); }

  absl::StatusOr<CsvRow> Row() {
    CsvRow row;
    row.line = line_;
    while (true) {
      VOUCH_ASSIGN_OR_RETURN(std::string cell, Cell());
      if (row.cells.size() == kCsvColumnsMax) {
        return At(line_, Reason::kTooLarge,
                  absl::StrCat("more than ", kCsvColumnsMax, " columns"));
      }
      row.cells.push_back(std::move(cell));
      if (absl::ConsumePrefix(&rest_, ",")) continue;
      if (!EndOfLine()) {
        return At(line_, Reason::kMalformed,
                  "text follows a quoted cell; a quote inside a cell is "
                  "written twice");
      }
      return row;
    }
  }

 private:
  bool EndOfLine() {
    const bool ended = rest_.empty() || absl::ConsumePrefix(&rest_, "\n") ||
                       absl::ConsumePrefix(&rest_, "\r\n");
    if (ended) ++line_;
    return ended;
  }

  absl::StatusOr<std::string> Cell() {
    VOUCH_ASSIGN_OR_RETURN(std::string cell, absl::ConsumePrefix(&rest_, "\"")
                                                 ? Quoted()
                                                 : Plain());
    if (!cell.empty() &&
        absl::string_view("=+-@\t").find(cell[0]) != absl::string_view::npos) {
      return At(line_, Reason::kMalformed,
                "a cell begins like a formula; put a word in front");
    }
    return cell;
  }

  absl::StatusOr<std::string> Plain() {
    const size_t end = rest_.find_first_of(",\r\n");
    const absl::string_view cell = rest_.substr(0, end);
    rest_.remove_prefix(cell.size());
    if (absl::StartsWith(rest_, "\r") && !absl::StartsWith(rest_, "\r\n")) {
      return At(line_, Reason::kMalformed, "a line ends with CR alone");
    }
    if (cell.find('"') != absl::string_view::npos) {
      return At(line_, Reason::kMalformed,
                "a quote within a cell that does not begin with one");
    }
    return Checked(std::string(cell));
  }

  absl::StatusOr<std::string> Quoted() {
    const int begin = line_;
    std::string cell;
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') {
        if (!absl::ConsumePrefix(&rest_, "\"")) return Checked(cell);
      } else if (c == '\r' && absl::StartsWith(rest_, "\n")) {
        continue;
      }
      if (c == '\n') ++line_;
      cell.push_back(c);
      if (cell.size() > kCsvCellBytesMax) break;
    }
    if (cell.size() > kCsvCellBytesMax) return Checked(cell);
    return At(begin, Reason::kMalformed, "a quoted cell does not end");
  }

  absl::StatusOr<std::string> Checked(std::string cell) const {
    if (cell.size() > kCsvCellBytesMax) {
      return At(
          line_, Reason::kTooLarge,
          absl::StrCat("a cell has more than ", kCsvCellBytesMax, " bytes"));
    }
    const bool control = std::any_of(cell.begin(), cell.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
    });
    if (control) {
      return At(line_, Reason::kMalformed, "a cell has a control character");
    }
    return cell;
  }

  absl::string_view rest_;
  int line_ = 1;
};

// For each column asked for, where it stands in the file.
absl::StatusOr<std::vector<size_t>> PlacesOf(
    const std::vector<std::string>& columns, const CsvRow& header) {
  std::vector<size_t> places;
  for (const std::string& column : columns) {
    const auto found =
        std::find(header.cells.begin(), header.cells.end(), column);
    if (found == header.cells.end()) {
      return At(header.line, Reason::kMalformed,
                absl::StrCat("no column \"", column, "\"; the columns are ",
                             absl::StrJoin(columns, ", ")));
    }
    if (std::find(found + 1, header.cells.end(), column) !=
        header.cells.end()) {
      return At(header.line, Reason::kMalformed,
                absl::StrCat("column \"", column, "\" is there twice"));
    }
    places.push_back(static_cast<size_t>(found - header.cells.begin()));
  }
  for (const std::string& cell : header.cells) {
    if (std::find(columns.begin(), columns.end(), cell) == columns.end()) {
      return At(header.line, Reason::kMalformed,
                absl::StrCat("unknown column \"", cell, "\"; the columns are ",
                             absl::StrJoin(columns, ", ")));
    }
  }
  return places;
}

absl::Status CheckBytes(absl::string_view text) {
  if (text.size() > kCsvBytesMax) {
    return Error(Reason::kTooLarge, absl::StrCat("the file has more than ",
                                                 kCsvBytesMax, " bytes"));
  }
  const size_t bad = FirstNotUtf8(text);
  if (bad == text.size()) return absl::OkStatus();
  const auto line = 1 + std::count(text.begin(), text.begin() + bad, '\n');
  return At(static_cast<int>(line), Reason::kNotUtf8,
            "the text is not UTF-8; save the file as \"CSV UTF-8\"");
}

}  // namespace

absl::StatusOr<CsvFile> ReadCsv(absl::string_view text,
                                const std::vector<std::string>& columns) {
  VOUCH_RETURN_IF_ERROR(CheckBytes(text));
  Reader reader(text);
  if (reader.done()) return At(1, Reason::kMalformed, "the file is empty");
  VOUCH_ASSIGN_OR_RETURN(const CsvRow header, reader.Row());
  VOUCH_ASSIGN_OR_RETURN(const std::vector<size_t> places,
                         PlacesOf(columns, header));
  CsvFile file;
  while (!reader.done()) {
    VOUCH_ASSIGN_OR_RETURN(CsvRow row, reader.Row());
    if (row.cells.size() == 1 && row.cells[0].empty()) continue;
    if (row.cells.size() != header.cells.size()) {
      return At(row.line, Reason::kMalformed,
                absl::StrCat(row.cells.size(),
                             " cells, where the first line "
                             "names ",
                             header.cells.size(), " columns"));
    }
    if (file.rows.size() == kCsvRowsMax) {
      return At(row.line, Reason::kTooLarge,
                absl::StrCat("more than ", kCsvRowsMax, " rows"));
    }
    CsvRow ordered;
    ordered.line = row.line;
    for (size_t place : places) {
      ordered.cells.push_back(std::move(row.cells[place]));
    }
    file.rows.push_back(std::move(ordered));
  }
  return file;
}

}  // namespace vouch
