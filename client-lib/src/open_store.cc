#include "client-lib/src/open_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client-lib/src/move_store.h"
#include "storage/folder.h"
#include "storage/rocksdb_store.h"
#include "storage/sqlite_store.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr absl::string_view kKeyFile = "device.key";
// A folder whose lock is held while the store is opened, or moved: so nobody
// keeps files open whose names are about to change.
constexpr absl::string_view kOpeningFolder = "/opening";

absl::Status KeyError(absl::string_view why) {
  return Error(Reason::kStoreKeyWrong, why);
}

absl::Status FileError(absl::string_view what) {
  if (errno == ENOSPC || errno == EDQUOT) {
    return Error(Reason::kStoreFull, absl::StrCat("no space left for ", what));
  }
  return Error(Reason::kStoreIo, absl::StrCat("cannot write ", what));
}

absl::StatusOr<SealKey> KeyFrom(std::string bytes) {
  std::optional<SealKey> key = SealKey::FromBytes(bytes);
  explicit_bzero(bytes.data(), bytes.size());
  if (!key.has_value()) return KeyError("the store's key is not 32 bytes");
  return *key;
}

absl::StatusOr<std::string> ReadKeyFile(const std::string& path) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return KeyError(absl::StrCat(kKeyFile,
                                 " cannot be read: the store needs "
                                 "the key it was made with"));
  }
  std::string bytes(SealKey::kSize + 1, '\0');
  ssize_t size = read(file, bytes.data(), bytes.size());
  close(file);
  bytes.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return bytes;
}

// Under another name first, so that a crash never leaves half a key.
absl::Status WriteKeyFile(const std::string& folder, const SealKey& key) {
  const std::string path = absl::StrCat(folder, "/", kKeyFile);
  const std::string made = path + ".new";
  int file = open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return FileError(kKeyFile);
  absl::string_view bytes = key.view();
  bool written = write(file, bytes.data(), bytes.size()) ==
                     static_cast<ssize_t>(bytes.size()) &&
                 fsync(file) == 0;
  absl::Status status = written ? absl::OkStatus() : FileError(kKeyFile);
  close(file);
  VOUCH_RETURN_IF_ERROR(status);
  if (rename(made.c_str(), path.c_str()) != 0) return FileError(kKeyFile);
  return SyncFolder(folder);
}

absl::StatusOr<bool> HoldsKeys(const Store& store) {
  bool any = false;
  VOUCH_RETURN_IF_ERROR(store.Scan(
      Family::kKey, "", "", [&any](absl::string_view, absl::string_view) {
        any = true;
        return false;
      }));
  return any;
}

int64_t LockWaitOf(const OpenOptions& options) {
  return options.shared ? options.share_wait.count() : 0;
}

// What the store there is kept in; absent if there is none. Both were possible
// in early stores: then the caller's choice tells.
std::optional<Engine> EngineIn(const std::string& path) {
  const bool sqlite = FileExists(path + "/vouch.db");
  const bool rocksdb = FileExists(path + "/CURRENT");
  if (sqlite == rocksdb) return std::nullopt;
  return sqlite ? Engine::kSqlite : Engine::kRocksDb;
}

absl::StatusOr<std::unique_ptr<Store>> OpenEngine(const OpenOptions& options,
                                                  Engine engine,
                                                  const std::string& path,
                                                  bool create,
                                                  uint64_t newest) {
  switch (engine) {
    case Engine::kSqlite: {
      SqliteOptions sqlite;
      sqlite.path = path;
      sqlite.create_if_missing = create;
      sqlite.lock_wait_ms = LockWaitOf(options);
      sqlite.reserve_bytes = options.reserve_bytes;
      sqlite.free_bytes = options.free_bytes;
      sqlite.format_version = newest;
      return OpenSqliteStore(sqlite);
    }
    case Engine::kRocksDb: {
      RocksDbOptions rocksdb;
      rocksdb.path = path;
      rocksdb.create_if_missing = create;
      rocksdb.lock_wait_ms = LockWaitOf(options);
      rocksdb.reserve_bytes = options.reserve_bytes;
      rocksdb.free_bytes = options.free_bytes;
      rocksdb.format_version = newest;
      return OpenRocksDbStore(rocksdb);
    }
  }
  return Error(Reason::kMalformed, "there is no such engine");
}

}  // namespace

