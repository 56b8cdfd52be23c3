// The portfolio as a candidate's team sees it: what is covered, by what, and
// what was decided.
#include "evidence/portfolio.h"

#include <string>
#include <vector>

#include "evidence/acts.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/portfolio_fixture.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(PortfolioTest, AnEmptyOneSaysWhatIsOpen) {
  const Portfolio portfolio = Build();
  EXPECT_EQ(portfolio.candidate, "Cora Candidate");
  EXPECT_EQ(portfolio.state, "registered");
  EXPECT_THAT(portfolio.flags, IsEmpty());
  ASSERT_THAT(portfolio.units, SizeIs(2));
  EXPECT_EQ(portfolio.units[0].number, "F1");
  EXPECT_EQ(portfolio.units[0].state, UnitState::kOpen);
  EXPECT_EQ(portfolio.units[0].why, "not met yet: 1.1, 1.2");
  EXPECT_EQ(At(portfolio, "F1", "1.1").state, CriterionState::kOpen);
  EXPECT_EQ(At(portfolio, "F1", "1.1").why, "nothing is offered for it");
  EXPECT_THAT(portfolio.planned.units, ElementsAre("F1", "C1"));
  EXPECT_EQ(portfolio.planned.verdict, RuleResult::kNotMet);
  EXPECT_THAT(portfolio.achieved.units, IsEmpty());
}

TEST_F(PortfolioTest, OfferedThenMetThenDecidedThenVerified) {
  const RecordRef seen = Signed(Observation());
  Offer(seen, {kFirst});
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kOffered);
  EXPECT_THAT(At(Build(), "F1", "1.1").offered_by, ElementsAre(seen.id));
  EXPECT_EQ(At(Build(), "F1", "1.1").why,
            "observation, Front desk: not judged yet");

  const RecordRef judgement = Judge(ann_, seen, {kFirst, kSecond});
  Portfolio portfolio = Build();
  EXPECT_EQ(At(portfolio, "F1", "1.1").state, CriterionState::kMet);
  EXPECT_EQ(At(portfolio, "F1", "1.1").why,
            "observation, Front desk: judged by ann");
  EXPECT_THAT(At(portfolio, "F1", "1.2").met_by, ElementsAre(seen.id));
  EXPECT_EQ(Unit(portfolio, "F1").criteria_met, 2u);
  EXPECT_EQ(Unit(portfolio, "F1").state, UnitState::kEvidenceComplete);
  EXPECT_TRUE(Item(portfolio, seen).counts);

  const RecordRef decision = Decide(ann_, "F1", true, {judgement});
  portfolio = Build();
  EXPECT_EQ(Unit(portfolio, "F1").state, UnitState::kCompetent);
  EXPECT_THAT(portfolio.achieved.units, ElementsAre("F1"));
  Share(ann_, ivy_);
  Note(ivy_).Does(decision, CountersignRecord(Note(ivy_).View(decision)));
  EXPECT_EQ(Unit(Build(ivy_), "F1").state, UnitState::kSignedOff);
  EXPECT_THAT(Build(ivy_).achieved.units, ElementsAre("F1"));
}

TEST_F(PortfolioTest, DraftWithdrawnAndDiscardedEvidenceDoesNotCount) {
  const RecordRef draft = Note(ann_).Starts(Observation(), registration_.id);
  Judge(ann_, draft, {kFirst});
  Offer(draft, {kFirst});
  EXPECT_THAT(Ids(Item(Build(), draft).reasons), ElementsAre("not_signed"));
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kOffered);
  EXPECT_THAT(At(Build(), "F1", "1.1").why, HasSubstr("not signed yet"));
  Note(ann_).Does(draft, SealRecord(Note(ann_).View(draft)));
  Judge(ann_, draft, {kFirst});
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kMet);
  Note(ann_).Does(draft, WithdrawRecord(Note(ann_).View(draft)));
  EXPECT_THAT(Ids(Item(Build(), draft).reasons), ElementsAre("withdrawn"));
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kOffered);

  const RecordRef gone = Note(ann_).Starts(Observation(), registration_.id);
  Note(ann_).Does(gone, DiscardRecord(Note(ann_).View(gone)));
  EXPECT_THAT(Ids(Item(Build(), gone).reasons), ElementsAre("discarded"));
}

TEST_F(PortfolioTest, AnAmendmentMakesAJudgementStaleUntilItIsGivenAgain) {
  const RecordRef seen = Signed(Observation());
  const RecordRef judgement = Judge(ann_, seen, {kFirst, kSecond});
  Decide(ann_, "F1", true, {judgement});
  ASSERT_EQ(Unit(Build(), "F1").state, UnitState::kCompetent);
  v1::Observation amended = Note(ann_).Read<v1::Observation>(seen);
  amended.set_venue("Back office");
  Note(ann_).Edits(seen, amended);
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kStale);
  EXPECT_THAT(At(Build(), "F1", "1.1").why,
              HasSubstr("the evidence changed since it was judged"));
  EXPECT_EQ(Unit(Build(), "F1").state, UnitState::kStale);
  EXPECT_THAT(Build().achieved.units, IsEmpty());
  Judge(ann_, seen, {kFirst, kSecond});
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kMet);
  // The decision relied on the judgement as it was.
  EXPECT_EQ(Unit(Build(), "F1").state, UnitState::kStale);
}

