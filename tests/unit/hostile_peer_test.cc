// Defects that the fuzzers of tests/fuzz found or that reading for them showed,
// each as the shortest way to it: what a hostile peer or a faulty store could
// make a replica do.
#include "gtest/gtest.h"
#include "storage/replica/keys.h"
#include "storage/replica/rows.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "tests/support/replica_world.h"

namespace vouch {
namespace {

// A tablet whose centre is the test itself, with the centre's own key.
class HostileCentreTest : public ::testing::Test {
 protected:
  HostileCentreTest()
      : centre_(SigningKey::Generate(random_)),
        writer_(SigningKey::Generate(random_)) {
    tablet_.random = std::make_unique<SeededRandom>(2);
    tablet_.provider =
        std::make_unique<FixedKeyProvider>(SealKey::Generate(random_));
    EXPECT_TRUE(tablet_.Open().ok());
    Membership membership;
    membership.person = random_.Make<PersonId>();
    membership.centre_key = centre_.public_key();
    EXPECT_TRUE(tablet_.device->Adopt(membership).ok());
  }

  // A first change of a stranger's chain, which creates `record`.
  Segment Create(const RecordId& record) {
    Change change;
    change.core.device = DeviceIdOf(writer_.public_key());
    change.core.seq = 1;
    change.core.scope = scope_;
    change.core.kind = 5;
    change.core.record = record;
    Operation create;
    create.merge_class = MergeClass::kCreate;
    change.core.operations = {create};
    change.payload = EncodePayload({});
    change.core.commitment = CommitPayload(change.salt, change.payload);
    change.core_bytes = EncodeCore(change.core);
    change.hash = ChangeHash(change.core_bytes);
    return SealSegment({change}, {}, writer_);
  }

  void Add(const Segment& segment, const ScopeEnd& end, v1::PullBatch* batch) {
    SegmentCommit commit;
    commit.first_commit_seq = tree_.size();
    commit.first_scope_seq = end.seq + 1;
    commit.previous_scope_head = end.head;
    commit.dispositions.resize(1);
    v1::PulledSegment* item = batch->add_items()->mutable_segment();
    item->set_segment(EncodeSegment(segment, nullptr));
    item->set_commit(EncodeSegmentCommit(commit));
    auto entries = EntriesOf(commit, scope_, {segment.changes[0].hash});
    if (tree_.size() < kTreeSizeMax) {
      tree_.Append(LeafHash(EncodeLogEntry(entries[0])));
    }
    last_ = {entries[0].scope_seq, ScopeHead(entries[0])};
  }

  void AddSkipped(uint64_t count, v1::PullBatch* batch) {
    v1::SkippedEntries* item = batch->add_items()->mutable_skipped();
    item->set_count(count);
    uint64_t end = tree_.size() + count;
    std::vector<Hash> hashes(SubtreeLevels(tree_.size(), end).size());
    for (const Hash& hash : hashes) item->add_subtrees(hash.Bytes());
    EXPECT_TRUE(tree_.AppendSubtrees(end, hashes).ok());
  }

  absl::Status Send(v1::PullBatch batch) {
    TreeHead head;
    head.size = tree_.size();
    head.root = tree_.Root();
    SignTreeHead(centre_, &head);
    batch.set_end_size(tree_.size());
    batch.set_tree_head(EncodeTreeHead(head));
    return tablet_.device->Apply(batch).status;
  }

