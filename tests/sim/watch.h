// Watchers beside the replicas, for what no single state shows: that reads
// never go back (15), that tree heads of one history agree (8), and that each
// verdict in the log is the one the rules give (a second judge, who knows each
// change's past from the changes alone).
#ifndef VOUCH_TESTS_SIM_WATCH_H_
#define VOUCH_TESTS_SIM_WATCH_H_

#include <functional>
#include <map>
#include <optional>
#include <set>
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
  void Restart(const std::function<bool(const Hash&)>& keeps);

 private:
  struct Shown {
    std::optional<ScopeId> scope;  // as first read: others may borrow the id
    std::set<Hash> changes;
  };
  const std::string who_;
  Findings* const findings_;
  std::map<RecordId, Shown> shown_;
};

// Every signed tree head that ever left a centre. Those it had signed when its
// disk was as it is now put back to hold of the log that goes on from there;
// later ones are of a log that is gone.
class HeadWatch {
 public:
  using Roots = std::map<uint64_t, Hash>;  // log size → root
  explicit HeadWatch(Findings* findings) : findings_(findings) {}
  // `history`: that the centre writes now.
  void Note(absl::string_view encoded_head, const HistoryId& history);
  // Against the roots of the log as it stands, computed from its rows.
  void Check(const ChangeStore& changes, const Reader& reader);
  const Roots& roots() const { return roots_; }
  void PutBack(Roots then) { roots_ = std::move(then); }

 private:
  Findings* const findings_;
  Roots roots_;
};

// What the simulator's own rules say of a change, from its past alone.
class VerdictWatch {
 public:
  VerdictWatch(const Roster* roster, Oracle* oracle, Findings* findings)
      : roster_(roster), oracle_(oracle), findings_(findings) {}
  // Goes on from where it was. `decides`: the simulator's judge is at work;
  // else only authors are checked, and counted.
  void Check(const ChangeStore& changes, const Reader& reader, bool decides);
  // The centre's disk was put back: the log is looked at anew. What was given
  // before may be given again to whoever proves it, and nothing else (rule 10).
  void PutBack();
  // Changes of that device in the log as last checked.
  uint64_t entries_of(const DeviceId& device) const;
  // Those in the log as last checked, and who wrote each.
  const std::map<Hash, DeviceId>& committed() const { return committed_; }
  uint64_t reinstated() const { return reinstated_; }

 private:
  struct Past {
    bool saw_seal = false;
    bool saw_discard = false;
  };
  Disposition Expect(const Change& change, const Author& author) const;
  void Remember(const Change& change, bool counts);
  bool CheckRow(const LogRow& row, const Author& author,
                const std::vector<const Change*>& changes, bool decides);
  bool CheckVerdict(const LogRow& row, uint32_t i, const Change& change,
                    const Author& author);

  const Roster* const roster_;
  Oracle* const oracle_;
  Findings* const findings_;
  uint64_t size_ = 0;
  std::map<Hash, Past> past_;
  std::map<Hash, DeviceId> committed_;
  std::map<DeviceId, uint64_t> entries_;
  uint64_t reinstated_ = 0;
  // What each change got in any log there ever was.
  std::map<Hash, std::vector<Disposition>> given_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_WATCH_H_
