// Erasure at the centre: the register first, then the keys, then the views.
#include "storage/replica/centre.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"

namespace vouch {

// What a tablet pushes of an erased record is committed like anything else, so
// that its chain goes on, without the body.
absl::Status Centre::PutKept(const Change& change, const Hash& branch,
                             WriteBatch* batch) const {
  if (!erasures_.Contains(change.core.scope, change.core.record)) {
    return changes_.PutChange(change, branch, batch);
  }
  Change bare;
  bare.core_bytes = change.core_bytes;
  bare.core = change.core;
  bare.hash = change.hash;
  bare.signatures = change.signatures;
  bare.erased = true;
  return changes_.PutChange(bare, branch, batch);
}

absl::StatusOr<ErasedRecord> Centre::Erase(const RecordId& record) {
  VOUCH_RETURN_IF_ERROR(Settle());
  while (!materialised()) {
    VOUCH_RETURN_IF_ERROR(Materialise(kMaterialiseEntriesMax));
  }
  ErasedRecord out;
  out.registered_before = erasures_.Contains(record);
  VOUCH_ASSIGN_OR_RETURN(std::vector<ScopeId> scopes,
                         changes_.ScopesOf(*store_, record));
  if (scopes.empty() && !out.registered_before) {
    return Error(Reason::kNotFound,
                 absl::StrCat("there is no record ", record.Hex()));
  }
  out.scopes = scopes.size();
  std::vector<Erasure> fresh;
  std::vector<GrantRow> rows;
  for (const ScopeId& scope : scopes) {
    if (erasures_.Contains(scope, record)) continue;
    fresh.push_back({erasures_.end_seq() + fresh.size(), scope, record,
                     clock_->Now().wall_ms});
    rows.push_back({ErasureKey(fresh.back().seq), EncodeErasure(fresh.back())});
  }
  if (!rows.empty()) {
    VOUCH_RETURN_IF_ERROR(WriteGrants(rows));
    erasures_.Add(fresh);
  }
  VOUCH_ASSIGN_OR_RETURN(out.changes, CarryOutErasures());
  return out;
}

// All that is registered and not known to be done. Changes whose payload it
// took away.
absl::StatusOr<uint64_t> Centre::CarryOutErasures() {
  auto done = store_->Get(Family::kMeta, kErasuresDone);
  if (!done.ok() && !absl::IsNotFound(done.status())) return done.status();
  uint64_t position = done.ok() ? U64OfKey(*done) : 0;
  uint64_t changes = 0;
  while (position < erasures_.end_seq()) {
    std::vector<Erasure> some = erasures_.From(position);
    VOUCH_ASSIGN_OR_RETURN(uint64_t more, CarryOut(some));
    changes += more;
    position += some.size();
  }
  return changes;
}

absl::StatusOr<uint64_t> Centre::CarryOut(
    const std::vector<Erasure>& erasures) {
  uint64_t changes = 0;
  WriteBatch keys;
  Materialiser materialiser(&changes_, store_);
  for (const Erasure& erasure : erasures) {
    VOUCH_ASSIGN_OR_RETURN(
        auto rows,
        changes_.GetRecordChanges(*store_, erasure.scope, erasure.record));
    for (const RecordChange& row : rows) {
      const std::string key = ChainKey(row.at);
      if (store_->Get(Family::kPayload, key).ok()) ++changes;
      keys_->ErasePayload(key, &keys);
    }
    materialiser.Touch(erasure.scope, erasure.record);
  }
  // The keys are gone before any view is made without the values. A crash in
  // between leaves the register ahead of `erased`: the next start goes on.
  absl::Status gone = store_->Write(std::move(keys), Durability::kSynced);
  sent_.Clear();  // a failed write may have taken them all the same
  VOUCH_RETURN_IF_ERROR(gone);
  WriteBatch views;
  VOUCH_RETURN_IF_ERROR(materialiser.Finish(&views));
  views.Put(Family::kMeta, kErasuresDone, U64Key(erasures.back().seq + 1));
  VOUCH_RETURN_IF_ERROR(store_->Write(std::move(views), Durability::kBuffered));
  return changes;
}

}  // namespace vouch
