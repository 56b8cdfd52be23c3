#include "storage/store.h"

#include <iterator>
#include <utility>

#include "storage/engine.h"
#include "sync/base/check.h"

namespace vouch {
namespace {

// Stored (RocksDB's column families, SQLite's tables): never rename one.
constexpr absl::string_view kFamilyNames[kFamilyCount] = {
    "meta",      "chain",         "payload",      "key",
    "segment",   "log",           "by_scope",     "merkle_tile",
    "by_hash",   "record_change", "record_state", "conflict",
    "dependent", "grant",         "manifest",     "tree_head"};

}  // namespace

absl::string_view FamilyName(Family family) {
  VOUCH_CHECK(static_cast<int>(family) < kFamilyCount);
  return kFamilyNames[static_cast<int>(family)];
}

void WriteBatch::Put(Family family, absl::string_view key,
                     absl::string_view value) {
  entries_.push_back({Op::kPut, family, std::string(key), std::string(value)});
  bytes_ += key.size() + value.size();
}

void WriteBatch::Delete(Family family, absl::string_view key) {
  entries_.push_back({Op::kDelete, family, std::string(key), {}});
  bytes_ += key.size();
}

void WriteBatch::DeleteRange(Family family, absl::string_view begin,
                             absl::string_view end) {
  if (IsEmptyRange(begin, end)) return;
  entries_.push_back(
      {Op::kDeleteRange, family, std::string(begin), std::string(end)});
  bytes_ += begin.size() + end.size();
}

void WriteBatch::Append(WriteBatch other) {
  entries_.insert(entries_.end(),
                  std::make_move_iterator(other.entries_.begin()),
                  std::make_move_iterator(other.entries_.end()));
  bytes_ += other.bytes_;
}

std::string PrefixEnd(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) {
    end.pop_back();
  }
  if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
  return end;
}

}  // namespace vouch
