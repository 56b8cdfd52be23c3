// A Device or a Centre as a value: what is on its disk, and what its process
// was asked since it last agreed with the disk. To take a step the process is
// opened on a copy of the disk, asked the same again, and asked one thing more.
//
// A process whose writes all went well knows what its disk knows, so its past
// need not be kept; one that met a failed write, or whose views lag behind its
// log, may know something else, and is carried along: after a failed write for
// kCarriedMax more steps that write. `keep_processes` carries along all of them
// for good, which must make no difference.
//
//   Site site(script, {});
//   Outcome saved = RunReplica(site, *site.first(0), SaveInput(0));
#ifndef VOUCH_TESTS_MODEL_REPLICA_H_
#define VOUCH_TESTS_MODEL_REPLICA_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/replica/centre.h"
#include "storage/replica/device.h"
#include "tests/model/digest.h"
#include "tests/model/script.h"
#include "tests/sim/machine.h"

namespace vouch::model {

inline constexpr size_t kCentreSite = kDevices;  // after the devices
inline constexpr size_t kSites = kDevices + 1;
inline constexpr size_t kCarriedMax = 2;

// What befalls the writes of one step. Writes count from 1.
struct Fault {
  enum Kind : uint8_t {
    kNone,
    kErrorBefore,    // fails, and is not there
    kErrorUnsynced,  // fails, and is there but not synced
    kErrorAfter,     // fails, and is there
    kCrashAfter,     // the machine crashes, and the write is there
    kFull,           // the disk is full throughout the step
  };
  Kind kind = kNone;
  uint8_t write = 0;
};

// One thing that a replica is asked.
struct Input {
  enum Kind : uint8_t { kSave, kBegin, kPerform, kMaterialise };
  Kind kind = kSave;
  uint8_t step = 0;    // kSave: of the script
  uint8_t device = 0;  // kPerform at the centre: whose session
  uint8_t site = 0;    // where it happens; a clone is at a site of its own
  std::shared_ptr<const DeviceEffect> device_effect;
  std::shared_ptr<const CentreEffect> centre_effect;
  Digest digest;  // of the effect
  Fault fault;
};

struct Replica {
  MemoryDisk base;           // when the process began, as far as it matters
  std::vector<Input> since;  // what it was asked from then on
  MemoryDisk disk;           // now
  Digest digest;
  Replica Copy() const { return {base.Clone(), since, disk.Clone(), digest}; }
};

struct Outcome {
  bool possible = true;  // false: the tablet lacks what the step needs
  bool crashed = false;
  bool fault_met = false;
  std::optional<Replica> replica;  // absent: as it was
  std::vector<bool> writes;        // made; whether each was synced
  absl::Status opened;             // of the process, before all else
  absl::Status status;             // of kSave, kBegin, kMaterialise
  std::shared_ptr<const DeviceEvent> device_event;
  std::shared_ptr<const CentreEvent> centre_event;
  Digest event_digest;
  std::shared_ptr<const DeviceSessionConfig> config;  // of kBegin
  std::vector<Hash> saved;                            // of kSave
  std::vector<Hash> told;  // changes that the person was told are DURABLE
  std::optional<std::pair<uint64_t, Hash>> sent;  // read from the outbox
};

// How a canary plants its bug.
struct Seams {
  sim::WrapStore device_store;
  sim::WrapStore centre_store;
  // Changes what a device hears, given the end of what it last sent.
  std::function<void(uint64_t sent_seq, const Hash& sent_hash,
                     v1::SyncResponse*)>
      garble;
};

// What the replicas of one run have in common: keys, clocks, judge, and the
// disks that the run begins with. Immutable; used by one thread.
class Site {
 public:
  Site(const Script& script, const Seams& seams);

  const Script& script() const { return script_; }
  const Seams& seams() const { return seams_; }
  const Judge* judge() const { return judge_.get(); }
  KeyProvider* provider(size_t site) const { return providers_[site].get(); }
  const DeviceId& device(size_t i) const { return devices_[i]; }
  bool Sees(size_t device, const ScopeId& scope) const;
  const Replica& first(size_t site) const { return *first_[site]; }

 private:
  const Script& script_;
  const Seams seams_;
  std::unique_ptr<Judge> judge_;
  std::unique_ptr<FixedKeyProvider> providers_[kSites];
  DeviceId devices_[kDevices];
  std::optional<Replica> first_[kSites];
};

// Time stands still, but for a person's own steps: a reading depends on what
// is done and not on when, so that histories meet in equal states.
class StillClock : public Clock {
 public:
  explicit StillClock(size_t site);
  TimeReading Now() const override { return reading_; }
  void SetStep(uint8_t step);

 private:
  TimeReading reading_;
};

// An open process on a disk of its own.
class Process {
 public:
  // `observe`: without the seams, as an observer reads.
  Process(const Site& site, size_t at, MemoryDisk disk, bool observe = false);
  absl::Status Open();
  // Answers as RunReplica, except for the new replica.
  Outcome Ask(const Input& input);

  MemoryDisk& disk() { return disk_; }
  Device* device() { return device_.get(); }
  Centre* centre() { return centre_.get(); }
  Store* store() { return store_.get(); }
  const ChangeStore& changes() const;

 private:
  void AskDevice(const Input& input, Outcome* out);
  void AskCentre(const Input& input, Outcome* out);
  void Save(const Input& input, Outcome* out);
  void Told(const DeviceEffect& effect, Outcome* out);

  const Site& site_;
  const size_t at_;
  const bool observe_;
  MemoryDisk disk_;
  StillClock clock_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Centre> centre_;
};

Outcome RunReplica(const Site& site, size_t at, const Replica& replica,
                   const Input& input, bool keep_processes);
// The power fails; `kept` of the unsynced writes survive. It starts again, or
// says why it cannot.
absl::StatusOr<Replica> Crashed(const Site& site, size_t at,
                                const MemoryDisk& disk, size_t kept);
// The disk as a crash leaves it that keeps so many unsynced writes.
MemoryDisk Cut(const MemoryDisk& disk, size_t kept);

}  // namespace vouch::model

#endif  // VOUCH_TESTS_MODEL_REPLICA_H_
