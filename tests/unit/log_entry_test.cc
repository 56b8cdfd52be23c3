// The centre's log entries, tree heads and acknowledgements: canonical, and
// every field under the signature that covers it.
#include "sync/core/log_entry.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "sync/core/merkle.h"
#include "tests/support/author.h"

namespace vouch::test {
namespace {

LogEntry SomeEntry() {
  LogEntry entry;
  entry.commit_seq = 300;
  entry.change = IdOf<Hash>("change");
  entry.receive_ms = kStartMs;
  entry.scope = IdOf<ScopeId>("scope");
  entry.scope_seq = 7;
  entry.previous_scope_head = IdOf<Hash>("scope head");
  return entry;
}

LogEntry RichEntry() {
  LogEntry entry = SomeEntry();
  entry.kind = LogEntry::kReinstate;
  entry.disposition = {true, Reason::kRoleNotAllowed};
  entry.first_commit = {IdOf<HistoryId>("history"), 5, -1};
  return entry;
}

SegmentCommit SomeCommit() {
  SegmentCommit commit;
  commit.first_commit_seq = 10;
  commit.first_scope_seq = 3;
  commit.previous_scope_head = IdOf<Hash>("before");
  commit.receive_ms = kStartMs;
  commit.dispositions = {{}, {true, Reason::kRecordSealed}, {}};
  return commit;
}

const std::vector<Hash>& Hashes() {
  static const auto* hashes =
      new std::vector<Hash>{IdOf<Hash>("1"), IdOf<Hash>("2"), IdOf<Hash>("3")};
  return *hashes;
}

template <typename Decode>
void ExpectCanonical(const std::string& bytes, Decode decode) {
  ASSERT_TRUE(decode(bytes).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(
        ReasonOf(decode(absl::string_view(bytes).substr(0, size)).status()),
        Reason::kNotCanonical)
        << size;
  }
  EXPECT_EQ(ReasonOf(decode(bytes + '\0').status()), Reason::kNotCanonical);
  std::string other = bytes;
  other[0] = 9;
  EXPECT_EQ(ReasonOf(decode(other).status()), Reason::kVersionUnknown);
}

TEST(LogEntry, IsCanonicalAtEveryByte) {
  ExpectCanonical(EncodeLogEntry(SomeEntry()), DecodeLogEntry);
  ExpectCanonical(EncodeLogEntry(RichEntry()), DecodeLogEntry);
  ExpectCanonical(EncodeSegmentCommit(SomeCommit()), DecodeSegmentCommit);
  SegmentCommit again = SomeCommit();
  again.first_commit = FirstCommitOf(again, IdOf<HistoryId>("old"));
  ExpectCanonical(EncodeSegmentCommit(again), DecodeSegmentCommit);
  again.kind = LogEntry::kReinstate;
  ExpectCanonical(EncodeSegmentCommit(again), DecodeSegmentCommit);
  // What the first form says is not said in the second.
  std::string second = EncodeSegmentCommit(SomeCommit());
  second.replace(0, 1, std::string("\2\0\0", 3));
  EXPECT_EQ(ReasonOf(DecodeSegmentCommit(second).status()),
            Reason::kNotCanonical);
  TreeHead head{IdOf<HistoryId>("history"), 300, IdOf<Hash>("root"), kStartMs};
  SignTreeHead(KeyOf("centre"), &head);
  ExpectCanonical(EncodeTreeHead(head), DecodeTreeHead);
}

TEST(LogEntry, RoundTripsWithItsFirstCommit) {
  absl::StatusOr<LogEntry> back = DecodeLogEntry(EncodeLogEntry(RichEntry()));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->kind, LogEntry::kReinstate);
  EXPECT_EQ(back->disposition, RichEntry().disposition);
  ASSERT_TRUE(back->first_commit.has_value());
  EXPECT_EQ(back->first_commit->history, IdOf<HistoryId>("history"));
  EXPECT_EQ(back->first_commit->commit_seq, 5u);
  EXPECT_EQ(back->first_commit->receive_ms, -1);
}

TEST(LogEntry, WhateverDecodesEncodesToTheSameBytes) {
  std::mt19937_64 random(1);
  size_t decoded = 0;
  for (const LogEntry& entry : {SomeEntry(), RichEntry()}) {
    const std::string bytes = EncodeLogEntry(entry);
    for (int round = 0; round < 5000; ++round) {
      std::string other = bytes;
      other[random() % other.size()] = static_cast<char>(random());
      absl::StatusOr<LogEntry> back = DecodeLogEntry(other);
      if (!back.ok()) continue;
      ++decoded;
      ASSERT_EQ(EncodeLogEntry(*back), other);
    }
  }
  EXPECT_GT(decoded, 100u);
}

TEST(LogEntry, AReasonThatIsNotKnownHereStaysWhatItIs) {
  LogEntry entry = SomeEntry();
  entry.disposition = {true, static_cast<Reason>(54321)};
  std::string bytes = EncodeLogEntry(entry);
  EXPECT_EQ(EncodeLogEntry(*DecodeLogEntry(bytes)), bytes);
}

TEST(LogEntry, AReasonWithoutAHoldIsRefused) {
  LogEntry entry = SomeEntry();
  entry.disposition = {false, Reason::kRecordSealed};
  EXPECT_EQ(ReasonOf(DecodeLogEntry(EncodeLogEntry(entry)).status()),
            Reason::kNotCanonical);
}

TEST(LogEntry, ScopeSeqsCountFromOne) {
  LogEntry entry = SomeEntry();
  entry.scope_seq = 0;
  EXPECT_FALSE(DecodeLogEntry(EncodeLogEntry(entry)).ok());
  SegmentCommit commit = SomeCommit();
  commit.first_scope_seq = 0;
  EXPECT_FALSE(DecodeSegmentCommit(EncodeSegmentCommit(commit)).ok());
}

TEST(SegmentCommit, DeterminesEachEntryAndChainsTheScope) {
  absl::StatusOr<SegmentCommit> commit =
      DecodeSegmentCommit(EncodeSegmentCommit(SomeCommit()));
  ASSERT_TRUE(commit.ok()) << commit.status();
  ScopeId scope = IdOf<ScopeId>("scope");
  std::vector<LogEntry> entries = EntriesOf(*commit, scope, Hashes());
  ASSERT_EQ(entries.size(), 3u);
  Hash head = commit->previous_scope_head;
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].commit_seq, 10 + i);
    EXPECT_EQ(entries[i].scope_seq, 3 + i);
    EXPECT_EQ(entries[i].change, Hashes()[i]);
    EXPECT_EQ(entries[i].scope, scope);
    EXPECT_EQ(entries[i].receive_ms, kStartMs);
    EXPECT_EQ(entries[i].disposition, commit->dispositions[i]);
    EXPECT_EQ(entries[i].previous_scope_head, head);
    head = ScopeHead(entries[i]);
  }
}

