// Records as a ChangeStore keeps them: which changes each has, what is shown of
// it, and folding it.
#include <algorithm>

#include "storage/replica/change_store.h"
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

absl::StatusOr<bool> ChangeStore::HasSummary(const Reader& reader,
                                             const ScopeId& scope,
                                             const RecordId& record) const {
  auto row = reader.Get(Family::kRecordState, RecordStateKey(scope, record));
  if (row.ok()) return true;
  if (absl::IsNotFound(row.status())) return false;
  return row.status();
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
