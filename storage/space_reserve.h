// Refuses writes while the disk still has room, so that the engine never meets
// a full disk itself: several of them stay broken after that.
//
//   SpaceReserve reserve(64 << 20, folder, nullptr);
//   VOUCH_RETURN_IF_ERROR(reserve.Admit(batch.size_bytes(), durability));
//
// Thread-safe. Free space is asked for at every synced write (it costs a
// fraction of the fsync), at every write while full, and for buffered writes
// once per kRecheckBytes, which the reserve dwarfs.
#ifndef VOUCH_STORAGE_SPACE_RESERVE_H_
#define VOUCH_STORAGE_SPACE_RESERVE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "storage/store.h"

namespace vouch {

class SpaceReserve {
 public:
  static constexpr uint64_t kRecheckBytes = uint64_t{1} << 20;
  // Counted for each write beside its bytes, so that many tiny writes are
  // rechecked too (every 64).
  static constexpr uint64_t kWriteOverheadBytes = uint64_t{16} << 10;

  // A null `free_bytes` asks the file system of `folder`.
  SpaceReserve(uint64_t reserve_bytes, const std::string& folder,
               std::function<uint64_t()> free_bytes);

  // STORE_FULL if `bytes` more would eat into the reserve.
  absl::Status Admit(uint64_t bytes, Durability durability);

 private:
  const uint64_t reserve_bytes_;
  const std::function<uint64_t()> free_bytes_;
  std::atomic<uint64_t> spent_bytes_{kRecheckBytes};  // the first write asks
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_SPACE_RESERVE_H_
