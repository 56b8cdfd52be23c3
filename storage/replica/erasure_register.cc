#include "storage/replica/erasure_register.h"

#include <algorithm>
#include <string>

#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {

absl::Status ErasureRegister::Load(const Reader& reader, const KeyRing& keys) {
  std::vector<Erasure> rows;
  bool damaged = false;
  const std::string prefix(1, kErasureLetter);
  VOUCH_RETURN_IF_ERROR(reader.Scan(
      Family::kGrant, prefix, PrefixEnd(prefix),
      [&](absl::string_view key, absl::string_view value) {
        auto plain = keys.OpenRow(Family::kGrant, key, value);
        auto row = plain.ok() ? DecodeErasure(key, *plain) : std::nullopt;
        damaged = !row.has_value() || row->seq != rows.size();
        if (!damaged) rows.push_back(*row);
        return !damaged;
      }));
  if (damaged) {
    return Error(Reason::kStoreCorrupted,
                 "the erasure register in family grant is not readable");
  }
  {
    MutexLock lock(mutex_);
    rows_.clear();
    erased_.clear();
    records_.clear();
  }
  Add(rows);
  return absl::OkStatus();
}

bool ErasureRegister::Contains(const ScopeId& scope,
                               const RecordId& record) const {
  MutexLock lock(mutex_);
  return erased_.contains(std::make_pair(scope, record));
}

bool ErasureRegister::Contains(const RecordId& record) const {
  MutexLock lock(mutex_);
  return records_.contains(record);
}

std::vector<Erasure> ErasureRegister::From(uint64_t from_seq) const {
  MutexLock lock(mutex_);
  const uint64_t begin = std::min<uint64_t>(from_seq, rows_.size());
  const uint64_t end =
      std::min<uint64_t>(rows_.size(), begin + kErasuresListMax);
  return std::vector<Erasure>(rows_.begin() + static_cast<ptrdiff_t>(begin),
                              rows_.begin() + static_cast<ptrdiff_t>(end));
}

uint64_t ErasureRegister::end_seq() const {
  MutexLock lock(mutex_);
  return rows_.size();
}

void ErasureRegister::Add(const std::vector<Erasure>& rows) {
  MutexLock lock(mutex_);
  for (const Erasure& row : rows) {
    VOUCH_CHECK(row.seq == rows_.size());
    rows_.push_back(row);
    erased_.insert({row.scope, row.record});
    records_.insert(row.record);
  }
}

}  // namespace vouch