const Clock* ClockOf(const OpenOptions& options) {
  return options.clock != nullptr ? options.clock : SystemClock();
}

Random* RandomOf(const OpenOptions& options) {
  return options.random != nullptr ? options.random : SystemRandom();
}

absl::StatusOr<std::unique_ptr<Store>> OpenStoreOf(
    const OpenOptions& options, bool create,
    absl::Span<const FormatStep> steps) {
  VOUCH_RETURN_IF_ERROR(EnsureFolder(options.folder, create));
  const std::string turns = absl::StrCat(options.folder, kOpeningFolder);
  const absl::Status made = EnsureFolder(turns, /*create=*/true);
  // Another process may have made it in the same moment.
  if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
  VOUCH_ASSIGN_OR_RETURN(FolderLock opening,
                         FolderLock::Acquire(turns, LockWaitOf(options)));
  VOUCH_RETURN_IF_ERROR(SettleMove(options.folder));
  const std::string path = options.folder + "/store";
  const uint64_t newest = steps.size() + 1;
  const Engine engine = EngineIn(path).value_or(options.engine);
  VOUCH_ASSIGN_OR_RETURN(auto store,
                         OpenEngine(options, engine, path, create, newest));
  if (!create) return store;
  // Two processes that name different engines would move it to and fro.
  const Engine wanted = options.shared ? engine : options.engine;
  VOUCH_ASSIGN_OR_RETURN(const uint64_t format, FormatOf(*store));
  if (engine != wanted || format != newest) {
    const auto open_copy =
        [&](const std::string& copy) -> absl::StatusOr<std::unique_ptr<Store>> {
      // Begun when another engine was wanted.
      if (EngineIn(copy).value_or(wanted) != wanted) {
        return absl::AbortedError("a copy in another engine");
      }
      return OpenEngine(options, wanted, copy, /*create=*/true, newest);
    };
    VOUCH_RETURN_IF_ERROR(MoveStore(options.folder, std::move(store), open_copy,
                                    steps, options.migrating));
    VOUCH_ASSIGN_OR_RETURN(
        store, OpenEngine(options, wanted, path, /*create=*/false, newest));
  }
  VOUCH_RETURN_IF_ERROR(RemoveMoved(options.folder));
  return store;
}

absl::StatusOr<SealKey> MasterKeyOf(const OpenOptions& options,
                                    const Store& store) {
  if (options.master_key) {
    VOUCH_ASSIGN_OR_RETURN(std::string bytes, options.master_key());
    return KeyFrom(std::move(bytes));
  }
  const std::string path = absl::StrCat(options.folder, "/", kKeyFile);
  if (!FileExists(path)) {
    VOUCH_ASSIGN_OR_RETURN(bool in_use, HoldsKeys(store));
    if (in_use) {
      return KeyError(absl::StrCat(kKeyFile,
                                   " is missing: the store needs the "
                                   "key it was made with"));
    }
    SealKey key = SealKey::Generate(*RandomOf(options));
    VOUCH_RETURN_IF_ERROR(WriteKeyFile(options.folder, key));
    return key;
  }
  VOUCH_ASSIGN_OR_RETURN(std::string bytes, ReadKeyFile(path));
  return KeyFrom(std::move(bytes));
}

absl::StatusOr<Replica> OpenReplica(const OpenOptions& options, Store* store,
                                    std::optional<SealKey>* master_key) {
  if (!master_key->has_value()) {
    VOUCH_ASSIGN_OR_RETURN(*master_key, MasterKeyOf(options, *store));
  }
  FixedKeyProvider provider(**master_key);
  Replica replica;
  VOUCH_ASSIGN_OR_RETURN(replica.keys,
                         KeyRing::Open(store, &provider, RandomOf(options)));
  VOUCH_ASSIGN_OR_RETURN(
      replica.device, Device::Open(store, replica.keys.get(), ClockOf(options),
                                   RandomOf(options)));
  return replica;
}

}  // namespace vouch
