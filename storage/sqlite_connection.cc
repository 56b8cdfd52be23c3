#include "storage/sqlite_connection.h"

#include <sqlite3.h>
#include <zlib.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/engine.h"
#include "storage/format.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr int kPageBytes = 8192;
// The log is copied into the database once it is longer than this, and cut
// back to kWalKeptBytesMax. A snapshot held open delays both to its end.
constexpr int kWalPagesMax = 1024;
constexpr int kWalKeptBytesMax = 8 << 20;
// Only our own connections compete, briefly, while one opens or recovers.
constexpr int kBusyWaitMsMax = 2000;
constexpr size_t kIdleStatementsMax = 2;

}  // namespace

// The statements of one family; `$` stands for its table.
enum class SqliteConnection::Sql {
  kGet,
  kPut,
  kDelete,
  kDeleteRange,
  kDeleteFrom,
  kScan,
  kScanFrom,
  kScanReverse,
  kScanReverseFrom,
};

namespace {

constexpr absl::string_view kSql[] = {
    "SELECT crc, value FROM $ WHERE key = ?1",
    "INSERT OR REPLACE INTO $ (key, crc, value) VALUES (?1, ?2, ?3)",
    "DELETE FROM $ WHERE key = ?1",
    "DELETE FROM $ WHERE key >= ?1 AND key < ?2",
    "DELETE FROM $ WHERE key >= ?1",
    "SELECT crc, value, key FROM $ WHERE key >= ?1 AND key < ?2 ORDER BY key",
    "SELECT crc, value, key FROM $ WHERE key >= ?1 ORDER BY key",
    "SELECT crc, value, key FROM $ WHERE key >= ?1 AND key < ?2 "
    "ORDER BY key DESC",
    "SELECT crc, value, key FROM $ WHERE key >= ?1 ORDER BY key DESC",
};
constexpr size_t kSqlCount = sizeof(kSql) / sizeof(kSql[0]);

std::string TableOf(Family family) {
  return absl::StrCat("\"", FamilyName(family), "\"");
}

// Over family and key too, so that a pair that wandered is noticed.
uint32_t CrcOf(Family family, absl::string_view key, absl::string_view value) {
  const uint8_t number = static_cast<uint8_t>(family);
  uLong crc = crc32_z(0, &number, 1);
  // Not for empty views: zlib takes a null pointer as "begin anew".
  auto add = [&crc](absl::string_view bytes) {
    if (bytes.empty()) return;
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()),
                  bytes.size());
  };
  add(key);
  add(value);
  return static_cast<uint32_t>(crc);
}

}  // namespace

// A prepared statement for as long as it is used.
class SqliteConnection::Statement {
 public:
  Statement(const SqliteConnection& connection, Family family, Sql sql)
      : connection_(connection),
        family_(family),
        idle_(connection.IdleOf(family, sql)),
        raw_(connection.Take(idle_, family, sql, &code_)) {}
  ~Statement() { connection_.Return(idle_, raw_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void Bind(int at, absl::string_view bytes) {
    if (code_ != SQLITE_OK) return;
    // A null pointer would bind NULL instead of empty bytes.
    code_ = sqlite3_bind_blob64(raw_, at, bytes.empty() ? "" : bytes.data(),
                                bytes.size(), SQLITE_STATIC);
  }
  void BindNumber(int at, int64_t number) {
    if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(raw_, at, number);
  }
  // True while there is a row; afterwards see status().
  bool Step() {
    if (code_ == SQLITE_OK || code_ == SQLITE_ROW) code_ = sqlite3_step(raw_);
    return code_ == SQLITE_ROW;
  }
  absl::Status status() const {
    return connection_.Report(code_, family_, "SQLite");
  }
  int64_t NumberAt(int column) { return sqlite3_column_int64(raw_, column); }
  absl::string_view BytesAt(int column) {
    const void* data = sqlite3_column_blob(raw_, column);
    return {static_cast<const char*>(data),
            static_cast<size_t>(sqlite3_column_bytes(raw_, column))};
  }

 private:
  const SqliteConnection& connection_;
  const Family family_;
  int code_ = SQLITE_OK;
  Idle& idle_;
  sqlite3_stmt* const raw_;
};

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(
    const std::string& file, bool create, size_t cache_bytes) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      file.c_str(), &raw,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE |
          (create ? SQLITE_OPEN_CREATE : 0),
      nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(raw));
  VOUCH_RETURN_IF_ERROR(
      connection->Report(code, std::nullopt, "opening the database"));
  sqlite3_busy_timeout(raw, kBusyWaitMsMax);
  VOUCH_RETURN_IF_ERROR(connection->Exec(absl::StrCat(
      "PRAGMA cache_size = -", cache_bytes >> 10,
      "; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY")));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (Idle& idle : idle_) {
    for (sqlite3_stmt* statement : idle) sqlite3_finalize(statement);
  }
  sqlite3_close(db_);
}

