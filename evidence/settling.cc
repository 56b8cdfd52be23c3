// Settling conflicts: one change that replaces every head.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/acts.h"
#include "evidence/wire_field.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using Choice = Settlement::Choice;
using Drafts = std::vector<DraftOperation>;

std::vector<ValueName> NamesOf(const std::vector<ValueHead>& heads) {
  std::vector<ValueName> names;
  for (const ValueHead& head : heads) {
    names.push_back({head.change, head.operation});
  }
  return names;
}

DraftOperation Act(MergeClass merge_class, std::vector<ValueName> names) {
  DraftOperation draft;
  draft.merge_class = merge_class;
  draft.replaces = std::move(names);
  return draft;
}

bool Has(const std::vector<ActView>& acts, const Hash& change) {
  return std::any_of(acts.begin(), acts.end(),
                     [&](const ActView& act) { return act.change == change; });
}

// The head among `shown`'s fields; null if a later value replaced it.
const FieldView* FieldOf(const RecordView& shown, const ValueHead& head) {
  for (const FieldView& field : shown.fields) {
    for (const ValueHead& other : field.heads) {
      if (other.change == head.change && other.operation == head.operation) {
        return &field;
      }
    }
  }
  return nullptr;
}

// Empty: no value.
absl::StatusOr<std::string> ChosenValue(const ConflictView& conflict,
                                        const Settlement& settlement) {
  std::string value = settlement.value.value_or("");
  if (settlement.choice == Choice::kHead) {
    if (settlement.head >= conflict.heads.size()) {
      return Error(
          Reason::kMalformed,
          absl::StrCat("the conflict has ", conflict.heads.size(), " sides"));
    }
    const ValueHead& head = conflict.heads[settlement.head];
    if (head.erased) {
      return Error(Reason::kMalformed, "this side was erased");
    }
    value = head.value;
  } else if (settlement.choice != Choice::kValue) {
    return Error(Reason::kMalformed, "choose a side or give a value");
  }
  if (!value.empty() && OneFieldNumber(value) != conflict.path.back()) {
    return Error(Reason::kMalformed, absl::StrCat("the value is not one field ",
                                                  conflict.path.back()));
  }
  return value;
}

absl::StatusOr<Drafts> SettleValue(const RecordView& shown,
                                   const ConflictView& conflict,
                                   const Settlement& settlement) {
  if (conflict.path.empty()) {
    return Error(Reason::kMalformed, "the conflict names no field");
  }
  VOUCH_ASSIGN_OR_RETURN(std::string value, ChosenValue(conflict, settlement));
  DraftOperation draft = Act(MergeClass::kRegister, NamesOf(conflict.heads));
  draft.path = conflict.path;
  draft.element = conflict.element;
  if (!value.empty()) draft.value = std::move(value);
  switch (conflict.kind) {
    case ConflictView::Kind::kTransition:
      draft.merge_class = MergeClass::kTransition;
      break;
    case ConflictView::Kind::kLedger:
      // Choosing "taken back" takes all verdicts back.
      draft.merge_class = draft.value.has_value() ? MergeClass::kLedger
                                                  : MergeClass::kLedgerWithdraw;
      return Drafts{std::move(draft)};
    default:
      if (const FieldView* field = FieldOf(shown, conflict.heads.front())) {
        if (field->merge_class == MergeClass::kBlock) {
          draft.merge_class = MergeClass::kBlock;
          draft.after = conflict.heads.front().after;
        }
      }
      break;
  }
  if (!shown.seals.empty()) {
    draft.merge_class = MergeClass::kAmend;
    for (const ActView& seal : shown.seals) {
      draft.replaces.push_back({seal.change, 0});
    }
  }
  return Drafts{std::move(draft)};
}

// Withdrawn beside an amendment: either a withdrawal that has seen the
// amendments, or an amendment, stated again, that has seen the withdrawals.
absl::StatusOr<Drafts> SettleLifecycle(const RecordView& shown,
                                       const ConflictView& conflict,
                                       bool keep) {
  if (!keep) {
    return Drafts{Act(MergeClass::kWithdraw, NamesOf(conflict.heads))};
  }
  std::vector<ValueName> withdrawals;
  const ValueHead* amendment = nullptr;
  const FieldView* field = nullptr;
  for (const ValueHead& head : conflict.heads) {
    if (Has(shown.withdrawals, head.change)) {
      withdrawals.push_back({head.change, head.operation});
    } else if (field == nullptr && (field = FieldOf(shown, head)) != nullptr) {
      amendment = &head;
    }
  }
  if (field == nullptr) {
    return Error(Reason::kConflictChanged,
                 "the amendment was replaced: look at it again");
  }
  DraftOperation draft = Act(MergeClass::kAmend, NamesOf(field->heads));
  draft.path = field->path;
  draft.element = field->element;
  draft.after = amendment->after;
  if (!amendment->value.empty()) draft.value = amendment->value;
  draft.replaces.insert(draft.replaces.end(), withdrawals.begin(),
                        withdrawals.end());
  return Drafts{std::move(draft)};
}

absl::StatusOr<Drafts> SettleDiscard(const RecordView& shown,
                                     const ConflictView& conflict, bool keep) {
  if (!keep) return Drafts{Act(MergeClass::kDiscard, {})};
  std::vector<ValueName> discards;
  for (const ValueHead& head : conflict.heads) {
    if (Has(shown.discards, head.change)) {
      discards.push_back({head.change, head.operation});
    }
  }
  return Drafts{Act(MergeClass::kRevive, std::move(discards))};
}

}  // namespace

absl::StatusOr<Drafts> SettleConflict(const RecordView& shown,
                                      const ConflictView& conflict,
                                      const Settlement& settlement) {
  const bool keep = settlement.choice == Choice::kKeep;
  const bool whole = keep || settlement.choice == Choice::kDrop;
  switch (conflict.kind) {
    case ConflictView::Kind::kField:
    case ConflictView::Kind::kLedger:
    case ConflictView::Kind::kTransition:
      return SettleValue(shown, conflict, settlement);
    case ConflictView::Kind::kLifecycle:
    case ConflictView::Kind::kLateAmendment:
    case ConflictView::Kind::kEditedAfterDiscard:
      break;
  }
  if (!whole || conflict.heads.empty()) {
    return Error(Reason::kMalformed, "choose to keep or to drop");
  }
  switch (conflict.kind) {
    case ConflictView::Kind::kLifecycle:
      return SettleLifecycle(shown, conflict, keep);
    case ConflictView::Kind::kLateAmendment: {
      const Hash& late = conflict.heads.front().change;
      return keep ? AdoptLate(shown, late) : DismissLate(shown, late);
    }
    default:
      return SettleDiscard(shown, conflict, keep);
  }
}

}  // namespace vouch
