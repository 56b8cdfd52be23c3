// What keeps evidence from counting, and what is only flagged, each in words.
#include <string>
#include <vector>

#include "evidence/acts.h"
#include "evidence/portfolio.h"
#include "evidence/testimony.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/portfolio_fixture.h"

namespace vouch {
namespace {

using test::Author;
using test::Notebook;
using test::RecordRef;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(PortfolioTest, AJudgementOfEvidenceThatIsNotHereDoesNotCount) {
  RecordRef missing = registration_;
  missing.id = test::IdOf<RecordId>("missing");
  Judge(ann_, missing, {kFirst});
  Offer(missing, {kFirst});
  const Portfolio portfolio = Build();
  EXPECT_THAT(Ids(Item(portfolio, missing).reasons), ElementsAre("not_held"));
  EXPECT_EQ(At(portfolio, "F1", "1.1").state, CriterionState::kOffered);
}

TEST_F(PortfolioTest, ARecordThatIsNoEvidenceDoesNotCount) {
  const RecordRef witness = Note(ann_).Starts(v1::Witness(), registration_.id);
  Offer(witness, {kFirst});
  EXPECT_THAT(Ids(Item(Build(), witness).reasons), ElementsAre("not_evidence"));
}

TEST_F(PortfolioTest, OfferingForAUnitNotRegisteredDoesNotCount) {
  const RecordRef seen = Signed(Observation());
  Offer(seen, {kFirst, {"A10", "1.1"}});
  Judge(ann_, seen, {kFirst, {"A10", "1.1"}});
  const Portfolio portfolio = Build();
  const EvidenceItem& item = Item(portfolio, seen);
  ASSERT_THAT(item.offers, SizeIs(2));
  EXPECT_EQ(item.offers[0].reason->id, "unit_not_registered");
  EXPECT_FALSE(item.offers[1].reason.has_value());
  EXPECT_THAT(portfolio.units, SizeIs(2));
  EXPECT_TRUE(item.counts);
}

TEST_F(PortfolioTest, SimulationCountsOnlyWhereTheSpecificationAllowsIt) {
  v1::Observation simulated = Observation();
  simulated.set_simulated(true);
  simulated.set_simulation_reason("fire drill");
  simulated.set_realism_confirmed(true);
  const RecordRef seen = Signed(simulated);
  Judge(ann_, seen, {kFirst, {"C1", "1.1"}});
  const Portfolio portfolio = Build();
  EXPECT_EQ(At(portfolio, "C1", "1.1").state, CriterionState::kMet);
  EXPECT_EQ(At(portfolio, "F1", "1.1").state, CriterionState::kOffered);
  EXPECT_THAT(At(portfolio, "F1", "1.1").why,
              HasSubstr("simulated evidence does not count for F1"));
}

TEST_F(PortfolioTest, ATestimonyByItsCandidateDoesNotCount) {
  Share(ann_, cora_);
  Notebook& note = Note(cora_);
  const RecordRef ref = note.Starts(Statement(), registration_.id);
  note.Does(ref, SealRecord(note.View(ref)));
  EXPECT_THAT(Ids(Item(Build(cora_), ref).reasons),
              ElementsAre("testimony_by_candidate"));
}

TEST_F(PortfolioTest, WhatWasSignedWithoutABoldFieldDoesNotCount) {
  v1::Observation incomplete = Observation();
  incomplete.clear_venue();
  const RecordRef seen = Signed(incomplete);
  EXPECT_THAT(Ids(Item(Build(), seen).reasons), ElementsAre("incomplete"));
  EXPECT_EQ(Item(Build(), seen).reasons[0].text,
            "it was signed without its venue");
}

TEST_F(PortfolioTest, WhatIsOnlyFlaggedStillCounts) {
  v1::WitnessStatement statement = Statement();
  statement.set_witness_name("Carl CANDIDATE");
  statement.set_contact("tel. 01234-567890");
  statement.mutable_description(0)->set_text("She met F1 1.1 and 1.2.");
  const RecordRef ref = Signed(statement);
  Judge(ann_, ref, {kFirst});
  const Portfolio portfolio = Build();
  EXPECT_THAT(
      Ids(Item(portfolio, ref).flags),
      ElementsAre("lists_criteria", "shared_surname", "shared_contact"));
  EXPECT_TRUE(Item(portfolio, ref).counts);
  EXPECT_EQ(At(portfolio, "F1", "1.1").state, CriterionState::kMet);
}

TEST_F(PortfolioTest, FlagsDuplicatesAndClocksThatCannotBe) {
  const RecordRef first = Signed(Observation());
  v1::Observation again = Observation();
  again.mutable_narrative(0)->set_text("she greeted the  customer");
  again.mutable_when()->set_end_ms(test::kStartMs * 2);
  const RecordRef second = Signed(again);
  const Portfolio portfolio = Build();
  EXPECT_THAT(Ids(Item(portfolio, first).flags),
              ElementsAre("possible_duplicate"));
  EXPECT_THAT(Ids(Item(portfolio, second).flags),
              ElementsAre("clock_anomaly", "possible_duplicate"));
  EXPECT_TRUE(Item(portfolio, second).counts);
}

TEST_F(PortfolioTest, FlagsATrainerWhoIsTheOnlyAssessorAndAnotherVersion) {
  Notebook& note = Note(ann_);
  auto registration = note.Read<v1::Registration>(registration_);
  registration.set_trainer(ann_.person().Bytes());
  registration.add_assessors(ann_.person().Bytes());
  registration.set_specification_version(2);
  note.Edits(registration_, registration);
  EXPECT_THAT(Ids(Build().flags),
              ElementsAre("other_specification", "trainer_only_assessor"));
  registration.add_assessors(bob_.person().Bytes());
  note.Edits(registration_, registration);
  EXPECT_THAT(Ids(Build().flags), Not(Contains("trainer_only_assessor")));
}

TEST_F(PortfolioTest, FlagsAnEditBesideTheSignatureAndAContestedField) {
  const RecordRef seen = Note(ann_).Starts(Observation(), registration_.id);
  Share(ann_, bob_);
  v1::Observation edited = Note(bob_).Read<v1::Observation>(seen);
  edited.set_venue("Bob's");
  Note(bob_).Edits(seen, edited);
  Note(ann_).Does(seen, SealRecord(Note(ann_).View(seen)));
  Share(bob_, ann_);
  EXPECT_THAT(Ids(Item(Build(), seen).flags),
              ElementsAre("edited_beside_signature"));
  EXPECT_TRUE(Item(Build(), seen).counts);
}

TEST_F(PortfolioTest, FlagsAMethodTheSpecificationDoesNotList) {
  const RecordRef seen = Signed(Observation());
  const RecordRef ref = Judge(ann_, seen, {kFirst});
  v1::Judgement judgement = Note(ann_).Read<v1::Judgement>(ref);
  v1::JudgementEntry entry = judgement.entries(0);
  entry.set_method(v1::ASSESSMENT_METHOD_UNSPECIFIED);
  entry.set_specification_version(9);
  *judgement.add_entries() = entry;
  Note(ann_).Edits(ref, judgement);
  EXPECT_THAT(Ids(Item(Build(), seen).judgement.flags),
              ElementsAre("method_not_listed", "other_specification"));
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kMet);
}

TEST_F(PortfolioTest, RecordsOfOtherRegistrationsAreIgnored) {
  const RecordRef mine = Signed(Observation());
  Note(ann_).Starts(Observation(), test::IdOf<RecordId>("another"));
  EXPECT_THAT(Build().evidence,
              ElementsAre(Field(&EvidenceItem::record, mine.id)));
}

TEST_F(PortfolioTest, EvidenceOfANewerAppIsShownAndDoesNotCount) {
  RecordRef unknown = registration_;
  unknown.kind = 4711;
  unknown.id = test::IdOf<RecordId>("newer");
  DraftOperation create;
  create.merge_class = MergeClass::kCreate;
  Note(ann_).Does(unknown, std::vector<DraftOperation>{create});
  EXPECT_THAT(Ids(Item(Build(), unknown).reasons), ElementsAre("newer_app"));
}

TEST(Testimony, CriteriaSurnamesAndContacts) {
  EXPECT_TRUE(ListsCriteria("He covered F1.", Spec()));
  EXPECT_TRUE(ListsCriteria("all criteria are met", Spec()));
  EXPECT_TRUE(ListsCriteria("1.1, 2.3", Spec()));
  EXPECT_FALSE(ListsCriteria("He lifted 1.5 kg at gate F.", Spec()));
  EXPECT_TRUE(ShareSurname("Ann van Dyk", "BEN DYK"));
  EXPECT_FALSE(ShareSurname("Ann", "Ann"));
  EXPECT_FALSE(ShareSurname("Ann Bell", "Ann Ball"));
  EXPECT_TRUE(ShareContact("(01234) 56 78 90", "tel 1234567890"));
  EXPECT_TRUE(ShareContact("mail A@b.org;", "a@B.org"));
  EXPECT_FALSE(ShareContact("12 High Street", "12 High Street"));
  EXPECT_FALSE(ShareContact("", ""));
}

}  // namespace
}  // namespace vouch
