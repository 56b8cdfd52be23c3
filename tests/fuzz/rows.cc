// The rows of the families: each has one encoding, and damaged bytes give
// nothing instead of something else.
#include "storage/replica/rows.h"

#include "storage/replica/materialiser.h"
#include "tests/fuzz/fuzz_input.h"

namespace vouch {
namespace {

template <typename Row>
void Check(absl::string_view bytes, const std::optional<Row>& row,
           std::string (*encode)(const Row&)) {
  if (row.has_value()) VOUCH_CHECK(encode(*row) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input in(data, size);
  size_t form = in.Below(8);
  if (form == 3 || form == 7) {
    std::string key(in.Bytes(in.Byte()));
    absl::string_view bytes = in.Rest();
    if (form == 3) {
      Check(bytes, DecodeSummary(key, bytes), EncodeSummary);
    } else {
      auto row = DecodeAttention(key, bytes);
      if (row.has_value()) {
        VOUCH_CHECK(key == absl::StrCat(row->scope.view(), row->record.view()));
      }
    }
    return 0;
  }
  absl::string_view bytes = in.Rest();
  switch (form) {
    case 0:
      Check(bytes, DecodeChainRow(bytes), EncodeChainRow);
      break;
    case 1:
      Check(bytes, DecodeLocation(bytes), EncodeLocation);
      break;
    case 2:
      Check(bytes, DecodeRecordChange(Hash(), bytes), EncodeRecordChange);
      break;
    case 4:
      Check(bytes, DecodeSegmentRow(bytes), EncodeSegmentRow);
      break;
    case 5:
      Check(bytes, DecodeLogRow(bytes), EncodeLogRow);
      break;
    case 6:
      Check(bytes, DecodeByScope(bytes), EncodeByScope);
      break;
  }
  return 0;
}

}  // namespace vouch
