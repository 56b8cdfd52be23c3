// A payload, raw or zstd: what decodes is bounded whatever it claimed to be,
// and the values survive being encoded again.
#include "sync/core/change.h"
#include "tests/fuzz/fuzz_input.h"

namespace vouch {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::string_view bytes = fuzz::View(data, size);
  auto values = DecodePayload(bytes);
  if (!values.ok()) {
    fuzz::MustBeTyped(values.status());
    return 0;
  }
  VOUCH_CHECK(values->size() <= kChangeOperationsMax);
  size_t total = 0;
  for (const std::string& value : *values) total += value.size();
  VOUCH_CHECK(total <= kChangeBytesMax);
  auto again = DecodePayload(EncodePayload(*values));
  VOUCH_CHECK(again.ok() && *again == *values);
  return 0;
}

}  // namespace vouch
