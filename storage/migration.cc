#include "storage/migration.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/engine.h"
#include "storage/format.h"
#include "sync/base/check.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// In family meta of a copy that is not whole yet: how far it goes.
constexpr absl::string_view kCopyingRow = "copying";
constexpr uint8_t kVersion = 1;

struct Position {
  int family = 0;
  std::string after;  // the last key done in it; empty: none yet
  uint64_t rows = 0;  // done in all
};

std::string EncodePosition(const Position& at) {
  ByteWriter out;
  out.U8(kVersion).U8(static_cast<uint8_t>(at.family)).Prefixed(at.after);
  return out.Varint(at.rows).Take();
}

absl::Status Differs() {
  return absl::AbortedError("the copy is not of this store as it is now");
}

// Absent if the copy has not begun, or is whole.
absl::StatusOr<std::optional<Position>> PositionOf(const Reader& copy) {
  auto value = copy.Get(Family::kMeta, kCopyingRow);
  if (absl::IsNotFound(value.status())) return std::optional<Position>();
  if (!value.ok()) return value.status();
  ByteReader in(*value);
  Position at;
  const bool known = in.U8() == kVersion;
  at.family = in.U8();
  at.after = std::string(in.Prefixed());
  at.rows = in.Varint();
  if (!known || !in.Done() || at.family >= kFamilyCount) return Differs();
  return std::optional<Position>(std::move(at));
}

// The marker is the store's own; the engine has written the copy's.
bool IsFormatMarker(Family family, absl::string_view key) {
  return family == Family::kMeta && key == kStoreFormatKey;
}

// The key itself, then the first one behind it.
std::string Behind(const std::string& key) {
  return key.empty() ? key : key + '\0';
}

class Copier {
 public:
  Copier(const Reader& from, Store* to, absl::Span<const FormatStep> steps,
         const CopyProgress& progress)
      : from_(from), to_(to), steps_(steps), progress_(progress) {}

  absl::Status Run() {
    VOUCH_ASSIGN_OR_RETURN(const uint64_t version, FormatOf(from_));
    VOUCH_ASSIGN_OR_RETURN(const uint64_t target, FormatOf(*to_));
    if (target != steps_.size() + 1 || version > target) return Differs();
    steps_ = steps_.subspan(version - 1);
    VOUCH_ASSIGN_OR_RETURN(rows_, CountRows(from_));
    VOUCH_ASSIGN_OR_RETURN(std::optional<Position> at, PositionOf(*to_));
    if (!at.has_value()) {
      // Fresh, or whole already: comparing tells.
      VOUCH_ASSIGN_OR_RETURN(const uint64_t there, CountRows(*to_));
      at = there == 0 ? Position() : Position{kFamilyCount, "", rows_};
    }
    VOUCH_RETURN_IF_ERROR(CopyFrom(*std::move(at)));
    VOUCH_RETURN_IF_ERROR(Compare());
    return to_->Sync();
  }

 private:
  static absl::StatusOr<uint64_t> CountRows(const Reader& store) {
    uint64_t rows = 0;
    for (int i = 0; i < kFamilyCount; ++i) {
      const Family family = static_cast<Family>(i);
      VOUCH_RETURN_IF_ERROR(store.Scan(
          family, "", "", [&](absl::string_view key, absl::string_view) {
            if (!IsFormatMarker(family, key)) ++rows;
            return true;
          }));
    }
    return rows;
  }

  // What the row is in the copy's format.
  absl::Status Convert(Family family, absl::string_view key,
                       absl::string_view value, WriteBatch* out) const {
    WriteBatch rows;
    rows.Put(family, key, value);
    for (const FormatStep& step : steps_) {
      WriteBatch next;
      for (const WriteBatch::Entry& row : rows.entries()) {
        VOUCH_RETURN_IF_ERROR(
            step.convert(row.family, row.key, row.value, &next));
      }
      rows = std::move(next);
    }
    out->Append(std::move(rows));
    return absl::OkStatus();
  }

