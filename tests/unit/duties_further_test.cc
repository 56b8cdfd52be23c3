// Separation of duties in verification, its actions, appeals, credit transfer,
// external visits and staff competence, as RecordJudge sees to it.
#include <string>
#include <vector>

#include "evidence/acts.h"
#include "evidence/kinds.h"
#include "evidence/permissions.h"
#include "gtest/gtest.h"
#include "tests/unit/judge_fixture.h"
#include "tests/unit/whole_records.h"
#include "vouch/v1/assessment_records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

using test::Author;
using test::Notebook;
using test::RecordRef;

class FurtherDuties : public JudgeTest {
 protected:
  template <typename Record>
  Record Whole(const Author& signer) {
    Record record;
    record.CopyFrom(
        *test::WholeRecord(*KindOf(Record()), signer.person().Bytes()));
    return record;
  }
  RecordRef Starts(Author& author, const google::protobuf::Message& record) {
    Note(author).Learns(centre_);
    return Note(author).Starts(record, registration_.id);
  }
  Reason OnSigning(Author& author, const RecordRef& ref) {
    return VerdictOn(
        author, Note(author).Does(ref, SealRecord(Note(author).View(ref))));
  }
  Reason OnStartAndSign(Author& author,
                        const google::protobuf::Message& record) {
    const RecordRef ref = Starts(author, record);
    const Reason started = VerdictOnLast(author, ref);
    return started != kApplied ? started : OnSigning(author, ref);
  }
  RecordRef Decides(Author& author) {
    v1::UnitDecision decision;
    decision.set_registration(registration_.id.Bytes());
    decision.set_unit("F1");
    decision.add_entries()->set_assessor(author.person().Bytes());
    const RecordRef ref = Starts(author, decision);
    Sync(author);
    return ref;
  }
  v1::Verification VerificationOf(const RecordRef& decision) {
    auto record = Whole<v1::Verification>(ivy_);
    record.clear_decisions();
    record.add_decisions(decision.id.Bytes());
    return record;
  }
};

// Whoever the table lets sign, and nobody else, signs a complete record.
TEST_F(FurtherDuties, EachSealedKindIsSignedByWhomTheTableNames) {
  for (const Kind& kind : Kinds()) {
    if (kind.life != v1::LIFE_SEALED) continue;
    for (Author* author : {&admin_, &ann_, &tess_, &ivy_, &eve_, &cora_}) {
      Note(*author).Learns(centre_);
      const auto record = test::WholeRecord(kind, author->person().Bytes());
      const RecordRef ref = Note(*author).Starts(*record, registration_.id);
      const bool may = IsAllowed(author->role(), kind.number, RecordAct::kSign);
      EXPECT_EQ(OnSigning(*author, ref),
                may ? kApplied : Reason::kRoleNotAllowed)
          << kind.name << " by " << author->name();
    }
  }
}

TEST_F(FurtherDuties, NobodyVerifiesTheirOwnDecision) {
  EXPECT_EQ(OnStartAndSign(ivy_, VerificationOf(Decides(ann_))), kApplied);
  // Whatever else becomes of a decision that a verifier took.
  EXPECT_EQ(OnStartAndSign(ivy_, VerificationOf(Decides(ivy_))),
            Reason::kDutiesNotSeparate);
}

TEST_F(FurtherDuties, AVerifierWhoSettledAVerdictDoesNotVerifyIt) {
  const RecordRef ref = Judge(ann_, registration_.id);
  Judge(bob_, registration_.id);
  Sync(ann_);
  Sync(bob_);
  Note(ivy_).Learns(centre_);
  const RecordView view = Note(ivy_).View(ref);
  ASSERT_EQ(view.conflicts.size(), 1u);
  Note(ivy_).Does(ref, SettleConflict(view, view.conflicts[0], Settlement()));
  Sync(ivy_);
  EXPECT_EQ(OnStartAndSign(ivy_, VerificationOf(ref)),
            Reason::kDutiesNotSeparate);
  EXPECT_EQ(OnStartAndSign(eve_, VerificationOf(ref)), kApplied);
}

TEST_F(FurtherDuties, WhatTheSignatureCoversIsAskedAgain) {
  // The decision is put down before it is here to be looked at.
  const RecordRef ref = Judge(ann_, registration_.id);
  Judge(bob_, registration_.id);
  const RecordRef verification = Starts(ivy_, VerificationOf(ref));
  EXPECT_EQ(VerdictOnLast(ivy_, verification), kApplied);
  Sync(ivy_);
  Sync(ann_);
  Sync(bob_);
  Note(ivy_).Learns(centre_);
  const RecordView view = Note(ivy_).View(ref);
  Note(ivy_).Does(ref, SettleConflict(view, view.conflicts[0], Settlement()));
  Sync(ivy_);
  EXPECT_EQ(OnSigning(ivy_, verification), Reason::kDutiesNotSeparate);
}

