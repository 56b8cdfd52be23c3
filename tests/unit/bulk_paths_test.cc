// What is done once for a whole segment or commit group gives what is done one
// by one.
#include "gtest/gtest.h"
#include "storage/replica/encoded_segments.h"
#include "storage/replica/keys.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/core/merkle.h"
#include "tests/support/replica_world.h"

namespace vouch {
namespace {

// Everything that the tablet has written, in one segment a call of `write`.
std::vector<OutboxSegment> SegmentsOf(
    Tablet& tablet, const std::vector<std::function<void()>>& writes) {
  std::optional<DeviceSessionConfig> config;
  for (const auto& write : writes) {
    write();
    auto begun = tablet.device->BeginSession();  // closes what is open
    EXPECT_TRUE(begun.ok()) << begun.status();
    config = *std::move(begun);
  }
  OutboxRead read =
      tablet.device->Read({config->heads[0].incarnation, 0, Hash()});
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.segments.size(), writes.size());
  return read.segments;
}

CommitSegments PushOf(const OutboxSegment& segment) {
  CommitSegments push;
  push.segments = {segment.wire};
  return push;
}

TEST(EntryLeaves, AreThoseOfTheEntriesOneByOne) {
  SeededRandom random(3);
  const auto scope = random.Make<ScopeId>();
  const SigningKey centre = SigningKey::Generate(random);
  const auto history = random.Make<HistoryId>();
  SegmentCommit commit;
  commit.first_commit_seq = 1000;
  commit.first_scope_seq = 17;
  commit.previous_scope_head = random.Make<Hash>();
  commit.receive_ms = 1'800'000'000'000;
  commit.first_commit = FirstCommit{random.Make<HistoryId>(), 40, 5};
  std::vector<Hash> hashes;
  for (int i = 0; i < 9; ++i) {
    hashes.push_back(random.Make<Hash>());
    commit.dispositions.push_back(
        i % 4 == 2 ? Disposition{true, Reason::kScopeWrong} : Disposition{});
  }
  const std::vector<LogEntry> entries = EntriesOf(commit, scope, hashes);
  const EntryLeaves leaves = LeavesOf(commit, scope, hashes);
  ASSERT_EQ(leaves.leaves.size(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(leaves.leaves[i], LeafHash(EncodeLogEntry(entries[i])));
  }
  EXPECT_EQ(leaves.scope_head, ScopeHead(entries.back()));
  const Signature ack = SignAck(centre, history, leaves);
  EXPECT_TRUE(VerifyAck(centre.public_key(), history, entries, ack));
  EXPECT_TRUE(VerifyAck(centre.public_key(), history, leaves, ack));
  commit.dispositions[0] = Disposition{true, Reason::kScopeWrong};
  EXPECT_FALSE(VerifyAck(centre.public_key(), history,
                         LeavesOf(commit, scope, hashes), ack));
}

TEST(VerifyOnWay, TakesAReferenceToWhatIsBeingCommittedAndNoOther) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId record;
  const auto segments =
      SegmentsOf(a, {[&] { record = a.Create(5, world.scope(), "one"); },
                     [&] { ASSERT_TRUE(a.Set(record, "two").ok()); }});
  const CommitSegments second = PushOf(segments[1]);
  EXPECT_EQ(ReasonOf(world.centre->Verify(a.device->id(), second, 0).status()),
            Reason::kReferenceUnknown);
  auto other = world.centre->Verify(
      a.device->id(), second, 0,
      [&](const Incarnation&, uint64_t) { return HashOf("other", {}); });
  EXPECT_FALSE(other.ok());
  auto verified = world.centre->Verify(
      a.device->id(), second, 0,
      [&](const Incarnation& incarnation, uint64_t seq) -> std::optional<Hash> {
        EXPECT_EQ(incarnation, segments[0].incarnation);
        EXPECT_EQ(seq, 1u);
        return segments[0].head;
      });
  ASSERT_TRUE(verified.ok()) << verified.status();
  auto first = VerifyPushed(*world.centre, a.device->id(), segments[0].wire);
  ASSERT_TRUE(first.ok());
  auto results =
      world.centre->Commit({*std::move(first), *std::move(verified)});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_TRUE((*results)[1].status.ok()) << (*results)[1].status;
}

TEST(GetChanges, GivesEachChangeAsItIsAloneErasedOnesToo) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  constexpr uint32_t kChanges = 7;
  SegmentsOf(a, {[&] {
               for (uint32_t i = 0; i < kChanges; ++i) {
                 a.Create(5, world.scope(), std::string(i * 50 + 1, 'x'));
               }
             }});
  const ChangeStore& changes = a.device->changes();
  Coordinate at{a.device->id(), a.device->BeginSession()->heads[0].incarnation,
                Hash(), 3};
  WriteBatch erase;
  a.keys->ErasePayload(ChainKey(at), &erase);
  ASSERT_TRUE(a.store->Write(erase, Durability::kSynced).ok());
  at.seq = 1;
  auto all = changes.GetChanges(*a.store, at, kChanges);
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), kChanges);
  for (const Change& change : *all) {
    auto alone = changes.GetChange(*a.store, at);
    ASSERT_TRUE(alone.ok());
    EXPECT_EQ(change.hash, alone->hash);
    EXPECT_EQ(change.payload, alone->payload);
    EXPECT_EQ(change.salt, alone->salt);
    EXPECT_EQ(change.erased, at.seq == 3);
    EXPECT_EQ(alone->erased, at.seq == 3);
    ++at.seq;
  }
  // One that is not there is no shorter list.
  at.seq = 1;
  EXPECT_TRUE(absl::IsNotFound(
      changes.GetChanges(*a.store, at, kChanges + 1).status()));
}

