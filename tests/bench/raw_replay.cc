#include "tests/bench/raw_replay.h"

#include <algorithm>

#include "storage/memory_store.h"
#include "storage/replica/centre.h"
#include "storage/rocksdb_store.h"
#include "tests/bench/measure.h"

namespace vouch::bench {

RawReplay::RawReplay(const std::string& folder) {
  RocksDbOptions options;
  options.path = folder;
  auto raw = OpenRocksDbStore(options);
  VOUCH_CHECK(raw.ok());
  raw_ = *std::move(raw);
}

std::vector<RecordedBatch> RawReplay::BatchesFor(
    const std::vector<OwnedSegment>& segments, double group_changes) const {
  MemoryDisk disk;
  auto memory = OpenMemoryStore(&disk);
  VOUCH_CHECK(memory.ok());
  RecordingStore recording(memory->get());
  FixedKeyProvider provider(SealKey::Generate(*SystemRandom()));
  auto keys = KeyRing::Open(&recording, &provider, SystemRandom());
  VOUCH_CHECK(keys.ok());
  PermissiveJudge judge;
  auto centre = Centre::Open(&recording, keys->get(), &judge, SystemClock(),
                             SystemRandom(), {"Raw"});
  VOUCH_CHECK(centre.ok());
  recording.Take();

  std::vector<RecordedBatch> batches;
  std::vector<Centre::CommitRequest> group;
  double changes = 0;
  auto commit = [&] {
    auto results = (*centre)->Commit(std::exchange(group, {}));
    VOUCH_CHECK(results.ok());
    for (const Centre::CommitResult& result : *results) {
      VOUCH_CHECK(result.status.ok());
    }
    for (RecordedBatch& batch : recording.Take()) {
      batches.push_back(std::move(batch));
    }
    changes = 0;
    while (!(*centre)->materialised()) {
      VOUCH_CHECK((*centre)->Materialise(kMaterialiseEntriesMax).ok());
    }
    recording.Take();  // views are derived: no part of it
  };
  for (const OwnedSegment& owned : segments) {
    auto request = VerifyPushed(**centre, owned.device, owned.segment.wire);
    // It may refer to a change of the group.
    if (!request.ok() && !group.empty()) {
      commit();
      request = VerifyPushed(**centre, owned.device, owned.segment.wire);
    }
    VOUCH_CHECK(request.ok());
    group.push_back(*std::move(request));
    changes += owned.segment.changes;
    if (changes >= group_changes) commit();
  }
  if (!group.empty()) commit();
  return batches;
}

RawReplay::Took RawReplay::Write(const std::vector<OwnedSegment>& segments,
                                 double group_changes) {
  std::vector<RecordedBatch> batches = BatchesFor(segments, group_changes);
  const double cpu_s = ThreadCpuSeconds();
  const Stopwatch watch;
  for (RecordedBatch& recorded : batches) {
    VOUCH_CHECK(
        raw_->Write(std::move(recorded.batch), recorded.durability).ok());
  }
  return {watch.Seconds(), ThreadCpuSeconds() - cpu_s};
}

}  // namespace vouch::bench
