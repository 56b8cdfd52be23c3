#include "evidence/editing.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/block_diff.h"
#include "evidence/kinds.h"
#include "evidence/wire_field.h"
#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

using google::protobuf::Message;
using Drafts = std::vector<DraftOperation>;

std::vector<ValueName> NamesOf(const std::vector<ValueHead>& heads) {
  std::vector<ValueName> names;
  for (const ValueHead& head : heads) {
    names.push_back({head.change, head.operation});
  }
  return names;
}

// The value as this software would write it, so that bytes which differ and
// mean the same are no edit; empty if the value does not fit the field.
std::string Canonical(const Kind& kind, const KindField& field,
                      const std::string& value) {
  std::unique_ptr<Message> record = kind.NewRecord();
  if (value.empty() || !MergeValue(value, field.number, record.get())) {
    return "";
  }
  return field.descriptor->is_repeated()
             ? EncodeElement(*record, *field.descriptor, 0)
             : EncodeField(*record, *field.descriptor);
}

// The difference of one record; one object a diff.
class Differ {
 public:
  Differ(const Kind& kind, const RecordView* shown, const Message& edited,
         bool amending, Random& random)
      : kind_(kind),
        shown_(shown),
        edited_(edited),
        amending_(amending),
        random_(random) {
    if (shown == nullptr) return;
    for (const FieldView& field : shown->fields) {
      if (field.path.size() == 1) by_number_[field.path[0]].push_back(&field);
    }
  }

  absl::StatusOr<Drafts> Diff() {
    for (const KindField& field : kind_.fields) {
      VOUCH_RETURN_IF_ERROR(DiffField(field));
      if (drafts_.size() > kEditOperationsMax) {
        return Error(Reason::kTooLarge,
                     absl::StrCat("an edit may have ", kEditOperationsMax,
                                  " operations: save it in parts"));
      }
    }
    return std::move(drafts_);
  }

 private:
  absl::Status DiffField(const KindField& field) {
    switch (field.merge) {
      case v1::MERGE_SET:
        DiffSet(field);
        break;
      case v1::MERGE_BLOCKS:
        return DiffBlocks(field);
      case v1::MERGE_LEDGER:
        return DiffLedger(field);
      case v1::MERGE_TRANSITION:
        return DiffSingle(field, MergeClass::kTransition);
      default:
        return DiffSingle(field, MergeClass::kRegister);
    }
    return absl::OkStatus();
  }

  DraftOperation& Add(MergeClass merge_class, uint32_t number,
                      std::vector<ValueName> replaces) {
    DraftOperation draft;
    draft.merge_class = amending_ ? MergeClass::kAmend : merge_class;
    draft.path = {number};
    draft.replaces = std::move(replaces);
    drafts_.push_back(std::move(draft));
    if (amending_) NameSeals(&drafts_.back());
    return drafts_.back();
  }

  // What an amendment amends: without the seal it would have no ground.
  void NameSeals(DraftOperation* draft) {
    for (const ActView& seal : shown_->seals) {
      draft->replaces.push_back({seal.change, 0});
    }
  }

  absl::Status DiffSingle(const KindField& field, MergeClass merge_class) {
    const FieldView* base = Single(field.number);
    const std::string now = EncodeField(edited_, *field.descriptor);
    const std::string before =
        base == nullptr ? ""
                        : Canonical(kind_, field, base->heads.front().value);
    if (now == before) return absl::OkStatus();
    if (shown_ != nullptr) {
      for (const KindField* key : kind_.key) {
        if (key->number == field.number) {
          return Error(Reason::kOperationNotAllowed,
                       absl::StrCat(field.label,
                                    " says which record this is "
                                    "and cannot be edited"));
        }
      }
    }
    DraftOperation& draft =
        Add(merge_class, field.number,
            base == nullptr ? std::vector<ValueName>() : NamesOf(base->heads));
    if (!now.empty()) draft.value = now;
    return absl::OkStatus();
  }

