// Segments of which the centre holds the first changes in a shorter one: it and
// their author were put back, and the author closed the shorter one then.
#include <gtest/gtest.h>

#include "storage/replica/backup_verify.h"
#include "sync/base/status.h"
#include "tests/support/recovery_fixture.h"

namespace vouch {
namespace {

class RestOfASegment : public Recovery {
 protected:
  // A writes three changes, and two more, all in one segment, which B gets.
  void WriteFive() {
    Save();
    for (int i = 0; i < 3; ++i) a_.Create(5, world_.scope(), "first");
    author_ = a_.disk.Clone();
    for (int i = 0; i < 2; ++i) {
      rest_.push_back(a_.Create(5, world_.scope(), "granted"));
    }
    MustSync(a_);
    MustSync(b_);
  }
  // Both are put back, and A sends a segment of three.
  void PutBothBack() {
    PutCentreBack();
    PutBack(a_, author_);
    MustSync(a_);
    ASSERT_EQ(world_.centre->Head().size, 3u);
  }
  // Every entry and every signature of the log.
  absl::Status Verified() {
    CompactRange tree;
    absl::Status status =
        VerifyLog(*world_.store, world_.keys.get(), world_.centre->key(), 0,
                  world_.centre->Head().size, nullptr, [&](const Hash& leaf) {
                    tree.Append(leaf);
                    return absl::OkStatus();
                  });
    EXPECT_EQ(tree.Root(), world_.centre->Head().root);
    return status;
  }
  void ExpectAllFiveOnce() {
    EXPECT_EQ(world_.centre->Head().size, 5u) << "none is lost, none twice";
    for (const RecordId& record : rest_) EXPECT_TRUE(AtCentre(record));
    EXPECT_TRUE(FaultsOf(a_).empty());
    EXPECT_EQ(Verified(), absl::OkStatus());
  }

  Tablet& a_ = Add("A");
  Tablet& b_ = Add("B");
  std::vector<RecordId> rest_;
  MemoryDisk author_;
};

TEST_F(RestOfASegment, WhoHoldsItGivesItBackAndEverybodyGetsIt) {
  Tablet& reader = Add("R");
  WriteFive();
  PutBothBack();
  MustSync(b_);
  ExpectAllFiveOnce();
  ExpectAgreement({&a_, &b_, &reader});
  EXPECT_EQ(a_.Values(rest_[0]), std::vector<std::string>{"granted"});
  EXPECT_EQ(reader.Values(rest_[1]), std::vector<std::string>{"granted"});
}

// Rule 10: with the verdicts that the centre gave to it as part of the whole.
TEST_F(RestOfASegment, ItsProvenVerdictsAreAdopted) {
  WriteFive();
  PutBothBack();
  world_.permissive.hold_text = "granted";  // the grant is not back yet
  MustSync(b_);
  ExpectAllFiveOnce();
  EXPECT_EQ(world_.centre->Ledger()->held, 0u);
  ExpectAgreement({&a_, &b_});
}

// The reader has got it in two pieces, and never as a whole.
TEST_F(RestOfASegment, ACentrePutBackAgainGetsBothPiecesFromAReader) {
  Tablet& reader = Add("R");
  WriteFive();
  PutBothBack();
  MustSync(b_);
  MustSync(reader);
  PutCentreBack();
  world_.permissive.hold_text = "granted";
  MustSync(reader);
  ExpectAllFiveOnce();
  EXPECT_EQ(world_.centre->Ledger()->held, 0u);
  ExpectAgreement({&a_, &b_, &reader});
}

// The centre may hold for review what comes without the proof; who has that
// reinstates it.
TEST_F(RestOfASegment, ProofThatComesLaterReinstatesIt) {
  Tablet& reader = Add("R");
  WriteFive();
  PutBothBack();
  MustSync(b_);
  MustSync(reader);
  PutCentreBack();
  world_.permissive.hold_text = "granted";
  LoopbackOptions unproven;
  unproven.edit_request = [](v1::SyncRequest* m) {
    if (m->has_push()) m->mutable_push()->clear_earlier();
  };
  ASSERT_TRUE(world_.Sync(b_, unproven).status.ok());
  ASSERT_EQ(world_.centre->Ledger()->held, 2u);
  ASSERT_TRUE(world_.Sync(reader).status.ok());
  MustSync(reader);
  EXPECT_EQ(world_.centre->Ledger()->held, 0u);
  EXPECT_EQ(Verified(), absl::OkStatus());
  ExpectAgreement({&a_, &b_, &reader});
}

// Sent again, it is acknowledged again.
TEST_F(RestOfASegment, TwoHoldersMayGiveItBackAtOnce) {
  Tablet& other = Add("C");
  WriteFive();
  MustSync(other);
  PutBothBack();
  // C hears nothing of what its push did, and B has nothing left to give.
  LoopbackOptions deaf;
  deaf.on_response = [](const v1::SyncResponse& m) { return !m.has_ack(); };
  EXPECT_FALSE(world_.Sync(other, deaf).status.ok());
  MustSync(b_);
  ExpectAllFiveOnce();
  ExpectAgreement({&a_, &b_, &other});
}

TEST_F(RestOfASegment, OutsideReconciliationItIsRefused) {
  WriteFive();
  PutBothBack();
  LoopbackOptions plain;
  plain.edit_request = [](v1::SyncRequest* m) {
    if (m->has_push()) m->mutable_push()->set_recovering(false);
  };
  EXPECT_FALSE(world_.Sync(b_, plain).status.ok());
  EXPECT_EQ(world_.centre->Head().size, 3u);
}

}  // namespace
}  // namespace vouch
