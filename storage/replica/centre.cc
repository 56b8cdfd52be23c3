#include "storage/replica/centre.h"

#include <algorithm>

#include "storage/replica/keys.h"
#include "sync/base/status.h"

namespace vouch {

Centre::Centre(Store* store, KeyRing* keys, const Judge* judge,
               const Clock* clock, Random* random)
    : store_(store),
      keys_(keys),
      judge_(judge),
      clock_(clock),
      random_(random),
      changes_(store, keys),
      tail_(&changes_, store),
      runs_(
          &changes_, store,
          [this](
              const Hash& hash) -> absl::StatusOr<std::optional<Coordinate>> {
            VOUCH_ASSIGN_OR_RETURN(auto found, tail_.Find(hash));
            if (!found.has_value()) return std::optional<Coordinate>();
            return std::optional<Coordinate>(found->at);
          },
          ChainRuns::Holes::kAreGaps) {}

absl::StatusOr<std::unique_ptr<Centre>> Centre::Open(
    Store* store, KeyRing* keys, const Judge* judge, const Clock* clock,
    Random* random, const Options& options) {
  std::unique_ptr<Centre> centre(new Centre(store, keys, judge, clock, random));
  centre->authority_ = options.authority;
  VOUCH_RETURN_IF_ERROR(centre->LoadIdentity(options));
  VOUCH_RETURN_IF_ERROR(centre->LoadLog());
  VOUCH_RETURN_IF_ERROR(centre->JoinAuthority());
  VOUCH_RETURN_IF_ERROR(centre->LoadStable());
  while (!centre->materialised()) {
    VOUCH_RETURN_IF_ERROR(centre->Materialise(kMaterialiseEntriesMax));
  }
  VOUCH_RETURN_IF_ERROR(centre->CarryOutErasures().status());
  return centre;
}

absl::Status Centre::LoadIdentity(const Options& options) {
  auto identity = ReadIdentity(*store_, *keys_);
  if (absl::IsNotFound(identity.status())) {
    if (authority_ != nullptr) {
      VOUCH_ASSIGN_OR_RETURN(auto mark, authority_->GetMark());
      if (mark.has_value()) {
        return Error(Reason::kAuthorityMismatch,
                     "the log store is empty, and the authority store is of a "
                     "centre that had one: restore it from its backup");
      }
    }
    identity = MakeIdentity(clock_->Now().wall_ms, *random_);
    WriteBatch batch;
    PutIdentity(*identity, *keys_, &batch);
    batch.Put(Family::kMeta, kCentreName, options.name);
    VOUCH_RETURN_IF_ERROR(store_->Write(std::move(batch), Durability::kSynced));
  }
  VOUCH_RETURN_IF_ERROR(identity.status());
  TakeIdentity(*identity);
  VOUCH_ASSIGN_OR_RETURN(name_, store_->Get(Family::kMeta, kCentreName));
  return absl::OkStatus();
}

void Centre::TakeIdentity(const CentreIdentity& identity) {
  history_ = identity.history;
  centre_id_ = identity.id;
  centre_key_ = identity.centre_key;
  centre_public_key_ = identity.centre_key.public_key();
  // As an author the centre is a person of its own, with its own id.
  writer_.emplace(identity.device_key, identity.person_key,
                  *PersonId::FromBytes(centre_id_.view()),
                  identity.incarnation);
  centre_device_ = writer_->device();
  centre_person_key_ = identity.person_key.public_key();
}

TileGet Centre::TilesOf(const Reader& reader) const {
  return [&reader](absl::string_view key) {
    return reader.Get(Family::kMerkleTile, key);
  };
}

absl::StatusOr<TiledTree> Centre::OpenTree(uint64_t size) const {
  return TiledTree::Open(size, TilesOf(*store_));
}

absl::Status Centre::LoadLog() {
  VOUCH_ASSIGN_OR_RETURN(uint64_t size, changes_.LogSize(*store_));
  VOUCH_ASSIGN_OR_RETURN(TiledTree tree, OpenTree(size));
  tree_ = std::move(tree);
  VOUCH_ASSIGN_OR_RETURN(
      auto head,
      changes_.ChainHead(*store_, writer_->device(), writer_->incarnation()));
  Hlc hlc;
  if (head.seq > 0) {
    VOUCH_ASSIGN_OR_RETURN(
        Change last,
        changes_.GetChange(*store_, {writer_->device(), writer_->incarnation(),
                                     Hash(), head.seq}));
    VOUCH_ASSIGN_OR_RETURN(hlc, Hlc::Restore(last.core.hlc));
  }
  writer_->Restore(head.seq, head.hash, hlc);
  auto watermark = store_->Get(Family::kMeta, kMaterialised);
  if (!watermark.ok() && !absl::IsNotFound(watermark.status())) {
    return watermark.status();
  }
  MutexLock lock(mutex_);
  published_.size = size;
  published_.root = tree_->Root();
  published_.materialised = watermark.ok() ? U64OfKey(*watermark) : 0;
  return absl::OkStatus();
}

bool Centre::materialised() const {
  MutexLock lock(mutex_);
  return !in_doubt_ && published_.materialised >= published_.size;
}

void Centre::Publish() {
  MutexLock lock(mutex_);
  published_.size = tree_->size();
  published_.root = tree_->Root();
}

// What is committed and not in the views yet, read back from the log.
absl::Status Centre::LoadTail() {
  Published now;
  {
    MutexLock lock(mutex_);
    now = published_;
  }
  tail_.Forget();
  absl::Status added;
  absl::Status scanned = changes_.ScanLog(
      *store_, now.materialised, now.size, [&](const LogRow& row) {
        Coordinate at = row.first;
        if (row.commit.kind == LogEntry::kReinstate) return true;
        for (uint32_t i = 0; i < row.count && added.ok(); ++i, ++at.seq) {
          auto change = changes_.GetChange(*store_, at);
          added = change.ok() ? tail_
                                    .Add(change->hash, change->core, at,
                                         row.commit.dispositions[i])
                                    .status()
                              : change.status();
        }
        return added.ok();
      });
  return scanned.ok() ? added : scanned;
}

// After a failed commit the tree and the caches are ahead of the store, and
// the store may hold the batch all the same. It counts only once it is durable
// (or a duplicate would be acknowledged that a crash takes away), and then
// everything in memory is read anew.
absl::Status Centre::Settle() {
  if (!reload_due_) return absl::OkStatus();
  if (!CheckSettled().ok()) VOUCH_RETURN_IF_ERROR(store_->Sync());
  runs_.Clear();
  scope_ends_.clear();
  kept_.clear();
  kept_bytes_ = 0;
  sent_.Clear();
  VOUCH_RETURN_IF_ERROR(LoadLog());
  VOUCH_RETURN_IF_ERROR(LoadTail());
  reload_due_ = false;
  MutexLock lock(mutex_);
  in_doubt_ = false;
  return absl::OkStatus();
}

absl::Status Centre::CheckSettled() const {
  MutexLock lock(mutex_);
  if (!in_doubt_) return absl::OkStatus();
  return Error(Reason::kStoreIo,
               "a write failed; what it left on the disk is not known yet");
}

void Centre::Keep(std::vector<CommitRequest> requests,
                  const std::vector<CommitResult>& results) {
  uint64_t viewed = 0;
  {
    MutexLock lock(mutex_);
    viewed = published_.materialised;
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    const CommitResult& result = results[i];
    if (!result.status.ok() || result.duplicate ||
        result.commit.first_commit_seq < viewed) {
      continue;
    }
    KeptSegment kept{result.commit.first_commit_seq,
                     std::move(requests[i].segment.changes), 0};
    // Of a segment that was committed in part, the others stand elsewhere.
    kept.changes.erase(
        kept.changes.begin(),
        kept.changes.end() -
            static_cast<std::ptrdiff_t>(result.commit.dispositions.size()));
    for (const Change& change : kept.changes) {
      // The core is there twice, as bytes and in parts.
      kept.bytes +=
          sizeof(Change) + 2 * change.core_bytes.size() + change.payload.size();
    }
    if (kept_bytes_ + kept.bytes > kKeptBytesMax) return;
    kept_bytes_ += kept.bytes;
    kept_.push_back(std::move(kept));
  }
}

absl::StatusOr<std::vector<Change>> Centre::TakeChanges(const LogRow& row) {
  std::vector<Change> changes;
  while (!kept_.empty() &&
         kept_.front().first_commit_seq <= row.commit.first_commit_seq) {
    if (kept_.front().first_commit_seq == row.commit.first_commit_seq) {
      changes = std::move(kept_.front().changes);
    }
    kept_bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
  // What is erased was stored without its body.
  const bool whole =
      !changes.empty() &&
      std::none_of(changes.begin(), changes.end(), [&](const Change& change) {
        return IsErased(change.core.scope, change.core.record);
      });
  if (whole) return changes;
  return changes_.GetChanges(*store_, row.first, row.count);
}

absl::Status Centre::Materialise(size_t entries_max) {
  // Here too: while in doubt no session is let in, so no commit would come.
  VOUCH_RETURN_IF_ERROR(Settle());
  Published now;
  {
    MutexLock lock(mutex_);
    now = published_;
  }
  if (now.materialised >= now.size) return absl::OkStatus();
  uint64_t end = std::min<uint64_t>(now.size, now.materialised + entries_max);
  std::vector<LogRow> rows;
  VOUCH_RETURN_IF_ERROR(
      changes_.ScanLog(*store_, now.materialised, end, [&](const LogRow& row) {
        rows.push_back(row);
        return true;
      }));
  if (rows.empty()) {
    return Error(Reason::kStoreCorrupted, "family log has a gap");
  }
  Materialiser materialiser(&changes_, store_);
  std::vector<Hash> worked_in;
  for (const LogRow& row : rows) {
    Coordinate at = row.first;
    VOUCH_ASSIGN_OR_RETURN(std::vector<Change> changes, TakeChanges(row));
    for (uint32_t i = 0; i < row.count; ++i, ++at.seq) {
      const Change& change = changes[i];
      worked_in.push_back(change.hash);
      std::optional<uint64_t> commit_seq = row.commit.first_commit_seq + i;
      if (row.commit.kind == LogEntry::kReinstate) {
        // It stays where it was committed; what it got is another.
        VOUCH_ASSIGN_OR_RETURN(
            auto known,
            changes_.GetRecordChange(*store_, change.core.scope,
                                     change.core.record, change.hash));
        if (known.has_value()) commit_seq = known->commit_seq;
      }
      VOUCH_RETURN_IF_ERROR(
          materialiser.Add(change, at, row.commit.dispositions[i], commit_seq));
    }
  }
  WriteBatch batch;
  VOUCH_RETURN_IF_ERROR(materialiser.Finish(&batch));
  uint64_t done = rows.back().end_seq();
  batch.Put(Family::kMeta, kMaterialised, U64Key(done));
  // Derived: what a crash loses is derived again from the watermark on.
  VOUCH_RETURN_IF_ERROR(store_->Write(std::move(batch), Durability::kBuffered));
  consulted_ = {};
  // The store knows these now. One by one, so that a tail which is too long is
  // brought under its limit and no further while a commit waits.
  for (const Hash& hash : worked_in) tail_.Forget(hash);
  bool caught_up = false;
  {
    MutexLock lock(mutex_);
    published_.materialised = done;
    caught_up = done >= published_.size;
  }
  if (caught_up) tail_.Forget();
  return absl::OkStatus();
}

absl::Status Centre::Write(const NewChange& draft) {
  VOUCH_RETURN_IF_ERROR(Settle());
  ChainWriter writer = *writer_;
  VOUCH_ASSIGN_OR_RETURN(Change change,
                         writer.Write(draft, clock_->Now(), *random_));
  VOUCH_RETURN_IF_ERROR(PutMark(writer.seq()));
  SeenHead seen;
  {
    MutexLock lock(mutex_);
    seen = {history_, published_.size, published_.root};
  }
  Segment segment = SealSegment({std::move(change)}, seen, writer.device_key());
  std::vector<CommitRequest> requests;
  requests.push_back({writer.device(), std::move(segment)});
  VOUCH_ASSIGN_OR_RETURN(auto results, Commit(std::move(requests)));
  VOUCH_RETURN_IF_ERROR(results[0].status);
  writer_ = std::move(writer);
  return absl::OkStatus();
}

}  // namespace vouch
