#include "evidence/centre_catalogue.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "evidence/wire_field.h"
#include "google/protobuf/util/message_differencer.h"
#include "sync/base/check.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

struct ReadFile {
  RecordId record;
  Specification specification;
};

bool IsInUse(const RecordView& record) {
  return record.state != RecordState::kDiscarded && !record.creations.empty();
}

absl::StatusOr<Specification> ReadRecord(const RecordView& record) {
  if (!record.held.empty() && record.fields.empty()) {
    return Error(Reason::kSpecificationInvalid, "it is held for review");
  }
  const auto file = ParseRecordAs<v1::SpecificationFile>(record);
  if (file == nullptr || file->digest() != Sha256({file->file()}).view()) {
    return Error(Reason::kSpecificationInvalid,
                 "its bytes are not those that it is named by");
  }
  return ParseSpecification(file->file());
}

}  // namespace

CentreCatalogue::CentreCatalogue(absl::Span<const RecordView> records)
    : files_(BuiltInCatalogue()) {
  AddFiles(records);
  for (const RecordView& record : records) {
    if (record.kind == kUnitContentsKind && IsInUse(record)) {
      AddContents(record);
    }
  }
}

void CentreCatalogue::AddFiles(absl::Span<const RecordView> records) {
  std::map<std::pair<std::string, uint32_t>, std::vector<ReadFile>> read;
  for (const RecordView& record : records) {
    if (record.kind != kSpecificationFileKind || !IsInUse(record)) continue;
    auto specification = ReadRecord(record);
    if (!specification.ok()) {
      faults_.push_back(
          {record.id, std::string(specification.status().message())});
      continue;
    }
    const std::string id = specification->id();
    const uint32_t version = specification->version();
    read[{id, version}].push_back({record.id, *std::move(specification)});
  }
  for (auto& [name, same] : read) {
    bool agree = true;
    for (const ReadFile& file : same) {
      agree &= google::protobuf::util::MessageDifferencer::Equals(
          file.specification.data(), same[0].specification.data());
    }
    for (ReadFile& file : same) {
      const absl::Status added =
          agree ? files_.Add(std::move(file.specification))
                : Error(Reason::kAlreadyExists,
                        absl::StrCat("two files say what ", name.first,
                                     " version ", name.second,
                                     " is: discard one of them"));
      if (!added.ok()) {
        faults_.push_back({file.record, std::string(added.message())});
      }
    }
  }
}

void CentreCatalogue::AddContents(const RecordView& record) {
  auto contents = ParseRecordAs<v1::UnitContents>(record);
  if (contents == nullptr || contents->unit().empty()) {
    faults_.push_back({record.id, "it does not say of which unit it is"});
    return;
  }
  for (const FieldView& field : record.fields) {
    if (!field.contested) continue;
    faults_.push_back(
        {record.id, absl::StrCat("what was loaded apart for ", contents->unit(),
                                 " needs a decision")});
    break;
  }
  contents_[contents->unit()] = *std::move(contents);
}

absl::StatusOr<Specification> CentreCatalogue::Find(absl::string_view id,
                                                    uint32_t version) const {
  VOUCH_ASSIGN_OR_RETURN(
      const Specification* found,
      version == 0 ? files_.FindLatest(id) : files_.Find(id, version));
  VOUCH_ASSIGN_OR_RETURN(FilledIn filled, FillIn(*found, contents_));
  return std::move(filled.specification);
}

absl::StatusOr<v1::SpecificationFile> MakeSpecificationFile(
    absl::string_view file) {
  VOUCH_RETURN_IF_ERROR(ParseSpecification(file).status());
  if (file.size() > kTextBytesMax) {
    return Error(Reason::kTooLarge,
                 absl::StrCat("a specification that a centre shares may have ",
                              kTextBytesMax, " bytes, this has ", file.size()));
  }
  v1::SpecificationFile record;
  record.set_file(std::string(file));
  record.set_digest(Sha256({file}).Bytes());
  return record;
}

}  // namespace vouch
