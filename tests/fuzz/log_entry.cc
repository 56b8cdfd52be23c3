// What the centre signs: log entries, segment commits, tree heads, compact
// ranges. Each has one encoding.
#include "sync/core/log_entry.h"

#include "sync/core/merkle.h"
#include "tests/fuzz/fuzz_input.h"

namespace vouch {
namespace {

template <typename T>
void CheckOneEncoding(absl::string_view bytes, const absl::StatusOr<T>& decoded,
                      std::string (*encode)(const T&)) {
  fuzz::MustBeTyped(decoded.status());
  if (decoded.ok()) VOUCH_CHECK(encode(*decoded) == bytes);
}

void CheckCommit(absl::string_view bytes) {
  auto commit = DecodeSegmentCommit(bytes);
  CheckOneEncoding(bytes, commit, EncodeSegmentCommit);
  if (!commit.ok()) return;
  std::vector<Hash> hashes(commit->dispositions.size());
  for (const LogEntry& entry : EntriesOf(*commit, ScopeId(), hashes)) {
    // A scope's positions may wrap past the last one, and then name none.
    if (entry.scope_seq == 0) return;
    auto again = DecodeLogEntry(EncodeLogEntry(entry));
    VOUCH_CHECK(again.ok() && again->commit_seq == entry.commit_seq);
  }
}

void CheckRange(absl::string_view bytes, fuzz::Input& in) {
  auto range = CompactRange::Decode(bytes);
  fuzz::MustBeTyped(range.status());
  if (!range.ok()) return;
  VOUCH_CHECK(range->Encode() == bytes);
  VOUCH_CHECK(range->size() <= kTreeSizeMax);
  // Growing it by what a peer sends either keeps the limit or changes nothing.
  CompactRange grown = *range;
  uint64_t end = range->size() + in.Number();
  size_t count =
      in.Byte() == 0 ? SubtreeLevels(range->size(), end).size() : in.Below(130);
  absl::Status appended =
      end < range->size() ? grown.AppendSubtrees(end, {})
                          : grown.AppendSubtrees(end, std::vector<Hash>(count));
  fuzz::MustBeTyped(appended);
  VOUCH_CHECK(appended.ok() ? grown.size() == end : grown == *range);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input in(data, size);
  size_t form = in.Below(4);
  if (form == 3) {
    std::string bytes(in.Bytes(in.Below(2048)));
    CheckRange(bytes, in);
    return 0;
  }
  absl::string_view bytes = in.Rest();
  if (form == 0) {
    CheckOneEncoding(bytes, DecodeLogEntry(bytes), EncodeLogEntry);
  } else if (form == 1) {
    CheckCommit(bytes);
  } else {
    CheckOneEncoding(bytes, DecodeTreeHead(bytes), EncodeTreeHead);
  }
  return 0;
}

}  // namespace vouch
