// Compares two sets of changes without sending them: fingerprints of ranges of
// change hashes, parted further where they differ (rule 15, sync/README.md §8).
// The device asks, the centre answers; what comes out is what the centre
// lacks. What the device lacks, it pulls. Pure; one thread.
//
//   RangeComparison compare;                       // the device
//   auto request = compare.Begin(mine);
//   while (request->ranges_size() > 0) {
//     auto answer = AnswerRanges(theirs, *request);  // the centre
//     request = compare.Next(mine, *answer);
//   }
//   for (const Hash& hash : compare.lacking()) …
//
// A million equal changes cost under 400 bytes, one that differs under 2.5 kB
// and two round trips.
#ifndef VOUCH_SYNC_CORE_RANGES_H_
#define VOUCH_SYNC_CORE_RANGES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/base/ids.h"
#include "vouch/v1/sync_service.pb.h"

namespace vouch {

inline constexpr int kFirstPartBits = 4;  // the first question: 16 parts
inline constexpr int kPartBits = 6;       // every further one: 64
inline constexpr int kRangesMax = 64;     // in one message of the device
inline constexpr int kListedMax = 32;     // changes in a range that is listed
inline constexpr size_t kRangeFingerprintBytes = 12;
inline constexpr size_t kListedBytes = 16;

// The hashes that begin with the first `bits` of `prefix`.
struct HashPrefix {
  int bits = 0;  // 0 to 64
  uint64_t prefix = 0;
};

// The first and the end of the keys of a range, where keys are hashes; an empty
// end is past them all.
std::string BeginOf(const HashPrefix& range);
std::string EndOf(const HashPrefix& range);

// The changes that one side holds.
class HashSource {
 public:
  virtual ~HashSource() = default;
  // Visits those in the range, in any order. Errors: the store's.
  virtual absl::Status Visit(
      const HashPrefix& range,
      const std::function<void(const Hash&)>& visit) const = 0;
};

// The centre's side; keeps nothing between calls. Errors: MALFORMED (also for a
// range within another), TOO_LARGE (over kRangesMax ranges), the source's.
absl::StatusOr<v1::RangesDiffer> AnswerRanges(const HashSource& theirs,
                                              const v1::CompareRanges& request);

// The device's side, over one comparison.
class RangeComparison {
 public:
  // Each gives the next question; one without ranges ends the comparison.
  // Errors: MALFORMED for an answer to nothing that was asked, or given twice;
  // the source's.
  absl::StatusOr<v1::CompareRanges> Begin(const HashSource& mine);
  absl::StatusOr<v1::CompareRanges> Next(const HashSource& mine,
                                         const v1::RangesDiffer& answer);
  // What the centre lacks, as far as it is known; complete at the end.
  const std::vector<Hash>& lacking() const { return lacking_; }

 private:
  struct Asked {
    HashPrefix range;
    int part_bits = 0;  // 0: its changes were listed
  };
  absl::Status Take(const HashSource& mine, const v1::HashRange& answer);
  absl::StatusOr<v1::CompareRanges> Ask(const HashSource& mine);

  std::vector<HashPrefix> due_;  // ranges still to be asked about
  std::vector<Asked> asked_;
  std::vector<Hash> lacking_;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_RANGES_H_
