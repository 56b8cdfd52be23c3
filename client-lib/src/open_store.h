// Opening a client's folder: engine, format, key, replica. One thread at a
// time.
#ifndef VOUCH_CLIENT_LIB_SRC_OPEN_STORE_H_
#define VOUCH_CLIENT_LIB_SRC_OPEN_STORE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/migration.h"
#include "storage/replica/device.h"
#include "storage/replica/key_ring.h"
#include "storage/store.h"
#include "sync/base/clock.h"
#include "vouch/client_types.h"

namespace vouch {

const Clock* ClockOf(const OpenOptions& options);
Random* RandomOf(const OpenOptions& options);

// The store alone, in folder/store. With `create`, makes the folder (mode
// 0700) and the store if there is none; and moves one that is of an older
// format, or (unless it is shared) of another engine than the options name: see
// move_store.h. Without, it is opened as it is. `steps` are others in tests of
// formats to come. Errors: STORE_*, NOT_FOUND.
absl::StatusOr<std::unique_ptr<Store>> OpenStoreOf(
    const OpenOptions& options, bool create,
    absl::Span<const FormatStep> steps = FormatSteps());

// The key at rest: what the app gives, else folder/device.key (mode 0600),
// which is made, durably, for a store that holds no key yet. Errors:
// STORE_KEY_WRONG (missing, or not 32 bytes: this is not damage), STORE_FULL,
// STORE_IO.
absl::StatusOr<SealKey> MasterKeyOf(const OpenOptions& options,
                                    const Store& store);

// The rest of opening, over the store. Reads a handful of rows, however many
// the store has. `master_key` is kept there from one opening to the next.
// Errors: STORE_*.
struct Replica {
  std::unique_ptr<KeyRing> keys;
  std::unique_ptr<Device> device;
};
absl::StatusOr<Replica> OpenReplica(const OpenOptions& options, Store* store,
                                    std::optional<SealKey>* master_key);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_OPEN_STORE_H_
