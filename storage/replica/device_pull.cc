// What a tablet does with what the centre sends: acknowledgements and log
// batches are verified whole, then written in one atomic batch.
#include <map>

#include "storage/replica/chain_runs.h"
#include "storage/replica/device.h"
#include "storage/replica/keys.h"
#include "storage/replica/pulled.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status BadProof(absl::string_view what) {
  return Error(Reason::kProofInvalid, what);
}

std::vector<Hash> HashesOf(absl::Span<const Change> changes) {
  std::vector<Hash> out;
  for (const Change& change : changes) out.push_back(change.hash);
  return out;
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
  std::unique_ptr<Reader> snapshot = store_->Snapshot();
  Materialiser materialiser(&changes_, snapshot.get());
  for (int i = 0; i < ack.segments_size(); ++i) {
    const v1::CommittedSegment& item = ack.segments(i);
    // Another's segment, sent in recovery: what it got comes with the log.
    if (!item.device_id().empty() && item.device_id() != id().view()) continue;
    auto incarnation = Incarnation::FromBytes(item.incarnation());
    auto signature = Signature::FromBytes(ack.signatures(i));
    if (!incarnation.has_value() || !signature.has_value()) {
      return Error(Reason::kMalformed, "an acknowledgement's ids");
    }
    Coordinate first{id(), *incarnation, Hash(), item.first_seq()};
    SegmentRow row;
    auto found = changes_.GetSegment(*snapshot, first, &row);
    // One of another run, sent in recovery: likewise.
    if (!item.head().empty() &&
        (absl::IsNotFound(found.status()) ||
         (found.ok() && found->header.head.view() != item.head()))) {
      continue;
    }
    VOUCH_RETURN_IF_ERROR(found.status());
    Segment segment = *std::move(found);
    VOUCH_ASSIGN_OR_RETURN(
        SegmentCommit commit,
        ParseCommit(item.commit(), segment.changes.size(), Speaks::kOfTheRest));
    // The first changes were committed in another one: the log brings both.
    if (commit.dispositions.size() < segment.changes.size()) continue;
    const EntryLeaves entries =
        LeavesOf(commit, segment.header.scope, HashesOf(segment.changes));
    if (!VerifyAck(membership_->centre_key, *history, entries, *signature)) {
      return BadProof("an acknowledgement's signature does not verify");
    }
    row.first_commit_seq = commit.first_commit_seq;
    row.ack = SegmentRow::AckProof{*history, *signature};
    // Until the log brings it, the commit itself is kept here: it is the proof.
    if (!row.earlier.has_value()) {
      row.earlier = SegmentRow::EarlierCommit{*history, *signature, commit};
    }
    changes_.PutSegmentRow(row, first, &batch);
    for (size_t c = 0; c < segment.changes.size(); ++c) {
      Coordinate at = first;
      at.seq += c;
      VOUCH_RETURN_IF_ERROR(materialiser.Add(segment.changes[c], at,
                                             commit.dispositions[c],
                                             commit.first_commit_seq + c));
    }
  }
  VOUCH_RETURN_IF_ERROR(materialiser.Finish(&batch));
  Touch(materialiser);
  snapshot.reset();  // open, it would keep SQLite from emptying its log
  return Write(std::move(batch), Durability::kSynced);
}

// What a batch of the log builds up before it is written.
struct Device::PullState {
  PullState(const Device& device, HistoryId head_history)
      : snapshot(device.store_->Snapshot()),
        materialiser(&device.changes_, snapshot.get()),
        runs(&device.changes_, snapshot.get(),
             FindIn(device.changes_, snapshot.get(), &placed),
             ChainRuns::Holes::kAreNormal),
        history(head_history),
        tree(device.tree_) {}

  using Placed = std::map<Hash, Coordinate>;
  static ChainRuns::FindLocation FindIn(const ChangeStore& changes,
                                        const Reader* reader,
                                        const Placed* placed) {
    return [&changes, reader, placed](
               const Hash& hash) -> absl::StatusOr<std::optional<Coordinate>> {
      auto here = placed->find(hash);
      if (here != placed->end()) return std::optional(here->second);
      VOUCH_ASSIGN_OR_RETURN(auto found, changes.GetLocation(*reader, hash));
      if (!found.has_value()) return std::optional<Coordinate>();
      return std::optional<Coordinate>(found->at);
    };
  }