sqlite3_stmt* SqliteConnection::Take(Idle& idle, Family family, Sql sql,
                                     int* code) const {
  {
    MutexLock lock(mutex_);
    if (!idle.empty()) {
      sqlite3_stmt* statement = idle.back();
      idle.pop_back();
      return statement;
    }
  }
  std::string text(kSql[static_cast<size_t>(sql)]);
  text.replace(text.find('$'), 1, TableOf(family));
  sqlite3_stmt* statement = nullptr;
  *code = sqlite3_prepare_v3(db_, text.c_str(), -1, SQLITE_PREPARE_PERSISTENT,
                             &statement, nullptr);
  return statement;
}

void SqliteConnection::Return(Idle& idle, sqlite3_stmt* statement) const {
  if (statement == nullptr) return;
  sqlite3_reset(statement);  // ends its read; repeats an error already told
  sqlite3_clear_bindings(statement);
  {
    MutexLock lock(mutex_);
    if (idle.size() < kIdleStatementsMax) {
      idle.push_back(statement);
      return;
    }
  }
  sqlite3_finalize(statement);
}

absl::StatusOr<std::optional<std::string>> SqliteConnection::Ask(
    const std::string& sql) {
  std::optional<std::string> answer;
  const int code = sqlite3_exec(
      db_, sql.c_str(),
      [](void* out, int, char** columns, char**) {
        auto& answer = *static_cast<std::optional<std::string>*>(out);
        if (!answer.has_value() && columns[0] != nullptr) answer = columns[0];
        return 0;
      },
      &answer, nullptr);
  VOUCH_RETURN_IF_ERROR(Report(code, std::nullopt, sql));
  return answer;
}

absl::Status SqliteConnection::Apply(const WriteBatch::Entry& entry) {
  Sql sql = Sql::kPut;
  if (entry.op == WriteBatch::Op::kDelete) sql = Sql::kDelete;
  if (entry.op == WriteBatch::Op::kDeleteRange) {
    sql = entry.value.empty() ? Sql::kDeleteFrom : Sql::kDeleteRange;
  }
  Statement statement(*this, entry.family, sql);
  statement.Bind(1, entry.key);
  if (sql == Sql::kDeleteRange) statement.Bind(2, entry.value);
  if (sql == Sql::kPut) {
    statement.BindNumber(2, CrcOf(entry.family, entry.key, entry.value));
    statement.Bind(3, entry.value);
  }
  statement.Step();
  return statement.status();
}

absl::StatusOr<std::string> SqliteConnection::Get(Family family,
                                                  absl::string_view key) const {
  Statement statement(*this, family, Sql::kGet);
  statement.Bind(1, key);
  if (!statement.Step()) {
    VOUCH_RETURN_IF_ERROR(statement.status());
    return NotFoundIn(family);
  }
  const absl::string_view value = statement.BytesAt(1);
  if (statement.NumberAt(0) != int64_t{CrcOf(family, key, value)}) {
    return CorruptedIn(family, "a value does not match its checksum");
  }
  return std::string(value);
}

