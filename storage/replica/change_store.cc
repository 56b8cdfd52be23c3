#include "storage/replica/change_store.h"

#include <algorithm>

#include "storage/replica/chain_runs.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status Damaged(Family family) {
  return Error(Reason::kStoreCorrupted,
               absl::StrCat("a value of family ", FamilyName(family),
                            " is not readable"));
}

}  // namespace

absl::Status ChangeStore::PutChange(const Change& change, const Hash& branch,
                                    WriteBatch* batch) const {
  const ChangeCore& core = change.core;
  std::string key = ChainKey({core.device, core.incarnation, branch, core.seq});
  batch->Put(Family::kChain, key,
             EncodeChainRow({change.core_bytes, change.signatures}));
  if (change.erased) return absl::OkStatus();
  return keys_->PutPayload(
      key, core.scope, absl::StrCat(change.salt.view(), change.payload), batch);
}

absl::StatusOr<Change> ChangeStore::GetChange(const Reader& reader,
                                              const Coordinate& at) const {
  std::string key = ChainKey(at);
  VOUCH_ASSIGN_OR_RETURN(std::string bytes, reader.Get(Family::kChain, key));
  auto row = DecodeChainRow(bytes);
  if (!row.has_value()) return Damaged(Family::kChain);
  auto core = DecodeCore(row->core_bytes);
  // A row says itself where it belongs; one moved elsewhere is damage.
  if (!core.ok() || core->device != at.device ||
      core->incarnation != at.incarnation || core->seq != at.seq) {
    return Damaged(Family::kChain);
  }
  Change change;
  change.core_bytes = std::move(row->core_bytes);
  change.signatures = std::move(row->signatures);
  change.core = *std::move(core);
  change.hash = ChangeHash(change.core_bytes);
  VOUCH_ASSIGN_OR_RETURN(auto plain,
                         keys_->GetPayload(reader, key, change.core.scope));
  change.erased = !plain.has_value();
  if (plain.has_value()) {
    if (plain->size() < Salt::kSize) return Damaged(Family::kPayload);
    change.salt =
        *Salt::FromBytes(absl::string_view(*plain).substr(0, Salt::kSize));
    change.payload = plain->substr(Salt::kSize);
  }
  return change;
}

absl::StatusOr<std::optional<Hash>> ChangeStore::GetChangeHash(
    const Reader& reader, const Coordinate& at) const {
  auto bytes = reader.Get(Family::kChain, ChainKey(at));
  if (absl::IsNotFound(bytes.status())) return std::optional<Hash>();
  if (!bytes.ok()) return bytes.status();
  auto row = DecodeChainRow(*bytes);
  if (!row.has_value()) return Damaged(Family::kChain);
  return std::optional<Hash>(ChangeHash(row->core_bytes));
}

absl::StatusOr<ChangeStore::Head> ChangeStore::ChainHead(
    const Reader& reader, const DeviceId& device,
    const Incarnation& incarnation, const Hash& branch) const {
  std::string prefix = ChainPrefix(device, incarnation, branch);
  Head head;
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(
      reader.ScanReverse(Family::kChain, prefix, PrefixEnd(prefix),
                         [&](absl::string_view key, absl::string_view value) {
                           auto at = CoordinateOfKey(key);
                           auto row = DecodeChainRow(value);
                           damaged = !at.has_value() || !row.has_value();
                           if (!damaged)
                             head = {at->seq, ChangeHash(row->core_bytes)};
                           return false;
                         }));
  if (damaged) return Damaged(Family::kChain);
  return head;
}

void ChangeStore::PutLocation(const Hash& hash, const ChangeLocation& location,
                              WriteBatch* batch) const {
  batch->Put(Family::kByHash, hash.view(), EncodeLocation(location));
}

absl::StatusOr<std::optional<ChangeLocation>> ChangeStore::GetLocation(
    const Reader& reader, const Hash& hash) const {
  auto bytes = reader.Get(Family::kByHash, hash.view());
  if (absl::IsNotFound(bytes.status())) {
    return std::optional<ChangeLocation>();
  }
  if (!bytes.ok()) return bytes.status();
  auto location = DecodeLocation(*bytes);
  if (!location.has_value()) return Damaged(Family::kByHash);
  return location;
}

void ChangeStore::PutRecordChange(const ScopeId& scope, const RecordId& record,
                                  const RecordChange& row,
                                  WriteBatch* batch) const {
  batch->Put(Family::kRecordChange, RecordChangeKey(record, scope, row.hash),
             EncodeRecordChange(row));
}

