// The registry of record kinds, and the check that keeps its options sound.
#include "evidence/kinds.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/support/author.h"
#include "vouch/v1/assessment_records.pb.h"
#include "vouch/v1/records.pb.h"
#include "vouch/v1/reference.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<const google::protobuf::Descriptor*> OurDescriptors() {
  std::vector<const google::protobuf::Descriptor*> all;
  for (const Kind& kind : Kinds()) all.push_back(kind.descriptor);
  return all;
}

TEST(Kinds, OursAreSound) {
  EXPECT_THAT(KindProblems(OurDescriptors()), IsEmpty());
}

// Number, life, scope and whether it is evidence: signed bytes and domain.md
// §3.
TEST(Kinds, AreThoseOfTheDomain) {
  std::vector<std::string> page;
  for (const Kind& kind : Kinds()) {
    static const char* const kLives[] = {"", "living", "sealed", "ledger"};
    page.push_back(absl::StrCat(
        kind.number, " ", kind.name, " ", kLives[kind.life], " ",
        static_cast<int>(kind.scope), kind.evidence ? " evidence" : "",
        kind.of_centre ? " of centre" : "",
        kind.owner != nullptr ? absl::StrCat(" of ", kind.owner->label) : ""));
  }
  EXPECT_THAT(
      page,
      ElementsAre(
          "1 Person living 10", "2 Registration living 1", "3 Witness living 1",
          "4 AssessmentPlan living 1", "5 Observation sealed 1 evidence",
          "6 WitnessStatement sealed 1 evidence", "7 CrossReference living 1",
          "8 Judgement ledger 2", "9 UnitDecision ledger 1",
          "10 InitialAssessment sealed 1", "11 Questioning sealed 1 evidence",
          "12 ProfessionalDiscussion sealed 1 evidence",
          "13 WorkProduct sealed 1 evidence",
          "14 ReflectiveAccount sealed 1 evidence",
          "15 JudgementRelease sealed 1", "16 Review sealed 1",
          "17 CandidateResponse sealed 1", "18 AppealAnswer sealed 1",
          "19 Verification sealed 3", "20 VerificationAction ledger 2",
          "21 SamplingPlan sealed 3 of centre",
          "22 SampleDraw sealed 3 of centre",
          "23 StandardisationMeeting sealed 3 of centre",
          "24 ExternalVisit sealed 3 of centre", "25 CertificateClaim sealed 1",
          "26 CreditTransfer sealed 1",
          "27 StaffCompetence living 12 of person",
          "30 SpecificationFile living 11", "31 UnitContents living 11"));
}

TEST(Kinds, NumbersAreThoseThatRulesUse) {
  const std::vector<std::pair<uint32_t, const google::protobuf::Descriptor*>>
      used = {{kPersonKind, v1::Person::descriptor()},
              {kRegistrationKind, v1::Registration::descriptor()},
              {kWitnessKind, v1::Witness::descriptor()},
              {kAssessmentPlanKind, v1::AssessmentPlan::descriptor()},
              {kObservationKind, v1::Observation::descriptor()},
              {kWitnessStatementKind, v1::WitnessStatement::descriptor()},
              {kCrossReferenceKind, v1::CrossReference::descriptor()},
              {kJudgementKind, v1::Judgement::descriptor()},
              {kUnitDecisionKind, v1::UnitDecision::descriptor()},
              {kInitialAssessmentKind, v1::InitialAssessment::descriptor()},
              {kQuestioningKind, v1::Questioning::descriptor()},
              {kProfessionalDiscussionKind,
               v1::ProfessionalDiscussion::descriptor()},
              {kWorkProductKind, v1::WorkProduct::descriptor()},
              {kReflectiveAccountKind, v1::ReflectiveAccount::descriptor()},
              {kJudgementReleaseKind, v1::JudgementRelease::descriptor()},
              {kReviewKind, v1::Review::descriptor()},
              {kCandidateResponseKind, v1::CandidateResponse::descriptor()},
              {kAppealAnswerKind, v1::AppealAnswer::descriptor()},
              {kVerificationKind, v1::Verification::descriptor()},
              {kVerificationActionKind, v1::VerificationAction::descriptor()},
              {kSamplingPlanKind, v1::SamplingPlan::descriptor()},
              {kSampleDrawKind, v1::SampleDraw::descriptor()},
              {kStandardisationMeetingKind,
               v1::StandardisationMeeting::descriptor()},
              {kExternalVisitKind, v1::ExternalVisit::descriptor()},
              {kCertificateClaimKind, v1::CertificateClaim::descriptor()},
              {kCreditTransferKind, v1::CreditTransfer::descriptor()},
              {kStaffCompetenceKind, v1::StaffCompetence::descriptor()},
              {kSpecificationFileKind, v1::SpecificationFile::descriptor()},
              {kUnitContentsKind, v1::UnitContents::descriptor()}};
  ASSERT_EQ(used.size(), Kinds().size());
  for (const auto& [number, descriptor] : used) {
    ASSERT_NE(FindKind(number), nullptr) << descriptor->name();
    EXPECT_EQ(FindKind(number)->descriptor, descriptor);
  }
  EXPECT_EQ(FindKind(4711), nullptr);
}

