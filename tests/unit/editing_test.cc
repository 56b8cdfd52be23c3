// Edited messages become operations that the fold turns back into the message,
// touching nothing else.
#include "evidence/editing.h"

#include <string>
#include <vector>

#include "evidence/acts.h"
#include "evidence/wire_field.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/support/change_builder.h"

namespace vouch {
namespace {

using google::protobuf::Message;
using test::Author;
using test::Notebook;
using test::RecordRef;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const RecordId kRegistration = test::IdOf<RecordId>("registration");

v1::Paragraph Paragraph(const std::string& text) {
  v1::Paragraph paragraph;
  paragraph.set_text(text);
  return paragraph;
}

v1::Observation ObservationOf(const std::vector<std::string>& texts) {
  v1::Observation record;
  record.set_venue("Front desk");
  for (const std::string& text : texts) {
    *record.add_narrative() = Paragraph(text);
  }
  return record;
}

std::vector<std::string> TextsOf(const v1::Observation& record) {
  std::vector<std::string> texts;
  for (const auto& paragraph : record.narrative()) {
    texts.push_back(paragraph.text());
  }
  return texts;
}

class Editing : public ::testing::Test {
 protected:
  v1::Observation Read(const RecordRef& record) {
    return ann_.Read<v1::Observation>(record);
  }
  std::vector<DraftOperation> Diff(const RecordRef& record,
                                   const Message& edited) {
    const RecordView shown = ann_.View(record);
    auto operations = DiffRecord(&shown, edited, ann_.author().random());
    EXPECT_TRUE(operations.ok()) << operations.status();
    return operations.ok() ? *operations : std::vector<DraftOperation>();
  }
  Reason Refusal(const RecordRef& record, const Message& edited) {
    const RecordView shown = ann_.View(record);
    return ReasonOf(
        DiffRecord(&shown, edited, ann_.author().random()).status());
  }

  Author ann_author_{"ann"}, bob_author_{"bob"};
  Notebook ann_{&ann_author_}, bob_{&bob_author_};
};

TEST_F(Editing, OneEditedFieldIsOneOperationThatNamesWhatItReplaces) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a"}), kRegistration);
  v1::Observation edited = Read(ref);
  EXPECT_THAT(Diff(ref, edited), IsEmpty());
  edited.set_venue("Back office");
  const auto operations = Diff(ref, edited);
  ASSERT_THAT(operations, SizeIs(1));
  EXPECT_EQ(operations[0].merge_class, MergeClass::kRegister);
  EXPECT_THAT(operations[0].path, ElementsAre(4u));
  EXPECT_THAT(operations[0].replaces, SizeIs(1));
  EXPECT_EQ(OneFieldNumber(*operations[0].value), 4u);
}

TEST_F(Editing, AClearedFieldHasNoValue) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a"}), kRegistration);
  v1::Observation edited = Read(ref);
  edited.clear_venue();
  const auto operations = Diff(ref, edited);
  ASSERT_THAT(operations, SizeIs(1));
  EXPECT_FALSE(operations[0].value.has_value());
  ann_.Edits(ref, edited);
  EXPECT_EQ(Read(ref).venue(), "");
  EXPECT_THAT(Diff(ref, edited), IsEmpty());
}

TEST_F(Editing, DifferentParagraphsMergeAndTheSameOneConflicts) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a", "b"}), kRegistration);
  bob_.Learns(ann_);
  v1::Observation by_ann = Read(ref), by_bob = by_ann;
  by_ann.mutable_narrative(0)->set_text("a1");
  by_bob.mutable_narrative(1)->set_text("b2");
  *by_bob.add_narrative() = Paragraph("c2");
  ann_.Edits(ref, by_ann);
  bob_.Edits(ref, by_bob);
  ann_.Learns(bob_);
  bob_.Learns(ann_);
  EXPECT_THAT(TextsOf(Read(ref)), ElementsAre("a1", "b2", "c2"));
  EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());

  by_ann = by_bob = Read(ref);
  by_ann.mutable_narrative(0)->set_text("a3");
  by_bob.mutable_narrative(0)->set_text("a4");
  ann_.Edits(ref, by_ann);
  bob_.Edits(ref, by_bob);
  ann_.Learns(bob_);
  ASSERT_THAT(ann_.View(ref).conflicts, SizeIs(1));
  EXPECT_THAT(ann_.View(ref).conflicts[0].heads, SizeIs(2));
}

