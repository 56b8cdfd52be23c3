// A specification that has passed every check: versioned data against which
// portfolios are judged, with look-up by unit.
//
//   VOUCH_ASSIGN_OR_RETURN(Specification spec, ParseSpecification(json));
//   const v1::Unit* unit = spec.FindUnit("F1");
//   unit->credit()   // 4
//
// The data is the message vouch.v1.Specification; since only
// ParseSpecification makes one, its references resolve and its numbers are in
// range. What the sources do not state is absent (`has_…()` is false) and means
// unknown.
//
// A value: copying copies the data, pointers to units live as long as the
// object they came from. Const members may be called from any thread.
#ifndef VOUCH_EVIDENCE_SPECIFICATION_H_
#define VOUCH_EVIDENCE_SPECIFICATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "vouch/v1/records.pb.h"
#include "vouch/v1/specification.pb.h"

namespace vouch {

// The largest file that is read, and the most units it may have.
inline constexpr size_t kSpecificationBytesMax = 4 << 20;
inline constexpr int kSpecificationUnitsMax = 1000;

class Specification {
 public:
  const v1::Specification& data() const { return data_; }
  const std::string& id() const { return data_.id(); }
  uint32_t version() const { return data_.version(); }

  // Null if there is no such unit. Numbers are compared exactly.
  const v1::Unit* FindUnit(absl::string_view number) const;
  // By the regulator's number, which is how units of different specifications
  // are matched. Numbers flagged as unverified are found as printed.
  const v1::Unit* FindUnitByAccreditationNumber(
      absl::string_view accreditation_number) const;
  // Where the unit stands in the specification's order, from 0.
  std::optional<int> PositionOf(absl::string_view number) const;

  bool IsMandatory(absl::string_view number) const;
  // Whether simulated evidence may count for the unit: a hard gate. Absent if
  // the specification states no simulation rule.
  std::optional<bool> AllowsSimulation(absl::string_view number) const;
  // Absent if the specification does not list its assessment methods.
  std::optional<bool> AllowsMethod(v1::AssessmentMethod method) const;

 private:
  friend absl::StatusOr<Specification> ParseSpecification(
      absl::string_view json);
  explicit Specification(v1::Specification data);

  v1::Specification data_;
  absl::flat_hash_map<std::string, int> by_number_;
  absl::flat_hash_map<std::string, int> by_accreditation_number_;
};

// Reads a specification file. Errors: SPECIFICATION_INVALID, whose text names
// the line and the unit or rule, for anything that is not as
// vouch/v1/specification.proto says: an unknown or repeated key, a duplicate
// unit, a wrong check character that is not flagged, a theme, unit or source
// that does not exist, text that is not UTF-8. TOO_LARGE above
// kSpecificationBytesMax.
absl::StatusOr<Specification> ParseSpecification(absl::string_view json);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_SPECIFICATION_H_