absl::Status SqliteConnection::Walk(Sql sql, Family family,
                                    absl::string_view begin,
                                    absl::string_view end,
                                    const Visitor& visit) const {
  Statement statement(*this, family, sql);
  statement.Bind(1, begin);
  if (!end.empty()) statement.Bind(2, end);
  while (statement.Step()) {
    const absl::string_view value = statement.BytesAt(1);
    const absl::string_view key = statement.BytesAt(2);
    if (statement.NumberAt(0) != int64_t{CrcOf(family, key, value)}) {
      return CorruptedIn(family, "a pair does not match its checksum");
    }
    if (!visit(key, value)) return absl::OkStatus();
  }
  return statement.status();
}

absl::Status SqliteConnection::Scan(Family family, absl::string_view begin,
                                    absl::string_view end,
                                    const Visitor& visit) const {
  return Walk(end.empty() ? Sql::kScanFrom : Sql::kScan, family, begin, end,
              visit);
}

absl::Status SqliteConnection::ScanReverse(Family family,
                                           absl::string_view begin,
                                           absl::string_view end,
                                           const Visitor& visit) const {
  return Walk(end.empty() ? Sql::kScanReverseFrom : Sql::kScanReverse, family,
              begin, end, visit);
}

SqliteConnection::SqliteConnection(sqlite3* db)
    : db_(db),
      next_copy_pages_(kWalPagesMax),
      idle_(kFamilyCount * kSqlCount) {}

// An I/O error is STORE_IO even if the disk was full: something may have been
// written. STORE_FULL is only ever said by the reserve.
absl::Status SqliteConnection::Report(int code, std::optional<Family> family,
                                      absl::string_view what) const {
  const int primary = code & 0xff;
  if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE) {
    return absl::OkStatus();
  }
  if (primary == SQLITE_IOERR) io_failed_ = true;
  const std::string text =
      absl::StrCat(what, ": ", sqlite3_errstr(code), " (", code, ")");
  if (primary != SQLITE_CORRUPT && primary != SQLITE_NOTADB) {
    return Error(Reason::kStoreIo, text);
  }
  if (family.has_value()) return CorruptedIn(*family, text);
  return Error(Reason::kStoreCorrupted,
               absl::StrCat("damaged bytes in the database: ", text));
}

absl::Status SqliteConnection::Exec(const std::string& sql) {
  return Report(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr),
                std::nullopt, sql);
}

SqliteConnection::Idle& SqliteConnection::IdleOf(Family family, Sql sql) const {
  return idle_[static_cast<size_t>(family) * kSqlCount +
               static_cast<size_t>(sql)];
}

absl::Status SqliteConnection::MakeReadOnly() {
  return Exec("PRAGMA query_only = ON");
}

