// What travels for a change beyond its values, and for a push beyond what
// people wrote. Bytes, the same on every machine.
#include "absl/strings/str_cat.h"
#include "tests/bench/benches.h"
#include "tests/bench/measure.h"
#include "tests/bench/tablet.h"
#include "tests/support/temp_dir.h"

namespace vouch::bench {
namespace {

constexpr double kOverheadBytesMax = 56;  // sync.md §10
constexpr double kWireRatioMax = 0.5;     // sync.md §10
constexpr size_t kEditsASegment = 64;
constexpr size_t kEditedSegmentsMax = 9;

// The tablet's segments after `after_seq`, closed and encoded as they travel.
std::vector<OutboxSegment> SegmentsAfter(Device* device, uint64_t after_seq) {
  auto config = device->BeginSession();  // closes what is open
  VOUCH_CHECK(config.ok());
  ReadOutbox request{config->heads[0].incarnation, after_seq, Hash(), SIZE_MAX};
  if (after_seq > 0) {
    auto hash = device->changes().GetChangeHash(
        *device->changes().store(),
        {device->id(), request.incarnation, Hash(), after_seq});
    VOUCH_CHECK(hash.ok() && hash->has_value());
    request.after_hash = **hash;
  }
  OutboxRead read = device->Read(request);
  VOUCH_CHECK(read.status.ok() && read.exhausted);
  return std::move(read.segments);
}

// What a segment's changes cost each, beyond their values.
double OverheadOf(const Device& device, const OutboxSegment& segment) {
  auto held = device.changes().GetSegment(
      *device.changes().store(),
      {segment.device, segment.incarnation, Hash(), segment.first_seq});
  VOUCH_CHECK(held.ok());
  size_t values = 0;
  for (const Change& change : held->changes) values += change.payload.size();
  return static_cast<double>(segment.wire.size() - values) /
         static_cast<double>(held->changes.size());
}

}  // namespace

void BenchWire(const Settings& settings, Report* report) {
  TempDir scratch(settings.folder);
  BenchTablet tablet(scratch.Path("tablet"), settings.seed);
  tablet.EnrolOffline();
  const size_t records = settings.Scaled(2'000, 200);
  std::vector<RecordId> made;
  double written = 0;
  for (size_t i = 0; i < records; ++i) {
    const GeneratedRecord record = tablet.NextRecord();
    written += static_cast<double>(record.message->ByteSizeLong());
    made.push_back(tablet.SaveOne(record));
  }
  double sent = 0;
  for (const OutboxSegment& segment : SegmentsAfter(&tablet.device(), 0)) {
    sent += static_cast<double>(segment.wire.size());
  }
  const auto count = static_cast<double>(records);
  Result wire;
  wire.name = "wire.record";
  wire.value = sent / count;
  wire.unit = "bytes";
  wire.baseline = written / count;
  wire.baseline_is = "the record as protobuf";
  wire.target = kWireRatioMax;
  wire.target_is = Target::kRatioMax;
  wire.parameters = {{"records", absl::StrCat(records)}};
  report->Add(wire);

  std::vector<double> overheads;
  uint64_t seq = records;
  const size_t edited =
      std::min(kEditedSegmentsMax, made.size() / kEditsASegment);
  for (size_t i = 0; i < edited; ++i) {
    for (size_t e = 0; e < kEditsASegment; ++e) {
      tablet.EditOne(made[i * kEditsASegment + e]);
    }
    for (const OutboxSegment& segment : SegmentsAfter(&tablet.device(), seq)) {
      overheads.push_back(OverheadOf(tablet.device(), segment));
    }
    seq += kEditsASegment;
  }
  Result edit;
  edit.name = "wire.edit_overhead";
  edit.value = Median(overheads);
  edit.unit = "bytes";
  edit.target = kOverheadBytesMax;
  edit.target_is = Target::kValueMax;
  edit.parameters = {{"edits_a_segment", absl::StrCat(kEditsASegment)}};
  report->Add(edit);
}

}  // namespace vouch::bench
