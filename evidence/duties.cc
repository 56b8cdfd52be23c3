#include "evidence/duties.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "evidence/editing.h"
#include "evidence/permissions.h"
#include "evidence/wire_field.h"
#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

absl::Status NotSeparate(absl::string_view why) {
  return Error(Reason::kDutiesNotSeparate, why);
}

// Who is who and for what is no assessment: a member of staff who is somewhere
// a candidate still registers people.
bool IsAssessment(uint32_t kind) {
  return kind != kPersonKind && kind != kRegistrationKind &&
         kind != kWitnessKind;
}

// In their own registration people do what a candidate may, whatever else they
// are at the centre.
absl::Status CheckCandidate(const DutyCase& duty) {
  if (!IsAssessment(duty.kind.number)) return absl::OkStatus();
  const std::vector<std::string> candidates =
      RegistrationValues(duty.reader, duty.change.scope,
                         v1::Registration::kCandidateIdFieldNumber);
  if (std::count(candidates.begin(), candidates.end(),
                 duty.author.person.Bytes()) == 0) {
    return absl::OkStatus();
  }
  for (const JudgedOperation& judged : duty.change.operations) {
    const auto act = ActOf(judged.operation.merge_class,
                           judged.operation.replaces.size() > 1);
    if (!act.has_value() ||
        IsAllowed(v1::ROLE_CANDIDATE, duty.kind.number, *act)) {
      continue;
    }
    return NotSeparate("nobody assesses or testifies for themselves");
  }
  return absl::OkStatus();
}

// Who is named as the one who observed, visited or has seen a certificate
// writes it, and signs it.
absl::Status CheckNamedAuthor(const DutyCase& duty) {
  if (!duty.change.values_known) return absl::OkStatus();
  bool seals = false;
  for (const JudgedOperation& judged : duty.change.operations) {
    seals |= judged.operation.merge_class == MergeClass::kSeal;
  }
  for (const KindField& field : duty.kind.fields) {
    if (!field.names_author) continue;
    const std::string named = duty.written->GetReflection()->GetString(
        *duty.written, field.descriptor);
    if (seals && named.empty()) {
      return Error(Reason::kNotReadyToSign,
                   absl::StrCat("the seal does not say again: ", field.label));
    }
    if (!named.empty() && named != duty.author.person.view()) {
      return NotSeparate(absl::StrCat("only oneself is put down as ",
                                      field.label, ", by signing"));
    }
  }
  return absl::OkStatus();
}

// An amendment, a withdrawal or a late edit is the signers' own matter; an
// administrator may take a record back. Not asked where no signature shows yet
// (the view may lag behind the log); the change still needs a signature of its
// own, and says whose it is.
absl::Status CheckSigner(const DutyCase& duty) {
  for (const JudgedOperation& judged : duty.change.operations) {
    const MergeClass c = judged.operation.merge_class;
    if (c != MergeClass::kAmend && c != MergeClass::kWithdraw &&
        c != MergeClass::kAdopt && c != MergeClass::kDismiss) {
      continue;
    }
    if (c == MergeClass::kWithdraw &&
        duty.author.role == v1::ROLE_ADMINISTRATOR) {
      continue;
    }
    const auto view = duty.reader.Record(duty.change.record);
    if (!view.has_value() || view->seals.empty()) continue;
    const bool signer = std::any_of(
        view->seals.begin(), view->seals.end(),
        [&](const ActView& seal) { return seal.author == duty.author.person; });
    if (!signer) return NotSeparate("who signed it amends or takes it back");
  }
  return absl::OkStatus();
}

absl::Status CheckNamed(const DutyCase& duty) {
  for (const JudgedOperation& judged : duty.change.operations) {
    const MergeClass c = judged.operation.merge_class;
    if (c == MergeClass::kCountersign &&
        !NobodyOf(judged, duty.author.person)) {
      return NotSeparate("a second person countersigns");
    }
    if (c == MergeClass::kRelease && !NobodyOf(judged, duty.author.person)) {
      return NotSeparate("nobody releases their own change");
    }
    // One's own verdict, or as the registration's verifier.
    if (c == MergeClass::kLedgerWithdraw &&
        duty.author.role != v1::ROLE_INTERNAL_VERIFIER &&
        duty.author.role != v1::ROLE_ADMINISTRATOR) {
      for (const std::optional<PersonId>& named : judged.replaced_authors) {
        if (named != duty.author.person) {
          return NotSeparate("nobody takes another's verdict back");
        }
      }
    }
  }
  return absl::OkStatus();
}