  SeededRandom random_{1};
  SigningKey centre_;
  SigningKey writer_;
  Tablet tablet_;
  ScopeId scope_ = MakeScope(ScopeKind::kShared, RecordId());
  CompactRange tree_;
  ScopeEnd last_;
};

TEST_F(HostileCentreTest, ALogLongerThanATreeCanBeIsRefused) {
  v1::PullBatch batch;
  AddSkipped(kTreeSizeMax, &batch);
  Add(Create(random_.Make<RecordId>()), {}, &batch);
  EXPECT_EQ(ReasonOf(Send(batch)), Reason::kProofInvalid);
  EXPECT_EQ(tablet_.device->cursor_size(), 0u);
}

TEST_F(HostileCentreTest, AChangeHeldIsNotReplacedByAnotherAtItsPlace) {
  const RecordId first = random_.Make<RecordId>();
  v1::PullBatch honest;
  Add(Create(first), {}, &honest);
  ASSERT_TRUE(Send(honest).ok());
  ASSERT_TRUE(tablet_.device->View(first).ok());
  const uint64_t cursor = tablet_.device->cursor_size();

  const RecordId other = random_.Make<RecordId>();
  v1::PullBatch forked;
  Add(Create(other), last_, &forked);
  EXPECT_TRUE(Send(forked).ok()) << "a fork: both are kept";
  EXPECT_EQ(tablet_.device->cursor_size(), cursor + 1);
  EXPECT_TRUE(tablet_.device->View(first).ok());
  EXPECT_TRUE(tablet_.device->View(other).ok());
}

TEST_F(HostileCentreTest, TwoChangesOfOnePlaceInOneBatchAreBothKept) {
  const RecordId one = random_.Make<RecordId>();
  const RecordId other = random_.Make<RecordId>();
  v1::PullBatch batch;
  Add(Create(one), {}, &batch);
  Add(Create(other), last_, &batch);
  EXPECT_TRUE(Send(batch).ok());
  EXPECT_TRUE(tablet_.device->View(one).ok());
  EXPECT_TRUE(tablet_.device->View(other).ok());
}

// The rows of a store, altered where their checksums would still be right.
class FaultyStoreTest : public ::testing::Test {
 protected:
  void Put(Family family, absl::string_view key, absl::string_view value) {
    WriteBatch batch;
    batch.Put(family, key, value);
    ASSERT_TRUE(a_.store->Write(std::move(batch), Durability::kSynced).ok());
  }
  std::vector<std::pair<std::string, std::string>> Rows(Family family) {
    std::vector<std::pair<std::string, std::string>> rows;
    EXPECT_TRUE(
        a_.store
            ->Scan(family, "", "",
                   [&](absl::string_view key, absl::string_view value) {
                     rows.push_back({std::string(key), std::string(value)});
                     return true;
                   })
            .ok());
    return rows;
  }

  ReplicaWorld world_;
  Tablet& a_ = world_.AddTablet(v1::ROLE_ASSESSOR, "A");
};

TEST_F(FaultyStoreTest, ARowThatNamesAnotherChangeIsDamageAndNotACrash) {
  RecordId one = a_.Create(5, world_.scope(), "one");
  a_.Create(5, world_.scope(), "two");
  auto rows = Rows(Family::kRecordChange);
  ASSERT_EQ(rows.size(), 2u);
  Put(Family::kRecordChange, rows[0].first, rows[1].second);
  Put(Family::kRecordChange, rows[1].first, rows[0].second);
  EXPECT_EQ(ReasonOf(a_.device->View(one).status()), Reason::kStoreCorrupted);
}

TEST_F(FaultyStoreTest, AChangeAtAnotherPlaceIsDamageAndIsNotSigned) {
  a_.Create(5, world_.scope(), "one");
  a_.Create(5, world_.scope(), "two");
  auto rows = Rows(Family::kChain);
  ASSERT_EQ(rows.size(), 2u);
  Put(Family::kChain, rows[0].first, rows[1].second);
  EXPECT_EQ(ReasonOf(a_.device->BeginSession().status()),
            Reason::kStoreCorrupted);
}

TEST(Rows, EachHasOneEncoding) {
  RecordChange change;
  std::string bytes = EncodeRecordChange(change);
  ASSERT_TRUE(DecodeRecordChange(Hash(), bytes).has_value());
  bytes.back() = 2;  // neither effective nor not
  EXPECT_FALSE(DecodeRecordChange(Hash(), bytes).has_value());

  bytes = EncodeLocation(ChangeLocation());
  bytes.back() = 4;  // a flag that does not exist
  EXPECT_FALSE(DecodeLocation(bytes).has_value());

  const std::string key(RecordId::kSize + ScopeId::kSize, 'k');
  RecordSummaryRow summary;
  bytes = EncodeSummary(summary);
  ASSERT_TRUE(DecodeSummary(key, bytes).has_value());
  bytes.pop_back();
  bytes += std::string("\x80\x80\x80\x80\x10", 5);  // 2^32 unacknowledged
  EXPECT_FALSE(DecodeSummary(key, bytes).has_value());
}

TEST(CentreSession, SegmentsOfNoBytesFillTheWindowToo) {
  CentreSession session;
  session.Start(0);
  v1::SyncRequest hello;
  hello.mutable_hello()->set_protocol_version(kProtocolVersion);
  session.Step(ReceivedRequest{hello}, 0);
  session.Step(LookedUp{}, 0);
  v1::SyncRequest push;
  push.mutable_push()->add_segments("");
  size_t queued = 0;
  while (session.wants_request() && queued < 100'000) {
    session.Step(ReceivedRequest{push}, 0);
    ++queued;
  }
  EXPECT_LT(queued, 100'000u);

  CentreSession other;
  other.Start(0);
  other.Step(ReceivedRequest{hello}, 0);
  other.Step(LookedUp{}, 0);
  for (int i = 0; i < 100'000; ++i) push.mutable_push()->add_segments("");
  other.Step(ReceivedRequest{push}, 0);
  EXPECT_TRUE(other.closed());
}

}  // namespace
}  // namespace vouch
