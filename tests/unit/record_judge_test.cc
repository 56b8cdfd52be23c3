// What is applied and what is held for review, through changes as people's
// devices write them: form, roles, life and signatures.
#include "evidence/record_judge.h"

#include <string>
#include <vector>

#include "evidence/acts.h"
#include "gtest/gtest.h"
#include "tests/unit/judge_fixture.h"

namespace vouch {
namespace {

using test::Notebook;
using test::RecordRef;

TEST_F(JudgeTest, OrdinaryWorkIsApplied) {
  const RecordRef ref = Observe(ann_);
  EXPECT_EQ(VerdictOnLast(ann_, ref), kApplied);
  Notebook& note = Note(ann_);
  EXPECT_EQ(VerdictOn(ann_, note.Does(ref, SealRecord(note.View(ref)))),
            kApplied);
  v1::Observation amended = note.Read<v1::Observation>(ref);
  amended.set_venue("Back office");
  EXPECT_EQ(VerdictOn(ann_, note.Edits(ref, amended)), kApplied);
  EXPECT_EQ(VerdictOn(ann_, note.Does(ref, WithdrawRecord(note.View(ref)))),
            kApplied);
  const RecordRef judgement = Judge(ann_, ref.id);
  EXPECT_EQ(VerdictOnLast(ann_, judgement), kApplied);
  EXPECT_EQ(VerdictOnLast(admin_, registration_), kApplied);
}

TEST_F(JudgeTest, TheAuthorIsThePersonOfTheDevice) {
  const RecordRef ref = Observe(ann_);
  JudgedChange change = LastOf(ann_, ref);
  change.author = bob_.person();
  EXPECT_EQ(ReasonOf(judge_.Decide(change, reader_)),
            Reason::kPersonNotCertified);
  change.device = test::IdOf<DeviceId>("nobody's");
  EXPECT_EQ(ReasonOf(judge_.Decide(change, reader_)),
            Reason::kPersonNotCertified);
}

TEST_F(JudgeTest, AnUnknownKindIsCarriedButNotAForgedAuthor) {
  JudgedChange change = LastOf(cora_, Observe(cora_));
  change.kind = 4711;
  EXPECT_TRUE(judge_.Decide(change, reader_).ok());
  change.author = bob_.person();
  EXPECT_EQ(ReasonOf(judge_.Decide(change, reader_)),
            Reason::kPersonNotCertified);
}

TEST_F(JudgeTest, WhatTheTableDoesNotGrantIsHeld) {
  EXPECT_EQ(VerdictOnLast(cora_, Observe(cora_)), Reason::kRoleNotAllowed);
  EXPECT_EQ(VerdictOnLast(ivy_, Judge(ivy_, registration_.id)),
            Reason::kRoleNotAllowed);
  const RecordRef person = Note(ann_).Starts(ann_.AsRecord());
  EXPECT_EQ(VerdictOnLast(ann_, person), Reason::kRoleNotAllowed);
  const RecordRef by_admin = Note(admin_).Starts(ann_.AsRecord());
  EXPECT_EQ(VerdictOnLast(admin_, by_admin), kApplied);
}

TEST_F(JudgeTest, ACandidateEditsTheirDetailsAndNotWhoAssessesThem) {
  Note(cora_).Learns(centre_);
  auto edited = Note(cora_).Read<v1::Registration>(registration_);
  edited.set_contact("cora@example.org");
  EXPECT_EQ(VerdictOn(cora_, Note(cora_).Edits(registration_, edited)),
            kApplied);
  edited.set_internal_verifier(cora_.person().Bytes());
  EXPECT_EQ(VerdictOn(cora_, Note(cora_).Edits(registration_, edited)),
            Reason::kRoleNotAllowed);
}

TEST_F(JudgeTest, AKindLivesInItsScope) {
  const RecordRef ref = Observe(ann_);
  JudgedChange change = LastOf(ann_, ref);
  change.scope = MakeScope(ScopeKind::kStaff, registration_.id);
  EXPECT_EQ(ReasonOf(judge_.Decide(change, reader_)), Reason::kScopeWrong);
  change = LastOf(admin_, registration_);
  change.scope = MakeScope(ScopeKind::kShared, ref.id);
  EXPECT_EQ(ReasonOf(judge_.Decide(change, reader_)), Reason::kScopeWrong);
  v1::UnitDecision decision;
  decision.set_registration(ref.id.Bytes());
  decision.set_unit("F1");
  const RecordRef elsewhere = Note(ann_).Starts(decision, registration_.id);
  EXPECT_EQ(VerdictOnLast(ann_, elsewhere), Reason::kScopeWrong);
}

TEST_F(JudgeTest, AClassFitsTheLifeAndTheField) {
  const RecordRef ref = Observe(ann_);
  const std::string venue = "\x22\x01v";
  auto on = [&](MergeClass c, std::vector<uint32_t> path,
                std::optional<std::string> value) {
    return OnOperation(ann_, ref, Operation(c, std::move(path), value));
  };
  EXPECT_EQ(on(MergeClass::kRegister, {4}, venue), kApplied);
  EXPECT_EQ(on(MergeClass::kLedger, {4}, venue), Reason::kOperationNotAllowed);
  EXPECT_EQ(on(MergeClass::kTransition, {4}, venue),
            Reason::kOperationNotAllowed);
  EXPECT_EQ(on(MergeClass::kSetAdd, {4}, venue), Reason::kOperationNotAllowed);
  EXPECT_EQ(on(MergeClass::kBlock, {5}, "\x2a\x00"), Reason::kMalformed);
  EXPECT_EQ(on(MergeClass::kRegister, {}, venue), Reason::kMalformed);
  DraftOperation element = Operation(MergeClass::kRegister, {4}, venue);
  element.element = test::Element("e");
  EXPECT_EQ(OnOperation(ann_, ref, element), Reason::kMalformed);
  const RecordRef plan =
      Note(ann_).Starts(v1::AssessmentPlan(), registration_.id);
  EXPECT_EQ(OnOperation(ann_, plan, Operation(MergeClass::kSeal, {}, {})),
            Reason::kOperationNotAllowed);
}

TEST_F(JudgeTest, AValueIsOneFieldThatFits) {
  const RecordRef ref = Observe(ann_);
  auto on = [&](std::vector<uint32_t> path, std::string value) {
    return OnOperation(
        ann_, ref,
        Operation(MergeClass::kRegister, std::move(path), std::move(value)));
  };
  EXPECT_EQ(on({4}, "\x22\x01v\x22\x01w"), Reason::kMalformed);
  EXPECT_EQ(on({4}, "\x0a\x01v"), Reason::kMalformed);
  EXPECT_EQ(on({4}, "\x20\x01"), Reason::kMalformed);      // a varint
  EXPECT_EQ(on({4}, "\x22\x01\xff"), Reason::kMalformed);  // not UTF-8
  EXPECT_EQ(on({4}, "\x22"), Reason::kMalformed);
  EXPECT_EQ(on({77}, "\x0a\x01v"), Reason::kMalformed);
}

TEST_F(JudgeTest, WhatANewerAppWritesIsCarried) {
  const RecordRef ref = Observe(ann_);
  EXPECT_EQ(
      OnOperation(ann_, ref,
                  Operation(MergeClass::kRegister, {77}, "\xea\x04\x01x")),
      kApplied);
  EXPECT_EQ(OnOperation(ann_, ref,
                        Operation(MergeClass::kRegister, {78, 1}, "\x0a\x01x")),
            kApplied);
  EXPECT_EQ(
      OnOperation(ann_, ref, Operation(static_cast<MergeClass>(99), {4}, "?")),
      kApplied);
  JudgedChange unreadable = LastOf(ann_, ref);
  unreadable.values_known = false;
  for (auto& judged : unreadable.operations) judged.operation.value.reset();
  EXPECT_TRUE(judge_.Decide(unreadable, reader_).ok());
}

TEST_F(JudgeTest, AnEditThatSawTheSealIsHeldAndOneMadeApartIsNot) {
  const RecordRef ref = Observe(ann_);
  Note(bob_).Learns(Note(ann_));
  v1::Observation edited = Note(bob_).Read<v1::Observation>(ref);
  edited.set_venue("Bob's");
  const Change apart = Note(bob_).Edits(ref, edited);
  Notebook& note = Note(ann_);
  note.Does(ref, SealRecord(note.View(ref)));
  note.Learns(Note(bob_));
  EXPECT_EQ(VerdictOn(ann_, apart), kApplied);
  const std::string venue = "\x22\x01v";
  EXPECT_EQ(
      OnOperation(ann_, ref, Operation(MergeClass::kRegister, {4}, venue)),
      Reason::kRecordSealed);
  EXPECT_EQ(OnOperation(ann_, ref, Operation(MergeClass::kDiscard, {}, {})),
            Reason::kRecordSealed);
  EXPECT_EQ(OnOperation(ann_, ref, Operation(MergeClass::kSeal, {}, {})),
            Reason::kRecordSealed);
}

TEST_F(JudgeTest, AnEditThatSawTheDiscardIsHeldUntilARevival) {
  const RecordRef ref = Observe(ann_);
  Notebook& note = Note(ann_);
  note.Does(ref, DiscardRecord(note.View(ref)));
  const DraftOperation edit =
      Operation(MergeClass::kRegister, {4}, "\x22\x01v");
  EXPECT_EQ(OnOperation(ann_, ref, edit), Reason::kRecordDiscarded);
  EXPECT_EQ(VerdictOn(ann_, note.Does(ref, ReviveRecord(note.View(ref)))),
            kApplied);
  EXPECT_EQ(OnOperation(ann_, ref, edit), kApplied);
}

TEST_F(JudgeTest, NothingIsAmendedBeforeItIsSigned) {
  const RecordRef ref = Observe(ann_);
  for (MergeClass c : {MergeClass::kAmend, MergeClass::kWithdraw}) {
    DraftOperation op = Operation(c, {4}, "\x22\x01v");
    EXPECT_EQ(OnOperation(ann_, ref, op), Reason::kOperationNotAllowed);
  }
}

TEST_F(JudgeTest, SealAndDiscardStandFirstInTheirChange) {
  const RecordRef ref = Observe(ann_);
  Notebook& note = Note(ann_);
  for (MergeClass c : {MergeClass::kSeal, MergeClass::kDiscard}) {
    std::vector<DraftOperation> operations = {
        Operation(MergeClass::kRegister, {4}, "\x22\x01v"),
        Operation(c, {}, {})};
    EXPECT_EQ(VerdictOn(ann_, note.Does(ref, operations)),
              Reason::kOperationNotAllowed);
  }
}

TEST_F(JudgeTest, ASealBearsTheCertifiedPersonsSignature) {
  const RecordRef ref = Observe(ann_);
  Notebook& note = Note(ann_);
  const Change seal = note.Does(ref, SealRecord(note.View(ref)));
  JudgedChange judged = note.Judged(seal);
  EXPECT_TRUE(judge_.Decide(judged, reader_).ok());
  judged.author_signatures = {bob_.person_key().public_key()};
  EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
            Reason::kPersonSignatureInvalid);
  judged.author_signatures.clear();
  EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
            Reason::kPersonSignatureInvalid);
}

TEST_F(JudgeTest, AVerdictBearsTheCertifiedPersonsSignature) {
  const RecordRef ref = Judge(ann_, registration_.id);
  JudgedChange judged = LastOf(ann_, ref);
  judged.author_signatures.clear();
  EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
            Reason::kPersonSignatureInvalid);
}

}  // namespace
}  // namespace vouch
