// A backup of a ReplicaWorld's centre on three disks in memory, and a centre
// restored from it.
//
//   BackupDisks backup;
//   ASSERT_TRUE(BackUpTo(&backup, world).ok());
//   ASSERT_TRUE(RestoreFrom(&backup, nullptr, &world).ok());
#ifndef VOUCH_TESTS_SUPPORT_BACKUP_DISKS_H_
#define VOUCH_TESTS_SUPPORT_BACKUP_DISKS_H_

#include <array>
#include <memory>
#include <utility>

#include "storage/replica/backup.h"
#include "storage/replica/restore.h"
#include "tests/support/replica_world.h"

namespace vouch {

struct BackupDisks {
  MemoryDisk log;
  MemoryDisk keys;
  MemoryDisk authority;

  std::array<MemoryDisk*, 3> all() { return {&log, &keys, &authority}; }
  BackupDisks Clone() const {
    return {log.Clone(), keys.Clone(), authority.Clone()};
  }
};

struct BackupStores {
  std::unique_ptr<Store> log;
  std::unique_ptr<Store> keys;
  std::unique_ptr<Store> authority;

  static absl::StatusOr<BackupStores> Open(BackupDisks* disks) {
    BackupStores stores;
    VOUCH_ASSIGN_OR_RETURN(stores.log, OpenMemoryStore(&disks->log));
    VOUCH_ASSIGN_OR_RETURN(stores.keys, OpenMemoryStore(&disks->keys));
    VOUCH_ASSIGN_OR_RETURN(stores.authority,
                           OpenMemoryStore(&disks->authority));
    return stores;
  }
  BackupTarget target() const {
    return {log.get(), keys.get(), authority.get()};
  }
  BackupReader reader() const {
    return {log.get(), keys.get(), authority.get()};
  }
};

// As the server does it: head, then snapshots, then the copy; noted as stable.
inline absl::StatusOr<BackupReport> BackUpTo(BackupDisks* disks,
                                             ReplicaWorld& world) {
  VOUCH_ASSIGN_OR_RETURN(BackupStores stores, BackupStores::Open(disks));
  BackupSource source;
  source.head = world.centre->Head();
  const std::unique_ptr<Reader> log = world.store->Snapshot();
  std::unique_ptr<Reader> authority;
  if (world.authority_store != nullptr) {
    authority = world.authority_store->Snapshot();
  }
  source.log = log.get();
  source.authority = authority.get();
  source.centre_key = world.centre->key();
  source.centre = world.centre->id();
  source.now_ms = world.centre_clock.reading.wall_ms;
  source.files = {{"tls/ca.key", "a private key"}};
  VOUCH_ASSIGN_OR_RETURN(BackupReport report, BackUp(source, stores.target(),
                                                     {world.provider.get(),
                                                      &world.random, nullptr}));
  VOUCH_RETURN_IF_ERROR(world.centre->NoteStable(report.manifest.head));
  return report;
}

// Proves it, with the bodies opened.
inline absl::StatusOr<BackupManifest> VerifyDisks(BackupDisks* disks,
                                                  ReplicaWorld& world) {
  VOUCH_ASSIGN_OR_RETURN(BackupStores stores, BackupStores::Open(disks));
  return VerifyBackup(stores.reader(),
                      {world.provider.get(), &world.random, nullptr});
}

// Replaces the world's centre by one restored from the backup. With
// `live_authority` the world's own authority store is the survivor.
inline absl::StatusOr<RestoreReport> RestoreFrom(BackupDisks* disks,
                                                 bool live_authority,
                                                 ReplicaWorld* world) {
  world->CloseCentre();
  MemoryDisk main_disk;
  MemoryDisk authority_disk;
  RestoreReport report;
  {
    VOUCH_ASSIGN_OR_RETURN(BackupStores stores, BackupStores::Open(disks));
    VOUCH_ASSIGN_OR_RETURN(auto main, OpenMemoryStore(&main_disk));
    VOUCH_ASSIGN_OR_RETURN(auto authority, OpenMemoryStore(&authority_disk));
    std::unique_ptr<Store> live;
    if (live_authority) {
      VOUCH_ASSIGN_OR_RETURN(live, OpenMemoryStore(&world->authority_disk));
    }
    VOUCH_ASSIGN_OR_RETURN(
        report, RestoreStores(
                    stores.reader(), live.get(), {main.get(), authority.get()},
                    {world->provider.get(), &world->random, nullptr}));
  }
  world->centre_disk = std::move(main_disk);
  world->authority_disk = std::move(authority_disk);
  world->keep_authority = true;
  VOUCH_RETURN_IF_ERROR(world->OpenCentre());
  return report;
}

// Rows of a family.
inline size_t CountRows(const Reader& reader, Family family,
                        absl::string_view prefix = "") {
  size_t rows = 0;
  VOUCH_CHECK(reader
                  .Scan(family, prefix, prefix.empty() ? "" : PrefixEnd(prefix),
                        [&](absl::string_view, absl::string_view) {
                          ++rows;
                          return true;
                        })
                  .ok());
  return rows;
}

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_BACKUP_DISKS_H_
