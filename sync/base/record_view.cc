#include "sync/base/record_view.h"

namespace vouch {

absl::string_view RecordStateName(RecordState state) {
  switch (state) {
    case RecordState::kDraft:
      return "draft";
    case RecordState::kSealed:
      return "signed and locked";
    case RecordState::kWithdrawn:
      return "withdrawn";
    case RecordState::kDiscarded:
      return "discarded";
    case RecordState::kEditedAfterDiscard:
      return "edited after discard";
    case RecordState::kLedger:
      return "ledger";
  }
  return "unknown";
}

absl::string_view ConflictKindName(ConflictView::Kind kind) {
  switch (kind) {
    case ConflictView::Kind::kField:
      return "edited apart";
    case ConflictView::Kind::kLedger:
      return "decided apart";
    case ConflictView::Kind::kTransition:
      return "moved apart";
    case ConflictView::Kind::kLifecycle:
      return "withdrawn beside an amendment";
    case ConflictView::Kind::kLateAmendment:
      return "edited beside the signature";
    case ConflictView::Kind::kEditedAfterDiscard:
      return "edited after discard";
  }
  return "unknown";
}

std::string RecordView::MessageBytes() const {
  std::string out;
  for (const FieldView& field : fields) out += field.heads.front().value;
  for (const ValueHead& head : ledger_heads) out += head.value;
  return out;
}

}  // namespace vouch
