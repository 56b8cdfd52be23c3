#include "storage/replica/backup.h"

#include <memory>
#include <utility>

#include "storage/replica/backup_verify.h"
#include "storage/replica/centre_identity.h"
#include "storage/replica/change_store.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"
#include "sync/core/merkle_tiles.h"

namespace vouch {
namespace {

constexpr uint8_t kVersion = 1;
constexpr absl::string_view kManifest = "backup";
// Leaves between two writes of tiles.
constexpr uint64_t kTileLeavesMax = 65'536;

TileGet TilesOf(const Reader& reader) {
  return [&reader](absl::string_view key) {
    return reader.Get(Family::kMerkleTile, key);
  };
}

std::string EncodeManifest(const BackupManifest& manifest) {
  ByteWriter out;
  out.U8(kVersion).Prefixed(EncodeTreeHead(manifest.head));
  out.Fixed(manifest.centre_key).Fixed(manifest.centre);
  out.SVarint(manifest.time_ms);
  return out.Take();
}

// Null without a provider. A ring of its own, which knows no key but those
// that it reads there.
absl::StatusOr<std::unique_ptr<KeyRing>> OpenRing(
    const Reader& keys, const BackupOptions& options) {
  if (options.provider == nullptr) return std::unique_ptr<KeyRing>();
  return KeyRing::OpenExisting(keys, options.provider, options.random);
}

// One run of BackUp.
class Run {
 public:
  Run(const BackupSource& source, const BackupTarget& target,
      const BackupOptions& options)
      : source_(source),
        target_(target),
        options_(options),
        joined_(target.log, target.keys) {}

  absl::Status Copy();
  absl::Status Mirror();
  absl::Status Prove();
  BackupReport report;

 private:
  absl::Status CheckSame(const BackupManifest& manifest) const;
  absl::StatusOr<uint64_t> KeepTail(uint64_t proven);
  absl::Status MirrorFiles();
  absl::StatusOr<TiledTree> ProvenTree() const;

