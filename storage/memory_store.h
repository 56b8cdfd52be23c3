// The engine of tests and of the simulator: a store in memory on a disk that
// outlives it, and that crashes, fills up, rots and can be cloned.
//
//   MemoryDisk disk;
//   {
//     VOUCH_ASSIGN_OR_RETURN(auto store, OpenMemoryStore(&disk));
//     store->Write(a, Durability::kSynced);
//     store->Write(b, Durability::kBuffered);
//   }                            // the process ends: nothing is lost
//   disk.Crash(random);          // the power fails: b may be lost, a never
//   auto again = OpenMemoryStore(&disk);
//
// The crash model is a log of batches: a crash cuts the log anywhere after the
// last sync. The batch in which the cut falls is torn, fails its checksum, and
// vanishes whole with all later ones. So a prefix of the writes survives.
#ifndef VOUCH_STORAGE_MEMORY_STORE_H_
#define VOUCH_STORAGE_MEMORY_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store.h"
#include "sync/base/clock.h"

namespace vouch {

// Thread-safe. A movable value; a store open on it keeps the device alive, so
// `disk = backup.Clone()` (a restore) leaves an old store on the old device.
class MemoryDisk {
 public:
  // Where a write stands when the hook is called. A crash at any of these is a
  // crash the real engines can meet.
  enum class Stage {
    kBeforeWrite,  // nothing has happened yet
    kBeforeSync,   // the batch is in the log, not yet synced; kSynced only
    kAfterWrite,   // all is done, but the caller does not know yet
  };
  // Called around each Write, and around each Sync with an empty batch (stages
  // kBeforeSync and kAfterWrite). An error from it becomes the call's answer,
  // and what had not happened by that stage does not happen. It may call
  // Crash, which makes the call fail whatever the hook returns. No lock is
  // held meanwhile.
  using WriteHook = std::function<absl::Status(Stage, const WriteBatch&)>;

  // The oldest of more unsynced batches than this counts as synced, as an
  // operating system writes back in time.
  static constexpr size_t kUnsyncedBatchesMax = 4096;

  MemoryDisk();
  ~MemoryDisk();
  MemoryDisk(MemoryDisk&&) noexcept;
  MemoryDisk& operator=(MemoryDisk&&) noexcept;

  // Another device with the same bytes, the unsynced ones included, and the
  // same checkpoints. Not locked, not full, without a hook. O(families).
  MemoryDisk Clone() const;

  // The power fails: an unsynced suffix of batches is lost, all lengths from
  // none to all being equally likely. A store open on the disk is dead from
  // now on: its calls return STORE_IO. Returns how many batches were lost.
  size_t Crash(Random& random);

  // While full, writes are refused with STORE_FULL.
  void SetFull(bool full);

  // Flips a bit of the stored value, also in states a crash could fall back
  // to, so that reading it gives STORE_CORRUPTED. False if there is no such
  // key.
  bool CorruptValue(Family family, absl::string_view key);
  // The good copy of a mirror: where the stored value is damaged it is `value`
  // again.
  void RepairValue(Family family, absl::string_view key,
                   absl::string_view value);

  // Replaces the hook; null for none.
  void SetWriteHook(WriteHook hook);

  size_t unsynced_batches() const;

  // The copy that Store::Checkpoint made under that name, as a disk. NOT_FOUND.
  absl::StatusOr<MemoryDisk> Checkpointed(const std::string& folder) const;

 private:
  friend absl::StatusOr<std::unique_ptr<Store>> OpenMemoryStore(
      MemoryDisk* disk);
  friend class MemoryStore;
  struct Device;
  explicit MemoryDisk(std::shared_ptr<Device> device);

  std::shared_ptr<Device> device_;
};

// Errors: STORE_LOCKED while another store is open on the disk, STORE_NEWER,
// STORE_FULL for a new store on a full disk.
absl::StatusOr<std::unique_ptr<Store>> OpenMemoryStore(MemoryDisk* disk);

}  // namespace vouch

#endif  // VOUCH_STORAGE_MEMORY_STORE_H_
