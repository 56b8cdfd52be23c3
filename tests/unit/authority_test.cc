// A centre whose log was set back or restored, and the store kept apart from
// it that remembers.
#include "storage/replica/authority.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/replica/centre_identity.h"
#include "sync/base/status.h"
#include "tests/support/backup_disks.h"

namespace vouch {
namespace {

class AuthorityTest : public testing::Test {
 protected:
  AuthorityTest() {
    world_.CloseCentre();
    world_.keep_authority = true;
    VOUCH_CHECK(world_.OpenCentre().ok());
  }

  // The log store as it is now, to be put back later.
  MemoryDisk Copy() { return world_.centre_disk.Clone(); }
  absl::Status SetBack(MemoryDisk copy) {
    world_.CloseCentre();
    world_.centre_disk = std::move(copy);
    return world_.OpenCentre();
  }
  absl::Status WriteOwn(const std::string& text) {
    NewChange draft;
    draft.kind = 5;
    draft.record = MintRecordId(1, world_.random);
    draft.scope = MakeScope(ScopeKind::kAuthority, world_.centre->id());
    DraftOperation create;
    create.merge_class = MergeClass::kCreate;
    create.value = text;
    draft.operations = {create};
    return world_.centre->Write(draft);
  }
  Incarnation OwnIncarnation(uint64_t commit_seq) {
    auto row = world_.centre->changes().GetLogRow(*world_.store, commit_seq);
    VOUCH_CHECK(row.ok() && row->has_value());
    return (*row)->first.incarnation;
  }
  absl::StatusOr<Member> Enrol(const std::string& code,
                               absl::string_view name) {
    SeededRandom random(name.size());
    const SigningKey device = SigningKey::Generate(random);
    const SigningKey person = SigningKey::Generate(random);
    return world_.centre->Enrol(code, device.public_key(), person.public_key());
  }
  std::string NewCode() {
    auto code = world_.centre->CreateCode(v1::ROLE_ASSESSOR, "A. Person", 0,
                                          std::nullopt);
    VOUCH_CHECK(code.ok());
    return code->code;
  }

  ReplicaWorld world_;
};

TEST_F(AuthorityTest, ANewAuthorityStoreIsFilledFromTheCentre) {
  const std::string code = NewCode();
  auto member = Enrol(code, "one");
  ASSERT_TRUE(member.ok());
  world_.CloseCentre();
  world_.authority_disk = MemoryDisk();  // lost
  ASSERT_TRUE(world_.OpenCentre().ok());
  auto rows = ReadGrants(*world_.authority_store, *world_.authority_keys);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->count(MemberKey(member->device)), 1u);
  EXPECT_EQ(rows->count(CodeKey(code)), 1u);
}

TEST_F(AuthorityTest, ACentreSetBackKnowsItsTabletsUsedCodesAndErasures) {
  Tablet& a = world_.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId r = a.Create(5, world_.scope(), "private");
  ASSERT_TRUE(world_.Sync(a).status.ok());
  const std::string code = NewCode();
  MemoryDisk copy = Copy();
  auto member = Enrol(code, "one");
  ASSERT_TRUE(member.ok());
  ASSERT_TRUE(world_.centre->Erase(r).ok());

  ASSERT_TRUE(SetBack(std::move(copy)).ok());
  auto found = world_.centre->FindMember(member->device);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->name, member->name);
  EXPECT_EQ(ReasonOf(Enrol(code, "another").status()), Reason::kCodeUsed);
  EXPECT_TRUE(world_.centre->IsErased(world_.scope(), r));
  EXPECT_EQ(CountRows(*world_.store, Family::kKey, "P"), 0u);
}

TEST_F(AuthorityTest, RevokedAndUsedWinWhicheverStoreIsBehind) {
  const std::string code = NewCode();
  MemoryDisk unused = world_.authority_disk.Clone();
  auto member = Enrol(code, "one");
  ASSERT_TRUE(member.ok());
  MemoryDisk not_revoked = world_.authority_disk.Clone();
  Member revoked = *member;
  revoked.revoked = true;
  ASSERT_TRUE(world_.authority
                  ->Write({{MemberKey(revoked.device), EncodeMember(revoked)}})
                  .ok());
  world_.CloseCentre();
  ASSERT_TRUE(world_.OpenCentre().ok());
  EXPECT_TRUE((*world_.centre->FindMember(member->device))->revoked);
  // And now the authority store is the one behind.
  for (MemoryDisk* behind : {&not_revoked, &unused}) {
    world_.CloseCentre();
    world_.authority_disk = std::move(*behind);
    ASSERT_TRUE(world_.OpenCentre().ok());
    EXPECT_TRUE((*world_.centre->FindMember(member->device))->revoked);
    EXPECT_EQ(ReasonOf(Enrol(code, "another").status()), Reason::kCodeUsed);
    auto rows = ReadGrants(*world_.authority_store, *world_.authority_keys);
    ASSERT_TRUE(rows.ok());
    EXPECT_TRUE(DecodeMember(rows->at(MemberKey(member->device)))->revoked);
  }
}

