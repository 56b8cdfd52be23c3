#include "evidence/readiness.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evidence/kinds.h"
#include "evidence/missing_collector.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using google::protobuf::Message;
using Missing = std::vector<MissingField>;

bool HasText(
    const google::protobuf::RepeatedPtrField<v1::Paragraph>& paragraphs) {
  for (const v1::Paragraph& paragraph : paragraphs) {
    if (!IsBlank(paragraph.text())) return true;
  }
  return false;
}

Missing MissingToSign(const v1::Observation& record) {
  MissingCollector out(record);
  out.RequireMarked();
  if (!record.observer().empty()) {
    out.Require(record.observer().size() == PersonId::kSize,
                v1::Observation::kObserverFieldNumber,
                "the observer is a person known to the centre");
  }
  if (record.has_when()) {
    out.Require(record.when().end_ms() != 0, v1::Observation::kWhenFieldNumber,
                "say when it ended");
  }
  if (record.simulated()) {
    out.Require(!IsBlank(record.simulation_reason()),
                v1::Observation::kSimulationReasonFieldNumber,
                "a simulated observation says why it was simulated");
    out.Require(record.realism_confirmed(),
                v1::Observation::kRealismConfirmedFieldNumber,
                "confirm that the simulation was like the real thing");
  }
  return out.Take();
}

Missing MissingToSign(const v1::WitnessStatement& record) {
  MissingCollector out(record);
  out.RequireMarked();
  if (!IsBlank(record.written_on())) {
    out.Require(IsCalendarDay(record.written_on()),
                v1::WitnessStatement::kWrittenOnFieldNumber,
                "write the date like 2026-09-01");
  }
  const int drawn = v1::WitnessStatement::kDrawnSignatureFieldNumber;
  switch (record.signature_kind()) {
    case v1::WITNESS_SIGNATURE_KIND_ON_THIS_DEVICE:
      out.Require(!record.drawn_signature().empty(), drawn,
                  "the witness signs on the screen");
      out.Require(record.drawn_signature().size() <= kDrawnSignatureBytesMax,
                  drawn, "the drawn signature is larger than 64 KiB");
      out.Require(record.witness_key().size() == PublicKey::kSize,
                  v1::WitnessStatement::kWitnessKeyFieldNumber,
                  "the witness's one-time key is made when they sign");
      break;
    case v1::WITNESS_SIGNATURE_KIND_INVITED:
      out.Require(record.witness_key().size() == PublicKey::kSize,
                  v1::WitnessStatement::kWitnessKeyFieldNumber,
                  "the witness's one-time key is made when they sign");
      break;
    case v1::WITNESS_SIGNATURE_KIND_VERBAL:
      out.Require(!IsBlank(record.held_by()),
                  v1::WitnessStatement::kHeldByFieldNumber,
                  "name the assessor who wrote down what was said");
      break;
    case v1::WITNESS_SIGNATURE_KIND_PAPER:
      out.Require(!IsBlank(record.held_by()),
                  v1::WitnessStatement::kHeldByFieldNumber,
                  "name who holds the signed paper");
      break;
    default:
      break;
  }
  return out.Take();
}

Missing MissingToCount(const v1::Person& record) {
  MissingCollector out(record);
  out.Require(record.person_id().size() == PersonId::kSize,
              v1::Person::kPersonIdFieldNumber, "it is nobody's");
  out.Require(!IsBlank(record.name()), v1::Person::kNameFieldNumber,
              "people need a name");
  out.Require(record.role() != v1::ROLE_UNSPECIFIED,
              v1::Person::kRoleFieldNumber, "say what they do at the centre");
  out.Require(record.signing_key().size() == PublicKey::kSize,
              v1::Person::kSigningKeyFieldNumber, "nothing verifies without");
  out.Require(record.device_id().size() == DeviceId::kSize,
              v1::Person::kDeviceIdFieldNumber, "they work on a device");
  return out.Take();
}

Missing MissingToCount(const v1::Registration& record) {
  MissingCollector out(record);
  out.Require(!IsBlank(record.candidate_name()),
              v1::Registration::kCandidateNameFieldNumber,
              "name the candidate");
  out.Require(!IsBlank(record.specification()),
              v1::Registration::kSpecificationFieldNumber,
              "say for which qualification");
  out.Require(record.specification_version() != 0,
              v1::Registration::kSpecificationVersionFieldNumber,
              "say which version of the specification");
  return out.Take();
}

Missing MissingToCount(const v1::Witness& record) {
  MissingCollector out(record);
  out.Require(!IsBlank(record.name()), v1::Witness::kNameFieldNumber,
              "name the witness");
  return out.Take();
}

Missing MissingToCount(const v1::AssessmentPlan& record) {
  MissingCollector out(record);
  out.Require(record.units_size() > 0, v1::AssessmentPlan::kUnitsFieldNumber,
              "say which units are planned");
  out.Require(HasText(record.activities()),
              v1::AssessmentPlan::kActivitiesFieldNumber,
              "say when, where, by doing what and with what evidence");
  return out.Take();
}

