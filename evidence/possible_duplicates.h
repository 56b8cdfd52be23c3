// Records that may be the same work written twice. After a tablet was put back
// to a copy of itself, its person types again what seems to be lost; then what
// was lost comes back from the centre, and there are two. Both are kept, both
// count, and nothing is ever merged: a person is shown the pair and discards or
// withdraws one, or neither.
//
//   PossibleDuplicates found = FindPossibleDuplicates(views);
//   for (const DuplicatePair& pair : found.pairs) … pair.first, pair.second …
//
// Two records are a pair if they are of the same kind, in the same scope, first
// written by the same person, neither of them discarded or withdrawn, and
//   - their texts are equal, whatever their dates; or
//   - their texts are alike by kLikenessPercentMin, and they do not say that
//     they were more than kDatesApartMsMax apart.
// The text of a record is that of its paragraphs, or of its text fields if its
// kind has no paragraphs. It is read as words: runs of ASCII letters and digits
// (in lower case) and of bytes above 127, the rest being between words. Texts
// are equal if their words are, in order. The likeness of two texts is the
// share of neighbouring word pairs that both have among those that either has
// (Jaccard), in whole per cent, rounded down. A record that gives no time
// agrees with any; records with a key, registrations, records without a text
// and those of a newer app are in no pair.
//
// The result depends on the set of views alone, not on their order. Pure; any
// thread.
#ifndef VOUCH_EVIDENCE_POSSIBLE_DUPLICATES_H_
#define VOUCH_EVIDENCE_POSSIBLE_DUPLICATES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "sync/base/record_view.h"

namespace vouch {

// Two words in twenty written differently still reach it.
inline constexpr uint32_t kLikenessPercentMin = 60;
// A day, for a date remembered wrongly.
inline constexpr int64_t kDatesApartMsMax = int64_t{24} * 3600 * 1000;
// Of a longer text the words after these do not make it more or less alike;
// equal texts are equal throughout.
inline constexpr size_t kComparedWordsMax = 1000;
// Pairs whose texts are compared in one call: with the bound on words some
// 40 million steps. The newest records go first.
inline constexpr size_t kComparedPairsMax = 20'000;

struct DuplicatePair {
  RecordId first;  // below second
  RecordId second;
  uint32_t likeness_percent = 0;  // 100 also if only the order differs
};

struct PossibleDuplicates {
  std::vector<DuplicatePair> pairs;  // by first, then second
  // False: there was more to compare than kComparedPairsMax, and the oldest
  // records were left out.
  bool complete = true;
};

PossibleDuplicates FindPossibleDuplicates(absl::Span<const RecordView> records);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_POSSIBLE_DUPLICATES_H_
