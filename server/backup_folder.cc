#include "server/backup_folder.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/private_file.h"
#include "storage/folder.h"
#include "storage/rocksdb_store.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

// Three stores: small buffers, so that a backup takes little beside a server.
constexpr size_t kBackupCacheBytes = size_t{4} << 20;
constexpr size_t kBackupWriteBufferBytes = size_t{8} << 20;

constexpr char kLogFolder[] = "log";

bool IsInside(const std::string& path, const std::string& folder) {
  std::error_code error;
  const fs::path inner = fs::weakly_canonical(path, error);
  const fs::path outer = fs::weakly_canonical(folder, error);
  const fs::path relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

absl::Status CheckIsBackup(const std::string& path) {
  if (FileExists(absl::StrCat(path, "/", kLogFolder))) return absl::OkStatus();
  std::error_code error;
  const bool empty = fs::is_empty(path, error);
  if (!error && empty) return absl::OkStatus();
  return Error(Reason::kConfigurationInvalid,
               absl::StrCat(path,
                            " holds something else: a backup goes to a "
                            "new folder or to an earlier backup"));
}

absl::StatusOr<std::vector<BackupFile>> ReadFiles(const std::string& data) {
  std::vector<BackupFile> files;
  for (const std::string& name : PrivateFiles()) {
    VOUCH_ASSIGN_OR_RETURN(std::string bytes,
                           ReadPrivateFile(absl::StrCat(data, "/", name)));
    files.push_back({name, std::move(bytes)});
  }
  return files;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BackupFolder>> BackupFolder::Open(
    const std::string& path, Mode mode) {
  const bool make = mode == Mode::kMake;
  VOUCH_RETURN_IF_ERROR(EnsureFolder(path, make));
  if (make) {
    VOUCH_RETURN_IF_ERROR(CheckIsBackup(path));
  }
  std::unique_ptr<BackupFolder> folder(new BackupFolder());
  RocksDbOptions options;
  options.create_if_missing = make;
  options.cache_bytes = kBackupCacheBytes;
  options.write_buffer_bytes = kBackupWriteBufferBytes;
  const std::pair<const char*, std::unique_ptr<Store>*> stores[] = {
      {kLogFolder, &folder->log_},
      {"keys", &folder->keys_},
      {kAuthorityFolder, &folder->authority_}};
  for (const auto& [name, store] : stores) {
    options.path = absl::StrCat(path, "/", name);
    VOUCH_ASSIGN_OR_RETURN(*store, OpenRocksDbStore(options));
  }
  return folder;
}

bool OnOneDisk(const std::string& a, const std::string& b) {
  struct stat about_a;
  struct stat about_b;
  return stat(a.c_str(), &about_a) == 0 && stat(b.c_str(), &about_b) == 0 &&
         about_a.st_dev == about_b.st_dev;
}

absl::StatusOr<BackupReport> BackUpCentre(const CentreFolder& centre,
                                          const std::string& path,
                                          const StopCheck& stop) {
  if (path.empty() || path[0] != '/') {
    return Error(Reason::kMalformed, "the backup's folder is an absolute path");
  }
  if (IsInside(path, centre.config().data)) {
    return Error(Reason::kConfigurationInvalid,
                 "a backup inside the data folder would be lost with it");
  }
  // The head before the snapshot: the snapshot then holds all of it.
  BackupSource source;
  source.head = centre.centre()->Head();
  const std::unique_ptr<Reader> log = centre.store()->Snapshot();
  const std::unique_ptr<Reader> authority =
      centre.authority_store()->Snapshot();
  source.log = log.get();
  source.authority = authority.get();
  source.centre_key = centre.centre()->key();
  source.centre = centre.centre()->id();
  source.now_ms = centre.parts().clock->Now().wall_ms;
  VOUCH_ASSIGN_OR_RETURN(source.files, ReadFiles(centre.config().data));
  VOUCH_ASSIGN_OR_RETURN(auto folder,
                         BackupFolder::Open(path, BackupFolder::Mode::kMake));
  BackupOptions options;
  options.provider = centre.key_provider();
  options.random = centre.parts().random;
  options.stop = stop;
  return BackUp(source, folder->target(), options);
}

void DescribeBackup(const BackupReport& report, v1::BackUpResponse* out) {
  out->set_log_size(report.manifest.head.size);
  out->set_log_root(report.manifest.head.root.Hex());
  out->set_time_ms(report.manifest.time_ms);
  out->set_from_size(report.from_size);
  out->set_copied_changes(report.copied.changes);
  out->set_copied_bytes(report.copied.bytes);
  out->set_keys_removed(report.keys.deleted);
}

}  // namespace vouch