TEST_F(FurtherDuties, AnExternalVerifierIsNotOfTheTeam) {
  EXPECT_EQ(OnStartAndSign(eve_, Whole<v1::Verification>(eve_)), kApplied);
  Note(admin_).Learns(centre_);
  for (int post = 0; post < 3; ++post) {
    auto edited = Note(admin_).Read<v1::Registration>(registration_);
    edited.clear_assessors();
    edited.clear_trainer();
    edited.set_internal_verifier(ivy_.person().Bytes());
    if (post == 0) edited.add_assessors(eve_.person().Bytes());
    if (post == 1) edited.set_trainer(eve_.person().Bytes());
    if (post == 2) edited.set_internal_verifier(eve_.person().Bytes());
    Note(admin_).Edits(registration_, edited);
    Sync(admin_);
    EXPECT_EQ(OnStartAndSign(eve_, Whole<v1::Verification>(eve_)),
              Reason::kDutiesNotSeparate)
        << post;
  }
}

TEST_F(FurtherDuties, NobodySaysThatAnotherSawTheCertificate) {
  EXPECT_EQ(OnStartAndSign(ann_, Whole<v1::CreditTransfer>(bob_)),
            Reason::kDutiesNotSeparate);
  EXPECT_EQ(OnStartAndSign(ann_, Whole<v1::CreditTransfer>(ann_)), kApplied);
  auto unsaid = Whole<v1::CreditTransfer>(ann_);
  unsaid.clear_seen_by();
  EXPECT_EQ(OnStartAndSign(ann_, unsaid), Reason::kNotReadyToSign);
}

TEST_F(FurtherDuties, AVisitIsItsExternalVerifiers) {
  EXPECT_EQ(OnStartAndSign(eve_, Whole<v1::ExternalVisit>(eve_)), kApplied);
  EXPECT_EQ(OnStartAndSign(eve_, Whole<v1::ExternalVisit>(ivy_)),
            Reason::kDutiesNotSeparate);
}

// An assessor who is this registration's candidate does there what a candidate
// may.
TEST_F(FurtherDuties, NobodyIsAssessedByThemselves) {
  Note(admin_).Learns(centre_);
  auto edited = Note(admin_).Read<v1::Registration>(registration_);
  edited.set_candidate_id(bob_.person().Bytes());
  Note(admin_).Edits(registration_, edited);
  Sync(admin_);
  for (const char* name :
       {"initial-assessment", "questioning", "professional-discussion",
        "judgement-release", "review", "credit-transfer"}) {
    const auto record =
        test::WholeRecord(*FindKindByName(name), bob_.person().Bytes());
    EXPECT_EQ(VerdictOnLast(bob_, Starts(bob_, *record)),
              Reason::kDutiesNotSeparate)
        << name;
  }
  EXPECT_EQ(OnStartAndSign(bob_, Whole<v1::WorkProduct>(bob_)), kApplied);
}

class Appeals : public FurtherDuties {
 protected:
  Appeals() {
    // The registration's verifier settled what two assessors judged apart: she
    // is the author of what stands.
    verdict_ = Judge(ann_, registration_.id);
    Judge(bob_, registration_.id);
    Sync(ann_);
    Sync(bob_);
    Note(ivy_).Learns(centre_);
    const RecordView view = Note(ivy_).View(verdict_);
    Note(ivy_).Does(verdict_,
                    SettleConflict(view, view.conflicts[0], Settlement()));
    Sync(ivy_);
  }
  v1::AppealAnswer AnswerTo(const RecordId& about) {
    auto appeal = Whole<v1::CandidateResponse>(cora_);
    appeal.set_about(about.Bytes());
    const RecordRef ref = Starts(cora_, appeal);
    EXPECT_EQ(OnSigning(cora_, ref), kApplied);
    Sync(cora_);
    auto answer = Whole<v1::AppealAnswer>(ivy_);
    answer.set_appeal(ref.id.Bytes());
    return answer;
  }
  RecordRef verdict_;
};

TEST_F(Appeals, NobodyAnswersAnAppealAgainstWhatIsTheirOwn) {
  // Against the verdict, and against what was judged.
  for (const RecordId& about : {verdict_.id, registration_.id}) {
    const v1::AppealAnswer answer = AnswerTo(about);
    EXPECT_EQ(OnStartAndSign(ivy_, answer), Reason::kDutiesNotSeparate);
    EXPECT_EQ(OnStartAndSign(admin_, answer), kApplied);
  }
}

class Actions : public FurtherDuties {
 protected:
  Actions() { ref_ = Starts(ivy_, Step(ivy_, v1::ACTION_STEP_REQUIRED)); }