  // What was here before the batch: SQLite reads from one snapshot several
  // times sooner than it begins a transaction for each read.
  std::unique_ptr<Reader> snapshot;
  Materialiser materialiser;
  Placed placed;  // changes of the batch
  ChainRuns runs;
  HistoryId history;  // of the batch's tree head
  WriteBatch batch;
  CompactRange tree;
  std::map<ScopeId, ScopeEnd> scope_ends;
  std::map<std::string, Hash> chain;  // hashes not yet in the store
  // Changes of the batch that are held: it may reinstate them yet.
  std::map<Hash, std::pair<Coordinate, Change>> held;
  // Rows of segments in whose place the batch puts shorter ones.
  std::map<std::string, HeldRow> rests;
  std::vector<Run> begun;        // runs that begin in the batch
  std::vector<uint64_t> stamps;  // others' clocks
};

PullApplied Device::Apply(const v1::PullBatch& batch) {
  absl::Status status = Settle();
  if (!status.ok()) return {status, tree_.size()};
  auto head = DecodeTreeHead(batch.tree_head());
  if (!head.ok()) return {head.status(), tree_.size()};
  PullState state(*this, head->history);
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
    case v1::PullItem::kReinstated:
      return PullReinstated(item.reinstated(), state);
    case v1::PullItem::ITEM_NOT_SET:
      break;
  }
  return Error(Reason::kMalformed, "an item of an unknown kind");
}

// References by number may mean another branch of the author's chain than the
// first that comes to mind; the signature tells which.
absl::StatusOr<Segment> Device::Decode(const std::string& wire,
                                       const PullState& state) const {
  absl::Status failed;
  std::optional<SegmentHeader> seen;
  std::optional<Run> run;  // that it is taken to be in
  auto resolve = [&](const SegmentHeader& header,
                     uint64_t seq) -> std::optional<Hash> {
    seen = header;
    // Below its run the chain goes on in what that follows.
    const bool inside = run.has_value() && seq >= run->first.seq;
    Coordinate at{header.device(), header.incarnation,
                  inside ? run->first.branch : Hash(), seq};
    auto pending = state.chain.find(ChainKey(at));
    if (pending != state.chain.end()) return pending->second;
    SegmentHeader from = header;
    if (run.has_value()) {
      from.first_seq = run->first.seq;
      from.previous = run->previous;
    }
    auto held = inside ? changes_.GetChangeHash(*store_, at)
                       : HashInBranch(changes_, *store_, from, seq);
    failed.Update(held.status());
    return held.value_or(std::nullopt);
  };
  auto decoded = DecodeSegment(wire, resolve);
  VOUCH_RETURN_IF_ERROR(failed);
  const Reason reason = ReasonOf(decoded.status());
  // References that are not the right ones may also be out of order.
  if (!seen.has_value() || (reason != Reason::kSignatureInvalid &&
                            reason != Reason::kReferenceUnknown &&
                            reason != Reason::kNotCanonical)) {
    return decoded;
  }
  const SegmentHeader header = *seen;
  VOUCH_ASSIGN_OR_RETURN(
      auto runs, ListRuns(*store_, header.device(), header.incarnation));
  runs.insert(runs.end(), state.begun.begin(), state.begun.end());
  for (const Run& each : runs) {
    run = each;
    auto again = DecodeSegment(wire, resolve);
    VOUCH_RETURN_IF_ERROR(failed);
    if (again.ok()) return again;
  }
  return decoded;
}

