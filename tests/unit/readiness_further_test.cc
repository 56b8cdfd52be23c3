// What the kinds of assessment_records.proto and verification_records.proto
// lack before they can be signed, and what each of them needs.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "evidence/kinds.h"
#include "evidence/readiness.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/unit/whole_records.h"
#include "vouch/v1/assessment_records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

using google::protobuf::Message;
using test::WholeRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Labels(const std::vector<MissingField>& missing) {
  std::vector<std::string> labels;
  for (const MissingField& field : missing) {
    EXPECT_FALSE(field.why.empty()) << field.label;
    labels.push_back(field.label);
  }
  return labels;
}
std::vector<std::string> LabelsOf(const Message& record) {
  return Labels(MissingIn(record));
}

template <typename Record>
Record Whole() {
  Record record;
  record.CopyFrom(*WholeRecord(*KindOf(Record())));
  EXPECT_THAT(LabelsOf(record), IsEmpty());
  return record;
}

// The bold fields of domain.md §3, and what says what a record is about where
// it prints none.
TEST(ReadinessFurther, AnEmptyRecordLacksWhatThePageSays) {
  const std::map<std::string, std::string> page = {
      {"InitialAssessment",
       "competence already held, gaps, right level confirmed, mandatory units "
       "understood, optional units chosen, learning contract signed by both"},
      {"Questioning", "questions and answers"},
      {"ProfessionalDiscussion", "plan, topics, record"},
      {"WorkProduct", "authenticity confirmed"},
      {"ReflectiveAccount", "authenticity confirmed"},
      {"JudgementRelease", "evidence, judgement, feedback"},
      {"Review", "date, participants, text"},
      {"CandidateResponse", "comment or appeal, about, text"},
      {"AppealAnswer", "appeal, outcome, text"},
      {"Verification", "sample reason, decisions checked, outcome"},
      {"SamplingPlan", "specification, shares"},
      {"SampleDraw", "plan, seed, drawn from"},
      {"StandardisationMeeting", "date, participants, text"},
      {"ExternalVisit", "external verifier, scope, outcome"},
      {"CertificateClaim", "units, candidate number, ULN, route, date"},
      {"CreditTransfer",
       "accreditation number, certificate, certificate seen by, certificate "
       "seen on"},
  };
  size_t checked = 0;
  for (const Kind& kind : Kinds()) {
    if (kind.life != v1::LIFE_SEALED || page.count(kind.name) == 0) continue;
    ++checked;
    EXPECT_EQ(absl::StrJoin(LabelsOf(*kind.NewRecord()), ", "),
              page.at(kind.name))
        << kind.name;
    EXPECT_EQ(ReasonOf(CheckReadyToSign(*kind.NewRecord())),
              Reason::kNotReadyToSign);
  }
  EXPECT_EQ(checked, page.size());
}

TEST(ReadinessFurther, EachNeededFieldIsMissedByItselfAndNothingElseIs) {
  for (const Kind& kind : Kinds()) {
    if (kind.life != v1::LIFE_SEALED) continue;
    const std::unique_ptr<Message> whole = WholeRecord(kind);
    EXPECT_TRUE(CheckReadyToSign(*whole).ok())
        << kind.name << " " << CheckReadyToSign(*whole);
    for (const KindField& field : kind.fields) {
      if (!field.needed_to_sign) continue;
      std::unique_ptr<Message> lacking(whole->New());
      lacking->CopyFrom(*whole);
      lacking->GetReflection()->ClearField(lacking.get(), field.descriptor);
      EXPECT_THAT(LabelsOf(*lacking), ElementsAre(field.label)) << kind.name;
      EXPECT_THAT(std::string(CheckReadyToSign(*lacking).message()),
                  HasSubstr(field.label));
    }
  }
}

TEST(ReadinessFurther, SaysItInWords) {
  EXPECT_EQ(MissingIn(v1::InitialAssessment())[0].why,
            "an initial assessment is signed with its competence already held");
  EXPECT_EQ(MissingIn(v1::WorkProduct())[0].why,
            "a work product is signed with its authenticity confirmed");
}

TEST(ReadinessFurther, DatesAreCalendarDaysAndIdsAreWhole) {
  auto review = Whole<v1::Review>();
  review.set_held_on("1/9/2026");
  EXPECT_THAT(LabelsOf(review), ElementsAre("date"));
  auto transfer = Whole<v1::CreditTransfer>();
  transfer.set_achieved_on("2026-02-30");
  EXPECT_THAT(LabelsOf(transfer), ElementsAre("achieved"));
  auto release = Whole<v1::JudgementRelease>();
  release.set_judgement_digest("short");
  EXPECT_THAT(LabelsOf(release), ElementsAre("judgement"));
  auto verification = Whole<v1::Verification>();
  verification.add_decisions("short");
  EXPECT_THAT(LabelsOf(verification), ElementsAre("decisions checked"));
}

TEST(ReadinessFurther, TimesAreInOrder) {
  auto asked = Whole<v1::Questioning>();
  asked.mutable_when()->set_start_ms(2000);
  EXPECT_THAT(LabelsOf(asked), IsEmpty());
  asked.mutable_when()->set_end_ms(1000);
  EXPECT_THAT(LabelsOf(asked), ElementsAre("start and end"));
}

