// What two edits of one paragraph could come to together: a suggestion that a
// person settles a conflict with, never applied unasked.
//
//   SuggestMerge("He wired it.", "He wired it well.", "Sam wired it.")
//     → "Sam wired it well."
//
// Pure; any thread.
#ifndef VOUCH_SYNC_CORE_SUGGEST_H_
#define VOUCH_SYNC_CORE_SUGGEST_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace vouch {

// Words of one text. The comparison takes the product of two texts' words in
// time and in pairs of bytes: 8 MiB at most.
inline constexpr size_t kSuggestWordsMax = 2048;

// `a` and `b` are edits of `base`. Both edits where they touch different words;
// absent where they overlap or stand side by side, and for texts above
// kSuggestWordsMax. A word is what ASCII white space separates, so a suggestion
// never cuts a character.
std::optional<std::string> SuggestMerge(absl::string_view base,
                                        absl::string_view a,
                                        absl::string_view b);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_SUGGEST_H_
