// What a replica runs on: a disk, a clock and a power switch, each of which
// fails on command. A replica's code is called only through Run, so that a
// crash in the middle of it unwinds before the replica is torn down.
#ifndef VOUCH_TESTS_SIM_MACHINE_H_
#define VOUCH_TESTS_SIM_MACHINE_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/memory_store.h"
#include "storage/replica/change_store.h"
#include "storage/replica/key_ring.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/sim_random.h"

namespace vouch::sim {

inline constexpr size_t kCheckpointsMax = 4;
inline constexpr int64_t kEpochMs = 1'800'000'000'000;
inline constexpr int64_t kTenYearsMs = int64_t{10} * 365 * 24 * 3600 * 1000;

// A clock that drifts and jumps. Monotonic time counts from the last boot.
class SimClock : public Clock {
 public:
  SimClock(const Scheduler* scheduler, SimRandom* random)
      : scheduler_(scheduler), random_(random) {}
  TimeReading Now() const override;
  void Jump(int64_t ms) { offset_ms_ += ms; }
  void set_drift_ppm(int64_t ppm) { drift_ppm_ = ppm; }
  void Boot();
  // The latest wall time it ever showed.
  int64_t latest_ms() const { return latest_ms_; }
  // What it runs on holds stamps of that clock.
  void Inherit(const SimClock& other) {
    latest_ms_ = std::max(latest_ms_, other.latest_ms_);
  }

 private:
  const Scheduler* const scheduler_;
  SimRandom* const random_;
  int64_t offset_ms_ = 0;
  int64_t drift_ppm_ = 0;
  int64_t booted_ms_ = 0;
  mutable int64_t latest_ms_ = 0;
  BootId boot_;
};

// Wraps the store that a replica works on; how a canary plants its bug.
using WrapStore = std::function<std::unique_ptr<Store>(std::unique_ptr<Store>)>;

// What all parts of one run share.
struct Context {
  Scheduler* scheduler;
  Findings* findings;
  Trace* trace;
};

class Machine {
 public:
  Machine(const Context& context, std::string name, uint64_t seed);
  virtual ~Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  const std::string& name() const { return name_; }
  bool up() const { return up_; }
  uint64_t boots() const { return boots_; }
  SimClock& clock() { return clock_; }
  MemoryDisk& disk() { return disk_; }
  void set_wrap_store(WrapStore wrap) { wrap_store_ = std::move(wrap); }

  // Opens everything on the disk. On failure it stays down and tries again.
  void PowerOn();
  // The process ends; with `power_loss` unsynced writes may go with it.
  void PowerOff(bool power_loss, int64_t restart_after_ms);

  // The n-th write from now meets a crash, or an I/O error, at that stage.
  void ArmDisk(MemoryDisk::Stage stage, uint64_t writes, bool crash);
  // The n-th effect from now is the last before a crash.
  void ArmEffect(uint64_t effects) { effects_left_ = effects; }
  void SetDiskFull(bool full);
  // No further fault, and the disk has room.
  void Heal();

  // A bit of some durable value changes. False if nothing is stored.
  bool Rot(SimRandom* random);
  // Something on its disk is, or was, damaged: STORE_CORRUPTED is what it may
  // answer from then on.
  bool rotten() const { return rotten_; }
  // The mirror's copies are written over what rotted.
  void Scrub();
  // Stays down, whatever happens, until Replace.
  void TakeOut();
  bool out() const { return out_; }
  // An empty disk in place of the old one; off.
  void Replace();

  // Keeps what is on the disk now, of the unsynced writes a prefix, for
  // PutBack. Of more than kCheckpointsMax a random one goes. Its number;
  // nothing of a disk that rots.
  std::optional<uint64_t> TakeCheckpoint(SimRandom* random);
  // The disk goes back to one of those; off, and on again after the delay. The
  // checkpoint's number; nothing if there is none.
  std::optional<uint64_t> PutBack(SimRandom* random, int64_t restart_after_ms);
  void ForgetCheckpoints() { checkpoints_.clear(); }
  // This disk becomes a copy of that one, key and all; off.
  void CopyDisk(const Machine& other);
  // Looks at a copy of the disk, without what rots there: as it is, or as the
  // worst crash would leave it.
  enum class Writes { kAll, kSynced };
  void Peek(Writes writes,
            const std::function<void(const ChangeStore&, const Reader&)>& look);
  // The changes it holds, of whichever author.
  std::set<Hash> Held(Writes writes);

  void Say(absl::string_view what) const;
  SimRandom& random() { return random_; }

 protected:
  virtual absl::Status OpenReplica() = 0;
  virtual void CloseReplica() = 0;
  virtual void OnDown() = 0;  // the sessions are gone
  virtual void OnUp() = 0;

  // Runs the replica's code unless the machine is down.
  void Run(const std::function<void()>& code);
  // Later, unless it has been down in between.
  void Later(int64_t delay_ms, std::function<void()> code);
  // At each effect's boundary; true: the machine has crashed, stop.
  bool AtEffect();
  bool crashed() const { return crashed_; }
  absl::Status OpenStore();
  void CloseStore();
  // Changes what is on the disk while it is off.
  void Alter(const std::function<void(Store&, KeyRing&)>& change);

  const Context context_;
  SimRandom random_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<KeyRing> keys_;

 private:
  struct Rotten {
    Family family;
    std::string key;
    std::string value;  // before
  };

  struct Checkpoint {
    uint64_t number;
    MemoryDisk disk;
  };

  absl::Status OnWrite(MemoryDisk::Stage stage);
  static void Mend(const std::vector<Rotten>& rot, MemoryDisk* disk);
  void Die(int64_t restart_after_ms);

  const std::string name_;
  SimClock clock_;
  MemoryDisk disk_;
  SealKey master_key_;
  FixedKeyProvider provider_;
  WrapStore wrap_store_;
  std::vector<Rotten> rot_;
  std::vector<Checkpoint> checkpoints_;
  uint64_t checkpoints_taken_ = 0;
  bool rotten_ = false;
  bool out_ = false;
  bool up_ = false;
  bool running_ = false;
  bool crashed_ = false;
  bool full_ = false;
  uint64_t boots_ = 0;
  uint64_t effects_left_ = 0;
  uint64_t writes_left_ = 0;
  bool write_crashes_ = false;
  MemoryDisk::Stage stage_ = MemoryDisk::Stage::kBeforeWrite;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_MACHINE_H_
