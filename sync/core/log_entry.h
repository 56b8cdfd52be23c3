// The centre's log: what a leaf binds, tree heads, and signed acknowledgements.
// Grammar: sync/README.md §5. Pure; any thread.
#ifndef VOUCH_SYNC_CORE_LOG_ENTRY_H_
#define VOUCH_SYNC_CORE_LOG_ENTRY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/base/ids.h"
#include "sync/base/sign.h"
#include "sync/base/status.h"

namespace vouch {

// A change's own verdict (rule 7). Whether it takes effect is derived from it
// and from its causes by the fold, never stored.
struct Disposition {
  bool quarantined = false;
  Reason reason = Reason::kUnspecified;  // set when quarantined

  friend bool operator==(const Disposition& a, const Disposition& b) {
    return a.quarantined == b.quarantined && a.reason == b.reason;
  }
};

// The first provable commit of a change that was committed again after the
// centre was restored (rule 22).
struct FirstCommit {
  HistoryId history;
  uint64_t commit_seq = 0;
  int64_t receive_ms = 0;
};

struct LogEntry {
  enum Kind : uint8_t { kChange = 0, kReinstate = 1 };
  uint8_t kind = kChange;
  uint64_t commit_seq = 0;  // from 0; the leaf's index in the tree
  Hash change;
  Disposition disposition;
  int64_t receive_ms = 0;  // the centre's clock
  ScopeId scope;
  uint64_t scope_seq = 0;    // contiguous from 1 in each scope
  Hash previous_scope_head;  // zero for scope_seq 1
  std::optional<FirstCommit> first_commit;
};

std::string EncodeLogEntry(const LogEntry& entry);
absl::StatusOr<LogEntry> DecodeLogEntry(absl::string_view bytes);

// The head of the entry's scope once it is committed.
Hash ScopeHead(const LogEntry& entry);

// What a segment got when it was committed. With the segment, it determines
// each of its log entries.
struct SegmentCommit {
  uint8_t kind = LogEntry::kChange;  // of each of its entries
  uint64_t first_commit_seq = 0;
  uint64_t first_scope_seq = 0;
  Hash previous_scope_head;
  int64_t receive_ms = 0;
  std::vector<Disposition> dispositions;  // one a change
  // Of its first change, if the segment was committed before the centre was
  // restored; those of the others count up from it.
  std::optional<FirstCommit> first_commit;
};

// What a commit after a restore names as the first provable one (rule 22):
// that of `earlier`, or `earlier` itself, which was in `history`.
FirstCommit FirstCommitOf(const SegmentCommit& earlier,
                          const HistoryId& history);

// The entries of a committed segment, in order. `hashes` are its changes'.
std::vector<LogEntry> EntriesOf(const SegmentCommit& commit,
                                const ScopeId& scope,
                                const std::vector<Hash>& hashes);

// What a log and its scope need of those entries: each is encoded once.
struct EntryLeaves {
  uint64_t first_commit_seq = 0;
  std::vector<Hash> leaves;  // of the tree, in order
  Hash scope_head;           // once the last of them is committed
};
EntryLeaves LeavesOf(const SegmentCommit& commit, const ScopeId& scope,
                     const std::vector<Hash>& hashes);

std::string EncodeSegmentCommit(const SegmentCommit& commit);
absl::StatusOr<SegmentCommit> DecodeSegmentCommit(absl::string_view bytes);

// Signed by the centre under "vouch.tree-head.v1".
struct TreeHead {
  HistoryId history;
  uint64_t size = 0;
  Hash root;
  int64_t time_ms = 0;
  Signature signature;
};

std::string TreeHeadSignedBytes(const TreeHead& head);
void SignTreeHead(const SigningKey& centre, TreeHead* head);
bool VerifyTreeHead(const PublicKey& centre, const TreeHead& head);
// STABLE: a second store holds the bodies of the entries below head.size
// (rule 25). The bytes of a tree head under "vouch.stable-head.v1".
void SignStableHead(const SigningKey& centre, TreeHead* head);
bool VerifyStableHead(const PublicKey& centre, const TreeHead& head);
// Signed bytes ‖ signature.
std::string EncodeTreeHead(const TreeHead& head);
absl::StatusOr<TreeHead> DecodeTreeHead(absl::string_view bytes);

// DURABLE: these entries are on the centre's disk, with these dispositions.
// Signed by the centre under "vouch.ack.v1" over the Merkle root of the
// entries' leaves, so that the dispositions can be proven later (rule 10).
std::string AckSignedBytes(const HistoryId& history, uint64_t first_commit_seq,
                           uint64_t count, const Hash& leaves_root);
Signature SignAck(const SigningKey& centre, const HistoryId& history,
                  const std::vector<LogEntry>& entries);
bool VerifyAck(const PublicKey& centre, const HistoryId& history,
               const std::vector<LogEntry>& entries,
               const Signature& signature);
// The same for a segment's entries, from their leaves.
Signature SignAck(const SigningKey& centre, const HistoryId& history,
                  const EntryLeaves& entries);
bool VerifyAck(const PublicKey& centre, const HistoryId& history,
               const EntryLeaves& entries, const Signature& signature);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_LOG_ENTRY_H_
