// A centre that is put back. Each test of a rule is the counterexample that
// brought the rule about.
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/support/recovery_fixture.h"

namespace vouch {
namespace {

TEST_F(Recovery, ACentrePutBackGetsEverythingFromWhoeverHoldsIt) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  RecordId before = a.Create(5, world_.scope(), "before");
  MustSync(a);
  MustSync(b);
  Save();
  RecordId from_a = a.Create(5, world_.scope(), "a");
  MustSync(a);
  MustSync(b);
  ASSERT_TRUE(b.Set(from_a, "b").ok());
  MustSync(b);
  PutCentreBack();
  ASSERT_TRUE(AtCentre(before));
  ASSERT_FALSE(AtCentre(from_a));
  // Only B comes: it holds what A wrote, and gives it back.
  MustSync(b);
  EXPECT_TRUE(AtCentre(from_a));
  EXPECT_EQ(b.device->Ledger()->pending, 0u);
  EXPECT_TRUE(FaultsOf(a).empty());
  ExpectAgreement({&a, &b});
  EXPECT_EQ(a.Values(from_a), std::vector<std::string>{"b"});
}

TEST_F(Recovery, OneSyncMakesItGoodAndTellsThatItDid) {
  Tablet& a = Add("A");
  Save();
  for (int i = 0; i < 5; ++i) a.Create(5, world_.scope(), "x");
  MustSync(a);
  PutCentreBack();
  LoopbackResult result = world_.Sync(a);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_TRUE(result.report.recovered);
  EXPECT_EQ(result.report.changes_restored, 5u);
  EXPECT_FALSE(world_.Sync(a).report.recovered);
  EXPECT_EQ(world_.centre->Ledger()->stored, 5u);
}

// Rule 12. By number alone A would skip what B wrote for ever.
TEST_F(Recovery, Rule12_TheSamePositionsFilledOtherwiseAreNotSkipped) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  RecordId common = a.Create(5, world_.scope(), "common");
  MustSync(a);
  Save();
  RecordId of_a = a.Create(5, world_.scope(), "a");
  MustSync(a);
  PutCentreBack();
  RecordId of_b = b.Create(5, world_.scope(), "b");
  MustSync(b);
  MustSync(a);
  EXPECT_EQ(a.Values(of_b), std::vector<std::string>{"b"});
  EXPECT_EQ(a.Values(common), std::vector<std::string>{"common"});
  ExpectAgreement({&a, &b});
  EXPECT_EQ(b.Values(of_a), std::vector<std::string>{"a"});
}

// The ladder: only what was lost is pulled again.
TEST_F(Recovery, Rule12_TheRewindEndsWhereBothLogsStillAgree) {
  Tablet& a = Add("A");
  for (int i = 0; i < 100; ++i) {
    a.Create(5, world_.scope(), "x");
    MustSync(a);
    if (i == 90) Save();
  }
  PutCentreBack();
  LoopbackResult result = world_.Sync(a);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_LE(result.report.entries_pulled, 12u);
  EXPECT_EQ(world_.centre->Head().size, 100u);
}

// Rule 13: a told restore has another history id; nothing else is different.
TEST_F(Recovery, Rule10_AProvenDispositionIsAdoptedAndNotJudgedAgain) {
  Tablet& a = Add("A");
  Save();
  RecordId r = a.Create(5, world_.scope(), "granted then");
  MustSync(a);
  PutCentreBack();
  world_.permissive.hold_text = "granted";  // the grant is not back yet
  MustSync(a);
  EXPECT_EQ(world_.centre->Ledger()->held, 0u);
  EXPECT_EQ(a.device->View(r)->held.size(), 0u);
  ExpectAgreement({&a});
}

TEST_F(Recovery, Rule10_WhatWasHeldStaysHeld) {
  Tablet& a = Add("A");
  Save();
  a.Create(5, world_.scope(), "HOLD");
  MustSync(a);
  PutCentreBack();
  world_.permissive.hold_text = "nothing";
  MustSync(a);
  EXPECT_EQ(world_.centre->Ledger()->held, 1u);
  ExpectAgreement({&a});
}