  v1::VerificationAction Step(const Author& by, v1::ActionStep step) {
    v1::VerificationAction action;
    action.set_required_by(registration_.id.Bytes());
    action.set_name("1");
    v1::VerificationActionEntry* entry = action.add_entries();
    entry->set_by(by.person().Bytes());
    entry->set_step(step);
    entry->set_action("Date each product.");
    entry->set_due_on("2026-09-01");
    entry->set_assigned_to(ann_.person().Bytes());
    entry->set_text("Done.");
    return action;
  }
  Reason OnStep(Author& author, const v1::VerificationAction& step) {
    Sync(ivy_);
    Note(author).Learns(centre_);
    auto edited = Note(author).Read<v1::VerificationAction>(ref_);
    *edited.add_entries() = step.entries(0);
    const Reason verdict = VerdictOn(author, Note(author).Edits(ref_, edited));
    if (verdict == kApplied) Sync(author);
    return verdict;
  }
  RecordRef ref_;
};

TEST_F(Actions, AVerifierRequiresAnAssessorRepliesTheVerifierCloses) {
  EXPECT_EQ(VerdictOnLast(ivy_, ref_), kApplied);
  EXPECT_EQ(OnStep(ann_, Step(ann_, v1::ACTION_STEP_REPLIED)), kApplied);
  EXPECT_EQ(OnStep(ivy_, Step(ivy_, v1::ACTION_STEP_CLOSED)), kApplied);
  const auto closed = Note(ivy_).Read<v1::VerificationAction>(ref_);
  ASSERT_EQ(closed.entries_size(), 1);
  EXPECT_EQ(closed.entries(0).step(), v1::ACTION_STEP_CLOSED);
}

TEST_F(Actions, NoAssessorRequiresOrCloses) {
  EXPECT_EQ(OnStep(ann_, Step(ann_, v1::ACTION_STEP_CLOSED)),
            Reason::kRoleNotAllowed);
}

TEST_F(Actions, NobodyRepliesInAnothersName) {
  EXPECT_EQ(OnStep(bob_, Step(ann_, v1::ACTION_STEP_REPLIED)),
            Reason::kDutiesNotSeparate);
}

TEST_F(Actions, AReplyChangesNothingOfWhatIsRequired) {
  for (int changed = 0; changed < 3; ++changed) {
    v1::VerificationAction reply = Step(ann_, v1::ACTION_STEP_REPLIED);
    v1::VerificationActionEntry* entry = reply.mutable_entries(0);
    if (changed == 0) entry->set_action("Nothing.");
    if (changed == 1) entry->set_due_on("2030-09-01");
    if (changed == 2) entry->set_assigned_to(bob_.person().Bytes());
    Notebook note(&ann_);
    Sync(ivy_);
    note.Learns(centre_);
    auto edited = note.Read<v1::VerificationAction>(ref_);
    *edited.add_entries() = *entry;
    EXPECT_EQ(
        ReasonOf(judge_.Decide(note.Judged(note.Edits(ref_, edited)), reader_)),
        Reason::kDutiesNotSeparate)
        << changed;
  }
}

TEST_F(Actions, NobodyClosesTheirOwnReply) {
  EXPECT_EQ(OnStep(ivy_, Step(ivy_, v1::ACTION_STEP_REPLIED)), kApplied);
  EXPECT_EQ(OnStep(ivy_, Step(ivy_, v1::ACTION_STEP_CLOSED)),
            Reason::kDutiesNotSeparate);
}

TEST_F(Actions, ThereIsNoReplyToNothing) {
  v1::VerificationAction reply = Step(ivy_, v1::ACTION_STEP_REPLIED);
  reply.set_name("2");
  EXPECT_EQ(VerdictOnLast(ivy_, Starts(ivy_, reply)),
            Reason::kOperationNotAllowed);
}

TEST_F(FurtherDuties, CompetenceLiesInTheScopeOfThePersonItIsAbout) {
  v1::StaffCompetence record;
  record.set_person(ann_.person().Bytes());
  const auto owner = *RecordId::FromBytes(ann_.person().view());
  const auto another = *RecordId::FromBytes(bob_.person().view());
  Note(admin_).Learns(centre_);
  EXPECT_EQ(VerdictOnLast(admin_, Note(admin_).Starts(record, owner)),
            kApplied);
  EXPECT_EQ(VerdictOnLast(admin_, Note(admin_).Starts(record, another)),
            Reason::kScopeWrong);
  EXPECT_EQ(VerdictOnLast(ann_, Note(ann_).Starts(record, owner)),
            Reason::kRoleNotAllowed);
}

TEST_F(FurtherDuties, AnInvitedWitnessSignsWithTheirOneTimeKey) {
  const SigningKey witness = test::KeyOf("witness");
  v1::WitnessStatement statement;
  statement.set_signature_kind(v1::WITNESS_SIGNATURE_KIND_INVITED);
  statement.set_witness_key(witness.public_key().Bytes());
  for (bool signs : {true, false}) {
    const RecordRef ref = Starts(ann_, statement);
    std::vector<SigningKey> keys;
    if (signs) keys.push_back(witness);
    EXPECT_EQ(VerdictOn(ann_, Note(ann_).Does(
                                  ref, SealRecord(Note(ann_).View(ref)), keys)),
              signs ? kApplied : Reason::kPersonSignatureInvalid);
  }
}

}  // namespace
}  // namespace vouch
