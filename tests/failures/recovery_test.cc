// Cases 1, 17, 21, 30, 46 and 52: a centre put back to an older copy of its
// data, a tablet put back to an older copy of its own, and two tablets that
// go on from one copy. Whatever any of them holds is at the centre again after
// each has synced, as it was judged then, and no sync is refused.
#include <algorithm>
#include <map>
#include <string>

#include "tests/failures/failures_fixture.h"

namespace vouch {
namespace {

class Recovery : public Failures {
 protected:
  // The people all enrolled before the copy, since it is of the whole centre.
  void StartTeam() {
    StartCentre();
    jo_ = &AddTablet(v1::ROLE_ADMINISTRATOR, "Jo");
    ivy_ = &AddTablet(v1::ROLE_INTERNAL_VERIFIER, "Ivy");
    ann_ = &AddTablet(v1::ROLE_ASSESSOR, "Ann");
    ben_ = &AddTablet(v1::ROLE_ASSESSOR, "Ben");
    registration_ = Register(*jo_, ivy_);
    SyncAll({jo_, ivy_, ann_, ben_});
  }
  void CopyNow() {
    StopCentre();
    CopyCentre("older");
    StartCentre();
  }
  void PutBack() {
    StopCentre();
    PutCentreBack("older");
    StartCentre();
  }
  static std::map<std::string, std::string> Hashes(Tablet& tablet) {
    std::map<std::string, std::string> hashes;
    auto scopes = tablet->StateHashes();
    EXPECT_TRUE(scopes.ok()) << scopes.status();
    for (const ScopeHash& scope : *scopes) hashes[scope.scope] = scope.hash;
    return hashes;
  }

