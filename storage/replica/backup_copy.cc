#include "storage/replica/backup_copy.h"

#include <utility>
#include <vector>

#include "storage/replica/keys.h"
#include "storage/replica/rows.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status Damaged(absl::string_view what) {
  return Error(Reason::kStoreCorrupted, what);
}

std::string EndOfSegment(const LogRow& row) {
  Coordinate end = row.first;
  end.seq += row.count;
  return ChainKey(end);
}

absl::Status CopyRow(const Reader& from, Family family, const std::string& key,
                     WriteBatch* batch) {
  auto value = from.Get(family, key);
  if (absl::IsNotFound(value.status())) {
    return Damaged(absl::StrCat("a row of family ", FamilyName(family),
                                " that the log names is missing"));
  }
  if (!value.ok()) return value.status();
  batch->Put(family, key, *value);
  return absl::OkStatus();
}

absl::Status CopySegment(const Reader& from, const LogRow& row,
                         WriteBatch* batch) {
  const std::string first = ChainKey(row.first);
  VOUCH_RETURN_IF_ERROR(
      CopyRow(from, Family::kByScope,
              ByScopeKey(row.scope, row.commit.first_scope_seq), batch));
  // A reinstatement speaks of a change that was copied with its segment.
  if (row.commit.kind == LogEntry::kReinstate) return absl::OkStatus();
  VOUCH_RETURN_IF_ERROR(CopyRow(from, Family::kSegment, first, batch));
  uint32_t changes = 0;
  for (Family family : {Family::kChain, Family::kPayload}) {
    VOUCH_RETURN_IF_ERROR(
        from.Scan(family, first, EndOfSegment(row),
                  [&](absl::string_view key, absl::string_view value) {
                    if (family == Family::kChain) ++changes;
                    batch->Put(family, key, value);
                    return true;
                  }));
  }
  if (changes != row.count) return Damaged("family chain has a gap");
  return absl::OkStatus();
}

// The next rows of a family, at most kMirrorRowsMax, and where to go on; an
// empty `next` means the end was reached.
struct Chunk {
  std::vector<std::pair<std::string, std::string>> rows;
  std::string next;
};
absl::StatusOr<Chunk> ReadChunk(const Reader& from, Family family,
                                absl::string_view begin,
                                absl::string_view end) {
  Chunk chunk;
  VOUCH_RETURN_IF_ERROR(from.Scan(
      family, begin, end, [&](absl::string_view key, absl::string_view value) {
        if (chunk.rows.size() == kMirrorRowsMax) {
          chunk.next = std::string(key);
          return false;
        }
        chunk.rows.emplace_back(key, value);
        return true;
      }));
  return chunk;
}

// Puts and deletes what makes [begin, end) of `to` equal to `rows`; stops when
// the batch is full and says where to go on (`end` when it is through).
absl::StatusOr<std::string> Compare(const Chunk& chunk, Family family,
                                    const std::string& begin,
                                    const std::string& end, const Reader& to,
                                    WriteBatch* batch, MirrorCount* count) {
  auto at = chunk.rows.begin();
  while (at != chunk.rows.end() && at->first < begin) ++at;
  auto put = [&] {
    batch->Put(family, at->first, at->second);
    ++count->put;
    ++at;
  };
  std::string stopped = end;
  bool full = false;
  VOUCH_RETURN_IF_ERROR(to.Scan(
      family, begin, end, [&](absl::string_view key, absl::string_view value) {
        if (batch->size_bytes() > kCopyBatchBytesMax) {
          // What stands before this key is still to be put.
          const bool behind = at != chunk.rows.end() && at->first < key;
          stopped = behind ? at->first : std::string(key);
          full = true;
          return false;
        }
        while (at != chunk.rows.end() && at->first < key) put();
        if (at == chunk.rows.end() || at->first != key) {
          batch->Delete(family, key);
          ++count->deleted;
        } else if (at->second != value) {
          put();
        } else {
          ++at;
        }
        return true;
      }));
  while (!full && at != chunk.rows.end()) put();
  return stopped;
}

}  // namespace

absl::Status CopySegments(const Reader& from, uint64_t begin, uint64_t end,
                          Store* to, const StopCheck& stop, CopyCount* count) {
  uint64_t position = begin;
  while (position < end) {
    if (stop) VOUCH_RETURN_IF_ERROR(stop());
    WriteBatch batch;
    absl::Status copied;
    const uint64_t before = position;
    VOUCH_RETURN_IF_ERROR(from.Scan(
        Family::kLog, U64Key(position), U64Key(end),
        [&](absl::string_view key, absl::string_view value) {
          auto row = DecodeLogRow(value);
          if (!row.has_value() || row->commit.first_commit_seq != position ||
              row->end_seq() > end) {
            copied = Damaged("family log has a gap or is not readable");
            return false;
          }
          batch.Put(Family::kLog, key, value);
          copied = CopySegment(from, *row, &batch);
          position = row->end_seq();
          count->changes += row->count;
          return copied.ok() && batch.size_bytes() < kCopyBatchBytesMax;
        }));
    VOUCH_RETURN_IF_ERROR(copied);
    if (position == before) return Damaged("family log has a gap");
    count->bytes += batch.size_bytes();
    VOUCH_RETURN_IF_ERROR(to->Write(std::move(batch), Durability::kBuffered));
  }
  return absl::OkStatus();
}

absl::Status DropSegments(uint64_t begin, Store* store) {
  while (true) {
    WriteBatch batch;
    VOUCH_RETURN_IF_ERROR(store->Scan(
        Family::kLog, U64Key(begin), "",
        [&](absl::string_view key, absl::string_view value) {
          batch.Delete(Family::kLog, key);
          auto row = DecodeLogRow(value);
          if (row.has_value()) {
            batch.Delete(Family::kByScope,
                         ByScopeKey(row->scope, row->commit.first_scope_seq));
          }
          if (row.has_value() && row->commit.kind == LogEntry::kChange) {
            const std::string first = ChainKey(row->first);
            batch.Delete(Family::kSegment, first);
            for (Family f : {Family::kChain, Family::kPayload}) {
              batch.DeleteRange(f, first, EndOfSegment(*row));
            }
          }
          return batch.size_bytes() < kCopyBatchBytesMax;
        }));
    if (batch.empty()) return absl::OkStatus();
    VOUCH_RETURN_IF_ERROR(
        store->Write(std::move(batch), Durability::kBuffered));
  }
}

absl::Status MirrorRange(const Reader& from, Family family,
                         absl::string_view begin, absl::string_view end,
                         Store* to, const StopCheck& stop, MirrorCount* count) {
  std::string position(begin);
  bool more = true;
  while (more) {
    VOUCH_ASSIGN_OR_RETURN(Chunk chunk, ReadChunk(from, family, position, end));
    const std::string chunk_end =
        chunk.next.empty() ? std::string(end) : chunk.next;
    more = !chunk.next.empty();
    bool through = false;
    while (!through) {
      if (stop) VOUCH_RETURN_IF_ERROR(stop());
      WriteBatch batch;
      VOUCH_ASSIGN_OR_RETURN(position, Compare(chunk, family, position,
                                               chunk_end, *to, &batch, count));
      through = position == chunk_end;
      if (batch.empty()) continue;
      VOUCH_RETURN_IF_ERROR(to->Write(std::move(batch), Durability::kBuffered));
    }
  }
  return absl::OkStatus();
}

}  // namespace vouch