TEST(Kinds, IsFoundByEverySpelling) {
  for (const char* name :
       {"WitnessStatement", "witness-statement", "witness_statement"}) {
    ASSERT_NE(FindKindByName(name), nullptr) << name;
    EXPECT_EQ(FindKindByName(name)->number, kWitnessStatementKind);
  }
  EXPECT_EQ(FindKindByName("witness-statement")->spelling, "witness-statement");
  EXPECT_EQ(FindKindByName("portfolio"), nullptr);
  EXPECT_EQ(FindKindByName(""), nullptr);
}

TEST(Kinds, TellLifeScopeAndLabels) {
  const Kind* judgement = FindKind(kJudgementKind);
  EXPECT_EQ(judgement->life, v1::LIFE_LEDGER);
  EXPECT_EQ(judgement->scope, ScopeKind::kStaff);
  const Kind* observation = FindKind(kObservationKind);
  EXPECT_EQ(observation->FindField(8)->label, "reason for simulation");
  EXPECT_TRUE(observation->FindField(4)->needed_to_sign);
  EXPECT_EQ(observation->FindField(99), nullptr);
  EXPECT_EQ(observation->NewRecord()->GetDescriptor(),
            v1::Observation::descriptor());
}

TEST(Kinds, WhoIsNamedAsTheSignerIsSaidByTheProto) {
  std::vector<std::string> named;
  for (const Kind& kind : Kinds()) {
    for (const KindField& field : kind.fields) {
      if (!field.names_author) continue;
      named.push_back(absl::StrCat(kind.spelling, ": ", field.label));
    }
  }
  EXPECT_THAT(named, ElementsAre("observation: observer",
                                 "external-visit: external verifier",
                                 "credit-transfer: certificate seen by"));
}

TEST(Kinds, AnActionIsKeyedByWhatRequiresItAndItsName) {
  v1::VerificationAction action;
  action.set_required_by(test::IdOf<RecordId>("verification").Bytes());
  action.set_name("1");
  const RecordId first = *KeyedIdOf(action);
  EXPECT_EQ(first, *KeyedIdOf(action));
  action.set_name("2");
  EXPECT_NE(first, *KeyedIdOf(action));
}

TEST(Kinds, WhoMakesAKeyedRecordApartMakesTheSameOne) {
  const auto evidence = test::IdOf<RecordId>("evidence");
  const auto other = test::IdOf<RecordId>("other");
  v1::Judgement judgement;
  judgement.set_evidence(evidence.Bytes());
  judgement.add_entries()->set_justification("mine");
  test::SeededBytes ann("ann"), bob("bob");
  EXPECT_EQ(*RecordIdOf(judgement, 1, ann), *RecordIdOf(judgement, 2, bob));
  EXPECT_EQ(*KeyedIdOf(judgement), JudgementIdOf(evidence));
  EXPECT_NE(JudgementIdOf(evidence), JudgementIdOf(other));
  EXPECT_NE(JudgementIdOf(evidence), CrossReferenceIdOf(evidence));
}

