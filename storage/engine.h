// What the engines share and callers of a Store never need.
#ifndef VOUCH_STORAGE_ENGINE_H_
#define VOUCH_STORAGE_ENGINE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/store.h"

namespace vouch {

// True if no key can be in [begin, end); an empty end is the family's end.
inline bool IsEmptyRange(absl::string_view begin, absl::string_view end) {
  return !end.empty() && begin >= end;
}

// TOO_LARGE if the batch breaks kWriteBatchBytesMax or kStoreKeyBytesMax.
absl::Status CheckBatchLimits(const WriteBatch& batch);

// NOT_FOUND and STORE_CORRUPTED, in the same words from every engine.
absl::Status NotFoundIn(Family family);
absl::Status CorruptedIn(Family family, absl::string_view detail);

// What Snapshot gives when none could be taken: every read returns `why`.
std::unique_ptr<Reader> FailedReader(absl::Status why);

}  // namespace vouch

#endif  // VOUCH_STORAGE_ENGINE_H_