  // The next rows of one family; moves `at` behind them, and on to the next
  // family at its end.
  absl::StatusOr<WriteBatch> ReadBatch(Position* at) const {
    const Family family = static_cast<Family>(at->family);
    WriteBatch batch;
    size_t rows = 0;
    bool full = false;
    absl::Status converted;
    VOUCH_RETURN_IF_ERROR(
        from_.Scan(family, Behind(at->after), "",
                   [&](absl::string_view key, absl::string_view value) {
                     if (IsFormatMarker(family, key)) return true;
                     full = rows == kCopyBatchRowsMax ||
                            batch.size_bytes() >= kCopyBatchBytesMax;
                     if (full) return false;
                     converted = Convert(family, key, value, &batch);
                     at->after = std::string(key);
                     ++rows;
                     return converted.ok();
                   }));
    VOUCH_RETURN_IF_ERROR(converted);
    at->rows += rows;
    if (!full) *at = {at->family + 1, "", at->rows};
    return batch;
  }

  absl::Status CopyFrom(Position at) {
    while (at.family < kFamilyCount) {
      VOUCH_ASSIGN_OR_RETURN(WriteBatch batch, ReadBatch(&at));
      const bool whole = at.family == kFamilyCount;
      // With its rows, so that what survives a crash is always a beginning.
      if (whole) {
        batch.Delete(Family::kMeta, kCopyingRow);
      } else {
        batch.Put(Family::kMeta, kCopyingRow, EncodePosition(at));
      }
      VOUCH_RETURN_IF_ERROR(
          to_->Write(std::move(batch), Durability::kBuffered));
      Tell(at.rows);
    }
    return absl::OkStatus();
  }

  absl::Status Compare() {
    uint64_t compared = 0, made = 0;
    for (int i = 0; i < kFamilyCount; ++i) {
      const Family family = static_cast<Family>(i);
      absl::Status same;
      VOUCH_RETURN_IF_ERROR(from_.Scan(
          family, "", "", [&](absl::string_view key, absl::string_view value) {
            if (IsFormatMarker(family, key)) return true;
            same = CompareRow(family, key, value, &made);
            if (++compared % kCopyBatchRowsMax == 0) {
              Tell(rows_ + compared);
            }
            return same.ok();
          }));
      VOUCH_RETURN_IF_ERROR(same);
    }
    VOUCH_ASSIGN_OR_RETURN(const uint64_t there, CountRows(*to_));
    if (there != made) return Differs();
    Tell(rows_ + compared);
    return absl::OkStatus();
  }

  absl::Status CompareRow(Family family, absl::string_view key,
                          absl::string_view value, uint64_t* made) const {
    WriteBatch expected;
    VOUCH_RETURN_IF_ERROR(Convert(family, key, value, &expected));
    for (const WriteBatch::Entry& row : expected.entries()) {
      auto found = to_->Get(row.family, row.key);
      if (absl::IsNotFound(found.status())) return Differs();
      if (!found.ok()) return found.status();
      if (*found != row.value) return Differs();
      ++*made;
    }
    return absl::OkStatus();
  }

  void Tell(uint64_t done) const {
    // A source that has changed meanwhile may have fewer rows than were copied.
    const uint64_t total = 2 * rows_;
    if (progress_) progress_(std::min(done, total), total);
  }

  const Reader& from_;
  Store* const to_;
  absl::Span<const FormatStep> steps_;
  const CopyProgress& progress_;
  uint64_t rows_ = 0;  // of the source
};

}  // namespace

absl::Span<const FormatStep> FormatSteps() {
  static_assert(kStoreFormatVersion == 1, "each later version needs its step");
  return {};
}

absl::StatusOr<uint64_t> FormatOf(const Reader& store) {
  VOUCH_ASSIGN_OR_RETURN(const std::string value,
                         store.Get(Family::kMeta, kStoreFormatKey));
  ByteReader in(value);
  const uint64_t version = in.Varint();
  if (!in.ok() || version == 0) {
    return CorruptedIn(Family::kMeta, "the format marker is not a version");
  }
  return version;
}

absl::Status CopyStore(const Reader& from, Store* to,
                       absl::Span<const FormatStep> steps,
                       const CopyProgress& progress) {
  return Copier(from, to, steps, progress).Run();
}

}  // namespace vouch