// A withheld or altered entry shows in every later scope head.
TEST(ScopeHead, CoversEveryFieldOfItsEntry) {
  Hash head = ScopeHead(RichEntry());
  auto moves = [&](void (*alter)(LogEntry*)) {
    LogEntry entry = RichEntry();
    alter(&entry);
    return ScopeHead(entry) != head;
  };
  EXPECT_TRUE(moves([](LogEntry* e) { e->kind = LogEntry::kChange; }));
  EXPECT_TRUE(moves([](LogEntry* e) { ++e->commit_seq; }));
  EXPECT_TRUE(moves([](LogEntry* e) { e->change = Hash(); }));
  EXPECT_TRUE(moves([](LogEntry* e) { e->disposition = {}; }));
  EXPECT_TRUE(moves([](LogEntry* e) { ++e->receive_ms; }));
  EXPECT_TRUE(moves([](LogEntry* e) { e->scope = ScopeId(); }));
  EXPECT_TRUE(moves([](LogEntry* e) { ++e->scope_seq; }));
  EXPECT_TRUE(moves([](LogEntry* e) { e->previous_scope_head = Hash(); }));
  EXPECT_TRUE(moves([](LogEntry* e) { e->first_commit.reset(); }));
}

TEST(TreeHead, SignatureCoversEveryField) {
  SigningKey centre = KeyOf("centre");
  TreeHead head{IdOf<HistoryId>("history"), 300, IdOf<Hash>("root"), kStartMs};
  SignTreeHead(centre, &head);
  EXPECT_TRUE(VerifyTreeHead(centre.public_key(), head));
  EXPECT_FALSE(VerifyTreeHead(KeyOf("other").public_key(), head));
  auto fails = [&](void (*alter)(TreeHead*)) {
    TreeHead other = head;
    alter(&other);
    return !VerifyTreeHead(centre.public_key(), other);
  };
  EXPECT_TRUE(fails([](TreeHead* h) { h->history = HistoryId(); }));
  EXPECT_TRUE(fails([](TreeHead* h) { ++h->size; }));
  EXPECT_TRUE(fails([](TreeHead* h) { h->root = Hash(); }));
  EXPECT_TRUE(fails([](TreeHead* h) { --h->time_ms; }));
  std::string bytes = EncodeTreeHead(head);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string other = bytes;
    other[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    absl::StatusOr<TreeHead> back = DecodeTreeHead(other);
    EXPECT_FALSE(back.ok() && VerifyTreeHead(centre.public_key(), *back));
  }
}

// Rule 10: the dispositions can be proven later, each of them.
TEST(Ack, SignatureCoversEveryDisposition) {
  SigningKey centre = KeyOf("centre");
  HistoryId history = IdOf<HistoryId>("history");
  ScopeId scope = IdOf<ScopeId>("scope");
  std::vector<LogEntry> entries = EntriesOf(SomeCommit(), scope, Hashes());
  Signature ack = SignAck(centre, history, entries);
  EXPECT_TRUE(VerifyAck(centre.public_key(), history, entries, ack));
  EXPECT_FALSE(VerifyAck(KeyOf("other").public_key(), history, entries, ack));
  EXPECT_FALSE(VerifyAck(centre.public_key(), IdOf<HistoryId>("restored"),
                         entries, ack));
  for (size_t i = 0; i < entries.size(); ++i) {
    SegmentCommit other = SomeCommit();
    Disposition& d = other.dispositions[i];
    d = d.quarantined ? Disposition{} : Disposition{true, Reason::kScopeWrong};
    EXPECT_FALSE(VerifyAck(centre.public_key(), history,
                           EntriesOf(other, scope, Hashes()), ack));
  }
  entries.pop_back();
  EXPECT_FALSE(VerifyAck(centre.public_key(), history, entries, ack));
}

// Bytes signed as one thing never pass for another.
TEST(Ack, IsNoTreeHeadAndNoSegment) {
  SigningKey centre = KeyOf("centre");
  std::string bytes =
      AckSignedBytes(IdOf<HistoryId>("history"), 1, 2, IdOf<Hash>("root"));
  Signature signature = centre.Sign("vouch.ack.v1", bytes);
  EXPECT_TRUE(
      VerifySignature(centre.public_key(), "vouch.ack.v1", bytes, signature));
  EXPECT_FALSE(VerifySignature(centre.public_key(), "vouch.tree-head.v1", bytes,
                               signature));
  EXPECT_FALSE(VerifySignature(centre.public_key(), "vouch.segment.v1", bytes,
                               signature));
}

}  // namespace
}  // namespace vouch::test