absl::StatusOr<std::optional<RecordChange>> ChangeStore::GetRecordChange(
    const Reader& reader, const ScopeId& scope, const RecordId& record,
    const Hash& hash) const {
  auto bytes =
      reader.Get(Family::kRecordChange, RecordChangeKey(record, scope, hash));
  if (absl::IsNotFound(bytes.status())) return std::optional<RecordChange>();
  if (!bytes.ok()) return bytes.status();
  auto row = DecodeRecordChange(hash, *bytes);
  if (!row.has_value()) return Damaged(Family::kRecordChange);
  return row;
}

absl::StatusOr<std::vector<RecordChange>> ChangeStore::GetRecordChanges(
    const Reader& reader, const ScopeId& scope, const RecordId& record) const {
  std::vector<RecordChange> rows;
  bool damaged = false;
  std::string prefix = RecordPrefix(record, scope);
  VOUCH_RETURN_IF_ERROR(reader.Scan(
      Family::kRecordChange, prefix, PrefixEnd(prefix),
      [&](absl::string_view key, absl::string_view value) {
        auto hash = Hash::FromBytes(key.substr(prefix.size()));
        auto row = hash ? DecodeRecordChange(*hash, value) : std::nullopt;
        damaged = !row.has_value();
        if (damaged) return false;
        rows.push_back(*row);
        return true;
      }));
  if (damaged) return Damaged(Family::kRecordChange);
  return rows;
}

absl::StatusOr<std::vector<ScopeId>> ChangeStore::ScopesOf(
    const Reader& reader, const RecordId& record) const {
  std::vector<ScopeId> scopes;
  VOUCH_RETURN_IF_ERROR(reader.Scan(
      Family::kRecordChange, record.view(), PrefixEnd(record.view()),
      [&](absl::string_view key, absl::string_view) {
        auto scope =
            ScopeId::FromBytes(key.substr(RecordId::kSize, ScopeId::kSize));
        if (scope.has_value() && (scopes.empty() || scopes.back() != *scope)) {
          scopes.push_back(*scope);
        }
        return true;
      }));
  return scopes;
}

absl::StatusOr<ScopeId> ChangeStore::ScopeOf(const Reader& reader,
                                             const RecordId& record) const {
  std::optional<ScopeId> scope;
  VOUCH_RETURN_IF_ERROR(reader.Scan(
      Family::kRecordChange, record.view(), PrefixEnd(record.view()),
      [&](absl::string_view key, absl::string_view) {
        scope = ScopeId::FromBytes(key.substr(RecordId::kSize, ScopeId::kSize));
        return false;
      }));
  if (!scope.has_value()) {
    return Error(Reason::kNotFound,
                 absl::StrCat("there is no record ", record.Hex()));
  }
  return *scope;
}

void ChangeStore::PutSummary(const RecordSummaryRow& row,
                             WriteBatch* batch) const {
  batch->Put(Family::kRecordState, RecordStateKey(row.scope, row.record),
             EncodeSummary(row));
}

absl::Status ChangeStore::ScanSummaries(
    const Reader& reader, absl::string_view begin, absl::string_view end,
    const std::function<bool(const RecordSummaryRow&)>& visit) const {
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(
      reader.Scan(Family::kRecordState, begin, end,
                  [&](absl::string_view key, absl::string_view value) {
                    auto row = DecodeSummary(key, value);
                    damaged = !row.has_value();
                    return !damaged && visit(*row);
                  }));
  if (damaged) return Damaged(Family::kRecordState);
  return absl::OkStatus();
}

void ChangeStore::PutSegmentRow(const SegmentRow& row, const Coordinate& first,
                                WriteBatch* batch) const {
  batch->Put(Family::kSegment, ChainKey(first), EncodeSegmentRow(row));
}

absl::StatusOr<std::optional<SegmentRow>> ChangeStore::GetSegmentRow(
    const Reader& reader, const Coordinate& first) const {
  auto bytes = reader.Get(Family::kSegment, ChainKey(first));
  if (absl::IsNotFound(bytes.status())) return std::optional<SegmentRow>();
  if (!bytes.ok()) return bytes.status();
  auto row = DecodeSegmentRow(*bytes);
  if (!row.has_value() || row->header.device() != first.device ||
      row->header.incarnation != first.incarnation ||
      row->header.first_seq > first.seq || row->header.end_seq() <= first.seq) {
    return Damaged(Family::kSegment);
  }
  return row;
}

