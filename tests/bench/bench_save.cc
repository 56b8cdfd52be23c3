// A save on a tablet, beside one fsync and beside the same batch written to
// SQLite alone.
#include "absl/strings/str_cat.h"
#include "tests/bench/benches.h"
#include "tests/bench/measure.h"
#include "tests/bench/tablet.h"
#include "tests/support/temp_dir.h"

namespace vouch::bench {
namespace {

constexpr double kOverFsyncMs = 0.3;  // sync.md §10

struct Times {
  std::vector<double> save_ms, raw_ms, fsync_ms;
};

void Add(const std::string& name, const Times& times, double part,
         Report* report) {
  const double fsync_ms = Percentile(times.fsync_ms, part);
  Result result;
  result.name = name;
  result.value = Percentile(times.save_ms, part);
  result.unit = "ms";
  result.baseline = Percentile(times.raw_ms, part);
  result.baseline_is = "the same batches in SQLite, synced";
  result.target = fsync_ms + kOverFsyncMs;
  result.target_is = Target::kValueMax;
  result.parameters = {{"saves", absl::StrCat(times.save_ms.size())},
                       {"fsync_ms", absl::StrCat(fsync_ms)}};
  report->Add(result);
}

// Runs `save` and then what it wrote, raw, and an fsync, again and again.
template <typename Save>
Times Interleave(size_t count, BenchTablet* tablet, Store* raw,
                 FsyncProbe* probe, const Save& save) {
  Times times;
  for (size_t i = 0; i < count; ++i) {
    tablet->recording()->Take();
    tablet->recording()->TakeCopyingSeconds();
    const double took_s = save();
    const double copying_s = tablet->recording()->TakeCopyingSeconds();
    times.save_ms.push_back(1000 * (took_s - copying_s));
    std::vector<RecordedBatch> batches = tablet->recording()->Take();
    const Stopwatch watch;
    for (RecordedBatch& recorded : batches) {
      VOUCH_CHECK(
          raw->Write(std::move(recorded.batch), recorded.durability).ok());
    }
    times.raw_ms.push_back(1000 * watch.Seconds());
    times.fsync_ms.push_back(1000 * probe->Once());
  }
  return times;
}

}  // namespace

void BenchSave(const Settings& settings, Report* report) {
  TempDir scratch(settings.folder);
  BenchTablet tablet(scratch.Path("tablet"), settings.seed, /*recorded=*/true);
  tablet.EnrolOffline();
  auto raw = OpenSqlite(scratch.Path("raw"));
  FsyncProbe probe(scratch.Path("fsync"));
  const size_t saves = settings.Scaled(1000, 50);
  std::vector<RecordId> made;
  auto create = [&] {
    const GeneratedRecord record = tablet.NextRecord();
    const Stopwatch watch;
    made.push_back(tablet.SaveOne(record));
    return watch.Seconds();
  };
  Interleave(saves / 10, &tablet, raw.get(), &probe, create);  // warm
  Times times = Interleave(saves, &tablet, raw.get(), &probe, create);
  Add("save.new.p50", times, 0.5, report);
  Add("save.new.p99", times, 0.99, report);
  size_t next = 0;
  times = Interleave(saves, &tablet, raw.get(), &probe, [&] {
    const Stopwatch watch;
    tablet.EditOne(made[next++ % made.size()]);
    return watch.Seconds();
  });
  Add("save.edit.p50", times, 0.5, report);
  Add("save.edit.p99", times, 0.99, report);
}

}  // namespace vouch::bench
