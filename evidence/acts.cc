#include "evidence/acts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/kinds.h"
#include "evidence/wire_field.h"
#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

using Drafts = std::vector<DraftOperation>;

absl::Status NotAllowed(absl::string_view why) {
  return Error(Reason::kOperationNotAllowed, why);
}

std::vector<ValueName> NamesOf(const std::vector<ValueHead>& heads) {
  std::vector<ValueName> names;
  for (const ValueHead& head : heads) {
    names.push_back({head.change, head.operation});
  }
  return names;
}

// Acts are operation 0 of their change.
std::vector<ValueName> NamesOf(const std::vector<ActView>& acts) {
  std::vector<ValueName> names;
  for (const ActView& act : acts) names.push_back({act.change, 0});
  return names;
}

Drafts Act(MergeClass merge_class, std::vector<ValueName> names) {
  DraftOperation draft;
  draft.merge_class = merge_class;
  draft.replaces = std::move(names);
  return {std::move(draft)};
}

const FieldView* FindView(const RecordView& shown, uint32_t number) {
  for (const FieldView& field : shown.fields) {
    if (field.path.size() == 1 && field.path[0] == number && !field.element) {
      return &field;
    }
  }
  return nullptr;
}

// What a seal says again (acts.h).
std::vector<uint32_t> RestatedFields(const Kind& kind) {
  if (kind.number == kWitnessStatementKind) {
    return {v1::WitnessStatement::kSignatureKindFieldNumber,
            v1::WitnessStatement::kWitnessKeyFieldNumber};
  }
  std::vector<uint32_t> numbers;
  for (const KindField& field : kind.fields) {
    if (field.names_author) numbers.push_back(field.number);
  }
  return numbers;
}

absl::StatusOr<Drafts> LateAct(const RecordView& shown, const Hash& late,
                               MergeClass merge_class) {
  for (const LateAmendment& amendment : shown.late_amendments) {
    if (amendment.change == late) return Act(merge_class, {{late, 0}});
  }
  return Error(Reason::kNotFound, "no such late edit waits here");
}

}  // namespace

bool NeedsPersonSignature(MergeClass merge_class) {
  switch (merge_class) {
    case MergeClass::kSeal:
    case MergeClass::kAmend:
    case MergeClass::kWithdraw:
    case MergeClass::kCountersign:
    case MergeClass::kAdopt:
    case MergeClass::kLedger:
    case MergeClass::kLedgerWithdraw:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<Drafts> SealRecord(const RecordView& shown) {
  const Kind* kind = FindKind(shown.kind);
  if (kind == nullptr) {
    return Error(Reason::kKindUnknown, "signing it needs a newer app");
  }
  if (kind->life != v1::LIFE_SEALED) {
    return NotAllowed(absl::StrCat("a ", kind->spelling, " is never signed"));
  }
  if (!shown.seals.empty()) {
    return Error(Reason::kRecordSealed, "the record is signed and locked");
  }
  if (shown.state == RecordState::kDiscarded ||
      shown.state == RecordState::kEditedAfterDiscard) {
    return Error(Reason::kRecordDiscarded,
                 "the draft was discarded: bring it back first");
  }
  std::vector<ValueName> covered;
  for (const FieldView& field : shown.fields) {
    for (const ValueName& name : NamesOf(field.heads)) covered.push_back(name);
  }
  Drafts drafts = Act(MergeClass::kSeal, std::move(covered));
  for (uint32_t number : RestatedFields(*kind)) {
    const FieldView* field = FindView(shown, number);
    if (field == nullptr || field->heads.front().value.empty()) continue;
    DraftOperation again;
    again.merge_class = MergeClass::kRegister;
    again.path = {number};
    again.replaces = NamesOf(field->heads);
    again.value = field->heads.front().value;
    drafts.push_back(std::move(again));
  }
  return drafts;
}

absl::StatusOr<Drafts> WithdrawRecord(const RecordView& shown) {
  if (shown.seals.empty()) {
    return NotAllowed("only what is signed is taken back: discard the draft");
  }
  if (shown.state == RecordState::kWithdrawn) {
    return NotAllowed("the record was taken back already");
  }
  return Act(MergeClass::kWithdraw, NamesOf(shown.seals));
}

absl::StatusOr<Drafts> CountersignRecord(const RecordView& shown) {
  if (!shown.ledger_heads.empty()) {
    if (shown.ledger_contested) return NotAllowed("it needs a decision first");
    if (shown.ledger_withdrawn) return NotAllowed("the verdict was taken back");
    return Act(MergeClass::kCountersign, NamesOf(shown.ledger_heads));
  }
  if (shown.state != RecordState::kSealed) {
    return NotAllowed("there is nothing signed to agree to");
  }
  return Act(MergeClass::kCountersign, NamesOf(shown.seals));
}

absl::StatusOr<Drafts> WithdrawVerdict(const RecordView& shown) {
  if (shown.ledger_heads.empty() || shown.ledger_withdrawn) {
    return NotAllowed("no verdict stands");
  }
  const Kind* kind = FindKind(shown.kind);
  if (kind == nullptr) {
    return Error(Reason::kKindUnknown, "taking it back needs a newer app");
  }
  Drafts drafts = Act(MergeClass::kLedgerWithdraw, NamesOf(shown.ledger_heads));
  for (const KindField& field : kind->fields) {
    if (field.merge == v1::MERGE_LEDGER) drafts[0].path = {field.number};
  }
  return drafts;
}

absl::StatusOr<Drafts> DiscardRecord(const RecordView& shown) {
  if (!shown.seals.empty()) {
    return Error(Reason::kRecordSealed,
                 "what is signed is kept: take it back instead");
  }
  if (shown.state == RecordState::kLedger) {
    return NotAllowed("a verdict is taken back, not discarded");
  }
  if (shown.state == RecordState::kDiscarded) {
    return Error(Reason::kRecordDiscarded, "the draft is discarded already");
  }
  return Act(MergeClass::kDiscard, {});
}

absl::StatusOr<Drafts> ReviveRecord(const RecordView& shown) {
  if (shown.discards.empty()) return NotAllowed("nothing was discarded");
  return Act(MergeClass::kRevive, NamesOf(shown.discards));
}

absl::StatusOr<Drafts> AdoptLate(const RecordView& shown, const Hash& late) {
  return LateAct(shown, late, MergeClass::kAdopt);
}

absl::StatusOr<Drafts> DismissLate(const RecordView& shown, const Hash& late) {
  return LateAct(shown, late, MergeClass::kDismiss);
}

absl::StatusOr<Drafts> ReleaseHeld(const RecordView& shown, const Hash& held) {
  for (const HeldChange& change : shown.held) {
    if (change.change != held) continue;
    if (change.reason == Reason::kUnspecified) {
      return NotAllowed("it waits for another change: release that one");
    }
    return Act(MergeClass::kRelease, {{held, 0}});
  }
  return Error(Reason::kNotFound, "no such change is held for review here");
}

absl::StatusOr<const ConflictView*> FindConflict(
    const RecordView& shown, const std::vector<uint32_t>& path,
    const std::optional<ElementId>& element, const Hash& version) {
  const ConflictView* changed = nullptr;
  for (const ConflictView& conflict : shown.conflicts) {
    if (conflict.path != path || conflict.element != element) continue;
    if (conflict.version == version) return &conflict;
    changed = &conflict;
  }
  if (changed == nullptr) {
    return Error(Reason::kNotFound, "there is no such conflict (any more)");
  }
  return Error(Reason::kConflictChanged,
               "it changed since it was shown: look at it again");
}

}  // namespace vouch
