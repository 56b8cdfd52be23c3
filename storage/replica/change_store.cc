#include "storage/replica/change_store.h"

#include <algorithm>
#include <iterator>

#include "absl/container/flat_hash_map.h"
#include "storage/replica/chain_runs.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// Fewer changes are looked up one by one: a scan has its own cost.
constexpr uint32_t kScannedChangesMin = 4;

// What a family holds from `begin` up to `end`, by key.
using Rows = absl::flat_hash_map<std::string, std::string>;
absl::StatusOr<Rows> RowsIn(const Reader& reader, Family family,
                            absl::string_view begin, absl::string_view end) {
  Rows rows;
  VOUCH_RETURN_IF_ERROR(reader.Scan(
      family, begin, end, [&](absl::string_view key, absl::string_view value) {
        rows.emplace(std::string(key), std::string(value));
        return true;
      }));
  return rows;
}

const std::string* Find(const Rows& rows, const std::string& key) {
  auto found = rows.find(key);
  return found == rows.end() ? nullptr : &found->second;
}

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
  std::string chain_key = ChainKey(at);
  VOUCH_ASSIGN_OR_RETURN(std::string bytes,
                         reader.Get(Family::kChain, chain_key));
  auto key = reader.Get(Family::kKey, PayloadKeyName(chain_key));
  if (absl::IsNotFound(key.status())) {
    return MakeChange(reader, at, bytes, nullptr, nullptr);
  }
  if (!key.ok()) return key.status();
  auto payload = reader.Get(Family::kPayload, chain_key);
  if (absl::IsNotFound(payload.status())) {
    return MakeChange(reader, at, bytes, nullptr, nullptr);
  }
  if (!payload.ok()) return payload.status();
  return MakeChange(reader, at, bytes, &*key, &*payload);
}

absl::StatusOr<Change> ChangeStore::MakeChange(
    const Reader& reader, const Coordinate& at, absl::string_view chain_row,
    const std::string* key, const std::string* payload) const {
  auto row = DecodeChainRow(chain_row);
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
  change.erased = key == nullptr || payload == nullptr;
  if (change.erased) return change;
  VOUCH_ASSIGN_OR_RETURN(std::string plain,
                         keys_->OpenPayload(reader, ChainKey(at),
                                            change.core.scope, *key, *payload));
  if (plain.size() < Salt::kSize) return Damaged(Family::kPayload);
  change.salt =
      *Salt::FromBytes(absl::string_view(plain).substr(0, Salt::kSize));
  change.payload = plain.substr(Salt::kSize);
  return change;
}

// They lie side by side in each family: one scan of each finds them many times
// sooner than a look-up a row.
absl::StatusOr<std::vector<Change>> ChangeStore::GetChanges(
    const Reader& reader, const Coordinate& first, uint32_t count) const {
  std::vector<Change> out;
  out.reserve(count);
  Coordinate at = first;
  if (count < kScannedChangesMin) {
    for (; at.seq < first.seq + count; ++at.seq) {
      VOUCH_ASSIGN_OR_RETURN(Change change, GetChange(reader, at));
      out.push_back(std::move(change));
    }
    return out;
  }
  at.seq += count;
  const std::string begin = ChainKey(first);
  const std::string end = ChainKey(at);
  VOUCH_ASSIGN_OR_RETURN(Rows chain,
                         RowsIn(reader, Family::kChain, begin, end));
  VOUCH_ASSIGN_OR_RETURN(
      Rows keys,
      RowsIn(reader, Family::kKey, PayloadKeyName(begin), PayloadKeyName(end)));
  VOUCH_ASSIGN_OR_RETURN(Rows payloads,
                         RowsIn(reader, Family::kPayload, begin, end));
  for (at.seq = first.seq; at.seq < first.seq + count; ++at.seq) {
    const std::string key = ChainKey(at);
    const std::string* row = Find(chain, key);
    if (row == nullptr) {
      return Error(Reason::kNotFound, "a change of a segment is not there");
    }
    VOUCH_ASSIGN_OR_RETURN(
        Change change,
        MakeChange(reader, at, *row, Find(keys, PayloadKeyName(key)),
                   Find(payloads, key)));
    out.push_back(std::move(change));
  }
  return out;
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
  const uint64_t before = first.seq - segment.header.first_seq;
  if (before > 0) {
    VOUCH_ASSIGN_OR_RETURN(auto places,
                           PlacesOf(*this, reader, segment.header, first));
    for (uint64_t i = 0; i < before; ++i) {
      VOUCH_ASSIGN_OR_RETURN(Change change, GetChange(reader, places[i]));
      segment.changes.push_back(std::move(change));
    }
  }
  VOUCH_ASSIGN_OR_RETURN(
      auto rest,
      GetChanges(reader, first,
                 static_cast<uint32_t>(segment.header.count - before)));
  std::move(rest.begin(), rest.end(), std::back_inserter(segment.changes));
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

}  // namespace vouch
