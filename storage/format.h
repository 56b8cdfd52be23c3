// The store's format version: the first thing written to a store and the first
// thing read from it.
//
//   absl::Status s = CheckOrCreateFormat(*store);   // at the end of each Open
//
// It is key "format" of family meta, one varint. Whatever else a later version
// changes, it keeps this key readable, so that older software can refuse the
// store by name instead of damaging it.
#ifndef VOUCH_STORAGE_FORMAT_H_
#define VOUCH_STORAGE_FORMAT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/store.h"

namespace vouch {

inline constexpr uint64_t kStoreFormatVersion = 1;
inline constexpr absl::string_view kStoreFormatKey = "format";

// OK if `value`, as stored under kStoreFormatKey, is a version this software
// reads. Errors: STORE_NEWER names both versions; STORE_CORRUPTED. `newest` is
// another one in tests of what comes next.
absl::Status CheckFormatValue(absl::string_view value,
                              uint64_t newest = kStoreFormatVersion);

// Marks an empty store with the newest version, durably; checks a marked one
// and writes nothing to it. Errors: STORE_NEWER; STORE_CORRUPTED, also for a
// store that holds keys but no marker; those of Get and Write.
absl::Status CheckOrCreateFormat(Store& store,
                                 uint64_t newest = kStoreFormatVersion);

}  // namespace vouch

#endif  // VOUCH_STORAGE_FORMAT_H_
