// How changes, segments and records lie in a Store; the same on the server,
// the device and in the simulator. Reads take a Reader, so they work on a
// snapshot too; writes go into the caller's batch.
#ifndef VOUCH_STORAGE_REPLICA_CHANGE_STORE_H_
#define VOUCH_STORAGE_REPLICA_CHANGE_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/replica/key_ring.h"
#include "storage/replica/rows.h"
#include "storage/store.h"
#include "sync/core/fold.h"
#include "sync/core/segment.h"

namespace vouch {

// Thread-safe if its KeyRing is.
class ChangeStore {
 public:
  ChangeStore(Store* store, KeyRing* keys) : store_(store), keys_(keys) {}

  // Chain, payload and key of one change.
  absl::Status PutChange(const Change& change, const Hash& branch,
                         WriteBatch* batch) const;
  // Errors: NOT_FOUND, STORE_CORRUPTED.
  absl::StatusOr<Change> GetChange(const Reader& reader,
                                   const Coordinate& at) const;
  // `count` of them in a row of one run.
  absl::StatusOr<std::vector<Change>> GetChanges(const Reader& reader,
                                                 const Coordinate& first,
                                                 uint32_t count) const;
  absl::StatusOr<std::optional<Hash>> GetChangeHash(const Reader& reader,
                                                    const Coordinate& at) const;
  // The highest seq of a run of a chain and its hash; seq 0 if it is empty.
  struct Head {
    uint64_t seq = 0;
    Hash hash;
  };
  absl::StatusOr<Head> ChainHead(const Reader& reader, const DeviceId& device,
                                 const Incarnation& incarnation,
                                 const Hash& branch = Hash()) const;

  void PutLocation(const Hash& hash, const ChangeLocation& location,
                   WriteBatch* batch) const;
  absl::StatusOr<std::optional<ChangeLocation>> GetLocation(
      const Reader& reader, const Hash& hash) const;

  void PutRecordChange(const ScopeId& scope, const RecordId& record,
                       const RecordChange& row, WriteBatch* batch) const;
  absl::StatusOr<std::optional<RecordChange>> GetRecordChange(
      const Reader& reader, const ScopeId& scope, const RecordId& record,
      const Hash& hash) const;
  absl::StatusOr<std::vector<RecordChange>> GetRecordChanges(
      const Reader& reader, const ScopeId& scope, const RecordId& record) const;
  // Every scope that has a record of this id; an id may be borrowed.
  absl::StatusOr<std::vector<ScopeId>> ScopesOf(const Reader& reader,
                                                const RecordId& record) const;
  // The scope a record is in; NOT_FOUND if there is no such record here.
  absl::StatusOr<ScopeId> ScopeOf(const Reader& reader,
                                  const RecordId& record) const;

  void PutSummary(const RecordSummaryRow& row, WriteBatch* batch) const;
  // True if the record has changes in the views, which have both or neither.
  absl::StatusOr<bool> HasSummary(const Reader& reader, const ScopeId& scope,
                                  const RecordId& record) const;
  // In (scope, record) order from after `after` (empty: the start) until the
  // visitor returns false. An empty scope means all.
  absl::Status ScanSummaries(
      const Reader& reader, absl::string_view begin, absl::string_view end,
      const std::function<bool(const RecordSummaryRow&)>& visit) const;

  // `first` is where its first change is, or of what is left of it the first
  // (RestOf in rows.h).
  void PutSegmentRow(const SegmentRow& row, const Coordinate& first,
                     WriteBatch* batch) const;
  absl::StatusOr<std::optional<SegmentRow>> GetSegmentRow(
      const Reader& reader, const Coordinate& first) const;
  // Where the row of the segment that holds `at` is; nothing if none does.
  absl::StatusOr<std::optional<Coordinate>> SegmentHolding(
      const Reader& reader, const Coordinate& at) const;
  // The segment whose row is there, with all its changes, also those before
  // `first`. Errors: NOT_FOUND, STORE_CORRUPTED. With `row`, what is stored of
  // it besides.
  absl::StatusOr<Segment> GetSegment(const Reader& reader,
                                     const Coordinate& first,
                                     SegmentRow* row = nullptr) const;

  void PutLogRow(const LogRow& row, WriteBatch* batch) const;
  absl::StatusOr<std::optional<LogRow>> GetLogRow(
      const Reader& reader, uint64_t first_commit_seq) const;
  absl::Status ScanLog(const Reader& reader, uint64_t begin, uint64_t end,
                       const std::function<bool(const LogRow&)>& visit) const;
  absl::StatusOr<ScopeEnd> GetScopeEnd(const Reader& reader,
                                       const ScopeId& scope) const;
  // Entries in the log: end of its last row.
  absl::StatusOr<uint64_t> LogSize(const Reader& reader) const;

  // All changes of a record with their decoded values, ready to fold.
  absl::StatusOr<std::vector<FoldChange>> LoadRecord(
      const Reader& reader, const std::vector<RecordChange>& rows) const;
  // Effect of a change outside the record, as the materialiser last left it.
  absl::StatusOr<CauseState> CauseOf(const Reader& reader,
                                     const Hash& hash) const;
  // Folds a record as stored. NOT_FOUND if it has no change here.
  absl::StatusOr<RecordView> FoldStored(const Reader& reader,
                                        const ScopeId& scope,
                                        const RecordId& record) const;
  // The state hash of each scope here, in scope order.
  absl::StatusOr<std::vector<std::pair<ScopeId, Hash>>> ScopeStates(
      const Reader& reader) const;
  absl::Status ScanRecordChanges(
      const Reader& reader,
      const std::function<bool(const RecordChange&)>& visit) const;
  // How references of this segment may travel short: by seq, where they are
  // earlier changes of the same chain and scope. Valid while `reader` is.
  // In a run of its own nothing is shortened: another holder may keep the chain
  // in other runs.
  ShortenOwn Shortener(const Reader& reader, const Segment& segment,
                       const Hash& branch) const;
  // One change with its decoded values.
  absl::StatusOr<FoldChange> LoadFoldChange(const Reader& reader,
                                            const RecordChange& row) const;

  Store* store() const { return store_; }
  KeyRing* keys() const { return keys_; }

 private:
  // Of one change as read; `key` and `payload` are null if there is none.
  absl::StatusOr<Change> MakeChange(const Reader& reader, const Coordinate& at,
                                    absl::string_view chain_row,
                                    const std::string* key,
                                    const std::string* payload) const;

  Store* const store_;
  KeyRing* const keys_;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_CHANGE_STORE_H_
