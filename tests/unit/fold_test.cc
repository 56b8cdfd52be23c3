// The fold under rules 1 to 8 of sync/README.md §6: each rule's first test is
// the history that broke the protocol without it. The merge classes one by one
// are in fold_classes_test.cc.
#include "sync/core/fold.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/author.h"
#include "tests/support/fold_views.h"
#include "tests/support/view_text.h"

namespace vouch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Kind = ConflictView::Kind;

class FoldTest : public ::testing::Test {
 protected:
  // A record that both pens have seen created.
  void CreateShared() {
    ann.Create();
    bob.Sees(ann);
  }
  void ShareAll() {
    ann.Sees(bob);
    bob.Sees(ann);
  }

  History history;
  Pen ann{&history, "ann"}, bob{&history, "bob"};
};

// Without the frontier a late amendment and an illegal edit are the same bytes.
TEST_F(FoldTest, Rule1FrontierTellsALateAmendmentFromAnIllegalEdit) {
  CreateShared();
  Hash seal = ann.Seal();
  Hash late = bob.Set(1, "made apart from the seal");
  bob.Sees(ann);
  Hash illegal = bob.Set(2, "made in sight of the seal");
  EXPECT_THAT(history.Of(late).core.frontier,
              ElementsAre(history.folded[0].hash));
  EXPECT_THAT(history.Of(illegal).core.frontier,
              UnorderedElementsAre(seal, late));
  history.Hold(illegal, Reason::kRecordSealed);  // as Judge does

  RecordView view = history.Fold();
  ASSERT_THAT(view.late_amendments, SizeIs(1));
  EXPECT_EQ(view.late_amendments[0].change, late);
  ASSERT_THAT(view.held, SizeIs(1));
  EXPECT_EQ(view.held[0].change, illegal);
  EXPECT_EQ(view.held[0].reason, Reason::kRecordSealed);
  EXPECT_TRUE(view.held[0].cause.IsZero());
}

// Judged on the log's state, the first one committed would win, and a restore
// of the centre would flip it.
TEST_F(FoldTest, Rule2SealBesideDiscardIsTheSameInEitherOrder) {
  CreateShared();
  ann.Seal();
  bob.Discard();
  RecordView one = history.Fold({0, 1, 2});
  EXPECT_EQ(ViewText(one), ViewText(history.Fold({0, 2, 1})));
  EXPECT_EQ(one.state, RecordState::kSealed);
  EXPECT_TRUE(one.sealed_apart_from_discard);
}

TEST_F(FoldTest, Rule2TransitionsMadeApartAreContested) {
  CreateShared();
  ann.Move(15, "registered");
  bob.Sees(ann);
  ann.Move(15, "withdrawn");
  bob.Move(15, "withdrawn");
  RecordView view = history.Fold();
  const FieldView* field = FieldAt(view, 15);
  ASSERT_NE(field, nullptr);
  EXPECT_TRUE(field->contested) << "equal states reached apart do not collapse";
  EXPECT_THAT(ConflictsOf(view, Kind::kTransition), SizeIs(1));
}

TEST_F(FoldTest, Rule3TwoSealsAreBothKept) {
  CreateShared();
  ann.Set(1, "a");
  bob.Sees(ann);
  Hash first = ann.Seal();
  Hash second = bob.Seal();
  RecordView view = history.Fold();
  EXPECT_EQ(view.state, RecordState::kSealed);
  ASSERT_THAT(view.seals, SizeIs(2));
  EXPECT_EQ(view.seals[0].change, first);
  EXPECT_EQ(view.seals[1].change, second);
}

TEST_F(FoldTest, Rule3WhatEitherOfTwoSealsSawIsContent) {
  CreateShared();
  ann.Set(1, "seen by ann's seal");
  bob.Set(2, "seen by bob's seal");
  ann.Seal();
  bob.Seal();
  RecordView view = history.Fold();
  EXPECT_THAT(view.late_amendments, IsEmpty());
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("seen by ann's seal"));
  EXPECT_THAT(ValuesAt(view, 2), ElementsAre("seen by bob's seal"));
}

TEST_F(FoldTest, Rule3WithdrawalBesideAnAmendmentIsContested) {
  CreateShared();
  ann.Set(1, "a");
  ann.Seal();
  bob.Sees(ann);
  ann.Withdraw();
  bob.Amend(1, "b");
  RecordView view = history.Fold();
  EXPECT_EQ(view.state, RecordState::kSealed);
  ASSERT_THAT(ConflictsOf(view, Kind::kLifecycle), SizeIs(1));
  EXPECT_THAT(ConflictsOf(view, Kind::kLifecycle)[0].heads, SizeIs(2));
}

