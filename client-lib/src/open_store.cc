#include "client-lib/src/open_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "storage/folder.h"
#include "storage/rocksdb_store.h"
#include "storage/sqlite_store.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr absl::string_view kKeyFile = "device.key";

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

}  // namespace

const Clock* ClockOf(const OpenOptions& options) {
  return options.clock != nullptr ? options.clock : SystemClock();
}

Random* RandomOf(const OpenOptions& options) {
  return options.random != nullptr ? options.random : SystemRandom();
}

absl::StatusOr<std::unique_ptr<Store>> OpenStoreOf(const OpenOptions& options,
                                                   bool create) {
  VOUCH_RETURN_IF_ERROR(EnsureFolder(options.folder, create));
  const std::string path = options.folder + "/store";
  const int64_t lock_wait_ms = options.shared ? options.share_wait.count() : 0;
  switch (options.engine) {
    case Engine::kSqlite: {
      SqliteOptions sqlite;
      sqlite.path = path;
      sqlite.create_if_missing = create;
      sqlite.lock_wait_ms = lock_wait_ms;
      sqlite.reserve_bytes = options.reserve_bytes;
      sqlite.free_bytes = options.free_bytes;
      return OpenSqliteStore(sqlite);
    }
    case Engine::kRocksDb: {
      RocksDbOptions rocksdb;
      rocksdb.path = path;
      rocksdb.create_if_missing = create;
      rocksdb.lock_wait_ms = lock_wait_ms;
      rocksdb.reserve_bytes = options.reserve_bytes;
      rocksdb.free_bytes = options.free_bytes;
      return OpenRocksDbStore(rocksdb);
    }
  }
  return Error(Reason::kMalformed, "there is no such engine");
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

}  // namespace vouch
