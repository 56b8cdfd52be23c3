// vouch-generate: made-up evidence records, a line of JSON each.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <optional>
#include <string>

#include "tests/bench/generate.h"

namespace vouch::bench {
namespace {

int Run(int argc, char** argv) {
  CLI::App app(
      "Prints made-up evidence records, one JSON object a line. The same seed "
      "gives the same bytes.");
  uint64_t seed = 42;
  uint64_t records = 10;
  std::string kind;
  const std::map<std::string, GeneratedKind> kinds = {
      {"registration", GeneratedKind::kRegistration},
      {"observation", GeneratedKind::kObservation},
      {"witness-statement", GeneratedKind::kWitnessStatement},
      {"assessment-plan", GeneratedKind::kAssessmentPlan},
  };
  app.add_option("--seed", seed, "What the records are made from")
      ->capture_default_str();
  app.add_option("--records", records, "How many")->capture_default_str();
  app.add_option("--kind", kind, "Only records of this kind")
      ->check(CLI::IsMember(kinds));
  app.footer(
      "Example:\n  vouch-generate --seed 42 --records 1000 --kind observation");
  CLI11_PARSE(app, argc, argv);
  RecordGenerator generator(seed);
  for (uint64_t i = 0; i < records; ++i) {
    const std::string line = JsonLineOf(
        kind.empty() ? generator.Next() : generator.Make(kinds.at(kind)));
    if (std::puts(line.c_str()) < 0) return 1;
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace vouch::bench

int main(int argc, char** argv) { return vouch::bench::Run(argc, argv); }
