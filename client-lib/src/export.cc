#include "client-lib/src/export.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client-lib/src/describe.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "storage/folder.h"
#include "storage/replica/change_store.h"
#include "storage/replica/keys.h"
#include "vouch/client.h"

namespace vouch {
namespace {

constexpr size_t kDamageLinesMax = 1000;
constexpr uint8_t kChainRowVersion = 1;

// A new file, written through a buffer.
class LineFile {
 public:
  static absl::StatusOr<std::unique_ptr<LineFile>> Create(
      const std::string& path) {
    int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) return std::unique_ptr<LineFile>(new LineFile(fd));
    if (errno == EEXIST) {
      return Error(Reason::kAlreadyExists, "the export's file exists already");
    }
    return Error(Reason::kStoreIo, "the export's file cannot be made");
  }
  ~LineFile() { close(fd_); }

  absl::Status Add(const std::string& line) {
    absl::StrAppend(&buffer_, line, "\n");
    return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
  }
  absl::Status Finish() {
    VOUCH_RETURN_IF_ERROR(Flush());
    return fsync(fd_) == 0 ? absl::OkStatus() : Failed();
  }

 private:
  static constexpr size_t kBufferBytes = 64 << 10;
  explicit LineFile(int fd) : fd_(fd) {}

  absl::Status Failed() {
    return errno == ENOSPC || errno == EDQUOT
               ? Error(Reason::kStoreFull, "no space left for the export")
               : Error(Reason::kStoreIo, "the export cannot be written");
  }
  absl::Status Flush() {
    for (size_t done = 0; done < buffer_.size();) {
      ssize_t n = write(fd_, buffer_.data() + done, buffer_.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed();
      done += static_cast<size_t>(n);
    }
    buffer_.clear();
    return absl::OkStatus();
  }

  const int fd_;
  std::string buffer_;
};

// Names and digits of our own only: nothing in them needs escaping.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", text, "\"");
}

// A row of family chain without its values (storage/FORMAT.md).
absl::StatusOr<Change> DecodeCoreRow(absl::string_view row) {
  ByteReader in(row);
  const bool known = in.U8() == kChainRowVersion;
  Change change;
  change.core_bytes = std::string(in.Prefixed());
  if (!known || !in.ok()) {
    return Error(Reason::kStoreCorrupted,
                 "a value of family chain is not readable");
  }
  VOUCH_ASSIGN_OR_RETURN(change.core, DecodeCore(change.core_bytes));
  change.hash = ChangeHash(change.core_bytes);
  change.erased = true;
  return change;
}

class Exporter {
 public:
  Exporter(Store& store, KeyRing* keys, LineFile* file, ExportReport* report)
      : store_(store),
        keys_(keys),
        changes_(&store, keys),
        file_(file),
        report_(report) {}

  absl::Status Run() {
    if (keys_ != nullptr) {
      VOUCH_RETURN_IF_ERROR(
          ScanPast(Family::kRecordState,
                   [this](absl::string_view key) { return AddRecord(key); }));
    }
    return ScanPast(Family::kChain,
                    [this](absl::string_view key) { return AddChange(key); });
  }

 private:
  using Visit = std::function<absl::Status(absl::string_view key)>;

  void Damage(absl::string_view what) {
    if (report_->damage.size() < kDamageLinesMax) {
      report_->damage.push_back(std::string(what));
    }
  }

  // Every key that can be reached: up to the first damaged pair, then from the
  // end down to the last one. An error is of the file that is written.
  absl::Status ScanPast(Family family, const Visit& visit) {
    std::string last;
    absl::Status written;
    absl::Status scanned = store_.Scan(
        family, "", "", [&](absl::string_view key, absl::string_view) {
          last = std::string(key);
          written = visit(key);
          return written.ok();
        });
    if (scanned.ok() || !written.ok()) return written;
    Damage(scanned.message());
    const std::string begin =
        last.empty() ? last : absl::StrCat(last, absl::string_view("\0", 1));
    absl::Status reversed = store_.ScanReverse(
        family, begin, "", [&](absl::string_view key, absl::string_view) {
          written = visit(key);
          return written.ok();
        });
    if (!reversed.ok() && reversed != scanned) Damage(reversed.message());
    return written;
  }

