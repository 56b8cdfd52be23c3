// Everything that can be read of a store, as JSON Lines: for a person whose
// store is damaged, and as a copy that no software of ours is needed to read.
//
//   {"type":"record","id":…,"kind":…,"state":…,"message":{…}}
//   {"type":"change","hash":…,"record":…,"author":…,"claimed_ms":…,
//    "operations":[{"class":…,"path":[…],"value":"<base64>"}]}
//
// Records first, folded; then every change. Damage is read past, from both
// ends of a family, and named in the report. Memory is bounded by one record.
#ifndef VOUCH_CLIENT_LIB_SRC_EXPORT_H_
#define VOUCH_CLIENT_LIB_SRC_EXPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "storage/replica/key_ring.h"
#include "storage/store.h"
#include "vouch/client_types.h"

namespace vouch {

// `keys` may be null: then values are left out. Errors: ALREADY_EXISTS,
// STORE_IO, STORE_FULL (of the file that is written). One thread.
absl::StatusOr<ExportReport> WriteExport(Store& store, KeyRing* keys,
                                         const std::string& path);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_EXPORT_H_
