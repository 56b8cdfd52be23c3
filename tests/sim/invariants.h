// Checks of one replica's views against the invariants of sync.md §11, each
// worked out here anew from the changes alone and not by the shipped fold.
#ifndef VOUCH_TESTS_SIM_INVARIANTS_H_
#define VOUCH_TESTS_SIM_INVARIANTS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/oracle.h"
#include "tests/sim/sim_random.h"

namespace vouch::sim {

// A device's or the centre's store, open.
struct ReplicaView {
  std::string name;
  const ChangeStore* changes;
  const Reader* reader;
};
using ViewTexts = std::map<std::pair<ScopeId, RecordId>, std::string>;

class Invariants {
 public:
  Invariants(Oracle* oracle, Findings* findings)
      : oracle_(oracle), findings_(findings) {}

  // 7: whatever is marked effective has its own verdict or release, and every
  // cause effective. Cheap: reads no payload twice.
  void CheckEffects(const ReplicaView& replica);
  // 4, 5, 7 and 18 of every record: folds it in an order drawn from `random`,
  // and accounts for every accepted value. Its views as text.
  ViewTexts CheckRecords(const ReplicaView& replica, SimRandom* random);

 private:
  using Record = std::map<Hash, RecordChange>;  // of one record
  using Records = std::map<std::pair<ScopeId, RecordId>, Record>;
  Records Load(const ReplicaView& replica);
  void CheckOrder(const ReplicaView& replica, std::vector<RecordChange> rows,
                  const std::string& text, SimRandom* random);
  void CheckView(const std::string& who, const Record& record,
                 const RecordView& view);
  void CheckLedger(const std::string& who, const Record& record,
                   const RecordView& view);

  Oracle* const oracle_;
  Findings* const findings_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_INVARIANTS_H_
