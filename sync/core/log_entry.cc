#include "sync/core/log_entry.h"

#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/core/merkle.h"

namespace vouch {
namespace {

constexpr uint8_t kVersion = 1;
// Of a segment commit that names a kind or an earlier commit.
constexpr uint8_t kRecommitVersion = 2;
constexpr absl::string_view kTreeHeadTag = "vouch.tree-head.v1";
constexpr absl::string_view kStableHeadTag = "vouch.stable-head.v1";
constexpr absl::string_view kAckTag = "vouch.ack.v1";
constexpr size_t kDispositionsMax = 256;

void WriteDisposition(const Disposition& d, ByteWriter* out) {
  out->U8(d.quarantined ? 1 : 0).Varint(static_cast<uint64_t>(d.reason));
}

Disposition ReadDisposition(ByteReader* in) {
  Disposition d;
  uint8_t verdict = in->U8();
  uint64_t reason = in->Varint();
  if (verdict > 1 || reason > INT32_MAX || (verdict == 0 && reason != 0)) {
    in->Fail();
  }
  d.quarantined = verdict == 1;
  // Kept as a number: a reason of a newer centre stays what it is, since it is
  // under a signature.
  d.reason = static_cast<Reason>(reason);
  return d;
}

absl::Status Damaged(absl::string_view what) {
  return Error(Reason::kNotCanonical,
               absl::StrCat(what, " is truncated or not canonical"));
}

void WriteFirst(const std::optional<FirstCommit>& first, ByteWriter* out) {
  out->U8(first.has_value() ? 1 : 0);
  if (!first.has_value()) return;
  out->Fixed(first->history).Varint(first->commit_seq);
  out->SVarint(first->receive_ms);
}

std::optional<FirstCommit> ReadFirst(ByteReader* in) {
  uint8_t present = in->U8();
  if (present > 1) in->Fail();
  if (present != 1) return std::nullopt;
  FirstCommit first;
  first.history = in->Fixed<HistoryId>();
  first.commit_seq = in->Varint();
  first.receive_ms = in->SVarint();
  return first;
}

Hash ScopeHeadOf(absl::string_view encoded) {
  return HashOf("vouch.scope-head.v1", {encoded});
}

// Entry `i` of the commit, after one that left the scope at `head`.
LogEntry EntryAt(const SegmentCommit& commit, const ScopeId& scope,
                 const std::vector<Hash>& hashes, size_t i, const Hash& head) {
  LogEntry entry;
  entry.kind = commit.kind;
  entry.commit_seq = commit.first_commit_seq + i;
  entry.change = hashes[i];
  entry.disposition = commit.dispositions[i];
  entry.receive_ms = commit.receive_ms;
  entry.scope = scope;
  entry.scope_seq = commit.first_scope_seq + i;
  entry.previous_scope_head = head;
  if (commit.first_commit.has_value()) {
    entry.first_commit = commit.first_commit;
    entry.first_commit->commit_seq += i;
  }
  return entry;
}

Hash LeavesRoot(const std::vector<LogEntry>& entries) {
  CompactRange range;
  for (const LogEntry& entry : entries) {
    range.Append(LeafHash(EncodeLogEntry(entry)));
  }
  return range.Root();
}

std::string AckBytesOf(const HistoryId& history, const EntryLeaves& entries) {
  CompactRange range;
  for (const Hash& leaf : entries.leaves) range.Append(leaf);
  return AckSignedBytes(history, entries.first_commit_seq,
                        entries.leaves.size(), range.Root());
}

std::string AckBytesOf(const HistoryId& history,
                       const std::vector<LogEntry>& entries) {
  return AckSignedBytes(history, entries.empty() ? 0 : entries[0].commit_seq,
                        entries.size(), LeavesRoot(entries));
}

}  // namespace

std::string EncodeLogEntry(const LogEntry& entry) {
  ByteWriter out;
  out.U8(kVersion).U8(entry.kind).Varint(entry.commit_seq);
  out.Fixed(entry.change);
  WriteDisposition(entry.disposition, &out);
  out.SVarint(entry.receive_ms).Fixed(entry.scope).Varint(entry.scope_seq);
  out.Fixed(entry.previous_scope_head);
  WriteFirst(entry.first_commit, &out);
  return out.Take();
}

absl::StatusOr<LogEntry> DecodeLogEntry(absl::string_view bytes) {
  ByteReader in(bytes);
  uint8_t version = in.U8();
  if (in.ok() && version != kVersion) {
    return Error(Reason::kVersionUnknown, "a log entry's version");
  }
  LogEntry entry;
  entry.kind = in.U8();
  entry.commit_seq = in.Varint();
  entry.change = in.Fixed<Hash>();
  entry.disposition = ReadDisposition(&in);
  entry.receive_ms = in.SVarint();
  entry.scope = in.Fixed<ScopeId>();
  entry.scope_seq = in.Varint();
  entry.previous_scope_head = in.Fixed<Hash>();
  if (entry.scope_seq == 0) in.Fail();
  entry.first_commit = ReadFirst(&in);
  if (!in.Done()) return Damaged("a log entry");
  return entry;
}

Hash ScopeHead(const LogEntry& entry) {
  return ScopeHeadOf(EncodeLogEntry(entry));
}

std::vector<LogEntry> EntriesOf(const SegmentCommit& commit,
                                const ScopeId& scope,
                                const std::vector<Hash>& hashes) {
  VOUCH_CHECK(commit.dispositions.size() == hashes.size());
  std::vector<LogEntry> entries;
  entries.reserve(hashes.size());
  Hash head = commit.previous_scope_head;
  for (size_t i = 0; i < hashes.size(); ++i) {
    entries.push_back(EntryAt(commit, scope, hashes, i, head));
    head = ScopeHead(entries.back());
  }
  return entries;
}

EntryLeaves LeavesOf(const SegmentCommit& commit, const ScopeId& scope,
                     const std::vector<Hash>& hashes) {
  VOUCH_CHECK(commit.dispositions.size() == hashes.size());
  EntryLeaves out;
  out.first_commit_seq = commit.first_commit_seq;
  out.leaves.reserve(hashes.size());
  out.scope_head = commit.previous_scope_head;
  for (size_t i = 0; i < hashes.size(); ++i) {
    const std::string encoded =
        EncodeLogEntry(EntryAt(commit, scope, hashes, i, out.scope_head));
    out.leaves.push_back(LeafHash(encoded));
    out.scope_head = ScopeHeadOf(encoded);
  }
  return out;
}

FirstCommit FirstCommitOf(const SegmentCommit& earlier,
                          const HistoryId& history) {
  if (earlier.first_commit.has_value()) return *earlier.first_commit;
  return {history, earlier.first_commit_seq, earlier.receive_ms};
}

std::string EncodeSegmentCommit(const SegmentCommit& commit) {
  const bool plain =
      commit.kind == LogEntry::kChange && !commit.first_commit.has_value();
  ByteWriter out;
  if (plain) {
    out.U8(kVersion);
  } else {
    out.U8(kRecommitVersion).U8(commit.kind);
    WriteFirst(commit.first_commit, &out);
  }
  out.Varint(commit.first_commit_seq);
  out.Varint(commit.first_scope_seq).Fixed(commit.previous_scope_head);
  out.SVarint(commit.receive_ms).Varint(commit.dispositions.size());
  for (const Disposition& d : commit.dispositions) WriteDisposition(d, &out);
  return out.Take();
}

absl::StatusOr<SegmentCommit> DecodeSegmentCommit(absl::string_view bytes) {
  ByteReader in(bytes);
  uint8_t version = in.U8();
  if (in.ok() && version != kVersion && version != kRecommitVersion) {
    return Error(Reason::kVersionUnknown, "a segment commit's version");
  }
  SegmentCommit commit;
  if (version == kRecommitVersion) {
    commit.kind = in.U8();
    commit.first_commit = ReadFirst(&in);
    // Each commit has one encoding: what form 1 can say, it says.
    if (commit.kind > LogEntry::kReinstate ||
        (commit.kind == LogEntry::kChange && !commit.first_commit)) {
      in.Fail();
    }
  }
  commit.first_commit_seq = in.Varint();
  commit.first_scope_seq = in.Varint();
  commit.previous_scope_head = in.Fixed<Hash>();
  commit.receive_ms = in.SVarint();
  if (commit.first_scope_seq == 0) in.Fail();
  commit.dispositions.resize(in.Count(2, kDispositionsMax));
  for (Disposition& d : commit.dispositions) d = ReadDisposition(&in);
  if (!in.Done()) return Damaged("a segment commit");
  return commit;
}

std::string TreeHeadSignedBytes(const TreeHead& head) {
  ByteWriter out;
  out.U8(kVersion).Fixed(head.history).Varint(head.size).Fixed(head.root);
  out.SVarint(head.time_ms);
  return out.Take();
}

void SignTreeHead(const SigningKey& centre, TreeHead* head) {
  head->signature = centre.Sign(kTreeHeadTag, TreeHeadSignedBytes(*head));
}

bool VerifyTreeHead(const PublicKey& centre, const TreeHead& head) {
  return VerifySignature(centre, kTreeHeadTag, TreeHeadSignedBytes(head),
                         head.signature);
}

void SignStableHead(const SigningKey& centre, TreeHead* head) {
  head->signature = centre.Sign(kStableHeadTag, TreeHeadSignedBytes(*head));
}

bool VerifyStableHead(const PublicKey& centre, const TreeHead& head) {
  return VerifySignature(centre, kStableHeadTag, TreeHeadSignedBytes(head),
                         head.signature);
}

std::string EncodeTreeHead(const TreeHead& head) {
  return TreeHeadSignedBytes(head) + head.signature.Bytes();
}

absl::StatusOr<TreeHead> DecodeTreeHead(absl::string_view bytes) {
  ByteReader in(bytes);
  uint8_t version = in.U8();
  if (in.ok() && version != kVersion) {
    return Error(Reason::kVersionUnknown, "a tree head's version");
  }
  TreeHead head;
  head.history = in.Fixed<HistoryId>();
  head.size = in.Varint();
  head.root = in.Fixed<Hash>();
  head.time_ms = in.SVarint();
  head.signature = in.Fixed<Signature>();
  if (!in.Done()) return Damaged("a tree head");
  return head;
}

std::string AckSignedBytes(const HistoryId& history, uint64_t first_commit_seq,
                           uint64_t count, const Hash& leaves_root) {
  ByteWriter out;
  out.U8(kVersion).Fixed(history).Varint(first_commit_seq).Varint(count);
  out.Fixed(leaves_root);
  return out.Take();
}

Signature SignAck(const SigningKey& centre, const HistoryId& history,
                  const std::vector<LogEntry>& entries) {
  return centre.Sign(kAckTag, AckBytesOf(history, entries));
}

bool VerifyAck(const PublicKey& centre, const HistoryId& history,
               const std::vector<LogEntry>& entries,
               const Signature& signature) {
  return VerifySignature(centre, kAckTag, AckBytesOf(history, entries),
                         signature);
}

Signature SignAck(const SigningKey& centre, const HistoryId& history,
                  const EntryLeaves& entries) {
  return centre.Sign(kAckTag, AckBytesOf(history, entries));
}

bool VerifyAck(const PublicKey& centre, const HistoryId& history,
               const EntryLeaves& entries, const Signature& signature) {
  return VerifySignature(centre, kAckTag, AckBytesOf(history, entries),
                         signature);
}

}  // namespace vouch
