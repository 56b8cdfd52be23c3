// What the kinds of assessment_records.proto and verification_records.proto
// lack; most of it their options say.
#include <string>

#include "absl/strings/str_cat.h"
#include "evidence/kinds.h"
#include "evidence/missing_collector.h"
#include "evidence/readiness.h"
#include "sync/base/ids.h"
#include "vouch/v1/assessment_records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

using Missing = std::vector<MissingField>;

constexpr uint32_t kPercentMax = 100;
// The levels that the awarding bodies state competence for.
constexpr uint32_t kCompetenceLevelMin = 2, kCompetenceLevelMax = 4;

void AddRules(const v1::InitialAssessment& record, MissingCollector* out) {
  out->Require(record.drawn_signature().size() <= kDrawnSignatureBytesMax,
               v1::InitialAssessment::kDrawnSignatureFieldNumber,
               "the drawn signature is larger than 64 KiB");
}

void AddRules(const v1::Verification& record, MissingCollector* out) {
  if (record.outcome() != v1::VERIFICATION_OUTCOME_ACTION_REQUIRED) return;
  bool says = false;
  for (const v1::Paragraph& finding : record.findings()) {
    says |= !IsBlank(finding.text());
  }
  out->Require(says, v1::Verification::kFindingsFieldNumber,
               "where action is required, say what was found");
}

void AddRules(const v1::SamplingPlan& record, MissingCollector* out) {
  for (const v1::SamplingShare& share : record.shares()) {
    out->Require(share.percent() <= kPercentMax,
                 v1::SamplingPlan::kSharesFieldNumber,
                 "a share is of a hundred: 0 to 100");
  }
  for (const v1::SamplingRaise& raise : record.raises()) {
    out->Require(raise.risk() != v1::SAMPLE_REASON_UNSPECIFIED,
                 v1::SamplingPlan::kRaisesFieldNumber, "say which risk");
    out->Require(raise.percent() <= kPercentMax,
                 v1::SamplingPlan::kRaisesFieldNumber,
                 "a share is of a hundred: 0 to 100");
  }
}

void AddRules(const v1::SampleDraw& record, MissingCollector* out) {
  if (record.has_seed()) {
    out->Require(
        record.seed().root().size() == Hash::kSize &&
            record.seed().log_size() != 0,
        v1::SampleDraw::kSeedFieldNumber,
        "a draw hangs on a root of the centre's log and the log's size");
  }
  for (const v1::SamplePick& pick : record.picks()) {
    out->Require(pick.decision().size() == RecordId::kSize,
                 v1::SampleDraw::kPicksFieldNumber,
                 "each pick names a decision");
    out->Require(
        pick.reason() != v1::SAMPLE_REASON_UNSPECIFIED && !IsBlank(pick.why()),
        v1::SampleDraw::kPicksFieldNumber, "each pick is explained");
  }
}

void AddRules(const v1::CertificateClaim& record, MissingCollector* out) {
  if (record.route() != v1::CLAIM_ROUTE_AUTHORISED) return;
  out->Require(!record.visit().empty(), v1::CertificateClaim::kVisitFieldNumber,
               "say at which visit the external verifier authorised it");
}

template <typename Record>
Missing MissingToSign(const google::protobuf::Message& record) {
  MissingCollector out(record);
  out.RequireMarked();
  AddRules(static_cast<const Record&>(record), &out);
  return out.Take();
}

Missing MissingToCount(const v1::StaffCompetence& record) {
  MissingCollector out(record);
  out.Require(!record.person().empty(), v1::StaffCompetence::kPersonFieldNumber,
              "say whose it is");
  out.Require(record.level() >= kCompetenceLevelMin &&
                  record.level() <= kCompetenceLevelMax,
              v1::StaffCompetence::kLevelFieldNumber,
              "competence is stated for level 2, 3 or 4");
  out.Require(!IsBlank(record.criterion()),
              v1::StaffCompetence::kCriterionFieldNumber,
              "say for which criterion of competence");
  out.Require(!IsBlank(record.evidence()),
              v1::StaffCompetence::kEvidenceFieldNumber, "say what shows it");
  out.Require(!IsBlank(record.shown_on()),
              v1::StaffCompetence::kShownOnFieldNumber, "say since when");
  out.RequireForms();
  return out.Take();
}

Missing MissingToAppend(const v1::VerificationAction& record) {
  if (!record.entries().empty()) return MissingIn(*record.entries().rbegin());
  MissingCollector out(record);
  out.Require(false, v1::VerificationAction::kEntriesFieldNumber,
              "no step yet");
  return out.Take();
}

}  // namespace

Missing MissingIn(const v1::VerificationActionEntry& entry) {
  using Entry = v1::VerificationActionEntry;
  MissingCollector out(entry);
  out.Require(entry.by().size() == PersonId::kSize, Entry::kByFieldNumber,
              "a step is somebody's");
  out.Require(entry.step() != v1::ACTION_STEP_UNSPECIFIED,
              Entry::kStepFieldNumber,
              "say whether it is required, replied "
              "to or closed");
  out.Require(!IsBlank(entry.action()), Entry::kActionFieldNumber,
              "say what has to be done");
  out.Require(IsCalendarDay(entry.due_on()), Entry::kDueOnFieldNumber,
              "say by when, like 2026-09-01");
  out.Require(entry.assigned_to().size() == PersonId::kSize,
              Entry::kAssignedToFieldNumber, "say who has to do it");
  if (entry.step() == v1::ACTION_STEP_REPLIED) {
    out.Require(!IsBlank(entry.text()), Entry::kTextFieldNumber,
                "say what was done");
  }
  return out.Take();
}

Missing MissingInFurther(const google::protobuf::Message& record) {
  switch (KindOf(record)->number) {
    case kInitialAssessmentKind:
      return MissingToSign<v1::InitialAssessment>(record);
    case kVerificationKind:
      return MissingToSign<v1::Verification>(record);
    case kSamplingPlanKind:
      return MissingToSign<v1::SamplingPlan>(record);
    case kSampleDrawKind:
      return MissingToSign<v1::SampleDraw>(record);
    case kCertificateClaimKind:
      return MissingToSign<v1::CertificateClaim>(record);
    case kStaffCompetenceKind:
      return MissingToCount(static_cast<const v1::StaffCompetence&>(record));
    case kVerificationActionKind:
      return MissingToAppend(
          static_cast<const v1::VerificationAction&>(record));
    default: {
      MissingCollector out(record);
      out.RequireMarked();
      return out.Take();
    }
  }
}

}  // namespace vouch
