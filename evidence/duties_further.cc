// Separation of duties in verification, its actions, appeals and external
// verification.
#include <algorithm>
#include <memory>

#include "evidence/duties.h"
#include "evidence/editing.h"
#include "evidence/wire_field.h"
#include "sync/base/status.h"
#include "vouch/v1/assessment_records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

absl::Status NotSeparate(absl::string_view why) {
  return Error(Reason::kDutiesNotSeparate, why);
}

// The record as it is shown here, and what this change writes into it.
template <typename Record>
Record Whole(const DutyCase& duty) {
  Record whole;
  const auto view = duty.reader.Record(duty.change.record);
  if (view.has_value()) {
    if (auto here = ParseRecordAs<Record>(*view)) whole.MergeFrom(*here);
  }
  whole.MergeFrom(static_cast<const Record&>(*duty.written));
  return whole;
}

// Whether `person` gave a verdict that stands in the record, or signed it. Not
// known for what is not here.
bool IsAuthorOf(const JudgeReader& reader, const std::string& record,
                const PersonId& person) {
  const auto id = RecordId::FromBytes(record);
  const auto view = id.has_value() ? reader.Record(*id) : std::nullopt;
  if (!view.has_value()) return false;
  auto by = [&](const auto& act) { return act.author == person; };
  return std::any_of(view->ledger_heads.begin(), view->ledger_heads.end(),
                     by) ||
         std::any_of(view->seals.begin(), view->seals.end(), by);
}

// The verifier is not the assessor of what is verified: asked when a decision
// is put down, and of all of them when someone signs or agrees.
absl::Status CheckVerifier(const DutyCase& duty) {
  const bool whole = std::any_of(
      duty.change.operations.begin(), duty.change.operations.end(),
      [](const JudgedOperation& judged) {
        return judged.operation.merge_class == MergeClass::kSeal ||
               judged.operation.merge_class == MergeClass::kCountersign;
      });
  const auto checked =
      whole ? Whole<v1::Verification>(duty)
            : static_cast<const v1::Verification&>(*duty.written);
  for (const std::string& decision : checked.decisions()) {
    if (IsAuthorOf(duty.reader, decision, duty.author.person)) {
      return NotSeparate("nobody verifies their own decision");
    }
  }
  return absl::OkStatus();
}

// An external verifier is not centre staff: nobody who assesses, trains or
// verifies in this registration.
absl::Status CheckExternal(const DutyCase& duty) {
  if (duty.author.role != v1::ROLE_EXTERNAL_VERIFIER) return absl::OkStatus();
  const auto view = duty.reader.Record(RegistrationOf(duty.change.scope));
  const auto registration =
      view.has_value() ? ParseRecordAs<v1::Registration>(*view) : nullptr;
  if (registration == nullptr) return absl::OkStatus();
  const std::string self = duty.author.person.Bytes();
  const auto& assessors = registration->assessors();
  if (registration->internal_verifier() == self ||
      registration->trainer() == self ||
      std::count(assessors.begin(), assessors.end(), self) > 0) {
    return NotSeparate("an external verifier is not of the centre's staff");
  }
  return absl::OkStatus();
}

// Whose verdict, signature or release is appealed against does not answer; nor
// whose judgement, where the appeal names the evidence.
absl::Status CheckAnswer(const DutyCase& duty) {
  const auto answer = Whole<v1::AppealAnswer>(duty);
  const auto id = RecordId::FromBytes(answer.appeal());
  const auto view = id.has_value() ? duty.reader.Record(*id) : std::nullopt;
  const auto appeal =
      view.has_value() ? ParseRecordAs<v1::CandidateResponse>(*view) : nullptr;
  if (appeal == nullptr) return absl::OkStatus();
  const auto about = RecordId::FromBytes(appeal->about());
  if (!about.has_value()) return absl::OkStatus();
  for (const RecordId& record : {*about, JudgementIdOf(*about)}) {
    if (IsAuthorOf(duty.reader, record.Bytes(), duty.author.person)) {
      return NotSeparate("nobody answers an appeal against what is their own");
    }
  }
  return absl::OkStatus();
}

// The steps that stand and that the operation takes the place of, as far as
// they are shown here.
std::vector<v1::VerificationActionEntry> NamedSteps(
    const DutyCase& duty, const JudgedOperation& judged) {
  std::vector<v1::VerificationActionEntry> steps;
  const auto view = duty.reader.Record(duty.change.record);
  if (!view.has_value()) return steps;
  for (const ValueHead& head : view->ledger_heads) {
    for (const ValueName& name : judged.operation.replaces) {
      if (head.change != name.change || head.operation != name.operation) {
        continue;
      }
      v1::VerificationAction record;
      if (MergeValue(head.value, v1::VerificationAction::kEntriesFieldNumber,
                     &record) &&
          !record.entries().empty()) {
        steps.push_back(record.entries(0));
      }
    }
  }
  return steps;
}

absl::Status CheckReply(const DutyCase& duty, const JudgedOperation& judged,
                        const v1::VerificationActionEntry& entry) {
  if (judged.operation.replaces.empty()) {
    return Error(Reason::kOperationNotAllowed,
                 "there is nothing required to reply to");
  }
  for (const auto& step : NamedSteps(duty, judged)) {
    if (step.action() != entry.action() || step.due_on() != entry.due_on() ||
        step.assigned_to() != entry.assigned_to()) {
      return NotSeparate(
          "what has to be done, by whom and by when is the verifier's to say");
    }
  }
  return absl::OkStatus();
}

// A verifier requires and closes, and closes no reply of their own; whoever is
// concerned replies, and changes nothing of what is required.
absl::Status CheckStep(const DutyCase& duty, const JudgedOperation& judged) {
  v1::VerificationAction record;
  const DraftOperation& op = judged.operation;
  if (!MergeValue(*op.value, op.path.back(), &record) ||
      record.entries().empty()) {
    return absl::OkStatus();
  }
  const v1::VerificationActionEntry& entry = record.entries(0);
  const bool settles = op.replaces.size() > 1;
  if (!settles && entry.by() != duty.author.person.view()) {
    return NotSeparate("nobody takes a step in another's name");
  }
  if (settles) return absl::OkStatus();
  if (entry.step() == v1::ACTION_STEP_REPLIED) {
    return CheckReply(duty, judged, entry);
  }
  if (duty.author.role != v1::ROLE_INTERNAL_VERIFIER) {
    return Error(Reason::kRoleNotAllowed,
                 "a verifier requires an action and closes it");
  }
  if (entry.step() != v1::ACTION_STEP_CLOSED) return absl::OkStatus();
  for (const auto& step : NamedSteps(duty, judged)) {
    if (step.step() == v1::ACTION_STEP_REPLIED &&
        step.by() == duty.author.person.view()) {
      return NotSeparate("nobody closes what they replied to themselves");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckFurtherDuties(const DutyCase& duty) {
  VOUCH_RETURN_IF_ERROR(CheckExternal(duty));
  switch (duty.kind.number) {
    case kVerificationKind:
      return CheckVerifier(duty);
    case kAppealAnswerKind:
      return CheckAnswer(duty);
    case kVerificationActionKind:
      for (const JudgedOperation& judged : duty.change.operations) {
        if (judged.operation.merge_class != MergeClass::kLedger ||
            !judged.operation.value.has_value()) {
          continue;
        }
        VOUCH_RETURN_IF_ERROR(CheckStep(duty, judged));
      }
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

}  // namespace vouch
