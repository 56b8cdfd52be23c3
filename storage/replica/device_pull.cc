// What a tablet does with what the centre sends: acknowledgements and log
// batches are verified whole, then written in one atomic batch.
#include <map>

#include "storage/replica/device.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status BadProof(absl::string_view what) {
  return Error(Reason::kProofInvalid, what);
}

std::vector<Hash> HashesOf(const Segment& segment) {
  std::vector<Hash> out;
  for (const Change& change : segment.changes) out.push_back(change.hash);
  return out;
}

absl::StatusOr<std::vector<Hash>> ParseHashes(
    const google::protobuf::RepeatedPtrField<std::string>& raw) {
  std::vector<Hash> out;
  for (const std::string& bytes : raw) {
    auto hash = Hash::FromBytes(bytes);
    if (!hash.has_value()) {
      return Error(Reason::kMalformed, "a hash is not 32 bytes");
    }
    out.push_back(*hash);
  }
  return out;
}

absl::StatusOr<SegmentCommit> ParseCommit(absl::string_view bytes,
                                          size_t count) {
  VOUCH_ASSIGN_OR_RETURN(SegmentCommit commit, DecodeSegmentCommit(bytes));
  if (commit.dispositions.size() != count) {
    return Error(Reason::kMalformed, "a disposition is missing");
  }
  return commit;
}

}  // namespace

absl::Status Device::Apply(const v1::Ack& ack) {
  VOUCH_RETURN_IF_ERROR(Settle());
  if (ack.signatures_size() != ack.segments_size()) {
    return Error(Reason::kMalformed, "an acknowledgement lacks a signature");
  }
  auto history = HistoryId::FromBytes(ack.history_id());
  if (!history.has_value()) {
    return Error(Reason::kMalformed, "an acknowledgement's history id");
  }
  WriteBatch batch;
  Materialiser materialiser(&changes_, store_);
  for (int i = 0; i < ack.segments_size(); ++i) {
    const v1::CommittedSegment& item = ack.segments(i);
    auto incarnation = Incarnation::FromBytes(item.incarnation());
    auto signature = Signature::FromBytes(ack.signatures(i));
    if (!incarnation.has_value() || !signature.has_value()) {
      return Error(Reason::kMalformed, "an acknowledgement's ids");
    }
    Coordinate first{id(), *incarnation, Hash(), item.first_seq()};
    VOUCH_ASSIGN_OR_RETURN(Segment segment,
                           changes_.GetSegment(*store_, first));
    VOUCH_ASSIGN_OR_RETURN(SegmentCommit commit,
                           ParseCommit(item.commit(), segment.changes.size()));
    std::vector<LogEntry> entries =
        EntriesOf(commit, segment.header.scope, HashesOf(segment));
    if (!VerifyAck(membership_->centre_key, *history, entries, *signature)) {
      return BadProof("an acknowledgement's signature does not verify");
    }
    SegmentRow row;
    row.header = segment.header;
    row.first_commit_seq = commit.first_commit_seq;
    row.ack = SegmentRow::AckProof{*history, *signature};
    changes_.PutSegmentRow(row, &batch);
    for (size_t c = 0; c < segment.changes.size(); ++c) {
      Coordinate at = first;
      at.seq += c;
      VOUCH_RETURN_IF_ERROR(materialiser.Add(segment.changes[c], at,
                                             commit.dispositions[c],
                                             entries[c].commit_seq));
    }
  }
  VOUCH_RETURN_IF_ERROR(materialiser.Finish(&batch));
  return Write(std::move(batch), Durability::kSynced);
}

// What a batch of the log builds up before it is written.
struct Device::PullState {
  explicit PullState(const Device& device)
      : materialiser(&device.changes_, device.store_), tree(device.tree_) {}

  Materialiser materialiser;
  WriteBatch batch;
  CompactRange tree;
  std::map<ScopeId, ScopeEnd> scope_ends;
  std::map<std::string, Hash> chain;  // hashes not yet in the store
  std::vector<uint64_t> stamps;       // others' clocks
};

