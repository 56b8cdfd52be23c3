// The cheapest way to finish: which further units make a qualification of
// those at hand with the fewest credits, of these with the fewest units, of
// these the first in the specification's order. Exact, not greedy.
//
//   VOUCH_ASSIGN_OR_RETURN(Completion rest,
//                          FindCompletion(spec, {"F1", "F2", "A10"}));
//   rest.units     // {"B2", "C3", "D2"}
//   rest.credits   // 16
//
// It searches the optional units whose credit, and level if a floor is stated,
// are known, and names the others. Missing mandatory units are always part of
// it. What is unknown of units at hand counts for nothing, so that what is
// found is enough whatever it may be.
//
// Quick enough for each tap on a tablet: one table over (credits, level
// credits and units by theme still needed) for each unit; `cells` says how
// large it was. Pure; any thread.
#ifndef VOUCH_EVIDENCE_COMPLETION_H_
#define VOUCH_EVIDENCE_COMPLETION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "evidence/specification.h"
#include "vouch/v1/rules.pb.h"

namespace vouch {

// Cells of the table, eight bytes each. The largest of the qualifications
// shipped needs about 235,000.
inline constexpr size_t kCompletionCellsMax = size_t{4} << 20;

struct Completion {
  enum class Result {
    kComplete,        // nothing is missing
    kFound,           // `units` finish it
    kImpossible,      // not even with every unit of the specification
    kUndeterminable,  // not with the units that are known
  };
  Result result = Result::kComplete;
  std::vector<std::string> units;  // in the specification's order
  // That they bring; at most, where `missing` has the credit of one of them.
  uint32_t credits = 0;
  // Optional units that were not searched, since credit or level are unknown.
  std::vector<std::string> left_out;
  // Each datum that could make it cheaper, or possible.
  std::vector<std::string> missing;
  std::string explanation;
  size_t cells = 0;
};

// `unit_numbers` as for Evaluate. Errors: SPECIFICATION_UNKNOWN; TOO_LARGE if
// the table would have more than kCompletionCellsMax cells.
absl::StatusOr<Completion> FindCompletion(
    const Specification& specification,
    absl::Span<const std::string> unit_numbers);

// For printing: every field set.
v1::Completion ToProto(const Completion& completion);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_COMPLETION_H_
