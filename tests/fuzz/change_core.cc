// A change core: what decodes is within the limits, encodes to the same bytes,
// and folds to a view.
#include "sync/core/change.h"
#include "sync/core/fold.h"
#include "tests/fuzz/fuzz_input.h"

namespace vouch {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::string_view bytes = fuzz::View(data, size);
  auto core = DecodeCore(bytes);
  if (!core.ok()) {
    fuzz::MustBeTyped(core.status());
    return 0;
  }
  VOUCH_CHECK(EncodeCore(*core) == bytes);
  VOUCH_CHECK(core->operations.size() <= kChangeOperationsMax);
  VOUCH_CHECK(ReferencesOf(*core).size() <= kChangeReferencesMax);
  for (const Operation& op : core->operations) {
    VOUCH_CHECK(op.path.size() <= kPathDepthMax);
  }
  // Whoever wrote it: parts that the payload lacks, any merge class, itself
  // among its causes.
  FoldChange change;
  change.hash = ChangeHash(bytes);
  change.core = *core;
  change.values = {"\x22\x01x"};
  RecordView view =
      FoldRecord({change}, [](const Hash&) { return CauseState::kEffective; });
  VOUCH_CHECK(view.id == core->record && view.change_count == 1);
  return 0;
}

}  // namespace vouch
