// Opening a client's folder: engine, key, replica. One thread at a time.
#ifndef VOUCH_CLIENT_LIB_SRC_OPEN_STORE_H_
#define VOUCH_CLIENT_LIB_SRC_OPEN_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/replica/key_ring.h"
#include "storage/store.h"
#include "sync/base/clock.h"
#include "vouch/client_types.h"

namespace vouch {

const Clock* ClockOf(const OpenOptions& options);
Random* RandomOf(const OpenOptions& options);

// The store alone, in folder/store. With `create`, makes the folder (mode
// 0700) and the store if there is none. Errors: STORE_*, NOT_FOUND.
absl::StatusOr<std::unique_ptr<Store>> OpenStoreOf(const OpenOptions& options,
                                                   bool create);

// The key at rest: what the app gives, else folder/device.key (mode 0600),
// which is made, durably, for a store that holds no key yet. Errors:
// STORE_KEY_WRONG (missing, or not 32 bytes: this is not damage), STORE_FULL,
// STORE_IO.
absl::StatusOr<SealKey> MasterKeyOf(const OpenOptions& options,
                                    const Store& store);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_OPEN_STORE_H_