// Applies a move only where it sees the record, which it asks for each time.
class SeeingJudge : public Judge {
 public:
  absl::Status Decide(const JudgedChange& change,
                      const JudgeReader& reader) const override {
    const bool seen = reader.Record(change.record).has_value();
    for (const JudgedOperation& op : change.operations) {
      if (op.operation.merge_class == MergeClass::kTransition && !seen) {
        return Error(Reason::kTransitionIllegal, "there is no such record");
      }
    }
    return absl::OkStatus();
  }
};

TEST(Verdict, IsGivenOnTheViewsOfItsTimeNotOnThoseOfTheGroupsBeginning) {
  SeeingJudge judge;
  ReplicaWorld world(1, &judge);
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  RecordId record;
  const auto segments = SegmentsOf(
      a, {[&] { record = a.Create(5, world.scope(), "one"); },
          [&] { ASSERT_TRUE(a.Act(record, MergeClass::kTransition).ok()); }});
  auto first = VerifyPushed(*world.centre, a.device->id(), segments[0].wire);
  ASSERT_TRUE(first.ok());
  auto second = world.centre->Verify(
      a.device->id(), PushOf(segments[1]), 0,
      [&](const Incarnation&, uint64_t) { return segments[0].head; });
  ASSERT_TRUE(second.ok()) << second.status();
  auto results = world.centre->Commit({*std::move(first), *std::move(second)});
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ((*results)[1].commit.dispositions.size(), 1u);
  EXPECT_FALSE((*results)[1].commit.dispositions[0].quarantined);
}

EncodedSegments::Encoded Wire(std::string bytes) {
  return {SegmentRow(), std::move(bytes)};
}

TEST(EncodedSegments, WhatWasReadBeforeAnErasureIsNotKeptAfterIt) {
  EncodedSegments sent;
  const EncodedSegments::Pass before = sent.Begin();
  sent.Clear();
  EXPECT_EQ(sent.Keep(before, 7, true, Wire("erased"))->wire, "erased");
  EXPECT_EQ(sent.Find(7, true), nullptr);
  sent.Keep(sent.Begin(), 7, true, Wire("whole"));
  ASSERT_NE(sent.Find(7, true), nullptr);
  EXPECT_EQ(sent.Find(7, true)->wire, "whole");
  EXPECT_EQ(sent.Find(7, false), nullptr);
  sent.Clear();
  EXPECT_EQ(sent.Find(7, true), nullptr);
}

TEST(EncodedSegments, TheOldestMakeRoom) {
  EncodedSegments sent;
  for (uint64_t i = 0; i < 5; ++i) {
    sent.Keep(sent.Begin(), i, false,
              Wire(std::string(kEncodedBytesMax / 4, 'x')));
  }
  EXPECT_EQ(sent.Find(0, false), nullptr);
  EXPECT_EQ(sent.Find(1, false), nullptr);  // each is a little over a quarter
  EXPECT_NE(sent.Find(2, false), nullptr);
  EXPECT_NE(sent.Find(4, false), nullptr);
}

TEST(Feed, SendsTheNextTabletTheSameAndNothingThatWasErasedMeanwhile) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  Tablet& c = world.AddTablet(v1::ROLE_ASSESSOR, "C");
  Tablet& d = world.AddTablet(v1::ROLE_ASSESSOR, "D");
  const RecordId kept = a.Create(5, world.scope(), "kept");
  const RecordId gone = a.Create(5, world.scope(), "private");
  for (Tablet* each : {&a, &b, &c}) {
    LoopbackResult synced = world.Sync(*each);
    ASSERT_TRUE(synced.status.ok()) << synced.status;
  }
  EXPECT_EQ(b.Values(gone), c.Values(gone));
  EXPECT_EQ(*b.device->ScopeStates(), *c.device->ScopeStates());
  ASSERT_TRUE(world.centre->Erase(gone).ok());
  LoopbackResult synced = world.Sync(d);
  ASSERT_TRUE(synced.status.ok()) << synced.status;
  EXPECT_EQ(d.Values(kept), std::vector<std::string>{"kept"});
  EXPECT_EQ(d.Values(gone), std::vector<std::string>{""});
}

TEST(Views, TakeNoBodyOfAnErasedRecordFromMemory) {
  ReplicaWorld world;
  Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
  Tablet& b = world.AddTablet(v1::ROLE_ASSESSOR, "B");
  const RecordId record = a.Create(5, world.scope(), "private");
  for (Tablet* each : {&a, &b}) ASSERT_TRUE(world.Sync(*each).status.ok());
  ASSERT_TRUE(a.Set(record, "one").ok());
  ASSERT_TRUE(b.Set(record, "two").ok());
  ASSERT_TRUE(world.centre->Erase(record).ok());
  for (Tablet* each : {&a, &b}) {
    auto config = each->device->BeginSession();
    ASSERT_TRUE(config.ok());
    const OutboxRead read =
        each->device->Read({config->heads[0].incarnation, 0, Hash()});
    ASSERT_FALSE(read.segments.empty());
    auto pushed = VerifyPushed(*world.centre, each->device->id(),
                               read.segments.back().wire);
    ASSERT_TRUE(pushed.ok()) << pushed.status();
    ASSERT_TRUE(world.centre->Commit({*std::move(pushed)}).ok());
  }
  ASSERT_TRUE(world.centre->Materialise(kMaterialiseEntriesMax).ok());
  // Values that nobody has any more are no conflict.
  uint32_t conflicts = 0;
  ASSERT_TRUE(world.centre->changes()
                  .ScanSummaries(*world.store, "", "",
                                 [&](const RecordSummaryRow& row) {
                                   conflicts += row.conflicts;
                                   return true;
                                 })
                  .ok());
  EXPECT_EQ(conflicts, 0u);
}

}  // namespace
}  // namespace vouch
