#include "tests/model/search.h"

#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vouch::model {
namespace {

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) / 1e9;
}

class Searcher {
 public:
  Searcher(const Script& script, const Options& options, uint64_t states_max)
      : model_(script, options), states_max_(states_max) {}

  Found Run() {
    const double begin = ThreadSeconds();
    Add(model_.First(), 0, Action());
    found_.violation = model_.ComeToRest(model_.First());
    while (!next_.empty() && !found_.violation && seen_.size() < states_max_) {
      std::vector<std::pair<State, uint32_t>> level = std::move(next_);
      next_.clear();
      for (const auto& [state, number] : level) {
        Expand(state, number);
        if (found_.violation || seen_.size() >= states_max_) break;
      }
      if (!next_.empty()) ++found_.depth;
    }
    found_.complete = next_.empty() && !found_.violation;
    found_.states = seen_.size();
    found_.replicas = model_.replicas();
    found_.replica_steps = model_.replica_steps();
    found_.rests = model_.rests();
    found_.seconds = ThreadSeconds() - begin;
    return found_;
  }

 private:
  struct Link {
    uint32_t from;
    Action action;
  };

  bool Add(const State& state, uint32_t from, const Action& action) {
    auto [at, fresh] =
        seen_.try_emplace(state, static_cast<uint32_t>(links_.size()));
    if (!fresh) return false;
    next_.push_back({state, at->second});
    links_.push_back({from, action});
    return true;
  }

  void Expand(const State& state, uint32_t number) {
    for (const Action& action : model_.Choices(state)) {
      Step step = Try(state, number, action);
      if (found_.violation || !step.possible) continue;
      for (const Action& faulted : model_.Faulted(state, action, step)) {
        Try(state, number, faulted);
      }
    }
  }

  Step Try(const State& state, uint32_t number, const Action& action) {
    if (found_.violation) return {};
    Step step = model_.Take(state, action);
    if (step.violation) {
      Trace(number, action);
      found_.violation = step.violation;
      return step;
    }
    if (!step.possible) return step;
    ++found_.transitions;
    if (step.state == state || !Add(step.state, number, action)) return step;
    auto rest = model_.ComeToRest(step.state);
    if (rest.has_value()) {
      Trace(number, action);
      found_.path.push_back(kRest);
      found_.violation = rest;
    }
    return step;
  }

  // Names need the states on the way, so the way is taken once more.
  void Trace(uint32_t number, const Action& last) {
    std::vector<Action> actions = {last};
    for (; number != 0; number = links_[number].from) {
      actions.insert(actions.begin(), links_[number].action);
    }
    State state = model_.First();
    for (const Action& action : actions) {
      found_.path.push_back(model_.Name(state, action));
      state = model_.Take(state, action).state;
    }
  }

  Model model_;
  const uint64_t states_max_;
  Found found_;
  absl::flat_hash_map<State, uint32_t> seen_;
  std::vector<Link> links_;
  std::vector<std::pair<State, uint32_t>> next_;
};

const Script& Existing(const std::string& name) {
  const Script* script = FindScript(name);
  VOUCH_CHECK(script != nullptr);
  return *script;
}

}  // namespace

Found Search(const Script& script, const Options& options,
             uint64_t states_max) {
  return Searcher(script, options, std::min(states_max, kStatesMax)).Run();
}

std::string Explain(const Script& script, const Found& found) {
  std::string text = absl::StrCat("script ", script.name, ": invariant ",
                                  found.violation->invariant,
                                  " is violated after ", found.path.size(),
                                  " steps\n  ", found.violation->what, "\n");
  for (size_t i = 0; i < found.path.size(); ++i) {
    absl::StrAppend(&text, "  ", i + 1, ". ", found.path[i], "\n");
  }
  absl::StrAppend(&text, "replay, for tests/model/replay_test.cc:\n",
                  "TEST(ModelReplay, NamesWhatIsPromised) {\n",
                  "  Replay run(\"", script.name, "\");\n");
  for (const std::string& name : found.path) {
    absl::StrAppend(&text, name == kRest
                               ? std::string("  run.ComeToRest();\n")
                               : absl::StrCat("  run.Do(\"", name, "\");\n"));
  }
  absl::StrAppend(&text, "  EXPECT_EQ(run.violation(), \"\");\n}\n");
  return text;
}

Replay::Replay(const std::string& script, Options options)
    : model_(Existing(script), options), state_(model_.First()) {}

void Replay::Do(const std::string& name) {
  if (violation_.has_value()) return;
  std::vector<std::string> names;
  for (const Action& action : model_.Choices(state_)) {
    Step plain = model_.Take(state_, action);
    std::vector<Action> all = {action};
    if (plain.possible) {
      for (const Action& each : model_.Faulted(state_, action, plain)) {
        all.push_back(each);
      }
    }
    for (const Action& each : all) {
      names.push_back(model_.Name(state_, each));
      if (names.back() != name) continue;
      Step step = model_.Take(state_, each);
      if (!step.possible && !step.violation) continue;
      violation_ = step.violation;
      state_ = step.state;
      return;
    }
  }
  violation_ = {0, absl::StrCat("'", name, "' is no step here; there are: ",
                                absl::StrJoin(names, " | "))};
}

void Replay::ComeToRest() {
  if (!violation_) violation_ = model_.ComeToRest(state_);
}

std::string Replay::violation() const {
  if (!violation_) return "";
  return absl::StrCat("invariant ", violation_->invariant, ": ",
                      violation_->what);
}

}  // namespace vouch::model
