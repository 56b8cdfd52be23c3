// Comma-separated files as spreadsheets save them (RFC 4180), read strictly:
// what one program takes for two cells and another for one must not decide an
// award.
//
//   VOUCH_ASSIGN_OR_RETURN(
//       CsvFile file, ReadCsv(text, {"unit", "kind", "number", "text"}));
//   file.rows[0].cells[3]   // by the position in the list above
//   file.rows[0].line       // 2
//
// UTF-8, with or without a byte order mark; the first line names the columns,
// in any order. Lines end with LF or CRLF; a quoted cell may hold commas, line
// breaks and doubled quotes. Empty lines are passed over.
//
// A cell that a spreadsheet would run as a formula, that is one beginning with
// = + - @ or a tab, is refused: such a cell is a mistake or an attack, and this
// software hands cells on to files that people open.
//
// Pure; any thread.
#ifndef VOUCH_EVIDENCE_CSV_H_
#define VOUCH_EVIDENCE_CSV_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vouch {

inline constexpr size_t kCsvBytesMax = size_t{64} << 20;
inline constexpr size_t kCsvRowsMax = 200000;
inline constexpr size_t kCsvCellBytesMax = size_t{64} << 10;
inline constexpr size_t kCsvColumnsMax = 100;

struct CsvRow {
  int line = 0;                    // where it begins, from 1
  std::vector<std::string> cells;  // in the order asked for
};

struct CsvFile {
  std::vector<CsvRow> rows;
};

// `columns` are all needed, and no other is taken. Errors, each naming the
// line: NOT_UTF8; MALFORMED for a missing, repeated or unknown column, a row
// with more or fewer cells than columns, a quote out of place, a control
// character or a formula; TOO_LARGE above the limits.
absl::StatusOr<CsvFile> ReadCsv(absl::string_view text,
                                const std::vector<std::string>& columns);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_CSV_H_