TEST(Kinds, TheLengthOfEachKeyPartCounts) {
  v1::UnitDecision decision;
  decision.set_registration(test::IdOf<RecordId>("r").Bytes());
  decision.set_unit("F1");
  EXPECT_EQ(*KeyedIdOf(decision),
            UnitDecisionIdOf(test::IdOf<RecordId>("r"), "F1"));
  v1::UnitDecision shifted;
  shifted.set_registration(decision.registration() + "F");
  shifted.set_unit("1");
  EXPECT_NE(*KeyedIdOf(decision), *KeyedIdOf(shifted));
}

TEST(Kinds, AKeyedRecordNeedsItsWholeKey) {
  v1::UnitDecision decision;
  decision.set_unit("F1");
  EXPECT_EQ(ReasonOf(KeyedIdOf(decision).status()), Reason::kMalformed);
  EXPECT_EQ(ReasonOf(KeyedIdOf(v1::Observation()).status()),
            Reason::kMalformed);
  EXPECT_EQ(ReasonOf(KeyedIdOf(v1::TimeSpan()).status()), Reason::kKindUnknown);
}

TEST(Kinds, OtherRecordsGetAnIdOfTheirOwn) {
  test::SeededBytes random("ids");
  const RecordId a = *RecordIdOf(v1::Observation(), 1000, random);
  const RecordId b = *RecordIdOf(v1::Observation(), 1000, random);
  EXPECT_NE(a, b);
  EXPECT_EQ(a[6] >> 4, 7);
}

TEST(Kinds, ARecordLivesInItsRegistrationsScope) {
  test::SeededBytes random("ids");
  const RecordId registration = *RecordIdOf(v1::Registration(), 1000, random);
  const ScopeId scope = ScopeOf(*FindKind(kJudgementKind), registration);
  EXPECT_EQ(ScopeKindOf(scope), ScopeKind::kStaff);
  EXPECT_EQ(RegistrationOf(scope), registration);
}

// Kinds with one planted fault each.
class PlantedKinds : public ::testing::Test {
 protected:
  using Type = google::protobuf::FieldDescriptorProto;

  google::protobuf::DescriptorProto* Add(const std::string& name,
                                         uint32_t number, v1::Life life) {
    auto* message = file_.add_message_type();
    message->set_name(name);
    auto* options = message->mutable_options()->MutableExtension(v1::kind);
    options->set_number(number);
    options->set_life(life);
    options->set_scope(v1::SCOPE_KIND_SHARED);
    return message;
  }
  static void AddField(google::protobuf::DescriptorProto* message,
                       const std::string& name, bool repeated,
                       v1::Merge merge) {
    auto* field = message->add_field();
    field->set_name(name);
    field->set_number(message->field_size());
    field->set_type(Type::TYPE_STRING);
    field->set_label(repeated ? Type::LABEL_REPEATED : Type::LABEL_OPTIONAL);
    auto* options = field->mutable_options()->MutableExtension(v1::field);
    options->set_merge(merge);
    options->set_label(name);
  }
  static v1::FieldOptions* OptionsOf(
      google::protobuf::DescriptorProto* message) {
    return message->mutable_field(0)->mutable_options()->MutableExtension(
        v1::field);
  }
  std::vector<std::string> Problems() {
    file_.set_name("planted.proto");
    file_.set_syntax("proto3");
    const auto* file = pool_.BuildFile(file_);
    EXPECT_NE(file, nullptr);
    std::vector<const google::protobuf::Descriptor*> all;
    for (int i = 0; i < file->message_type_count(); ++i) {
      all.push_back(file->message_type(i));
    }
    return KindProblems(all);
  }

  google::protobuf::DescriptorPool pool_{
      google::protobuf::DescriptorPool::generated_pool()};
  google::protobuf::FileDescriptorProto file_;
};

