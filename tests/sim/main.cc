// vouch-sim: runs the shipped sessions and replicas under virtual time, seed by
// seed, and stops at the first violation. See README.md.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/sim/shrink.h"
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
    "  vouch-sim --hours 8              new seeds all night\n"
    "The last line of a good run says how many seeds were run. At a violation\n"
    "the run ends with status 1, the line that replays it, and the smallest\n"
    "plan that still breaks the same invariant, as a test.";

constexpr int64_t kReportSecondsMin = 300;  // between lines, with --hours

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 100;
  bool seeds_given = false;
  bool seed_of_date = false;
  double hours = 0;
  bool trace = false;
  bool no_shrink = false;
  std::string faults;  // in place of those of the seed
  std::string bug;
  std::string program;
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

void Report(const Arguments& arguments, const Plan& plan,
            const Findings::Violation& violation) {
  std::printf("seed %" PRIu64 ": invariant %d is violated after %.3f s\n  %s\n",
              plan.seed, violation.invariant,
              static_cast<double>(violation.at_ms) / 1000,
              violation.what.c_str());
  std::printf("plan: %s\n", PlanText(plan).c_str());
  std::printf("replay: %s --seeds %" PRIu64 "-%" PRIu64 " --trace%s%s%s%s\n",
              arguments.program.c_str(), plan.seed, plan.seed,
              arguments.faults.empty() ? "" : " --faults ",
              arguments.faults.c_str(), arguments.bug.empty() ? "" : " --bug ",
              arguments.bug.c_str());
  if (arguments.no_shrink || violation.invariant == 0) return;
  std::fflush(stdout);
  Shrunk shrunk = Shrink(plan, violation, [&] { return SeamsFor(arguments); });
  std::printf("shrunk in %d runs; there: %s\n%s", shrunk.runs,
              shrunk.violation.what.c_str(),
              AsTest(shrunk.plan, shrunk.violation).c_str());
}

class Runner {
 public:
  explicit Runner(const Arguments& arguments) : arguments_(arguments) {}

  // Twice; false at a violation, which is then reported.
  bool RunSeed(uint64_t seed) {
    Plan plan = DrawPlan(seed);
    if (!arguments_.faults.empty()) {
      plan.faults = *ParseFaults(arguments_.faults);
    }
    if (arguments_.trace) std::printf("plan: %s\n", PlanText(plan).c_str());
    RunResult run = World(plan, arguments_.trace, SeamsFor(arguments_)).Run();
    RunResult again = World(plan, false, SeamsFor(arguments_)).Run();
    if (!run.violation && run.trace_hash != again.trace_hash) {
      run.violation = {0, "two runs of the seed differ", 0};
    }
    if (run.violation.has_value()) {
      Report(arguments_, plan, *run.violation);
      return false;
    }
    ++seeds_;
    for (const RunResult& each : {run, again}) {
      total_.device_days += each.device_days;
      total_.events += each.events;
      total_.saves += each.saves;
      total_.sessions += each.sessions;
      total_.duplicates += each.duplicates;
      total_.fault_events += each.fault_events;
      total_.sights.Add(each.sights);
    }
    return true;
  }

