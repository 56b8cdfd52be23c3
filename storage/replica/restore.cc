#include "storage/replica/restore.h"

#include <memory>
#include <utility>

#include "storage/replica/authority.h"
#include "storage/replica/backup_verify.h"
#include "storage/replica/centre_identity.h"
#include "storage/replica/change_store.h"
#include "sync/base/status.h"
#include "sync/core/merkle_tiles.h"

namespace vouch {
namespace {

constexpr uint64_t kTileLeavesMax = 65'536;

absl::Status CheckNew(const Store& store) {
  bool empty = true;
  for (Family family : {Family::kKey, Family::kLog, Family::kGrant}) {
    VOUCH_RETURN_IF_ERROR(store.Scan(
        family, "", "",
        [&](absl::string_view, absl::string_view) { return empty = false; }));
  }
  if (empty) return absl::OkStatus();
  return Error(Reason::kAlreadyExists, "the store restored to is not new");
}

// The log at its new place, proven there, with its tiles.
absl::Status CopyLog(const BackupReader& backup, const TreeHead& head,
                     const PublicKey& centre, Store* main, KeyRing* ring,
                     const BackupOptions& options, CopyCount* count) {
  VOUCH_RETURN_IF_ERROR(
      CopySegments(*backup.log, 0, head.size, main, options.stop, count));
  VOUCH_ASSIGN_OR_RETURN(TiledTree tree,
                         TiledTree::Open(0, [main](absl::string_view key) {
                           return main->Get(Family::kMerkleTile, key);
                         }));
  auto write_tiles = [&] {
    WriteBatch batch;
    for (Tile& tile : tree.TakeDirtyTiles()) {
      batch.Put(Family::kMerkleTile, tile.key, tile.value);
    }
    return main->Write(std::move(batch), Durability::kBuffered);
  };
  VOUCH_RETURN_IF_ERROR(VerifyLog(
      *main, ring, centre, 0, head.size, options.stop, [&](const Hash& leaf) {
        tree.Append(leaf);
        return tree.size() % kTileLeavesMax == 0 ? write_tiles()
                                                 : absl::OkStatus();
      }));
  if (tree.Root() != head.root) {
    return Error(Reason::kProofInvalid,
                 "what was restored does not add up to the backup's tree head");
  }
  return write_tiles();
}

// The survivor's authority rows become the new store's; what only the backup
// has goes to the log store, from where Centre::Open joins the two.
absl::Status CopyAuthority(const BackupReader& backup, const Reader* live,
                           const RestoreTarget& target, const KeyRing& main,
                           const BackupOptions& options) {
  const Reader& from = live != nullptr ? *live : *backup.authority;
  MirrorCount count;
  VOUCH_RETURN_IF_ERROR(MirrorRange(from, Family::kKey, kStoreKeyName,
                                    PrefixEnd(kStoreKeyName), target.authority,
                                    options.stop, &count));
  VOUCH_RETURN_IF_ERROR(MirrorRange(from, Family::kGrant, "", "",
                                    target.authority, options.stop, &count));
  VOUCH_ASSIGN_OR_RETURN(
      auto ring, KeyRing::OpenExisting(*backup.authority, options.provider,
                                       options.random));
  VOUCH_ASSIGN_OR_RETURN(GrantRows rows, ReadGrants(*backup.authority, *ring));
  WriteBatch batch;
  for (const auto& [key, plain] : rows) PutGrant(key, plain, main, &batch);
  VOUCH_RETURN_IF_ERROR(
      target.main->Write(std::move(batch), Durability::kBuffered));
  return target.authority->Sync();
}

absl::Status CheckOwner(const RestoreTarget& target, const RecordId& centre,
                        const BackupOptions& options) {
  VOUCH_ASSIGN_OR_RETURN(
      auto ring, KeyRing::OpenExisting(*target.authority, options.provider,
                                       options.random));
  Authority authority(target.authority, ring.get());
  VOUCH_ASSIGN_OR_RETURN(auto mark, authority.GetMark());
  if (!mark.has_value() || mark->centre == centre) return absl::OkStatus();
  return Error(Reason::kAuthorityMismatch,
               "the authority store given is of another centre");
}

absl::StatusOr<std::vector<BackupFile>> ReadFiles(const Reader& keys,
                                                  const KeyRing& ring) {
  std::vector<BackupFile> files;
  absl::Status opened;
  VOUCH_RETURN_IF_ERROR(keys.Scan(
      Family::kMeta, kBackupFilePrefix, PrefixEnd(kBackupFilePrefix),
      [&](absl::string_view name, absl::string_view sealed) {
        auto bytes = ring.OpenRow(Family::kMeta, name, sealed);
        opened = bytes.status();
        if (opened.ok()) {
          files.push_back({std::string(name.substr(kBackupFilePrefix.size())),
                           *std::move(bytes)});
        }
        return opened.ok() && files.size() < kBackupFilesMax;
      }));
  VOUCH_RETURN_IF_ERROR(opened);
  return files;
}

}  // namespace

absl::StatusOr<RestoreReport> RestoreStores(const BackupReader& backup,
                                            const Reader* live,
                                            const RestoreTarget& target,
                                            const BackupOptions& options) {
  VOUCH_CHECK(options.provider != nullptr);
  VOUCH_RETURN_IF_ERROR(CheckNew(*target.main));
  VOUCH_RETURN_IF_ERROR(CheckNew(*target.authority));
  RestoreReport report;
  VOUCH_ASSIGN_OR_RETURN(report.manifest, VerifyBackup(backup, options));

  MirrorCount keys;
  VOUCH_RETURN_IF_ERROR(MirrorRange(*backup.keys, Family::kKey, "", "",
                                    target.main, options.stop, &keys));
  VOUCH_ASSIGN_OR_RETURN(
      auto ring,
      KeyRing::OpenExisting(*target.main, options.provider, options.random));
  VOUCH_RETURN_IF_ERROR(CopyLog(backup, report.manifest.head,
                                report.manifest.centre_key, target.main,
                                ring.get(), options, &report.copied));
  VOUCH_RETURN_IF_ERROR(CopyAuthority(backup, live, target, *ring, options));
  VOUCH_RETURN_IF_ERROR(CheckOwner(target, report.manifest.centre, options));
  VOUCH_ASSIGN_OR_RETURN(report.files, ReadFiles(*backup.keys, *ring));

  // The identity last: without it the store is no centre's.
  VOUCH_ASSIGN_OR_RETURN(CentreIdentity identity,
                         ReadIdentity(*backup.log, *ring));
  identity.history = options.random->Make<HistoryId>();
  identity.incarnation = options.random->Make<Incarnation>();
  report.history = identity.history;
  VOUCH_ASSIGN_OR_RETURN(std::string name,
                         backup.log->Get(Family::kMeta, kCentreName));
  WriteBatch batch;
  PutIdentity(identity, *ring, &batch);
  batch.Put(Family::kMeta, kCentreName, name);
  VOUCH_RETURN_IF_ERROR(
      target.main->Write(std::move(batch), Durability::kSynced));
  return report;
}

}  // namespace vouch
