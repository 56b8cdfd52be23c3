// A store that keeps a copy of every batch written through it, so that the
// same bytes can be written again to a raw store of the same engine.
//
//   RecordingStore recording(inner.get());
//   … use it as the store …
//   for (const RecordedBatch& b : recording.Take()) raw->Write(b.batch, …);
//
// One thread at a time.
#ifndef VOUCH_TESTS_BENCH_RECORDING_STORE_H_
#define VOUCH_TESTS_BENCH_RECORDING_STORE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/store.h"
#include "tests/bench/measure.h"

namespace vouch::bench {

struct RecordedBatch {
  WriteBatch batch;
  Durability durability;
};

class RecordingStore : public Store {
 public:
  // `inner` outlives it.
  explicit RecordingStore(Store* inner) : inner_(inner) {}

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    return inner_->Get(family, key);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    return inner_->Scan(family, begin, end, visit);
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    return inner_->ScanReverse(family, begin, end, visit);
  }
  absl::Status Write(WriteBatch batch, Durability durability) override {
    const Stopwatch watch;
    recorded_.push_back({batch, durability});
    copying_s_ += watch.Seconds();
    return inner_->Write(std::move(batch), durability);
  }
  absl::Status Sync() override { return inner_->Sync(); }
  std::unique_ptr<Reader> Snapshot() const override {
    return inner_->Snapshot();
  }
  absl::Status Checkpoint(const std::string& folder) override {
    return inner_->Checkpoint(folder);
  }

  std::vector<RecordedBatch> Take() { return std::exchange(recorded_, {}); }
  // What the copies have cost since the last call: not the store's time.
  double TakeCopyingSeconds() { return std::exchange(copying_s_, 0); }

 private:
  Store* const inner_;
  std::vector<RecordedBatch> recorded_;
  double copying_s_ = 0;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_RECORDING_STORE_H_
