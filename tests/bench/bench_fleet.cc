// A whole centre's tablets at once: those that come with a day's work, and all
// of them after a cut, with one change each.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/benches.h"
#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/bench/raw_replay.h"
#include "tests/support/temp_dir.h"

namespace vouch::bench {
namespace {

constexpr double kRecordsPerCpuSecondMin = 25'000;  // issue 4
constexpr size_t kThreads = 100;  // devices that talk at a time
constexpr int kSlices = 5;

std::vector<std::unique_ptr<FleetDevice>> MakeFleet(const Settings& settings,
                                                    ServerProcess* server,
                                                    size_t devices,
                                                    size_t records) {
  std::vector<std::unique_ptr<FleetDevice>> fleet;
  for (size_t i = 0; i < devices; ++i) {
    fleet.push_back(std::make_unique<FleetDevice>(settings.seed + i));
  }
  EnrolAll(server, &fleet);
  for (auto& device : fleet) device->Write(records);
  server->AwaitViews();
  return fleet;
}

// Connects, pushes all that the device has and ends, in seconds.
double PushAll(const ServerProcess& server, FleetDevice* device,
               const std::vector<MadeSegment>& work) {
  const Stopwatch watch;
  PushStream stream(*device, server);
  stream.Push(work);
  stream.Finish();
  return watch.Seconds();
}

void MeasureFleet(const Settings& settings, size_t devices, size_t records,
                  Report* report) {
  TempDir scratch(settings.folder);
  ServerProcess server(settings.vouchd, scratch.Path("centre"));
  server.Start();
  auto fleet = MakeFleet(settings, &server, devices, records);
  std::vector<std::vector<MadeSegment>> work;
  std::vector<OwnedSegment> all;
  for (auto& device : fleet) {
    work.push_back(device->TakeSegments());
    for (const MadeSegment& segment : work.back()) {
      all.push_back({device->id(), segment});
    }
  }
  std::vector<double> seconds(devices);
  const auto groups = server.CommitGroups();
  const double cpu_s = server.CpuSeconds();
  const Stopwatch watch;
  InParallel(devices, kThreads, [&](size_t i) {
    seconds[i] = PushAll(server, fleet[i].get(), work[i]);
  });
  const double took_s = watch.Seconds();
  const auto now = server.CommitGroups();
  server.AwaitViews();  // the work is done when people can see it
  const double used_s = server.CpuSeconds() - cpu_s;
  const double group =
      (now.changes - groups.changes) / std::max(1.0, now.count - groups.count);
  const auto count = static_cast<double>(devices * records);
  RawReplay replay(scratch.Path("raw"));
  const std::string name = absl::StrCat("fleet.", devices, "x", records);
  Result rate;
  rate.name = name + ".rate";
  rate.value = count / took_s;
  rate.unit = "records/s";
  rate.baseline = count / replay.Write(all, group).seconds;
  rate.baseline_is = "the same batches in RocksDB, synced";
  rate.parameters = {
      {"group_changes", absl::StrFormat("%.0f", group)},
      {"p99_device_s", absl::StrFormat("%.3f", Percentile(seconds, 0.99))},
      {"p50_device_s", absl::StrFormat("%.3f", Percentile(seconds, 0.5))}};
  report->Add(rate);
  Result cpu;
  cpu.name = name + ".cpu";
  cpu.value = count / used_s;
  cpu.unit = "records/cpu_s";
  cpu.target = kRecordsPerCpuSecondMin;
  cpu.target_is = Target::kValueMin;
  cpu.parameters = {
      {"cpu_ms_a_device",
       absl::StrFormat("%.2f", 1000 * used_s / static_cast<double>(devices))}};
  report->Add(cpu);
}

}  // namespace

void BenchFleet(const Settings& settings, Report* report) {
  MeasureFleet(settings, settings.Scaled(200, 8), settings.Scaled(100, 50),
               report);
  MeasureFleet(settings, settings.Scaled(2000, 20), 10, report);
}

void BenchReconnect(const Settings& settings, Report* report) {
  TempDir scratch(settings.folder);
  ServerProcess server(settings.vouchd, scratch.Path("centre"));
  server.Start();
  const size_t devices =
      settings.Scaled(settings.reconnect_devices, 500) / kSlices * kSlices;
  auto fleet = MakeFleet(settings, &server, devices, 1);
  const size_t slice = devices / kSlices;
  std::vector<double> pushed, connected, seconds(devices);
  for (size_t begin = 0; begin < devices; begin += slice) {
    const Stopwatch pushing;
    InParallel(slice, kThreads, [&](size_t i) {
      FleetDevice* device = fleet[begin + i].get();
      seconds[begin + i] = PushAll(server, device, device->TakeSegments());
    });
    pushed.push_back(static_cast<double>(slice) / pushing.Seconds());
    const Stopwatch connecting;
    InParallel(slice, kThreads, [&](size_t i) {
      // A call that is refused at once: the handshake is what it costs.
      TlsClient client = fleet[begin + i]->Connect(server);
      VOUCH_CHECK(!client.CallRaw("/vouch.v1.None/None", "").ok());
    });
    connected.push_back(static_cast<double>(slice) / connecting.Seconds());
  }
  Result result;
  result.name = absl::StrCat("reconnect.", devices);
  result.value = Median(pushed);
  result.unit = "devices/s";
  result.baseline = Median(connected);
  result.baseline_is = "the handshake alone";
  result.parameters = {
      {"p99_device_s", absl::StrFormat("%.3f", Percentile(seconds, 0.99))}};
  report->Add(result);
}

}  // namespace vouch::bench
