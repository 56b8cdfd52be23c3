// How the centre commits what was pushed; on the committer's thread, but for
// Verify.
#include <algorithm>

#include "storage/replica/centre.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// Of the last `count` changes: those that a commit speaks of.
std::vector<Hash> HashesOf(const Segment& segment, size_t count) {
  std::vector<Hash> hashes;
  for (size_t i = segment.changes.size() - count; i < segment.changes.size();
       ++i) {
    hashes.push_back(segment.changes[i].hash);
  }
  return hashes;
}

}  // namespace

// One commit group while it is put together.
struct Centre::Group {
  WriteBatch batch;
  std::map<Hash, size_t> placed;  // segment's head → index of its result
  uint64_t changes = 0;
  // The centre's own author, once it is known to have been put back.
  std::optional<ChainWriter> renewed;
};

absl::StatusOr<Centre::CommitRequest> Centre::Verify(
    const DeviceId& from, const CommitSegments& push, size_t index,
    const FindOnWay& on_way) const {
  absl::Status failed;
  std::optional<SegmentHeader> by_number;
  auto resolve = [&](const SegmentHeader& header,
                     uint64_t seq) -> std::optional<Hash> {
    by_number = header;
    if (on_way && header.device() == from) {
      const std::optional<Hash> found = on_way(header.incarnation, seq);
      if (found.has_value()) return found;
    }
    auto hash = HashInBranch(changes_, *store_, header, seq);
    failed.Update(hash.status());
    return hash.value_or(std::nullopt);
  };
  auto decoded = DecodeSegment(push.segments[index], resolve);
  VOUCH_RETURN_IF_ERROR(failed);  // the disk's fault is not the device's
  const Reason reason = ReasonOf(decoded.status());
  if (by_number.has_value() && (reason == Reason::kSignatureInvalid ||
                                reason == Reason::kNotCanonical)) {
    // Its numbers may mean a branch that is still being committed.
    VOUCH_ASSIGN_OR_RETURN(bool held,
                           HoldsPrevious(changes_, *store_, *by_number));
    if (!held) {
      return Error(Reason::kReferenceUnknown,
                   "the segment follows a change that is not held yet");
    }
  }
  VOUCH_RETURN_IF_ERROR(decoded.status());
  CommitRequest request{from, *std::move(decoded), push.recovering, {}};
  const SegmentHeader& header = request.segment.header;
  if (header.device() != from && !push.recovering) {
    return Error(Reason::kChainForeign,
                 "a device may push only changes it wrote itself");
  }
  if (index >= push.earlier.size() || !push.earlier[index].has_value()) {
    return request;
  }
  const ProvenCommit& proven = *push.earlier[index];
  auto commit = DecodeSegmentCommit(proven.commit);
  if (!commit.ok() || commit->kind != LogEntry::kChange ||
      commit->dispositions.empty() ||
      commit->dispositions.size() > request.segment.changes.size()) {
    return request;
  }
  // Only this centre's own signature proves what this centre decided.
  const std::vector<LogEntry> entries =
      EntriesOf(*commit, header.scope,
                HashesOf(request.segment, commit->dispositions.size()));
  if (VerifyAck(centre_public_key_, proven.history, entries,
                proven.signature)) {
    request.earlier = SegmentRow::EarlierCommit{
        proven.history, proven.signature, *std::move(commit)};
  }
  return request;
}

absl::StatusOr<ScopeEnd> Centre::ScopeEndOf(const ScopeId& scope) {
  auto cached = scope_ends_.find(scope);
  if (cached != scope_ends_.end()) return cached->second;
  VOUCH_ASSIGN_OR_RETURN(ScopeEnd end, changes_.GetScopeEnd(*store_, scope));
  scope_ends_[scope] = end;
  return end;
}

// The same segment, committed before: the same answer.
absl::StatusOr<bool> Centre::FindDuplicate(const Segment& segment,
                                           CommitResult* result) const {
  VOUCH_ASSIGN_OR_RETURN(auto last, tail_.Find(segment.header.head));
  if (!last.has_value()) return false;
  VOUCH_ASSIGN_OR_RETURN(auto first,
                         changes_.SegmentHolding(*store_, last->at));
  if (!first.has_value()) return false;
  VOUCH_ASSIGN_OR_RETURN(auto row, changes_.GetSegmentRow(*store_, *first));
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
  result->ack =
      SignAck(*centre_key_, history_,
              LeavesOf(log->commit, segment.header.scope,
                       HashesOf(segment, log->commit.dispositions.size())));
  return true;
}

// Of a segment of which a shorter one holds the first changes, how many those
// are; nothing if what is held lies otherwise.
absl::StatusOr<std::optional<size_t>> Centre::BeginOfRest(
    const Segment& segment) const {
  size_t begin = 0;  // what is held so far, without a gap
  for (size_t i = 0; i < segment.changes.size(); ++i) {
    VOUCH_ASSIGN_OR_RETURN(auto held, tail_.Find(segment.changes[i].hash));
    if (!held.has_value()) continue;
    if (begin < i) return std::optional<size_t>();
    ++begin;
  }
  if (begin == 0 || begin == segment.changes.size()) {
    return std::optional<size_t>();
  }
  return std::optional(begin);
}

