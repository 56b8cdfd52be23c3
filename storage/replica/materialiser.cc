#include "storage/replica/materialiser.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint8_t kRowVersion = 1;

bool Has(const ChangeCore& core, MergeClass c) {
  for (const Operation& op : core.operations) {
    if (op.merge_class == c) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<ChangeLocation> LocationIndex::Add(const Hash& hash,
                                                  const ChangeCore& core,
                                                  const Coordinate& at,
                                                  const Disposition& verdict) {
  ChangeLocation location;
  location.at = at;
  location.scope = core.scope;
  location.record = core.record;
  location.author = core.person;
  const bool counts = !verdict.quarantined;
  location.saw_seal = counts && Has(core, MergeClass::kSeal);
  bool discards = counts && Has(core, MergeClass::kDiscard);
  for (const Hash& seen : core.frontier) {
    VOUCH_ASSIGN_OR_RETURN(auto past, Find(seen));
    if (!past.has_value()) continue;
    location.saw_seal |= past->saw_seal;
    discards |= past->saw_discard;
  }
  const bool revives = counts && Has(core, MergeClass::kRevive);
  location.saw_discard = discards && !revives;
  added_[hash] = location;
  return location;
}

absl::StatusOr<std::optional<ChangeLocation>> LocationIndex::Find(
    const Hash& hash) const {
  auto found = added_.find(hash);
  if (found != added_.end()) {
    return std::optional<ChangeLocation>(found->second);
  }
  return changes_->GetLocation(*reader_, hash);
}

std::optional<AttentionRow> DecodeAttention(absl::string_view key,
                                            absl::string_view value) {
  ByteReader k(key);
  AttentionRow row;
  row.scope = k.Fixed<ScopeId>();
  row.record = k.Fixed<RecordId>();
  ByteReader in(value);
  uint8_t version = in.U8();
  uint64_t conflicts = in.Varint();
  uint64_t held = in.Varint();
  if (conflicts > UINT32_MAX || held > UINT32_MAX) in.Fail();
  row.conflicts = static_cast<uint32_t>(conflicts);
  row.held = static_cast<uint32_t>(held);
  if (!k.Done() || !in.Done() || version != kRowVersion) return std::nullopt;
  return row;
}

absl::StatusOr<Materialiser::Loaded*> Materialiser::Load(const Key& key) {
  auto [at, fresh] = records_.try_emplace(key);
  if (fresh) {
    Loaded& record = at->second;
    // Most records of a push are new. A look-up tells, which a filter answers,
    // where a scan looks into every file of the store.
    VOUCH_ASSIGN_OR_RETURN(
        record.is_stored,
        changes_->HasSummary(*reader_, key.first, key.second));
    if (!record.is_stored) return &record;
    VOUCH_ASSIGN_OR_RETURN(record.rows, changes_->GetRecordChanges(
                                            *reader_, key.first, key.second));
    record.changed.resize(record.rows.size());
    VOUCH_ASSIGN_OR_RETURN(record.changes,
                           changes_->LoadRecord(*reader_, record.rows));
  }
  return &at->second;
}

absl::Status Materialiser::Add(const Change& change, const Coordinate& at,
                               const Disposition& disposition,
                               std::optional<uint64_t> commit_seq) {
  Key key{change.core.scope, change.core.record};
  VOUCH_ASSIGN_OR_RETURN(Loaded * record, Load(key));
  dirty_.insert(key);
  for (size_t i = 0; i < record->rows.size(); ++i) {
    if (record->rows[i].hash != change.hash) continue;
    record->rows[i].disposition = disposition;
    record->rows[i].commit_seq = commit_seq;
    record->changed[i] = true;
    record->changes[i].disposition = disposition;
    return absl::OkStatus();
  }
  VOUCH_RETURN_IF_ERROR(
      locations_.Add(change.hash, change.core, at, disposition).status());
  RecordChange row;
  row.hash = change.hash;
  row.at = at;
  row.disposition = disposition;
  row.commit_seq = commit_seq;
  record->rows.push_back(row);
  record->changed.push_back(true);

  FoldChange fold;
  fold.hash = change.hash;
  fold.core = change.core;
  fold.erased = change.erased;
  fold.disposition = disposition;
  if (!change.erased) {
    auto values = DecodePayload(change.payload);
    fold.inert = !values.ok();
    if (values.ok()) fold.values = *std::move(values);
  }
  record->changes.push_back(std::move(fold));
  for (const Hash& cause : CausesOf(change.core)) {
    new_dependents_[cause].insert(key);
  }
  // It may itself be what others have been waiting for.
  return MarkDependents(change.hash);
}

absl::Status Materialiser::MarkDependents(const Hash& cause) {
  auto added = new_dependents_.find(cause);
  if (added != new_dependents_.end()) {
    dirty_.insert(added->second.begin(), added->second.end());
  }
  auto [stored, fresh] = stored_dependents_.try_emplace(cause);
  std::vector<Key>& keys = stored->second;
  if (fresh) {
    VOUCH_RETURN_IF_ERROR(
        reader_->Scan(Family::kDependent, cause.view(), PrefixEnd(cause.view()),
                      [&](absl::string_view key, absl::string_view) {
                        ByteReader in(key.substr(Hash::kSize));
                        auto scope = in.Fixed<ScopeId>();
                        keys.push_back({scope, in.Fixed<RecordId>()});
                        return true;
                      }));
  }
  dirty_.insert(keys.begin(), keys.end());
  return absl::OkStatus();
}

absl::StatusOr<CauseState> Materialiser::CauseOf(const Hash& hash) {
  VOUCH_ASSIGN_OR_RETURN(auto location, locations_.Find(hash));
  if (!location.has_value()) return CauseState::kMissing;
  auto record = records_.find({location->scope, location->record});
  if (record != records_.end()) {
    for (const RecordChange& row : record->second.rows) {
      if (row.hash != hash) continue;
      return row.effective ? CauseState::kEffective : CauseState::kHeld;
    }
  }
  return changes_->CauseOf(*reader_, hash);
}

absl::Status Materialiser::Refold(const Key& key, WriteBatch* batch) {
  VOUCH_ASSIGN_OR_RETURN(Loaded * record, Load(key));
  if (record->rows.empty()) return absl::OkStatus();
  absl::Status failed;  // a cause that cannot be read is not a missing one
  RecordView view = FoldRecord(record->changes, [&](const Hash& hash) {
    auto state = CauseOf(hash);
    failed.Update(state.status());
    return state.value_or(CauseState::kMissing);
  });
  VOUCH_RETURN_IF_ERROR(failed);
  absl::flat_hash_set<Hash> held;
  for (const HeldChange& change : view.held) held.insert(change.change);
  for (size_t i = 0; i < record->rows.size(); ++i) {
    RecordChange& row = record->rows[i];
    bool effective = !held.contains(row.hash);
    if (effective == row.effective) continue;
    row.effective = effective;
    record->changed[i] = true;
    VOUCH_RETURN_IF_ERROR(MarkDependents(row.hash));
  }
  WriteRecord(*record, view, batch);
  return absl::OkStatus();
}

void Materialiser::WriteRecord(const Loaded& record, const RecordView& view,
                               WriteBatch* batch) {
  RecordSummaryRow summary;
  summary.record = view.id;
  summary.scope = view.scope;
  summary.kind = view.kind;
  summary.state = view.state;
  summary.state_hash = view.state_hash;
  summary.conflicts = static_cast<uint32_t>(view.conflicts.size());
  summary.held = static_cast<uint32_t>(view.held.size());
  summary.changes = view.change_count;
  for (size_t i = 0; i < record.rows.size(); ++i) {
    const RecordChange& row = record.rows[i];
    if (!row.commit_seq.has_value()) ++summary.unacknowledged;
    if (!record.changed[i]) continue;
    changes_->PutRecordChange(view.scope, view.id, row, batch);
  }
  changes_->PutSummary(summary, batch);
  std::string key = RecordStateKey(view.scope, view.id);
  if (summary.conflicts == 0 && summary.held == 0) {
    // A record that is new has no row to take away.
    if (record.is_stored) batch->Delete(Family::kConflict, key);
  } else {
    batch->Put(Family::kConflict, key,
               ByteWriter()
                   .U8(kRowVersion)
                   .Varint(summary.conflicts)
                   .Varint(summary.held)
                   .bytes());
  }
}

absl::Status Materialiser::Finish(WriteBatch* batch) {
  while (!dirty_.empty()) {
    Key key = *dirty_.begin();
    dirty_.erase(dirty_.begin());
    VOUCH_RETURN_IF_ERROR(Refold(key, batch));
  }
  for (const auto& [hash, location] : locations_.added()) {
    changes_->PutLocation(hash, location, batch);
  }
  for (const auto& [cause, keys] : new_dependents_) {
    VOUCH_ASSIGN_OR_RETURN(auto location, locations_.Find(cause));
    for (const Key& key : keys) {
      // Within one record the fold itself looks: no row is needed.
      bool inside =
          location.has_value() && Key{location->scope, location->record} == key;
      if (inside) continue;
      batch->Put(Family::kDependent, DependentKey(cause, key.first, key.second),
                 "");
    }
  }
  return absl::OkStatus();
}

std::vector<std::pair<ScopeId, RecordId>> Materialiser::touched() const {
  std::vector<Key> out;
  for (const auto& [key, record] : records_) out.push_back(key);
  return out;
}

}  // namespace vouch