TEST(ReadinessFurther, ActionRequiredSaysWhatWasFound) {
  auto record = Whole<v1::Verification>();
  record.set_outcome(v1::VERIFICATION_OUTCOME_ACTION_REQUIRED);
  EXPECT_THAT(LabelsOf(record), ElementsAre("findings"));
  record.add_findings()->set_text(" ");
  EXPECT_THAT(LabelsOf(record), ElementsAre("findings"));
  record.mutable_findings(0)->set_text("The product was not dated.");
  EXPECT_THAT(LabelsOf(record), IsEmpty());
}

TEST(ReadinessFurther, AnAuthorisedClaimNamesTheVisit) {
  auto record = Whole<v1::CertificateClaim>();
  record.set_route(v1::CLAIM_ROUTE_AUTHORISED);
  EXPECT_THAT(LabelsOf(record), ElementsAre("authorised by"));
  record.set_visit(std::string(16, 'v'));
  EXPECT_THAT(LabelsOf(record), IsEmpty());
}

TEST(ReadinessFurther, SharesAreOfAHundredAndRaisesNameARisk) {
  auto plan = Whole<v1::SamplingPlan>();
  plan.mutable_shares(0)->set_percent(100);
  EXPECT_THAT(LabelsOf(plan), IsEmpty());
  plan.mutable_shares(0)->set_percent(101);
  EXPECT_THAT(LabelsOf(plan), ElementsAre("shares"));
  plan.mutable_shares(0)->set_percent(0);
  plan.add_raises()->set_percent(101);
  EXPECT_THAT(LabelsOf(plan), ElementsAre("raised by risk", "raised by risk"));
}

TEST(ReadinessFurther, ADrawHangsOnTheLogAndExplainsItsPicks) {
  auto draw = Whole<v1::SampleDraw>();
  draw.mutable_seed()->set_log_size(0);
  EXPECT_THAT(LabelsOf(draw), ElementsAre("seed"));
  draw.mutable_seed()->set_log_size(9);
  draw.mutable_seed()->set_root("mine");
  EXPECT_THAT(LabelsOf(draw), ElementsAre("seed"));
  draw = Whole<v1::SampleDraw>();
  v1::SamplePick* pick = draw.add_picks();
  EXPECT_THAT(LabelsOf(draw), ElementsAre("picks", "picks"));
  pick->set_decision(std::string(16, 'd'));
  pick->set_reason(v1::SAMPLE_REASON_TARGETED);
  pick->set_why("a complaint");
  EXPECT_THAT(LabelsOf(draw), IsEmpty());
  draw.set_drawn_from(0);  // a draw from nothing
  EXPECT_THAT(LabelsOf(draw), ElementsAre("drawn from"));
}

TEST(ReadinessFurther, ADrawnSignatureHasItsLimit) {
  auto record = Whole<v1::InitialAssessment>();
  record.set_drawn_signature(std::string(kDrawnSignatureBytesMax, 'M'));
  EXPECT_THAT(LabelsOf(record), IsEmpty());
  record.mutable_drawn_signature()->push_back('M');
  EXPECT_THAT(LabelsOf(record), ElementsAre("candidate's signature"));
}

TEST(ReadinessFurther, AStepSaysWhatByWhomAndByWhen) {
  v1::VerificationAction action;
  EXPECT_THAT(LabelsOf(action), ElementsAre("step"));
  v1::VerificationActionEntry* entry = action.add_entries();
  EXPECT_THAT(LabelsOf(action),
              ElementsAre("by", "step", "action", "due_on", "assigned_to"));
  entry->set_by(std::string(16, 'b'));
  entry->set_step(v1::ACTION_STEP_REQUIRED);
  entry->set_action("Date each product.");
  entry->set_due_on("2026-09-01");
  entry->set_assigned_to(std::string(16, 'a'));
  EXPECT_THAT(LabelsOf(action), IsEmpty());
  entry->set_due_on("soon");
  EXPECT_THAT(LabelsOf(action), ElementsAre("due_on"));
  entry->set_due_on("2026-09-01");
  entry->set_step(v1::ACTION_STEP_REPLIED);
  EXPECT_THAT(LabelsOf(action), ElementsAre("text"));
  entry->set_text("Done.");
  EXPECT_THAT(LabelsOf(action), IsEmpty());
}

TEST(ReadinessFurther, CompetenceSaysWhoseForWhatAndSinceWhen) {
  v1::StaffCompetence record;
  EXPECT_THAT(LabelsOf(record),
              ElementsAre("person", "level", "criterion", "evidence", "date"));
  record.set_person(std::string(16, 'a'));
  record.set_level(2);
  record.set_criterion("6");
  record.set_evidence("certificate seen");
  record.set_shown_on("2026-09-01");
  EXPECT_THAT(LabelsOf(record), IsEmpty());
  record.set_level(5);
  record.set_expires_on("never");
  EXPECT_THAT(LabelsOf(record), ElementsAre("level", "expiry"));
}

TEST(ReadinessFurther, AWitnessOnTheirOwnDeviceSignsToo) {
  v1::WitnessStatement record = Whole<v1::WitnessStatement>();
  record.clear_held_by();
  record.set_signature_kind(v1::WITNESS_SIGNATURE_KIND_INVITED);
  EXPECT_THAT(LabelsOf(record), ElementsAre("witness's one-time key"));
  record.set_witness_key(std::string(32, 'k'));
  EXPECT_THAT(LabelsOf(record), IsEmpty());
}

}  // namespace
}  // namespace vouch