// The verdicts: those that were given before, where that is proven; else new
// ones (rule 10).
absl::Status Centre::JudgeAll(const CommitRequest& request, const Segment& part,
                              Coordinate at, SegmentCommit* commit) {
  // Both speak of the segment's last changes.
  const bool proven =
      request.earlier.has_value() &&
      request.earlier->commit.dispositions.size() >= part.changes.size();
  if (proven) {
    const std::vector<Disposition>& given =
        request.earlier->commit.dispositions;
    const size_t begin = given.size() - part.changes.size();
    commit->dispositions.assign(
        given.begin() + static_cast<std::ptrdiff_t>(begin), given.end());
    commit->first_commit =
        FirstCommitOf(request.earlier->commit, request.earlier->history);
    commit->first_commit->commit_seq += begin;
  }
  for (size_t i = 0; i < part.changes.size(); ++i) {
    const Change& change = part.changes[i];
    if (!proven) {
      VOUCH_ASSIGN_OR_RETURN(Disposition verdict, Decide(change));
      commit->dispositions.push_back(verdict);
    }
    VOUCH_RETURN_IF_ERROR(
        tail_.Add(change.hash, change.core, at, commit->dispositions[i])
            .status());
    ++at.seq;
  }
  return absl::OkStatus();
}

void Centre::Append(const LogRow& row, absl::Span<const Hash> hashes,
                    Group* group, CommitResult* result) {
  const EntryLeaves entries =
      LeavesOf(row.commit, row.scope, {hashes.begin(), hashes.end()});
  for (const Hash& leaf : entries.leaves) tree_->Append(leaf);
  LogRow written = row;
  written.scope_head = entries.scope_head;
  changes_.PutLogRow(written, &group->batch);
  scope_ends_[row.scope] = {row.commit.first_scope_seq + hashes.size() - 1,
                            written.scope_head};
  group->changes += row.count;
  if (result != nullptr) {
    result->ack = SignAck(*centre_key_, history_, entries);
  }
}

