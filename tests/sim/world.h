// One run of one plan: one or two sites live through days of work and faults,
// come to rest now and then, and are checked.
#ifndef VOUCH_TESTS_SIM_WORLD_H_
#define VOUCH_TESTS_SIM_WORLD_H_

#include <memory>
#include <optional>
#include <vector>

#include "tests/sim/site.h"

namespace vouch::sim {

struct RunResult {
  Sights sights;
  std::optional<Findings::Violation> violation;
  uint64_t trace_hash = 0;
  uint64_t events = 0;
  uint64_t device_days = 0;  // of 40 saves and 2 finished syncs, whole ones
  uint64_t saves = 0;
  uint64_t sessions = 0;
  uint64_t duplicates = 0;
  uint32_t fault_events = 0;
};

class World {
 public:
  World(const Plan& plan, bool trace, const Seams& seams);
  RunResult Run();

 private:
  // Ends every fault and waits until everything is everywhere (12).
  void ComeToRest();

  const Plan plan_;
  Findings findings_;
  Trace trace_;
  Scheduler scheduler_;
  Context context_;
  std::vector<std::unique_ptr<Site>> sites_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_WORLD_H_
