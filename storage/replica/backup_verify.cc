#include "storage/replica/backup_verify.h"

#include <vector>

#include "storage/replica/chain_runs.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"
#include "sync/core/merkle.h"

namespace vouch {
namespace {

absl::Status Damaged(Family family) {
  return Error(Reason::kStoreCorrupted,
               absl::StrCat("a value of family ", FamilyName(family),
                            " is missing or not readable"));
}

// A missing row is damage here: the log says that it is there.
absl::StatusOr<std::string> Need(const Reader& reader, Family family,
                                 const std::string& key) {
  auto value = reader.Get(family, key);
  if (absl::IsNotFound(value.status())) return Damaged(family);
  return value;
}

// A change without its body, whose presence alone is looked at.
absl::StatusOr<Change> ReadBare(const Reader& reader, const std::string& key) {
  VOUCH_ASSIGN_OR_RETURN(std::string bytes, Need(reader, Family::kChain, key));
  auto row = DecodeChainRow(bytes);
  if (!row.has_value()) return Damaged(Family::kChain);
  auto core = DecodeCore(row->core_bytes);
  if (!core.ok()) return Damaged(Family::kChain);
  Change change;
  change.core_bytes = std::move(row->core_bytes);
  change.core = *std::move(core);
  change.hash = ChangeHash(change.core_bytes);
  change.signatures = std::move(row->signatures);
  change.erased = true;
  return change;
}

class SegmentReader {
 public:
  SegmentReader(const Reader* reader, KeyRing* ring)
      : reader_(reader), ring_(ring), changes_(nullptr, ring) {}

  // With what its row holds besides.
  absl::StatusOr<Segment> Read(const LogRow& row, SegmentRow* besides) const {
    VOUCH_ASSIGN_OR_RETURN(std::string bytes, Need(*reader_, Family::kSegment,
                                                   ChainKey(row.first)));
    auto stored = DecodeSegmentRow(bytes);
    if (!stored.has_value() || stored->header.first_seq > row.first.seq ||
        stored->header.end_seq() != row.first.seq + row.count ||
        stored->header.scope != row.scope ||
        stored->first_commit_seq != row.commit.first_commit_seq) {
      return Damaged(Family::kSegment);
    }
    Segment segment;
    segment.header = stored->header;
    *besides = *stored;
    VOUCH_ASSIGN_OR_RETURN(
        auto places, PlacesOf(changes_, *reader_, segment.header, row.first));
    for (const Coordinate& at : places) {
      VOUCH_ASSIGN_OR_RETURN(Change change, ReadChange(at));
      segment.changes.push_back(std::move(change));
    }
    return segment;
  }

 private:
  absl::StatusOr<Change> ReadChange(const Coordinate& at) const {
    const std::string key = ChainKey(at);
    auto key_row = reader_->Get(Family::kKey, PayloadKeyName(key));
    if (!key_row.ok() && !absl::IsNotFound(key_row.status())) {
      return key_row.status();
    }
    // Without its key a payload was erased; with it, it must be there.
    if (key_row.ok()) {
      VOUCH_RETURN_IF_ERROR(Need(*reader_, Family::kPayload, key).status());
    }
    if (ring_ == nullptr) return ReadBare(*reader_, key);
    auto change = changes_.GetChange(*reader_, at);
    if (absl::IsNotFound(change.status())) return Damaged(Family::kChain);
    return change;
  }

  const Reader* const reader_;
  KeyRing* const ring_;
  const ChangeStore changes_;
};

// Of the changes that a row of the log speaks of; those of a segment verified.
absl::StatusOr<std::vector<Hash>> HashesOf(const Reader& reader,
                                           const SegmentReader& segments,
                                           const PublicKey& centre,
                                           const LogRow& row) {
  std::vector<Hash> hashes;
  if (row.commit.kind == LogEntry::kReinstate) {
    VOUCH_ASSIGN_OR_RETURN(Change change,
                           ReadBare(reader, ChainKey(row.first)));
    hashes.push_back(change.hash);
    return hashes;
  }
  SegmentRow besides;
  VOUCH_ASSIGN_OR_RETURN(Segment segment, segments.Read(row, &besides));
  VOUCH_RETURN_IF_ERROR(VerifyStoredSegment(segment));
  // The row speaks of its last changes.
  for (size_t i = segment.changes.size() - row.count;
       i < segment.changes.size(); ++i) {
    hashes.push_back(segment.changes[i].hash);
  }
  if (besides.ack.has_value() &&
      !VerifyAck(centre, besides.ack->history,
                 EntriesOf(row.commit, row.scope, hashes),
                 besides.ack->signature)) {
    return Error(Reason::kSignatureInvalid,
                 "an acknowledgement kept with a segment does not verify");
  }
  return hashes;
}

}  // namespace

absl::Status VerifyLog(const Reader& reader, KeyRing* ring,
                       const PublicKey& centre, uint64_t begin, uint64_t end,
                       const StopCheck& stop,
                       const std::function<absl::Status(const Hash&)>& leaf) {
  const SegmentReader segments(&reader, ring);
  uint64_t position = begin;
  auto verify = [&](absl::string_view value) -> absl::Status {
    if (stop) VOUCH_RETURN_IF_ERROR(stop());
    auto row = DecodeLogRow(value);
    if (!row.has_value() || row->commit.first_commit_seq != position ||
        row->end_seq() > end) {
      return Damaged(Family::kLog);
    }
    VOUCH_ASSIGN_OR_RETURN(std::vector<Hash> hashes,
                           HashesOf(reader, segments, centre, *row));
    const std::vector<LogEntry> entries =
        EntriesOf(row->commit, row->scope, hashes);
    VOUCH_ASSIGN_OR_RETURN(
        std::string bytes,
        Need(reader, Family::kByScope,
             ByScopeKey(row->scope, row->commit.first_scope_seq)));
    auto by_scope = DecodeByScope(bytes);
    if (!by_scope.has_value() || by_scope->first_commit_seq != position ||
        by_scope->count != row->count ||
        by_scope->scope_head != ScopeHead(entries.back())) {
      return Damaged(Family::kByScope);
    }
    for (const LogEntry& entry : entries) {
      VOUCH_RETURN_IF_ERROR(leaf(LeafHash(EncodeLogEntry(entry))));
    }
    position = row->end_seq();
    return absl::OkStatus();
  };
  // A leaf may write, which a visitor must not: one row at a time.
  while (position < end) {
    auto value = reader.Get(Family::kLog, U64Key(position));
    if (absl::IsNotFound(value.status())) return Damaged(Family::kLog);
    if (!value.ok()) return value.status();
    VOUCH_RETURN_IF_ERROR(verify(*value));
  }
  return absl::OkStatus();
}

}  // namespace vouch