PullApplied Device::Apply(const v1::PullBatch& batch) {
  absl::Status status = Settle();
  if (!status.ok()) return {status, tree_.size()};
  PullState state(*this);
  for (const v1::PullItem& item : batch.items()) {
    status = PullOne(item, &state);
    if (!status.ok()) break;
  }
  if (status.ok()) status = FinishPull(batch, &state);
  return {status, tree_.size()};
}

absl::Status Device::PullOne(const v1::PullItem& item, PullState* state) {
  switch (item.item_case()) {
    case v1::PullItem::kSegment:
      return PullSegment(item.segment(), state);
    case v1::PullItem::kOwn:
      return PullOwn(item.own(), state);
    case v1::PullItem::kSkipped: {
      VOUCH_ASSIGN_OR_RETURN(std::vector<Hash> subtrees,
                             ParseHashes(item.skipped().subtrees()));
      if (item.skipped().count() == 0 ||
          item.skipped().count() > UINT64_MAX - state->tree.size()) {
        return Error(Reason::kMalformed, "a stretch of skipped entries");
      }
      return state->tree.AppendSubtrees(
          state->tree.size() + item.skipped().count(), subtrees);
    }
    case v1::PullItem::ITEM_NOT_SET:
      break;
  }
  return Error(Reason::kMalformed, "an item of an unknown kind");
}

absl::Status Device::PullSegment(const v1::PulledSegment& item,
                                 PullState* state) {
  absl::Status failed;
  auto resolve = [&](const DeviceId& device, const Incarnation& incarnation,
                     uint64_t seq) -> std::optional<Hash> {
    Coordinate at{device, incarnation, Hash(), seq};
    auto pending = state->chain.find(ChainKey(at));
    if (pending != state->chain.end()) return pending->second;
    auto held = changes_.GetChangeHash(*store_, at);
    failed.Update(held.status());
    return held.value_or(std::nullopt);
  };
  auto decoded = DecodeSegment(item.segment(), resolve);
  VOUCH_RETURN_IF_ERROR(failed);
  VOUCH_RETURN_IF_ERROR(decoded.status());
  Segment segment = *std::move(decoded);
  VOUCH_ASSIGN_OR_RETURN(SegmentCommit commit,
                         ParseCommit(item.commit(), segment.changes.size()));
  if (segment.header.device() == id()) {
    return BadProof("the centre sent this tablet a segment of its own");
  }
  for (const Change& change : segment.changes) {
    Coordinate at{change.core.device, change.core.incarnation, Hash(),
                  change.core.seq};
    VOUCH_RETURN_IF_ERROR(changes_.PutChange(change, Hash(), &state->batch));
    state->chain[ChainKey(at)] = change.hash;
    state->stamps.push_back(change.core.hlc);
  }
  changes_.PutSegmentRow(
      {segment.header, commit.first_commit_seq, std::nullopt}, &state->batch);
  return PassEntries(segment, commit, state);
}

absl::Status Device::PullOwn(const v1::CommittedSegment& item,
                             PullState* state) {
  auto incarnation = Incarnation::FromBytes(item.incarnation());
  if (!incarnation.has_value()) {
    return Error(Reason::kMalformed, "an own segment's incarnation");
  }
  Coordinate first{id(), *incarnation, Hash(), item.first_seq()};
  VOUCH_ASSIGN_OR_RETURN(Segment segment, changes_.GetSegment(*store_, first));
  if (segment.header.count != item.count()) {
    return BadProof("an own segment of another length is in the log");
  }
  VOUCH_ASSIGN_OR_RETURN(SegmentCommit commit,
                         ParseCommit(item.commit(), segment.changes.size()));
  VOUCH_ASSIGN_OR_RETURN(auto row, changes_.GetSegmentRow(*store_, first));
  // The log itself proves it, also where the acknowledgement was lost.
  row->first_commit_seq = commit.first_commit_seq;
  changes_.PutSegmentRow(*row, &state->batch);
  return PassEntries(segment, commit, state);
}

