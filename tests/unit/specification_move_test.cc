// Moving a registration to another version: what it shows, and that it is
// never done in silence.
#include "evidence/specification_move.h"

#include <string>

#include "evidence/editing.h"
#include "gmock/gmock.h"
#include "tests/unit/portfolio_fixture.h"
#include "tests/unit/specification_fixture.h"

namespace vouch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SpecificationMoveTest : public PortfolioTest {
 protected:
  // F1 and C1 are chosen; F1's two criteria are met.
  v1::SpecificationMove MoveTo(const Specification& to) {
    Notebook& note = Note(ann_);
    auto under = [&](const Specification& specification) {
      return BuildPortfolio(specification, note.View(registration_),
                            note.Views(), people_.Views());
    };
    return DescribeMove(Spec(), under(Spec()), to, under(to), "a new edition");
  }
};

TEST_F(SpecificationMoveTest, ShowsWhatChangesForTheChosenUnits) {
  const RecordRef seen = Signed(Observation());
  Offer(seen, {{"F1", "1.1"}, {"F1", "1.2"}});
  const RecordRef verdict = Judge(ann_, seen, {{"F1", "1.1"}, {"F1", "1.2"}});
  Decide(ann_, "F1", true, {verdict});
  const Specification two = ChangedFrom(Spec(), [](v1::Specification& data) {
    data.set_version(2);
    data.mutable_total_credits()->set_credits_min(30);
    // Not chosen: not spoken of.
    UnitIn(data, "A10").set_credit(6);
    v1::Unit& f1 = UnitIn(data, "F1");
    *f1.add_criteria() = f1.criteria(0);
    f1.mutable_criteria(2)->set_number("1.3");
    f1.mutable_criteria(2)->set_label("A third");
  });
  const v1::SpecificationMove move = MoveTo(two);
  EXPECT_EQ(move.from_specification(), "03455");
  EXPECT_EQ(move.from_version(), 1u);
  EXPECT_EQ(move.to_version(), 2u);
  EXPECT_EQ(move.reason(), "a new edition");
  EXPECT_THAT(move.changes(),
              ElementsAre("total_credits: at least 28 credits, then at least "
                          "30 credits",
                          "F1: criteria: 1.3 is new (A third)",
                          HasSubstr("F1: was competent, would be open")));
}

TEST_F(SpecificationMoveTest, NamesUnitsThatAreGone) {
  const Specification two = ChangedFrom(Spec(), [](v1::Specification& data) {
    data.set_version(2);
    data.clear_simulation();
    for (int i = 0; i < data.units_size(); ++i) {
      if (data.units(i).number() != "C1") continue;
      data.mutable_units()->DeleteSubrange(i, 1);
      break;
    }
  });
  const auto changes = MoveTo(two).changes();
  EXPECT_THAT(changes, Contains(HasSubstr("C1: is gone: Recognise")));
  EXPECT_THAT(changes, Contains(HasSubstr("C1: was open, would be "
                                          "undeterminable")));
  EXPECT_THAT(changes, Not(Contains(HasSubstr("A10"))));
}

TEST_F(SpecificationMoveTest, OfTheSameContentChangesNothing) {
  const Specification two =
      ChangedFrom(Spec(), [](v1::Specification& data) { data.set_version(2); });
  EXPECT_THAT(MoveTo(two).changes(), IsEmpty());
}

TEST_F(SpecificationMoveTest, NamesNoMoreThanItsLimit) {
  const Specification two = ChangedFrom(Spec(), [](v1::Specification& data) {
    data.set_version(2);
    v1::Unit& f1 = UnitIn(data, "F1");
    for (int i = 3; i < 400; ++i) {
      *f1.add_criteria() = f1.criteria(0);
      f1.mutable_criteria(i - 1)->set_number(absl::StrCat("1.", i));
    }
  });
  const auto move = MoveTo(two);
  EXPECT_EQ(move.changes_size(), static_cast<int>(kMoveChangesMax) + 1);
  EXPECT_THAT(move.changes(kMoveChangesMax), HasSubstr("more"));
}

// The rule of the judge, on changes as a device writes them.
class PinTest : public SpecificationMoveTest {
 protected:
  template <typename Edit>
  absl::Status Judged(Edit edit) {
    Notebook& note = Note(ann_);
    auto registration = note.Read<v1::Registration>(registration_);
    edit(registration);
    const Change& change = note.Edits(registration_, registration);
    v1::Registration written;
    const JudgedChange judged = note.Judged(change);
    for (const JudgedOperation& operation : judged.operations) {
      if (operation.operation.value.has_value()) {
        written.MergeFromString(*operation.operation.value);
      }
    }
    return CheckPin(judged, written);
  }
};

TEST_F(PinTest, AnotherVersionIsPinnedByAMoveOnly) {
  EXPECT_EQ(ReasonOf(Judged([](v1::Registration& registration) {
              registration.set_specification_version(2);
            })),
            Reason::kOperationNotAllowed);
  EXPECT_TRUE(Judged([](v1::Registration& registration) {
                registration.set_specification_version(3);
                registration.add_specification_moves()->set_to_version(3);
              }).ok());
  EXPECT_EQ(ReasonOf(Judged([](v1::Registration& registration) {
              registration.set_specification_version(4);
              registration.add_specification_moves()->set_to_version(5);
            })),
            Reason::kOperationNotAllowed);
  EXPECT_EQ(ReasonOf(Judged([](v1::Registration& registration) {
              registration.set_specification("03456");
            })),
            Reason::kOperationNotAllowed);
}

TEST_F(PinTest, OtherFieldsNeedNoMove) {
  EXPECT_TRUE(Judged([](v1::Registration& registration) {
                registration.set_contact("elsewhere");
                registration.add_units("B2");
              }).ok());
}

TEST_F(PinTest, TheFirstPinIsNoMove) {
  v1::Registration bare;
  bare.set_candidate_name("Dora Draft");
  registration_ = Note(ann_).Starts(bare);
  EXPECT_TRUE(Judged([](v1::Registration& registration) {
                registration.set_specification("03455");
                registration.set_specification_version(1);
              }).ok());
}

}  // namespace
}  // namespace vouch
