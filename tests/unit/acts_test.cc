// Acts on whole records, and settling what people did apart, through the fold.
#include "evidence/acts.h"

#include <string>
#include <vector>

#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/support/change_builder.h"

namespace vouch {
namespace {

using test::Author;
using test::Notebook;
using test::RecordRef;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Choice = Settlement::Choice;

const RecordId kRegistration = test::IdOf<RecordId>("registration");

class Acts : public ::testing::Test {
 protected:
  RecordRef Observe() {
    v1::Observation record;
    record.set_observer(ann_author_.person().Bytes());
    record.set_venue("Front desk");
    record.add_narrative()->set_text("a");
    const RecordRef ref = ann_.Starts(record, kRegistration);
    bob_.Learns(ann_);
    return ref;
  }
  RecordRef Judge() {
    v1::Judgement judgement;
    judgement.set_evidence(kRegistration.Bytes());
    judgement.add_entries()->set_justification("first");
    const RecordRef ref = ann_.Starts(judgement, kRegistration);
    bob_.Learns(ann_);
    return ref;
  }
  void Seal(const RecordRef& ref) {
    ann_.Does(ref, SealRecord(ann_.View(ref)));
  }
  void Rename(Notebook& notebook, const RecordRef& ref,
              const std::string& venue) {
    v1::Observation edited = notebook.Read<v1::Observation>(ref);
    edited.set_venue(venue);
    notebook.Edits(ref, edited);
  }
  void Meet() {
    ann_.Learns(bob_);
    bob_.Learns(ann_);
  }
  const ConflictView& OnlyConflict(const RecordView& view) {
    EXPECT_THAT(view.conflicts, SizeIs(1));
    VOUCH_CHECK(!view.conflicts.empty());
    return view.conflicts[0];
  }
  void Settle(const RecordRef& ref, const Settlement& settlement) {
    const RecordView view = ann_.View(ref);
    ann_.Does(ref, SettleConflict(view, OnlyConflict(view), settlement));
  }
  std::string Venue(const RecordRef& ref) {
    return ann_.Read<v1::Observation>(ref).venue();
  }

