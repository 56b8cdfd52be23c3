// Specifications: those here, importing more, moving registrations.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/src/client_impl.h"
#include "client-lib/src/describe.h"
#include "evidence/editing.h"
#include "evidence/specification_diff.h"
#include "evidence/specification_move.h"
#include "evidence/unit_contents.h"
#include "google/protobuf/util/message_differencer.h"

namespace vouch {
namespace {

// What the file does not speak of stays.
void MergeContents(const v1::UnitContents& loaded, v1::UnitContents* contents) {
  contents->set_unit(loaded.unit());
  if (loaded.has_criteria()) *contents->mutable_criteria() = loaded.criteria();
  if (loaded.has_requirements()) {
    *contents->mutable_requirements() = loaded.requirements();
  }
}

absl::StatusOr<const Specification*> FileOf(const CentreCatalogue& catalogue,
                                            const std::string& specification,
                                            uint32_t version) {
  return version == 0 ? catalogue.files().FindLatest(specification)
                      : catalogue.files().Find(specification, version);
}

}  // namespace

absl::StatusOr<const CentreCatalogue*> Client::Impl::Catalogue() const {
  VOUCH_ASSIGN_OR_RETURN(auto views, Views([](const RecordSummaryRow& row) {
                           return row.kind == kSpecificationFileKind ||
                                  row.kind == kUnitContentsKind;
                         }));
  std::string of = "read";
  for (const RecordView& view : views) {
    absl::StrAppend(&of, view.id.view(), view.state_hash.view());
  }
  if (catalogue == nullptr || of != catalogue_of) {
    catalogue = std::make_unique<CentreCatalogue>(views);
    catalogue_of = std::move(of);
  }
  return catalogue.get();
}

absl::StatusOr<std::vector<v1::UnitContents>> Client::Impl::ReadContents(
    const std::string& csv, const std::string& specification,
    uint32_t version) const {
  VOUCH_ASSIGN_OR_RETURN(const CentreCatalogue* here, Catalogue());
  VOUCH_ASSIGN_OR_RETURN(const Specification* file,
                         FileOf(*here, specification, version));
  return ReadUnitContents(csv, *file);
}

absl::StatusOr<Portfolio> Client::Impl::PortfolioUnder(
    const Specification& specification, const RecordView& registration) const {
  VOUCH_ASSIGN_OR_RETURN(auto records, Views([&](const RecordSummaryRow& row) {
                           return RegistrationIdOf(row.scope) ==
                                  registration.id.view();
                         }));
  VOUCH_ASSIGN_OR_RETURN(auto people, Views([](const RecordSummaryRow& row) {
                           return row.kind == kPersonKind ||
                                  row.kind == kStaffCompetenceKind;
                         }));
  return BuildPortfolio(specification, registration, records, people);
}

absl::StatusOr<v1::SpecificationMove> Client::Impl::MoveOf(
    const RecordView& registration, const std::string& specification,
    uint32_t version, const std::string& reason) const {
  const auto pinned = ParseRecordAs<v1::Registration>(registration);
  if (pinned == nullptr) {
    return Error(Reason::kNotFound, "this record is no registration");
  }
  VOUCH_ASSIGN_OR_RETURN(const CentreCatalogue* found, Catalogue());
  VOUCH_ASSIGN_OR_RETURN(Specification to, found->Find(specification, version));
  VOUCH_ASSIGN_OR_RETURN(
      Specification from,
      found->Find(pinned->specification(), pinned->specification_version()));
  VOUCH_ASSIGN_OR_RETURN(vouch::Portfolio before,
                         PortfolioUnder(from, registration));
  VOUCH_ASSIGN_OR_RETURN(vouch::Portfolio after,
                         PortfolioUnder(to, registration));
  return DescribeMove(from, before, to, after, reason);
}

absl::StatusOr<std::vector<v1::Specification>> Client::Specifications() const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(const CentreCatalogue* catalogue, impl_->Catalogue());
  std::vector<v1::Specification> all;
  for (const Specification* file : catalogue->files().List()) {
    VOUCH_ASSIGN_OR_RETURN(FilledIn filled,
                           FillIn(*file, catalogue->contents()));
    all.push_back(filled.specification.data());
  }
  return all;
}

absl::StatusOr<v1::Specification> Client::FindSpecification(
    const std::string& specification, uint32_t version) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(const CentreCatalogue* catalogue, impl_->Catalogue());
  VOUCH_ASSIGN_OR_RETURN(Specification found,
                         catalogue->Find(specification, version));
  return found.data();
}

absl::StatusOr<std::vector<SpecificationFault>> Client::SpecificationFaults()
    const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(const CentreCatalogue* catalogue, impl_->Catalogue());
  std::vector<SpecificationFault> out;
  for (const CatalogueFault& fault : catalogue->faults()) {
    out.push_back({fault.record.Bytes(), fault.why});
  }
  return out;
}

