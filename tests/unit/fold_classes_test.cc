// The fold of each merge class (sync/README.md §6): what concurrent edits come
// to, and what faulty authors cannot do.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/core/fold.h"
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

class FoldClassTest : public ::testing::Test {
 protected:
  FoldClassTest() {
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

TEST_F(FoldClassTest, RegisterWrittenApartIsAConflictWithItsBase) {
  Hash base = ann.Set(1, "base");
  bob.Sees(ann);
  ann.Set(1, "ann's");
  bob.Set(1, "bob's");
  RecordView view = history.Fold();
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("bob's", "ann's"))
      << "the pick is the later by HLC";
  ASSERT_THAT(view.conflicts, SizeIs(1));
  ASSERT_TRUE(view.conflicts[0].base.has_value());
  EXPECT_EQ(view.conflicts[0].base->change, base);
  EXPECT_EQ(view.conflicts[0].base->value, "base");
}

TEST_F(FoldClassTest, RegistersWithoutACommonAncestorHaveNoBase) {
  ann.Set(1, "ann's");
  bob.Set(1, "bob's");
  RecordView view = history.Fold();
  ASSERT_THAT(view.conflicts, SizeIs(1));
  EXPECT_FALSE(view.conflicts[0].base.has_value());
}

TEST_F(FoldClassTest, EqualValuesWrittenApartAreNoConflict) {
  ann.Set(1, "same");
  bob.Set(1, "same");
  RecordView view = history.Fold();
  EXPECT_THAT(view.conflicts, IsEmpty());
  EXPECT_EQ(view.MessageBytes(), "same") << "shown once";
}

TEST_F(FoldClassTest, ReplacingAllHeadsClosesAConflictAndOneDoesNot) {
  ann.Set(1, "a");
  bob.Set(1, "b");
  ann.Set(1, "a again");
  EXPECT_THAT(history.Fold().conflicts, SizeIs(1));
  ShareAll();
  ann.Set(1, "settled");
  EXPECT_THAT(history.Fold().conflicts, IsEmpty());
  EXPECT_THAT(ValuesAt(history.Fold(), 1), ElementsAre("settled"));
}

TEST_F(FoldClassTest, ALateBranchReopensASettledConflict) {
  Pen cat(&history, "cat");
  cat.Sees(ann);
  ann.Set(1, "a");
  bob.Set(1, "b");
  ShareAll();
  ann.Set(1, "settled");
  cat.Set(1, "months offline");
  RecordView view = history.Fold();
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("months offline", "settled"));
  EXPECT_THAT(view.conflicts, SizeIs(1));
}

TEST_F(FoldClassTest, ClearingBesideAnEditIsAConflict) {
  ann.Set(1, "text");
  bob.Sees(ann);
  ann.Set(1, std::nullopt);
  bob.Set(1, "edited");
  RecordView view = history.Fold();
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("edited", ""));
  EXPECT_THAT(ConflictsOf(view, Kind::kField), SizeIs(1));
}

TEST_F(FoldClassTest, AClockFarOffCostsOrderAndNoValue) {
  ann.clock_error_ms = -10LL * 365 * 24 * 3600 * 1000;
  ann.Set(1, "ten years behind");
  bob.Set(1, "now");
  EXPECT_THAT(ValuesAt(history.Fold(), 1),
              UnorderedElementsAre("now", "ten years behind"));
}

TEST_F(FoldClassTest, SetKeepsBothAdds) {
  ann.Add(5, Element("F1"), "F1");
  bob.Add(5, Element("F2"), "F2");
  EXPECT_THAT(PicksAt(history.Fold(), 5), ElementsAre("F1", "F2"));
}

TEST_F(FoldClassTest, AddWinsOverARemovalThatDidNotSeeIt) {
  ann.Add(5, Element("F1"), "F1");
  bob.Sees(ann);
  ann.Remove(5, Element("F1"));
  bob.Add(5, Element("F1"), "F1");
  EXPECT_THAT(PicksAt(history.Fold(), 5), ElementsAre("F1"));
  ShareAll();
  ann.Remove(5, Element("F1"));
  EXPECT_THAT(PicksAt(history.Fold(), 5), IsEmpty());
}

TEST_F(FoldClassTest, RemovingWhatAConcurrentChangeReliesOnWarns) {
  Hash add = ann.Add(5, Element("F1"), "F1");
  bob.Sees(ann);
  ann.Remove(5, Element("F1"));
  Hash relying =
      bob.Write({bob.Edit(MergeClass::kRegister, 1, {}, "for F1")}, {add});
  EXPECT_THAT(history.Fold().removal_warnings, ElementsAre(relying));
}

