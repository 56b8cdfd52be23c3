// How a sync grows with what is there: one changed field, and nothing changed,
// among more and more records.
#include "absl/strings/str_cat.h"
#include "tests/bench/benches.h"
#include "tests/bench/measure.h"
#include "tests/bench/session_carrier.h"
#include "tests/bench/tablet.h"
#include "tests/support/temp_dir.h"

namespace vouch::bench {
namespace {

constexpr double kFlatRatioMax = 1.5;        // ours: among more, as among 1,000
constexpr double kOneChangeBytesMax = 1200;  // peers.md
constexpr double kNothingBytesMax = 600;     // sync.md §10
constexpr int kSyncs = 9;

double BytesOf(const Carried& carried) {
  return static_cast<double>(carried.report.bytes_sent +
                             carried.report.bytes_received);
}

struct Syncs {
  std::vector<double> ms, bytes, entries, round_trips;

  void Add(const Carried& carried) {
    ms.push_back(1000 * carried.seconds);
    bytes.push_back(BytesOf(carried));
    entries.push_back(static_cast<double>(carried.report.entries_pulled));
    round_trips.push_back(carried.round_trips);
  }
};

// A tablet that grows, and its centre.
class Growth {
 public:
  explicit Growth(const Settings& settings)
      : scratch_(settings.folder),
        server_(settings.vouchd, scratch_.Path("centre")),
        tablet_(scratch_.Path("tablet"), settings.seed) {
    server_.Start();
    tablet_.Enrol(&server_);
    client_.emplace(tablet_.Connect(server_));
  }

  void GrowTo(size_t records) {
    VOUCH_CHECK(records > records_);
    edited_ = tablet_.SaveOne(tablet_.NextRecord());
    tablet_.Fill(records - records_ - 1);
    records_ = records;
    SyncOverTls(&*client_, &tablet_.device());
    server_.AwaitViews();
    SyncOverTls(&*client_, &tablet_.device());
  }
  Carried SyncEdit() {
    tablet_.EditOne(edited_);
    const Carried carried = SyncOverTls(&*client_, &tablet_.device());
    server_.AwaitViews();
    return carried;
  }
  Carried SyncNothing() { return SyncOverTls(&*client_, &tablet_.device()); }

 private:
  TempDir scratch_;
  ServerProcess server_;
  BenchTablet tablet_;
  std::optional<TlsClient> client_;
  size_t records_ = 0;
  RecordId edited_;
};

std::vector<size_t> SizesOf(const Settings& settings) {
  std::vector<size_t> sizes;
  const size_t first = settings.Scaled(1000, 100);
  const size_t last = settings.Scaled(settings.growth_records_max, 1000);
  for (size_t size = first; size <= last; size *= 10) sizes.push_back(size);
  return sizes;
}

}  // namespace

void BenchIncremental(const Settings& settings, Report* report) {
  Growth growth(settings);
  std::optional<double> first_ms;
  for (size_t size : SizesOf(settings)) {
    growth.GrowTo(size);
    Syncs edits, nothing;
    for (int i = 0; i < kSyncs; ++i) {
      edits.Add(growth.SyncEdit());
      nothing.Add(growth.SyncNothing());
    }
    const double ms = Median(edits.ms);
    if (!first_ms.has_value()) first_ms = ms;
    Result result;
    result.name = absl::StrCat("incremental.", size, ".time");
    result.value = ms;
    result.unit = "ms";
    result.baseline = first_ms;
    result.baseline_is = "among the fewest records";
    result.target = kFlatRatioMax;
    result.target_is = Target::kRatioMax;
    result.parameters = {
        {"entries", absl::StrCat(Median(edits.entries))},
        {"round_trips", absl::StrCat(Median(edits.round_trips))},
        {"nothing_ms", absl::StrCat(Median(nothing.ms))}};
    report->Add(result);
    Result bytes;
    bytes.name = absl::StrCat("incremental.", size, ".bytes");
    bytes.value = Median(edits.bytes);
    bytes.unit = "bytes";
    bytes.target = kOneChangeBytesMax;
    bytes.target_is = Target::kValueMax;
    bytes.parameters = {{"nothing_bytes", absl::StrCat(Median(nothing.bytes))}};
    report->Add(bytes);
  }
}

// BenchIdle goes on with what the server keeps of those that stay connected.
void BenchNothingChanged(const Settings& settings, Report* report) {
  Growth growth(settings);
  growth.GrowTo(settings.Scaled(10'000, 100));
  Syncs nothing;
  for (int i = 0; i < kSyncs; ++i) nothing.Add(growth.SyncNothing());
  Result bytes;
  bytes.name = "idle.bytes";
  bytes.value = Median(nothing.bytes);
  bytes.unit = "bytes";
  bytes.target = kNothingBytesMax;
  bytes.target_is = Target::kValueMax;
  bytes.parameters = {{"ms", absl::StrCat(Median(nothing.ms))}};
  report->Add(bytes);
  Result trips;
  trips.name = "idle.round_trips";
  trips.value = Median(nothing.round_trips);
  trips.unit = "trips";
  trips.target = 1;
  trips.target_is = Target::kValueMax;
  report->Add(trips);
}

}  // namespace vouch::bench