TEST_F(FoldTest, Rule3WithdrawalThatSawTheAmendmentPrevails) {
  CreateShared();
  ann.Set(1, "a");
  ann.Seal();
  ann.Amend(1, "b");
  ann.Withdraw();
  RecordView view = history.Fold();
  EXPECT_EQ(view.state, RecordState::kWithdrawn);
  EXPECT_THAT(view.conflicts, IsEmpty());
}

TEST_F(FoldTest, Rule3WithdrawalNamingBothSidesClosesTheContest) {
  CreateShared();
  ann.Set(1, "a");
  ann.Seal();
  bob.Sees(ann);
  Hash withdrawal = ann.Withdraw();
  Hash amendment = bob.Amend(1, "b");
  ShareAll();
  auto both = Pen::Draft(MergeClass::kWithdraw);
  both.replaces = {{withdrawal, 0}, {amendment, 0}};
  ann.Write({both});
  RecordView view = history.Fold();
  EXPECT_EQ(view.state, RecordState::kWithdrawn);
  EXPECT_THAT(view.conflicts, IsEmpty());
}

TEST_F(FoldTest, Rule3DiscardHidesOnlyWhatItSaw) {
  CreateShared();
  ann.Set(1, "a");
  bob.Sees(ann);
  bob.Set(2, "b");
  ann.Discard();
  RecordView view = history.Fold();
  EXPECT_EQ(view.state, RecordState::kEditedAfterDiscard);
  EXPECT_THAT(ConflictsOf(view, Kind::kEditedAfterDiscard), SizeIs(1));
  EXPECT_THAT(ValuesAt(view, 2), ElementsAre("b")) << "neither lost";
  ShareAll();
  ann.Discard();
  EXPECT_EQ(history.Fold().state, RecordState::kDiscarded);
}

TEST_F(FoldTest, Rule3OnlyAnExplicitActRevives) {
  CreateShared();
  ann.Set(1, "a");
  Hash discard = ann.Discard();
  EXPECT_EQ(history.Fold().state, RecordState::kDiscarded);
  ann.Set(1, "edited in sight of the discard");
  EXPECT_EQ(history.Fold().state, RecordState::kEditedAfterDiscard);
  ann.Revive(discard);
  RecordView view = history.Fold();
  EXPECT_EQ(view.state, RecordState::kDraft);
  EXPECT_THAT(view.conflicts, IsEmpty());
}

TEST_F(FoldTest, Rule3LateAmendmentWaitsUntilAdopted) {
  CreateShared();
  ann.Set(1, "signed");
  bob.Sees(ann);
  ann.Seal();
  Hash late = bob.Set(1, "late");
  RecordView open = history.Fold();
  EXPECT_THAT(ValuesAt(open, 1), ElementsAre("signed"));
  ASSERT_THAT(open.late_amendments, SizeIs(1));
  ASSERT_THAT(ConflictsOf(open, Kind::kLateAmendment), SizeIs(1));
  ShareAll();
  ann.Adopt(late);
  RecordView adopted = history.Fold();
  EXPECT_THAT(ValuesAt(adopted, 1), ElementsAre("late"));
  EXPECT_THAT(adopted.late_amendments, IsEmpty());
  EXPECT_NE(open.content_digest, adopted.content_digest);
}

TEST_F(FoldTest, Rule3DismissedLateAmendmentChangesNothing) {
  CreateShared();
  ann.Set(1, "signed");
  bob.Sees(ann);
  ann.Seal();
  Hash content_of = history.Fold().content_digest;
  Hash late = bob.Set(1, "late");
  ShareAll();
  ann.Dismiss(late);
  RecordView view = history.Fold();
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("signed"));
  EXPECT_THAT(view.late_amendments, IsEmpty());
  EXPECT_EQ(view.content_digest, content_of);
}

TEST_F(FoldTest, Rule3AdoptedBesideDismissedStaysOpen) {
  CreateShared();
  ann.Seal();
  Hash late = bob.Set(1, "late");
  ShareAll();
  ann.Adopt(late);
  bob.Dismiss(late);
  EXPECT_THAT(history.Fold().late_amendments, SizeIs(1));
  ShareAll();
  bob.Dismiss(late);
  EXPECT_THAT(history.Fold().late_amendments, IsEmpty());
  EXPECT_THAT(history.Fold().fields, IsEmpty());
}

