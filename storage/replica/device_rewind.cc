// Back to where both logs agree: what a tablet does first when it, or the
// centre, was put back to an earlier state (rules 12 to 14).
#include <map>

#include "absl/container/flat_hash_set.h"
#include "storage/replica/device.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint8_t kVersion = 1;

absl::Status Damaged(Family family) {
  return Error(Reason::kStoreCorrupted,
               absl::StrCat("a value of family ", FamilyName(family),
                            " is not readable"));
}

}  // namespace

absl::StatusOr<std::vector<Rung>> Device::Ladder() const {
  std::vector<Rung> rungs;
  VOUCH_RETURN_IF_ERROR(
      store_->Scan(Family::kTreeHead, "", "",
                   [&](absl::string_view, absl::string_view value) {
                     // One of an earlier version leads nowhere.
                     auto row = DecodeLadder(value);
                     if (!row.has_value()) return true;
                     rungs.push_back({row->tree.size(), row->tree.Root()});
                     return rungs.size() < kLadderMax;
                   }));
  return rungs;
}

// Of too many rungs goes the one that is missed least: whose neighbours lie
// closest together, seen from the top. So the ladder reaches far back, with
// wider and wider steps.
absl::Status Device::PruneLadder(uint64_t added, WriteBatch* batch) const {
  std::vector<std::string> keys;
  VOUCH_RETURN_IF_ERROR(store_->Scan(
      Family::kTreeHead, "", "", [&](absl::string_view key, absl::string_view) {
        if (U64OfKey(key) != added) keys.emplace_back(key);
        return true;
      }));
  keys.push_back(U64Key(added));
  while (keys.size() > kLadderMax) {
    size_t least = 1;
    double least_gap = 2;
    for (size_t i = 1; i + 1 < keys.size(); ++i) {
      const double below = static_cast<double>(U64OfKey(keys[i - 1]));
      const double above = static_cast<double>(U64OfKey(keys[i + 1]));
      const double gap =
          (above - below) / (static_cast<double>(added) - below + 1);
      if (gap >= least_gap) continue;
      least_gap = gap;
      least = i;
    }
    batch->Delete(Family::kTreeHead, keys[least]);
    keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(least));
  }
  return absl::OkStatus();
}

RecoveryBegun Device::Begin(const BeginRecovery& request) {
  RecoveryBegun out;
  auto begin = [&]() -> absl::Status {
    VOUCH_RETURN_IF_ERROR(Settle());
    // What is in no segment yet must not stay behind in an old incarnation.
    VOUCH_RETURN_IF_ERROR(CloseSegments());
    WriteBatch batch;
    CompactRange tree = tree_;
    std::optional<TreeHead> stable = stable_head_;
    if (request.rewind_to.has_value()) {
      VOUCH_RETURN_IF_ERROR(
          Rewind(*request.rewind_to, &batch, &tree, &out.no_longer_stable));
      // Rule 25: what it covered above is not safe any more.
      if (stable_head_.has_value() && stable_head_->size > *request.rewind_to) {
        stable.reset();
        batch.Delete(Family::kMeta, kStableRow);
      }
      WriteCursor(tree, history_, writer_->hlc(), &batch);
    }
    // Rule 14: the flag is in the batch of the rewind.
    batch.Put(Family::kMeta, kRecoveryRow, ByteWriter().U8(kVersion).bytes());
    ChainWriter writer = *writer_;
    if (request.new_incarnation) {
      writer = ChainWriter(writer.device_key(), writer.person_key(),
                           writer.person(), random_->Make<Incarnation>());
      writer.Restore(0, Hash(), writer_->hlc());
      PutIdentity(writer, &batch);
      batch.Put(Family::kMeta, kSegmentedRow, U64Key(0));
    }
    VOUCH_RETURN_IF_ERROR(Write(std::move(batch), Durability::kSynced));
    tree_ = std::move(tree);
    touched_ = {true, {}};
    stable_head_ = stable;
    recovery_due_ = true;
    if (request.new_incarnation) {
      writer_ = std::move(writer);
      segmented_seq_ = 0;
    }
    return absl::OkStatus();
  };
  comparison_.reset();
  out.status = begin();
  out.cursor_size = tree_.size();
  out.heads.push_back(
      {writer_->incarnation(), writer_->seq(), writer_->head()});
  return out;
}

