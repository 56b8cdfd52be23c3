// How long a small change waits for its acknowledgement: when nothing else
// goes on, and while another device pushes a year's work.
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/bench/benches.h"
#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/support/temp_dir.h"

namespace vouch::bench {
namespace {

constexpr double kOverFloorMs = 0.5;  // sync.md §10
constexpr double kBusyP99MsMax = 50;  // sync.md §10

// One-change segments, a push each.
std::vector<MadeSegment> SmallOnes(FleetDevice* device, size_t count) {
  std::vector<MadeSegment> out;
  for (size_t i = 0; i < count; ++i) {
    device->Write(1);
    for (MadeSegment& segment : device->TakeSegments()) {
      out.push_back(std::move(segment));
    }
  }
  return out;
}

double PushOneMs(PushStream* stream, const MadeSegment& segment) {
  const Stopwatch watch;
  stream->Push({segment});
  return 1000 * watch.Seconds();
}

}  // namespace

void BenchLatency(const Settings& settings, Report* report) {
  TempDir scratch(settings.folder);
  ServerProcess server(settings.vouchd, scratch.Path("centre"));
  server.Start();
  FleetDevice small(settings.seed);
  small.Enrol(&server);
  FleetDevice bulk(settings.seed + 1);
  bulk.Enrol(&server);
  // All of it before a stream is open, since one that is silent is dropped.
  const std::vector<MadeSegment> first =
      SmallOnes(&small, settings.Scaled(500, 50));
  const std::vector<MadeSegment> ones =
      SmallOnes(&small, settings.Scaled(5000, 500));
  const size_t records = settings.Scaled(100'000, 2'000);
  bulk.Write(records);
  const std::vector<MadeSegment> work = bulk.TakeSegments();
  TlsClient caller = small.Connect(server);
  PushStream stream(small, server);
  FsyncProbe probe(scratch.Path("fsync"));
  std::vector<double> ack_ms, fsync_ms, rtt_ms;
  for (const MadeSegment& segment : first) {
    ack_ms.push_back(PushOneMs(&stream, segment));
    server.AwaitViews();  // what follows an ack is not the next one's
    fsync_ms.push_back(1000 * probe.Once());
    const Stopwatch calling;
    VOUCH_CHECK(!caller.CallRaw("/vouch.v1.None/None", "").ok());
    rtt_ms.push_back(1000 * calling.Seconds());
  }
  Result quiet;
  quiet.name = "latency.idle.p50";
  quiet.value = Median(ack_ms);
  quiet.unit = "ms";
  quiet.baseline = Median(fsync_ms) + Median(rtt_ms);
  quiet.baseline_is = "one fsync and one refused call";
  quiet.target = *quiet.baseline + kOverFloorMs;
  quiet.target_is = Target::kValueMax;
  quiet.parameters = {{"fsync_ms", absl::StrCat(Median(fsync_ms))},
                      {"rtt_ms", absl::StrCat(Median(rtt_ms))},
                      {"p99_ms", absl::StrCat(Percentile(ack_ms, 0.99))}};
  report->Add(quiet);

  PushStream bulk_stream(bulk, server);
  std::atomic<bool> done{false};
  double bulk_s = 0;
  std::thread pushing([&] {
    const Stopwatch watch;
    bulk_stream.Push(work);
    bulk_s = watch.Seconds();
    done = true;
  });
  std::vector<double> busy_ms;
  for (size_t i = 0; i < ones.size() && (i == 0 || !done); ++i) {
    busy_ms.push_back(PushOneMs(&stream, ones[i]));
  }
  pushing.join();
  Result busy;
  busy.name = "latency.busy.p99";
  busy.value = Percentile(busy_ms, 0.99);
  busy.unit = "ms";
  busy.target = kBusyP99MsMax;
  busy.target_is = Target::kValueMax;
  busy.parameters = {
      {"small", absl::StrCat(busy_ms.size())},
      {"bulk_records", absl::StrCat(records)},
      {"bulk_records_s", absl::StrCat(static_cast<double>(records) / bulk_s)},
      {"p50_ms", absl::StrCat(Median(busy_ms))},
      {"max_ms", absl::StrCat(Percentile(busy_ms, 1))}};
  report->Add(busy);
}

}  // namespace vouch::bench
