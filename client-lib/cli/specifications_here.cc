#include "client-lib/cli/specifications_here.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client-lib/cli/record_input.h"
#include "evidence/specification_data.h"
#include "sync/base/status.h"

namespace vouch::cli {

absl::StatusOr<Catalogue> SpecificationsHere(const Shell& shell) {
  auto client = shell.Open();
  if (ErrorReasonOf(client.status()) == v1::ERROR_REASON_NOT_ENROLLED) {
    return BuiltInCatalogue();
  }
  VOUCH_RETURN_IF_ERROR(client.status());
  VOUCH_ASSIGN_OR_RETURN(auto all, (*client)->Specifications());
  Catalogue catalogue;
  for (const v1::Specification& data : all) {
    VOUCH_ASSIGN_OR_RETURN(Specification made, MakeSpecification(data));
    VOUCH_RETURN_IF_ERROR(catalogue.Add(std::move(made)));
  }
  return catalogue;
}

absl::StatusOr<Specification> SpecificationHere(const Shell& shell,
                                                const std::string& id,
                                                uint32_t version) {
  auto client = shell.Open();
  if (ErrorReasonOf(client.status()) == v1::ERROR_REASON_NOT_ENROLLED) {
    VOUCH_ASSIGN_OR_RETURN(const Specification* found,
                           version == 0 ? BuiltInCatalogue().FindLatest(id)
                                        : BuiltInCatalogue().Find(id, version));
    return *found;
  }
  VOUCH_RETURN_IF_ERROR(client.status());
  VOUCH_ASSIGN_OR_RETURN(v1::Specification data,
                         (*client)->FindSpecification(id, version));
  return MakeSpecification(data);
}

absl::StatusOr<Specification> SpecificationNamed(const Shell& shell,
                                                 const std::string& name) {
  if (absl::EndsWith(name, ".json")) {
    VOUCH_ASSIGN_OR_RETURN(const std::string text, ReadText(name));
    return ParseSpecification(text);
  }
  const size_t colon = name.find(':');
  uint32_t version = 0;
  if (colon != std::string::npos &&
      (!absl::SimpleAtoi(name.substr(colon + 1), &version) || version == 0)) {
    return Error(Reason::kMalformed,
                 absl::StrCat("\"", name.substr(colon + 1),
                              "\" is not a version; versions count from 1"));
  }
  return SpecificationHere(shell, name.substr(0, colon), version);
}

std::string SpecificationName(const Specification& specification) {
  return absl::StrCat(specification.id(), " version ", specification.version());
}

}  // namespace vouch::cli
