// What the centre reads for its sessions; any thread.
#include <algorithm>

#include "storage/replica/centre.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"
#include "sync/core/ranges.h"

namespace vouch {
namespace {

void AddHashes(const std::vector<Hash>& hashes,
               google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const Hash& hash : hashes) *out->Add() = hash.Bytes();
}

}  // namespace

TreeHead Centre::Head() const {
  MutexLock lock(mutex_);
  if (!head_.has_value() || head_->size != published_.size) {
    TreeHead head;
    head.history = history_;
    head.size = published_.size;
    head.root = published_.root;
    head.time_ms = clock_->Now().wall_ms;
    SignTreeHead(*centre_key_, &head);
    head_ = head;
  }
  return *head_;
}

LookedUp Centre::Answer(const DeviceId& device, const v1::Hello& hello) const {
  LookedUp out;
  out.status = CheckSettled();
  if (!out.status.ok()) return out;
  TreeHead head = Head();
  out.welcome.set_tree_head(EncodeTreeHead(head));
  out.welcome.set_server_time_ms(clock_->Now().wall_ms);
  const std::optional<TreeHead> stable = StableHead();
  if (stable.has_value()) {
    out.welcome.set_stable_head(EncodeTreeHead(*stable));
  }
  for (const Erasure& erasure : Erasures(hello.erasures_known())) {
    v1::ErasedRecord* erased = out.welcome.add_erasures();
    erased->set_scope_id(erasure.scope.Bytes());
    erased->set_record_id(erasure.record.Bytes());
  }
  for (const v1::ChainHead& asked : hello.heads()) {
    auto incarnation = Incarnation::FromBytes(asked.incarnation());
    if (!incarnation.has_value()) {
      out.status = Error(Reason::kMalformed, "an incarnation is not 8 bytes");
      return out;
    }
    auto held = ContiguousHead(changes_, *store_, device, *incarnation);
    if (!held.ok()) {
      out.status = held.status();
      return out;
    }
    v1::ChainHead* answer = out.welcome.add_heads();
    answer->set_incarnation(asked.incarnation());
    answer->set_seq(held->seq);
    if (held->seq > 0) answer->set_hash(held->hash.Bytes());
  }
  // The device has seen more than this log holds: it decides what that is.
  if (hello.cursor_size() > head.size) return out;
  std::unique_ptr<Reader> snapshot = store_->Snapshot();
  TileReader tree(head.size, TilesOf(*snapshot));
  auto proof = ConsistencyProof(tree, hello.cursor_size(), head.size);
  if (!proof.ok()) {
    out.status = proof.status();
    return out;
  }
  AddHashes(*proof, out.welcome.mutable_consistency());
  return out;
}

