// A backup on a disk: three RocksDB stores in one folder (log, keys,
// authority), and `vouchd backup`'s work between it and a centre.
//
//   VOUCH_ASSIGN_OR_RETURN(auto folder, BackupFolder::Open(path, false));
//   VerifyBackup(folder->reader(), options);
//
// One thread at a time.
#ifndef VOUCH_SERVER_BACKUP_FOLDER_H_
#define VOUCH_SERVER_BACKUP_FOLDER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/centre_folder.h"
#include "storage/replica/backup.h"
#include "vouch/v1/admin_service.pb.h"

namespace vouch {

class BackupFolder {
 public:
  enum class Mode {
    kExisting,  // NOT_FOUND if there is none
    kMake,      // makes what is missing; the folder's parent must exist
  };
  // Errors: NOT_FOUND, CONFIGURATION_INVALID (the folder holds something
  // else), STORE_LOCKED (another run is using it), STORE_*.
  static absl::StatusOr<std::unique_ptr<BackupFolder>> Open(
      const std::string& path, Mode mode);

  BackupTarget target() const {
    return {log_.get(), keys_.get(), authority_.get()};
  }
  BackupReader reader() const {
    return {log_.get(), keys_.get(), authority_.get()};
  }

 private:
  BackupFolder() = default;

  std::unique_ptr<Store> log_;
  std::unique_ptr<Store> keys_;
  std::unique_ptr<Store> authority_;
};

// True if both paths are on one file system; false if that cannot be told.
bool OnOneDisk(const std::string& a, const std::string& b);

// Backs the centre up to `path` while it goes on, and proves it. Any thread;
// the caller sees to it that it is one at a time, and then notes it as stable.
// Errors: those of BackUp and BackupFolder::Open; CONFIGURATION_INVALID for a
// folder inside the data folder, which would be lost with it.
absl::StatusOr<BackupReport> BackUpCentre(const CentreFolder& centre,
                                          const std::string& path,
                                          const StopCheck& stop);

// As the tools and the socket show it.
void DescribeBackup(const BackupReport& report, v1::BackUpResponse* out);

}  // namespace vouch

#endif  // VOUCH_SERVER_BACKUP_FOLDER_H_
