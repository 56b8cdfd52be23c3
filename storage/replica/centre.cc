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

Coordinate FirstOf(const SegmentHeader& header) {
  return {header.device(), header.incarnation, Hash(), header.first_seq};
}

}  // namespace

// One commit group while it is put together.
struct Centre::Group {
  WriteBatch batch;
  std::map<std::string, size_t> placed;  // segment key → index of its result
  uint64_t changes = 0;
};

Centre::Centre(Store* store, KeyRing* keys, const Judge* judge,
               const Clock* clock, Random* random)
    : store_(store),
      keys_(keys),
      judge_(judge),
      clock_(clock),
      random_(random),
      changes_(store, keys),
      tail_(&changes_, store) {}

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

absl::Status Centre::LoadIdentity(const Options& options) {
  auto secret = keys_->GetSecret(*store_, kCentreSecret);
  if (absl::IsNotFound(secret.status())) {
    ByteWriter out;
    out.U8(kVersion);
    for (int i = 0; i < 3; ++i) {
      out.Raw(SigningKey::Generate(*random_).seed());
    }
    out.Fixed(random_->Make<Incarnation>()).Fixed(random_->Make<HistoryId>());
    out.Fixed(MintRecordId(clock_->Now().wall_ms, *random_));
    WriteBatch batch;
    keys_->PutSecret(kCentreSecret, out.bytes(), &batch);
    batch.Put(Family::kMeta, kCentreName, options.name);
    VOUCH_RETURN_IF_ERROR(store_->Write(std::move(batch), Durability::kSynced));
    secret = out.bytes();
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

absl::StatusOr<Segment> Centre::Verify(const DeviceId& from,
                                       absl::string_view wire) const {
  absl::Status failed;
  auto resolve = [&](const DeviceId& device, const Incarnation& incarnation,
                     uint64_t seq) {
    auto hash =
        changes_.GetChangeHash(*store_, {device, incarnation, Hash(), seq});
    failed.Update(hash.status());
    return hash.value_or(std::nullopt);
  };
  auto decoded = DecodeSegment(wire, resolve);
  VOUCH_RETURN_IF_ERROR(failed);  // the disk's fault is not the device's
  VOUCH_RETURN_IF_ERROR(decoded.status());
  Segment segment = *std::move(decoded);
  if (segment.header.device() != from) {
    return Error(Reason::kChainForeign,
                 "a device may push only changes it wrote itself");
  }
  return segment;
}

absl::StatusOr<ChangeStore::Head> Centre::ChainHeadOf(const DeviceId& device,
                                                      const Incarnation& inc) {
  std::string key = ChainPrefix(device, inc);
  auto cached = chain_heads_.find(key);
  if (cached != chain_heads_.end()) return cached->second;
  VOUCH_ASSIGN_OR_RETURN(auto head, changes_.ChainHead(*store_, device, inc));
  chain_heads_[key] = head;
  return head;
}

absl::StatusOr<ScopeEnd> Centre::ScopeEndOf(const ScopeId& scope) {
  auto cached = scope_ends_.find(scope);
  if (cached != scope_ends_.end()) return cached->second;
  VOUCH_ASSIGN_OR_RETURN(ScopeEnd end, changes_.GetScopeEnd(*store_, scope));
  scope_ends_[scope] = end;
  return end;
}

absl::StatusOr<bool> Centre::FindDuplicate(const Segment& segment,
                                           CommitResult* result) const {
  VOUCH_ASSIGN_OR_RETURN(
      auto row, changes_.GetSegmentRow(*store_, FirstOf(segment.header)));
  if (!row.has_value() || !row->committed() ||
      row->header.count != segment.header.count ||
      row->header.head != segment.header.head) {
    return false;
  }
  VOUCH_ASSIGN_OR_RETURN(auto log,
                         changes_.GetLogRow(*store_, *row->first_commit_seq));
  if (!log.has_value()) return false;
  result->commit = log->commit;
  result->duplicate = true;
  return true;
}

absl::Status Centre::CommitOne(const CommitRequest& request, Group* group,
                               CommitResult* result) {
  const SegmentHeader& header = request.segment.header;
  VOUCH_ASSIGN_OR_RETURN(auto head,
                         ChainHeadOf(request.from, header.incarnation));
  if (header.first_seq <= head.seq) {
    VOUCH_ASSIGN_OR_RETURN(bool found, FindDuplicate(request.segment, result));
    if (found) return absl::OkStatus();
    result->status = Error(Reason::kChainForked,
                           "another change stands at this place of the chain");
    return absl::OkStatus();
  }
  if (header.first_seq != head.seq + 1) {
    result->status =
        Error(Reason::kChainBroken,
              absl::StrCat("the chain is held up to ", head.seq,
                           ", the segment begins at ", header.first_seq));
    return absl::OkStatus();
  }
  if (header.previous != head.hash) {
    result->status =
        Error(Reason::kChainForked, "the segment continues another chain");
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(ScopeEnd end, ScopeEndOf(header.scope));
  SegmentCommit& commit = result->commit;
  commit.first_commit_seq = tree_->size();
  commit.first_scope_seq = end.seq + 1;
  commit.previous_scope_head = end.head;
  commit.receive_ms = clock_->Now().wall_ms;
  Coordinate at = FirstOf(header);
  std::vector<Hash> hashes;
  for (const Change& change : request.segment.changes) {
    VOUCH_ASSIGN_OR_RETURN(Disposition verdict, Decide(request, change));
    commit.dispositions.push_back(verdict);
    hashes.push_back(change.hash);
    VOUCH_RETURN_IF_ERROR(
        tail_.Add(change.hash, change.core, at, verdict).status());
    VOUCH_RETURN_IF_ERROR(changes_.PutChange(change, Hash(), &group->batch));
    ++at.seq;
  }
  std::vector<LogEntry> entries = EntriesOf(commit, header.scope, hashes);
  for (const LogEntry& entry : entries) {
    tree_->Append(LeafHash(EncodeLogEntry(entry)));
  }
  LogRow row{FirstOf(header), header.count, header.scope, commit,
             ScopeHead(entries.back())};
  changes_.PutLogRow(row, &group->batch);
  changes_.PutSegmentRow({header, commit.first_commit_seq, std::nullopt},
                         &group->batch);
  chain_heads_[ChainPrefix(request.from, header.incarnation)] = {
      header.end_seq() - 1, header.head};
  scope_ends_[header.scope] = {entries.back().scope_seq, row.scope_head};
  group->changes += header.count;
  return absl::OkStatus();
}

absl::Status Centre::WriteGroup(Group* group) {
  if (group->changes == 0) return absl::OkStatus();
  for (Tile& tile : tree_->TakeDirtyTiles()) {
    group->batch.Put(Family::kMerkleTile, tile.key, tile.value);
  }
  VOUCH_RETURN_IF_ERROR(
      store_->Write(std::move(group->batch), Durability::kSynced));
  Publish();
  group->batch.Clear();
  group->changes = 0;
  return absl::OkStatus();
}

absl::Status Centre::CommitAll(const std::vector<CommitRequest>& requests,
                               std::vector<CommitResult>* results) {
  Group group;
  while (tail_.added().size() > kTailChangesMax && !materialised()) {
    VOUCH_RETURN_IF_ERROR(Materialise(kMaterialiseEntriesMax));
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    const Segment& segment = requests[i].segment;
    std::string key = ChainKey(FirstOf(segment.header));
    auto twin = group.placed.find(key);
    // Sent twice within one group: one change, two acknowledgements.
    if (twin != group.placed.end() &&
        requests[twin->second].segment.header.head == segment.header.head) {
      (*results)[i] = (*results)[twin->second];
      (*results)[i].duplicate = true;
      continue;
    }
    if (NeedsViews(segment)) {
      VOUCH_RETURN_IF_ERROR(WriteGroup(&group));
      while (!materialised()) {
        VOUCH_RETURN_IF_ERROR(Materialise(kMaterialiseEntriesMax));
      }
    }
    VOUCH_RETURN_IF_ERROR(CommitOne(requests[i], &group, &(*results)[i]));
    if ((*results)[i].status.ok()) group.placed[key] = i;
  }
  return WriteGroup(&group);
}

absl::StatusOr<std::vector<Centre::CommitResult>> Centre::Commit(
    std::vector<CommitRequest> requests) {
  VOUCH_RETURN_IF_ERROR(Settle());
  std::vector<CommitResult> results(requests.size());
  absl::Status status = CommitAll(requests, &results);
  if (!status.ok()) {
    reload_due_ = true;
    Reason reason = ReasonOf(status);
    // These two are refused before anything is written.
    if (reason != Reason::kStoreFull && reason != Reason::kTooLarge) {
      MutexLock lock(mutex_);
      in_doubt_ = true;
    }
    // If this fails too, the next commit tries again before anything else.
    Settle().IgnoreError();
    return status;
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    if (!results[i].status.ok()) continue;
    std::vector<Hash> hashes;
    for (const Change& change : requests[i].segment.changes) {
      hashes.push_back(change.hash);
    }
    results[i].ack = SignAck(
        *centre_key_, history_,
        EntriesOf(results[i].commit, requests[i].segment.header.scope, hashes));
  }
  return results;
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
  chain_heads_.clear();
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
      VOUCH_RETURN_IF_ERROR(materialiser.Add(change, at,
                                             row.commit.dispositions[i],
                                             row.commit.first_commit_seq + i));
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
