// vouch-bench: what the product does beside what the disk and the wire allow,
// measured in the same run. See README.md.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "server/server.h"
#include "sync/base/check.h"
#include "tests/bench/benches.h"

namespace vouch::bench {
namespace {

struct Family {
  const char* name;
  void (*run)(const Settings&, Report*);
};

constexpr Family kFamilies[] = {
    {"save", BenchSave},           {"ingest", BenchIngest},
    {"pull", BenchPull},           {"apply", BenchApply},
    {"idle", BenchIdle},           {"incremental", BenchIncremental},
    {"fleet", BenchFleet},         {"latency", BenchLatency},
    {"reconnect", BenchReconnect}, {"wire", BenchWire},
};

// Nine thousand connections are as many files, here and in the server.
void RaiseFileLimit() {
  rlimit limit{};
  VOUCH_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  VOUCH_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

int Run(int argc, char** argv) {
  CLI::App app(
      "Measures the product beside its physical baselines, in the same run.");
  Settings settings;
  settings.vouchd = VOUCHD;
  settings.folder = std::filesystem::temp_directory_path();
  bool json = false;
  std::vector<std::string> wanted;
  std::vector<std::string> names;
  for (const Family& family : kFamilies) names.push_back(family.name);
  app.add_option("family", wanted, "What to measure; all if none is named")
      ->check(CLI::IsMember(names));
  app.add_flag("--json", json, "One JSON object a line");
  app.add_flag("--quick", settings.quick, "Small, to see that it works");
  app.add_option("--seed", settings.seed, "What the records are made from")
      ->capture_default_str();
  app.add_option("--folder", settings.folder, "On the disk to be measured")
      ->capture_default_str();
  app.add_option("--vouchd", settings.vouchd, "The server to measure")
      ->capture_default_str();
  app.add_option("--growth-records", settings.growth_records_max,
                 "The most records of `incremental`, such as 1000000")
      ->capture_default_str();
  app.add_option("--reconnect-devices", settings.reconnect_devices,
                 "Devices of `reconnect`")
      ->capture_default_str();
  app.footer(
      "Examples:\n"
      "  vouch-bench save ingest          two families, as a table\n"
      "  vouch-bench --json > figures     everything\n"
      "Run it on a machine that does nothing else.");
  CLI11_PARSE(app, argc, argv);
  RaiseFileLimit();
  RequireTls13();
  Report report(json);
  for (const Family& family : kFamilies) {
    const bool run = wanted.empty() ||
                     std::count(wanted.begin(), wanted.end(), family.name) > 0;
    if (run) family.run(settings, &report);
  }
  return 0;
}

}  // namespace
}  // namespace vouch::bench

int main(int argc, char** argv) { return vouch::bench::Run(argc, argv); }