  const FieldView* Single(uint32_t number) const {
    for (const FieldView* view : Of(number)) {
      if (!view->element.has_value()) return view;
    }
    return nullptr;
  }

  const std::vector<const FieldView*>& Of(uint32_t number) const {
    static const auto* none = new std::vector<const FieldView*>;
    auto found = by_number_.find(number);
    return found == by_number_.end() ? *none : found->second;
  }

  void DiffSet(const KindField& field) {
    std::set<std::string> now;
    std::vector<std::string> added;  // in the message's order
    std::set<std::string> before;
    for (const FieldView* view : Of(field.number)) {
      before.insert(Canonical(kind_, field, view->heads.front().value));
    }
    const int size =
        edited_.GetReflection()->FieldSize(edited_, field.descriptor);
    for (int i = 0; i < size; ++i) {
      std::string value = EncodeElement(edited_, *field.descriptor, i);
      if (now.insert(value).second && before.count(value) == 0) {
        added.push_back(std::move(value));
      }
    }
    for (const FieldView* view : Of(field.number)) {
      const std::string value =
          Canonical(kind_, field, view->heads.front().value);
      // Erased or removed by an amendment, or not ours to read: left alone.
      if (value.empty() || now.count(value) > 0) continue;
      Add(MergeClass::kSetRemove, field.number, NamesOf(view->heads)).element =
          view->element;
    }
    for (std::string& value : added) {
      DraftOperation& draft = Add(MergeClass::kSetAdd, field.number, {});
      draft.element = random_.Make<ElementId>();
      draft.value = std::move(value);
    }
  }

  absl::Status DiffBlocks(const KindField& field) {
    std::vector<v1::Paragraph> edited;
    const int size =
        edited_.GetReflection()->FieldSize(edited_, field.descriptor);
    for (int i = 0; i < size; ++i) {
      edited.push_back(
          static_cast<const v1::Paragraph&>(  // KindProblems sees to the type
              edited_.GetReflection()->GetRepeatedMessage(
                  edited_, field.descriptor, i)));
    }
    VOUCH_ASSIGN_OR_RETURN(
        std::vector<BlockEdit> edits,
        DiffParagraphs(Of(field.number), std::move(edited), random_));
    for (BlockEdit& edit : edits) {
      DraftOperation& draft =
          Add(MergeClass::kBlock, field.number,
              edit.shown == nullptr ? std::vector<ValueName>()
                                    : NamesOf(edit.shown->heads));
      draft.element = edit.block;
      draft.after = edit.after;
      if (!edit.paragraph.has_value()) continue;
      std::unique_ptr<Message> record = kind_.NewRecord();
      record->GetReflection()
          ->AddMessage(record.get(), field.descriptor)
          ->CopyFrom(*edit.paragraph);
      draft.value = EncodeElement(*record, *field.descriptor, 0);
    }
    return absl::OkStatus();
  }

  absl::Status DiffLedger(const KindField& field) {
    std::vector<std::string> standing;
    std::vector<ValueName> heads;
    if (shown_ != nullptr) {
      heads = NamesOf(shown_->ledger_heads);
      for (const ValueHead& head : shown_->ledger_heads) {
        std::string value = Canonical(kind_, field, head.value);
        if (!value.empty()) standing.push_back(std::move(value));
      }
    }
    const size_t size = static_cast<size_t>(
        edited_.GetReflection()->FieldSize(edited_, field.descriptor));
    bool kept = size >= standing.size();
    for (size_t i = 0; kept && i < standing.size(); ++i) {
      kept = EncodeElement(edited_, *field.descriptor, static_cast<int>(i)) ==
             standing[i];
    }
    if (!kept) {
      return Error(Reason::kOperationNotAllowed,
                   absl::StrCat("a ", field.label,
                                " that was recorded is never "
                                "edited or removed: append one, or take it "
                                "back"));
    }
    if (size > standing.size() + 1) {
      return Error(Reason::kOperationNotAllowed,
                   absl::StrCat("append one ", field.label, " at a time"));
    }
    if (size > standing.size()) {
      Add(MergeClass::kLedger, field.number, std::move(heads)).value =
          EncodeElement(edited_, *field.descriptor, static_cast<int>(size) - 1);
    }
    return absl::OkStatus();
  }

