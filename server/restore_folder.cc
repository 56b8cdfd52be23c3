#include "server/restore_folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/backup_folder.h"
#include "server/private_file.h"
#include "storage/folder.h"
#include "storage/replica/restore.h"
#include "storage/rocksdb_store.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

constexpr char kBuilding[] = ".restoring";

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

absl::Status CheckFree(const std::string& folder) {
  std::error_code error;
  if (!fs::exists(folder, error) || fs::is_empty(folder, error)) {
    return absl::OkStatus();
  }
  return Error(Reason::kAlreadyExists,
               absl::StrCat(folder, " is not empty: restore to a new folder"));
}

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const std::string& path,
                                                 bool make) {
  RocksDbOptions options;
  options.path = path;
  options.create_if_missing = make;
  return OpenRocksDbStore(options);
}

// One restore. What it opened is closed with it, before the folder is named.
class Restorer {
 public:
  Restorer(const RestoreRequest& request, const CentreFolder::Parts& parts,
           std::string building)
      : request_(request),
        parts_(parts),
        building_(std::move(building)),
        provider_(request.master_key_file) {}

  absl::Status Build();
  // The survivor learns that the centre goes on elsewhere.
  absl::Status Supersede();
  v1::RestoreSummary summary;

 private:
  absl::Status OpenLive();
  absl::Status WriteFiles(const std::vector<BackupFile>& files);
  absl::Status MakeViews();

  const RestoreRequest& request_;
  const CentreFolder::Parts& parts_;
  const std::string building_;
  FileKeyProvider provider_;
  std::unique_ptr<Store> live_store_;
  std::unique_ptr<KeyRing> live_keys_;
  CentreMark mark_;
};

absl::Status Restorer::OpenLive() {
  if (request_.live_authority.empty()) return absl::OkStatus();
  VOUCH_ASSIGN_OR_RETURN(live_store_,
                         OpenStore(request_.live_authority, /*make=*/false));
  VOUCH_ASSIGN_OR_RETURN(
      live_keys_,
      KeyRing::OpenExisting(*live_store_, &provider_, parts_.random));
  VOUCH_ASSIGN_OR_RETURN(
      auto mark, Authority(live_store_.get(), live_keys_.get()).GetMark());
  summary.set_authority_live(true);
  if (mark.has_value()) summary.set_stable_lost_until(mark->stable_size);
  return absl::OkStatus();
}

absl::Status Restorer::WriteFiles(const std::vector<BackupFile>& files) {
  VOUCH_RETURN_IF_ERROR(
      MakeNewFolder(absl::StrCat(building_, "/", kTlsFolder)));
  const std::vector<std::string> known = PrivateFiles();
  for (const BackupFile& file : files) {
    // Names come from a disk: only those that are expected are written.
    if (std::find(known.begin(), known.end(), file.name) == known.end()) {
      continue;
    }
    VOUCH_RETURN_IF_ERROR(
        WritePrivateFile(absl::StrCat(building_, "/", file.name), file.bytes));
  }
  VOUCH_ASSIGN_OR_RETURN(std::string key,
                         ReadPrivateFile(request_.master_key_file));
  return WritePrivateFile(absl::StrCat(building_, "/", kMasterKeyFile), key);
}

// Opening it as the server does takes over the authority's rows, carries out
// the erasures and derives every view.
absl::Status Restorer::MakeViews() {
  Config config;
  config.data = building_;
  VOUCH_ASSIGN_OR_RETURN(auto folder, CentreFolder::Open(config, parts_));
  const Centre& centre = *folder->centre();
  VOUCH_ASSIGN_OR_RETURN(auto members, centre.ListMembers());
  VOUCH_ASSIGN_OR_RETURN(
      auto keys, KeyRing::OpenExisting(*folder->authority_store(), &provider_,
                                       parts_.random));
  VOUCH_ASSIGN_OR_RETURN(
      auto mark, Authority(folder->authority_store(), keys.get()).GetMark());
  VOUCH_CHECK(mark.has_value());
  mark_ = *mark;
  summary.set_devices(members.size());
  summary.set_erasures(centre.erasure_count());
  return absl::OkStatus();
}

absl::Status Restorer::Build() {
  VOUCH_RETURN_IF_ERROR(provider_.MasterKey().status());
  VOUCH_ASSIGN_OR_RETURN(
      auto backup,
      BackupFolder::Open(request_.backup, BackupFolder::Mode::kExisting));
  VOUCH_RETURN_IF_ERROR(OpenLive());
  VOUCH_RETURN_IF_ERROR(MakeNewFolder(building_));
  {
    VOUCH_ASSIGN_OR_RETURN(
        auto main, OpenStore(absl::StrCat(building_, "/", kStoreFolder), true));
    VOUCH_ASSIGN_OR_RETURN(
        auto authority,
        OpenStore(absl::StrCat(building_, "/", kAuthorityFolder), true));
    VOUCH_ASSIGN_OR_RETURN(RestoreReport report,
                           RestoreStores(backup->reader(), live_store_.get(),
                                         {main.get(), authority.get()},
                                         {&provider_, parts_.random, nullptr}));
    VOUCH_RETURN_IF_ERROR(WriteFiles(report.files));
    const TreeHead& head = report.manifest.head;
    summary.set_log_size(head.size);
    summary.set_log_root(head.root.Hex());
    summary.set_backup_ms(report.manifest.time_ms);
    summary.set_history_id(report.history.Hex());
    if (summary.stable_lost_until() <= head.size) {
      summary.set_stable_lost_until(0);
    }
  }
  return MakeViews();
}

absl::Status Restorer::Supersede() {
  if (live_store_ == nullptr) return absl::OkStatus();
  return Authority(live_store_.get(), live_keys_.get()).PutMark(mark_);
}

}  // namespace

absl::StatusOr<v1::RestoreSummary> RestoreFolder(
    const RestoreRequest& request, const CentreFolder::Parts& parts) {
  const std::string folder = WithoutSlash(request.folder);
  const std::string building = folder + kBuilding;
  VOUCH_RETURN_IF_ERROR(CheckFree(folder));
  std::error_code error;
  fs::remove_all(building, error);  // an earlier run was cut off
  Restorer restorer(request, parts, building);
  absl::Status built = restorer.Build();
  if (!built.ok()) {
    fs::remove_all(building, error);
    return built;
  }
  if (rename(building.c_str(), folder.c_str()) != 0) {
    return Error(Reason::kStoreIo,
                 absl::StrCat("naming ", folder, ": ", strerror(errno)));
  }
  const std::string parent = fs::path(folder).parent_path().string();
  VOUCH_RETURN_IF_ERROR(SyncFolder(parent.empty() ? "." : parent));
  VOUCH_RETURN_IF_ERROR(restorer.Supersede());
  return restorer.summary;
}

}  // namespace vouch