TEST_F(AuthorityTest, ErasuresOfBothStoresAreKeptInOneOrder) {
  Tablet& a = world_.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId first = a.Create(5, world_.scope(), "x");
  RecordId second = a.Create(5, world_.scope(), "y");
  ASSERT_TRUE(world_.Sync(a).status.ok());
  MemoryDisk log_copy = Copy();
  MemoryDisk authority_copy = world_.authority_disk.Clone();
  ASSERT_TRUE(world_.centre->Erase(first).ok());
  world_.CloseCentre();
  MemoryDisk knows_first = std::move(world_.authority_disk);
  // The other store alone hears of the second one.
  world_.authority_disk = std::move(authority_copy);
  ASSERT_TRUE(SetBack(std::move(log_copy)).ok());
  ASSERT_TRUE(world_.centre->Erase(second).ok());
  world_.CloseCentre();
  world_.authority_disk = std::move(knows_first);
  ASSERT_TRUE(world_.OpenCentre().ok());
  auto all = world_.centre->Erasures(0);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].record, first);
  EXPECT_EQ(all[1].record, second);
  EXPECT_EQ(CountRows(*world_.store, Family::kKey, "P"), 0u);
}

TEST_F(AuthorityTest, ACentreSetBackNeverWritesAtTheSamePlaceAgain) {
  MemoryDisk copy = Copy();
  ASSERT_TRUE(WriteOwn("lost").ok());
  const Incarnation lost = OwnIncarnation(0);
  ASSERT_TRUE(SetBack(std::move(copy)).ok());
  ASSERT_TRUE(WriteOwn("after").ok());
  EXPECT_NE(OwnIncarnation(0), lost);
}

TEST_F(AuthorityTest, ALogThatLacksWhatItHadGetsANewHistory) {
  MemoryDisk copy = Copy();
  ASSERT_TRUE(WriteOwn("one").ok());
  ASSERT_TRUE(WriteOwn("two").ok());
  const HistoryId before = world_.centre->history();
  world_.CloseCentre();
  ASSERT_TRUE(world_.OpenCentre().ok());
  EXPECT_FALSE(world_.centre->was_set_back());
  EXPECT_EQ(world_.centre->history(), before);
  ASSERT_TRUE(SetBack(std::move(copy)).ok());
  EXPECT_TRUE(world_.centre->was_set_back());
  EXPECT_NE(world_.centre->history(), before);
}

TEST_F(AuthorityTest, ACrashBetweenOwnWritesIsNoSettingBack) {
  ASSERT_TRUE(WriteOwn("one").ok());
  const HistoryId before = world_.centre->history();
  bool cut = false;
  world_.centre_disk.SetWriteHook(
      [&](MemoryDisk::Stage stage, const WriteBatch&) {
        if (!cut) world_.centre_disk.Crash(world_.random);
        cut = true;
        return absl::OkStatus();
      });
  EXPECT_FALSE(WriteOwn("cut off").ok());
  world_.centre_disk.SetWriteHook(nullptr);
  world_.CloseCentre();
  ASSERT_TRUE(world_.OpenCentre().ok());
  EXPECT_EQ(world_.centre->history(), before);
  ASSERT_TRUE(WriteOwn("again").ok());
  EXPECT_EQ(world_.centre->Head().size, 2u);
}

TEST_F(AuthorityTest, ALogStoreThatWasRestoredElsewhereIsRefused) {
  ASSERT_TRUE(WriteOwn("one").ok());
  BackupDisks backup;
  ASSERT_TRUE(BackUpTo(&backup, world_).ok());
  MemoryDisk old_log = Copy();
  ASSERT_TRUE(RestoreFrom(&backup, /*live_authority=*/true, &world_).ok());
  ASSERT_TRUE(WriteOwn("by the restored one").ok());
  EXPECT_EQ(ReasonOf(SetBack(std::move(old_log))), Reason::kAuthorityMismatch);
}

TEST_F(AuthorityTest, AnAuthorityStoreOfAnotherCentreIsRefused) {
  ReplicaWorld other(99);
  world_.CloseCentre();
  {
    auto store = OpenMemoryStore(&world_.authority_disk);
    ASSERT_TRUE(store.ok());
    auto keys =
        KeyRing::Open(store->get(), world_.provider.get(), &world_.random);
    ASSERT_TRUE(keys.ok());
    Authority authority(store->get(), keys->get());
    CentreMark mark = **authority.GetMark();
    mark.centre = other.centre->id();
    ASSERT_TRUE(authority.PutMark(mark).ok());
  }
  EXPECT_EQ(ReasonOf(world_.OpenCentre()), Reason::kAuthorityMismatch);
}

TEST_F(AuthorityTest, AnEmptyLogStoreBesideASurvivorMakesNoNewCentre) {
  EXPECT_EQ(ReasonOf(SetBack(MemoryDisk())), Reason::kAuthorityMismatch);
}

}  // namespace
}  // namespace vouch
