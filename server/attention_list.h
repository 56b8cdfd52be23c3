// Pages through what needs a person: the conflicts, or the held changes, of
// every record that has some, in the order of Family::kConflict. A position is
// a record's key there and how many of its items were given already, so a page
// may end within a record.
#ifndef VOUCH_SERVER_ATTENTION_LIST_H_
#define VOUCH_SERVER_ATTENTION_LIST_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/replica/centre.h"
#include "storage/replica/materialiser.h"
#include "sync/base/record_view.h"

namespace vouch {

struct AttentionPage {
  std::string position;  // where the page begins; empty: at the start
  size_t size_max = 0;   // items
  size_t bytes_max = 0;  // as `give` counts them
  size_t rows_max = 0;   // records looked at
  // Whether this row can have such items and the caller may see them.
  std::function<bool(const AttentionRow&)> wanted;
  std::function<size_t(const RecordView&)> count;
  // Gives item `index` of the record; returns its size in bytes.
  std::function<size_t(const RecordView&, size_t index)> give;
};

// The position of the next page; empty after the last. Errors: STORE_*,
// PAGE_TOKEN_INVALID for a position that cannot be.
absl::StatusOr<std::string> ListAttention(const Centre& centre,
                                          const AttentionPage& page);

}  // namespace vouch

#endif  // VOUCH_SERVER_ATTENTION_LIST_H_