// Whether `entry` is word for word a verdict of its assessor's that the
// operation names: choosing it speaks for nobody. A named verdict that others
// replaced meanwhile is not seen here any more; then naming it is enough.
template <typename Record>
bool RepeatsNamed(const DutyCase& duty, const JudgedOperation& judged,
                  const std::string& assessor) {
  const auto person = PersonId::FromBytes(assessor);
  const auto view = duty.reader.Record(duty.change.record);
  const DraftOperation& op = judged.operation;
  if (!person.has_value()) return false;
  for (size_t i = 0; i < op.replaces.size(); ++i) {
    if (i >= judged.replaced_authors.size() ||
        judged.replaced_authors[i] != person) {
      continue;
    }
    if (!view.has_value()) return true;
    auto head = std::find_if(view->ledger_heads.begin(),
                             view->ledger_heads.end(), [&](const ValueHead& h) {
                               return h.change == op.replaces[i].change &&
                                      h.operation == op.replaces[i].operation;
                             });
    if (head == view->ledger_heads.end() || head->value == *op.value) {
      return true;
    }
  }
  return false;
}

template <typename Record>
absl::Status CheckAssessor(const DutyCase& duty) {
  for (const JudgedOperation& judged : duty.change.operations) {
    const DraftOperation& op = judged.operation;
    if (op.merge_class != MergeClass::kLedger || !op.value.has_value()) {
      continue;
    }
    Record record;
    if (!MergeValue(*op.value, op.path.back(), &record) ||
        record.entries().empty()) {
      continue;
    }
    const std::string& assessor = record.entries(0).assessor();
    if (assessor == duty.author.person.view()) continue;
    if (op.replaces.size() > 1 &&
        RepeatsNamed<Record>(duty, judged, assessor)) {
      continue;
    }
    return NotSeparate("nobody judges in another's name");
  }
  return absl::OkStatus();
}

// The person who testified, as the statement or its Witness record says.
bool IsWitnessOf(const JudgeReader& reader, const RecordId& evidence,
                 const PersonId& person) {
  const auto view = reader.Record(evidence);
  if (!view.has_value()) return false;
  const auto statement = ParseRecordAs<v1::WitnessStatement>(*view);
  if (statement == nullptr) return false;
  if (statement->witness_person() == person.view()) return true;
  const auto witness_id = RecordId::FromBytes(statement->witness());
  if (!witness_id.has_value()) return false;
  const auto witness_view = reader.Record(*witness_id);
  if (!witness_view.has_value()) return false;
  const auto witness = ParseRecordAs<v1::Witness>(*witness_view);
  return witness != nullptr && witness->person_id() == person.view();
}

absl::Status CheckWitness(const DutyCase& duty) {
  const auto& written = static_cast<const v1::Judgement&>(*duty.written);
  std::string evidence = written.evidence();
  if (written.entries().empty()) return absl::OkStatus();
  if (evidence.empty()) {
    const auto view = duty.reader.Record(duty.change.record);
    const auto here =
        view.has_value() ? ParseRecordAs<v1::Judgement>(*view) : nullptr;
    if (here != nullptr) evidence = here->evidence();
  }
  const auto id = RecordId::FromBytes(evidence);
  if (id.has_value() && IsWitnessOf(duty.reader, *id, duty.author.person)) {
    return NotSeparate("nobody judges their own testimony");
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<ValueHead> HeadsOf(const std::optional<RecordView>& view,
                               uint32_t field) {
  if (!view.has_value()) return {};
  for (const FieldView& candidate : view->fields) {
    if (candidate.path.size() == 1 && candidate.path[0] == field &&
        !candidate.element.has_value()) {
      return candidate.heads;
    }
  }
  return {};
}

std::vector<std::string> RegistrationValues(const JudgeReader& reader,
                                            const ScopeId& scope,
                                            uint32_t field) {
  std::vector<std::string> values;
  const auto view = reader.Record(RegistrationOf(scope));
  const auto* descriptor = v1::Registration::descriptor()->FindFieldByNumber(
      static_cast<int>(field));
  if (view.has_value() && view->kind != kRegistrationKind) return values;
  for (const ValueHead& head : HeadsOf(view, field)) {
    v1::Registration registration;
    MergeValue(head.value, field, &registration);
    std::string value =
        registration.GetReflection()->GetString(registration, descriptor);
    if (!value.empty()) values.push_back(std::move(value));
  }
  return values;
}

bool NobodyOf(const JudgedOperation& judged, const PersonId& person) {
  if (judged.replaced_authors.size() != judged.operation.replaces.size()) {
    return false;
  }
  for (const std::optional<PersonId>& named : judged.replaced_authors) {
    if (!named.has_value() || *named == person) return false;
  }
  return true;
}

absl::Status CheckDuties(const DutyCase& duty) {
  VOUCH_RETURN_IF_ERROR(CheckCandidate(duty));
  VOUCH_RETURN_IF_ERROR(CheckNamedAuthor(duty));
  VOUCH_RETURN_IF_ERROR(CheckSigner(duty));
  VOUCH_RETURN_IF_ERROR(CheckNamed(duty));
  if (!duty.change.values_known) return absl::OkStatus();
  if (duty.kind.number == kJudgementKind) {
    VOUCH_RETURN_IF_ERROR(CheckAssessor<v1::Judgement>(duty));
    return CheckWitness(duty);
  }
  if (duty.kind.number == kUnitDecisionKind) {
    return CheckAssessor<v1::UnitDecision>(duty);
  }
  return CheckFurtherDuties(duty);
}

}  // namespace vouch
