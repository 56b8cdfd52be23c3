// Separation of duties, contested verdicts and moves, as RecordJudge sees to
// them.
#include <string>
#include <vector>

#include "evidence/acts.h"
#include "evidence/kinds.h"
#include "evidence/wire_field.h"
#include "gtest/gtest.h"
#include "sync/base/check.h"
#include "tests/unit/judge_fixture.h"

namespace vouch {
namespace {

using test::Author;
using test::Notebook;
using test::RecordRef;

TEST_F(JudgeTest, NobodyObservesInAnothersName) {
  const RecordRef ref = Note(ann_).Starts(Observation(bob_), registration_.id);
  EXPECT_EQ(VerdictOnLast(ann_, ref), Reason::kDutiesNotSeparate);
  // Bob helps with the draft; only Ann signs it.
  const RecordRef hers = Observe(ann_);
  Note(bob_).Learns(Note(ann_));
  v1::Observation edited = Note(bob_).Read<v1::Observation>(hers);
  edited.set_venue("Back office");
  EXPECT_EQ(VerdictOn(bob_, Note(bob_).Edits(hers, edited)), kApplied);
  EXPECT_EQ(
      VerdictOn(bob_, Note(bob_).Does(hers, SealRecord(Note(bob_).View(hers)))),
      Reason::kDutiesNotSeparate);
}

TEST_F(JudgeTest, ASealSaysWhoObserved) {
  const RecordRef ref = Observe(ann_);
  EXPECT_EQ(OnOperation(ann_, ref, Operation(MergeClass::kSeal, {}, {})),
            Reason::kNotReadyToSign);
}

TEST_F(JudgeTest, AWitnessOnTheDeviceSignsWithTheirOneTimeKey) {
  const SigningKey witness = test::KeyOf("witness");
  v1::WitnessStatement statement;
  statement.set_signature_kind(v1::WITNESS_SIGNATURE_KIND_ON_THIS_DEVICE);
  statement.set_witness_key(witness.public_key().Bytes());
  Notebook& note = Note(ann_);
  const RecordRef ref = note.Starts(statement, registration_.id);
  const auto seal = SealRecord(note.View(ref));
  const Change change = note.Does(ref, seal, {witness});
  EXPECT_EQ(VerdictOn(ann_, change), kApplied);
  JudgedChange judged = note.Judged(change);
  judged.witness_signatures = {test::KeyOf("other").public_key()};
  EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
            Reason::kPersonSignatureInvalid);
  judged.witness_signatures.clear();
  EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
            Reason::kPersonSignatureInvalid);
}

TEST_F(JudgeTest, AVerbalTestimonyNeedsNoWitnessKeyAndASealSaysWhichItIs) {
  v1::WitnessStatement statement;
  statement.set_signature_kind(v1::WITNESS_SIGNATURE_KIND_VERBAL);
  Notebook& note = Note(ann_);
  const RecordRef verbal = note.Starts(statement, registration_.id);
  EXPECT_EQ(VerdictOn(ann_, note.Does(verbal, SealRecord(note.View(verbal)))),
            kApplied);
  const RecordRef unsaid =
      note.Starts(v1::WitnessStatement(), registration_.id);
  EXPECT_EQ(VerdictOn(ann_, note.Does(unsaid, SealRecord(note.View(unsaid)))),
            Reason::kNotReadyToSign);
}

TEST_F(JudgeTest, OnlyASignerAmendsAndAnAdministratorMayTakeBack) {
  const RecordRef ref = Observe(ann_);
  Note(ann_).Does(ref, SealRecord(Note(ann_).View(ref)));
  Sync(ann_);
  Note(bob_).Learns(centre_);
  v1::Observation edited = Note(bob_).Read<v1::Observation>(ref);
  edited.set_venue("Bob's");
  EXPECT_EQ(VerdictOn(bob_, Note(bob_).Edits(ref, edited)),
            Reason::kDutiesNotSeparate);
  Note(admin_).Learns(centre_);
  EXPECT_EQ(VerdictOn(admin_, Note(admin_).Does(
                                  ref, WithdrawRecord(Note(admin_).View(ref)))),
            kApplied);
}

TEST_F(JudgeTest, NobodyAssessesThemselves) {
  // An assessor who is this registration's candidate.
  Note(admin_).Learns(centre_);
  auto edited = Note(admin_).Read<v1::Registration>(registration_);
  edited.set_candidate_id(bob_.person().Bytes());
  Note(admin_).Edits(registration_, edited);
  Sync(admin_);
  const RecordRef ref = Observe(bob_);
  EXPECT_EQ(VerdictOnLast(bob_, ref), Reason::kDutiesNotSeparate);
  EXPECT_EQ(VerdictOnLast(bob_, Judge(bob_, ref.id)),
            Reason::kDutiesNotSeparate);
}

