// What must be true, kept outside every store: each device's chain as its
// author was told it is, each acknowledgement that was applied, and the exact
// bytes of every change the first time they were seen.
//
// A save that returned OK is there for ever. One that failed is pending: it may
// turn up after a look or a restart, but then all of it. A tablet that broke
// for good retires its chain: what was acknowledged must be at the centre, and
// what else of it is there must be what it wrote.
#ifndef VOUCH_TESTS_SIM_ORACLE_H_
#define VOUCH_TESTS_SIM_ORACLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/replica/change_store.h"
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
  // The device was told that the centre has these.
  void Acknowledged(uint64_t first_seq, uint64_t count);

  const DeviceId& device() const { return device_; }
  const Incarnation& incarnation() const { return incarnation_; }
  const std::vector<Hash>& hashes() const { return hashes_; }  // seq - 1
  uint64_t acknowledged() const { return acknowledged_.size(); }
  Coordinate At(uint64_t seq) const {
    return {device_, incarnation_, Hash(), seq};
  }
  // The device is gone, and what only it held with it.
  void Retire() { retired_ = true; }
  bool retired() const { return retired_; }
  // Changes up to here are durable on the device.
  uint64_t confirmed() const { return confirmed_; }
  // The end of the chain at the centre, after everything was pushed: all of it
  // and no other (1 and 3); of a retired one whatever is there.
  void CheckReached(const ChangeStore& changes, const Reader& reader) const;
  // Every acknowledged change is in that store (invariant 1).
  void CheckAcknowledged(const ChangeStore& changes,
                         const Reader& reader) const;

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
  std::set<uint64_t> acknowledged_;
  uint64_t last_hlc_ = 0;
  bool retired_ = false;
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
  explicit Oracle(Findings* findings) : findings_(findings) {}

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
  std::map<Hash, Change> changes_;
  std::set<Hash> foreign_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_ORACLE_H_