TEST_F(PortfolioTest, VerdictsGivenApartCountForNothingUntilSettled) {
  const RecordRef seen = Signed(Observation());
  Share(ann_, bob_);
  const RecordRef ref = Judge(ann_, seen, {kFirst}, true);
  Judge(bob_, seen, {kFirst}, false);
  Share(bob_, ann_);
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kContested);
  EXPECT_EQ(Item(Build(), seen).judgement.state, JudgementState::kContested);

  Share(ann_, ivy_);
  const RecordView view = Note(ivy_).View(ref);
  Settlement settlement;
  settlement.head = view.ledger_heads[0].author == bob_.person() ? 0 : 1;
  Note(ivy_).Does(ref, SettleConflict(view, view.conflicts[0], settlement));
  EXPECT_EQ(At(Build(ivy_), "F1", "1.1").state, CriterionState::kNotYet);
}

TEST_F(PortfolioTest, JudgementsOfDifferentEvidenceDoNotContestEachOther) {
  const RecordRef first = Signed(Observation());
  const RecordRef second = Signed(Statement());
  Judge(ann_, first, {kFirst}, false);
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kNotYet);
  Judge(ann_, second, {kFirst}, true);
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kMet);
  EXPECT_THAT(At(Build(), "F1", "1.1").met_by, ElementsAre(second.id));
}

TEST_F(PortfolioTest, AHeldVerdictDoesNotCount) {
  const RecordRef seen = Signed(Observation());
  Offer(seen, {kFirst});
  const RecordRef judgement = Judge(ann_, seen, {kFirst});
  Note(ann_).Holds(Note(ann_).View(judgement).frontier[0],
                   Reason::kDutiesNotSeparate);
  const Portfolio portfolio = Build();
  EXPECT_EQ(At(portfolio, "F1", "1.1").state, CriterionState::kHeld);
  EXPECT_THAT(At(portfolio, "F1", "1.1").why,
              HasSubstr("held for review: DUTIES_NOT_SEPARATE"));
}

TEST_F(PortfolioTest, HeldEvidenceDoesNotCount) {
  const RecordRef seen = Signed(Observation());
  Judge(ann_, seen, {kFirst});
  const auto changes = Note(ann_).ChangesOf(seen.id);
  Note(ann_).Holds(changes[1].hash, Reason::kPersonSignatureInvalid);
  EXPECT_THAT(Ids(Item(Build(), seen).reasons),
              ElementsAre("held_for_review", "not_signed"));
  EXPECT_THAT(At(Build(), "F1", "1.1").why,
              HasSubstr("PERSON_SIGNATURE_INVALID"));
}

TEST_F(PortfolioTest, AVerdictTakenBackDoesNotCount) {
  const RecordRef seen = Signed(Observation());
  Offer(seen, {kFirst});
  const RecordRef judgement = Judge(ann_, seen, {kFirst});
  Note(ann_).Does(judgement, WithdrawVerdict(Note(ann_).View(judgement)));
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kOffered);
  EXPECT_THAT(At(Build(), "F1", "1.1").why, HasSubstr("taken back"));
}

TEST_F(PortfolioTest, ATraineesVerdictCountsOnceCountersigned) {
  const RecordRef seen = Signed(Observation());
  Share(ann_, tess_);
  const RecordRef ref = Judge(tess_, seen, {kFirst});
  Share(tess_, ann_);
  EXPECT_EQ(Item(Build(), seen).judgement.state,
            JudgementState::kCountersignatureNeeded);
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kOffered);
  Note(ann_).Does(ref, CountersignRecord(Note(ann_).View(ref)));
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kMet);
  // A later verdict of the trainee's is not the one that was agreed to.
  Share(ann_, tess_);
  Judge(tess_, seen, {kFirst, kSecond});
  EXPECT_EQ(At(Build(tess_), "F1", "1.1").state, CriterionState::kOffered);
}

TEST_F(PortfolioTest, AStrangersVerdictDoesNotCount) {
  Author zoe("zoe");
  const RecordRef seen = Signed(Observation());
  Share(ann_, zoe);
  Judge(zoe, seen, {kFirst});
  Share(zoe, ann_);
  EXPECT_EQ(Item(Build(), seen).judgement.state, JudgementState::kDoesNotCount);
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kOffered);
}

