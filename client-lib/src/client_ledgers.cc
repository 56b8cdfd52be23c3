// Verdicts: appended to the ledger that their key names.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client-lib/src/client_impl.h"
#include "evidence/editing.h"
#include "evidence/readiness.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

using google::protobuf::Message;

const KindField* LedgerField(const Kind& kind) {
  for (const KindField& field : kind.fields) {
    if (field.merge == v1::MERGE_LEDGER) return &field;
  }
  return nullptr;
}

// The verdicts a new one takes the place of: the one that was seen. Of several
// only one's own; between others' verdicts a resolver decides, by settling.
void KeepOnlyOwn(const PersonId& self, RecordView* view) {
  if (view->ledger_heads.size() < 2) return;
  std::vector<ValueHead> own;
  for (ValueHead& head : view->ledger_heads) {
    if (head.author == self) own.push_back(std::move(head));
  }
  if (own.size() > 1) own.clear();
  view->ledger_heads = std::move(own);
}

absl::Status CheckReady(const Message& ledger) {
  std::vector<std::string> lacks;
  for (const MissingField& missing : MissingIn(ledger)) {
    lacks.push_back(absl::StrCat(missing.label, ": ", missing.why));
  }
  if (lacks.empty()) return absl::OkStatus();
  return Error(Reason::kNotReadyToSign, absl::StrJoin(lacks, "; "));
}

// Records that a verdict stands on, in a scope that all who hold the verdict's
// scope hold too (rule 7): the registration's shared one.
std::vector<RecordId> Grounds(const v1::Judgement& judgement) {
  auto evidence = RecordId::FromBytes(judgement.evidence());
  if (!evidence.has_value()) return {};
  return {*evidence, CrossReferenceIdOf(*evidence)};
}

}  // namespace

absl::StatusOr<Id> Client::AppendEntry(const Message& ledger,
                                       const BaseToken& base) {
  const Kind* kind = KindOf(ledger);
  if (kind == nullptr) {
    return Error(Reason::kKindUnknown, "this message is no record");
  }
  const KindField* field = LedgerField(*kind);
  if (field == nullptr ||
      ledger.GetReflection()->FieldSize(ledger, field->descriptor) != 1) {
    return Error(Reason::kMalformed,
                 "append one entry to a ledger that its key names");
  }
  std::unique_ptr<Message> filled = kind->NewRecord();
  if (!filled->ParsePartialFromString(ledger.SerializePartialAsString())) {
    return Error(Reason::kMalformed, "the message cannot be serialised");
  }

  TellAfter tell(impl_.get());
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(RecordId id, KeyedIdOf(*filled));
  VOUCH_ASSIGN_OR_RETURN(ScopeId scope,
                         impl_->ScopeForNew(*kind, *filled, id, Id()));
  VOUCH_RETURN_IF_ERROR(impl_->FillEntry(scope, filled.get()));
  VOUCH_RETURN_IF_ERROR(CheckReady(*filled));

  Shown shown;
  shown.view.id = id;
  shown.view.kind = kind->number;
  shown.view.scope = scope;
  std::vector<DraftOperation> operations;
  if (!impl_->device->changes().ScopeOf(*impl_->store, id).ok()) {
    VOUCH_ASSIGN_OR_RETURN(operations,
                           DiffRecord(nullptr, *filled, *impl_->random));
  } else {
    VOUCH_ASSIGN_OR_RETURN(shown, impl_->Load(id.Bytes(), base));
    if (base.empty()) {
      // They saw no verdict, so theirs takes the place of none.
      shown.view.ledger_heads.clear();
      shown.base.frontier = {shown.creation};
    }
    KeepOnlyOwn(impl_->device->membership()->person, &shown.view);
    std::unique_ptr<Message> edited = ParseRecord(shown.view);
    edited->GetReflection()
        ->AddMessage(edited.get(), field->descriptor)
        ->CopyFrom(filled->GetReflection()->GetRepeatedMessage(
            *filled, field->descriptor, 0));
    VOUCH_ASSIGN_OR_RETURN(operations,
                           DiffRecord(&shown.view, *edited, *impl_->random));
  }
  NewChange draft = Impl::Draft(shown, std::move(operations));
  if (const auto* judgement = dynamic_cast<v1::Judgement*>(filled.get())) {
    for (const RecordId& ground : Grounds(*judgement)) {
      auto creation = impl_->CreationOf(ground);
      if (absl::IsNotFound(creation.status())) continue;
      VOUCH_RETURN_IF_ERROR(creation.status());
      if (!creation->IsZero()) draft.relies_on.push_back(*creation);
    }
  }
  VOUCH_RETURN_IF_ERROR(impl_->Save(shown, std::move(draft)).status());
  return id.Bytes();
}

absl::Status Client::Impl::FillEntry(const ScopeId& scope,
                                     Message* ledger) const {
  const auto& self = device->membership();
  if (!self.has_value()) {
    return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
  }
  if (auto* decision = dynamic_cast<v1::UnitDecision*>(ledger)) {
    v1::UnitDecisionEntry* entry = decision->mutable_entries(0);
    if (entry->assessor().empty()) entry->set_assessor(self->person.Bytes());
    return absl::OkStatus();
  }
  if (auto* action = dynamic_cast<v1::VerificationAction*>(ledger)) {
    v1::VerificationActionEntry* entry = action->mutable_entries(0);
    if (entry->by().empty()) entry->set_by(self->person.Bytes());
    return absl::OkStatus();
  }
  auto* judgement = dynamic_cast<v1::Judgement*>(ledger);
  if (judgement == nullptr) return absl::OkStatus();
  v1::JudgementEntry* entry = judgement->mutable_entries(0);
  if (entry->assessor().empty()) entry->set_assessor(self->person.Bytes());
  if (entry->evidence_digest().empty()) {
    VOUCH_ASSIGN_OR_RETURN(Shown evidence,
                           Load(judgement->evidence(), BaseToken()));
    entry->set_evidence_digest(evidence.view.content_digest.Bytes());
  }
  if (entry->specification().empty()) {
    auto shown = Load(RegistrationOf(scope).Bytes(), BaseToken());
    if (absl::IsNotFound(shown.status())) return absl::OkStatus();
    VOUCH_RETURN_IF_ERROR(shown.status());
    auto registration = ParseRecordAs<v1::Registration>(shown->view);
    if (registration == nullptr) return absl::OkStatus();
    entry->set_specification(registration->specification());
    entry->set_specification_version(registration->specification_version());
  }
  return absl::OkStatus();
}

}  // namespace vouch
