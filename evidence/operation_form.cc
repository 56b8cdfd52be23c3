#include "evidence/operation_form.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "evidence/permissions.h"
#include "evidence/wire_field.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status NotAllowed(absl::string_view why) {
  return Error(Reason::kOperationNotAllowed, why);
}

bool FitsLife(v1::Life life, MergeClass c) {
  switch (c) {
    case MergeClass::kCreate:
    case MergeClass::kRegister:
    case MergeClass::kRelease:
      return true;
    case MergeClass::kSetAdd:
    case MergeClass::kSetRemove:
    case MergeClass::kBlock:
    case MergeClass::kDiscard:
    case MergeClass::kRevive:
      return life != v1::LIFE_LEDGER;
    case MergeClass::kTransition:
      return life == v1::LIFE_LIVING;
    case MergeClass::kSeal:
    case MergeClass::kAmend:
    case MergeClass::kWithdraw:
    case MergeClass::kAdopt:
    case MergeClass::kDismiss:
      return life == v1::LIFE_SEALED;
    case MergeClass::kCountersign:
      return life != v1::LIFE_LIVING;
    case MergeClass::kLedger:
    case MergeClass::kLedgerWithdraw:
      return life == v1::LIFE_LEDGER;
  }
  return true;
}

bool IsFieldClass(MergeClass c) {
  return IsValueClass(c) || c == MergeClass::kSetRemove ||
         c == MergeClass::kLedger || c == MergeClass::kLedgerWithdraw;
}

bool FitsField(v1::Merge merge, MergeClass c) {
  switch (merge) {
    case v1::MERGE_REGISTER:
      return c == MergeClass::kRegister || c == MergeClass::kAmend;
    case v1::MERGE_SET:
      return c == MergeClass::kSetAdd || c == MergeClass::kSetRemove ||
             c == MergeClass::kAmend;
    case v1::MERGE_BLOCKS:
      return c == MergeClass::kBlock || c == MergeClass::kAmend;
    case v1::MERGE_LEDGER:
      return c == MergeClass::kLedger || c == MergeClass::kLedgerWithdraw;
    case v1::MERGE_TRANSITION:
      return c == MergeClass::kTransition;
    default:
      return true;
  }
}

// Acts that others name by their place, or that mean nothing unnamed.
absl::Status CheckWhole(const DraftOperation& op, size_t index) {
  switch (op.merge_class) {
    case MergeClass::kSeal:
    case MergeClass::kWithdraw:
    case MergeClass::kDiscard:
      if (index != 0) return NotAllowed("this act stands first in its change");
      return absl::OkStatus();
    case MergeClass::kRevive:
    case MergeClass::kAdopt:
    case MergeClass::kDismiss:
    case MergeClass::kCountersign:
    case MergeClass::kRelease:
      if (op.replaces.empty())
        return NotAllowed("this act names what it means");
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckElement(const KindField& field, const DraftOperation& op) {
  const bool elements =
      field.merge == v1::MERGE_SET || field.merge == v1::MERGE_BLOCKS;
  if (op.element.has_value() == elements) return absl::OkStatus();
  return Error(Reason::kMalformed,
               absl::StrCat(field.label, elements ? ": which one is not said"
                                                  : ": there is only one"));
}

absl::Status CheckValue(const Kind& kind, const DraftOperation& op) {
  if (!op.value.has_value()) {
    if (op.merge_class == MergeClass::kLedger ||
        op.merge_class == MergeClass::kSetAdd) {
      return Error(Reason::kMalformed, "there is no value to add");
    }
    return absl::OkStatus();
  }
  std::unique_ptr<google::protobuf::Message> record = kind.NewRecord();
  const bool fits = op.path.size() == 1
                        ? MergeValue(*op.value, op.path[0], record.get())
                        : OneFieldNumber(*op.value) == op.path.back();
  if (fits) return absl::OkStatus();
  return Error(Reason::kMalformed,
               absl::StrCat("the value does not fit field ", op.path.back()));
}

}  // namespace

absl::Status CheckForm(const Kind& kind, const JudgedChange& change) {
  for (size_t i = 0; i < change.operations.size(); ++i) {
    const DraftOperation& op = change.operations[i].operation;
    if (!ActOf(op.merge_class, false).has_value()) continue;
    if (!FitsLife(kind.life, op.merge_class)) {
      return NotAllowed(absl::StrCat("this is not done to a ", kind.spelling));
    }
    VOUCH_RETURN_IF_ERROR(CheckWhole(op, i));
    if (!IsFieldClass(op.merge_class)) continue;
    if (op.path.empty()) {
      return Error(Reason::kMalformed, "the operation names no field");
    }
    const KindField* field =
        op.path.size() == 1 ? kind.FindField(op.path[0]) : nullptr;
    if (field != nullptr) {
      if (!FitsField(field->merge, op.merge_class)) {
        return NotAllowed(absl::StrCat(field->label, " is not edited so"));
      }
      VOUCH_RETURN_IF_ERROR(CheckElement(*field, op));
    }
    if (change.values_known) VOUCH_RETURN_IF_ERROR(CheckValue(kind, op));
  }
  return absl::OkStatus();
}

}  // namespace vouch
