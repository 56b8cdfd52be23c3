// Breadth first through every state of a script, so that the first violation
// found is among the shortest; and the way back to it, as lines to read and as
// a test that takes the same steps.
//
//   Found found = Search(script, options, {});
//   if (found.violation) std::puts(Explain(script, found).c_str());
#ifndef VOUCH_TESTS_MODEL_SEARCH_H_
#define VOUCH_TESTS_MODEL_SEARCH_H_

#include <string>
#include <vector>

#include "tests/model/model.h"

namespace vouch::model {

inline constexpr uint64_t kStatesMax = 20'000'000;

struct Found {
  std::optional<Violation> violation;
  std::vector<std::string> path;  // to it, by name
  bool complete = false;          // every state was visited
  uint64_t states = 0;
  uint64_t transitions = 0;
  uint64_t depth = 0;
  uint64_t replicas = 0;       // different ones
  uint64_t replica_steps = 0;  // carried out by shipped code
  uint64_t rests = 0;          // different ways to rest
  double seconds = 0;          // of this thread's CPU
};

Found Search(const Script& script, const Options& options, uint64_t states_max);

// What was found, step by step, and a test body that replays it.
std::string Explain(const Script& script, const Found& found);

// Takes steps by their names.
//
//   Replay run("seal-apart");
//   run.Do("A opens a session");
//   EXPECT_EQ(run.violation(), "");
class Replay {
 public:
  explicit Replay(const std::string& script, Options options = {});
  // Does nothing more after a step that cannot be taken, which is remembered.
  void Do(const std::string& name);
  void ComeToRest();
  // "" or "invariant 1: …"; a name that is no step here is a violation too.
  std::string violation() const;

 private:
  Model model_;
  State state_;
  std::optional<Violation> violation_;
};

// The way to rest is one step in a path.
inline constexpr char kRest[] = "everything comes to rest";

}  // namespace vouch::model

#endif  // VOUCH_TESTS_MODEL_SEARCH_H_
