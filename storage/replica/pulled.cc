#include "storage/replica/pulled.h"

#include "sync/base/status.h"

namespace vouch {

absl::StatusOr<std::vector<Hash>> ParseHashes(
    const google::protobuf::RepeatedPtrField<std::string>& raw) {
  std::vector<Hash> out;
  for (const std::string& bytes : raw) {
    auto hash = Hash::FromBytes(bytes);
    if (!hash.has_value()) {
      return Error(Reason::kMalformed, "a hash is not 32 bytes");
    }
    out.push_back(*hash);
  }
  return out;
}

std::optional<SegmentRow::AckProof> ParseProof(const std::string& signature,
                                               const std::string& history,
                                               const HistoryId& head_history) {
  auto signed_by = Signature::FromBytes(signature);
  if (!signed_by.has_value()) return std::nullopt;
  return SegmentRow::AckProof{
      HistoryId::FromBytes(history).value_or(head_history), *signed_by};
}

absl::StatusOr<SegmentCommit> ParseCommit(absl::string_view bytes, size_t count,
                                          Speaks speaks, uint8_t kind) {
  VOUCH_ASSIGN_OR_RETURN(SegmentCommit commit, DecodeSegmentCommit(bytes));
  if (commit.kind != kind) {
    return Error(Reason::kMalformed, "a commit of another kind");
  }
  if (commit.dispositions.empty() || commit.dispositions.size() > count ||
      (speaks == Speaks::kOfAll && commit.dispositions.size() < count)) {
    return Error(Reason::kMalformed, "a disposition is missing");
  }
  return commit;
}

}  // namespace vouch