  Tablet* jo_ = nullptr;
  Tablet* ivy_ = nullptr;
  Tablet* ann_ = nullptr;
  Tablet* ben_ = nullptr;
  Id registration_;
};

TEST_F(Recovery, Case01_AfterTheCentreWasPutBackEveryTabletBringsItsWorkBack) {
  StartTeam();
  CopyNow();
  const Id of_ann = Observe(*ann_, registration_);
  EXPECT_OK((*ann_)->Sign(of_ann));
  const Id of_ben = Observe(*ben_, registration_);
  const Id released = Observe(*jo_, registration_);
  const Id held = Observe(*jo_, registration_);
  SyncAll({ann_, ben_, jo_, ivy_});
  const auto waiting = (*ivy_)->HeldChanges();
  for (const HeldForReview& item : *waiting) {
    if (item.record != released) continue;
    EXPECT_OK((*ivy_)->Release(item.change));
  }
  SyncAll({ivy_, ann_, ben_, jo_});
  const auto before = Hashes(*ann_);
  const uint64_t size = LogSize();
  PutBack();
  ASSERT_LT(LogSize(), size);
  for (int round = 0; round < 2; ++round) {
    for (Tablet* tablet : {ben_, ann_, ivy_, jo_}) {
      SyncReport report = (*tablet)->SyncOnce();
      EXPECT_TRUE(report.status.ok()) << tablet->name << report.status;
      EXPECT_TRUE(report.ledger.balanced) << tablet->name;
      EXPECT_EQ(0u, report.ledger.pending) << tablet->name;
    }
  }
  // Equal states: the same changes with the dispositions they had.
  for (Tablet* tablet : {ann_, ben_, ivy_, jo_}) {
    EXPECT_EQ(before, Hashes(*tablet)) << tablet->name;
    EXPECT_EQ("signed and locked", State(*tablet, of_ann));
    EXPECT_EQ("Front office", Venue(*tablet, of_ben));
    EXPECT_EQ("Front office", Venue(*tablet, released));
    ASSERT_EQ(1u, (*tablet)->HeldChanges()->size()) << tablet->name;
    EXPECT_EQ(held, (*tablet)->HeldChanges()->at(0).record);
  }
  ExpectInStep({ann_, ben_, ivy_, jo_});
  EXPECT_EQ(SafetyState::kAtTheCentre, *(*ann_)->Safety(of_ann));
}

TEST_F(Recovery, Case01_WhatOnlyAnotherTabletStillHoldsComesBackToo) {
  StartTeam();
  CopyNow();
  const Id of_ann = Observe(*ann_, registration_);
  EXPECT_OK((*ann_)->Sign(of_ann));
  SyncAll({ann_, ben_});
  SetVenue(*ben_, Observe(*ben_, registration_), "Reception");
  PutBack();
  ann_->Close();  // and is never seen again
  Sync(*ben_);
  Sync(*ivy_);
  EXPECT_EQ("signed and locked", State(*ivy_, of_ann));
  EXPECT_EQ("He wired it.", FirstParagraph(*ivy_, of_ann));
  EXPECT_TRUE((*ivy_)->HeldChanges()->empty());
}

TEST_F(Recovery, Case01_WorkOfTheMeantimeAndWorkOfBeforeStandSideBySide) {
  StartTeam();
  const Id seen = Observe(*ann_, registration_);
  SyncAll({ann_, ben_});
  CopyNow();
  SetVenue(*ann_, seen, "of Ann");
  Sync(*ann_);
  PutBack();
  // Ben, who saw none of it, fills the places that Ann's edit had.
  SetVenue(*ben_, seen, "of Ben");
  Sync(*ben_);
  Sync(*ann_);
  Sync(*ben_);
  for (Tablet* tablet : {ann_, ben_}) {
    ASSERT_EQ(1u, (*tablet)->Conflicts(seen)->size()) << tablet->name;
    EXPECT_EQ(2u, (*tablet)->Conflicts(seen)->at(0).sides.size());
  }
  ExpectInStep({ann_, ben_});
}

TEST_F(Recovery, Case17_ATabletPutBackGetsItsOwnWorkAndGoesOn) {
  StartTeam();
  CopyTablet(*ann_);
  const Id lost = Observe(*ann_, registration_);
  Sync(*ann_);
  Sync(*ben_);
  PutTabletBack(*ann_);
  EXPECT_REASON((*ann_)->Get(lost), NOT_FOUND);
  // She types it again before she has a network, at the same place of the
  // chain, and otherwise.
  v1::Observation again = Observed(*ann_);
  again.set_venue("Reception");
  const Id typed = *(*ann_)->Create(again, registration_);
  SyncReport first = (*ann_)->SyncOnce();
  EXPECT_TRUE(first.status.ok()) << first.status;
  Sync(*ann_);
  Sync(*ben_);
  for (Tablet* tablet : {ann_, ben_}) {
    EXPECT_EQ("Front office", Venue(*tablet, lost)) << tablet->name;
    EXPECT_EQ("Reception", Venue(*tablet, typed)) << tablet->name;
    EXPECT_TRUE((*tablet)->HeldChanges()->empty());
    // Rule 21: pointed at, never merged.
    ASSERT_EQ(1u, (*tablet)->PossibleDuplicates()->size()) << tablet->name;
  }
  Observe(*ann_, registration_);
  Sync(*ann_);
  Sync(*ben_);
  ExpectInStep({ann_, ben_});
}

TEST_F(Recovery, Case17_ATabletPutBackWithNothingNewGetsItsWorkBack) {
  StartTeam();
  CopyTablet(*ann_);
  const Id lost = Observe(*ann_, registration_);
  EXPECT_OK((*ann_)->Sign(lost));
  Sync(*ann_);
  PutTabletBack(*ann_);
  Sync(*ann_);
  EXPECT_EQ("signed and locked", State(*ann_, lost));
  // And it writes on without standing in its own way.
  const Id next = Observe(*ann_, registration_);
  Sync(*ann_);
  Sync(*ben_);
  EXPECT_EQ("Front office", Venue(*ben_, next));
  ExpectInStep({ann_, ben_});
}

TEST_F(Recovery, Case30_ACentrePutBackGetsCausesBeforeEffects) {
  StartTeam();
  CopyNow();
  const Id seen = Observe(*ann_, registration_);
  EXPECT_OK((*ann_)->Sign(seen));
  SyncAll({ann_, ben_});
  // Judged without the signature, this would be held: nothing was signed yet.
  EXPECT_OK((*ben_)->Countersign(seen));
  PutBack();
  // The centre has lost Ann's record, and he who built on it comes first.
  Sync(*ben_);
  Sync(*ivy_);
  Sync(*ann_);
  SyncAll({ben_, ivy_});
  for (Tablet* tablet : {ann_, ben_, ivy_}) {
    EXPECT_EQ(0u, (*tablet)->HeldChanges()->size()) << tablet->name;
    const auto acts = (*tablet)->Get(seen)->acts;
    ASSERT_EQ(3u, acts.size()) << tablet->name;
    EXPECT_EQ("countersigned", acts[2].what);
    EXPECT_EQ((*ben_)->WhoAmI()->person, acts[2].author);
  }
  ExpectInStep({ann_, ben_, ivy_});
}

TEST_F(Recovery, Case46_BothBranchesOfAClonedTabletAreKept) {
  StartTeam();
  const Id shared = Observe(*ann_, registration_);
  Sync(*ann_);
  Tablet& twin = CloneTablet(*ann_, "Twin");
  const Id of_ann = Observe(*ann_, registration_);
  SetVenue(*ann_, shared, "of Ann");
  const Id of_twin = Observe(twin, registration_);
  SetVenue(twin, shared, "of the twin");
  SetVenue(twin, of_twin, "Reception");
  for (int round = 0; round < 3; ++round) {
    for (Tablet* tablet : {ann_, &twin}) {
      SyncReport report = (*tablet)->SyncOnce();
      EXPECT_TRUE(report.status.ok()) << tablet->name << report.status;
    }
  }
  Sync(*ben_);
  for (Tablet* tablet : {ann_, &twin, ben_}) {
    EXPECT_EQ("Front office", Venue(*tablet, of_ann)) << tablet->name;
    EXPECT_EQ("Reception", Venue(*tablet, of_twin)) << tablet->name;
    ASSERT_EQ(1u, (*tablet)->Conflicts(shared)->size()) << tablet->name;
    EXPECT_EQ(2u, (*tablet)->Conflicts(shared)->at(0).sides.size());
  }
  // Both write on.
  Observe(*ann_, registration_);
  Observe(twin, registration_);
  for (Tablet* tablet : {ann_, &twin, ann_, ben_}) {
    SyncReport report = (*tablet)->SyncOnce();
    EXPECT_TRUE(report.status.ok()) << tablet->name << report.status;
  }
  EXPECT_EQ(5u, Count(*ben_, "Observation"));
  ExpectInStep({ann_, ben_});
}

TEST_F(Recovery, Case52_ALogCutShortIsMendedByWhoeverSawItWhole) {
  StartTeam();
  CopyNow();
  for (int i = 0; i < 5; ++i) Observe(*ann_, registration_);
  SyncAll({ann_, ben_});
  const uint64_t size = LogSize();
  PutBack();    // its last entries are gone, and it says nothing
  Sync(*ivy_);  // who never saw them, and notices nothing
  EXPECT_EQ(0u, Count(*ivy_, "Observation"));
  Sync(*ben_);  // who did
  EXPECT_GE(LogSize(), size);
  Sync(*ivy_);
  EXPECT_EQ(5u, Count(*ivy_, "Observation"));
  Sync(*ann_);
  EXPECT_EQ(0u, (*ann_)->Ledger()->pending);
  ExpectInStep({ann_, ben_, ivy_});
}

}  // namespace
}  // namespace vouch
