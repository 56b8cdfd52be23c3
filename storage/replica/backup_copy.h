// Moving rows from one store to another in bounded batches: what a backup and a
// restore have in common. Values travel as they lie, sealed.
//
// One thread at a time. Every call may be cut off anywhere and called again.
#ifndef VOUCH_STORAGE_REPLICA_BACKUP_COPY_H_
#define VOUCH_STORAGE_REPLICA_BACKUP_COPY_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/store.h"

namespace vouch {

// A batch is written once it has grown past this; memory stays at it and one
// segment more.
inline constexpr size_t kCopyBatchBytesMax = size_t{4} << 20;
// Keys compared at a time.
inline constexpr size_t kMirrorRowsMax = 4096;

// Asked at each batch; an error ends the work with it. Null: never.
using StopCheck = std::function<absl::Status()>;

struct CopyCount {
  uint64_t changes = 0;
  uint64_t bytes = 0;
};
// Copies the committed segments of the log [begin, end) with their changes and
// payloads; each batch holds whole segments. Buffered. Errors: STORE_CORRUPTED
// (the log has a gap, or no segment ends at `end`), those of both stores,
// that of `stop`.
absl::Status CopySegments(const Reader& from, uint64_t begin, uint64_t end,
                          Store* to, const StopCheck& stop, CopyCount* count);

// Takes the log [begin, …) out of a store again. Buffered.
absl::Status DropSegments(uint64_t begin, Store* store);

struct MirrorCount {
  uint64_t put = 0;
  uint64_t deleted = 0;
};
// Brings [begin, end) of a family in `to` to what it is in `from`. Buffered.
absl::Status MirrorRange(const Reader& from, Family family,
                         absl::string_view begin, absl::string_view end,
                         Store* to, const StopCheck& stop, MirrorCount* count);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_BACKUP_COPY_H_