// An ordinary assessor who names both heads would settle a contest.
TEST_F(FoldTest, Rule4AHeldSettlementLeavesTheContestOpen) {
  CreateShared();
  ann.Decide("competent");
  bob.Decide("not yet");
  ShareAll();
  Hash settlement = ann.Decide("competent");
  history.Hold(settlement, Reason::kResolverRequired);  // as Judge does
  RecordView view = history.Fold();
  EXPECT_TRUE(view.ledger_contested);
  EXPECT_THAT(view.ledger_heads, SizeIs(2));
  EXPECT_THAT(ConflictsOf(view, Kind::kLedger), SizeIs(1));
}

TEST_F(FoldTest, Rule4EqualVerdictsDoNotCollapse) {
  CreateShared();
  ann.Decide("competent");
  bob.Decide("competent");
  RecordView view = history.Fold();
  EXPECT_TRUE(view.ledger_contested);
  EXPECT_THAT(view.ledger_heads, SizeIs(2));
}

TEST_F(FoldTest, Rule4NamingAllHeadsMakesOneEffective) {
  CreateShared();
  ann.Decide("competent");
  bob.Decide("not yet");
  ShareAll();
  Hash settled = bob.Decide("competent after all");
  RecordView view = history.Fold();
  EXPECT_FALSE(view.ledger_contested);
  ASSERT_THAT(view.ledger_heads, SizeIs(1));
  EXPECT_EQ(view.ledger_heads[0].change, settled);
  EXPECT_EQ(view.state, RecordState::kLedger);
}

TEST_F(FoldTest, Rule4WithdrawalCountsAsNaming) {
  CreateShared();
  ann.Decide("competent");
  ann.TakeBack();
  RecordView taken = history.Fold();
  EXPECT_TRUE(taken.ledger_withdrawn);
  EXPECT_FALSE(taken.ledger_contested);
  // Taking back one of two does not decide for the other.
  bob.Decide("not yet");
  RecordView view = history.Fold();
  EXPECT_TRUE(view.ledger_contested);
  EXPECT_FALSE(view.ledger_withdrawn);
}

TEST_F(FoldTest, Rule5HandleStaysWhileTheVersionFollowsTheHeads) {
  CreateShared();
  ann.Set(1, "a");
  bob.Set(1, "b");
  ConflictView before = history.Fold().conflicts.at(0);
  ann.Set(1, "a again");
  ConflictView after = history.Fold().conflicts.at(0);
  EXPECT_EQ(before.path, after.path);
  EXPECT_EQ(before.element, after.element);
  EXPECT_NE(before.version, after.version);
}

TEST_F(FoldTest, Rule5ErasedHeadsAreLeftOutOfComparison) {
  CreateShared();
  ann.Set(1, "a");
  Hash erased = bob.Set(1, "b");
  RecordView before = history.Fold();
  history.Erase(erased);
  RecordView after = history.Fold();
  EXPECT_THAT(before.conflicts, SizeIs(1));
  EXPECT_THAT(after.conflicts, IsEmpty());
  EXPECT_TRUE(after.has_erased_values);
  ASSERT_THAT(FieldAt(after, 1)->heads, SizeIs(2));
  EXPECT_EQ(FieldAt(after, 1)->heads[0].value, "a")
      << "the readable value is the one shown";
  EXPECT_EQ(before.state_hash, after.state_hash) << "erasure moves no state";
  EXPECT_EQ(before.content_digest, after.content_digest);
}

TEST_F(FoldTest, Rule6RemovalHoldsForAnAddThatIsHeld) {
  CreateShared();
  Hash add = ann.Add(5, Element("F1"), "F1");
  bob.Sees(ann);
  Hash removal = bob.Remove(5, Element("F1"));
  history.Hold(add);
  RecordView held = history.Fold();
  EXPECT_TRUE(HeldOf(held, add).has_value());
  EXPECT_FALSE(HeldOf(held, removal).has_value());
  ann.Release(add);
  EXPECT_FALSE(Shows(history.Fold(), 5, Element("F1")))
      << "released, and removed all the same";
}

TEST_F(FoldTest, Rule6RemovalIsInForceBeforeItsAddArrives) {
  CreateShared();
  Hash add = ann.Add(5, Element("F1"), "F1");
  bob.Sees(ann);
  bob.Remove(5, Element("F1"));
  size_t at = history.IndexOf(add);
  RecordView without = history.Fold({0, 2});
  EXPECT_THAT(without.held, IsEmpty()) << "naming an add is no cause";
  EXPECT_FALSE(Shows(history.Fold({0, 2, at}), 5, Element("F1")));
}

