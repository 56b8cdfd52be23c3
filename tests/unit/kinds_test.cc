// The registry of record kinds, and the check that keeps its options sound.
#include "evidence/kinds.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/support/author.h"
#include "vouch/v1/records.pb.h"
#include "vouch/v1/reference.pb.h"

namespace vouch {
namespace {

using ::testing::Contains;
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

TEST(Kinds, EveryMessageWithKindOptionsIsRegistered) {
  int with_options = 0;
  for (const auto* file : {v1::Person::descriptor()->file(),
                           v1::SpecificationFile::descriptor()->file()}) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      const auto* message = file->message_type(i);
      if (!message->options().HasExtension(v1::kind)) continue;
      ++with_options;
      const auto number = message->options().GetExtension(v1::kind).number();
      ASSERT_NE(FindKind(number), nullptr) << message->name();
      EXPECT_EQ(FindKind(number)->descriptor, message);
    }
  }
  EXPECT_EQ(static_cast<size_t>(with_options), Kinds().size());
}

TEST(Kinds, NumbersAreThoseThatRulesUse) {
  EXPECT_EQ(FindKind(kPersonKind)->name, "Person");
  EXPECT_EQ(FindKind(kRegistrationKind)->name, "Registration");
  EXPECT_EQ(FindKind(kWitnessKind)->name, "Witness");
  EXPECT_EQ(FindKind(kAssessmentPlanKind)->name, "AssessmentPlan");
  EXPECT_EQ(FindKind(kObservationKind)->name, "Observation");
  EXPECT_EQ(FindKind(kWitnessStatementKind)->name, "WitnessStatement");
  EXPECT_EQ(FindKind(kCrossReferenceKind)->name, "CrossReference");
  EXPECT_EQ(FindKind(kJudgementKind)->name, "Judgement");
  EXPECT_EQ(FindKind(kUnitDecisionKind)->name, "UnitDecision");
  EXPECT_EQ(FindKind(kSpecificationFileKind)->name, "SpecificationFile");
  EXPECT_EQ(FindKind(kUnitContentsKind)->name, "UnitContents");
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

}  // namespace
}  // namespace vouch