Missing MissingToCount(const v1::CrossReference& record) {
  MissingCollector out(record);
  out.Require(record.evidence().size() == RecordId::kSize,
              v1::CrossReference::kEvidenceFieldNumber, "say which evidence");
  out.Require(record.criteria_size() > 0,
              v1::CrossReference::kCriteriaFieldNumber,
              "say for which criteria the evidence is offered");
  return out.Take();
}

Missing MissingToAppend(const v1::Judgement& record) {
  if (record.entries().empty()) {
    MissingCollector out(record);
    out.Require(false, v1::Judgement::kEntriesFieldNumber, "no verdict yet");
    return out.Take();
  }
  return MissingIn(*record.entries().rbegin());
}

Missing MissingToAppend(const v1::UnitDecision& record) {
  if (record.entries().empty()) {
    MissingCollector out(record);
    out.Require(false, v1::UnitDecision::kEntriesFieldNumber,
                "no decision yet");
    return out.Take();
  }
  return MissingIn(*record.entries().rbegin());
}

bool AllNamed(
    const google::protobuf::RepeatedPtrField<v1::CriterionOutcome>& outcomes) {
  for (const v1::CriterionOutcome& outcome : outcomes) {
    if (outcome.criterion().unit().empty() ||
        outcome.criterion().criterion().empty()) {
      return false;
    }
  }
  return true;
}

}  // namespace

Missing MissingIn(const v1::JudgementEntry& entry) {
  using Entry = v1::JudgementEntry;
  MissingCollector out(entry);
  out.Require(entry.assessor().size() == PersonId::kSize,
              Entry::kAssessorFieldNumber, "a judgement is somebody's");
  out.Require(entry.method() != v1::ASSESSMENT_METHOD_UNSPECIFIED,
              Entry::kMethodFieldNumber, "say how it was assessed");
  out.Require(!entry.outcomes().empty(), Entry::kOutcomesFieldNumber,
              "say which criteria are met or not yet");
  out.Require(AllNamed(entry.outcomes()), Entry::kOutcomesFieldNumber,
              "each outcome names its unit and criterion");
  out.Require(!IsBlank(entry.justification()), Entry::kJustificationFieldNumber,
              "say why");
  out.Require(!IsBlank(entry.feedback()), Entry::kFeedbackFieldNumber,
              "say what the candidate hears");
  out.Require(entry.evidence_digest().size() == Hash::kSize,
              Entry::kEvidenceDigestFieldNumber,
              "a judgement binds to the evidence as it was");
  out.Require(
      !entry.specification().empty() && entry.specification_version() != 0,
      Entry::kSpecificationFieldNumber,
      "say against which version of the specification");
  return out.Take();
}

Missing MissingIn(const v1::UnitDecisionEntry& entry) {
  using Entry = v1::UnitDecisionEntry;
  MissingCollector out(entry);
  out.Require(entry.assessor().size() == PersonId::kSize,
              Entry::kAssessorFieldNumber, "a decision is somebody's");
  out.Require(!entry.judgements().empty(), Entry::kJudgementsFieldNumber,
              "name the judgements it relies on");
  out.Require(entry.judgement_digests().empty() ||
                  entry.judgement_digests_size() == entry.judgements_size(),
              Entry::kJudgementDigestsFieldNumber,
              "one digest for each judgement");
  return out.Take();
}

Missing MissingIn(const Message& record) {
  const Kind* kind = KindOf(record);
  if (kind == nullptr) return {};
  switch (kind->number) {
    case kPersonKind:
      return MissingToCount(static_cast<const v1::Person&>(record));
    case kRegistrationKind:
      return MissingToCount(static_cast<const v1::Registration&>(record));
    case kWitnessKind:
      return MissingToCount(static_cast<const v1::Witness&>(record));
    case kAssessmentPlanKind:
      return MissingToCount(static_cast<const v1::AssessmentPlan&>(record));
    case kObservationKind:
      return MissingToSign(static_cast<const v1::Observation&>(record));
    case kWitnessStatementKind:
      return MissingToSign(static_cast<const v1::WitnessStatement&>(record));
    case kCrossReferenceKind:
      return MissingToCount(static_cast<const v1::CrossReference&>(record));
    case kJudgementKind:
      return MissingToAppend(static_cast<const v1::Judgement&>(record));
    case kUnitDecisionKind:
      return MissingToAppend(static_cast<const v1::UnitDecision&>(record));
    default:
      return MissingInFurther(record);
  }
}

absl::Status CheckReadyToSign(const Message& record) {
  const Kind* kind = KindOf(record);
  if (kind == nullptr) {
    return Error(Reason::kKindUnknown, "this message is no record");
  }
  if (kind->life != v1::LIFE_SEALED) {
    return Error(Reason::kOperationNotAllowed,
                 absl::StrCat("a ", kind->spelling, " is never signed"));
  }
  const Missing missing = MissingIn(record);
  if (missing.empty()) return absl::OkStatus();
  auto line = [](std::string* out, const MissingField& field) {
    absl::StrAppend(out, field.label, ": ", field.why);
  };
  return Error(Reason::kNotReadyToSign, absl::StrJoin(missing, "; ", line));
}

}  // namespace vouch