absl::StatusOr<Id> Client::ImportSpecification(const std::string& file) {
  VOUCH_ASSIGN_OR_RETURN(const v1::SpecificationFile record,
                         MakeSpecificationFile(file));
  VOUCH_ASSIGN_OR_RETURN(Specification specification, ParseSpecification(file));
  {
    Impl::Access access(impl_.get());
    VOUCH_RETURN_IF_ERROR(access.status());
    VOUCH_ASSIGN_OR_RETURN(const CentreCatalogue* here, impl_->Catalogue());
    vouch::Catalogue trial = here->files();
    VOUCH_RETURN_IF_ERROR(trial.Add(std::move(specification)));
  }
  VOUCH_ASSIGN_OR_RETURN(Id id, KeyedId(record));
  auto there = Get(id);
  if (!there.ok() &&
      ErrorReasonOf(there.status()) == v1::ERROR_REASON_NOT_FOUND)
    return Create(record);
  VOUCH_RETURN_IF_ERROR(there.status());
  if (there->summary.state == "discarded") {
    VOUCH_RETURN_IF_ERROR(Revive(id).status());
  }
  return id;
}

absl::StatusOr<std::vector<Id>> Client::ImportUnitContents(
    const std::string& csv, const std::string& specification,
    uint32_t version) {
  std::vector<v1::UnitContents> loaded;
  {
    Impl::Access access(impl_.get());
    VOUCH_RETURN_IF_ERROR(access.status());
    VOUCH_ASSIGN_OR_RETURN(loaded,
                           impl_->ReadContents(csv, specification, version));
  }
  std::vector<Id> saved;
  for (v1::UnitContents& unit : loaded) {
    VOUCH_ASSIGN_OR_RETURN(Id id, KeyedId(unit));
    auto there = Get(id);
    if (!there.ok()) {
      if (ErrorReasonOf(there.status()) != v1::ERROR_REASON_NOT_FOUND) {
        return there.status();
      }
      VOUCH_RETURN_IF_ERROR(Create(unit).status());
      saved.push_back(std::move(id));
      continue;
    }
    if (there->message == nullptr) {
      return Error(Reason::kKindUnknown, "the record needs a newer app");
    }
    if (there->summary.state == "discarded") {
      VOUCH_RETURN_IF_ERROR(Revive(id).status());
      VOUCH_ASSIGN_OR_RETURN(*there, Get(id));
    }
    v1::UnitContents edited;
    edited.CopyFrom(*there->message);
    const v1::UnitContents before = edited;
    MergeContents(unit, &edited);
    if (google::protobuf::util::MessageDifferencer::Equals(before, edited)) {
      continue;
    }
    VOUCH_RETURN_IF_ERROR(Edit(id, there->base, edited).status());
    saved.push_back(std::move(id));
  }
  return saved;
}

absl::StatusOr<std::vector<std::string>> Client::ForeseeUnitContents(
    const std::string& csv, const std::string& specification,
    uint32_t version) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(auto loaded,
                         impl_->ReadContents(csv, specification, version));
  VOUCH_ASSIGN_OR_RETURN(const CentreCatalogue* here, impl_->Catalogue());
  VOUCH_ASSIGN_OR_RETURN(const Specification* file,
                         FileOf(*here, specification, version));
  ContentsByUnit contents = here->contents();
  VOUCH_ASSIGN_OR_RETURN(const FilledIn before, FillIn(*file, contents));
  for (const v1::UnitContents& unit : loaded) {
    MergeContents(unit, &contents[unit.unit()]);
  }
  VOUCH_ASSIGN_OR_RETURN(const FilledIn after, FillIn(*file, contents));
  std::vector<std::string> lines;
  for (const SpecificationDifference& found :
       DiffSpecifications(before.specification, after.specification)) {
    lines.push_back(absl::StrCat(found.subject, ": ", found.change));
  }
  return lines;
}

absl::StatusOr<v1::SpecificationMove> Client::ForeseeMove(
    const Id& registration, const std::string& specification,
    uint32_t version) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(Shown shown, impl_->Load(registration, BaseToken()));
  return impl_->MoveOf(shown.view, specification, version, "");
}

absl::StatusOr<BaseToken> Client::MoveRegistration(
    const Id& registration, const BaseToken& base,
    const std::string& specification, uint32_t version,
    const std::string& reason) {
  if (reason.empty()) {
    return Error(Reason::kMalformed, "a move says why");
  }
  TellAfter tell(impl_.get());
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(Shown shown, impl_->Load(registration, base));
  VOUCH_ASSIGN_OR_RETURN(
      const v1::SpecificationMove move,
      impl_->MoveOf(shown.view, specification, version, reason));
  auto edited = ParseRecordAs<v1::Registration>(shown.view);
  if (edited->specification() == move.to_specification() &&
      edited->specification_version() == move.to_version()) {
    return Error(Reason::kOperationNotAllowed,
                 "the registration pins that version already");
  }
  edited->set_specification(move.to_specification());
  edited->set_specification_version(move.to_version());
  *edited->add_specification_moves() = move;
  VOUCH_ASSIGN_OR_RETURN(auto operations,
                         DiffRecord(&shown.view, *edited, *impl_->random));
  return impl_->Save(shown, Impl::Draft(shown, std::move(operations)));
}

}  // namespace vouch
