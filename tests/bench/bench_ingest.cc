// Durable ingest over TLS, beside the same bytes written to RocksDB alone.
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/benches.h"
#include "tests/bench/measure.h"
#include "tests/bench/raw_replay.h"
#include "tests/support/temp_dir.h"

namespace vouch::bench {
namespace {

constexpr double kRatioMin = 0.45;  // sync.md §10

struct Shape {
  const char* name;
  size_t devices;
  bool edits;
};

// One push of `records` by some devices at once.
struct Round {
  double seconds = 0;
  double cpu_s = 0;
  double group_changes = 0;
  std::vector<OwnedSegment> segments;
};

Round PushRound(ServerProcess* server, const Shape& shape, size_t records,
                uint64_t seed) {
  std::vector<std::unique_ptr<FleetDevice>> devices;
  std::vector<std::vector<MadeSegment>> work;
  std::vector<std::unique_ptr<PushStream>> streams;
  for (size_t i = 0; i < shape.devices; ++i) {
    devices.push_back(std::make_unique<FleetDevice>(seed + i));
    devices.back()->Enrol(server);
    devices.back()->Write(records / shape.devices, shape.edits);
    work.push_back(devices.back()->TakeSegments());
    streams.push_back(std::make_unique<PushStream>(*devices.back(), *server));
  }
  server->AwaitViews();
  Round round;
  const auto groups = server->CommitGroups();
  const double cpu_s = server->CpuSeconds();
  const Stopwatch watch;
  InParallel(shape.devices, shape.devices,
             [&](size_t i) { streams[i]->Push(work[i]); });
  round.seconds = watch.Seconds();
  const auto now = server->CommitGroups();
  round.group_changes =
      (now.changes - groups.changes) / std::max(1.0, now.count - groups.count);
  for (auto& stream : streams) stream->Finish();
  server->AwaitViews();
  round.cpu_s = server->CpuSeconds() - cpu_s;  // the views are part of it
  // In turns, as the committer takes them.
  for (size_t s = 0; s < work[0].size(); ++s) {
    for (size_t i = 0; i < shape.devices; ++i) {
      if (s >= work[i].size()) continue;
      round.segments.push_back({devices[i]->id(), std::move(work[i][s])});
    }
  }
  return round;
}

void Measure(const Settings& settings, const Shape& shape, Report* report) {
  TempDir scratch(settings.folder);
  ServerProcess server(settings.vouchd, scratch.Path("centre"));
  server.Start();
  RawReplay replay(scratch.Path("raw"));
  const size_t records = settings.Scaled(20'000, 1'000);
  std::vector<double> pushed, raw, groups, cpu_us, raw_cpu_us;
  for (int pair = 0; pair < kPairs; ++pair) {
    const uint64_t seed = settings.seed + 1000 * static_cast<uint64_t>(pair);
    const Round round = PushRound(&server, shape, records, seed);
    const auto count = static_cast<double>(records);
    pushed.push_back(count / round.seconds);
    groups.push_back(round.group_changes);
    cpu_us.push_back(1e6 * round.cpu_s / count);
    const auto took = replay.Write(round.segments, round.group_changes);
    raw.push_back(count / took.seconds);
    raw_cpu_us.push_back(1e6 * took.cpu_s / count);
  }
  Result result;
  result.name = absl::StrCat("ingest.", shape.name);
  result.value = Median(pushed);
  result.unit = "records/s";
  result.baseline = Median(raw);
  result.baseline_is = "the same batches in RocksDB, synced";
  result.target = kRatioMin;
  result.target_is = Target::kRatioMin;
  result.parameters = {
      {"devices", absl::StrCat(shape.devices)},
      {"records", absl::StrCat(records)},
      {"group_changes", absl::StrFormat("%.0f", Median(groups))}};
  report->Add(result);
  Result cpu;
  cpu.name = absl::StrCat("ingest.", shape.name, ".cpu");
  cpu.value = Median(cpu_us);
  cpu.unit = "us/record";
  cpu.baseline = Median(raw_cpu_us);
  cpu.baseline_is = "the writing thread of the same batches in RocksDB";
  report->Add(cpu);
}

}  // namespace

void BenchIngest(const Settings& settings, Report* report) {
  Measure(settings, {"one_device", 1, false}, report);
  Measure(settings, {"four_devices", 4, false}, report);
  // People save while they write: every other change edits the one before.
  Measure(settings, {"one_device_edits", 1, true}, report);
}

}  // namespace vouch::bench