TEST_F(FoldClassTest, DifferentBlocksMergeAndTheSameOneConflicts) {
  ann.Block(7, Element("one"), {}, "One.");
  ann.Block(7, Element("two"), Element("one"), "Two.");
  bob.Sees(ann);
  ann.Block(7, Element("one"), {}, "One, by Ann.");
  bob.Block(7, Element("two"), Element("one"), "Two, by Bob.");
  RecordView merged = history.Fold();
  EXPECT_THAT(PicksAt(merged, 7), ElementsAre("One, by Ann.", "Two, by Bob."));
  EXPECT_THAT(merged.conflicts, IsEmpty());

  bob.Block(7, Element("one"), {}, "One, by Bob.");
  RecordView view = history.Fold();
  ASSERT_THAT(view.conflicts, SizeIs(1));
  EXPECT_EQ(view.conflicts[0].element, Element("one"));
  ASSERT_TRUE(view.conflicts[0].base.has_value());
  EXPECT_EQ(view.conflicts[0].base->value, "One.");
}

TEST_F(FoldClassTest, RunsTypedApartDoNotInterleave) {
  ann.Block(7, Element("head"), {}, "Head.");
  bob.Sees(ann);
  for (int i = 0; i < 3; ++i) {
    auto previous = [&](const char* who) {
      return i == 0 ? Element("head") : Element(absl::StrCat(who, i - 1));
    };
    ann.Block(7, Element(absl::StrCat("a", i)), previous("a"),
              absl::StrCat("a", i));
    bob.Block(7, Element(absl::StrCat("b", i)), previous("b"),
              absl::StrCat("b", i));
  }
  EXPECT_THAT(PicksAt(history.Fold(), 7),
              ElementsAre("Head.", "b0", "b1", "b2", "a0", "a1", "a2"));
}

TEST_F(FoldClassTest, ABlockRemovedBesideAnEditIsAConflict) {
  ann.Block(7, Element("one"), {}, "One.");
  bob.Sees(ann);
  ann.Block(7, Element("one"), {}, std::nullopt);
  bob.Block(7, Element("one"), {}, "One, edited.");
  EXPECT_THAT(ConflictsOf(history.Fold(), Kind::kField), SizeIs(1));
}

TEST_F(FoldClassTest, ARemovedBlockStillHoldsThePlaceOfWhatFollowsIt) {
  ann.Block(7, Element("one"), {}, "One.");
  ann.Block(7, Element("two"), Element("one"), "Two.");
  ann.Block(7, Element("three"), Element("two"), "Three.");
  ann.Block(7, Element("two"), Element("one"), std::nullopt);
  EXPECT_THAT(PicksAt(history.Fold(), 7), ElementsAre("One.", "", "Three."));
}

TEST_F(FoldClassTest, BlocksInACircleAreStillShown) {
  ann.Block(7, Element("one"), Element("two"), "One.");
  ann.Block(7, Element("two"), Element("one"), "Two.");
  EXPECT_THAT(PicksAt(history.Fold(), 7), UnorderedElementsAre("One.", "Two."));
}

TEST_F(FoldClassTest, AnAmendedParagraphStandsWhereItSays) {
  ann.Block(7, Element("one"), {}, "One.");
  ann.Block(7, Element("two"), Element("one"), "Two.");
  ann.Seal();
  auto op = ann.Edit(MergeClass::kAmend, 7, Element("between"), "Between.");
  op.after = Element("one");
  ann.Write({op});
  EXPECT_THAT(PicksAt(history.Fold(), 7),
              ElementsAre("One.", "Between.", "Two."));
}

TEST_F(FoldClassTest, SealedRecordIsAmendedByAppending) {
  ann.Set(1, "signed");
  ann.Seal();
  ann.Countersign();
  Hash amendment = ann.Amend(1, "amended");
  RecordView view = history.Fold();
  EXPECT_EQ(view.state, RecordState::kSealed);
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("amended"));
  EXPECT_EQ(FieldAt(view, 1)->heads[0].change, amendment);
  EXPECT_THAT(view.countersignatures, SizeIs(1));
}

TEST_F(FoldClassTest, SealBesideAnEditMakesTheEditLate) {
  ann.Set(1, "signed");
  bob.Sees(ann);
  ann.Seal();
  Hash late = bob.Set(2, "late");
  RecordView view = history.Fold();
  EXPECT_FALSE(Shows(view, 2));
  ASSERT_THAT(view.late_amendments, SizeIs(1));
  EXPECT_EQ(view.late_amendments[0].change, late);
  EXPECT_EQ(view.late_amendments[0].author, bob.person());
  ASSERT_THAT(view.late_amendments[0].values, SizeIs(1));
  EXPECT_EQ(view.late_amendments[0].values[0].heads[0].value, "late");
}

