#include "server/attention_list.h"

#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

std::string PositionAt(const AttentionRow& row, uint64_t given) {
  return absl::StrCat(RecordStateKey(row.scope, row.record), U64Key(given));
}

struct Start {
  std::string key;
  uint64_t given = 0;
};

absl::StatusOr<Start> StartOf(absl::string_view position) {
  Start start;
  if (position.empty()) return start;
  ByteReader in(position);
  start.key = std::string(in.Raw(ScopeId::kSize + RecordId::kSize));
  start.given = in.U64();
  if (!in.Done()) {
    return Error(Reason::kPageTokenInvalid, "the page token is damaged");
  }
  return start;
}

struct Rows {
  std::vector<AttentionRow> wanted;
  std::optional<AttentionRow> next;  // where to go on, if the scan was cut
};

absl::StatusOr<Rows> ScanRows(const Reader& reader, const Start& start,
                              const AttentionPage& page) {
  Rows rows;
  bool damaged = false;
  size_t scanned = 0;
  VOUCH_RETURN_IF_ERROR(reader.Scan(
      Family::kConflict, start.key, "",
      [&](absl::string_view key, absl::string_view value) {
        auto row = DecodeAttention(key, value);
        damaged = !row.has_value();
        if (damaged) return false;
        // Every wanted row has an item, so more rows are never needed.
        if (++scanned > page.rows_max || rows.wanted.size() > page.size_max) {
          rows.next = *row;
          return false;
        }
        if (page.wanted(*row)) rows.wanted.push_back(*row);
        return true;
      }));
  if (damaged) {
    return Error(Reason::kStoreCorrupted,
                 "a value of family conflict is not readable");
  }
  return rows;
}

}  // namespace

absl::StatusOr<std::string> ListAttention(const Centre& centre,
                                          const AttentionPage& page) {
  VOUCH_ASSIGN_OR_RETURN(Start start, StartOf(page.position));
  std::unique_ptr<Reader> snapshot = centre.store()->Snapshot();
  VOUCH_ASSIGN_OR_RETURN(Rows rows, ScanRows(*snapshot, start, page));
  size_t given = 0;
  size_t bytes = 0;
  for (const AttentionRow& row : rows.wanted) {
    VOUCH_ASSIGN_OR_RETURN(
        RecordView view,
        centre.changes().FoldStored(*snapshot, row.scope, row.record));
    const bool begun = RecordStateKey(row.scope, row.record) == start.key;
    const size_t count = page.count(view);
    for (size_t i = begun ? start.given : 0; i < count; ++i) {
      if (given == page.size_max || bytes >= page.bytes_max) {
        return PositionAt(row, i);
      }
      bytes += page.give(view, i);
      ++given;
    }
  }
  return rows.next.has_value() ? PositionAt(*rows.next, 0) : std::string();
}

}  // namespace vouch
