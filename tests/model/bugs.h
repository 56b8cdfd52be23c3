// Bugs that the canary can be told to have, each planted at a seam of the model
// and none in shipped code. A checker that misses one is not to be believed.
#ifndef VOUCH_TESTS_MODEL_BUGS_H_
#define VOUCH_TESTS_MODEL_BUGS_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/model/replica.h"

namespace vouch::model {

struct Bug {
  std::string name;
  std::string what;
  std::function<Seams()> plant;
};
const std::vector<Bug>& Bugs();

}  // namespace vouch::model

#endif  // VOUCH_TESTS_MODEL_BUGS_H_
