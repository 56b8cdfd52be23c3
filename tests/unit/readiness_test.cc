// What people are told is missing before they can sign.
#include "evidence/readiness.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

template <typename Record>
std::vector<std::string> LabelsOf(const Record& record) {
  std::vector<std::string> labels;
  for (const MissingField& missing : MissingIn(record)) {
    EXPECT_FALSE(missing.why.empty()) << missing.label;
    labels.push_back(missing.label);
  }
  return labels;
}

v1::Observation WholeObservation() {
  v1::Observation record;
  record.set_observer(std::string(16, 'o'));
  record.set_candidate("Cora Candidate");
  record.mutable_when()->set_start_ms(1000);
  record.mutable_when()->set_end_ms(2000);
  record.set_venue("Front desk");
  record.add_narrative()->set_text("She greeted the customer.");
  return record;
}

v1::WitnessStatement WholeStatement() {
  v1::WitnessStatement record;
  record.set_candidate("Cora Candidate");
  record.mutable_when()->set_start_ms(1000);
  record.set_venue("Front desk");
  record.add_description()->set_text("She calmed an upset customer.");
  record.set_written_on("2026-09-01");
  record.set_witness_name("Wim Witness");
  record.set_relationship("supervisor");
  record.set_job_title("manager");
  record.set_contact("wim@example.org");
  record.set_signature_kind(v1::WITNESS_SIGNATURE_KIND_ON_THIS_DEVICE);
  record.set_drawn_signature("M0 0L1 1");
  record.set_witness_key(std::string(32, 'k'));
  return record;
}

TEST(Readiness, AWholeObservationLacksNothing) {
  EXPECT_THAT(MissingIn(WholeObservation()), IsEmpty());
  EXPECT_TRUE(CheckReadyToSign(WholeObservation()).ok());
}

TEST(Readiness, AnEmptyObservationLacksEveryBoldField) {
  EXPECT_THAT(LabelsOf(v1::Observation()),
              UnorderedElementsAre("observer", "candidate", "start and end",
                                   "venue", "narrative"));
}

TEST(Readiness, BlankTextIsNoText) {
  v1::Observation record = WholeObservation();
  record.set_venue(" \n");
  record.mutable_narrative(0)->set_text("   ");
  EXPECT_THAT(LabelsOf(record), ElementsAre("venue", "narrative"));
}

TEST(Readiness, ASimulationNeedsReasonAndRealism) {
  v1::Observation record = WholeObservation();
  record.set_simulated(true);
  EXPECT_THAT(LabelsOf(record),
              ElementsAre("reason for simulation", "realism confirmed"));
  record.set_simulation_reason("fire drill");
  record.set_realism_confirmed(true);
  EXPECT_THAT(LabelsOf(record), IsEmpty());
}

TEST(Readiness, AnObservationHasAStartAndAnEndInThatOrder) {
  v1::Observation record = WholeObservation();
  record.mutable_when()->set_end_ms(500);
  EXPECT_THAT(LabelsOf(record), ElementsAre("start and end"));
  record.mutable_when()->clear_end_ms();
  EXPECT_THAT(LabelsOf(record), ElementsAre("start and end"));
  record.mutable_when()->Clear();
  EXPECT_THAT(LabelsOf(record), Contains("start and end"));
}

TEST(Readiness, AnObserverIsAPerson) {
  v1::Observation record = WholeObservation();
  record.set_observer("Ann");
  EXPECT_THAT(LabelsOf(record), ElementsAre("observer"));
}

TEST(Readiness, AWholeStatementLacksNothing) {
  EXPECT_THAT(LabelsOf(WholeStatement()), IsEmpty());
}

TEST(Readiness, AWitnessOnThisDeviceSignsOnTheScreen) {
  v1::WitnessStatement record = WholeStatement();
  record.clear_drawn_signature();
  record.set_witness_key("short");
  EXPECT_THAT(LabelsOf(record),
              ElementsAre("drawn signature", "witness's one-time key"));
  record = WholeStatement();
  record.set_drawn_signature(std::string(kDrawnSignatureBytesMax, 'M'));
  EXPECT_THAT(LabelsOf(record), IsEmpty());
  record.mutable_drawn_signature()->push_back('M');
  EXPECT_THAT(LabelsOf(record), ElementsAre("drawn signature"));
}

