// From one store to another, row by row: to a newer format, or to another
// engine. The first is only read, and stays what it was; the second is whole
// and compared with it before the function returns OK.
//
//   absl::Status s = CopyStore(*old, fresh.get(), FormatSteps(), progress);
//
// Each batch of the copy says in itself how far it goes, so that a copy that
// was cut off, by a power loss too, goes on from there.
#ifndef VOUCH_STORAGE_MIGRATION_H_
#define VOUCH_STORAGE_MIGRATION_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/store.h"

namespace vouch {

// How a row of one format becomes rows of the next: those that `convert` puts
// into `out`, or none. The same row always gives the same, no two rows give
// the same key, and what was signed or hashed keeps its bytes.
struct FormatStep {
  std::function<absl::Status(Family family, absl::string_view key,
                             absl::string_view value, WriteBatch* out)>
      convert;
};

// All steps, the first one from version 1 to 2: as many as kStoreFormatVersion
// is beyond 1. There is none yet.
absl::Span<const FormatStep> FormatSteps();

// The version of a store's format. Errors: STORE_CORRUPTED, those of Get.
absl::StatusOr<uint64_t> FormatOf(const Reader& store);

inline constexpr size_t kCopyBatchBytesMax = size_t{1} << 20;
inline constexpr size_t kCopyBatchRowsMax = 4096;

// Rows copied or compared so far, of how many. Each row counts for both.
using CopyProgress = std::function<void(uint64_t done, uint64_t total)>;

// Brings every row of `from` through the steps it lacks into `to`, which is
// new, or was left by an earlier call that was cut off; then compares each with
// what is there. OK: all is there, durably. `progress` may be null; it is told
// after each batch. Errors: ABORTED of absl if `to` holds something else (it is
// of another store, or of this one as it was: begin with an empty one), and
// those of both stores; after each of them `from` is unchanged.
absl::Status CopyStore(const Reader& from, Store* to,
                       absl::Span<const FormatStep> steps,
                       const CopyProgress& progress);

}  // namespace vouch

#endif  // VOUCH_STORAGE_MIGRATION_H_
