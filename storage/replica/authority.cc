#include "storage/replica/authority.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint8_t kVersion = 1;
const char kMarkKey[] = {kMarkLetter, '\0'};

absl::Status Damaged() {
  return Error(Reason::kStoreCorrupted,
               "a value of family grant is not readable");
}

// Of two versions of one row, the one to keep.
absl::StatusOr<std::string> Prevailing(const std::string& key,
                                       const std::string& here,
                                       const std::string& there) {
  switch (key[0]) {
    case kMemberLetter: {
      auto a = DecodeMember(here);
      auto b = DecodeMember(there);
      if (!a.has_value() || !b.has_value()) return Damaged();
      a->revoked = a->revoked || b->revoked;
      return EncodeMember(*a);
    }
    case kCodeLetter: {
      auto a = DecodeCode(here);
      auto b = DecodeCode(there);
      if (!a.has_value() || !b.has_value()) return Damaged();
      return !a->used_by.has_value() && b->used_by.has_value() ? there : here;
    }
    default:
      return here;
  }
}

// All erasures of both, this store's first, numbered without gaps.
absl::StatusOr<GrantRows> JoinErasures(const GrantRows& here,
                                       const GrantRows& there) {
  GrantRows out;
  std::set<std::pair<ScopeId, RecordId>> seen;
  uint64_t next = 0;
  for (const GrantRows* rows : {&here, &there}) {
    for (const auto& [key, plain] : *rows) {
      if (key[0] != kErasureLetter) continue;
      auto erasure = DecodeErasure(key, plain);
      if (!erasure.has_value()) return Damaged();
      if (!seen.insert({erasure->scope, erasure->record}).second) continue;
      out[ErasureKey(next++)] = plain;
    }
  }
  return out;
}

absl::StatusOr<GrantRows> JoinRows(const GrantRows& here,
                                   const GrantRows& there) {
  VOUCH_ASSIGN_OR_RETURN(GrantRows out, JoinErasures(here, there));
  for (const auto& [key, plain] : here) {
    if (key[0] == kErasureLetter) continue;
    auto other = there.find(key);
    if (other == there.end()) {
      out[key] = plain;
      continue;
    }
    VOUCH_ASSIGN_OR_RETURN(out[key], Prevailing(key, plain, other->second));
  }
  for (const auto& [key, plain] : there) {
    if (key[0] != kErasureLetter) out.try_emplace(key, plain);
  }
  return out;
}

// Puts what differs from `old`. True if an erasure was among it.
bool PutDifference(const GrantRows& joined, const GrantRows& old,
                   const KeyRing& keys, WriteBatch* batch) {
  bool erasures = false;
  for (const auto& [key, plain] : joined) {
    auto was = old.find(key);
    if (was != old.end() && was->second == plain) continue;
    PutGrant(key, plain, keys, batch);
    erasures |= key[0] == kErasureLetter;
  }
  return erasures;
}

}  // namespace

void PutGrant(absl::string_view key, absl::string_view plain,
              const KeyRing& keys, WriteBatch* batch) {
  batch->Put(Family::kGrant, key,
             IsPlainGrant(key) ? std::string(plain)
                               : keys.SealRow(Family::kGrant, key, plain));
}

absl::StatusOr<GrantRows> ReadGrants(const Reader& reader,
                                     const KeyRing& keys) {
  GrantRows rows;
  absl::Status opened;
  VOUCH_RETURN_IF_ERROR(reader.Scan(
      Family::kGrant, "", "",
      [&](absl::string_view key, absl::string_view value) {
        if (key.empty() || key[0] == kMarkLetter) return true;
        auto plain = IsPlainGrant(key)
                         ? absl::StatusOr<std::string>(std::string(value))
                         : keys.OpenRow(Family::kGrant, key, value);
        opened = plain.status();
        if (plain.ok()) rows[std::string(key)] = *std::move(plain);
        return opened.ok();
      }));
  VOUCH_RETURN_IF_ERROR(opened);
  return rows;
}

absl::Status Authority::Write(const std::vector<GrantRow>& rows) {
  WriteBatch batch;
  for (const GrantRow& row : rows) {
    PutGrant(row.key, row.plain, *keys_, &batch);
  }
  return store_->Write(std::move(batch), Durability::kSynced);
}

absl::Status Authority::Join(Store* main, const KeyRing& main_keys) {
  VOUCH_ASSIGN_OR_RETURN(GrantRows here, ReadGrants(*store_, *keys_));
  VOUCH_ASSIGN_OR_RETURN(GrantRows there, ReadGrants(*main, main_keys));
  VOUCH_ASSIGN_OR_RETURN(GrantRows joined, JoinRows(here, there));
  WriteBatch ours;
  PutDifference(joined, here, *keys_, &ours);
  if (!ours.empty()) {
    VOUCH_RETURN_IF_ERROR(store_->Write(std::move(ours), Durability::kSynced));
  }
  WriteBatch theirs;
  if (PutDifference(joined, there, main_keys, &theirs)) {
    // The centre carries all of them out again.
    theirs.Delete(Family::kMeta, kErasuresDone);
  }
  if (theirs.empty()) return absl::OkStatus();
  return main->Write(std::move(theirs), Durability::kSynced);
}

absl::StatusOr<std::optional<CentreMark>> Authority::GetMark() const {
  auto sealed = store_->Get(Family::kGrant, kMarkKey);
  if (absl::IsNotFound(sealed.status())) return std::optional<CentreMark>();
  if (!sealed.ok()) return sealed.status();
  VOUCH_ASSIGN_OR_RETURN(std::string plain,
                         keys_->OpenRow(Family::kGrant, kMarkKey, *sealed));
  ByteReader in(plain);
  if (in.U8() != kVersion) in.Fail();
  CentreMark mark;
  mark.centre = in.Fixed<RecordId>();
  mark.histories.resize(in.Count(HistoryId::kSize, kHistoriesMax));
  for (HistoryId& history : mark.histories) history = in.Fixed<HistoryId>();
  mark.incarnation = in.Fixed<Incarnation>();
  mark.own_seq = in.Varint();
  mark.log_size = in.Varint();
  mark.log_root = in.Fixed<Hash>();
  mark.stable_size = in.Varint();
  if (!in.Done() || mark.histories.empty()) return Damaged();
  return std::optional<CentreMark>(mark);
}

absl::Status Authority::PutMark(const CentreMark& mark) {
  const size_t skipped =
      mark.histories.size() - std::min(mark.histories.size(), kHistoriesMax);
  ByteWriter out;
  out.U8(kVersion).Fixed(mark.centre).Varint(mark.histories.size() - skipped);
  for (size_t i = skipped; i < mark.histories.size(); ++i) {
    out.Fixed(mark.histories[i]);
  }
  out.Fixed(mark.incarnation).Varint(mark.own_seq).Varint(mark.log_size);
  out.Fixed(mark.log_root).Varint(mark.stable_size);
  return Write({{kMarkKey, out.Take()}});
}

}  // namespace vouch
