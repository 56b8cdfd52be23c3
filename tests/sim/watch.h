// Watchers beside the replicas, for what no single state shows: that reads
// never go back (15), that tree heads of one history agree (8), and that each
// verdict in the log is the one the rules give (a second judge, who knows each
// change's past from the changes alone).
#ifndef VOUCH_TESTS_SIM_WATCH_H_
#define VOUCH_TESTS_SIM_WATCH_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/invariants.h"
#include "tests/sim/oracle.h"

namespace vouch::sim {

// One person who reads one replica again and again.
class ReadWatch {
 public:
  ReadWatch(std::string who, Findings* findings)
      : who_(std::move(who)), findings_(findings) {}

  // Reads it; no change that it ever showed may be missing.
  void Read(const ReplicaView& replica, const RecordId& record);
  // The replica was restarted: only what `keeps` is still owed. A tablet pulls
  // again what it lost, and promises no more than what it saved.
  void Restart(const std::function<bool(const Coordinate&)>& keeps);

 private:
  struct Shown {
    std::optional<ScopeId> scope;  // as first read: others may borrow the id
    std::map<Hash, Coordinate> changes;
  };
  const std::string who_;
  Findings* const findings_;
  std::map<RecordId, Shown> shown_;
};

// Every signed tree head that ever left a centre.
class HeadWatch {
 public:
  explicit HeadWatch(Findings* findings) : findings_(findings) {}
  void Note(absl::string_view encoded_head);
  // Against the roots of the log as it stands, computed from its rows.
  void Check(const ChangeStore& changes, const Reader& reader,
             const HistoryId& history);

 private:
  Findings* const findings_;
  std::map<HistoryId, std::map<uint64_t, Hash>> roots_;
};

// What the simulator's own rules say of a change, from its past alone.
class VerdictWatch {
 public:
  VerdictWatch(const Roster* roster, Oracle* oracle, Findings* findings)
      : roster_(roster), oracle_(oracle), findings_(findings) {}
  // Goes on from where it was. `decides`: the simulator's judge is at work;
  // else only authors are checked, and counted.
  void Check(const ChangeStore& changes, const Reader& reader, bool decides);
  // Entries of that device in the log as last checked.
  uint64_t entries_of(const DeviceId& device) const;

 private:
  struct Past {
    bool saw_seal = false;
    bool saw_discard = false;
  };
  Disposition Expect(const Change& change, const Author& author) const;
  void Remember(const Change& change, bool counts);

  const Roster* const roster_;
  Oracle* const oracle_;
  Findings* const findings_;
  uint64_t size_ = 0;
  std::map<Hash, Past> past_;
  std::map<DeviceId, uint64_t> entries_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_WATCH_H_