TEST_F(JudgeTest, TheCandidateAcknowledgesAnObservation) {
  const RecordRef ref = Observe(ann_);
  Note(ann_).Does(ref, SealRecord(Note(ann_).View(ref)));
  Sync(ann_);
  Note(cora_).Learns(centre_);
  EXPECT_EQ(VerdictOn(cora_, Note(cora_).Does(ref, CountersignRecord(
                                                       Note(cora_).View(ref)))),
            kApplied);
  EXPECT_EQ(VerdictOn(ann_, Note(ann_).Does(
                                ref, CountersignRecord(Note(ann_).View(ref)))),
            Reason::kDutiesNotSeparate);
}

TEST_F(JudgeTest, NobodyJudgesInAnothersName) {
  v1::Judgement judgement;
  judgement.set_evidence(registration_.id.Bytes());
  *judgement.add_entries() = Entry(bob_);
  const RecordRef ref = Note(ann_).Starts(judgement, registration_.id);
  EXPECT_EQ(VerdictOnLast(ann_, ref), Reason::kDutiesNotSeparate);
}

TEST_F(JudgeTest, NobodyJudgesTheirOwnTestimony) {
  v1::WitnessStatement statement;
  statement.set_signature_kind(v1::WITNESS_SIGNATURE_KIND_VERBAL);
  statement.set_witness_person(bob_.person().Bytes());
  const RecordRef direct = Note(ann_).Starts(statement, registration_.id);
  v1::Witness witness;
  witness.set_person_id(bob_.person().Bytes());
  const RecordRef record = Note(ann_).Starts(witness, registration_.id);
  statement.clear_witness_person();
  statement.set_witness(record.id.Bytes());
  const RecordRef named = Note(ann_).Starts(statement, registration_.id);
  Sync(ann_);
  for (const RecordRef& ref : {direct, named}) {
    EXPECT_EQ(VerdictOnLast(bob_, Judge(bob_, ref.id)),
              Reason::kDutiesNotSeparate);
    EXPECT_EQ(VerdictOnLast(ann_, Judge(ann_, ref.id)), kApplied);
  }
}

// Ann and Bob judged the same evidence apart.
class ContestedJudgement : public JudgeTest {
 protected:
  ContestedJudgement() {
    ref_ = Judge(ann_, registration_.id);
    Judge(bob_, registration_.id);
    Sync(ann_);
    Sync(bob_);
  }
  Reason Settles(Author& author, const v1::JudgementEntry* own) {
    Notebook& note = Note(author);
    note.Learns(centre_);
    const RecordView view = note.View(ref_);
    VOUCH_CHECK(view.conflicts.size() == 1);
    Settlement settlement;
    if (own != nullptr) {
      v1::Judgement judgement;
      *judgement.add_entries() = *own;
      settlement.choice = Settlement::Choice::kValue;
      settlement.value = EncodeElement(
          judgement, *v1::Judgement::descriptor()->FindFieldByNumber(2), 0);
    }
    return VerdictOn(
        author,
        note.Does(ref_, SettleConflict(view, view.conflicts[0], settlement)));
  }
  RecordRef ref_;
};

TEST_F(ContestedJudgement, TheRegistrationsVerifierSettlesIt) {
  EXPECT_EQ(Settles(ivy_, nullptr), kApplied);
}

TEST_F(ContestedJudgement, TheVerifierMayGiveAVerdictOfTheirOwn) {
  const v1::JudgementEntry own = Entry(ivy_);
  EXPECT_EQ(Settles(ivy_, &own), kApplied);
}

TEST_F(ContestedJudgement, TheVerifierPutsNoWordsIntoAnothersMouth) {
  v1::JudgementEntry forged = Entry(ann_);
  forged.set_justification("not what she said");
  EXPECT_EQ(Settles(ivy_, &forged), Reason::kDutiesNotSeparate);
}

TEST_F(ContestedJudgement, TheVerifierNamesNobodyWhoGaveNoVerdict) {
  const v1::JudgementEntry of_tess = Entry(tess_);
  EXPECT_EQ(Settles(ivy_, &of_tess), Reason::kDutiesNotSeparate);
}

TEST_F(ContestedJudgement, NoAssessorSettlesIt) {
  EXPECT_EQ(Settles(ann_, nullptr), Reason::kResolverRequired);
}

TEST_F(ContestedJudgement, AnotherVerifierDoesNot) {
  Author other("iris", v1::ROLE_INTERNAL_VERIFIER);
  reader_.Enrol(other);
  EXPECT_EQ(Settles(other, nullptr), Reason::kResolverRequired);
}

TEST_F(ContestedJudgement, AnAdministratorOnlyWhereNoVerifierIsNamed) {
  EXPECT_EQ(Settles(admin_, nullptr), Reason::kResolverRequired);
  auto edited = Note(admin_).Read<v1::Registration>(registration_);
  edited.clear_internal_verifier();
  Note(admin_).Edits(registration_, edited);
  const JudgedChange settled = LastOf(admin_, ref_);
  reader_.shown = &Note(admin_);  // where no verifier is named any more
  EXPECT_TRUE(judge_.Decide(settled, reader_).ok());
}

