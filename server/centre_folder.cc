#include "server/centre_folder.h"

#include "absl/strings/str_cat.h"
#include "server/log.h"
#include "storage/rocksdb_store.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// The authority store is small: members, codes, erasures.
constexpr size_t kAuthorityCacheBytes = size_t{1} << 20;
constexpr size_t kAuthorityWriteBufferBytes = size_t{4} << 20;

}  // namespace

std::vector<std::string> PrivateFiles() {
  std::vector<std::string> files;
  for (const char* name : {"ca.key", "ca.pem", "server.key", "server.pem"}) {
    files.push_back(absl::StrCat(kTlsFolder, "/", name));
  }
  return files;
}

absl::StatusOr<std::unique_ptr<CentreFolder>> CentreFolder::Open(
    const Config& config, const Parts& parts) {
  std::unique_ptr<CentreFolder> folder(new CentreFolder(config, parts));
  VOUCH_RETURN_IF_ERROR(folder->OpenKey());
  VOUCH_RETURN_IF_ERROR(folder->OpenStores());
  VOUCH_RETURN_IF_ERROR(folder->OpenCentre());
  return folder;
}

absl::Status CentreFolder::OpenKey() {
  if (config_.data.empty()) {
    return Error(Reason::kConfigurationInvalid,
                 "no data folder: give `data` in the configuration, or --data");
  }
  VOUCH_RETURN_IF_ERROR(EnsureFolder(config_.data, /*create=*/true));
  // Before anything else is made or read: the first server owns all of it.
  auto locked = FolderLock::Acquire(config_.data);
  if (ReasonOf(locked.status()) == Reason::kStoreLocked) {
    return Error(Reason::kStoreLocked,
                 absl::StrCat("another vouchd runs on ", config_.data));
  }
  if (!locked.ok()) return locked.status();
  lock_ = *std::move(locked);
  std::string path = config_.master_key_file;
  if (path.empty()) {
    path = absl::StrCat(config_.data, "/", kMasterKeyFile);
    // A store without its key must not get another one.
    if (!FileExists(path) &&
        !FileExists(absl::StrCat(config_.data, "/", kStoreFolder))) {
      VOUCH_RETURN_IF_ERROR(MakeMasterKey(path, parts_.random));
      Log(LogLevel::kWarning,
          "master key made: keep a copy apart from the backups of the data "
          "folder",
          {{"file", path}});
    }
  }
  key_provider_ = std::make_unique<FileKeyProvider>(path);
  VOUCH_ASSIGN_OR_RETURN(master_key_, key_provider_->MasterKey());
  return absl::OkStatus();
}

absl::Status CentreFolder::OpenStores() {
  VOUCH_ASSIGN_OR_RETURN(
      certificates_,
      Certificates::Open(absl::StrCat(config_.data, "/", kTlsFolder),
                         config_.server_names, parts_.random));
  RocksDbOptions options;
  options.path = absl::StrCat(config_.data, "/", kStoreFolder);
  options.reserve_bytes = static_cast<uint64_t>(config_.reserve_bytes);
  options.cache_bytes = static_cast<size_t>(config_.cache_bytes);
  options.free_bytes = parts_.free_bytes;
  VOUCH_ASSIGN_OR_RETURN(store_, OpenRocksDbStore(options));
  options.path = config_.authority;
  if (options.path.empty()) {
    options.path = absl::StrCat(config_.data, "/", kAuthorityFolder);
  }
  options.cache_bytes = kAuthorityCacheBytes;
  options.write_buffer_bytes = kAuthorityWriteBufferBytes;
  VOUCH_ASSIGN_OR_RETURN(authority_store_, OpenRocksDbStore(options));
  return absl::OkStatus();
}

absl::Status CentreFolder::OpenCentre() {
  VOUCH_ASSIGN_OR_RETURN(
      keys_, KeyRing::Open(store_.get(), key_provider_.get(), parts_.random));
  VOUCH_ASSIGN_OR_RETURN(authority_keys_,
                         KeyRing::Open(authority_store_.get(),
                                       key_provider_.get(), parts_.random));
  authority_ = std::make_unique<Authority>(authority_store_.get(),
                                           authority_keys_.get());
  VOUCH_ASSIGN_OR_RETURN(
      centre_,
      Centre::Open(store_.get(), keys_.get(), parts_.judge, parts_.clock,
                   parts_.random, {config_.centre_name, authority_.get()}));
  if (centre_->was_set_back()) {
    Log(LogLevel::kWarning,
        "the log store was set back to an earlier point; history renewed, and "
        "tablets bring back what it lacks",
        {{"history", centre_->history().Hex()},
         {"log_entries", centre_->Head().size}});
  }
  return absl::OkStatus();
}

}  // namespace vouch