  Author ann_author_{"ann"}, bob_author_{"bob"};
  Notebook ann_{&ann_author_}, bob_{&bob_author_};
};

TEST_F(Acts, ASealLocksWhatWasShownAndSaysWhoObserved) {
  const RecordRef ref = Observe();
  const auto operations = SealRecord(ann_.View(ref));
  ASSERT_TRUE(operations.ok());
  ASSERT_THAT(*operations, SizeIs(2));
  EXPECT_EQ((*operations)[0].merge_class, MergeClass::kSeal);
  EXPECT_THAT((*operations)[0].replaces, SizeIs(3));
  EXPECT_THAT((*operations)[1].path, ElementsAre(1u));
  const auto before = ParseRecord(ann_.View(ref))->SerializeAsString();
  ann_.Does(ref, operations);
  EXPECT_EQ(ann_.View(ref).state, RecordState::kSealed);
  EXPECT_EQ(ParseRecord(ann_.View(ref))->SerializeAsString(), before);
  EXPECT_EQ(ReasonOf(SealRecord(ann_.View(ref)).status()),
            Reason::kRecordSealed);
}

TEST_F(Acts, OnlySealedKindsAreSigned) {
  const RecordRef plan = ann_.Starts(v1::AssessmentPlan(), kRegistration);
  EXPECT_EQ(ReasonOf(SealRecord(ann_.View(plan)).status()),
            Reason::kOperationNotAllowed);
  EXPECT_EQ(ReasonOf(SealRecord(ann_.View(Judge())).status()),
            Reason::kOperationNotAllowed);
}

TEST_F(Acts, ASignedRecordIsTakenBackOnce) {
  const RecordRef ref = Observe();
  EXPECT_EQ(ReasonOf(WithdrawRecord(ann_.View(ref)).status()),
            Reason::kOperationNotAllowed);
  Seal(ref);
  EXPECT_EQ(ReasonOf(DiscardRecord(ann_.View(ref)).status()),
            Reason::kRecordSealed);
  ann_.Does(ref, WithdrawRecord(ann_.View(ref)));
  EXPECT_EQ(ann_.View(ref).state, RecordState::kWithdrawn);
  EXPECT_FALSE(WithdrawRecord(ann_.View(ref)).ok());
  EXPECT_FALSE(CountersignRecord(ann_.View(ref)).ok());
}

TEST_F(Acts, ADraftIsDiscardedAndRevived) {
  const RecordRef ref = Observe();
  EXPECT_FALSE(ReviveRecord(ann_.View(ref)).ok());
  ann_.Does(ref, DiscardRecord(ann_.View(ref)));
  EXPECT_EQ(ann_.View(ref).state, RecordState::kDiscarded);
  EXPECT_EQ(ReasonOf(SealRecord(ann_.View(ref)).status()),
            Reason::kRecordDiscarded);
  ann_.Does(ref, ReviveRecord(ann_.View(ref)));
  EXPECT_EQ(ann_.View(ref).state, RecordState::kDraft);
  Rename(ann_, ref, "Back office");
  EXPECT_EQ(Venue(ref), "Back office");
}

TEST_F(Acts, ASecondPersonCountersigns) {
  const RecordRef ref = Observe();
  EXPECT_FALSE(CountersignRecord(ann_.View(ref)).ok());
  Seal(ref);
  Meet();
  bob_.Does(ref, CountersignRecord(bob_.View(ref)));
  ASSERT_THAT(bob_.View(ref).countersignatures, SizeIs(1));
  EXPECT_EQ(bob_.View(ref).countersignatures[0].author, bob_author_.person());
  const RecordRef verdict = Judge();
  bob_.Does(verdict, CountersignRecord(bob_.View(verdict)));
  EXPECT_THAT(bob_.View(verdict).countersignatures, SizeIs(1));
}

TEST_F(Acts, AVerdictIsTakenBack) {
  const RecordRef ref = Judge();
  ann_.Does(ref, WithdrawVerdict(ann_.View(ref)));
  EXPECT_TRUE(ann_.View(ref).ledger_withdrawn);
  EXPECT_FALSE(WithdrawVerdict(ann_.View(ref)).ok());
  EXPECT_FALSE(CountersignRecord(ann_.View(ref)).ok());
  v1::Judgement again = ann_.Read<v1::Judgement>(ref);
  EXPECT_THAT(again.entries(), IsEmpty());
  again.add_entries()->set_justification("second");
  ann_.Edits(ref, again);
  EXPECT_FALSE(ann_.View(ref).ledger_withdrawn);
  EXPECT_EQ(ann_.Read<v1::Judgement>(ref).entries_size(), 1);
}

TEST_F(Acts, AnEditBesideTheSignatureIsAdoptedOrDismissed) {
  for (bool adopt : {true, false}) {
    SCOPED_TRACE(adopt);
    const RecordRef ref = Observe();
    Rename(bob_, ref, "Bob's");
    Seal(ref);
    Meet();
    const RecordView view = ann_.View(ref);
    ASSERT_THAT(view.late_amendments, SizeIs(1));
    const Hash late = view.late_amendments[0].change;
    EXPECT_EQ(Venue(ref), "Front desk");
    ann_.Does(ref, adopt ? AdoptLate(view, late) : DismissLate(view, late));
    EXPECT_EQ(Venue(ref), adopt ? "Bob's" : "Front desk");
    EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());
    EXPECT_EQ(ReasonOf(AdoptLate(ann_.View(ref), late).status()),
              Reason::kNotFound);
  }
}

TEST_F(Acts, AHeldChangeIsReleased) {
  const RecordRef ref = Observe();
  Rename(bob_, ref, "Bob's");
  const Hash held = bob_.View(ref).frontier[0];
  ann_.Learns(bob_);
  ann_.Holds(held, Reason::kRoleNotAllowed);
  EXPECT_EQ(Venue(ref), "Front desk");
  EXPECT_EQ(ReasonOf(ReleaseHeld(ann_.View(ref), Hash()).status()),
            Reason::kNotFound);
  ann_.Does(ref, ReleaseHeld(ann_.View(ref), held));
  EXPECT_EQ(Venue(ref), "Bob's");
}

TEST_F(Acts, AContestedFieldIsSettledForASideOrAnotherValue) {
  for (const char* expected : {"Ann's", "Bob's", "Ours", ""}) {
    SCOPED_TRACE(expected);
    const RecordRef ref = Observe();
    Rename(bob_, ref, "Bob's");
    Rename(ann_, ref, "Ann's");
    Meet();
    const RecordView view = ann_.View(ref);
    Settlement settlement;
    settlement.choice = Choice::kValue;
    if (std::string(expected) == "Ours") settlement.value = "\x22\x04Ours";
    for (size_t i = 0; i < 2; ++i) {
      if (OnlyConflict(view).heads[i].value.substr(2) != expected) continue;
      settlement.choice = Choice::kHead;
      settlement.head = i;
    }
    Settle(ref, settlement);
    EXPECT_EQ(Venue(ref), expected);
    EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());
  }
}

