// What the server writes to commit segments, and that written to RocksDB alone:
// the baseline of ingest.
//
//   RawReplay replay(dir.Path("raw"));
//   double seconds = replay.Write(segments, /*group_changes=*/500).seconds;
//
// The batches are those of a Centre in memory that commits the same segments in
// groups of that size: the same families and bytes, nothing derived. Only the
// writing is timed. One thread at a time.
#ifndef VOUCH_TESTS_BENCH_RAW_REPLAY_H_
#define VOUCH_TESTS_BENCH_RAW_REPLAY_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/fleet.h"
#include "tests/bench/recording_store.h"

namespace vouch::bench {

// Whose segment it is.
struct OwnedSegment {
  DeviceId device;
  MadeSegment segment;
};

class RawReplay {
 public:
  explicit RawReplay(const std::string& folder);

  // What the raw store took, each batch synced.
  struct Took {
    double seconds = 0;
    double cpu_s = 0;  // of the writing thread
  };
  Took Write(const std::vector<OwnedSegment>& segments, double group_changes);

 private:
  std::vector<RecordedBatch> BatchesFor(
      const std::vector<OwnedSegment>& segments, double group_changes) const;

  std::unique_ptr<Store> raw_;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_RAW_REPLAY_H_
