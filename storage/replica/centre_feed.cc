// What the centre reads for its sessions; any thread.
#include "storage/replica/centre.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"

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
  for (const v1::ChainHead& asked : hello.heads()) {
    auto incarnation = Incarnation::FromBytes(asked.incarnation());
    if (!incarnation.has_value()) {
      out.status = Error(Reason::kMalformed, "an incarnation is not 8 bytes");
      return out;
    }
    auto held = changes_.ChainHead(*store_, device, *incarnation);
    if (!held.ok()) {
      out.status = held.status();
      return out;
    }
    v1::ChainHead* answer = out.welcome.add_heads();
    answer->set_incarnation(asked.incarnation());
    answer->set_seq(held->seq);
    if (held->seq > 0) answer->set_hash(held->hash.Bytes());
  }
  if (hello.cursor_size() > head.size) {
    // The device has seen more than this log holds: it decides what that is.
    return out;
  }
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

FeedRead Centre::Feed(const DeviceId& device, const Visible& visible,
                      const ReadFeed& request) const {
  FeedRead out;
  out.status = CheckSettled();
  if (!out.status.ok()) return out;
  TreeHead head = Head();
  std::unique_ptr<Reader> snapshot = store_->Snapshot();
  TileReader tree(head.size, TilesOf(*snapshot));
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
    bool own = row.first.device == device;
    if (!own && !visible(row.scope)) {
      position = row.end_seq();
      return absl::OkStatus();
    }
    VOUCH_RETURN_IF_ERROR(flush_skipped());
    std::string commit = EncodeSegmentCommit(row.commit);
    bytes += commit.size();
    if (own) {
      v1::CommittedSegment* item = batch.add_items()->mutable_own();
      item->set_incarnation(row.first.incarnation.Bytes());
      item->set_first_seq(row.first.seq);
      item->set_count(row.count);
      item->set_commit(std::move(commit));
    } else {
      VOUCH_ASSIGN_OR_RETURN(Segment segment,
                             changes_.GetSegment(*snapshot, row.first));
      v1::PulledSegment* item = batch.add_items()->mutable_segment();
      item->set_segment(
          EncodeSegment(segment, changes_.Shortener(*snapshot, segment)));
      item->set_commit(std::move(commit));
      bytes += item->segment().size();
    }
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
        return true;
      }));
  return numbers;
}

}  // namespace vouch