TEST_F(Editing, AnUneditedContestedFieldIsLeftAloneAndAnEditSettlesIt) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a"}), kRegistration);
  bob_.Learns(ann_);
  v1::Observation edited = Read(ref);
  edited.set_venue("Ann's");
  ann_.Edits(ref, edited);
  edited.set_venue("Bob's");
  bob_.Edits(ref, edited);
  ann_.Learns(bob_);
  ASSERT_THAT(ann_.View(ref).conflicts, SizeIs(1));

  edited = Read(ref);
  edited.set_candidate("Cora");
  ann_.Edits(ref, edited);
  EXPECT_THAT(ann_.View(ref).conflicts, SizeIs(1));
  edited = Read(ref);
  edited.set_venue("Both");
  EXPECT_THAT(Diff(ref, edited)[0].replaces, SizeIs(2));
  ann_.Edits(ref, edited);
  EXPECT_THAT(ann_.View(ref).conflicts, IsEmpty());
  EXPECT_EQ(Read(ref).venue(), "Both");
}

TEST_F(Editing, AMovedParagraphIsWrittenAnewAndTheOthersStay) {
  const RecordRef ref =
      ann_.Starts(ObservationOf({"a", "b", "c", "d"}), kRegistration);
  v1::Observation edited = Read(ref);
  edited.mutable_narrative()->SwapElements(2, 3);
  edited.mutable_narrative()->SwapElements(1, 2);
  EXPECT_THAT(TextsOf(edited), ElementsAre("a", "d", "b", "c"));
  EXPECT_THAT(Diff(ref, edited), SizeIs(2));
  ann_.Edits(ref, edited);
  EXPECT_THAT(TextsOf(Read(ref)), ElementsAre("a", "d", "b", "c"));
  EXPECT_EQ(Read(ref).narrative(0).id(), edited.narrative(0).id());
  EXPECT_NE(Read(ref).narrative(1).id(), edited.narrative(1).id());
}

TEST_F(Editing, ARemovedParagraphThatSomeoneEditedIsAConflict) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a", "b"}), kRegistration);
  bob_.Learns(ann_);
  v1::Observation by_ann = Read(ref), by_bob = by_ann;
  by_ann.mutable_narrative()->DeleteSubrange(0, 1);
  by_bob.mutable_narrative(0)->set_text("a!");
  ann_.Edits(ref, by_ann);
  EXPECT_THAT(TextsOf(Read(ref)), ElementsAre("b"));
  bob_.Edits(ref, by_bob);
  ann_.Learns(bob_);
  EXPECT_THAT(ann_.View(ref).conflicts, SizeIs(1));
}

TEST_F(Editing, SetsAddAndRemoveByValue) {
  v1::AssessmentPlan plan;
  plan.add_units("F1");
  plan.add_units("F2");
  plan.add_units("F1");
  const RecordRef ref = ann_.Starts(plan, kRegistration);
  bob_.Learns(ann_);
  v1::AssessmentPlan by_ann = ann_.Read<v1::AssessmentPlan>(ref);
  EXPECT_THAT(by_ann.units(), UnorderedElementsAre("F1", "F2"));
  v1::AssessmentPlan by_bob = by_ann;
  by_ann.clear_units();
  by_ann.add_units("F2");
  by_ann.add_units("A10");
  by_bob.add_units("A10");
  by_bob.add_units("");
  ann_.Edits(ref, by_ann);
  bob_.Edits(ref, by_bob);
  ann_.Learns(bob_);
  // Both added A10: two adds, one value; removing it takes both back.
  v1::AssessmentPlan both = ann_.Read<v1::AssessmentPlan>(ref);
  EXPECT_THAT(both.units(), UnorderedElementsAre("F2", "A10", ""));
  both.clear_units();
  ann_.Edits(ref, both);
  EXPECT_THAT(ann_.Read<v1::AssessmentPlan>(ref).units(), IsEmpty());
}