absl::Status SqliteConnection::MakeTables() {
  VOUCH_RETURN_IF_ERROR(Exec(absl::StrCat("PRAGMA page_size = ", kPageBytes)));
  VOUCH_ASSIGN_OR_RETURN(const std::optional<std::string> mode,
                         Ask("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return Error(Reason::kStoreIo, "this file system cannot hold the log");
  }
  // Deleted keys are overwritten, as far as that costs no write of its own.
  VOUCH_RETURN_IF_ERROR(Exec(
      absl::StrCat("PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; "
                   "PRAGMA journal_size_limit = ",
                   kWalKeptBytesMax)));
  std::string sql = "BEGIN IMMEDIATE;";
  for (int i = 0; i < kFamilyCount; ++i) {
    absl::StrAppend(&sql, "CREATE TABLE IF NOT EXISTS ",
                    TableOf(static_cast<Family>(i)),
                    " (key BLOB PRIMARY KEY NOT NULL, crc INTEGER NOT NULL,"
                    " value BLOB NOT NULL) WITHOUT ROWID;");
  }
  VOUCH_RETURN_IF_ERROR(Exec(sql + "COMMIT"));
  sqlite3_wal_hook(db_, &SqliteConnection::OnCommitted, this);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SqliteConnection::ReadFormat() {
  VOUCH_ASSIGN_OR_RETURN(
      const std::optional<std::string> table,
      Ask(absl::StrCat("SELECT name FROM sqlite_schema WHERE name = '",
                       FamilyName(Family::kMeta), "'")));
  if (!table.has_value()) return NotFoundIn(Family::kMeta);
  return Get(Family::kMeta, kStoreFormatKey);
}

void SqliteConnection::SetCheckpointOnClose(bool on) {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
}

// In place of SQLite's own automatic checkpoint, which drops the errors it
// meets and, while a reader holds the log's tail, tries again at each commit.
int SqliteConnection::OnCommitted(void* self, sqlite3*, const char*,
                                  int pages) {
  auto* connection = static_cast<SqliteConnection*>(self);
  connection->log_pages_ = pages;
  if (pages < kWalPagesMax) {
    connection->next_copy_pages_ = kWalPagesMax;
  } else if (pages >= connection->next_copy_pages_) {
    connection->next_copy_pages_ = pages + kWalPagesMax;
    connection->CopyLog();
  }
  return SQLITE_OK;  // whatever became of the log, the commit succeeded
}

bool SqliteConnection::log_is_long() const {
  return log_pages_ >= kWalPagesMax;
}

void SqliteConnection::CopyLog() {
  int pages = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(
      db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
  // Copied whole, the log is overwritten from its start at the next commit.
  if (code == SQLITE_OK && copied == pages) log_pages_ = 0;
  // A failed copy is tried again later; Report keeps in mind whether it was an
  // fsync that failed.
  Report(code, std::nullopt, "copying the log").IgnoreError();
}

absl::Status SqliteConnection::Commit(const WriteBatch& batch, bool synced) {
  if (synced != synced_) {
    VOUCH_RETURN_IF_ERROR(Exec(synced ? "PRAGMA synchronous = FULL"
                                      : "PRAGMA synchronous = NORMAL"));
    synced_ = synced;
  }
  absl::Status status = Exec("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  for (const WriteBatch::Entry& entry : batch.entries()) {
    status = Apply(entry);
    if (!status.ok()) break;
  }
  if (status.ok()) status = Exec("COMMIT");
  // After some errors SQLite has rolled back by itself and this one fails.
  if (!status.ok()) Exec("ROLLBACK").IgnoreError();
  return status;
}

absl::Status SqliteConnection::SyncLog() {
  // A commit without changes syncs nothing, so the log's file is asked itself.
  sqlite3_file* log = nullptr;
  const int code =
      sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  VOUCH_RETURN_IF_ERROR(Report(code, std::nullopt, "finding the log"));
  if (log == nullptr || log->pMethods == nullptr) return absl::OkStatus();
  return Report(log->pMethods->xSync(log, SQLITE_SYNC_NORMAL), std::nullopt,
                "syncing the log");
}

absl::Status SqliteConnection::BeginSnapshot() {
  VOUCH_RETURN_IF_ERROR(Exec("BEGIN"));
  // The moment is that of the transaction's first read.
  return Ask("SELECT count(*) FROM sqlite_schema").status();
}

absl::Status SqliteConnection::EndSnapshot() { return Exec("ROLLBACK"); }

absl::Status SqliteConnection::CopyTo(const std::string& file) {
  VOUCH_ASSIGN_OR_RETURN(auto copy, Open(file, /*create=*/true, kPageBytes));
  sqlite3_backup* backup = sqlite3_backup_init(copy->db_, "main", db_, "main");
  if (backup == nullptr) {
    return Error(Reason::kStoreIo, "the copy could not begin");
  }
  sqlite3_backup_step(backup, -1);  // its error is finish's too
  return Report(sqlite3_backup_finish(backup), std::nullopt,
                "copying the database");
}

absl::StatusOr<uint64_t> SqliteConnection::SizeBytes() {
  VOUCH_ASSIGN_OR_RETURN(const std::optional<std::string> pages,
                         Ask("PRAGMA page_count"));
  uint64_t count = 0;
  if (!pages.has_value() || !absl::SimpleAtoi(*pages, &count)) {
    return Error(Reason::kStoreIo, "the database has no size");
  }
  return count * kPageBytes;
}

}  // namespace vouch