// Its author has no proof, so it is judged anew and held; who pulled it has.
TEST_F(Recovery, Rule10_ProofThatComesLaterReinstates) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  Save();
  RecordId r = a.Create(5, world_.scope(), "granted");
  LoopbackOptions lossy;
  lossy.on_response = [](const v1::SyncResponse& m) { return !m.has_ack(); };
  EXPECT_FALSE(world_.Sync(a, lossy).status.ok());
  MustSync(b);
  ASSERT_EQ(b.Values(r), std::vector<std::string>{"granted"});
  PutCentreBack();
  world_.permissive.hold_text = "granted";
  MustSync(a);
  EXPECT_EQ(world_.centre->Ledger()->held, 1u);
  ASSERT_TRUE(world_.Sync(b).status.ok());
  MustSync(b);
  EXPECT_EQ(world_.centre->Ledger()->held, 0u);
  EXPECT_EQ(world_.centre->Ledger()->stored, 1u);
  ExpectAgreement({&a, &b});
  EXPECT_EQ(a.device->Ledger()->stored, 1u);
  EXPECT_EQ(a.device->View(r)->held.size(), 0u);
}

// A proof of another centre's, or a changed one, is none.
TEST_F(Recovery, Rule10_AForgedProofIsNotAdopted) {
  Tablet& a = Add("A");
  Save();
  a.Create(5, world_.scope(), "granted");
  MustSync(a);
  PutCentreBack();
  world_.permissive.hold_text = "granted";
  LoopbackOptions forging;
  bool forged = false;
  forging.edit_request = [&](v1::SyncRequest* m) {
    if (!m->has_push()) return;
    for (v1::EarlierCommit& earlier : *m->mutable_push()->mutable_earlier()) {
      earlier.mutable_signature()->front() ^= 1;
      forged = true;
    }
  };
  ASSERT_TRUE(world_.Sync(a, forging).status.ok());
  EXPECT_TRUE(forged);
  EXPECT_EQ(world_.centre->Ledger()->held, 1u);
}

// Rule 14: a crash between the rewind and the comparison forgets nothing.
TEST_F(Recovery, Rule14_ReconciliationStaysDueUntilItIsDone) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  Save();
  RecordId r = a.Create(5, world_.scope(), "x");
  MustSync(a);
  MustSync(b);
  b.Create(5, world_.scope(), "makes what was pulled durable");
  PutCentreBack();
  for (int messages = 1; messages < 4; ++messages) {
    int left = messages;
    LoopbackOptions cut;
    cut.on_request = [&](const v1::SyncRequest&) { return --left >= 0; };
    EXPECT_FALSE(world_.Sync(b, cut).status.ok());
    b.disk.Crash(*b.random);
    b.Close();
    ASSERT_TRUE(b.Open().ok());
    EXPECT_EQ(b.device->recovery_due(), messages > 1) << messages;
  }
  MustSync(b);
  EXPECT_TRUE(AtCentre(r));
  ExpectAgreement({&a, &b});
}

// Rule 16: what says who may do what comes before what they did.
TEST_F(Recovery, Rule16_AuthorityAndReferenceDataGoFirst) {
  Tablet& a = Add("A");
  const ScopeId reference =
      MakeScope(ScopeKind::kReference, world_.centre->id());
  Save();
  a.Create(5, world_.scope(), "work");
  MustSync(a);
  RecordId person = a.Create(6, reference, "person");
  MustSync(a);
  PutCentreBack();
  MustSync(a);
  auto first = world_.centre->changes().GetLogRow(*world_.store, 0);
  ASSERT_TRUE(first.ok() && first->has_value());
  EXPECT_EQ((*first)->scope, reference);
  EXPECT_TRUE(AtCentre(person));
}

// Rule 17: B never held A's staff scope, so its copy of A's chain has a gap.
TEST_F(Recovery, Rule17_AnIslandIsTakenAndTheGapFilledByWhoHoldsIt) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  const ScopeId staff =
      MakeScope(ScopeKind::kStaff, RegistrationOf(world_.scope()));
  Save();
  a.Create(5, staff, "staff only");
  MustSync(a);
  RecordId shared = a.Create(5, world_.scope(), "shared");
  MustSync(a);
  LoopbackOptions shared_only;
  shared_only.visible = [&](const ScopeId& s) { return s == world_.scope(); };
  ASSERT_TRUE(world_.Sync(b, shared_only).status.ok());
  PutCentreBack();
  ASSERT_TRUE(world_.Sync(b, shared_only).status.ok());
  EXPECT_TRUE(AtCentre(shared));
  std::vector<ChainFault> faults = FaultsOf(a);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_FALSE(faults[0].fork);
  // The author comes back: the gap closes, and the chain goes on.
  a.Create(5, world_.scope(), "new");
  MustSync(a);
  EXPECT_TRUE(FaultsOf(a).empty());
  a.Create(5, world_.scope(), "newer");
  ExpectAgreement({&a});
  EXPECT_EQ(world_.centre->Head().size, 4u);
  ASSERT_TRUE(world_.Sync(b, shared_only).status.ok());
  EXPECT_EQ(b.device->Ledger()->pulled, 3u);
}

