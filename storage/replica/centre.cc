#include "storage/replica/centre.h"

#include <algorithm>

#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr absl::string_view kCentreSecret = "centre-keys";
constexpr absl::string_view kCentreName = "centre-name";
constexpr absl::string_view kMaterialised = "materialised";
constexpr uint8_t kVersion = 1;

}  // namespace

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
  VOUCH_RETURN_IF_ERROR(centre->LoadIdentity(options));
  VOUCH_RETURN_IF_ERROR(centre->LoadLog());
  while (!centre->materialised()) {
    VOUCH_RETURN_IF_ERROR(centre->Materialise(kMaterialiseEntriesMax));
  }
  return centre;
}

absl::Status Centre::CreateIdentity(const Options& options) {
  centre_key_ = SigningKey::Generate(*random_);
  SigningKey device_key = SigningKey::Generate(*random_);
  SigningKey person_key = SigningKey::Generate(*random_);
  const auto incarnation = random_->Make<Incarnation>();
  history_ = random_->Make<HistoryId>();
  centre_id_ = MintRecordId(clock_->Now().wall_ms, *random_);
  WriteBatch batch;
  PutIdentity(ChainWriter(device_key, person_key, PersonId(), incarnation),
              &batch);
  batch.Put(Family::kMeta, kCentreName, options.name);
  return store_->Write(std::move(batch), Durability::kSynced);
}

void Centre::PutIdentity(const ChainWriter& writer, WriteBatch* batch) const {
  ByteWriter out;
  out.U8(kVersion).Raw(centre_key_->seed()).Raw(writer.device_key().seed());
  out.Raw(writer.person_key().seed()).Fixed(writer.incarnation());
  out.Fixed(history_).Fixed(centre_id_);
  keys_->PutSecret(kCentreSecret, out.bytes(), batch);
}

absl::Status Centre::LoadIdentity(const Options& options) {
  auto secret = keys_->GetSecret(*store_, kCentreSecret);
  if (absl::IsNotFound(secret.status())) {
    VOUCH_RETURN_IF_ERROR(CreateIdentity(options));
    secret = keys_->GetSecret(*store_, kCentreSecret);
  }
  if (!secret.ok()) return secret.status();
  ByteReader in(*secret);
  uint8_t version = in.U8();
  auto centre_key = SigningKey::FromSeed(in.Raw(32));
  auto device_key = SigningKey::FromSeed(in.Raw(32));
  auto person_key = SigningKey::FromSeed(in.Raw(32));
  auto incarnation = in.Fixed<Incarnation>();
  history_ = in.Fixed<HistoryId>();
  centre_id_ = in.Fixed<RecordId>();
  if (!in.Done() || version != kVersion || !centre_key || !device_key ||
      !person_key) {
    return Error(Reason::kStoreCorrupted,
                 "the centre's identity in family meta is not readable");
  }
  centre_key_ = *centre_key;
  centre_public_key_ = centre_key->public_key();
  // As an author the centre is a person of its own, with its own id.
  writer_.emplace(*device_key, *person_key,
                  *PersonId::FromBytes(centre_id_.view()), incarnation);
  centre_device_ = writer_->device();
  centre_person_key_ = person_key->public_key();
  VOUCH_ASSIGN_OR_RETURN(name_, store_->Get(Family::kMeta, kCentreName));
  return absl::OkStatus();
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
  return published_.materialised >= published_.size;
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

absl::Status Centre::Materialise(size_t entries_max) {
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
  for (const LogRow& row : rows) {
    Coordinate at = row.first;
    for (uint32_t i = 0; i < row.count; ++i, ++at.seq) {
      VOUCH_ASSIGN_OR_RETURN(Change change, changes_.GetChange(*store_, at));
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
