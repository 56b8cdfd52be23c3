// A specification file: what is accepted can be looked up and judged against,
// and what is refused is refused by name.
#include "evidence/specification.h"

#include "evidence/json_lines.h"
#include "tests/fuzz/fuzz_input.h"

namespace vouch {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::string_view json = fuzz::View(data, size);
  auto lines = JsonLines::Scan(json);
  fuzz::MustBeTyped(lines.status());
  auto parsed = ParseSpecification(json);
  if (!parsed.ok()) {
    Reason reason = ReasonOf(parsed.status());
    VOUCH_CHECK(reason == Reason::kSpecificationInvalid ||
                reason == Reason::kTooLarge);
    return 0;
  }
  VOUCH_CHECK(lines.ok());
  VOUCH_CHECK(parsed->data().units_size() <= kSpecificationUnitsMax);
  for (const v1::Unit& unit : parsed->data().units()) {
    VOUCH_CHECK(parsed->FindUnit(unit.number()) != nullptr);
    VOUCH_CHECK(parsed->PositionOf(unit.number()).has_value());
    parsed->IsMandatory(unit.number());
    parsed->AllowsSimulation(unit.number());
  }
  return 0;
}

}  // namespace vouch
