// Tablets that are put back, and cloned.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/support/recovery_fixture.h"

namespace vouch {
namespace {

// Rule 15: both branches are as long; heads alone would send neither.
TEST_F(Recovery, Rule15_ACloneOfEqualLengthIsSentTooAndBothBranchesStay) {
  Tablet& a = Add("A");
  Tablet& reader = Add("R");
  a.Create(5, world_.scope(), "common");
  MustSync(a);
  MemoryDisk twin = a.disk.Clone();
  RecordId here = a.Create(5, world_.scope(), "here");
  MustSync(a);
  MemoryDisk original = a.disk.Clone();
  PutBack(a, twin);
  RecordId there = a.Create(5, world_.scope(), "there");
  MustSync(a);
  EXPECT_TRUE(AtCentre(here));
  EXPECT_TRUE(AtCentre(there));
  std::vector<ChainFault> faults = FaultsOf(a);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_TRUE(faults[0].fork);
  EXPECT_EQ(faults[0].at.seq, 2u);
  ExpectAgreement({&a, &reader});
  EXPECT_EQ(a.Values(here), std::vector<std::string>{"here"});
  // The other one goes on as well, and neither is refused.
  PutBack(a, original);
  RecordId later = a.Create(5, world_.scope(), "later");
  ExpectAgreement({&a, &reader});
  EXPECT_EQ(a.Values(there), std::vector<std::string>{"there"});
  EXPECT_EQ(reader.Values(later), std::vector<std::string>{"later"});
}

// A twin closed its segments elsewhere: nothing is committed twice.
TEST_F(Recovery, Rule18_ABranchInsideASegmentIsCutAtTheFork) {
  Tablet& a = Add("A");
  for (int i = 0; i < 4; ++i) a.Create(5, world_.scope(), "common");
  MemoryDisk twin = a.disk.Clone();
  a.Create(5, world_.scope(), "here");
  MustSync(a);
  PutBack(a, twin);
  RecordId there = a.Create(5, world_.scope(), "there");
  MustSync(a);
  EXPECT_TRUE(AtCentre(there));
  EXPECT_EQ(world_.centre->Head().size, 6u) << "five and one, none twice";
  ExpectAgreement({&a});
}

TEST_F(Recovery, ATabletPutBackGetsItsOwnChangesAndGoesOnUnderANewIncarnation) {
  Tablet& a = Add("A");
  a.Create(5, world_.scope(), "x");
  MustSync(a);
  MemoryDisk old = a.disk.Clone();
  RecordId lost = a.Create(5, world_.scope(), "y");
  MustSync(a);
  const auto before = a.device->BeginSession()->heads[0].incarnation;
  PutBack(a, old);
  ASSERT_TRUE(a.Values(lost).empty());
  RecordId fresh = a.Create(5, world_.scope(), "z");
  MustSync(a);
  EXPECT_EQ(a.Values(lost), std::vector<std::string>{"y"});
  EXPECT_NE(a.device->BeginSession()->heads[0].incarnation, before);
  RecordId next = a.Create(5, world_.scope(), "next");
  ExpectAgreement({&a});
  EXPECT_TRUE(AtCentre(fresh));
  EXPECT_TRUE(AtCentre(next));
  auto ledger = a.device->Ledger();
  EXPECT_EQ(ledger->captured, 4u);
}

// Put back before it wrote anything else: its chain is a prefix of itself.
// Found by the fuzz target hostile_centre. What lay in the old incarnation was
// sent by nobody afterwards, and waited for ever.
TEST_F(Recovery, ATabletGoesOnRecoveringUntilItsOwnChangesAreAtTheCentre) {
  Tablet& a = Add("A");
  a.Create(5, world_.scope(), "x");
  MustSync(a);
  MemoryDisk old = a.disk.Clone();
  a.Create(5, world_.scope(), "y");
  MustSync(a);
  PutBack(a, old);
  RecordId fresh = a.Create(5, world_.scope(), "z");
  LoopbackOptions lying;  // "I lack nothing": nothing is compared
  lying.edit_request = [](v1::SyncRequest* message) {
    if (message->has_compare()) message->mutable_compare()->clear_ranges();
  };
  EXPECT_TRUE(world_.Sync(a, lying).status.ok());
  EXPECT_FALSE(AtCentre(fresh));
  EXPECT_EQ(a.device->Ledger()->pending, 1u);
  MustSync(a);
  EXPECT_TRUE(AtCentre(fresh));
  EXPECT_EQ(a.device->Ledger()->pending, 0u);
  EXPECT_FALSE(a.device->BeginSession()->recovery_due);
}

TEST_F(Recovery, ATabletPutBackThatWroteNothingSinceIsNoticedToo) {
  Tablet& a = Add("A");
  MemoryDisk old = a.disk.Clone();
  RecordId r = a.Create(5, world_.scope(), "x");
  MustSync(a);
  PutBack(a, old);
  MustSync(a);
  EXPECT_EQ(a.Values(r), std::vector<std::string>{"x"});
  a.Create(5, world_.scope(), "y");
  ExpectAgreement({&a});
  EXPECT_TRUE(FaultsOf(a).empty());
}

// Rule 16: and causes before effects, whoever wrote them: as they were
// committed once.
TEST_F(Recovery, Rule16_CausesComeBackBeforeTheirEffects) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  Save();
  RecordId r = a.Create(5, world_.scope(), "0");
  for (int i = 1; i < 6; ++i) {
    Tablet& writer = i % 2 == 0 ? a : b;
    MustSync(i % 2 == 0 ? b : a);
    MustSync(writer);
    ASSERT_TRUE(writer.Set(r, absl::StrCat(i)).ok());
  }
  MustSync(b);
  auto log = [&] {
    std::vector<std::pair<DeviceId, uint64_t>> order;
    for (uint64_t i = 0; i < world_.centre->Head().size; ++i) {
      auto row = world_.centre->changes().GetLogRow(*world_.store, i);
      if (row.ok() && row->has_value()) {
        order.push_back({(*row)->first.device, (*row)->first.seq});
      }
    }
    return order;
  };
  const auto before = log();
  ASSERT_EQ(before.size(), 6u);
  PutCentreBack();
  MustSync(b);
  EXPECT_EQ(log(), before);
}

// Rule 13: from the rewind on, what the centre lost is not shown as stored
// there, however long its return takes.
TEST_F(Recovery, Rule13_WhatTheCentreLostWaitsForItAgain) {
  Tablet& a = Add("A");
  RecordId kept = a.Create(5, world_.scope(), "kept");
  MustSync(a);
  Save();
  RecordId lost = a.Create(5, world_.scope(), "lost");
  MustSync(a);
  ASSERT_EQ(*a.device->SafetyOf(lost), Safety::kAtTheCentre);
  PutCentreBack();
  LoopbackOptions cut;
  cut.on_request = [](const v1::SyncRequest& m) { return !m.has_push(); };
  EXPECT_FALSE(world_.Sync(a, cut).status.ok());
  EXPECT_EQ(*a.device->SafetyOf(lost), Safety::kOnThisTablet);
  EXPECT_EQ(*a.device->SafetyOf(kept), Safety::kAtTheCentre);
  EXPECT_EQ(a.device->Ledger()->pending, 1u);
  MustSync(a);
  EXPECT_EQ(*a.device->SafetyOf(lost), Safety::kAtTheCentre);
  ExpectAgreement({&a});
}

// A tablet that lacks one of the scopes holds each branch in several pieces; a
// number could mean a change in any of them, and the tablet that had nothing to
// do with it all never synced again.
TEST_F(Recovery, Rule18_ABystanderWithoutAScopeFollowsBothBranches) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  const ScopeId staff =
      MakeScope(ScopeKind::kStaff, RegistrationOf(world_.scope()));
  a.Create(5, staff, "common");
  MustSync(a);
  MemoryDisk twin = a.disk.Clone();
  a.Create(5, staff, "here");
  MustSync(a);
  MemoryDisk here = a.disk.Clone();
  PutBack(a, twin);
  for (int i = 0; i < 4; ++i) {
    a.Create(5, i % 2 == 0 ? staff : world_.scope(), "there");
  }
  MustSync(a);
  PutBack(a, here);
  RecordId r = a.Create(5, world_.scope(), "1");
  a.Create(5, staff, "between");
  ASSERT_TRUE(a.Set(r, "2").ok());
  a.Create(5, staff, "between");
  ASSERT_TRUE(a.Set(r, "3").ok());
  world_.Sync(a).status.IgnoreError();  // may find out only now
  MustSync(a);
  LoopbackOptions shared_only;
  shared_only.visible = [&](const ScopeId& s) { return s == world_.scope(); };
  LoopbackResult result = world_.Sync(b, shared_only);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(b.Values(r), std::vector<std::string>{"3"});
  EXPECT_EQ(b.device->cursor_root(), world_.centre->Head().root);
}

TEST_F(Recovery, BothSidesPutBackAtOnce) {
  Tablet& a = Add("A");
  Tablet& b = Add("B");
  a.Create(5, world_.scope(), "x");
  MustSync(a);
  MemoryDisk old = a.disk.Clone();
  Save();
  RecordId r = a.Create(5, world_.scope(), "y");
  MustSync(a);
  MustSync(b);
  PutCentreBack();
  PutBack(a, old);
  a.Create(5, world_.scope(), "z");
  MustSync(a);
  MustSync(b);
  ExpectAgreement({&a, &b});
  EXPECT_EQ(a.Values(r), std::vector<std::string>{"y"}) << "B kept it";
}

}  // namespace
}  // namespace vouch