// The release of one held change would silently release a bad one behind it.
TEST_F(FoldTest, Rule7ReleaseDoesNotReleaseAnother) {
  CreateShared();
  Hash first = ann.Set(1, "held");
  Hash second = ann.Set(1, "bad, and built on it");
  history.Hold(first, Reason::kRoleNotAllowed);
  history.Hold(second, Reason::kOperationNotAllowed);
  bob.Release(first);
  RecordView view = history.Fold();
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("held"));
  ASSERT_TRUE(HeldOf(view, second).has_value());
  EXPECT_EQ(HeldOf(view, second)->reason, Reason::kOperationNotAllowed);
}

// Refusing a change whose cause was lost would wedge its device.
TEST_F(FoldTest, Rule7AChangeWithoutItsCauseIsParkedAndNotRefused) {
  CreateShared();
  Hash elsewhere = IdOf<Hash>("evidence elsewhere");
  Hash judgement =
      ann.Write({ann.Edit(MergeClass::kRegister, 1, {}, "met")}, {elsewhere});
  RecordView parked = history.Fold();
  ASSERT_TRUE(HeldOf(parked, judgement).has_value());
  EXPECT_TRUE(HeldOf(parked, judgement)->parked);
  EXPECT_EQ(HeldOf(parked, judgement)->cause, elsewhere);
  history.outside = [](const Hash&) { return CauseState::kHeld; };
  EXPECT_FALSE(HeldOf(history.Fold(), judgement)->parked);
  history.outside = [](const Hash&) { return CauseState::kEffective; };
  EXPECT_THAT(ValuesAt(history.Fold(), 1), ElementsAre("met"));
}

TEST_F(FoldTest, Rule7AHeldCreationCanBeReleased) {
  Hash creation = ann.Create();
  bob.Sees(ann);
  ann.Set(1, "a");
  history.Hold(creation);
  EXPECT_THAT(history.Fold().held, SizeIs(2));
  bob.Release(creation);  // relies on the creation, as every change does
  EXPECT_THAT(history.Fold().held, IsEmpty());
  EXPECT_THAT(ValuesAt(history.Fold(), 1), ElementsAre("a"));
}

TEST_F(FoldTest, Rule7AReleasedChangeStillWaitsForItsCauses) {
  CreateShared();
  Hash cause = ann.Set(1, "cause");
  Hash change = ann.Set(1, "change");
  history.Hold(cause);
  history.Hold(change);
  bob.Release(change);
  RecordView view = history.Fold();
  EXPECT_FALSE(Shows(view, 1));
  ASSERT_TRUE(HeldOf(view, change).has_value());
  EXPECT_EQ(HeldOf(view, change)->cause, cause)
      << "released: what holds it now is its cause";
}

TEST_F(FoldTest, Rule7AHeldReleaseReleasesNothing) {
  CreateShared();
  Hash held = ann.Set(1, "held");
  Hash release = ann.Release(held);
  history.Hold(held);
  history.Hold(release);
  EXPECT_FALSE(Shows(history.Fold(), 1));
}

// One stray edit would hold honest work hostage.
TEST_F(FoldTest, Rule8HavingSeenAHeldChangeHoldsNothing) {
  CreateShared();
  Hash stray = ann.Set(1, "stray");
  bob.Sees(ann);
  Hash honest = bob.Set(2, "honest");
  history.Hold(stray);
  ASSERT_THAT(history.Of(honest).core.frontier, ElementsAre(stray));
  EXPECT_THAT(ValuesAt(history.Fold(), 2), ElementsAre("honest"));
}

TEST_F(FoldTest, Rule8SupersedingAHeldValueIsHeldWithIt) {
  CreateShared();
  Hash held = ann.Set(1, "held");
  bob.Sees(ann);
  Hash built_on_it = bob.Set(1, "built on it");
  history.Hold(held);
  RecordView view = history.Fold();
  ASSERT_TRUE(HeldOf(view, built_on_it).has_value());
  EXPECT_EQ(HeldOf(view, built_on_it)->cause, held);
  EXPECT_FALSE(HeldOf(view, built_on_it)->parked);
}

TEST_F(FoldTest, Rule8ReliesOnAHeldChangeIsHeldWithIt) {
  CreateShared();
  Hash held = ann.Set(1, "held");
  bob.Sees(ann);
  bob.Write({bob.Edit(MergeClass::kRegister, 2, {}, "b")}, {held});
  history.Hold(held);
  EXPECT_FALSE(Shows(history.Fold(), 2));
}

}  // namespace
}  // namespace vouch::test
