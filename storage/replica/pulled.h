// Parts of what the centre sends, read strictly. Pure.
#ifndef VOUCH_STORAGE_REPLICA_PULLED_H_
#define VOUCH_STORAGE_REPLICA_PULLED_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "storage/replica/rows.h"

namespace vouch {

// Errors: MALFORMED.
absl::StatusOr<std::vector<Hash>> ParseHashes(
    const google::protobuf::RepeatedPtrField<std::string>& raw);

// The centre's proof of a commit, as a batch brings it; nothing if it does not.
std::optional<SegmentRow::AckProof> ParseProof(const std::string& signature,
                                               const std::string& history,
                                               const HistoryId& head_history);

// A disposition for each of `count` changes; or, of a segment that a shorter
// one holds the first changes of, for each of the rest. Errors: MALFORMED.
enum class Speaks { kOfAll, kOfTheRest };
absl::StatusOr<SegmentCommit> ParseCommit(absl::string_view bytes, size_t count,
                                          Speaks speaks = Speaks::kOfAll,
                                          uint8_t kind = LogEntry::kChange);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_PULLED_H_
