// What people do on a tablet, drawn at random: they start records, edit their
// own and others', sign, amend, withdraw, discard, revive, judge, settle and
// release. Every operation is made from the view that the tablet shows, and
// names the values it saw there.
#ifndef VOUCH_TESTS_SIM_WORKLOAD_H_
#define VOUCH_TESTS_SIM_WORKLOAD_H_

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "storage/replica/device.h"
#include "sync/base/judge.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sim_random.h"

namespace vouch::sim {

// Of a kind that no version of the app knows, and a class likewise: they are
// carried as they are (invariant 18).
inline constexpr uint32_t kUnknownKind = 77'777;
inline constexpr MergeClass kUnknownClass = static_cast<MergeClass>(99);
inline constexpr absl::string_view kHoldText = "HOLD";

// A small set of rules that uses every input a judge has: roles, grants, what
// the change saw of its record, how many verdicts it names, its values.
class SimJudge : public Judge {
 public:
  explicit SimJudge(const Roster* roster) : roster_(roster) {}
  absl::Status Decide(const JudgedChange& change,
                      const JudgeReader& reader) const override;

 private:
  const Roster* const roster_;
};

// The registrations of one team and the records that anyone of it may know of,
// oldest first.
struct Places {
  std::vector<RecordId> registrations;
  std::vector<RecordId> records;
  bool Owns(const RecordId& registration) const {
    return std::find(registrations.begin(), registrations.end(),
                     registration) != registrations.end();
  }
};

class Workload {
 public:
  struct Options {
    size_t author = 0;
    bool staff = true;      // writes in the staff scope
    bool verifier = false;  // and in the verification scope
    // Its app is newer than everyone's: kinds, fields and classes of its
    // records are known to nobody else.
    bool newer = false;
    uint64_t seed = 0;
  };
  explicit Workload(const Options& options)
      : options_(options), random_(options.seed) {}

  // The next save on that device: one or two changes, made in order.
  std::vector<Device::MakeChange> Next(const Device& device, int64_t wall_ms,
                                       Places* places);

 private:
  absl::StatusOr<RecordView> Pick(const Device& device, const Places& places);
  NewChange Create(int64_t wall_ms, Places* places);
  NewChange Register(int64_t wall_ms, Places* places);
  std::optional<NewChange> Judge(const Device& device, const RecordView& view,
                                 Places* places);
  std::optional<NewChange> Act(const RecordView& view);
  void EditDraft(const RecordView& view, NewChange* draft);
  bool EditSealed(const RecordView& view, NewChange* draft);
  void EditField(const RecordView& view, NewChange* draft);
  void EditBlocks(const RecordView& view, NewChange* draft);
  void EditSet(const RecordView& view, NewChange* draft);
  bool Settle(const RecordView& view, NewChange* draft);
  std::string Value(uint32_t field);

  DraftOperation Unknown();

  const Options options_;
  SimRandom random_;
  uint64_t values_ = 0;
  std::vector<RecordId> own_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_WORKLOAD_H_