  absl::Status AddRecord(absl::string_view key) {
    if (key.size() != ScopeId::kSize + RecordId::kSize) return absl::OkStatus();
    auto scope = *ScopeId::FromBytes(key.substr(0, ScopeId::kSize));
    auto record = *RecordId::FromBytes(key.substr(ScopeId::kSize));
    auto view = changes_.FoldStored(store_, scope, record);
    if (!view.ok()) {
      Damage(absl::StrCat("record ", FormatId(record.Bytes()), ": ",
                          view.status().message()));
      return absl::OkStatus();
    }
    const Kind* kind = FindKind(view->kind);
    std::string message = "null";
    if (auto parsed = ParseRecord(*view); parsed != nullptr) {
      google::protobuf::util::JsonPrintOptions options;
      options.preserve_proto_field_names = true;
      std::string json;
      if (google::protobuf::util::MessageToJsonString(*parsed, &json, options)
              .ok()) {
        message = json;
      }
    }
    ++report_->records;
    return file_->Add(absl::StrCat(
        "{\"type\":\"record\",\"id\":", Quoted(FormatId(record.Bytes())),
        ",\"registration\":", Quoted(FormatId(RegistrationIdOf(scope))),
        ",\"scope\":", Quoted(ScopeName(scope)),
        ",\"kind\":", Quoted(kind == nullptr ? "" : kind->name),
        ",\"kind_number\":", view->kind,
        ",\"state\":", Quoted(RecordStateName(view->state)),
        ",\"conflicts\":", view->conflicts.size(),
        ",\"held\":", view->held.size(), ",\"message\":", message, "}"));
  }

  absl::Status AddChange(absl::string_view key) {
    auto at = CoordinateOfKey(key);
    if (!at.has_value()) {
      Damage("a key of family chain is not readable");
      return absl::OkStatus();
    }
    auto change = GetChange(*at);
    if (!change.ok()) {
      Damage(absl::StrCat("change ", at->seq, " of device ", at->device.Hex(),
                          ": ", change.status().message()));
      return absl::OkStatus();
    }
    auto values = DecodePayload(change->payload);
    std::vector<std::string> operations;
    for (const Operation& op : change->core.operations) {
      std::string line =
          absl::StrCat("{\"class\":", static_cast<uint32_t>(op.merge_class),
                       ",\"path\":[", absl::StrJoin(op.path, ","), "]");
      if (op.element.has_value()) {
        absl::StrAppend(&line, ",\"element\":", Quoted(op.element->Hex()));
      }
      if (op.part.has_value() && values.ok() && *op.part < values->size()) {
        absl::StrAppend(&line, ",\"value\":",
                        Quoted(absl::Base64Escape((*values)[*op.part])));
      }
      operations.push_back(line + "}");
    }
    const ChangeCore& core = change->core;
    ++report_->changes;
    return file_->Add(absl::StrCat(
        "{\"type\":\"change\",\"hash\":", Quoted(change->hash.Hex()),
        ",\"record\":", Quoted(FormatId(core.record.Bytes())),
        ",\"kind_number\":", core.kind,
        ",\"device\":", Quoted(core.device.Hex()), ",\"seq\":", core.seq,
        ",\"author\":", Quoted(core.person.Hex()),
        ",\"claimed_ms\":", core.claimed_ms, ",\"operations\":[",
        absl::StrJoin(operations, ","), "]}"));
  }

  absl::StatusOr<Change> GetChange(const Coordinate& at) {
    if (keys_ != nullptr) {
      auto whole = changes_.GetChange(store_, at);
      if (whole.ok()) return whole;
      Damage(absl::StrCat("values of change ", at.seq, " of device ",
                          at.device.Hex(), ": ", whole.status().message()));
    }
    // The core alone, which is not sealed.
    VOUCH_ASSIGN_OR_RETURN(std::string stored,
                           store_.Get(Family::kChain, ChainKey(at)));
    return DecodeCoreRow(stored);
  }

  Store& store_;
  KeyRing* const keys_;
  const ChangeStore changes_;
  LineFile* const file_;
  ExportReport* const report_;
};

}  // namespace

absl::StatusOr<ExportReport> WriteExport(Store& store, KeyRing* keys,
                                         const std::string& path) {
  VOUCH_ASSIGN_OR_RETURN(std::unique_ptr<LineFile> file,
                         LineFile::Create(path));
  ExportReport report;
  VOUCH_RETURN_IF_ERROR(Exporter(store, keys, file.get(), &report).Run());
  VOUCH_RETURN_IF_ERROR(file->Finish());
  return report;
}

}  // namespace vouch