absl::StatusOr<std::optional<Coordinate>> ChangeStore::SegmentHolding(
    const Reader& reader, const Coordinate& at) const {
  std::optional<Coordinate> first;
  bool damaged = false;
  Coordinate end = at;
  ++end.seq;
  VOUCH_RETURN_IF_ERROR(reader.ScanReverse(
      Family::kSegment, ChainPrefix(at.device, at.incarnation, at.branch),
      ChainKey(end), [&](absl::string_view key, absl::string_view value) {
        auto found = CoordinateOfKey(key);
        auto row = DecodeSegmentRow(value);
        damaged = !found.has_value() || !row.has_value();
        if (!damaged && row->header.end_seq() > at.seq) first = found;
        return false;
      }));
  if (damaged) return Damaged(Family::kSegment);
  return first;
}

absl::StatusOr<Segment> ChangeStore::GetSegment(const Reader& reader,
                                                const Coordinate& first,
                                                SegmentRow* row) const {
  VOUCH_ASSIGN_OR_RETURN(auto found, GetSegmentRow(reader, first));
  if (!found.has_value()) {
    return Error(Reason::kNotFound, "there is no such segment");
  }
  Segment segment;
  segment.header = found->header;
  if (row != nullptr) *row = *std::move(found);
  VOUCH_ASSIGN_OR_RETURN(auto places,
                         PlacesOf(*this, reader, segment.header, first));
  for (const Coordinate& at : places) {
    VOUCH_ASSIGN_OR_RETURN(Change change, GetChange(reader, at));
    segment.changes.push_back(std::move(change));
  }
  return segment;
}

void ChangeStore::PutLogRow(const LogRow& row, WriteBatch* batch) const {
  batch->Put(Family::kLog, U64Key(row.commit.first_commit_seq),
             EncodeLogRow(row));
  batch->Put(
      Family::kByScope, ByScopeKey(row.scope, row.commit.first_scope_seq),
      EncodeByScope({row.commit.first_commit_seq, row.count, row.scope_head}));
}

absl::StatusOr<std::optional<LogRow>> ChangeStore::GetLogRow(
    const Reader& reader, uint64_t first_commit_seq) const {
  auto bytes = reader.Get(Family::kLog, U64Key(first_commit_seq));
  if (absl::IsNotFound(bytes.status())) return std::optional<LogRow>();
  if (!bytes.ok()) return bytes.status();
  auto row = DecodeLogRow(*bytes);
  if (!row.has_value()) return Damaged(Family::kLog);
  return row;
}

absl::Status ChangeStore::ScanLog(
    const Reader& reader, uint64_t begin, uint64_t end,
    const std::function<bool(const LogRow&)>& visit) const {
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(
      reader.Scan(Family::kLog, U64Key(begin), U64Key(end),
                  [&](absl::string_view, absl::string_view value) {
                    auto row = DecodeLogRow(value);
                    damaged = !row.has_value();
                    return !damaged && visit(*row);
                  }));
  if (damaged) return Damaged(Family::kLog);
  return absl::OkStatus();
}

absl::StatusOr<ScopeEnd> ChangeStore::GetScopeEnd(const Reader& reader,
                                                  const ScopeId& scope) const {
  ScopeEnd end;
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(reader.ScanReverse(
      Family::kByScope, scope.view(), PrefixEnd(scope.view()),
      [&](absl::string_view key, absl::string_view value) {
        uint64_t first = U64OfKey(key.substr(ScopeId::kSize));
        auto row = DecodeByScope(value);
        damaged = !row.has_value();
        if (!damaged) end = {first + row->count - 1, row->scope_head};
        return false;
      }));
  if (damaged) return Damaged(Family::kByScope);
  return end;
}

absl::StatusOr<std::vector<std::pair<ScopeId, Hash>>> ChangeStore::ScopeStates(
    const Reader& reader) const {
  std::vector<std::pair<ScopeId, Hash>> out;
  std::optional<ScopeStateHasher> hasher;
  VOUCH_RETURN_IF_ERROR(
      ScanSummaries(reader, "", "", [&](const RecordSummaryRow& row) {
        if (out.empty() || out.back().first != row.scope) {
          if (hasher.has_value()) out.back().second = hasher->Finish();
          out.push_back({row.scope, Hash()});
          hasher.emplace();
        }
        hasher->Add(row.record, row.state_hash);
        return true;
      }));
  if (hasher.has_value()) out.back().second = hasher->Finish();
  return out;
}

