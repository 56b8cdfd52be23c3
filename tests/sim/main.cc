// vouch-sim: runs the shipped sessions and replicas under virtual time, seed by
// seed, and stops at the first violation. See README.md.
#include <CLI/CLI.hpp>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/sim/world.h"
#ifdef VOUCH_SIM_CANARY
#include "tests/sim/bugs.h"
#endif

namespace vouch::sim {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  vouch-sim --seeds 1-1000         a thousand worlds, each run twice\n"
    "  vouch-sim --seeds 17-17 --trace  one world, event by event\n"
    "The last line of a good run says how many seeds were run. At a violation\n"
    "the run ends with status 1 and the line that replays it.";

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 100;
  bool trace = false;
  std::string bug;
};

bool ParseSeeds(const std::string& text, Arguments* out) {
  std::pair<std::string, std::string> ends =
      absl::StrSplit(text, absl::MaxSplits('-', 1));
  if (ends.second.empty()) ends.second = ends.first;
  return absl::SimpleAtoi(ends.first, &out->first) &&
         absl::SimpleAtoi(ends.second, &out->last) && out->first <= out->last &&
         out->last < UINT64_MAX;
}

Seams SeamsFor(const Arguments& arguments) {
#ifdef VOUCH_SIM_CANARY
  for (const Bug& bug : Bugs()) {
    if (bug.name == arguments.bug) return bug.plant();
  }
#endif
  return {};
}

RunResult RunOnce(const Arguments& arguments, uint64_t seed, bool trace) {
  return World(seed, trace, SeamsFor(arguments)).Run();
}

void Report(const Arguments& arguments, const char* program, uint64_t seed,
            const Findings::Violation& violation) {
  std::printf("seed %" PRIu64 ": invariant %d is violated after %.3f s\n  %s\n",
              seed, violation.invariant,
              static_cast<double>(violation.at_ms) / 1000,
              violation.what.c_str());
  std::printf("replay: %s --seeds %" PRIu64 "-%" PRIu64 " --trace%s%s\n",
              program, seed, seed, arguments.bug.empty() ? "" : " --bug ",
              arguments.bug.c_str());
}

int RunSeeds(const Arguments& arguments, const char* program) {
  RunResult total;
  std::clock_t begin = std::clock();
  for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    RunResult run = RunOnce(arguments, seed, arguments.trace);
    RunResult again = RunOnce(arguments, seed, false);
    if (!run.violation && run.trace_hash != again.trace_hash) {
      run.violation = {0, "two runs of the seed differ", 0};
    }
    if (run.violation.has_value()) {
      Report(arguments, program, seed, *run.violation);
      return 1;
    }
    for (const RunResult& each : {run, again}) {
      total.device_days += each.device_days;
      total.events += each.events;
      total.saves += each.saves;
      total.sessions += each.sessions;
      total.duplicates += each.duplicates;
      total.sights.Add(each.sights);
    }
  }
  double minutes =
      static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / 60;
  std::printf("%" PRIu64 " events, %" PRIu64 " saves, %" PRIu64
              " sessions, %" PRIu64 " segments sent again\n",
              total.events, total.saves, total.sessions, total.duplicates);
  const Sights& seen = total.sights;
  std::printf("at rest: %" PRIu64 " records, %" PRIu64 " signed, %" PRIu64
              " fields in conflict, %" PRIu64 " late amendments, %" PRIu64
              " verdicts contested, %" PRIu64 " changes held, %" PRIu64
              " records of a newer app\n",
              seen.records, seen.sealed, seen.field_conflicts,
              seen.late_amendments, seen.ledgers_contested, seen.held,
              seen.unknown);
  std::printf("%" PRIu64 " seeds run, 0 violations, %" PRIu64
              " device-days, %.0f device-days per CPU-minute\n",
              arguments.last - arguments.first + 1, total.device_days,
              static_cast<double>(total.device_days) / minutes);
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  std::string seeds = "1-100";
  CLI::App app{"Runs simulated centres and tablets through faults."};
  app.footer(kExamples);
  app.add_option("--seeds", seeds, "first and last seed, as 1-1000");
  app.add_flag("--trace", arguments.trace, "print every event");
#ifdef VOUCH_SIM_CANARY
  CLI::Option* bug = app.add_option("--bug", arguments.bug, "the planted bug");
  std::string bugs;
  std::vector<std::string> names;
  for (const Bug& each : Bugs()) {
    names.push_back(each.name);
    bugs += "\n  " + each.name + ": " + each.what;
  }
  bug->check(CLI::IsMember(names));
  app.footer(std::string(kExamples) + "\nBugs:" + bugs);
#endif
  CLI11_PARSE(app, argc, argv);
  if (!ParseSeeds(seeds, &arguments)) {
    std::fprintf(stderr, "--seeds takes two numbers, as 1-1000\n");
    return 2;
  }
  return RunSeeds(arguments, argv[0]);
}

}  // namespace
}  // namespace vouch::sim

int main(int argc, char** argv) { return vouch::sim::Main(argc, argv); }
