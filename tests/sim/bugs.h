// Bugs that the canary can be told to have, each planted at a seam of the
// simulator and none in shipped code. A simulator that misses one of them is
// not to be believed.
#ifndef VOUCH_TESTS_SIM_BUGS_H_
#define VOUCH_TESTS_SIM_BUGS_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/sim/site.h"

namespace vouch::sim {

struct Bug {
  std::string name;
  std::string what;
  std::function<Seams()> plant;  // once a run: a bug may keep state
};
const std::vector<Bug>& Bugs();

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_BUGS_H_
