#include "evidence/catalogue.h"

#include <cstdio>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evidence/built_in_specifications.h"
#include "google/protobuf/util/message_differencer.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {

absl::Status Catalogue::Add(Specification specification) {
  const std::string id = specification.id();
  const uint32_t version = specification.version();
  const auto versions = by_id_.find(id);
  if (versions != by_id_.end() && versions->second.contains(version)) {
    if (google::protobuf::util::MessageDifferencer::Equals(
            versions->second.at(version).data(), specification.data())) {
      return absl::OkStatus();
    }
    return Error(Reason::kAlreadyExists,
                 absl::StrCat("specification ", id, " version ", version,
                              " is in the catalogue with other contents; give "
                              "the changed file the next version"));
  }
  if (size_ >= kSpecificationsMax) {
    return Error(Reason::kTooLarge,
                 absl::StrCat("a catalogue may hold ", kSpecificationsMax,
                              " specifications"));
  }
  by_id_[id].emplace(version, std::move(specification));
  ++size_;
  return absl::OkStatus();
}

absl::StatusOr<const Specification*> Catalogue::Find(absl::string_view id,
                                                     uint32_t version) const {
  VOUCH_ASSIGN_OR_RETURN(const Specification* latest, FindLatest(id));
  const auto& versions = by_id_.find(latest->id())->second;
  const auto found = versions.find(version);
  if (found != versions.end()) return &found->second;
  const auto number = [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.first);
  };
  return Error(
      Reason::kSpecificationUnknown,
      absl::StrCat("the catalogue has no version ", version, " of ", id,
                   ", only ", absl::StrJoin(versions, ", ", number)));
}

absl::StatusOr<const Specification*> Catalogue::FindLatest(
    absl::string_view id) const {
  const auto versions = by_id_.find(std::string(id));
  if (versions != by_id_.end()) return &versions->second.rbegin()->second;
  const auto key = [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.first);
  };
  return Error(
      Reason::kSpecificationUnknown,
      absl::StrCat("no specification \"", id, "\" in the catalogue; it has ",
                   absl::StrJoin(by_id_, ", ", key)));
}

std::vector<const Specification*> Catalogue::List() const {
  std::vector<const Specification*> all;
  all.reserve(size_);
  for (const auto& [id, versions] : by_id_) {
    for (const auto& [version, specification] : versions) {
      all.push_back(&specification);
    }
  }
  return all;
}

std::vector<const v1::Contradiction*> Catalogue::Contradictions() const {
  std::vector<const v1::Contradiction*> entries;
  absl::flat_hash_set<absl::string_view> seen;
  for (const auto& [id, versions] : by_id_) {
    for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
      for (const auto& entry : it->second.data().contradictions()) {
        if (seen.insert(entry.id()).second) entries.push_back(&entry);
      }
    }
  }
  return entries;
}

const Catalogue& BuiltInCatalogue() {
  // Never destroyed: other statics may still use it at exit.
  static const Catalogue* const catalogue = [] {
    auto* built = new Catalogue;
    for (absl::string_view file : BuiltInSpecificationFiles()) {
      auto specification = ParseSpecification(file);
      const absl::Status added = specification.ok()
                                     ? built->Add(*std::move(specification))
                                     : specification.status();
      if (!added.ok()) {
        std::fprintf(stderr, "built-in specification: %s\n",
                     added.ToString().c_str());
      }
      // A shipped file that does not pass its checks is a defect of ours.
      VOUCH_CHECK(added.ok());
    }
    return built;
  }();
  return *catalogue;
}

}  // namespace vouch