// What stands at one row of the log, as this device needs it.
absl::Status Centre::AddItem(const Reader& snapshot, EncodedSegments::Pass pass,
                             const DeviceId& device, const ReadFeed& request,
                             const LogRow& row, ChainRuns* chains,
                             v1::PullBatch* batch) const {
  std::string commit = EncodeSegmentCommit(row.commit);
  if (row.commit.kind == LogEntry::kReinstate) {
    VOUCH_ASSIGN_OR_RETURN(auto hash,
                           changes_.GetChangeHash(snapshot, row.first));
    if (!hash.has_value()) {
      return Error(Reason::kStoreCorrupted, "a reinstated change is gone");
    }
    v1::ReinstatedChange* item = batch->add_items()->mutable_reinstated();
    item->set_change_hash(hash->Bytes());
    item->set_commit(std::move(commit));
    return absl::OkStatus();
  }
  // Of a chain that is forked or in pieces the device may hold another run.
  bool own = false;
  for (const OwnHead& head : request.own) {
    own |= row.first.device == device && row.first.branch.IsZero() &&
           row.first.incarnation == head.incarnation &&
           row.first.seq + row.count - 1 <= head.seq;
  }
  auto prove = [&](const SegmentRow& segment, auto* item) {
    if (!segment.ack.has_value()) return;
    item->set_signature(segment.ack->signature.Bytes());
    if (segment.ack->history == history_) return;
    item->set_history_id(segment.ack->history.Bytes());
  };
  std::optional<SegmentRow> stored;
  if (own) {
    VOUCH_ASSIGN_OR_RETURN(stored, changes_.GetSegmentRow(snapshot, row.first));
    if (!stored.has_value()) {
      return Error(Reason::kStoreCorrupted, "a segment of the log is gone");
    }
    // What is left of a segment it may hold in another one.
    own = row.first.seq == stored->header.first_seq;
  }
  if (own) {
    v1::CommittedSegment* item = batch->add_items()->mutable_own();
    item->set_incarnation(row.first.incarnation.Bytes());
    item->set_first_seq(row.first.seq);
    item->set_count(row.count);
    item->set_commit(std::move(commit));
    // A twin of this tablet may have taken its place since it said Hello.
    item->set_head(stored->header.head.Bytes());
    prove(*stored, item);
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(
      EncodedSegments::Pointer encoded,
      EncodedAt(snapshot, pass, row, !request.own.empty(), chains));
  v1::PulledSegment* item = batch->add_items()->mutable_segment();
  item->set_segment(encoded->wire);
  item->set_commit(std::move(commit));
  prove(encoded->row, item);
  return absl::OkStatus();
}

absl::StatusOr<EncodedSegments::Pointer> Centre::EncodedAt(
    const Reader& snapshot, EncodedSegments::Pass pass, const LogRow& row,
    bool may_shorten, ChainRuns* chains) const {
  const uint64_t at = row.commit.first_commit_seq;
  for (const bool shortened : {true, false}) {
    EncodedSegments::Pointer sent = sent_.Find(at, shortened);
    if (sent == nullptr) continue;
    VOUCH_ASSIGN_OR_RETURN(bool in_pieces, chains->InPieces(sent->row.header));
    if ((may_shorten && !in_pieces) == shortened) return sent;
  }
  SegmentRow stored;
  VOUCH_ASSIGN_OR_RETURN(Segment segment,
                         changes_.GetSegment(snapshot, row.first, &stored));
  // Of a chain in pieces a device that lacks some of its scopes cannot tell
  // which piece a number means; and one that recovers may hold pieces that this
  // centre lost.
  VOUCH_ASSIGN_OR_RETURN(bool in_pieces, chains->InPieces(segment.header));
  const bool shorten = may_shorten && !in_pieces;
  std::string wire = EncodeSegment(
      segment,
      shorten ? changes_.Shortener(snapshot, segment, Hash()) : ShortenOwn());
  return sent_.Keep(pass, at, shorten, {std::move(stored), std::move(wire)});
}

FeedRead Centre::Feed(const DeviceId& device, const Visible& visible,
                      const ReadFeed& request) const {
  FeedRead out;
  out.status = CheckSettled();
  if (!out.status.ok()) return out;
  TreeHead head = Head();
  const EncodedSegments::Pass pass = sent_.Begin();
  std::unique_ptr<Reader> snapshot = store_->Snapshot();
  TileReader tree(head.size, TilesOf(*snapshot));
  ChainRuns chains(&changes_, snapshot.get(), nullptr,
                   ChainRuns::Holes::kAreGaps);
  v1::PullBatch& batch = out.batch;
  uint64_t position = std::min(request.from_size, head.size);
  uint64_t skipped_from = position;
  size_t bytes = 0;
  auto flush_skipped = [&]() -> absl::Status {
    if (skipped_from == position) return absl::OkStatus();
    VOUCH_ASSIGN_OR_RETURN(auto subtrees,
                           RangeSubtrees(tree, skipped_from, position));
    v1::SkippedEntries* item = batch.add_items()->mutable_skipped();
    item->set_count(position - skipped_from);
    AddHashes(subtrees, item->mutable_subtrees());
    return absl::OkStatus();
  };
  auto add = [&](const LogRow& row) -> absl::Status {
    if (row.commit.first_commit_seq != position) {
      return Error(Reason::kMalformed, "the cursor is not between segments");
    }
    if (row.first.device != device && !visible(row.scope)) {
      position = row.end_seq();
      return absl::OkStatus();
    }
    VOUCH_RETURN_IF_ERROR(flush_skipped());
    VOUCH_RETURN_IF_ERROR(
        AddItem(*snapshot, pass, device, request, row, &chains, &batch));
    bytes += batch.items(batch.items_size() - 1).ByteSizeLong();
    position = skipped_from = row.end_seq();
    return absl::OkStatus();
  };
  absl::Status added;
  absl::Status scanned =
      changes_.ScanLog(*snapshot, position, head.size, [&](const LogRow& row) {
        added = add(row);
        return added.ok() && bytes < request.bytes_max;
      });
  out.status = scanned.ok() ? added : scanned;
  if (out.status.ok()) out.status = flush_skipped();
  if (!out.status.ok()) return out;
  auto proof = ConsistencyProof(tree, position, head.size);
  if (!proof.ok()) {
    out.status = proof.status();
    return out;
  }
  AddHashes(*proof, batch.mutable_consistency());
  batch.set_end_size(position);
  batch.set_tree_head(EncodeTreeHead(head));
  batch.set_caught_up(position == head.size);
  return out;
}

namespace {

class VisibleChanges : public HashSource {
 public:
  VisibleChanges(const Reader& reader, const DeviceId& device,
                 const Centre::Visible& visible)
      : reader_(reader), device_(device), visible_(visible) {}

  // What is committed and not in the index yet: a tablet must not take it for
  // lost.
  absl::Status AddTail(const ChangeStore& changes, uint64_t log_size) {
    uint64_t indexed = 0;
    auto mark = reader_.Get(Family::kMeta, kMaterialised);
    if (mark.ok()) {
      indexed = U64OfKey(*mark);
    } else if (!absl::IsNotFound(mark.status())) {
      return mark.status();
    }
    absl::Status added;
    absl::Status scanned =
        changes.ScanLog(reader_, indexed, log_size, [&](const LogRow& row) {
          if (row.first.device != device_ && !visible_(row.scope)) return true;
          Coordinate at = row.first;
          for (uint32_t i = 0; i < row.count && added.ok(); ++i, ++at.seq) {
            auto hash = changes.GetChangeHash(reader_, at);
            added = hash.status();
            if (hash.ok() && hash->has_value()) tail_.push_back(**hash);
          }
          return added.ok();
        });
    std::sort(tail_.begin(), tail_.end());
    tail_.erase(std::unique(tail_.begin(), tail_.end()), tail_.end());
    return scanned.ok() ? added : scanned;
  }

  absl::Status Visit(
      const HashPrefix& range,
      const std::function<void(const Hash&)>& visit) const override {
    bool damaged = false;
    VOUCH_RETURN_IF_ERROR(reader_.Scan(
        Family::kByHash, BeginOf(range), EndOf(range),
        [&](absl::string_view key, absl::string_view value) {
          auto hash = Hash::FromBytes(key);
          auto location = DecodeLocation(value);
          damaged = !hash.has_value() || !location.has_value();
          if (damaged) return false;
          if ((location->at.device == device_ || visible_(location->scope)) &&
              !std::binary_search(tail_.begin(), tail_.end(), *hash)) {
            visit(*hash);
          }
          return true;
        }));
    if (damaged) {
      return Error(Reason::kStoreCorrupted,
                   "a value of family by_hash is not readable");
    }
    const std::string begin = BeginOf(range), end = EndOf(range);
    for (const Hash& hash : tail_) {
      if (hash.view() >= begin && (end.empty() || hash.view() < end)) {
        visit(hash);
      }
    }
    return absl::OkStatus();
  }

 private:
  std::vector<Hash> tail_;
  const Reader& reader_;
  const DeviceId device_;
  const Centre::Visible& visible_;
};

}  // namespace

// Of the heads that one device proved of one history those that still hold come
// first: the search halves what is left.
CommonFound Centre::Find(const FindCommon& request) const {
  CommonFound out;
  out.status = CheckSettled();
  if (!out.status.ok()) return out;
  // The device proves against Welcome's head, whatever was committed since.
  TreeHead head = Head();
  head.size = std::min(head.size, request.size);
  std::unique_ptr<Reader> snapshot = store_->Snapshot();
  TileReader tree(head.size, TilesOf(*snapshot));
  auto holds = [&](const v1::LadderHead& rung) -> absl::StatusOr<bool> {
    if (rung.size() > head.size) return false;
    VOUCH_ASSIGN_OR_RETURN(Hash root, RootAt(tree, rung.size()));
    return rung.root() == root.view();
  };
  int begin = 0;
  int end = request.ladder.heads_size();
  while (begin < end) {
    const int middle = begin + (end - begin) / 2;
    auto held = holds(request.ladder.heads(middle));
    out.status = held.status();
    if (!held.ok()) return out;
    if (*held) {
      out.common.set_size(request.ladder.heads(middle).size());
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  auto proof = ConsistencyProof(tree, out.common.size(), head.size);
  out.status = proof.status();
  if (proof.ok()) AddHashes(*proof, out.common.mutable_consistency());
  return out;
}

RangesAnswered Centre::Compare(const DeviceId& device, const Visible& visible,
                               const AnswerCompare& request) const {
  RangesAnswered out;
  out.status = CheckSettled();
  if (!out.status.ok()) return out;
  const uint64_t log_size = Head().size;
  std::unique_ptr<Reader> snapshot = store_->Snapshot();
  VisibleChanges held(*snapshot, device, visible);
  out.status = held.AddTail(changes_, log_size);
  if (!out.status.ok()) return out;
  auto differ = AnswerRanges(held, request.request);
  out.status = differ.status();
  if (differ.ok()) out.differ = *std::move(differ);
  return out;
}

absl::StatusOr<Centre::LedgerNumbers> Centre::Ledger() const {
  TreeHead head = Head();
  LedgerNumbers numbers;
  numbers.log_size = head.size;
  numbers.log_root = head.root;
  VOUCH_RETURN_IF_ERROR(
      changes_.ScanLog(*store_, 0, head.size, [&](const LogRow& row) {
        for (const Disposition& d : row.commit.dispositions) {
          ++(d.quarantined ? numbers.held : numbers.stored);
        }
        // It was counted as held where it was committed.
        if (row.commit.kind == LogEntry::kReinstate) --numbers.held;
        return true;
      }));
  return numbers;
}

}  // namespace vouch
