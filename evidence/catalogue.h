// The specifications at hand, by id and version. A device carries those of its
// caseload and evaluates them without a network; those shipped with the
// library are always there.
//
//   Catalogue catalogue = BuiltInCatalogue();
//   VOUCH_RETURN_IF_ERROR(catalogue.Add(std::move(imported)));
//   VOUCH_ASSIGN_OR_RETURN(const Specification* spec,
//                          catalogue.Find("03455", 1));
//
// A value that owns its specifications: pointers it hands out live as long as
// it does, also across Add. Const members may be called from any thread while
// nobody calls Add.
#ifndef VOUCH_EVIDENCE_CATALOGUE_H_
#define VOUCH_EVIDENCE_CATALOGUE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "evidence/specification.h"

namespace vouch {

class Catalogue {
 public:
  // More would not be a catalogue of qualifications but a mistake.
  static constexpr size_t kSpecificationsMax = 10000;

  // A version, once added, never changes: adding the same data again does
  // nothing, other data under its id and version is ALREADY_EXISTS. TOO_LARGE
  // above kSpecificationsMax.
  absl::Status Add(Specification specification);

  // SPECIFICATION_UNKNOWN, naming the versions that are here.
  absl::StatusOr<const Specification*> Find(absl::string_view id,
                                            uint32_t version) const;
  // The highest version of `id`; SPECIFICATION_UNKNOWN, naming the ids that
  // are here.
  absl::StatusOr<const Specification*> FindLatest(absl::string_view id) const;
  // By id, then version.
  std::vector<const Specification*> List() const;

  // The contradictions register: the entries of all specifications, each id
  // once, as the latest version that has it says.
  std::vector<const v1::Contradiction*> Contradictions() const;

 private:
  // A std::map for its stable addresses.
  std::map<std::string, std::map<uint32_t, Specification>, std::less<>> by_id_;
  size_t size_ = 0;
};

// What the library ships, parsed on first use and then kept; any thread.
const Catalogue& BuiltInCatalogue();

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_CATALOGUE_H_
