// What must be true, kept outside every store: each device's chain as its
// author was told it is, each acknowledgement that was applied, and the exact
// bytes of every change the first time they were seen.
//
// A save that returned OK is there for ever. One that failed is pending: it may
// turn up after a look or a restart, but then all of it. A tablet whose disk
// was put back has a chain anew, which begins with what that disk holds; and
// another one when it goes on under a new incarnation. What of the chains must
// be at the centre is custody.h's.
#ifndef VOUCH_TESTS_SIM_ORACLE_H_
#define VOUCH_TESTS_SIM_ORACLE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/replica/change_store.h"
#include "tests/sim/custody.h"
#include "tests/sim/scheduler.h"

namespace vouch::sim {

// One author's chain.
class ChainOracle {
 public:
  ChainOracle(std::string name, Findings* findings)
      : name_(std::move(name)), findings_(findings) {}
  void Begin(const DeviceId& device, const Incarnation& incarnation) {
    device_ = device;
    incarnation_ = incarnation;
  }

  // `count` changes were saved and are durable, as everything before them.
  void Saved(const std::vector<Change>& changes, int64_t clock_latest_ms);
  bool in_doubt() const { return !pending_.empty(); }
  // A save of so many changes failed with an outcome that is not known.
  void SaveFailed(size_t count) { pending_.push_back(count); }
  // All that is there now has become durable.
  void Confirm() { confirmed_ = hashes_.size(); }
  // Looks at what the store holds, after a failed save or a restart.
  // `clock_latest_ms`: the latest time the device's clock ever showed.
  void Look(const ChangeStore& changes, const Reader& reader,
            int64_t clock_latest_ms, class Oracle* oracle);
  // Takes what the store holds of the chain as saved.
  void Resume(const ChangeStore& changes, const Reader& reader,
              class Oracle* oracle);
  // The device was told that the centre has it up to there.
  void Acknowledged(uint64_t seq) {
    confirmed_ = std::max<size_t>(confirmed_, seq);
  }

  const DeviceId& device() const { return device_; }
  const Incarnation& incarnation() const { return incarnation_; }
  const std::vector<Hash>& hashes() const { return hashes_; }  // seq - 1
  Coordinate At(uint64_t seq) const {
    return {device_, incarnation_, Hash(), seq};
  }
  // Changes up to here are durable on the device.
  uint64_t confirmed() const { return confirmed_; }

 private:
  void Append(const Change& change, int64_t clock_latest_ms);
  bool Ends(uint64_t seq) const;

  const std::string name_;
  Findings* const findings_;
  DeviceId device_;
  Incarnation incarnation_;
  std::vector<Hash> hashes_;
  std::set<uint64_t> batch_ends_;  // a save ends at this seq
  size_t confirmed_ = 0;
  std::vector<size_t> pending_;
  uint64_t last_hlc_ = 0;
};

// Who writes at a centre, as the simulator enrolled them.
struct Author {
  std::string name;
  PersonId person;
  int role = 0;  // vouch.v1.Role
  // The scopes that it was granted.
  std::function<bool(const ScopeId&)> sees;
};
using Roster = std::map<DeviceId, Author>;

class Oracle {
 public:
  explicit Oracle(Findings* findings)
      : findings_(findings), custody_(findings) {}
  Custody& custody() { return custody_; }

  // The change as first seen; from the replica if it is new here. Null if the
  // replica cannot read it, which is then a finding.
  const Change* Know(const ChangeStore& changes, const Reader& reader,
                     const Hash& hash, const Coordinate& at);
  const Change* Find(const Hash& hash) const;
  void Learn(const Change& change);
  // What no replica here can read, and must carry all the same.
  void MarkForeign(const Hash& hash) { foreign_.insert(hash); }
  bool IsForeign(const Hash& hash) const { return foreign_.contains(hash); }
  // The replica holds the same bytes (invariant 18).
  void CheckBytes(const std::string& who, const ChangeStore& changes,
                  const Reader& reader, const Hash& hash, const Coordinate& at);

 private:
  Findings* const findings_;
  Custody custody_;
  std::map<Hash, Change> changes_;
  std::set<Hash> foreign_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_ORACLE_H_