TEST_F(Acts, SettlingNeedsAFittingChoice) {
  const RecordRef ref = Observe();
  Rename(bob_, ref, "Bob's");
  Rename(ann_, ref, "Ann's");
  Meet();
  const RecordView view = ann_.View(ref);
  Settlement settlement;
  settlement.head = 2;
  auto refused = [&] {
    return ReasonOf(
        SettleConflict(view, OnlyConflict(view), settlement).status());
  };
  EXPECT_EQ(refused(), Reason::kMalformed);
  settlement.choice = Choice::kKeep;
  EXPECT_EQ(refused(), Reason::kMalformed);
  settlement.choice = Choice::kValue;
  settlement.value = "\x0a\x03spy";  // another field
  EXPECT_EQ(refused(), Reason::kMalformed);
}

TEST_F(Acts, WhoSettlesMustHaveSeenTheConflictAsItIs) {
  const RecordRef ref = Observe();
  Rename(bob_, ref, "Bob's");
  Rename(ann_, ref, "Ann's");
  const Hash stale = Hash();
  Meet();
  const RecordView view = ann_.View(ref);
  const ConflictView& conflict = OnlyConflict(view);
  EXPECT_EQ(
      *FindConflict(view, conflict.path, conflict.element, conflict.version),
      &conflict);
  EXPECT_EQ(ReasonOf(FindConflict(view, {4}, std::nullopt, stale).status()),
            Reason::kConflictChanged);
  EXPECT_EQ(ReasonOf(FindConflict(view, {5}, std::nullopt, stale).status()),
            Reason::kNotFound);
}

TEST_F(Acts, AContestedParagraphIsSettledWhereItStands) {
  const RecordRef ref = Observe();
  v1::Observation edited = ann_.Read<v1::Observation>(ref);
  edited.add_narrative()->set_text("b");
  ann_.Edits(ref, edited);
  Meet();
  edited = ann_.Read<v1::Observation>(ref);
  edited.mutable_narrative(0)->set_text("a1");
  ann_.Edits(ref, edited);
  edited.mutable_narrative(0)->set_text("a2");
  bob_.Edits(ref, edited);
  Meet();
  Settle(ref, Settlement{});
  edited = ann_.Read<v1::Observation>(ref);
  ASSERT_EQ(edited.narrative_size(), 2);
  EXPECT_EQ(edited.narrative(1).text(), "b");
  EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());
}

TEST_F(Acts, AFieldContestedInASignedRecordIsSettledByAmending) {
  const RecordRef ref = Observe();
  Seal(ref);
  Meet();
  Rename(ann_, ref, "Ann's");
  Rename(bob_, ref, "Bob's");
  Meet();
  Settle(ref, Settlement{});
  EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());
  EXPECT_THAT(ann_.View(ref).late_amendments, IsEmpty());
  EXPECT_EQ(ann_.View(ref).state, RecordState::kSealed);
}

TEST_F(Acts, ContestedVerdictsAreSettledByNamingBoth) {
  const RecordRef ref = Judge();
  for (Notebook* notebook : {&ann_, &bob_}) {
    v1::Judgement edited = notebook->Read<v1::Judgement>(ref);
    edited.add_entries()->set_justification(notebook->author().name());
    notebook->Edits(ref, edited);
  }
  Meet();
  ASSERT_TRUE(ann_.View(ref).ledger_contested);
  EXPECT_FALSE(CountersignRecord(ann_.View(ref)).ok());
  Settlement settlement;
  settlement.head = 1;
  const std::string chosen = ann_.View(ref).ledger_heads[1].value;
  Settle(ref, settlement);
  ASSERT_THAT(ann_.View(ref).ledger_heads, SizeIs(1));
  EXPECT_EQ(ann_.View(ref).ledger_heads[0].value, chosen);
}