TEST_F(ContestedJudgement, NobodySettlesTheirOwnOrWhatIsNotHere) {
  Settles(ivy_, nullptr);
  JudgedChange judged = LastOf(ivy_, ref_);
  judged.operations[0].replaced_authors[1] = ivy_.person();
  EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
            Reason::kResolverRequired);
  judged.operations[0].replaced_authors[1] = std::nullopt;
  EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
            Reason::kResolverRequired);
}

TEST_F(JudgeTest, AVerdictIsTakenBackByItsAuthorOrAVerifier) {
  const RecordRef ref = Judge(ann_, registration_.id);
  Sync(ann_);
  Author& taker = ivy_;
  for (Author* author : {&ann_, &bob_, &taker}) {
    Notebook note(author);
    note.Learns(centre_);
    const Change change = note.Does(ref, WithdrawVerdict(note.View(ref)));
    EXPECT_EQ(ReasonOf(judge_.Decide(note.Judged(change), reader_)),
              author == &bob_ ? Reason::kDutiesNotSeparate : kApplied)
        << author->name();
  }
}

TEST_F(JudgeTest, ATraineesVerdictIsAppliedAndAnotherPersonCountersignsIt) {
  const RecordRef ref = Judge(tess_, registration_.id);
  EXPECT_EQ(VerdictOnLast(tess_, ref), kApplied);
  Sync(tess_);
  Note(ann_).Learns(centre_);
  EXPECT_EQ(VerdictOn(ann_, Note(ann_).Does(
                                ref, CountersignRecord(Note(ann_).View(ref)))),
            kApplied);
  EXPECT_EQ(VerdictOn(tess_, Note(tess_).Does(ref, CountersignRecord(
                                                       Note(tess_).View(ref)))),
            Reason::kRoleNotAllowed);
}

TEST_F(JudgeTest, AHeldChangeIsReleasedByAReviewerWhoIsNotItsAuthor) {
  const RecordRef ref = Observe(cora_);
  const Hash held = Note(cora_).View(ref).frontier[0];
  Sync(cora_);
  centre_.Holds(held, Reason::kRoleNotAllowed);
  for (Author* author : {&admin_, &ivy_, &ann_}) {
    Notebook note(author);
    note.Learns(centre_);
    const Change change = note.Does(ref, ReleaseHeld(note.View(ref), held));
    JudgedChange judged = note.Judged(change);
    EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
              author == &ann_ ? Reason::kRoleNotAllowed : kApplied);
    if (author == &ann_) continue;
    judged.operations[0].replaced_authors = {author->person()};
    EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
              Reason::kDutiesNotSeparate);
  }
}

TEST_F(JudgeTest, AKeyedRecordHasTheIdOfItsKey) {
  const RecordRef ref = Judge(ann_, registration_.id);
  JudgedChange judged = LastOf(ann_, ref);
  judged.record = test::IdOf<RecordId>("elsewhere");
  EXPECT_EQ(ReasonOf(judge_.Decide(judged, reader_)),
            Reason::kOperationNotAllowed);
}

TEST_F(JudgeTest, ARegistrationMovesAsItMay) {
  Notebook& note = Note(admin_);
  auto moves = [&](v1::RegistrationState to) {
    note.Learns(centre_);
    auto edited = note.Read<v1::Registration>(registration_);
    edited.set_state(to);
    const Reason verdict = VerdictOn(admin_, note.Edits(registration_, edited));
    Sync(admin_);
    return verdict;
  };
  EXPECT_EQ(moves(v1::REGISTRATION_STATE_WITHDRAWN), kApplied);
  EXPECT_EQ(moves(v1::REGISTRATION_STATE_RETURNED), kApplied);
  EXPECT_EQ(moves(v1::REGISTRATION_STATE_COMPLETED), kApplied);
  EXPECT_EQ(moves(v1::REGISTRATION_STATE_RETURNED), Reason::kTransitionIllegal);
}

TEST_F(JudgeTest, MovesMadeApartAreBothAppliedSoThatTheyShow) {
  Note(ann_).Learns(centre_);
  Notebook& admin = Note(admin_);
  auto edited = admin.Read<v1::Registration>(registration_);
  edited.set_state(v1::REGISTRATION_STATE_WITHDRAWN);
  EXPECT_EQ(VerdictOn(admin_, admin.Edits(registration_, edited)), kApplied);
  Sync(admin_);
  EXPECT_EQ(VerdictOn(ann_, Note(ann_).Edits(registration_, edited)), kApplied);
  edited.set_state(v1::REGISTRATION_STATE_COMPLETED);
  EXPECT_EQ(VerdictOn(ann_, Note(ann_).Edits(registration_, edited)),
            Reason::kTransitionIllegal);
}

}  // namespace
}  // namespace vouch