absl::Status Device::PullSegment(const v1::PulledSegment& item,
                                 PullState* state) {
  VOUCH_ASSIGN_OR_RETURN(Segment whole, Decode(item.segment(), *state));
  VOUCH_ASSIGN_OR_RETURN(
      SegmentCommit commit,
      ParseCommit(item.commit(), whole.changes.size(), Speaks::kOfTheRest));
  const size_t begin = whole.changes.size() - commit.dispositions.size();
  SegmentRow row{whole.header};
  const Segment segment = begin == 0 ? std::move(whole) : RestOf(whole, begin);
  if (begin > 0) {
    const auto find =
        PullState::FindIn(changes_, state->snapshot.get(), &state->placed);
    VOUCH_ASSIGN_OR_RETURN(auto before, find(segment.header.previous));
    if (!before.has_value()) {
      return BadProof("the rest of a segment whose first changes are not here");
    }
  }
  VOUCH_ASSIGN_OR_RETURN(ChainRuns::Place place, state->runs.PlaceOf(segment));
  const Coordinate first = FirstOf(segment.header, place.branch);
  Coordinate at = first;
  if (place.held == ChainRuns::Held::kWhole) {
    // It is here: it was lost at the centre, or is this tablet's own.
    VOUCH_ASSIGN_OR_RETURN(auto known, HeldSegment(first, *state));
    if (known.has_value()) {
      if (known->second.header.head == row.header.head) {
        row.earlier = known->second.earlier;
      }
      KeepRest(*known, first, segment.header.end_seq(), state);
    }
  } else if (first.device == id() && first.branch.IsZero() &&
             first.incarnation == writer_->incarnation()) {
    // A twin's: this chain would go on at the same places.
    return Error(Reason::kDeviceRestored,
                 "the log goes on with this tablet's chain, and it did not");
  }
  PutPassed(row, first, commit,
            ParseProof(item.signature(), item.history_id(), state->history),
            &state->batch);
  state->runs.Add(segment.header, place.branch);
  if (place.branch == segment.changes.front().hash ||
      place.branch == segment.header.head) {
    state->begun.push_back({first, segment.header.previous});
  }
  for (const Change& change : segment.changes) {
    VOUCH_RETURN_IF_ERROR(
        changes_.PutChange(change, place.branch, &state->batch));
    state->chain[ChainKey(at)] = change.hash;
    state->placed.emplace(change.hash, at);
    state->stamps.push_back(change.core.hlc);
    ++at.seq;
  }
  return PassEntries(segment.changes, first, commit, state);
}

// The segment whose row is at `first`, with what the batch has put there.
absl::StatusOr<std::optional<Device::HeldRow>> Device::HeldSegment(
    const Coordinate& first, const PullState& state) const {
  auto pending = state.rests.find(ChainKey(first));
  if (pending != state.rests.end()) return std::optional(pending->second);
  SegmentRow row;
  auto stored = changes_.GetSegment(*state.snapshot, first, &row);
  if (absl::IsNotFound(stored.status())) return std::optional<HeldRow>();
  VOUCH_RETURN_IF_ERROR(stored.status());
  return std::optional(HeldRow{*std::move(stored), std::move(row)});
}

// A segment of the log takes the place of a longer one, that its author closed
// in another life. What the longer one holds besides would be in no segment
// then: this tablet closes its own anew; another's keeps its row, moved up to
// its rest, for the signature of the whole is the only proof of that.
void Device::KeepRest(const HeldRow& held, const Coordinate& first,
                      uint64_t end_seq, PullState* state) {
  const auto& [segment, row] = held;
  if (segment.header.end_seq() <= end_seq) return;
  Coordinate next = first;
  next.seq = end_seq;
  SegmentRow moved = row;
  Segment rest = segment;
  if (first.device == id()) {
    rest = RestOf(segment, end_seq - segment.header.first_seq);
    rest = SealSegment(std::move(rest.changes), segment.header.seen,
                       writer_->device_key());
    moved = SegmentRow{rest.header};
  }
  moved.first_commit_seq = std::nullopt;
  changes_.PutSegmentRow(moved, next, &state->batch);
  state->rests[ChainKey(next)] = {std::move(rest), std::move(moved)};
}

absl::Status Device::PullOwn(const v1::CommittedSegment& item,
                             PullState* state) {
  auto incarnation = Incarnation::FromBytes(item.incarnation());
  if (!incarnation.has_value()) {
    return Error(Reason::kMalformed, "an own segment's incarnation");
  }
  Coordinate first{id(), *incarnation, Hash(), item.first_seq()};
  SegmentRow row;
  auto found = changes_.GetSegment(*store_, first, &row);
  if (absl::IsNotFound(found.status()) ||
      (found.ok() &&
       (found->header.count != item.count() ||
        (!item.head().empty() && found->header.head.view() != item.head())))) {
    return Error(Reason::kDeviceRestored,
                 "the log holds segments of this tablet's that it lacks");
  }
  VOUCH_RETURN_IF_ERROR(found.status());
  Segment segment = *std::move(found);
  VOUCH_ASSIGN_OR_RETURN(SegmentCommit commit,
                         ParseCommit(item.commit(), segment.changes.size()));
  // The log itself proves it, also where the acknowledgement was lost.
  PutPassed(row, first, commit,
            ParseProof(item.signature(), item.history_id(), state->history),
            &state->batch);
  return PassEntries(segment.changes, first, commit, state);
}

