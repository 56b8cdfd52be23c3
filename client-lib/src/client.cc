#include "vouch/client.h"

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client-lib/src/client_impl.h"
#include "client-lib/src/export.h"
#include "client-lib/src/open_store.h"
#include "evidence/catalogue.h"
#include "evidence/rules.h"

namespace vouch {

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Open(
    const OpenOptions& options) {
  VOUCH_ASSIGN_OR_RETURN(std::unique_ptr<Impl> impl, Impl::Open(options));
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

absl::StatusOr<ExportReport> Client::Export(const std::string& path) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  return WriteExport(*impl_->store, impl_->keys.get(), path);
}

absl::StatusOr<ExportReport> ExportStore(const OpenOptions& options,
                                         const std::string& path) {
  VOUCH_ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                         OpenStoreOf(options, /*create=*/false));
  // Without its key a store still shows who changed what and when.
  std::unique_ptr<KeyRing> keys;
  std::string keyless;
  auto key = MasterKeyOf(options, *store);
  if (key.ok()) {
    FixedKeyProvider provider(*std::move(key));
    auto opened = KeyRing::Open(store.get(), &provider, RandomOf(options));
    if (opened.ok()) {
      keys = *std::move(opened);
    } else {
      keyless = std::string(opened.status().message());
    }
  } else {
    keyless = std::string(key.status().message());
  }
  VOUCH_ASSIGN_OR_RETURN(ExportReport report,
                         WriteExport(*store, keys.get(), path));
  if (keys == nullptr) {
    report.damage.push_back(absl::StrCat("no values are readable: ", keyless));
  }
  return report;
}

absl::StatusOr<v1::RulesEvaluation> EvaluateRules(
    const std::string& specification, uint32_t version,
    const std::vector<std::string>& units) {
  VOUCH_ASSIGN_OR_RETURN(const Specification* found,
                         version == 0
                             ? BuiltInCatalogue().FindLatest(specification)
                             : BuiltInCatalogue().Find(specification, version));
  VOUCH_ASSIGN_OR_RETURN(Evaluation evaluation, Evaluate(*found, units));
  return ToProto(evaluation);
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> NewRecord(
    const std::string& kind) {
  const Kind* found = FindKindByName(kind);
  if (found == nullptr) {
    return Error(Reason::kKindUnknown,
                 absl::StrCat("no kind of record is called ", kind));
  }
  return found->NewRecord();
}

v1::ErrorReason ErrorReasonOf(const absl::Status& status) {
  return static_cast<v1::ErrorReason>(ReasonOf(status));
}

std::string SafetyWords(SafetyState state) {
  return std::string(SafetyName(static_cast<Safety>(state)));
}

std::string FormatId(const Id& id) {
  std::string hex = absl::BytesToHexString(id);
  if (id.size() != RecordId::kSize) return hex;
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-",
                      hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

absl::StatusOr<Id> ParseId(const std::string& text) {
  std::string hex;
  for (char c : text) {
    if (c != '-') hex.push_back(c);
  }
  auto id = RecordId::FromHex(hex);
  if (!id.has_value()) {
    return Error(Reason::kMalformed,
                 "an id is 32 hex digits, with or without "
                 "dashes");
  }
  return id->Bytes();
}

}  // namespace vouch