TEST_F(PortfolioTest, UnitsThatAreNotLoadedAreUndeterminable) {
  Notebook& note = Note(ann_);
  auto registration = note.Read<v1::Registration>(registration_);
  registration.add_units("A10");
  registration.add_units("F2");
  registration.add_units("Z9");
  note.Edits(registration_, registration);
  const RecordRef seen = Signed(Observation());
  const RecordRef judgement = Judge(ann_, seen, {{"A10", "1.1"}, kFirst});
  Decide(ann_, "A10", true, {judgement});
  const Portfolio portfolio = Build();
  EXPECT_EQ(Unit(portfolio, "A10").state, UnitState::kUndeterminable);
  EXPECT_THAT(Unit(portfolio, "A10").why,
              HasSubstr("criteria and evidence requirements of A10"));
  EXPECT_EQ(At(portfolio, "A10", "1.1").state, CriterionState::kUndeterminable);
  // F2's criteria are known, its evidence requirements are not.
  EXPECT_EQ(Unit(portfolio, "F2").state, UnitState::kUndeterminable);
  EXPECT_THAT(Unit(portfolio, "F2").criteria, SizeIs(15));
  EXPECT_EQ(At(portfolio, "F2", "1.1").state, CriterionState::kOpen);
  EXPECT_EQ(portfolio.units.back().number, "Z9");
  EXPECT_EQ(portfolio.units.back().state, UnitState::kUndeterminable);
  EXPECT_THAT(portfolio.achieved.units, IsEmpty());
}

TEST_F(PortfolioTest, ADecisionThatIsNotCoveredDoesNotCount) {
  const RecordRef seen = Signed(Observation());
  const RecordRef judgement = Judge(ann_, seen, {kFirst});
  Decide(ann_, "F1", true, {judgement});
  const Portfolio portfolio = Build();
  EXPECT_EQ(Unit(portfolio, "F1").state, UnitState::kOpen);
  EXPECT_THAT(Unit(portfolio, "F1").why,
              HasSubstr("does not count: not met are 1.2"));
  EXPECT_THAT(portfolio.achieved.units, IsEmpty());
}

TEST_F(PortfolioTest, NotYetCompetentGoesBackToPlanning) {
  const RecordRef seen = Signed(Observation());
  const RecordRef judgement = Judge(ann_, seen, {kFirst});
  Decide(ann_, "F1", false, {judgement});
  EXPECT_EQ(Unit(Build(), "F1").state, UnitState::kNotYetCompetent);
}

TEST_F(PortfolioTest, DecisionsMadeApartAreContestedAndHeldOnesHeld) {
  const RecordRef seen = Signed(Observation());
  const RecordRef judgement = Judge(ann_, seen, {kFirst, kSecond});
  Share(ann_, bob_);
  const RecordRef decision = Decide(ann_, "F1", true, {judgement});
  Note(ann_).Holds(Note(ann_).View(decision).frontier[0],
                   Reason::kRoleNotAllowed);
  EXPECT_EQ(Unit(Build(), "F1").state, UnitState::kHeld);
  Decide(bob_, "F1", false, {judgement});
  const RecordRef mine = Decide(bob_, "C1", false, {judgement});
  EXPECT_EQ(Unit(Build(bob_), "C1").state, UnitState::kNotYetCompetent);
  Decide(ann_, "C1", true, {judgement});
  Share(bob_, ann_);
  EXPECT_EQ(Note(ann_).View(mine).ledger_heads.size(), 2u);
  EXPECT_EQ(Unit(Build(), "C1").state, UnitState::kContested);
}

TEST_F(PortfolioTest, PrintsEveryState) {
  const RecordRef seen = Signed(Observation());
  Offer(seen, {kFirst, {"A10", "1.1"}});
  Judge(ann_, seen, {kFirst});
  const v1::Portfolio printed = ToProto(Build());
  EXPECT_EQ(printed.registration(), registration_.id.Hex());
  ASSERT_EQ(printed.units_size(), 2);
  EXPECT_EQ(printed.units(0).unit(), "F1");
  EXPECT_EQ(printed.units(0).state(), "open");
  EXPECT_EQ(printed.units(0).criteria_met(), 1u);
  EXPECT_EQ(printed.units(0).criteria(0).state(), "met");
  EXPECT_EQ(printed.units(0).criteria(0).met_by(0), seen.id.Hex());
  ASSERT_EQ(printed.evidence_size(), 1);
  EXPECT_EQ(printed.evidence(0).state(), "signed and locked");
  EXPECT_EQ(printed.evidence(0).judgement().state(), "effective");
  EXPECT_EQ(printed.evidence(0).judgement().outcomes(0).criterion(), "1.1");
  EXPECT_EQ(printed.evidence(0).offers(0).reason().id(), "unit_not_registered");
  EXPECT_EQ(printed.planned().verdict(), "not_met");
  EXPECT_EQ(printed.achieved().units_size(), 0);
}

}  // namespace
}  // namespace vouch
