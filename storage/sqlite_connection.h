// One connection of the SQLite engine with its prepared statements. Only
// sqlite_store.cc uses it.
//
//   VOUCH_ASSIGN_OR_RETURN(auto connection,
//                          SqliteConnection::Open(file, true, cache_bytes));
//   VOUCH_RETURN_IF_ERROR(connection->MakeTables());
//
// Thread-safe for reads: several may be under way at once. The calls that write
// are for one thread at a time, which the store sees to.
#ifndef VOUCH_STORAGE_SQLITE_CONNECTION_H_
#define VOUCH_STORAGE_SQLITE_CONNECTION_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/mutex.h"
#include "storage/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace vouch {

class SqliteConnection : public Reader {
 public:
  // Changes no byte of an existing database. STORE_CORRUPTED, STORE_IO.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(
      const std::string& file, bool create, size_t cache_bytes);
  ~SqliteConnection() override;

  // Reads only from now on.
  absl::Status MakeReadOnly();
  // Sets page size and log mode, and makes the tables that are not there yet.
  absl::Status MakeTables();
  // NOT_FOUND if this is no store yet.
  absl::StatusOr<std::string> ReadFormat();
  // Whether the last connection to close copies the log into the database.
  void SetCheckpointOnClose(bool on);

  // A transaction of all entries, fsynced before the return if `synced`.
  absl::Status Commit(const WriteBatch& batch, bool synced);
  // Fsyncs the log, and so every transaction committed until now.
  absl::Status SyncLog();
  // Copies the log into the database as far as open readers allow.
  void CopyLog();
  // The log should have been copied by now, but a reader was in the way.
  bool log_is_long() const;
  // An fsync, or another system call, failed on this connection: what the log
  // holds on disk is unknown from there on, and nothing more may follow it.
  bool io_failed() const { return io_failed_; }

  // From Begin to End all reads see the moment of Begin.
  absl::Status BeginSnapshot();
  absl::Status EndSnapshot();
  // A consistent copy into a new file, fsynced.
  absl::Status CopyTo(const std::string& file);
  absl::StatusOr<uint64_t> SizeBytes();

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override;
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end, const Visitor& visit) const override;
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override;

 private:
  class Statement;
  enum class Sql;
  using Idle = std::vector<sqlite3_stmt*>;

  explicit SqliteConnection(sqlite3* db);
  // Notes an I/O error, and puts the code into our words.
  absl::Status Report(int code, std::optional<Family> family,
                      absl::string_view what) const;
  absl::Status Exec(const std::string& sql);
  // The first column of the first row, or absent.
  absl::StatusOr<std::optional<std::string>> Ask(const std::string& sql);
  absl::Status Apply(const WriteBatch::Entry& entry);
  absl::Status Walk(Sql sql, Family family, absl::string_view begin,
                    absl::string_view end, const Visitor& visit) const;
  Idle& IdleOf(Family family, Sql sql) const;
  sqlite3_stmt* Take(Idle& idle, Family family, Sql sql, int* code) const;
  void Return(Idle& idle, sqlite3_stmt* statement) const;
  static int OnCommitted(void* self, sqlite3* db, const char* name, int pages);

  sqlite3* const db_;
  mutable std::atomic<bool> io_failed_{false};
  std::atomic<int> log_pages_{0};
  int next_copy_pages_;
  bool synced_ = true;  // what PRAGMA synchronous is set to: FULL or NORMAL
  mutable Mutex mutex_;
  mutable std::vector<Idle> idle_;  // by family and statement; under mutex_
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_SQLITE_CONNECTION_H_
