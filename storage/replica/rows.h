// The rows of the families, as values, and their bytes (FORMAT.md). Decoding
// gives nothing for bytes that are damaged or of another version. Pure.
#ifndef VOUCH_STORAGE_REPLICA_ROWS_H_
#define VOUCH_STORAGE_REPLICA_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sync/base/record_view.h"
#include "sync/core/log_entry.h"
#include "sync/core/merkle.h"
#include "sync/core/segment.h"

namespace vouch {

// Family::kByHash: where a change stands, and what Judge asks of it.
struct ChangeLocation {
  Coordinate at;
  ScopeId scope;
  RecordId record;
  PersonId author;
  bool saw_seal = false;     // it, or its past in the record, holds a seal
  bool saw_discard = false;  // likewise a discard that nothing revived
};

// Family::kRecordChange: a change within its record.
struct RecordChange {
  Hash hash;
  Coordinate at;
  Disposition disposition;
  std::optional<uint64_t> commit_seq;  // absent: not acknowledged yet
  bool effective = false;
};

// Family::kRecordState: what lists and the state hash need, without a value.
struct RecordSummaryRow {
  RecordId record;
  ScopeId scope;
  uint32_t kind = 0;
  RecordState state = RecordState::kDraft;
  Hash state_hash;
  uint32_t conflicts = 0;
  uint32_t held = 0;
  uint32_t changes = 0;
  uint32_t unacknowledged = 0;
};

// Family::kLog: one committed segment.
struct LogRow {
  Coordinate first;  // of its first change
  uint32_t count = 0;
  ScopeId scope;
  SegmentCommit commit;
  Hash scope_head;  // of the scope, after its last entry
  uint64_t end_seq() const { return commit.first_commit_seq + count; }
};

// Where a scope's chain of entries ends.
struct ScopeEnd {
  uint64_t seq = 0;
  Hash head;
};

// Family::kSegment.
struct SegmentRow {
  SegmentHeader header;
  std::optional<uint64_t> first_commit_seq;
  // The centre's signed acknowledgement, kept by every holder (rule 10).
  struct AckProof {
    HistoryId history;
    Signature signature;
  };
  std::optional<AckProof> ack;
  bool committed() const { return first_commit_seq.has_value(); }
  // What it got, provably, in a log that the centre lost. A rewind moves it
  // here; with it the segment is committed again as it was.
  struct EarlierCommit {
    HistoryId history;
    Signature signature;
    SegmentCommit commit;
  };
  std::optional<EarlierCommit> earlier;
};

inline Coordinate FirstOf(const SegmentHeader& header, const Hash& branch) {
  return {header.device(), header.incarnation, branch, header.first_seq};
}

// What is left of a segment without its first changes: those that a shorter
// segment holds, which its author closed in another life. The rest keeps the
// signature of the whole, which alone proves it. Its commit has a disposition
// for each of its own changes: the last of the segment's.
// Not signed as such, so never encoded.
Segment RestOf(const Segment& segment, size_t begin);

// Family::kTreeHead: a rung of the ladder by which a device finds where the
// log of a restored centre still agrees (rule 12).
struct LadderRow {
  TreeHead head;      // signed; its tree extends `tree`
  CompactRange tree;  // the log as pulled, of the key's size
};

// Family::kByScope: the last entry of one committed segment in its scope.
struct ByScopeRow {
  uint64_t first_commit_seq = 0;
  uint64_t count = 0;
  Hash scope_head;
};

// Family::kChain: a change without its payload.
struct ChainRow {
  std::string core_bytes;
  std::vector<PersonSignature> signatures;
};

std::string EncodeChainRow(const ChainRow& row);
std::optional<ChainRow> DecodeChainRow(absl::string_view bytes);
std::string EncodeLocation(const ChangeLocation& row);
std::optional<ChangeLocation> DecodeLocation(absl::string_view bytes);
std::string EncodeRecordChange(const RecordChange& row);
std::optional<RecordChange> DecodeRecordChange(const Hash& hash,
                                               absl::string_view bytes);
std::string EncodeSummary(const RecordSummaryRow& row);
std::optional<RecordSummaryRow> DecodeSummary(absl::string_view key,
                                              absl::string_view bytes);
std::string EncodeSegmentRow(const SegmentRow& row);
std::optional<SegmentRow> DecodeSegmentRow(absl::string_view bytes);
// Without the scope head, which is in the ByScopeRow.
std::string EncodeLogRow(const LogRow& row);
std::optional<LogRow> DecodeLogRow(absl::string_view bytes);
std::string EncodeLadder(const LadderRow& row);
// Nothing for a row of version 1, which held no tree.
std::optional<LadderRow> DecodeLadder(absl::string_view bytes);
std::string EncodeByScope(const ByScopeRow& row);
std::optional<ByScopeRow> DecodeByScope(absl::string_view bytes);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_ROWS_H_
