// A client's store brought to a newer format, or to another engine, so that
// none is lost however it ends: a copy is made beside it, compared with it row
// by row, and takes its place in one step of the file system. Until then the
// store is only read, and an app of the version before still opens it.
//
//   FOLDER/store        the store
//   FOLDER/store.part   the copy; after the exchange, the store as it was
//   FOLDER/store.old    the same, where the file system cannot exchange names
//
// Killed anywhere, the next move goes on with the copy: it says itself how far
// it is. The caller holds FOLDER's lock over openings.
#ifndef VOUCH_CLIENT_LIB_SRC_MOVE_STORE_H_
#define VOUCH_CLIENT_LIB_SRC_MOVE_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/migration.h"
#include "storage/store.h"

namespace vouch {

// What a move was in the middle of, before the store is opened: puts the store
// back where its name is missing. Errors: STORE_IO.
absl::Status SettleMove(const std::string& folder);

// What a move, done or given up, has left; once the store is open, in the
// format and engine that is wanted. Errors: STORE_IO.
absl::Status RemoveMoved(const std::string& folder);

// Opens a store of the new format and engine at a path, or makes it.
using OpenCopy = std::function<absl::StatusOr<std::unique_ptr<Store>>(
    const std::string& path)>;

// Moves `store`, which is open in FOLDER/store, and closes it. OK: the store
// there is the new one, closed, durably. Otherwise it is the old one, and, save
// for STORE_FULL, the copy goes on with the next call. Errors: STORE_*.
absl::Status MoveStore(const std::string& folder, std::unique_ptr<Store> store,
                       const OpenCopy& open_copy,
                       absl::Span<const FormatStep> steps,
                       const CopyProgress& progress);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_MOVE_STORE_H_
