// C1: work that was lost, or dropped and nobody told.
#include "tests/failures/failures_fixture.h"

namespace vouch {
namespace {

TEST_F(Failures, Case02_ADiskThatFillsDuringAPullReplacesNothing) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  std::vector<Id> seen = {Observe(ann, registration)};
  SyncAll({&ann, &ben});
  // Of several batches, so that some arrive before the disk is full.
  for (int i = 0; i < 8; ++i) {
    seen.push_back(ObserveAtLength(ann, registration, 700'000));
  }
  SetVenue(ann, seen[0], "Reception");
  Sync(ann);
  ben.looks_until_full = 3;
  SyncReport report = ben->SyncOnce();
  EXPECT_REASON(report.status, STORE_FULL);
  // What is here is whole, and nothing can be captured that would be lost.
  for (const Id& id : seen) {
    auto held = ben->Get(id);
    if (!held.ok()) continue;
    EXPECT_EQ(2, Read<v1::Observation>(ben, id).narrative_size());
  }
  EXPECT_REASON(ben->Create(Observed(ben), registration), STORE_FULL);
  EXPECT_EQ(0u, ben->Ledger()->captured);
  ben.looks_until_full = std::numeric_limits<int>::max();
  Sync(ben);
  Sync(ann);
  for (const Id& id : seen) {
    EXPECT_EQ(Read<v1::Observation>(ann, id).SerializeAsString(),
              Read<v1::Observation>(ben, id).SerializeAsString());
  }
  ExpectInStep({&ann, &ben});
}

TEST_F(Failures, Case03_WorkOfSomeoneTakenOffALearnerIsKept) {
  StartCentre();
  Tablet& jo = AddTablet(v1::ROLE_ADMINISTRATOR, "Jo");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(jo);
  auto assessors = Read<v1::Registration>(jo, registration);
  assessors.add_assessors(ben->WhoAmI()->person);
  EXPECT_OK(jo->Edit(registration, jo->Get(registration)->base, assessors));
  SyncAll({&jo, &ben});
  // Ben is out of reach when the learner is given to somebody else.
  const Id seen = Observe(ben, registration);
  EXPECT_OK(ben->Sign(seen));
  assessors.clear_assessors();
  EXPECT_OK(jo->Edit(registration, jo->Get(registration)->base, assessors));
  Sync(jo);
  Sync(ben);
  EXPECT_EQ("signed and locked", State(ben, seen));
  EXPECT_EQ(2u, ben->Ledger()->captured);
  Sync(jo);
  EXPECT_EQ("signed and locked", State(jo, seen));
  EXPECT_EQ("He wired it.", FirstParagraph(jo, seen));
}

TEST_F(Failures, Case04_AnAuthenticationErrorDiscardsNothing) {
  StartCentre();
  StopCentre();
  CopyCentre("before");
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id seen = Observe(ann, Register(ann));
  StopCentre();
  CopyCentre("after");
  PutCentreBack("before");  // which has never heard of this tablet
  StartCentre();
  for (int i = 0; i < 3; ++i) {
    SyncReport report = ann->SyncOnce();
    EXPECT_REASON(report.status, CERTIFICATE_FOREIGN);
    EXPECT_EQ(2u + i, report.ledger.pending);
    SetVenue(ann, seen, "Room " + std::to_string(i));
  }
  StopCentre();
  PutCentreBack("after");
  StartCentre();
  EXPECT_EQ(5u, Sync(ann).pushed);
  EXPECT_EQ("Room 2", Venue(ann, seen));
}

TEST_F(Failures, Case05_ADraftDiscardedWhileItWasEditedKeepsTheEdit) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id seen = Observe(ann, Register(ann));
  SyncAll({&ann, &ben});
  EXPECT_OK(ann->Discard(seen));
  SetVenue(ben, seen, "Reception");
  SyncAll({&ann, &ben});
  for (Tablet* tablet : {&ann, &ben}) {
    EXPECT_EQ("edited after discard", State(*tablet, seen));
    ASSERT_EQ(1u, (*tablet)->Conflicts(seen)->size());
    EXPECT_EQ("Reception", Venue(*tablet, seen));
  }
  const Conflict conflict = ann->Conflicts(seen)->at(0);
  EXPECT_OK(
      ann->Settle(conflict.handle, conflict.version, SettleChoice::Side(0)));
  SyncAll({&ann, &ben});
  EXPECT_EQ("draft", State(ben, seen));
  EXPECT_EQ("Reception", Venue(ben, seen));
}

TEST_F(Failures, Case06_NothingIsCalledStoredBeforeItsReceiptIsHere) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id registration = Register(ann);
  Sync(ann);
  const Id seen = ObserveAtLength(ann, registration, 40'000);
  LoseTheAnswer(ann);  // the centre has it, and the tablet does not know
  EXPECT_EQ(SafetyState::kOnThisTablet, *ann->Safety(seen));
  EXPECT_EQ(1u, ann->Ledger()->pending);
  EXPECT_EQ(2, Read<v1::Observation>(ann, seen).narrative_size());
  Sync(ann);
  EXPECT_EQ(SafetyState::kAtTheCentre, *ann->Safety(seen));
  // And what is stored is still here.
  EXPECT_EQ(40'000u, FirstParagraph(ann, seen).size());
}

TEST_F(Failures, Case08_AKillDuringASyncForgetsNothingAndDoublesNothing) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  Sync(ann);
  constexpr int kRecords = 20;
  for (int i = 0; i < kRecords; ++i) {
    ObserveAtLength(ann, registration, 100'000);
  }
  // Some of it has arrived by then and some has not.
  KillASync(ann, {.after_up = 900'000, .kind = LinkFault::Kind::kSilence});
  ann.Open();
  EXPECT_EQ(kRecords + 1u, ann->Ledger()->captured);
  EXPECT_GT(ann->Ledger()->pending, 0u);
  EXPECT_TRUE(ann->Ledger()->balanced);
  EXPECT_LT(LogSize(), kRecords + 3u);
  Sync(ann);
  Sync(ben);
  EXPECT_EQ(size_t{kRecords}, Count(ben, "Observation"));
  EXPECT_EQ(kRecords + 3u, LogSize());
  ExpectInStep({&ann, &ben});
}

TEST_F(Failures, Case28_ASyncThatWasKilledIsNotUnderWayForEver) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  ObserveAtLength(ann, Register(ann), 40'000);
  KillASync(ann, {.after_up = 20'000, .kind = LinkFault::Kind::kSilenceDown});
  const ToolRun again = RunTool(ann, {"sync"});
  EXPECT_EQ(0, again.code) << again.out;
  const ToolRun status = RunTool(ann, {"status"});
  EXPECT_NE(std::string::npos, status.out.find("0 pending")) << status.out;
}

TEST_F(Failures, Case10_AnotherEnrolmentNeverDropsThePreviousPersonsWork) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const Id seen = Observe(ann, Register(ann));
  const Id person = ann->WhoAmI()->person;
  // Ben signs in on Ann's tablet: into her store he cannot, beside it he can.
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  EXPECT_REASON(ann->Enrol(server_->address(), NewCode("Ben")),
                ALREADY_ENROLLED);
  EXPECT_EQ(0u, ben->Ledger()->captured);
  EXPECT_REASON(ben->Get(seen), NOT_FOUND);
  Sync(ben);
  Restart(ann);
  EXPECT_EQ(person, ann->WhoAmI()->person);
  EXPECT_EQ(2u, ann->Ledger()->pending);
  EXPECT_EQ(2u, Sync(ann).pushed);
  Sync(ben);
  EXPECT_EQ(person, Read<v1::Observation>(ben, seen).observer());
}

}  // namespace
}  // namespace vouch