TEST(Readiness, AVerbalOrPaperTestimonyNamesItsKeeper) {
  v1::WitnessStatement record = WholeStatement();
  record.clear_drawn_signature();
  record.clear_witness_key();
  for (auto kind :
       {v1::WITNESS_SIGNATURE_KIND_VERBAL, v1::WITNESS_SIGNATURE_KIND_PAPER}) {
    record.set_signature_kind(kind);
    record.clear_held_by();
    EXPECT_THAT(LabelsOf(record), ElementsAre("held by"));
    record.set_held_by("Ann Assessor");
    EXPECT_THAT(LabelsOf(record), IsEmpty());
  }
  record.set_signature_kind(v1::WITNESS_SIGNATURE_KIND_UNSPECIFIED);
  EXPECT_THAT(LabelsOf(record), ElementsAre("kind of signature"));
}

TEST(Readiness, ADateOfWritingIsACalendarDay) {
  v1::WitnessStatement record = WholeStatement();
  for (const char* wrong :
       {"yesterday", "2026-02-30", "2026-9-1", "1/9/2026"}) {
    record.set_written_on(wrong);
    EXPECT_THAT(LabelsOf(record), ElementsAre("date of writing")) << wrong;
  }
}

TEST(Readiness, LivingRecordsSayWhatTheyNeedToCount) {
  EXPECT_THAT(
      LabelsOf(v1::Registration()),
      ElementsAre("candidate", "specification", "specification version"));
  EXPECT_THAT(LabelsOf(v1::Witness()), ElementsAre("name"));
  EXPECT_THAT(LabelsOf(v1::AssessmentPlan()),
              ElementsAre("units", "planned activities"));
  EXPECT_THAT(LabelsOf(v1::CrossReference()),
              ElementsAre("evidence", "criteria"));
  EXPECT_EQ(LabelsOf(v1::Person()).size(), 5u);
}

TEST(Readiness, AVerdictNeedsItsGroundsAndItsBinding) {
  v1::JudgementEntry entry;
  EXPECT_EQ(LabelsOf(entry).size(), 7u);
  entry.set_assessor(std::string(16, 'a'));
  entry.set_method(v1::ASSESSMENT_METHOD_DIRECT_OBSERVATION);
  auto* outcome = entry.add_outcomes();
  outcome->mutable_criterion()->set_unit("F1");
  outcome->mutable_criterion()->set_criterion("1.1");
  entry.set_justification("seen");
  entry.set_feedback("well done");
  entry.set_specification("03455");
  entry.set_specification_version(1);
  EXPECT_THAT(LabelsOf(entry), ElementsAre("evidence_digest"));
  entry.set_evidence_digest(std::string(32, 'd'));
  EXPECT_THAT(LabelsOf(entry), IsEmpty());
  outcome->mutable_criterion()->clear_criterion();
  EXPECT_THAT(LabelsOf(entry), ElementsAre("outcomes"));
}

TEST(Readiness, ALedgerSpeaksOfItsNewestVerdict) {
  v1::UnitDecision decision;
  EXPECT_THAT(LabelsOf(decision), ElementsAre("decision"));
  decision.add_entries();
  auto* newest = decision.add_entries();
  newest->set_assessor(std::string(16, 'a'));
  newest->add_judgements("judgement");
  EXPECT_THAT(LabelsOf(decision), IsEmpty());
  newest->add_judgement_digests("one");
  newest->add_judgement_digests("two");
  EXPECT_THAT(LabelsOf(decision), ElementsAre("judgement_digests"));
}

TEST(Readiness, SigningNamesWhatIsMissingAndRefusesOtherKinds) {
  v1::Observation record = WholeObservation();
  record.clear_venue();
  const absl::Status status = CheckReadyToSign(record);
  EXPECT_EQ(ReasonOf(status), Reason::kNotReadyToSign);
  EXPECT_THAT(std::string(status.message()), HasSubstr("venue"));
  EXPECT_EQ(ReasonOf(CheckReadyToSign(v1::AssessmentPlan())),
            Reason::kOperationNotAllowed);
  EXPECT_EQ(ReasonOf(CheckReadyToSign(v1::TimeSpan())), Reason::kKindUnknown);
}

}  // namespace
}  // namespace vouch
