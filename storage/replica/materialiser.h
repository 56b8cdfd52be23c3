// Works committed (or locally saved) changes into the derived families: where
// each change stands, each record's changes, states, what needs attention.
// Server, device and simulator run this same code; its output goes into the
// caller's batch, so that a watermark can be written with it.
//
//   Materialiser m(&changes, *store->Snapshot());
//   for (…) m.Add(change, at, disposition, commit_seq);   // causes first
//   m.Finish(&batch);
#ifndef VOUCH_STORAGE_REPLICA_MATERIALISER_H_
#define VOUCH_STORAGE_REPLICA_MATERIALISER_H_

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "storage/replica/change_store.h"

namespace vouch {

// Where changes stand, with those not yet in the store laid over it.
class LocationIndex {
 public:
  LocationIndex(const ChangeStore* changes, const Reader* reader)
      : changes_(changes), reader_(reader) {}

  // Computes what the change saw from its frontier, and remembers it. A seal
  // or discard that is itself held binds nobody who saw it (rule 8).
  absl::StatusOr<ChangeLocation> Add(const Hash& hash, const ChangeCore& core,
                                     const Coordinate& at,
                                     const Disposition& disposition);
  absl::StatusOr<std::optional<ChangeLocation>> Find(const Hash& hash) const;
  const absl::flat_hash_map<Hash, ChangeLocation>& added() const {
    return added_;
  }
  // The store has it, or all of them, now.
  void Forget(const Hash& hash) { added_.erase(hash); }
  void Forget() { added_.clear(); }

 private:
  const ChangeStore* const changes_;
  const Reader* const reader_;
  absl::flat_hash_map<Hash, ChangeLocation> added_;
};

// The key and value of Family::kConflict: records that need a person.
struct AttentionRow {
  ScopeId scope;
  RecordId record;
  uint32_t conflicts = 0;
  uint32_t held = 0;
};
std::optional<AttentionRow> DecodeAttention(absl::string_view key,
                                            absl::string_view value);

// One run; not thread-safe. `reader` outlives it.
class Materialiser {
 public:
  Materialiser(const ChangeStore* changes, const Reader* reader)
      : changes_(changes), reader_(reader), locations_(changes, reader) {}

  // A change that is new here, or known and now acknowledged. Errors: those of
  // the store, STORE_CORRUPTED.
  absl::Status Add(const Change& change, const Coordinate& at,
                   const Disposition& disposition,
                   std::optional<uint64_t> commit_seq);

  // A record whose changes are the same and whose values are not: Finish folds
  // it again.
  void Touch(const ScopeId& scope, const RecordId& record) {
    dirty_.insert({scope, record});
  }

  // Folds every record touched, and those that rely on what took or lost
  // effect, and writes the rows. Call once.
  absl::Status Finish(WriteBatch* batch);

  // Records whose view may have changed; after Finish.
  std::vector<std::pair<ScopeId, RecordId>> touched() const;

 private:
  using Key = std::pair<ScopeId, RecordId>;
  struct Loaded {
    bool is_stored = false;  // some change of it was here before this run
    std::vector<RecordChange> rows;
    std::vector<bool> changed;  // of the rows: to be written
    std::vector<FoldChange> changes;
  };

  absl::StatusOr<Loaded*> Load(const Key& key);
  absl::StatusOr<CauseState> CauseOf(const Hash& hash);
  absl::Status Refold(const Key& key, WriteBatch* batch);
  absl::Status MarkDependents(const Hash& cause);
  void WriteRecord(const Loaded& record, const RecordView& view,
                   WriteBatch* batch);

  const ChangeStore* const changes_;
  const Reader* const reader_;
  LocationIndex locations_;
  std::map<Key, Loaded> records_;
  std::map<Hash, std::set<Key>> new_dependents_;
  // What the reader has of Family::kDependent, by cause.
  absl::flat_hash_map<Hash, std::vector<Key>> stored_dependents_;
  std::set<Key> dirty_;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_MATERIALISER_H_
