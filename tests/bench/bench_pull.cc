// A fresh tablet takes over everything: verifying what comes over TLS beside a
// scan of what is sent, and working it into SQLite beside SQLite alone.
#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb_store.h"
#include "tests/bench/benches.h"
#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/bench/pull_verifier.h"
#include "tests/bench/session_carrier.h"
#include "tests/bench/tablet.h"
#include "tests/support/temp_dir.h"

namespace vouch::bench {
namespace {

constexpr double kPullRatioMin = 0.4;   // sync.md §10
constexpr double kApplyRatioMin = 0.5;  // sync.md §10
constexpr size_t kDevices = 4;

// A server whose log holds `records`, pushed by a few devices.
void FillServer(const Settings& settings, ServerProcess* server,
                size_t records) {
  for (size_t i = 0; i < kDevices; ++i) {
    FleetDevice device(settings.seed + i);
    device.Enrol(server);
    device.Write(records / kDevices);
    PushStream stream(device, *server);
    stream.Push(device.TakeSegments());
    stream.Finish();
  }
  server->AwaitViews();
}

// Seconds to read every pair of the families that a pull is made from.
double ScanSeconds(const Store& store, uint64_t* pairs) {
  *pairs = 0;
  const Stopwatch watch;
  for (Family family : {Family::kLog, Family::kPayload}) {
    VOUCH_CHECK(store
                    .Scan(family, "", "",
                          [&](absl::string_view, absl::string_view) {
                            ++*pairs;
                            return true;
                          })
                    .ok());
  }
  return watch.Seconds();
}

std::unique_ptr<Store> OpenCopy(const std::string& folder) {
  RocksDbOptions options;
  options.path = folder;
  options.create_if_missing = false;
  auto store = OpenRocksDbStore(options);
  VOUCH_CHECK(store.ok());
  return *std::move(store);
}

}  // namespace

void BenchPull(const Settings& settings, Report* report) {
  TempDir scratch(settings.folder);
  ServerProcess server(settings.vouchd, scratch.Path("centre"));
  server.Start();
  const size_t records = settings.Scaled(20'000, 1'000);
  FillServer(settings, &server, records);
  // The server has its store locked: a copy is scanned.
  server.Stop();
  std::filesystem::copy(server.StoreFolder(), scratch.Path("copy"),
                        std::filesystem::copy_options::recursive);
  server.Start();
  auto copy = OpenCopy(scratch.Path("copy"));
  FleetDevice reader(settings.seed + 99);
  reader.Enrol(&server);
  TlsClient client = reader.Connect(server);
  std::vector<double> pulled, scanned, cpu_us, scan_cpu_us;
  uint64_t pairs = 0;
  double bytes = 0;
  for (int pair = -1; pair < kPairs; ++pair) {  // the first warms up
    PullVerifier verifier(reader.FreshConfig());
    const double cpu_s = server.CpuSeconds();
    const Carried carried = CarryOverTls(
        &client, reader.FreshConfig(),
        [&](const DeviceEffect& effect) { return verifier.CarryOut(effect); });
    const double used_s = server.CpuSeconds() - cpu_s;
    VOUCH_CHECK(verifier.changes() >= records / kDevices * kDevices);
    const double scan_cpu_s = ThreadCpuSeconds();
    const double scan_s = ScanSeconds(*copy, &pairs);
    const double scan_used_s = ThreadCpuSeconds() - scan_cpu_s;
    if (pair < 0) continue;
    const auto count = static_cast<double>(verifier.changes());
    scan_cpu_us.push_back(1e6 * scan_used_s / count);
    pulled.push_back(count / carried.seconds);
    scanned.push_back(count / scan_s);
    cpu_us.push_back(1e6 * used_s / count);
    bytes = static_cast<double>(carried.report.bytes_received) / count;
  }
  Result result;
  result.name = "pull.verified";
  result.value = Median(pulled);
  result.unit = "records/s";
  result.baseline = Median(scanned);
  result.baseline_is = "a scan of families log and payload";
  result.target = kPullRatioMin;
  result.target_is = Target::kRatioMin;
  result.parameters = {{"records", absl::StrCat(records)},
                       {"bytes_a_record", absl::StrCat(bytes)}};
  report->Add(result);
  Result cpu;
  cpu.name = "pull.cpu";
  cpu.value = Median(cpu_us);
  cpu.unit = "us/record";
  cpu.baseline = Median(scan_cpu_us);
  cpu.baseline_is = "the scan's";
  report->Add(cpu);
}

void BenchApply(const Settings& settings, Report* report) {
  TempDir scratch(settings.folder);
  ServerProcess server(settings.vouchd, scratch.Path("centre"));
  server.Start();
  const size_t records = settings.Scaled(10'000, 500);
  FillServer(settings, &server, records);
  // What a fresh tablet is sent, kept.
  std::vector<v1::PullBatch> batches;
  BenchTablet first(scratch.Path("first"), settings.seed);
  first.Enrol(&server);
  TlsClient client = first.Connect(server);
  auto config = first.device().BeginSession();
  VOUCH_CHECK(config.ok());
  const Carried carried =
      CarryOverTls(&client, *config, [&](const DeviceEffect& effect) {
        if (auto* pull = std::get_if<ApplyPull>(&effect)) {
          batches.push_back(pull->batch);
        }
        return first.device().CarryOut(effect);
      });
  std::vector<double> applied, raw, cpu_us, raw_cpu_us;
  const auto count = static_cast<double>(carried.report.entries_pulled);
  for (int pair = 0; pair < kPairs; ++pair) {
    BenchTablet tablet(scratch.Path(absl::StrCat("tablet", pair)),
                       settings.seed, /*recorded=*/true);
    tablet.AdoptAs(first);
    tablet.recording()->Take();
    tablet.recording()->TakeCopyingSeconds();
    double cpu_s = ThreadCpuSeconds();
    const Stopwatch applying;
    for (const v1::PullBatch& batch : batches) {
      const PullApplied done = tablet.device().Apply(batch);
      VOUCH_CHECK(done.status.ok());
    }
    VOUCH_CHECK(tablet.recording()->Sync().ok());
    const double applying_s = applying.Seconds();
    const double copying_s = tablet.recording()->TakeCopyingSeconds();
    applied.push_back(count / (applying_s - copying_s));
    cpu_us.push_back(1e6 * (ThreadCpuSeconds() - cpu_s) / count);
    auto store = OpenSqlite(scratch.Path(absl::StrCat("raw", pair)));
    std::vector<RecordedBatch> written = tablet.recording()->Take();
    cpu_s = ThreadCpuSeconds();
    const Stopwatch writing;
    for (RecordedBatch& recorded : written) {
      VOUCH_CHECK(
          store->Write(std::move(recorded.batch), recorded.durability).ok());
    }
    VOUCH_CHECK(store->Sync().ok());
    raw.push_back(count / writing.Seconds());
    raw_cpu_us.push_back(1e6 * (ThreadCpuSeconds() - cpu_s) / count);
  }
  Result result;
  result.name = "apply";
  result.value = Median(applied);
  result.unit = "records/s";
  result.baseline = Median(raw);
  result.baseline_is = "the same batches in SQLite";
  result.target = kApplyRatioMin;
  result.target_is = Target::kRatioMin;
  result.parameters = {
      {"records", absl::StrCat(records)},
      {"batches", absl::StrCat(batches.size())},
      {"over_tls_records_s", absl::StrCat(count / carried.seconds)}};
  report->Add(result);
  Result cpu;
  cpu.name = "apply.cpu";
  cpu.value = Median(cpu_us);
  cpu.unit = "us/record";
  cpu.baseline = Median(raw_cpu_us);
  cpu.baseline_is = "the same batches in SQLite";
  report->Add(cpu);
}

}  // namespace vouch::bench
