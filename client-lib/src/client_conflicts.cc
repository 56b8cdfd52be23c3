// Disagreements and what is held for review.
#include <memory>
#include <utility>

#include "client-lib/src/client_impl.h"
#include "client-lib/src/describe.h"
#include "client-lib/src/local_judge.h"
#include "client-lib/src/value_words.h"
#include "evidence/acts.h"
#include "evidence/wire_field.h"

namespace vouch {
namespace {

using google::protobuf::Message;

absl::Status NoSuchChoice(absl::string_view why) {
  return Error(Reason::kMalformed, why);
}

// The one value of the conflict's field in an app's message.
absl::StatusOr<std::string> ValueIn(const Message& message,
                                    const ConflictView& conflict,
                                    const KindField& field) {
  const auto* reflection = message.GetReflection();
  const auto* descriptor = message.GetDescriptor()->FindFieldByNumber(
      static_cast<int>(field.number));
  if (descriptor == nullptr)
    return NoSuchChoice("the message has no such field");
  if (!descriptor->is_repeated()) return EncodeField(message, *descriptor);
  const int size = reflection->FieldSize(message, descriptor);
  if (field.merge == v1::MERGE_BLOCKS && conflict.element.has_value()) {
    for (int i = 0; i < size; ++i) {
      const auto* paragraph = dynamic_cast<const v1::Paragraph*>(
          &reflection->GetRepeatedMessage(message, descriptor, i));
      if (paragraph != nullptr && paragraph->id() == conflict.element->view()) {
        return EncodeElement(message, *descriptor, i);
      }
    }
    return NoSuchChoice("the paragraph is not in the message");
  }
  if (size != 1) return NoSuchChoice("give exactly one entry");
  return EncodeElement(message, *descriptor, 0);
}

absl::StatusOr<Settlement> WholeSettlement(const SettleChoice& choice) {
  Settlement settlement;
  if (choice.side == kKeepSide) {
    settlement.choice = Settlement::Choice::kKeep;
  } else if (choice.side == kDropSide) {
    settlement.choice = Settlement::Choice::kDrop;
  } else {
    return NoSuchChoice("choose side 0 or 1");
  }
  return settlement;
}

absl::StatusOr<Settlement> SettlementOf(const RecordView& view,
                                        const ConflictView& conflict,
                                        const SettleChoice& choice) {
  const int given = (choice.side.has_value() ? 1 : 0) +
                    (choice.text.has_value() ? 1 : 0) +
                    (choice.message != nullptr ? 1 : 0);
  if (given != 1) return NoSuchChoice("choose a side, or a text, or a message");
  if (IsOfWholeRecord(conflict.kind)) return WholeSettlement(choice);
  Settlement settlement;
  if (choice.side.has_value()) {
    settlement.head = *choice.side;
    return settlement;
  }
  settlement.choice = Settlement::Choice::kValue;
  const Kind* kind = FindKind(view.kind);
  const KindField* field = kind == nullptr || conflict.path.size() != 1
                               ? nullptr
                               : kind->FindField(conflict.path[0]);
  if (field == nullptr) {
    return Error(Reason::kKindUnknown, "the field needs a newer app");
  }
  if (choice.text.has_value()) {
    settlement.value =
        ValueOfText(view.kind, field->number, conflict.element, *choice.text);
    if (!settlement.value.has_value()) {
      return NoSuchChoice("the field is no text");
    }
  } else {
    if (choice.message->GetDescriptor()->full_name() !=
        kind->descriptor->full_name()) {
      return NoSuchChoice("the message is of another kind");
    }
    VOUCH_ASSIGN_OR_RETURN(settlement.value,
                           ValueIn(*choice.message, conflict, *field));
  }
  auto checked = MessageOfValue(view.kind, field->number, *settlement.value);
  VOUCH_RETURN_IF_ERROR(CheckTexts(*checked));
  return settlement;
}

}  // namespace

absl::StatusOr<std::vector<Conflict>> Client::Conflicts(
    const Id& record) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  auto name_of = [this](const PersonId& person) {
    return impl_->NameOfPerson(person);
  };
  if (!record.empty()) {
    VOUCH_ASSIGN_OR_RETURN(Shown shown, impl_->Load(record, BaseToken()));
    return DescribeConflicts(shown.view, name_of);
  }
  VOUCH_ASSIGN_OR_RETURN(auto views, impl_->ViewsNeedingAttention());
  std::vector<Conflict> out;
  for (const RecordView& view : views) {
    for (Conflict& conflict : DescribeConflicts(view, name_of)) {
      out.push_back(std::move(conflict));
    }
  }
  return out;
}

absl::Status Client::Settle(const std::string& handle_text,
                            const std::string& version_text,
                            const SettleChoice& choice) {
  VOUCH_ASSIGN_OR_RETURN(Handle handle, DecodeHandle(handle_text));
  std::optional<Hash> version = Hash::FromHex(version_text);
  if (!version.has_value()) {
    return Error(Reason::kMalformed, "a conflict's version is 64 hex digits");
  }
  TellAfter tell(impl_.get());
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(Shown shown,
                         impl_->Load(handle.record.Bytes(), BaseToken()));
  VOUCH_ASSIGN_OR_RETURN(
      const ConflictView* conflict,
      FindConflict(shown.view, handle.path, handle.element, *version));
  VOUCH_ASSIGN_OR_RETURN(Settlement settlement,
                         SettlementOf(shown.view, *conflict, choice));
  VOUCH_ASSIGN_OR_RETURN(auto operations,
                         SettleConflict(shown.view, *conflict, settlement));
  NewChange draft = Impl::Draft(shown, std::move(operations));
  VOUCH_RETURN_IF_ERROR(JudgeDraft(draft, *impl_->device, *impl_->store));
  return impl_->Save(shown, std::move(draft)).status();
}

absl::StatusOr<std::vector<HeldForReview>> Client::HeldChanges() const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(auto views, impl_->ViewsNeedingAttention());
  std::vector<HeldForReview> out;
  for (const RecordView& view : views) {
    for (HeldForReview& held :
         DescribeHeld(view, [this](const PersonId& person) {
           return impl_->NameOfPerson(person);
         })) {
      out.push_back(std::move(held));
    }
  }
  return out;
}

absl::Status Client::Release(const std::string& change) {
  std::optional<Hash> hash = Hash::FromHex(change);
  if (!hash.has_value()) {
    return Error(Reason::kMalformed, "a change is named by 64 hex digits");
  }
  TellAfter tell(impl_.get());
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(auto location, impl_->device->changes().GetLocation(
                                            *impl_->store, *hash));
  if (!location.has_value()) {
    return Error(Reason::kNotFound, "there is no such change here");
  }
  VOUCH_ASSIGN_OR_RETURN(Shown shown,
                         impl_->Load(location->record.Bytes(), BaseToken()));
  VOUCH_ASSIGN_OR_RETURN(auto operations, ReleaseHeld(shown.view, *hash));
  NewChange draft = Impl::Draft(shown, std::move(operations));
  VOUCH_RETURN_IF_ERROR(JudgeDraft(draft, *impl_->device, *impl_->store));
  return impl_->Save(shown, std::move(draft)).status();
}

}  // namespace vouch
