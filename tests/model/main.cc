// vouch-model: visits every state of small scripts under every single fault,
// with the shipped sessions and replicas. See README.md.
#include <CLI/CLI.hpp>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/model/search.h"
#ifdef VOUCH_MODEL_CANARY
#include "tests/model/bugs.h"
#endif

namespace vouch::model {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  vouch-model                            every script, every fault once\n"
    "  vouch-model --script seal-apart        one script\n"
    "  vouch-model --faults crash,break       only these faults\n"
    "  vouch-model --faults crash --pairs     two of them in one run\n"
    "  vouch-model --list                     the scripts and the faults\n"
    "The last line of a good run says how many states were visited. At a\n"
    "violation the run ends with status 1 and prints the shortest way to it,\n"
    "also as a test.";

struct FaultName {
  const char* name;
  uint32_t bit;
  const char* what;
};
constexpr FaultName kFaults[] = {
    {"crash", kCrashes, "a machine crashes, unsynced writes lost or kept"},
    {"error", kErrors, "a write fails: absent, unsynced, or there after all"},
    {"full", kDiskFull, "a disk is full once"},
    {"break", kBreaks, "a link breaks, messages lost or late"},
    {"duplicate", kDuplicates, "a message arrives twice"},
    {"restore-server", kServerRestores, "the centre put back; only if named"},
    {"restore-device", kDeviceRestores, "a tablet put back; only if named"},
    {"clone", kClones, "a tablet cloned onto the other; only if named"},
};

struct Arguments {
  std::vector<std::string> scripts;
  std::vector<std::string> faults;
  uint64_t states_max = kStatesMax;
  unsigned jobs = 2;
  std::string bug;
  bool list = false;
  bool pairs = false;
  bool calm = false;
  Options options;
};

void List() {
  for (const Script& script : Scripts()) {
    std::printf("%-15s %s\n", script.name.c_str(), script.what.c_str());
    for (const Deed& deed : script.deeds) {
      std::printf("%15s %c %s\n", "", "AB"[deed.device],
                  DeedText(deed).c_str());
    }
  }
  std::printf("\nfaults:\n");
  for (const FaultName& fault : kFaults) {
    std::printf("%-15s %s\n", fault.name, fault.what);
  }
}

void Report(const Script& script, const Found& found) {
  std::printf("%-15s %9" PRIu64 " states %10" PRIu64
              " transitions, depth %" PRIu64 ", %" PRIu64 " replicas, %" PRIu64
              " steps of theirs, %" PRIu64 " rests, %.1f s%s\n",
              script.name.c_str(), found.states, found.transitions, found.depth,
              found.replicas, found.replica_steps, found.rests, found.seconds,
              found.complete ? "" : " (not all)");
  if (found.violation) std::printf("%s", Explain(script, found).c_str());
  std::fflush(stdout);
}

// Scripts share nothing, so each is a job of its own.
int Run(const Arguments& arguments) {
  std::vector<const Script*> scripts;
  for (const Script& script : Scripts()) {
    bool named = arguments.scripts.empty();
    for (const std::string& name : arguments.scripts) {
      named |= name == script.name;
    }
    if (named) scripts.push_back(&script);
  }
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  uint64_t states = 0, transitions = 0, violations = 0, incomplete = 0;
  auto work = [&] {
    for (size_t i = next++; i < scripts.size(); i = next++) {
      Found found =
          Search(*scripts[i], arguments.options, arguments.states_max);
      std::lock_guard<std::mutex> lock(mutex);
      Report(*scripts[i], found);
      states += found.states;
      transitions += found.transitions;
      violations += found.violation.has_value() ? 1 : 0;
      incomplete += found.complete ? 0 : 1;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < arguments.jobs; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  std::printf("%zu scripts, %" PRIu64 " states, %" PRIu64
              " transitions, %" PRIu64 " cut short, %" PRIu64 " violations\n",
              scripts.size(), states, transitions, incomplete - violations,
              violations);
  return violations > 0 ? 1 : 0;
}

#ifdef VOUCH_MODEL_CANARY
void AddBugs(CLI::App* app, Arguments* arguments) {
  std::string text;
  std::vector<std::string> names;
  for (const Bug& bug : Bugs()) {
    names.push_back(bug.name);
    text += "\n  " + bug.name + ": " + bug.what;
  }
  app->add_option("--bug", arguments->bug, "the planted bug")
      ->check(CLI::IsMember(names));
  app->footer(std::string(kExamples) + "\nBugs:" + text);
}

void Plant(Arguments* arguments) {
  for (const Bug& bug : Bugs()) {
    if (bug.name == arguments->bug) arguments->options.seams = bug.plant();
  }
}
#else
void AddBugs(CLI::App*, Arguments*) {}
void Plant(Arguments*) {}
#endif

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Visits every state of small scripts under every fault."};
  app.footer(kExamples);
  std::vector<std::string> scripts, faults;
  for (const Script& script : Scripts()) scripts.push_back(script.name);
  for (const FaultName& fault : kFaults) faults.push_back(fault.name);
  app.add_option("--script", arguments.scripts, "which; all if none is named")
      ->check(CLI::IsMember(scripts));
  app.add_option("--faults", arguments.faults, "which, as crash,break")
      ->delimiter(',')
      ->check(CLI::IsMember(faults));
  app.add_option("--states-max", arguments.states_max,
                 "stop a script after so many");
  app.add_option("--jobs", arguments.jobs, "threads")->check(CLI::Range(1, 64));
  unsigned sessions = 0;
  app.add_option("--more-sessions", sessions, "of each tablet")
      ->check(CLI::Range(0, 3));
  app.add_flag("--list", arguments.list, "scripts and faults");
  app.add_flag("--pairs", arguments.pairs, "two faults a run instead of one");
  app.add_flag("--calm", arguments.calm, "no fault at all");
  app.add_flag("--fine", arguments.options.fine,
               "each arrival at a tablet is a step of its own");
  app.add_flag("--keep-processes", arguments.options.keep_processes,
               "never reopen a process that did not crash");
  AddBugs(&app, &arguments);
  CLI11_PARSE(app, argc, argv);
  if (arguments.list) {
    List();
    return 0;
  }
  Options& options = arguments.options;
  options.sessions_more = static_cast<uint8_t>(sessions);
  options.faults_max = arguments.calm ? 0 : arguments.pairs ? 2 : 1;
  if (!arguments.faults.empty()) options.faults = 0;
  for (const std::string& name : arguments.faults) {
    for (const FaultName& fault : kFaults) {
      if (name == fault.name) options.faults |= fault.bit;
    }
  }
  Plant(&arguments);
  return Run(arguments);
}

}  // namespace
}  // namespace vouch::model

int main(int argc, char** argv) { return vouch::model::Main(argc, argv); }
