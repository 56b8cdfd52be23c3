#include "server/describe.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evidence/kinds.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// As UUIDs are written: 8-4-4-4-12 digits.
std::string UuidText(const RecordId& id) {
  const std::string hex = id.Hex();
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-",
                      hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

// record, path and element (sync.md §4): the same text on every replica.
std::string HandleOf(const RecordView& view, const ConflictView& conflict) {
  std::string handle = UuidText(view.id);
  if (conflict.path.empty() && !conflict.element.has_value()) return handle;
  absl::StrAppend(
      &handle, "/",
      conflict.path.empty() ? "late" : absl::StrJoin(conflict.path, "."));
  if (conflict.element.has_value()) {
    absl::StrAppend(&handle, "/", conflict.element->Hex());
  }
  return handle;
}

v1::ConflictSide DescribeSide(const ValueHead& head) {
  v1::ConflictSide side;
  side.set_author(head.author.Bytes());
  side.set_claimed_ms(head.claimed_ms);
  side.set_value(head.value);
  side.set_change(head.change.Bytes());
  return side;
}

}  // namespace

v1::RecordSummary DescribeRecord(const RecordSummaryRow& row,
                                 const RecordView& view) {
  v1::RecordSummary record;
  record.set_record_id(row.record.Bytes());
  record.set_scope_id(row.scope.Bytes());
  record.set_kind(row.kind);
  if (const Kind* kind = FindKind(row.kind)) record.set_kind_name(kind->name);
  const absl::string_view state = RecordStateName(row.state);
  record.set_state(std::string(state));
  record.set_message(view.MessageBytes());
  record.set_conflicts(row.conflicts);
  record.set_held(row.held);
  record.set_changes(row.changes);
  return record;
}

v1::ConflictSummary DescribeConflict(const RecordView& view,
                                     const ConflictView& conflict) {
  v1::ConflictSummary summary;
  summary.set_handle(HandleOf(view, conflict));
  summary.set_version(conflict.version.Bytes());
  summary.set_record_id(view.id.Bytes());
  summary.set_kind(view.kind);
  summary.set_what(std::string(ConflictKindName(conflict.kind)));
  const Kind* kind = FindKind(view.kind);
  const KindField* field = kind == nullptr || conflict.path.empty()
                               ? nullptr
                               : kind->FindField(conflict.path[0]);
  if (field != nullptr) summary.set_field(field->label);
  for (const ValueHead& head : conflict.heads) {
    *summary.add_sides() = DescribeSide(head);
  }
  if (conflict.base.has_value()) {
    *summary.mutable_base() = DescribeSide(*conflict.base);
  }
  return summary;
}

v1::HeldChangeSummary DescribeHeld(const RecordView& view,
                                   const HeldChange& held) {
  v1::HeldChangeSummary summary;
  summary.set_change(held.change.Bytes());
  summary.set_record_id(view.id.Bytes());
  summary.set_author(held.author.Bytes());
  if (held.reason != Reason::kUnspecified) {
    summary.set_reason(std::string(ReasonName(held.reason)));
  }
  if (!held.cause.IsZero()) summary.set_cause(held.cause.Bytes());
  summary.set_parked(held.parked);
  return summary;
}

}  // namespace vouch
