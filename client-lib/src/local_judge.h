// What the centre would say of this tablet's changes, as far as the tablet
// knows the people and records: the same rules, asked early. One thread at a
// time (it reads the replica).
#ifndef VOUCH_CLIENT_LIB_SRC_LOCAL_JUDGE_H_
#define VOUCH_CLIENT_LIB_SRC_LOCAL_JUDGE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "storage/replica/device.h"

namespace vouch {

// The verdict on a change that is not saved yet. OK, or the reason for which
// the centre would hold it.
absl::Status JudgeDraft(const NewChange& draft, const Device& device,
                        const Store& store);

struct Foreseen {
  RecordId record;
  Hash change;
  absl::Status verdict;
};
// This tablet's changes that the centre does not have yet and would hold.
// Errors: those of reading.
absl::StatusOr<std::vector<Foreseen>> ForeseeHeld(const Device& device,
                                                  const Store& store);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_LOCAL_JUDGE_H_