absl::Status Centre::CommitOne(const CommitRequest& request, Group* group,
                               CommitResult* result) {
  std::optional<Segment> rest;
  VOUCH_ASSIGN_OR_RETURN(ChainRuns::Place place,
                         runs_.PlaceOf(request.segment));
  if (place.held != ChainRuns::Held::kNot) {
    VOUCH_ASSIGN_OR_RETURN(bool found, FindDuplicate(request.segment, result));
    if (found) {
      if (!request.earlier.has_value()) return absl::OkStatus();
      return Reinstate(request, group);
    }
    VOUCH_ASSIGN_OR_RETURN(auto begin, BeginOfRest(request.segment));
    if (request.recovering && begin.has_value()) {
      rest = RestOf(request.segment, *begin);
      VOUCH_ASSIGN_OR_RETURN(place, runs_.PlaceOf(*rest));
    }
  }
  const Segment& segment = rest.has_value() ? *rest : request.segment;
  const SegmentHeader& header = segment.header;
  const Coordinate first = FirstOf(header, place.branch);
  if (place.held != ChainRuns::Held::kNot) {
    result->status =
        Error(Reason::kChainForked, "its changes are held in other segments");
    return absl::OkStatus();
  }
  if (!place.linked && !request.recovering) {
    result->status =
        Error(Reason::kChainBroken, "the segment follows a change not held");
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(ScopeEnd end, ScopeEndOf(header.scope));
  SegmentCommit& commit = result->commit;
  commit.first_commit_seq = tree_->size();
  commit.first_scope_seq = end.seq + 1;
  commit.previous_scope_head = end.head;
  commit.receive_ms = clock_->Now().wall_ms;
  VOUCH_RETURN_IF_ERROR(JudgeAll(request, segment, first, &commit));
  for (const Change& change : segment.changes) {
    VOUCH_RETURN_IF_ERROR(PutKept(change, place.branch, &group->batch));
  }
  Append({first, header.count, header.scope, commit, Hash()},
         HashesOf(segment, header.count), group, result);
  SegmentRow row{request.segment.header, commit.first_commit_seq,
                 SegmentRow::AckProof{history_, result->ack}};
  changes_.PutSegmentRow(row, first, &group->batch);
  runs_.Add(header, place.branch);
  return RenewAuthorIfLost(request, group);
}

// A tablet gives back what this centre wrote itself and lost, unknowing: it was
// put back in silence, and must not use those coordinates again (rule 22).
absl::Status Centre::RenewAuthorIfLost(const CommitRequest& request,
                                       Group* group) {
  const SegmentHeader& header = request.segment.header;
  if (header.device() != centre_device_ || request.from == centre_device_ ||
      header.incarnation != writer_->incarnation() ||
      group->renewed.has_value()) {
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(CentreIdentity identity,
                         ReadIdentity(*store_, *keys_));
  identity.incarnation = random_->Make<Incarnation>();
  PutIdentity(identity, *keys_, &group->batch);
  group->renewed.emplace(writer_->device_key(), writer_->person_key(),
                         writer_->person(), identity.incarnation);
  group->renewed->Restore(0, Hash(), writer_->hlc());
  return absl::OkStatus();
}

// A change that was applied once, provably, and is held for review since the
// centre was restored: an entry of its own says that it is applied after all
// (rule 10). The views are up to the log.
absl::Status Centre::Reinstate(const CommitRequest& request, Group* group) {
  const SegmentRow::EarlierCommit& earlier = *request.earlier;
  const size_t count = earlier.commit.dispositions.size();
  const std::vector<Change>& changes = request.segment.changes;
  for (size_t i = 0; i < count; ++i) {
    const Change& change = changes[changes.size() - count + i];
    VOUCH_ASSIGN_OR_RETURN(
        auto row, changes_.GetRecordChange(*store_, change.core.scope,
                                           change.core.record, change.hash));
    if (!row.has_value() || !row->disposition.quarantined ||
        earlier.commit.dispositions[i].quarantined) {
      continue;
    }
    VOUCH_ASSIGN_OR_RETURN(ScopeEnd end, ScopeEndOf(change.core.scope));
    SegmentCommit commit;
    commit.kind = LogEntry::kReinstate;
    commit.first_commit_seq = tree_->size();
    commit.first_scope_seq = end.seq + 1;
    commit.previous_scope_head = end.head;
    commit.receive_ms = clock_->Now().wall_ms;
    commit.dispositions.push_back(Disposition{});
    commit.first_commit = FirstCommitOf(earlier.commit, earlier.history);
    commit.first_commit->commit_seq += i;
    Append({row->at, 1, change.core.scope, commit, Hash()}, {&change.hash, 1},
           group, nullptr);
  }
  return absl::OkStatus();
}

absl::Status Centre::WriteGroup(Group* group) {
  if (group->changes == 0) return absl::OkStatus();
  for (Tile& tile : tree_->TakeDirtyTiles()) {
    group->batch.Put(Family::kMerkleTile, tile.key, tile.value);
  }
  VOUCH_RETURN_IF_ERROR(
      store_->Write(std::move(group->batch), Durability::kSynced));
  const bool renewed = group->renewed.has_value();
  if (renewed) writer_ = *std::move(group->renewed);
  Publish();
  group->renewed.reset();
  group->batch.Clear();
  group->changes = 0;
  return renewed ? PutMark(0) : absl::OkStatus();
}

absl::Status Centre::CommitAll(const std::vector<CommitRequest>& requests,
                               std::vector<CommitResult>* results) {
  Group group;
  while (tail_.added().size() > kTailChangesMax && !materialised()) {
    VOUCH_RETURN_IF_ERROR(Materialise(kMaterialiseEntriesMax));
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    const Segment& segment = requests[i].segment;
    auto twin = group.placed.find(segment.header.head);
    // Sent twice within one group: one change, two acknowledgements.
    if (twin != group.placed.end() &&
        requests[twin->second].segment.header.count == segment.header.count) {
      (*results)[i] = (*results)[twin->second];
      (*results)[i].duplicate = true;
      continue;
    }
    // A decision is judged, and a change reinstated, with the views in sight.
    if (NeedsViews(segment) || requests[i].earlier.has_value()) {
      VOUCH_RETURN_IF_ERROR(WriteGroup(&group));
      while (!materialised()) {
        VOUCH_RETURN_IF_ERROR(Materialise(kMaterialiseEntriesMax));
      }
    }
    VOUCH_RETURN_IF_ERROR(CommitOne(requests[i], &group, &(*results)[i]));
    if ((*results)[i].status.ok()) group.placed[segment.header.head] = i;
  }
  return WriteGroup(&group);
}

absl::StatusOr<std::vector<Centre::CommitResult>> Centre::Commit(
    std::vector<CommitRequest> requests) {
  VOUCH_RETURN_IF_ERROR(Settle());
  std::vector<CommitResult> results(requests.size());
  absl::Status status = CommitAll(requests, &results);
  consulted_ = {};
  if (status.ok()) {
    Keep(std::move(requests), results);
    return results;
  }
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

void Centre::AddToAck(const DeviceId& to, const SegmentHeader& header,
                      bool recovering, const CommitResult& result,
                      v1::Ack* ack) const {
  v1::CommittedSegment* segment = ack->add_segments();
  const DeviceId author = header.device();
  if (author != to) segment->set_device_id(author.Bytes());
  if (recovering) segment->set_head(header.head.Bytes());
  segment->set_incarnation(header.incarnation.Bytes());
  segment->set_first_seq(header.first_seq);
  segment->set_count(header.count);
  segment->set_commit(EncodeSegmentCommit(result.commit));
  ack->add_signatures(result.ack.Bytes());
  ack->set_history_id(history_.Bytes());
}

}  // namespace vouch