// Without the comparison a session takes neither gaps nor others' changes.
TEST_F(Recovery, OutsideReconciliationOthersChangesAreRefused) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  a.Create(5, world_.scope(), "x");
  auto config = a.device->BeginSession();
  ASSERT_TRUE(config.ok());
  OutboxRead read =
      a.device->Read({config->heads[0].incarnation, 0, Hash(), 1 << 20});
  ASSERT_EQ(read.segments.size(), 1u);
  EXPECT_EQ(ReasonOf(VerifyPushed(*world_.centre, b.device->id(),
                                  read.segments[0].wire)
                         .status()),
            Reason::kChainForeign);
}

TEST_F(Recovery, ACentrePutBackTwiceKeepsTheFirstProvableCommit) {
  Tablet& a = Add("A");
  Save();
  a.Create(5, world_.scope(), "x");
  MustSync(a);
  auto original = world_.centre->changes().GetLogRow(*world_.store, 0);
  ASSERT_TRUE(original.ok() && original->has_value());
  for (int round = 0; round < 2; ++round) {
    PutCentreBack();
    world_.centre_clock.Advance(60'000);
    MustSync(a);
    auto row = world_.centre->changes().GetLogRow(*world_.store, 0);
    ASSERT_TRUE(row.ok() && row->has_value());
    ASSERT_TRUE((*row)->commit.first_commit.has_value());
    // Rule 22: the bracket keeps its "not after".
    EXPECT_EQ((*row)->commit.first_commit->receive_ms,
              (*original)->commit.receive_ms);
    EXPECT_GT((*row)->commit.receive_ms, (*original)->commit.receive_ms);
  }
}

// Rule 22: put back in silence, the centre would write other changes at
// coordinates of its own that a tablet holds.
TEST_F(Recovery, Rule22_TheCentreRenewsItsOwnIncarnation) {
  Tablet& a = Add("A");
  const ScopeId reference =
      MakeScope(ScopeKind::kReference, world_.centre->id());
  Save();
  auto write = [&](const std::string& name) {
    NewChange draft;
    draft.kind = 6;
    draft.record =
        MintRecordId(world_.centre_clock.reading.wall_ms, world_.random);
    draft.scope = reference;
    DraftOperation create;
    create.merge_class = MergeClass::kCreate;
    draft.operations = {create};
    EXPECT_TRUE(world_.centre->Write(draft).ok()) << name;
    return draft.record;
  };
  RecordId first = write("first");
  MustSync(a);
  PutCentreBack();
  MustSync(a);
  EXPECT_TRUE(AtCentre(first)) << "A gave it back";
  RecordId second = write("second");
  ExpectAgreement({&a});
  EXPECT_TRUE(AtCentre(second));
  auto location = world_.centre->changes().ScopeOf(*world_.store, second);
  EXPECT_TRUE(location.ok());
  EXPECT_EQ(world_.centre->Head().size, 2u);
  // And it stays so over a restart.
  world_.CloseCentre();
  ASSERT_TRUE(world_.OpenCentre().ok());
  RecordId third = write("third");
  ExpectAgreement({&a});
  // It forked from nothing it wrote before: of two incarnations each begins
  // once.
  std::set<std::string> coordinates;
  for (const RecordId& record : {first, second, third}) {
    auto rows = world_.centre->changes().GetRecordChanges(*world_.store,
                                                          reference, record);
    ASSERT_TRUE(rows.ok() && rows->size() == 1) << rows.status();
    const Coordinate& at = (*rows)[0].at;
    EXPECT_TRUE(at.branch.IsZero());
    EXPECT_TRUE(
        coordinates.insert(absl::StrCat(at.incarnation.Hex(), "/", at.seq))
            .second);
  }
}

// Rule 25. B keeps its place in the log when the centre is put back, and was
// told of a second store that never had what stands there now.
TEST_F(Recovery, Rule25_ACentrePutBackTakesItsStableHeadWithIt) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  a.Create(5, world_.scope(), "common");
  MustSync(a);
  MustSync(b);
  Save();
  a.Create(5, world_.scope(), "backed up");
  MustSync(a);
  ASSERT_TRUE(world_.centre->NoteStable(world_.centre->Head()).ok());
  LoopbackOptions cut;
  cut.on_request = [](const v1::SyncRequest& m) { return !m.has_pull(); };
  EXPECT_FALSE(world_.Sync(b, cut).status.ok());
  ASSERT_EQ(b.device->stable_head()->size, 2u);
  PutCentreBack();
  RecordId r = b.Create(5, world_.scope(), "in its place");
  MustSync(b);
  EXPECT_EQ(*b.device->SafetyOf(r), Safety::kAtTheCentre);
}