// A change that a restored centre held, and that had been applied before.
absl::Status Device::PullReinstated(const v1::ReinstatedChange& item,
                                    PullState* state) {
  auto hash = Hash::FromBytes(item.change_hash());
  if (!hash.has_value()) {
    return Error(Reason::kMalformed, "a reinstated change's hash");
  }
  VOUCH_ASSIGN_OR_RETURN(
      SegmentCommit commit,
      ParseCommit(item.commit(), 1, Speaks::kOfAll, LogEntry::kReinstate));
  auto here = state->held.find(*hash);
  if (here != state->held.end()) {
    auto [at, change] = here->second;
    return PassEntries({&change, 1}, at, commit, state);
  }
  VOUCH_ASSIGN_OR_RETURN(auto location, changes_.GetLocation(*store_, *hash));
  if (!location.has_value()) {
    return BadProof("a change is applied that is not here");
  }
  const Coordinate& at = location->at;
  VOUCH_ASSIGN_OR_RETURN(Change change, changes_.GetChange(*store_, at));
  return PassEntries({&change, 1}, at, commit, state);
}

// The entries take the next places in the log and in their scope; a gap or a
// swap shows here, before anything is written.
absl::Status Device::PassEntries(absl::Span<const Change> changes,
                                 const Coordinate& first,
                                 const SegmentCommit& commit,
                                 PullState* state) {
  const ScopeId& scope = changes.front().core.scope;
  auto end = state->scope_ends.find(scope);
  if (end == state->scope_ends.end()) {
    VOUCH_ASSIGN_OR_RETURN(ScopeEnd stored,
                           changes_.GetScopeEnd(*state->snapshot, scope));
    end = state->scope_ends.emplace(scope, stored).first;
  }
  if (commit.first_commit_seq != state->tree.size() ||
      commit.first_scope_seq != end->second.seq + 1 ||
      commit.previous_scope_head != end->second.head) {
    return BadProof("an entry is missing from the log or from its scope");
  }
  const EntryLeaves entries = LeavesOf(commit, scope, HashesOf(changes));
  if (changes.size() > kTreeSizeMax - state->tree.size()) {
    return BadProof("the log is longer than a tree can be");
  }
  Coordinate at = first;
  for (size_t i = 0; i < changes.size(); ++i) {
    state->tree.Append(entries.leaves[i]);
    VOUCH_RETURN_IF_ERROR(state->materialiser.Add(
        changes[i], at, commit.dispositions[i], commit.first_commit_seq + i));
    if (commit.dispositions[i].quarantined) {
      state->held[changes[i].hash] = {at, changes[i]};
    }
    ++at.seq;
  }
  end->second = {commit.first_scope_seq + changes.size() - 1,
                 entries.scope_head};
  LogRow row;
  row.first = first;
  row.count = static_cast<uint32_t>(changes.size());
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
  state->batch.Put(Family::kTreeHead, U64Key(state->tree.size()),
                   EncodeLadder({head, state->tree}));
  VOUCH_RETURN_IF_ERROR(PruneLadder(state->tree.size(), &state->batch));
  // The cursor carries the clock.
  WriteCursor(state->tree, head.history, writer.hlc(), &state->batch);
  state->snapshot.reset();  // as in Apply of an acknowledgement
  // Not synced: what is lost can be pulled again, since the cursor is lost
  // with it; and any later save makes it durable first.
  VOUCH_RETURN_IF_ERROR(Write(std::move(state->batch), Durability::kBuffered));
  writer_ = std::move(writer);
  tree_ = std::move(state->tree);
  Touch(state->materialiser);
  history_ = head.history;
  return absl::OkStatus();
}

}  // namespace vouch