  void Summarise() const {
    const Sights& seen = total_.sights;
    std::printf("%" PRIu64 " events, %" PRIu32 " of them faults, %" PRIu64
                " saves, %" PRIu64 " sessions, %" PRIu64
                " segments sent again\n",
                total_.events, total_.fault_events, total_.saves,
                total_.sessions, total_.duplicates);
    std::printf("at rest: %" PRIu64 " records, %" PRIu64 " signed, %" PRIu64
                " fields in conflict, %" PRIu64 " late amendments, %" PRIu64
                " verdicts contested, %" PRIu64 " changes held, %" PRIu64
                " records of a newer app\n",
                seen.records, seen.sealed, seen.field_conflicts,
                seen.late_amendments, seen.ledgers_contested, seen.held,
                seen.unknown);
    std::printf("met: %" PRIu64 " deadlines of tablets, %" PRIu64
                " of the centre, %" PRIu64 " changed messages, %" PRIu64
                " lies, %" PRIu64 " tablets replaced, %" PRIu64
                " centres scrubbed; slowest drain %.1f s\n",
                seen.deadlines, seen.too_slow, seen.tampered, seen.lies,
                seen.replaced, seen.scrubs,
                static_cast<double>(seen.drain_ms_max) / 1000);
    std::printf("put back: %" PRIu64 " centres, %" PRIu64 " tablets, %" PRIu64
                " cloned; %" PRIu64 " new incarnations, %" PRIu64
                " forks on record, %" PRIu64 " changes reinstated, %" PRIu64
                " times a record safe\n",
                seen.server_restores, seen.device_restores, seen.clones,
                seen.incarnations, seen.forks, seen.reinstated, seen.safe);
    double minutes =
        static_cast<double>(std::clock() - begin_) / CLOCKS_PER_SEC / 60;
    std::printf("%" PRIu64 " seeds run, 0 violations, %" PRIu64
                " device-days, %.0f device-days per CPU-minute\n",
                seeds_, total_.device_days,
                static_cast<double>(total_.device_days) / minutes);
    std::fflush(stdout);
  }

 private:
  const Arguments& arguments_;
  const std::clock_t begin_ = std::clock();
  uint64_t seeds_ = 0;
  RunResult total_;
};

// The date in UTC as a number, 20260131, so that each day brings a new one.
uint64_t SeedOfDate() {
  std::time_t now = std::time(nullptr);
  std::tm date{};
  gmtime_r(&now, &date);
  return static_cast<uint64_t>(date.tm_year + 1900) * 10'000 +
         static_cast<uint64_t>(date.tm_mon + 1) * 100 +
         static_cast<uint64_t>(date.tm_mday);
}

int RunHours(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto elapsed_s = [&] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  // Far from the fixed seeds, and new each second.
  uint64_t seed = static_cast<uint64_t>(std::time(nullptr)) * 1'000'000;
  std::printf("seeds from %" PRIu64 " on\n", seed);
  std::fflush(stdout);
  Runner runner(arguments);
  double reported_s = 0;
  do {
    if (!runner.RunSeed(seed++)) return 1;
    if (elapsed_s() - reported_s > kReportSecondsMin) {
      reported_s = elapsed_s();
      runner.Summarise();
    }
  } while (elapsed_s() < arguments.hours * 3600);
  runner.Summarise();
  return 0;
}

int Run(const Arguments& arguments) {
  if (arguments.hours > 0) return RunHours(arguments);
  Runner runner(arguments);
  if (arguments.seeds_given || !arguments.seed_of_date) {
    for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
      if (!runner.RunSeed(seed)) return 1;
    }
  }
  if (arguments.seed_of_date) {
    std::printf("seed of the date: %" PRIu64 "\n", SeedOfDate());
    if (!runner.RunSeed(SeedOfDate())) return 1;
  }
  runner.Summarise();
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  arguments.program = argv[0];
  std::string seeds = "1-100";
  CLI::App app{"Runs simulated centres and tablets through faults."};
  app.footer(kExamples);
  CLI::Option* given =
      app.add_option("--seeds", seeds, "first and last seed, as 1-1000");
  app.add_flag("--seed-of-date", arguments.seed_of_date,
               "today's seed too; alone: only that");
  app.add_option("--hours", arguments.hours, "new seeds for so long");
  app.add_option("--faults", arguments.faults,
                 "in place of the seed's own, as kill:3,drip:1, or none");
  app.add_flag("--trace", arguments.trace, "print every event");
  app.add_flag("--no-shrink", arguments.no_shrink,
               "do not look for the smallest plan that fails");
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
  arguments.seeds_given = given->count() > 0;
  if (!ParseSeeds(seeds, &arguments)) {
    std::fprintf(stderr, "--seeds takes two numbers, as 1-1000\n");
    return 2;
  }
  if (!arguments.faults.empty() && !ParseFaults(arguments.faults)) {
    std::fprintf(stderr, "--faults takes names and numbers, as kill:3\n");
    return 2;
  }
  return Run(arguments);
}

}  // namespace
}  // namespace vouch::sim

int main(int argc, char** argv) { return vouch::sim::Main(argc, argv); }