// Rule 25. A was acknowledged at a place that it never pulled, and that another
// change has taken since; so nothing told it that the centre was put back.
TEST_F(Recovery, Rule25_WhatWasAcknowledgedAndNotPulledIsNotSafe) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  Save();
  RecordId r = a.Create(5, world_.scope(), "acknowledged");
  LoopbackOptions cut;
  cut.on_request = [](const v1::SyncRequest& m) { return !m.has_pull(); };
  EXPECT_FALSE(world_.Sync(a, cut).status.ok());
  ASSERT_EQ(*a.device->SafetyOf(r), Safety::kAtTheCentre);
  PutCentreBack();
  b.Create(5, world_.scope(), "in its place");
  MustSync(b);
  ASSERT_TRUE(world_.centre->NoteStable(world_.centre->Head()).ok());
  cut.on_request = [](const v1::SyncRequest& m) { return m.has_hello(); };
  EXPECT_FALSE(world_.Sync(a, cut).status.ok());
  ASSERT_TRUE(a.device->stable_head().has_value());
  EXPECT_NE(*a.device->SafetyOf(r), Safety::kSafe);
  ExpectAgreement({&a, &b});
}

// The proof was for the log as it had become meanwhile, and the device had
// another head: under load none found its way back.
TEST_F(Recovery, Rule12_ACommitBetweenWelcomeAndTheCommonHeadIsOfNoMatter) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  a.Create(5, world_.scope(), "common");
  MustSync(a);
  Save();
  RecordId lost = a.Create(5, world_.scope(), "lost");
  MustSync(a);
  PutCentreBack();
  b.Create(5, world_.scope(), "meanwhile");
  LoopbackOptions busy;
  busy.on_request = [&](const v1::SyncRequest& m) {
    if (m.has_ladder()) MustSync(b);
    return true;
  };
  LoopbackResult result = world_.Sync(a, busy);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_TRUE(AtCentre(lost));
  ExpectAgreement({&a, &b});
}

// A flapping link: cut after each message in turn, and always made good.
TEST_F(Recovery, ALinkThatBreaksAnywhereOnlyDelaysIt) {
  for (int cut_at = 0; cut_at < 12; ++cut_at) {
    for (const bool requests : {true, false}) {
      ReplicaWorld world(100 + static_cast<uint64_t>(cut_at));
      Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
      Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
      MemoryDisk backup = world.centre_disk.Clone();
      for (int i = 0; i < 3; ++i) a.Create(5, world.scope(), "a");
      ASSERT_TRUE(world.Sync(a).status.ok());
      ASSERT_TRUE(world.Sync(b).status.ok());
      for (int i = 0; i < 3; ++i) b.Create(5, world.scope(), "b");
      world.CloseCentre();
      world.centre_disk = std::move(backup);
      ASSERT_TRUE(world.OpenCentre().ok());
      int left = cut_at;
      LoopbackOptions cut;
      if (requests) {
        cut.on_request = [&](const v1::SyncRequest&) { return left-- > 0; };
      } else {
        cut.on_response = [&](const v1::SyncResponse&) { return left-- > 0; };
      }
      world.Sync(b, cut).status.IgnoreError();
      for (int round = 0; round < 2; ++round) {
        for (Tablet* t : {&a, &b}) {
          LoopbackResult result = world.Sync(*t);
          ASSERT_TRUE(result.status.ok())
              << cut_at << (requests ? " request" : " response") << ": "
              << result.status;
        }
      }
      EXPECT_EQ(world.centre->Ledger()->stored, 6u) << cut_at;
      EXPECT_EQ(*a.device->ScopeStates(), *b.device->ScopeStates()) << cut_at;
    }
  }
}

}  // namespace
}  // namespace vouch