TEST_F(Editing, WhatANewerAppWroteSurvivesAnEditByteForByte) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a"}), kRegistration);
  auto write = [&](std::vector<uint32_t> path, std::string value) {
    DraftOperation op;
    op.merge_class = MergeClass::kRegister;
    op.path = std::move(path);
    op.value = std::move(value);
    return std::vector<DraftOperation>{op};
  };
  // Field 77, "newer"; field 1 within field 1; and `when` with a field 9.
  const std::string newer = "\xea\x04\x05newer";
  const std::string nested = "\x0a\x06nested";
  const std::string when("\x1a\x06\x48\x07\x10\x02\x08\x01", 8);
  ann_.Does(ref, write({77}, newer));
  ann_.Does(ref, write({1, 1}, nested));
  ann_.Does(ref, write({3}, when));

  v1::Observation edited = Read(ref);
  EXPECT_EQ(edited.when().end_ms(), 2);
  EXPECT_EQ(edited.observer(), "");  // not misread from {1, 1}
  EXPECT_THAT(Diff(ref, edited), IsEmpty());
  edited.set_venue("elsewhere");
  ann_.Edits(ref, edited);
  auto value_at = [&](std::vector<uint32_t> path) {
    for (const FieldView& field : ann_.View(ref).fields) {
      if (field.path == path) return field.heads[0].value;
    }
    return std::string("none");
  };
  EXPECT_EQ(value_at({77}), newer);
  EXPECT_EQ(value_at({1, 1}), nested);
  EXPECT_EQ(value_at({3}), when);

  edited.mutable_when()->set_end_ms(3);
  ann_.Edits(ref, edited);
  const v1::TimeSpan read = Read(ref).when();
  EXPECT_EQ(read.end_ms(), 3);
  const auto& unknown = v1::TimeSpan::GetReflection()->GetUnknownFields(read);
  ASSERT_EQ(unknown.field_count(), 1);
  EXPECT_EQ(unknown.field(0).varint(), 7u);
}

TEST_F(Editing, AValueThatDoesNotFitItsFieldIsLeftOut) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a"}), kRegistration);
  DraftOperation op;
  op.merge_class = MergeClass::kRegister;
  op.path = {2};
  op.value =
      "\x0a\x03"
      "spy";  // field 1 in the place of field 2
  ann_.Does(ref, std::vector<DraftOperation>{op});
  op.path = {10};
  op.value = "\x52\x01\xff";  // not UTF-8
  ann_.Does(ref, std::vector<DraftOperation>{op});
  EXPECT_EQ(Read(ref).observer(), "");
  EXPECT_EQ(Read(ref).venue(), "Front desk");
}

TEST_F(Editing, TextOfEveryScriptUpToTheLimitIsKept) {
  const std::string rtl_and_emoji = "שלום 👩‍🔧 مرحبا";
  v1::Observation record = ObservationOf({rtl_and_emoji, ""});
  record.set_venue(std::string(kTextBytesMax, 'v'));
  const RecordRef ref = ann_.Starts(record, kRegistration);
  EXPECT_THAT(TextsOf(Read(ref)), ElementsAre(rtl_and_emoji, ""));
  EXPECT_EQ(Read(ref).venue().size(), kTextBytesMax);
  record.mutable_venue()->push_back('v');
  EXPECT_EQ(Refusal(ref, record), Reason::kTooLarge);
  record.set_venue("caf\xe9");
  EXPECT_EQ(Refusal(ref, record), Reason::kNotUtf8);
  record.set_venue("");
  record.mutable_narrative(0)->set_text("\xc0\xaf");
  EXPECT_EQ(Refusal(ref, record), Reason::kNotUtf8);
}

