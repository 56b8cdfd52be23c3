// Records as people make, change and sign them.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/src/client_impl.h"
#include "evidence/acts.h"
#include "evidence/editing.h"
#include "evidence/readiness.h"
#include "evidence/wire_field.h"

namespace vouch {
namespace {

using google::protobuf::Message;
using Drafts = std::vector<DraftOperation>;

std::vector<FieldProblem> ProblemsOf(const Message& record) {
  std::vector<FieldProblem> out;
  for (const MissingField& missing : MissingIn(record)) {
    const auto* field = record.GetDescriptor()->FindFieldByNumber(
        static_cast<int>(missing.field));
    out.push_back({field == nullptr ? std::string() : field->name(),
                   missing.label, missing.why});
  }
  return out;
}

// What the witness adds by signing here: part of the seal's own change, so
// that there is never a seal without it or it without a seal.
void AddWitness(const RecordView& view, const v1::WitnessStatement& statement,
                Drafts* operations) {
  using W = v1::WitnessStatement;
  for (int number :
       {W::kSignatureKindFieldNumber, W::kDrawnSignatureFieldNumber,
        W::kWitnessKeyFieldNumber}) {
    const auto path = std::vector<uint32_t>{static_cast<uint32_t>(number)};
    operations->erase(std::remove_if(operations->begin() + 1, operations->end(),
                                     [&](const DraftOperation& op) {
                                       return op.path == path;
                                     }),
                      operations->end());
    DraftOperation op;
    op.merge_class = MergeClass::kRegister;
    op.path = path;
    op.value =
        EncodeField(statement, *W::descriptor()->FindFieldByNumber(number));
    for (const FieldView& field : view.fields) {
      if (field.path != path || field.element.has_value()) continue;
      for (const ValueHead& head : field.heads) {
        op.replaces.push_back({head.change, head.operation});
      }
    }
    operations->push_back(std::move(op));
  }
}

}  // namespace

absl::StatusOr<Id> Client::Create(const Message& record,
                                  const Id& registration) {
  const Kind* kind = KindOf(record);
  if (kind == nullptr) {
    return Error(Reason::kKindUnknown, "this message is no record");
  }
  TellAfter tell(impl_.get());
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(
      RecordId id,
      RecordIdOf(record, impl_->clock->Now().wall_ms, *impl_->random));
  VOUCH_ASSIGN_OR_RETURN(ScopeId scope,
                         impl_->ScopeForNew(*kind, record, id, registration));
  const ChangeStore& changes = impl_->device->changes();
  if (!kind->key.empty() && changes.ScopeOf(*impl_->store, id).ok()) {
    return Error(
        Reason::kAlreadyExists,
        absl::StrCat("this ", kind->spelling, " is here already: edit it"));
  }
  VOUCH_ASSIGN_OR_RETURN(Drafts operations,
                         DiffRecord(nullptr, record, *impl_->random));
  Shown made;
  made.view.id = id;
  made.view.kind = kind->number;
  made.view.scope = scope;
  VOUCH_RETURN_IF_ERROR(
      impl_->Save(made, Impl::Draft(made, std::move(operations))).status());
  return id.Bytes();
}

absl::StatusOr<Id> Client::KeyedId(const Message& record) {
  VOUCH_ASSIGN_OR_RETURN(RecordId id, KeyedIdOf(record));
  return id.Bytes();
}

absl::StatusOr<BaseToken> Client::Edit(const Id& record, const BaseToken& base,
                                       const Message& edited) {
  if (base.empty()) {
    return Error(Reason::kMalformed,
                 "an edit needs the base token of what was edited");
  }
  return impl_->Act(record, base, [&](const RecordView& view) {
    return DiffRecord(&view, edited, *impl_->random);
  });
}

absl::StatusOr<BaseToken> Client::Amend(const Id& record, const BaseToken& base,
                                        const Message& edited) {
  if (base.empty()) {
    return Error(Reason::kMalformed,
                 "an amendment needs the base token of what was amended");
  }
  return impl_->Act(record, base, [&](const RecordView& view) {
    return DiffAmendment(view, edited, *impl_->random);
  });
}

std::vector<FieldProblem> Client::ValidateMessage(const Message& record) {
  return ProblemsOf(record);
}

absl::StatusOr<std::vector<FieldProblem>> Client::Validate(
    const Id& record) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(Shown shown, impl_->Load(record, BaseToken()));
  std::unique_ptr<Message> message = ParseRecord(shown.view);
  if (message == nullptr) {
    return Error(Reason::kKindUnknown, "the record needs a newer app");
  }
  return ProblemsOf(*message);
}

absl::StatusOr<BaseToken> Client::Sign(
    const Id& record, const BaseToken& base,
    const std::optional<std::string>& drawn_signature) {
  TellAfter tell(impl_.get());
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(Shown shown, impl_->Load(record, base));
  VOUCH_ASSIGN_OR_RETURN(Drafts operations, SealRecord(shown.view));
  std::unique_ptr<Message> message = ParseRecord(shown.view);
  std::vector<SigningKey> witnesses;
  if (drawn_signature.has_value()) {
    auto* statement = dynamic_cast<v1::WitnessStatement*>(message.get());
    if (statement == nullptr) {
      return Error(Reason::kMalformed,
                   "only a witness statement takes a drawn signature");
    }
    witnesses.push_back(SigningKey::Generate(*impl_->random));
    statement->set_signature_kind(v1::WITNESS_SIGNATURE_KIND_ON_THIS_DEVICE);
    statement->set_drawn_signature(*drawn_signature);
    statement->set_witness_key(witnesses.back().public_key().Bytes());
    VOUCH_RETURN_IF_ERROR(CheckTexts(*statement));
    AddWitness(shown.view, *statement, &operations);
  }
  VOUCH_RETURN_IF_ERROR(CheckReadyToSign(*message));
  NewChange draft = Impl::Draft(shown, std::move(operations));
  draft.witnesses = std::move(witnesses);
  return impl_->Save(shown, std::move(draft));
}

absl::StatusOr<BaseToken> Client::Countersign(const Id& record,
                                              const BaseToken& base) {
  return impl_->Act(record, base, CountersignRecord);
}

absl::StatusOr<BaseToken> Client::Withdraw(const Id& record,
                                           const BaseToken& base) {
  return impl_->Act(record, base, [](const RecordView& view) {
    return view.state == RecordState::kLedger ? WithdrawVerdict(view)
                                              : WithdrawRecord(view);
  });
}

absl::StatusOr<BaseToken> Client::Discard(const Id& record,
                                          const BaseToken& base) {
  return impl_->Act(record, base, DiscardRecord);
}

absl::StatusOr<BaseToken> Client::Revive(const Id& record,
                                         const BaseToken& base) {
  return impl_->Act(record, base, ReviveRecord);
}

}  // namespace vouch