TEST_F(PlantedKinds, ARepeatedNumberIsNoticed) {
  AddField(Add("A", 60, v1::LIFE_LIVING), "x", false, v1::MERGE_REGISTER);
  AddField(Add("B", 60, v1::LIFE_LIVING), "x", false, v1::MERGE_REGISTER);
  EXPECT_THAT(Problems(), Contains(HasSubstr("another kind's")));
}

TEST_F(PlantedKinds, AFieldWithoutAMergeClassIsNoticed) {
  AddField(Add("A", 60, v1::LIFE_LIVING), "x", false, v1::MERGE_UNSPECIFIED);
  EXPECT_THAT(Problems(), Contains(HasSubstr("A.x: has no merge class")));
}

TEST_F(PlantedKinds, AClassThatDoesNotFitTheTypeIsNoticed) {
  auto* message = Add("A", 60, v1::LIFE_LIVING);
  AddField(message, "register", true, v1::MERGE_REGISTER);
  AddField(message, "set", false, v1::MERGE_SET);
  AddField(message, "blocks", true, v1::MERGE_BLOCKS);
  EXPECT_EQ(Problems().size(), 3u);
}

TEST_F(PlantedKinds, ALedgerInALivingKindIsNoticed) {
  AddField(Add("A", 60, v1::LIFE_LIVING), "x", true, v1::MERGE_LEDGER);
  EXPECT_THAT(Problems(), Contains(HasSubstr("no ledger kind")));
}

TEST_F(PlantedKinds, ALedgerKindWithoutVerdictsIsNoticed) {
  AddField(Add("A", 60, v1::LIFE_LEDGER), "x", false, v1::MERGE_REGISTER);
  const auto problems = Problems();
  EXPECT_THAT(problems, Contains(HasSubstr("has 0 ledgers")));
  EXPECT_THAT(problems, Contains(HasSubstr("only its key")));
}

TEST_F(PlantedKinds, AKeyThatIsASetIsNoticed) {
  auto* message = Add("A", 60, v1::LIFE_LIVING);
  message->mutable_options()->MutableExtension(v1::kind)->add_key_fields("x");
  AddField(message, "x", true, v1::MERGE_SET);
  EXPECT_THAT(Problems(), Contains(HasSubstr("key x")));
}

TEST_F(PlantedKinds, ADateThatIsManyIsNoticed) {
  auto* message = Add("A", 60, v1::LIFE_LIVING);
  AddField(message, "x", true, v1::MERGE_SET);
  OptionsOf(message)->set_date(true);
  EXPECT_THAT(Problems(), Contains(HasSubstr("A.x: is a date")));
}

TEST_F(PlantedKinds, ASizeOfWhatIsNoBytesIsNoticed) {
  auto* message = Add("A", 60, v1::LIFE_LIVING);
  AddField(message, "x", false, v1::MERGE_REGISTER);
  OptionsOf(message)->set_size_bytes(16);
  EXPECT_THAT(Problems(), Contains(HasSubstr("A.x: has a size")));
}

TEST_F(PlantedKinds, AnAuthorWhoNeedNotBeNamedIsNoticed) {
  auto* message = Add("A", 60, v1::LIFE_SEALED);
  AddField(message, "x", false, v1::MERGE_REGISTER);
  message->mutable_field(0)->set_type(Type::TYPE_BYTES);
  OptionsOf(message)->set_names_author(true);
  EXPECT_THAT(Problems(), Contains(HasSubstr("A.x: names the author")));
}

TEST_F(PlantedKinds, APersonsRecordWithoutAnOwnerIsNoticed) {
  auto* message = Add("A", 60, v1::LIFE_LIVING);
  AddField(message, "x", false, v1::MERGE_REGISTER);
  message->mutable_options()->MutableExtension(v1::kind)->set_scope(
      v1::SCOPE_KIND_PERSON);
  EXPECT_THAT(Problems(), Contains(HasSubstr("has an owner")));
}

}  // namespace
}  // namespace vouch