  const BackupSource& source_;
  const BackupTarget& target_;
  const BackupOptions& options_;
  const JoinedReader joined_;
  std::optional<BackupManifest> old_;
};

// A backup is only ever added to: never with another centre's log, and never
// with one that lacks what it holds, which may be the last copy.
absl::Status Run::CheckSame(const BackupManifest& manifest) const {
  if (manifest.centre != source_.centre ||
      manifest.centre_key != source_.centre_key) {
    return Error(Reason::kAlreadyExists,
                 "the folder holds a backup of another centre");
  }
  const uint64_t size = manifest.head.size;
  if (size <= source_.head.size) {
    TileReader tree(source_.head.size, TilesOf(*source_.log));
    VOUCH_ASSIGN_OR_RETURN(Hash root, RootAt(tree, size));
    if (root == manifest.head.root) return absl::OkStatus();
  }
  return Error(Reason::kHistoryDiverged,
               "the backup holds entries that the centre does not have: keep "
               "it, and back up to another folder");
}

// What an earlier run copied and did not come to prove: kept if it is what
// the centre has at those places, else taken out. Where to copy on from.
absl::StatusOr<uint64_t> Run::KeepTail(uint64_t proven) {
  const ChangeStore changes(target_.log, nullptr);
  auto end = changes.LogSize(*target_.log);
  if (end.ok() && *end == proven) return proven;
  if (end.ok() && *end <= source_.head.size) {
    VOUCH_ASSIGN_OR_RETURN(TiledTree tree, ProvenTree());
    absl::Status same =
        VerifyLog(*target_.log, nullptr, source_.centre_key, tree.size(), *end,
                  options_.stop, [&](const Hash& leaf) {
                    tree.Append(leaf);
                    return absl::OkStatus();
                  });
    if (options_.stop) VOUCH_RETURN_IF_ERROR(options_.stop());
    TileReader there(source_.head.size, TilesOf(*source_.log));
    VOUCH_ASSIGN_OR_RETURN(Hash root, RootAt(there, *end));
    if (same.ok() && tree.Root() == root) return *end;
  }
  VOUCH_RETURN_IF_ERROR(DropSegments(proven, target_.log));
  return proven;
}

absl::Status Run::Copy() {
  auto manifest = ReadManifest(*target_.log);
  if (manifest.ok()) {
    VOUCH_RETURN_IF_ERROR(CheckSame(*manifest));
    old_ = *manifest;
    report.from_size = manifest->head.size;
  } else if (!absl::IsNotFound(manifest.status())) {
    return manifest.status();
  }
  VOUCH_ASSIGN_OR_RETURN(uint64_t from, KeepTail(report.from_size));
  VOUCH_RETURN_IF_ERROR(CopySegments(*source_.log, from, source_.head.size,
                                     target_.log, options_.stop,
                                     &report.copied));
  return target_.log->Sync();
}

absl::Status Run::MirrorFiles() {
  VOUCH_CHECK(source_.files.size() <= kBackupFilesMax);
  VOUCH_ASSIGN_OR_RETURN(auto ring, OpenRing(*target_.keys, options_));
  if (ring == nullptr) return absl::OkStatus();
  WriteBatch batch;
  for (const BackupFile& file : source_.files) {
    ring->PutSecret(absl::StrCat(kBackupFilePrefix, file.name), file.bytes,
                    &batch);
  }
  return target_.keys->Write(std::move(batch), Durability::kSynced);
}

// Keys and grants are brought to what they are now, so that a key that was
// erased leaves the backup.
absl::Status Run::Mirror() {
  VOUCH_RETURN_IF_ERROR(MirrorRange(*source_.log, Family::kKey, "", "",
                                    target_.keys, options_.stop, &report.keys));
  VOUCH_RETURN_IF_ERROR(target_.keys->Sync());
  VOUCH_RETURN_IF_ERROR(MirrorFiles());
  const Reader& grants =
      source_.authority != nullptr ? *source_.authority : *source_.log;
  MirrorCount count;
  // The key that seals the grants, and no other.
  VOUCH_RETURN_IF_ERROR(MirrorRange(grants, Family::kKey, kStoreKeyName,
                                    PrefixEnd(kStoreKeyName), target_.authority,
                                    options_.stop, &count));
  VOUCH_RETURN_IF_ERROR(MirrorRange(grants, Family::kGrant, "", "",
                                    target_.authority, options_.stop, &count));
  return target_.authority->Sync();
}

// The tree of what the last manifest vouches for; a tree of nothing, so that
// all is proven again, if its tiles are damaged.
absl::StatusOr<TiledTree> Run::ProvenTree() const {
  if (old_.has_value()) {
    auto tree = TiledTree::Open(old_->head.size, TilesOf(*target_.log));
    if (tree.ok() && tree->Root() == old_->head.root) return tree;
  }
  return TiledTree::Open(0, TilesOf(*target_.log));
}

absl::Status Run::Prove() {
  VOUCH_ASSIGN_OR_RETURN(auto ring, OpenRing(*target_.keys, options_));
  VOUCH_ASSIGN_OR_RETURN(TiledTree tree, ProvenTree());
  auto write_tiles = [&](WriteBatch batch, Durability durability) {
    for (Tile& tile : tree.TakeDirtyTiles()) {
      batch.Put(Family::kMerkleTile, tile.key, tile.value);
    }
    return target_.log->Write(std::move(batch), durability);
  };
  VOUCH_RETURN_IF_ERROR(
      VerifyLog(joined_, ring.get(), source_.centre_key, tree.size(),
                source_.head.size, options_.stop, [&](const Hash& leaf) {
                  tree.Append(leaf);
                  if (tree.size() % kTileLeavesMax != 0)
                    return absl::OkStatus();
                  return write_tiles({}, Durability::kBuffered);
                }));
  if (tree.Root() != source_.head.root ||
      !VerifyTreeHead(source_.centre_key, source_.head)) {
    return Error(Reason::kProofInvalid,
                 "what was copied does not add up to the centre's tree head");
  }
  report.manifest = {source_.head, source_.centre_key, source_.centre,
                     source_.now_ms};
  // The manifest makes it a backup: in one batch with what it needs, last.
  WriteBatch batch;
  for (absl::string_view name : {kCentreSecret, kCentreName}) {
    VOUCH_ASSIGN_OR_RETURN(std::string value,
                           source_.log->Get(Family::kMeta, name));
    batch.Put(Family::kMeta, name, value);
  }
  batch.Put(Family::kMeta, kManifest, EncodeManifest(report.manifest));
  return write_tiles(std::move(batch), Durability::kSynced);
}

}  // namespace

absl::StatusOr<BackupReport> BackUp(const BackupSource& source,
                                    const BackupTarget& target,
                                    const BackupOptions& options) {
  Run run(source, target, options);
  VOUCH_RETURN_IF_ERROR(run.Copy());
  VOUCH_RETURN_IF_ERROR(run.Mirror());
  VOUCH_RETURN_IF_ERROR(run.Prove());
  if (run.report.keys.deleted > 0) {
    VOUCH_RETURN_IF_ERROR(target.keys->Compact(Family::kKey));
  }
  return run.report;
}

absl::StatusOr<BackupManifest> ReadManifest(const Reader& log) {
  auto bytes = log.Get(Family::kMeta, kManifest);
  if (absl::IsNotFound(bytes.status())) {
    return Error(Reason::kNotFound,
                 "no backup was ever finished there; the next run of vouchd "
                 "backup goes on");
  }
  VOUCH_RETURN_IF_ERROR(bytes.status());
  ByteReader in(*bytes);
  const uint8_t version = in.U8();
  auto head = DecodeTreeHead(in.Prefixed());
  BackupManifest manifest;
  manifest.centre_key = in.Fixed<PublicKey>();
  manifest.centre = in.Fixed<RecordId>();
  manifest.time_ms = in.SVarint();
  if (version != kVersion || !in.Done() || !head.ok() ||
      !VerifyTreeHead(manifest.centre_key, *head)) {
    return Error(Reason::kStoreCorrupted,
                 "the backup's manifest is not readable");
  }
  manifest.head = *head;
  return manifest;
}

absl::StatusOr<BackupManifest> VerifyBackup(const BackupReader& backup,
                                            const BackupOptions& options) {
  VOUCH_ASSIGN_OR_RETURN(BackupManifest manifest, ReadManifest(*backup.log));
  VOUCH_ASSIGN_OR_RETURN(auto ring, OpenRing(*backup.keys, options));
  const JoinedReader joined(backup.log, backup.keys);
  CompactRange range;
  VOUCH_RETURN_IF_ERROR(VerifyLog(joined, ring.get(), manifest.centre_key, 0,
                                  manifest.head.size, options.stop,
                                  [&](const Hash& leaf) {
                                    range.Append(leaf);
                                    return absl::OkStatus();
                                  }));
  if (range.Root() != manifest.head.root) {
    return Error(Reason::kProofInvalid,
                 "the backup does not add up to the tree head in it");
  }
  // Small, and needed whole: read to the end, so that damage shows.
  for (const Reader* reader : {backup.keys, backup.authority}) {
    for (Family family : {Family::kMeta, Family::kKey, Family::kGrant}) {
      VOUCH_RETURN_IF_ERROR(reader->Scan(
          family, "", "",
          [](absl::string_view, absl::string_view) { return true; }));
    }
  }
  return manifest;
}

}  // namespace vouch