// Everything from `size` on goes back to what it was before it was committed.
absl::Status Device::Rewind(uint64_t size, WriteBatch* batch,
                            CompactRange* tree,
                            uint64_t* no_longer_stable) const {
  *tree = CompactRange();
  if (size > 0) {
    VOUCH_ASSIGN_OR_RETURN(std::string bytes,
                           store_->Get(Family::kTreeHead, U64Key(size)));
    auto rung = DecodeLadder(bytes);
    if (!rung.has_value()) return Damaged(Family::kTreeHead);
    *tree = std::move(rung->tree);
  }
  absl::Status forgotten;
  VOUCH_RETURN_IF_ERROR(
      changes_.ScanLog(*store_, size, tree_.size(), [&](const LogRow& row) {
        batch->Delete(Family::kByScope,
                      ByScopeKey(row.scope, row.commit.first_scope_seq));
        if (row.commit.kind == LogEntry::kChange) {
          forgotten = ForgetCommit(row.first, &row, batch);
        }
        return forgotten.ok();
      }));
  VOUCH_RETURN_IF_ERROR(forgotten);
  // Own segments that were acknowledged and not pulled yet.
  std::vector<Coordinate> acknowledged;
  VOUCH_RETURN_IF_ERROR(store_->Scan(
      Family::kSegment, id().view(), PrefixEnd(id().view()),
      [&](absl::string_view key, absl::string_view value) {
        auto first = CoordinateOfKey(key);
        auto row = DecodeSegmentRow(value);
        if (first && row && row->first_commit_seq.value_or(0) >= tree_.size()) {
          acknowledged.push_back(*first);
        }
        return true;
      }));
  for (const Coordinate& first : acknowledged) {
    VOUCH_RETURN_IF_ERROR(ForgetCommit(first, nullptr, batch));
  }
  batch->DeleteRange(Family::kLog, U64Key(size), "");
  batch->DeleteRange(Family::kTreeHead, U64Key(size + 1), "");
  return UnacknowledgeFrom(size, batch, no_longer_stable);
}

// The segment is not committed any more; what proves that it was is kept.
absl::Status Device::ForgetCommit(const Coordinate& first, const LogRow* log,
                                  WriteBatch* batch) const {
  VOUCH_ASSIGN_OR_RETURN(auto row, changes_.GetSegmentRow(*store_, first));
  if (!row.has_value()) return Damaged(Family::kSegment);
  row->first_commit_seq = std::nullopt;
  if (!row->earlier.has_value() && row->ack.has_value() && log != nullptr) {
    row->earlier = SegmentRow::EarlierCommit{row->ack->history,
                                             row->ack->signature, log->commit};
  }
  row->ack = std::nullopt;
  changes_.PutSegmentRow(*row, first, batch);
  return absl::OkStatus();
}

// Rows keep their dispositions, so no view changes; they wait for the centre
// again, and say so.
absl::Status Device::UnacknowledgeFrom(uint64_t size, WriteBatch* batch,
                                       uint64_t* no_longer_stable) const {
  const uint64_t stable = stable_head_.has_value() ? stable_head_->size : 0;
  using Key = std::pair<RecordId, ScopeId>;
  std::map<Key, uint32_t> unacknowledged;
  absl::flat_hash_set<std::string> touched;
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(store_->Scan(
      Family::kRecordChange, "", "",
      [&](absl::string_view key, absl::string_view value) {
        ByteReader in(key);
        auto record = in.Fixed<RecordId>();
        auto scope = in.Fixed<ScopeId>();
        auto hash = in.Fixed<Hash>();
        auto row = DecodeRecordChange(hash, value);
        damaged = !in.Done() || !row.has_value();
        if (damaged) return false;
        if (row->commit_seq.has_value() && *row->commit_seq >= size) {
          if (*row->commit_seq < stable) ++*no_longer_stable;
          row->commit_seq = std::nullopt;
          changes_.PutRecordChange(scope, record, *row, batch);
          touched.insert(RecordStateKey(scope, record));
        }
        if (!row->commit_seq.has_value()) ++unacknowledged[{record, scope}];
        return true;
      }));
  if (damaged) return Damaged(Family::kRecordChange);
  return changes_.ScanSummaries(
      *store_, "", "", [&](const RecordSummaryRow& row) {
        if (!touched.contains(RecordStateKey(row.scope, row.record))) {
          return true;
        }
        RecordSummaryRow now = row;
        now.unacknowledged = unacknowledged[{row.record, row.scope}];
        changes_.PutSummary(now, batch);
        return true;
      });
}

}  // namespace vouch