  const Kind& kind_;
  const RecordView* const shown_;
  const Message& edited_;
  const bool amending_;
  Random& random_;
  std::map<uint32_t, std::vector<const FieldView*>> by_number_;
  Drafts drafts_;
};

absl::StatusOr<const Kind*> CheckEdited(const RecordView* shown,
                                        const Message& edited) {
  const Kind* kind = KindOf(edited);
  if (kind == nullptr) {
    return Error(Reason::kKindUnknown, "this message is no record");
  }
  if (shown != nullptr && shown->kind != kind->number) {
    return Error(Reason::kOperationNotAllowed,
                 absl::StrCat("the record is no ", kind->spelling));
  }
  VOUCH_RETURN_IF_ERROR(CheckTexts(edited));
  return kind;
}

}  // namespace

std::unique_ptr<Message> ParseRecord(const RecordView& view) {
  const Kind* kind = FindKind(view.kind);
  if (kind == nullptr) return nullptr;
  std::unique_ptr<Message> record = kind->NewRecord();
  std::set<std::pair<uint32_t, std::string>> elements;
  for (const FieldView& view_field : view.fields) {
    // A longer path is a newer app's; its value would be misread at the root.
    if (view_field.path.size() != 1) continue;
    const uint32_t number = view_field.path[0];
    const std::string& value = view_field.heads.front().value;
    if (value.empty()) continue;
    const KindField* field = kind->FindField(number);
    if (field != nullptr && field->merge == v1::MERGE_SET &&
        !elements.insert({number, Canonical(*kind, *field, value)}).second) {
      continue;
    }
    MergeValue(value, number, record.get());
  }
  for (const KindField& field : kind->fields) {
    if (field.merge != v1::MERGE_LEDGER) continue;
    for (const ValueHead& head : view.ledger_heads) {
      if (!head.value.empty()) {
        MergeValue(head.value, field.number, record.get());
      }
    }
  }
  return record;
}

absl::StatusOr<Drafts> DiffRecord(const RecordView* shown,
                                  const Message& edited, Random& random) {
  VOUCH_ASSIGN_OR_RETURN(const Kind* kind, CheckEdited(shown, edited));
  if (shown != nullptr) {
    if (!shown->seals.empty()) {
      return Error(Reason::kRecordSealed,
                   "the record is signed and locked: amend it");
    }
    if (shown->state == RecordState::kDiscarded ||
        shown->state == RecordState::kEditedAfterDiscard) {
      return Error(Reason::kRecordDiscarded,
                   "the draft was discarded: bring it back first");
    }
  }
  VOUCH_ASSIGN_OR_RETURN(Drafts drafts,
                         Differ(*kind, shown, edited, false, random).Diff());
  if (shown != nullptr) return drafts;
  for (const KindField* key : kind->key) {
    if (edited.GetReflection()->GetString(edited, key->descriptor).empty()) {
      return Error(Reason::kMalformed, absl::StrCat("a ", kind->spelling,
                                                    " needs its ", key->label));
    }
  }
  DraftOperation create;
  create.merge_class = MergeClass::kCreate;
  drafts.insert(drafts.begin(), std::move(create));
  return drafts;
}

absl::StatusOr<Drafts> DiffAmendment(const RecordView& shown,
                                     const Message& edited, Random& random) {
  VOUCH_ASSIGN_OR_RETURN(const Kind* kind, CheckEdited(&shown, edited));
  if (shown.seals.empty()) {
    return Error(Reason::kOperationNotAllowed,
                 "only what is signed is amended: edit the draft");
  }
  if (shown.state == RecordState::kWithdrawn) {
    return Error(Reason::kOperationNotAllowed, "the record was taken back");
  }
  return Differ(*kind, &shown, edited, true, random).Diff();
}

}  // namespace vouch
