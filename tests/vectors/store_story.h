// The small story that the golden stores hold: a tablet and a centre, one
// record edited twice and synced, one more captured offline.
#ifndef VOUCH_TESTS_VECTORS_STORE_STORY_H_
#define VOUCH_TESTS_VECTORS_STORE_STORY_H_

#include <memory>
#include <string>

#include "storage/rocksdb_store.h"
#include "storage/sqlite_store.h"
#include "tests/support/replica_world.h"

namespace vouch {

// Opens (or makes) DIR/device (SQLite) and DIR/centre (RocksDB) with the
// story's keys.
struct StoreStory {
  explicit StoreStory(uint64_t seed)
      : random(seed), device_provider(Key('d')), centre_provider(Key('c')) {}

  static SealKey Key(char byte) {
    return *SealKey::FromBytes(std::string(SealKey::kSize, byte));
  }

  absl::Status Open(const std::string& folder) {
    SqliteOptions sqlite;
    sqlite.path = folder + "/device";
    VOUCH_ASSIGN_OR_RETURN(device_store, OpenSqliteStore(sqlite));
    VOUCH_ASSIGN_OR_RETURN(
        device_keys,
        KeyRing::Open(device_store.get(), &device_provider, &random));
    VOUCH_ASSIGN_OR_RETURN(
        device,
        Device::Open(device_store.get(), device_keys.get(), &clock, &random));
    RocksDbOptions rocks;
    rocks.path = folder + "/centre";
    VOUCH_ASSIGN_OR_RETURN(centre_store, OpenRocksDbStore(rocks));
    VOUCH_ASSIGN_OR_RETURN(
        centre_keys,
        KeyRing::Open(centre_store.get(), &centre_provider, &random));
    VOUCH_ASSIGN_OR_RETURN(
        centre, Centre::Open(centre_store.get(), centre_keys.get(), &judge,
                             &clock, &random, {"golden centre"}));
    return absl::OkStatus();
  }

  SeededRandom random;
  FakeClock clock;
  PermissiveJudge judge;
  FixedKeyProvider device_provider;
  FixedKeyProvider centre_provider;
  std::unique_ptr<Store> device_store;
  std::unique_ptr<KeyRing> device_keys;
  std::unique_ptr<Device> device;
  std::unique_ptr<Store> centre_store;
  std::unique_ptr<KeyRing> centre_keys;
  std::unique_ptr<Centre> centre;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_VECTORS_STORE_STORY_H_