TEST_F(Editing, RefusesWhatIsNoEditOfThisRecord) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a"}), kRegistration);
  EXPECT_EQ(Refusal(ref, v1::Witness()), Reason::kOperationNotAllowed);
  EXPECT_EQ(Refusal(ref, v1::TimeSpan()), Reason::kKindUnknown);
  v1::Observation edited = Read(ref);
  *edited.add_narrative() = edited.narrative(0);
  EXPECT_EQ(Refusal(ref, edited), Reason::kMalformed);
  edited.mutable_narrative(1)->set_id("short");
  EXPECT_EQ(Refusal(ref, edited), Reason::kMalformed);

  v1::CrossReference offered;
  offered.set_evidence(ref.id.Bytes());
  const RecordRef reference = ann_.Starts(offered, kRegistration);
  offered.set_evidence(kRegistration.Bytes());
  EXPECT_EQ(Refusal(reference, offered), Reason::kOperationNotAllowed);
  EXPECT_EQ(
      ReasonOf(DiffRecord(nullptr, v1::CrossReference(), ann_.author().random())
                   .status()),
      Reason::kMalformed);
}

TEST_F(Editing, ALedgerTakesOneNewVerdictAndKeepsTheOthers) {
  v1::Judgement judgement;
  judgement.set_evidence(kRegistration.Bytes());
  judgement.add_entries()->set_justification("first");
  const RecordRef ref = ann_.Starts(judgement, kRegistration);
  v1::Judgement edited = ann_.Read<v1::Judgement>(ref);
  EXPECT_THAT(Diff(ref, edited), IsEmpty());
  edited.mutable_entries(0)->set_justification("better");
  EXPECT_EQ(Refusal(ref, edited), Reason::kOperationNotAllowed);
  edited.clear_entries();
  EXPECT_EQ(Refusal(ref, edited), Reason::kOperationNotAllowed);
  edited = ann_.Read<v1::Judgement>(ref);
  edited.add_entries()->set_justification("second");
  ASSERT_THAT(Diff(ref, edited), SizeIs(1));
  EXPECT_THAT(Diff(ref, edited)[0].replaces, SizeIs(1));
  ann_.Edits(ref, edited);
  ASSERT_EQ(ann_.Read<v1::Judgement>(ref).entries_size(), 1);
  EXPECT_EQ(ann_.Read<v1::Judgement>(ref).entries(0).justification(), "second");
  edited = ann_.Read<v1::Judgement>(ref);
  edited.add_entries();
  edited.add_entries();
  EXPECT_EQ(Refusal(ref, edited), Reason::kOperationNotAllowed);
}

TEST_F(Editing, ASignedRecordIsAmendedAndADiscardedOneRevivedFirst) {
  const RecordRef ref = ann_.Starts(ObservationOf({"a"}), kRegistration);
  v1::Observation edited = Read(ref);
  edited.set_venue("Back office");
  edited.mutable_narrative(0)->set_text("a, corrected");
  EXPECT_EQ(
      ReasonOf(DiffAmendment(ann_.View(ref), edited, ann_.author().random())
                   .status()),
      Reason::kOperationNotAllowed);
  ann_.Does(ref, SealRecord(ann_.View(ref)));
  EXPECT_EQ(Refusal(ref, edited), Reason::kRecordSealed);
  const Hash before = ann_.View(ref).content_digest;
  ann_.Edits(ref, edited);
  EXPECT_EQ(Read(ref).venue(), "Back office");
  EXPECT_THAT(TextsOf(Read(ref)), ElementsAre("a, corrected"));
  EXPECT_EQ(ann_.View(ref).state, RecordState::kSealed);
  EXPECT_THAT(ann_.View(ref).late_amendments, IsEmpty());
  EXPECT_NE(ann_.View(ref).content_digest, before);

  const RecordRef draft = ann_.Starts(ObservationOf({"b"}), kRegistration);
  ann_.Does(draft, DiscardRecord(ann_.View(draft)));
  EXPECT_EQ(Refusal(draft, ObservationOf({"c"})), Reason::kRecordDiscarded);
}

}  // namespace
}  // namespace vouch
