// A tablet's replica on SQLite, as the library opens it, in the hands of the
// benchmark: the store can be watched, and records are saved by the hundred.
//
//   BenchTablet tablet(dir.Path("tablet"), seed);
//   tablet.Enrol(&server);
//   tablet.Fill(10'000);
//   TlsClient client = tablet.Connect(server);
//
// One thread at a time. What fails ends the benchmark.
#ifndef VOUCH_TESTS_BENCH_TABLET_H_
#define VOUCH_TESTS_BENCH_TABLET_H_

#include <memory>
#include <string>
#include <vector>

#include "storage/replica/device.h"
#include "tests/bench/generate.h"
#include "tests/bench/recording_store.h"
#include "tests/bench/server_process.h"
#include "tests/support/replica_world.h"
#include "tests/support/sync_client.h"

namespace vouch::bench {

std::unique_ptr<Store> OpenSqlite(const std::string& folder);

class BenchTablet {
 public:
  // With `recorded`, everything that is written is kept in recording().
  BenchTablet(const std::string& folder, uint64_t seed, bool recorded = false);

  void Enrol(ServerProcess* server);
  // As if it were enrolled, or as another tablet is: nothing is sent.
  void EnrolOffline();
  void AdoptAs(const BenchTablet& other);
  // New records, a hundred a save.
  void Fill(size_t records);
  GeneratedRecord NextRecord() { return generator_.NextEvidence(); }
  // In a save of its own, from message to disk.
  RecordId SaveOne(const GeneratedRecord& record);
  // Changes one field of it, as it stands.
  void EditOne(const RecordId& record);

  TlsClient Connect(const ServerProcess& server) const;
  Device& device() { return *device_; }
  RecordingStore* recording() { return recording_.get(); }

 private:
  NewChange DraftOf(const GeneratedRecord& record) const;

  SeededRandom random_;
  RecordGenerator generator_;
  FixedKeyProvider provider_;
  RecordId registration_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<RecordingStore> recording_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<Device> device_;
  uint64_t edits_ = 0;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_TABLET_H_