// The entries take the next places in the log and in their scope; a gap or a
// swap shows here, before anything is written.
absl::Status Device::PassEntries(const Segment& segment,
                                 const SegmentCommit& commit,
                                 PullState* state) {
  const ScopeId& scope = segment.header.scope;
  auto end = state->scope_ends.find(scope);
  if (end == state->scope_ends.end()) {
    VOUCH_ASSIGN_OR_RETURN(ScopeEnd stored,
                           changes_.GetScopeEnd(*store_, scope));
    end = state->scope_ends.emplace(scope, stored).first;
  }
  if (commit.first_commit_seq != state->tree.size() ||
      commit.first_scope_seq != end->second.seq + 1 ||
      commit.previous_scope_head != end->second.head) {
    return BadProof("an entry is missing from the log or from its scope");
  }
  std::vector<LogEntry> entries = EntriesOf(commit, scope, HashesOf(segment));
  for (size_t i = 0; i < entries.size(); ++i) {
    state->tree.Append(LeafHash(EncodeLogEntry(entries[i])));
    const ChangeCore& core = segment.changes[i].core;
    Coordinate at{core.device, core.incarnation, Hash(), core.seq};
    VOUCH_RETURN_IF_ERROR(state->materialiser.Add(
        segment.changes[i], at, commit.dispositions[i], entries[i].commit_seq));
  }
  end->second = {entries.back().scope_seq, ScopeHead(entries.back())};
  LogRow row;
  row.first = {segment.header.device(), segment.header.incarnation, Hash(),
               segment.header.first_seq};
  row.count = segment.header.count;
  row.scope = scope;
  row.commit = commit;
  row.scope_head = end->second.head;
  changes_.PutLogRow(row, &state->batch);
  return absl::OkStatus();
}

absl::Status Device::FinishPull(const v1::PullBatch& batch, PullState* state) {
  VOUCH_ASSIGN_OR_RETURN(TreeHead head, DecodeTreeHead(batch.tree_head()));
  VOUCH_ASSIGN_OR_RETURN(std::vector<Hash> proof,
                         ParseHashes(batch.consistency()));
  if (!VerifyTreeHead(membership_->centre_key, head)) {
    return BadProof("the tree head's signature is wrong");
  }
  // Rule 12: no batch ends past a head that this tablet holds.
  if (batch.end_size() != state->tree.size() ||
      head.size < state->tree.size() ||
      !VerifyConsistency(state->tree.size(), state->tree.Root(), head.size,
                         head.root, proof)
           .ok()) {
    return BadProof("the entries do not add up to the signed tree head");
  }
  VOUCH_RETURN_IF_ERROR(state->materialiser.Finish(&state->batch));
  ChainWriter writer = *writer_;
  int64_t now_ms = clock_->Now().wall_ms;
  for (uint64_t stamp : state->stamps) writer.hlc().Receive(stamp, now_ms);
  state->batch.Put(Family::kTreeHead, U64Key(head.size), EncodeTreeHead(head));
  VOUCH_RETURN_IF_ERROR(PruneTreeHeads(&state->batch));
  // The cursor carries the clock.
  WriteCursor(state->tree, head.history, writer.hlc(), &state->batch);
  // Not synced: what is lost can be pulled again, since the cursor is lost
  // with it; and any later save makes it durable first.
  VOUCH_RETURN_IF_ERROR(Write(std::move(state->batch), Durability::kBuffered));
  writer_ = std::move(writer);
  tree_ = std::move(state->tree);
  history_ = head.history;
  return absl::OkStatus();
}

// The ladder: the newest heads, enough to find where a restored centre's log
// still agreed.
absl::Status Device::PruneTreeHeads(WriteBatch* batch) const {
  size_t kept = 0;
  return store_->ScanReverse(Family::kTreeHead, "", "",
                             [&](absl::string_view key, absl::string_view) {
                               if (++kept < kTreeHeadsKeptMax) return true;
                               batch->Delete(Family::kTreeHead, key);
                               return true;
                             });
}

}  // namespace vouch