absl::Status ChangeStore::ScanRecordChanges(
    const Reader& reader,
    const std::function<bool(const RecordChange&)>& visit) const {
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(reader.Scan(
      Family::kRecordChange, "", "",
      [&](absl::string_view key, absl::string_view value) {
        auto hash = Hash::FromBytes(
            key.substr(std::min(key.size(), RecordId::kSize + ScopeId::kSize)));
        auto row = hash ? DecodeRecordChange(*hash, value) : std::nullopt;
        damaged = !row.has_value();
        return !damaged && visit(*row);
      }));
  if (damaged) return Damaged(Family::kRecordChange);
  return absl::OkStatus();
}

ShortenOwn ChangeStore::Shortener(const Reader& reader, const Segment& segment,
                                  const Hash& branch) const {
  if (!branch.IsZero()) return nullptr;
  const SegmentHeader& h = segment.header;
  return [this, &reader, device = h.device(), incarnation = h.incarnation,
          scope = h.scope,
          first = h.first_seq](const Hash& hash) -> std::optional<uint64_t> {
    auto found = GetLocation(reader, hash);
    if (!found.ok() || !found->has_value()) return std::nullopt;
    const ChangeLocation& at = **found;
    if (at.at.device != device || at.at.incarnation != incarnation ||
        !at.at.branch.IsZero() || at.scope != scope || at.at.seq >= first) {
      return std::nullopt;
    }
    return at.at.seq;
  };
}

absl::StatusOr<uint64_t> ChangeStore::LogSize(const Reader& reader) const {
  uint64_t size = 0;
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(reader.ScanReverse(
      Family::kLog, "", "", [&](absl::string_view, absl::string_view value) {
        auto row = DecodeLogRow(value);
        damaged = !row.has_value();
        if (!damaged) size = row->end_seq();
        return false;
      }));
  if (damaged) return Damaged(Family::kLog);
  return size;
}

absl::StatusOr<FoldChange> ChangeStore::LoadFoldChange(
    const Reader& reader, const RecordChange& row) const {
  VOUCH_ASSIGN_OR_RETURN(Change change, GetChange(reader, row.at));
  if (change.hash != row.hash) return Damaged(Family::kRecordChange);
  FoldChange fold;
  fold.hash = row.hash;
  fold.erased = change.erased;
  fold.disposition = row.disposition;
  if (!change.erased) {
    auto values = DecodePayload(change.payload);
    // Committed bytes that this version cannot read: carried, never lost.
    fold.inert = !values.ok();
    if (values.ok()) fold.values = *std::move(values);
  }
  fold.core = std::move(change.core);
  return fold;
}

absl::StatusOr<std::vector<FoldChange>> ChangeStore::LoadRecord(
    const Reader& reader, const std::vector<RecordChange>& rows) const {
  std::vector<FoldChange> out;
  out.reserve(rows.size());
  for (const RecordChange& row : rows) {
    VOUCH_ASSIGN_OR_RETURN(FoldChange fold, LoadFoldChange(reader, row));
    out.push_back(std::move(fold));
  }
  return out;
}

absl::StatusOr<CauseState> ChangeStore::CauseOf(const Reader& reader,
                                                const Hash& hash) const {
  VOUCH_ASSIGN_OR_RETURN(auto location, GetLocation(reader, hash));
  if (!location.has_value()) return CauseState::kMissing;
  VOUCH_ASSIGN_OR_RETURN(auto row, GetRecordChange(reader, location->scope,
                                                   location->record, hash));
  if (!row.has_value()) return CauseState::kMissing;
  return row->effective ? CauseState::kEffective : CauseState::kHeld;
}

absl::StatusOr<RecordView> ChangeStore::FoldStored(
    const Reader& reader, const ScopeId& scope, const RecordId& record) const {
  VOUCH_ASSIGN_OR_RETURN(auto rows, GetRecordChanges(reader, scope, record));
  if (rows.empty()) {
    return Error(Reason::kNotFound,
                 absl::StrCat("there is no record ", record.Hex()));
  }
  VOUCH_ASSIGN_OR_RETURN(auto changes, LoadRecord(reader, rows));
  absl::Status failed;  // a cause that cannot be read is not a missing one
  RecordView view = FoldRecord(changes, [&](const Hash& hash) {
    auto state = CauseOf(reader, hash);
    failed.Update(state.status());
    return state.value_or(CauseState::kMissing);
  });
  VOUCH_RETURN_IF_ERROR(failed);
  return view;
}

}  // namespace vouch