TEST_F(FoldClassTest, ALateChangeWaitsWholeWithEverythingItHolds) {
  ann.Seal();
  bob.Write({bob.Edit(MergeClass::kRegister, 1, {}, "edit"),
             bob.Edit(MergeClass::kTransition, 2, {}, "moved")});
  RecordView view = history.Fold();
  EXPECT_THAT(view.fields, IsEmpty());
  ASSERT_THAT(view.late_amendments, SizeIs(1));
  EXPECT_THAT(view.late_amendments[0].values, SizeIs(2));
}

TEST_F(FoldClassTest, AnEditInTheSealsOwnChangeIsSealedWithIt) {
  ann.Write({ann.Edit(MergeClass::kRegister, 1, {}, "last word"),
             Pen::Draft(MergeClass::kSeal)});
  RecordView view = history.Fold();
  EXPECT_EQ(view.state, RecordState::kSealed);
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("last word"));
  EXPECT_THAT(view.late_amendments, IsEmpty());
}

TEST_F(FoldClassTest, TransitionNamesItsPredecessor) {
  ann.Move(15, "registered");
  ann.Move(15, "completed");
  RecordView view = history.Fold();
  EXPECT_THAT(ValuesAt(view, 15), ElementsAre("completed"));
  EXPECT_THAT(view.conflicts, IsEmpty());
}

TEST_F(FoldClassTest, UnknownClassIsCarriedInert) {
  ann.Set(1, "known");
  auto op = Pen::Draft(static_cast<MergeClass>(4711));
  op.path = {1};
  op.value = "from a newer app";
  ann.Write({op});
  RecordView view = history.Fold();
  EXPECT_THAT(ValuesAt(view, 1), ElementsAre("known"));
  EXPECT_TRUE(view.needs_newer_app);
  EXPECT_EQ(view.change_count, 3u);
}

TEST_F(FoldClassTest, UnreadablePayloadKeepsItsPlaceWithoutAValue) {
  Hash unread = ann.Set(1, "");
  history.Of(unread).inert = true;
  history.Of(unread).values.clear();
  RecordView view = history.Fold();
  EXPECT_TRUE(view.needs_newer_app);
  ASSERT_NE(FieldAt(view, 1), nullptr);
  EXPECT_EQ(FieldAt(view, 1)->heads[0].change, unread);
}

TEST_F(FoldClassTest, NamingAValueOfAnotherFieldTakesNothingAway) {
  Hash victim = ann.Set(1, "kept");
  bob.Sees(ann);
  auto op = bob.Edit(MergeClass::kRegister, 2, {}, "other");
  op.replaces = {{victim, 0}};
  bob.Write({op});
  EXPECT_THAT(ValuesAt(history.Fold(), 1), ElementsAre("kept"));
}

TEST_F(FoldClassTest, FaultyAuthorsCannotMakeTheOrderMatter) {
  ann.Write({ann.Edit(MergeClass::kRegister, 1, {}, "register")});
  bob.Write({bob.Edit(MergeClass::kTransition, 1, {}, "transition")});
  history.kind = 99;
  bob.Write({bob.Edit(MergeClass::kBlock, 1, {}, "no block id")});
  auto op = Pen::Draft(MergeClass::kLedgerWithdraw);
  ann.Write({op});
  bob.Decide("competent");
  std::string text = ViewText(history.Fold());
  std::vector<size_t> order = history.All();
  do {
    ASSERT_EQ(ViewText(history.Fold(order)), text);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(FoldClassTest, APartBeyondThePayloadIsNoValue) {
  Hash change = ann.Set(1, "a");
  history.Of(change).values.clear();
  EXPECT_THAT(ValuesAt(history.Fold(), 1), ElementsAre(""));
}

TEST_F(FoldClassTest, ScopeStateFollowsEveryRecordState) {
  auto state_of = [&](std::vector<Hash> states) {
    ScopeStateHasher hasher;
    for (const Hash& state : states) hasher.Add(history.record, state);
    return hasher.Finish();
  };
  Hash before = history.Fold().state_hash;
  ann.Set(1, "a");
  Hash after = history.Fold().state_hash;
  EXPECT_NE(before, after);
  EXPECT_NE(state_of({before}), state_of({after}));
  EXPECT_NE(state_of({before}), state_of({before, after}));
  EXPECT_TRUE(state_of({}).IsZero());
}

}  // namespace
}  // namespace vouch::test
