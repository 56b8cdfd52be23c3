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

#include <utility>
#include <vector>

#include "storage/store.h"
#include "tests/bench/measure.h"
#include "tests/support/passing_store.h"

namespace vouch::bench {

struct RecordedBatch {
  WriteBatch batch;
  Durability durability;
};

class RecordingStore : public PassingStore {
 public:
  using PassingStore::PassingStore;

  absl::Status Write(WriteBatch batch, Durability durability) override {
    const Stopwatch watch;
    recorded_.push_back({batch, durability});
    copying_s_ += watch.Seconds();
    return store_->Write(std::move(batch), durability);
  }

  std::vector<RecordedBatch> Take() { return std::exchange(recorded_, {}); }
  // What the copies have cost since the last call: not the store's time.
  double TakeCopyingSeconds() { return std::exchange(copying_s_, 0); }

 private:
  std::vector<RecordedBatch> recorded_;
  double copying_s_ = 0;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_RECORDING_STORE_H_
