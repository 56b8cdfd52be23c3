// What the centre says of its standing: how far its log is in a second store,
// and what was erased.
#include "storage/replica/chain_runs.h"
#include "storage/replica/device.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"

namespace vouch {

absl::Status Device::LoadStanding() {
  stable_head_.reset();
  erasures_done_ = 0;
  auto head = store_->Get(Family::kMeta, kStableRow);
  if (head.ok()) {
    VOUCH_ASSIGN_OR_RETURN(stable_head_, DecodeTreeHead(*head));
  } else if (!absl::IsNotFound(head.status())) {
    return head.status();
  }
  auto erased = store_->Get(Family::kMeta, kErasedRow);
  if (erased.ok()) {
    erasures_done_ = U64OfKey(*erased);
  } else if (!absl::IsNotFound(erased.status())) {
    return erased.status();
  }
  return absl::OkStatus();
}

StandingKept Device::Keep(const KeepStanding& standing) {
  StandingKept kept{Settle()};
  if (kept.status.ok()) kept.status = KeepStableHead(standing.stable_head);
  if (kept.status.ok()) kept.status = Erase(standing.erasures);
  return kept;
}

absl::Status Device::KeepStableHead(const std::string& encoded) {
  if (encoded.empty()) {
    // Rule 25: withdrawn, and no crash may bring it back.
    if (!stable_head_.has_value()) return absl::OkStatus();
    WriteBatch none;
    none.Delete(Family::kMeta, kStableRow);
    VOUCH_RETURN_IF_ERROR(Write(std::move(none), Durability::kSynced));
    stable_head_.reset();
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(TreeHead head, DecodeTreeHead(encoded));
  if (!VerifyStableHead(membership_->centre_key, head)) {
    return Error(Reason::kProofInvalid, "the stable head's signature is wrong");
  }
  if (stable_head_.has_value() && stable_head_->size == head.size) {
    return absl::OkStatus();
  }
  WriteBatch batch;
  batch.Put(Family::kMeta, kStableRow, encoded);
  // Not synced: what a crash takes back was only a good word, and is said
  // again. One that covers less takes a word back.
  const bool less = stable_head_.has_value() && stable_head_->size > head.size;
  VOUCH_RETURN_IF_ERROR(Write(
      std::move(batch), less ? Durability::kSynced : Durability::kBuffered));
  stable_head_ = head;
  return absl::OkStatus();
}

// The payloads' keys go first, in every run that holds one (rule 26).
absl::Status Device::Erase(const std::vector<v1::ErasedRecord>& records) {
  if (records.empty()) return absl::OkStatus();
  WriteBatch batch;
  Materialiser materialiser(&changes_, store_);
  for (const v1::ErasedRecord& erased : records) {
    auto scope = ScopeId::FromBytes(erased.scope_id());
    auto record = RecordId::FromBytes(erased.record_id());
    if (!scope.has_value() || !record.has_value()) {
      return Error(Reason::kMalformed, "the ids of an erased record");
    }
    VOUCH_ASSIGN_OR_RETURN(auto rows,
                           changes_.GetRecordChanges(*store_, *scope, *record));
    for (const RecordChange& row : rows) {
      keys_->ErasePayload(ChainKey(row.at), &batch);
      VOUCH_ASSIGN_OR_RETURN(
          auto runs, ListRuns(*store_, row.at.device, row.at.incarnation));
      for (const Run& run : runs) {
        Coordinate twin = row.at;
        twin.branch = run.first.branch;
        VOUCH_ASSIGN_OR_RETURN(auto held,
                               changes_.GetChangeHash(*store_, twin));
        if (held == row.hash) keys_->ErasePayload(ChainKey(twin), &batch);
      }
    }
    materialiser.Touch(*scope, *record);
  }
  VOUCH_RETURN_IF_ERROR(Write(std::move(batch), Durability::kSynced));
  const uint64_t done = erasures_done_ + records.size();
  WriteBatch views;
  VOUCH_RETURN_IF_ERROR(materialiser.Finish(&views));
  views.Put(Family::kMeta, kErasedRow, U64Key(done));
  Touch(materialiser);
  VOUCH_RETURN_IF_ERROR(Write(std::move(views), Durability::kSynced));
  erasures_done_ = done;
  return absl::OkStatus();
}

}  // namespace vouch
