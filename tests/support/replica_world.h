// A centre and tablets in memory, under a clock and a random source of the
// test's own.
//
//   ReplicaWorld world;
//   Tablet& a = world.AddTablet(v1::ROLE_ASSESSOR, "A");
//   RecordId r = a.Create(5, "venue");
//   world.Sync(a);
#ifndef VOUCH_TESTS_SUPPORT_REPLICA_WORLD_H_
#define VOUCH_TESTS_SUPPORT_REPLICA_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "storage/memory_store.h"
#include "tests/support/loopback.h"
#include "vouch/v1/records.pb.h"

namespace vouch {

class FakeClock : public Clock {
 public:
  TimeReading Now() const override { return reading; }
  void Advance(int64_t ms) {
    reading.wall_ms += ms;
    reading.monotonic_ms += static_cast<uint64_t>(ms);
  }
  TimeReading reading{1'800'000'000'000, 0, 1000, BootId()};
};

// Deterministic: SHA-256 of (seed, counter).
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : seed_(seed) {}
  void Fill(uint8_t* out, size_t size) override;

 private:
  uint64_t seed_;
  uint64_t counter_ = 0;
};

// Applies everything, except what a test marks.
class PermissiveJudge : public Judge {
 public:
  absl::Status Decide(const JudgedChange& change,
                      const JudgeReader& reader) const override;
  // Text that, found in any value, holds the change.
  std::string hold_text = "HOLD";
  // Holds every change with this operation.
  std::optional<MergeClass> hold_class;
};

struct Tablet {
  std::string name;
  MemoryDisk disk;
  FakeClock clock;
  std::unique_ptr<SeededRandom> random;
  std::unique_ptr<FixedKeyProvider> provider;
  std::unique_ptr<Store> store;
  std::unique_ptr<KeyRing> keys;
  std::unique_ptr<Device> device;

  // (Re)opens everything on the disk, as after a restart.
  absl::Status Open();
  void Close();

  // Creates a record with one register at path {4}; returns its id.
  RecordId Create(uint32_t kind, const ScopeId& scope, std::string value);
  // Sets the register, replacing what the tablet sees now.
  absl::Status Set(const RecordId& record, std::string value);
  // Acts on the record as a whole.
  absl::Status Act(const RecordId& record, MergeClass merge_class);
  // The register's values here, the pick first.
  std::vector<std::string> Values(const RecordId& record);
};

class ReplicaWorld {
 public:
  explicit ReplicaWorld(uint64_t seed = 1, const Judge* judge = nullptr);

  Tablet& AddTablet(int role, const std::string& name);
  LoopbackResult Sync(Tablet& tablet, const LoopbackOptions& options = {});
  absl::Status OpenCentre();
  void CloseCentre();
  ScopeId scope() const { return scope_; }

  MemoryDisk centre_disk;
  // With it, from the next OpenCentre on, the centre keeps its authority store
  // on a disk of its own.
  bool keep_authority = false;
  MemoryDisk authority_disk;
  FakeClock centre_clock;
  SeededRandom random;
  PermissiveJudge permissive;
  const Judge* judge;
  std::unique_ptr<FixedKeyProvider> provider;
  std::unique_ptr<Store> store;
  std::unique_ptr<KeyRing> keys;
  std::unique_ptr<Store> authority_store;
  std::unique_ptr<KeyRing> authority_keys;
  std::unique_ptr<Authority> authority;
  std::unique_ptr<Centre> centre;
  std::vector<std::unique_ptr<Tablet>> tablets;

 private:
  ScopeId scope_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_REPLICA_WORLD_H_