TEST_F(Acts, MovesMadeApartAreSettled) {
  v1::Registration registration;
  registration.set_state(v1::REGISTRATION_STATE_REGISTERED);
  const RecordRef ref = ann_.Starts(registration);
  bob_.Learns(ann_);
  registration.set_state(v1::REGISTRATION_STATE_WITHDRAWN);
  ann_.Edits(ref, registration);
  registration.set_state(v1::REGISTRATION_STATE_COMPLETED);
  bob_.Edits(ref, registration);
  Meet();
  EXPECT_EQ(OnlyConflict(ann_.View(ref)).kind, ConflictView::Kind::kTransition);
  Settlement settlement;
  settlement.choice = Choice::kValue;
  settlement.value = "\x78\x02";
  Settle(ref, settlement);
  EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());
  EXPECT_EQ(ann_.Read<v1::Registration>(ref).state(),
            v1::REGISTRATION_STATE_WITHDRAWN);
}

TEST_F(Acts, WithdrawnBesideAnAmendmentIsSettledEitherWay) {
  for (bool keep : {true, false}) {
    SCOPED_TRACE(keep);
    const RecordRef ref = Observe();
    Seal(ref);
    Meet();
    bob_.Does(ref, WithdrawRecord(bob_.View(ref)));
    Rename(ann_, ref, "Ann's");
    Meet();
    EXPECT_EQ(OnlyConflict(ann_.View(ref)).kind,
              ConflictView::Kind::kLifecycle);
    Settlement settlement;
    settlement.choice = keep ? Choice::kKeep : Choice::kDrop;
    Settle(ref, settlement);
    EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());
    EXPECT_EQ(ann_.View(ref).state,
              keep ? RecordState::kSealed : RecordState::kWithdrawn);
    EXPECT_EQ(Venue(ref), "Ann's");
  }
}

TEST_F(Acts, EditedAfterDiscardIsSettledEitherWay) {
  for (bool keep : {true, false}) {
    SCOPED_TRACE(keep);
    const RecordRef ref = Observe();
    bob_.Does(ref, DiscardRecord(bob_.View(ref)));
    Rename(ann_, ref, "Ann's");
    Meet();
    EXPECT_EQ(ann_.View(ref).state, RecordState::kEditedAfterDiscard);
    Settlement settlement;
    settlement.choice = keep ? Choice::kKeep : Choice::kDrop;
    Settle(ref, settlement);
    EXPECT_EQ(ann_.View(ref).state,
              keep ? RecordState::kDraft : RecordState::kDiscarded);
    EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());
    EXPECT_EQ(Venue(ref), "Ann's");
  }
}

TEST_F(Acts, ALateEditIsSettledThroughItsConflictToo) {
  const RecordRef ref = Observe();
  Rename(bob_, ref, "Bob's");
  Seal(ref);
  Meet();
  Settlement settlement;
  settlement.choice = Choice::kDrop;
  Settle(ref, settlement);
  EXPECT_THAT(ann_.View(ref).late_amendments, IsEmpty());
  EXPECT_EQ(Venue(ref), "Front desk");
}

TEST(SupportAuthor, SealsItsChainIntoSegmentsThatDecode) {
  Author ann("ann");
  Notebook notebook(&ann);
  v1::Registration registration;
  registration.set_candidate_name("Cora");
  const RecordRef ref = notebook.Starts(registration);
  notebook.Starts(v1::Witness(), ref.id);
  v1::Judgement judgement;
  judgement.set_evidence(ref.id.Bytes());
  notebook.Starts(judgement, ref.id);
  const std::vector<Segment> segments = ann.TakeSegments();
  ASSERT_THAT(segments, SizeIs(2));  // shared, then staff
  EXPECT_THAT(ann.TakeSegments(), IsEmpty());
  for (const Segment& segment : segments) {
    const std::string wire = EncodeSegment(
        segment, [](const Hash&) { return std::optional<uint64_t>(); });
    auto back = DecodeSegment(wire, [](const SegmentHeader&, uint64_t) {
      return std::optional<Hash>();
    });
    EXPECT_TRUE(back.ok()) << back.status();
  }
}

}  // namespace
}  // namespace vouch
