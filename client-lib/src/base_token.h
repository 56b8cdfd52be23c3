// A base token: where a record stood when a person looked at it, as the end of
// what was there and what of it did not take effect. From it the view that was
// shown is folded again, whatever has arrived since. Any thread.
#ifndef VOUCH_CLIENT_LIB_SRC_BASE_TOKEN_H_
#define VOUCH_CLIENT_LIB_SRC_BASE_TOKEN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sync/base/ids.h"
#include "sync/base/record_view.h"
#include "sync/core/fold.h"

namespace vouch {

struct Base {
  RecordId record;
  std::vector<Hash> frontier;
  std::vector<Hash> held;  // changes that took no effect then
};

Base BaseOf(const RecordView& view);
// After a change that was made from `base`.
Base BaseAfter(const Base& base, const Hash& change);

// Printable: fit for a command line or a form.
std::string EncodeBase(const Base& base);
// Errors: MALFORMED.
absl::StatusOr<Base> DecodeBase(absl::string_view token);

// The view at `base`, from all changes of the record that are here. Errors:
// MALFORMED if the token speaks of changes that are not.
absl::StatusOr<RecordView> ViewAt(const Base& base,
                                  absl::Span<const FoldChange> changes);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_BASE_TOKEN_H_
