// Which records a RecordQuery is about. Any thread; reads under the caller's
// lock.
#ifndef VOUCH_CLIENT_LIB_SRC_RECORD_FILTER_H_
#define VOUCH_CLIENT_LIB_SRC_RECORD_FILTER_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/replica/change_store.h"
#include "sync/base/record_view.h"
#include "vouch/client_types.h"

namespace vouch {

class RecordFilter {
 public:
  // Errors: KIND_UNKNOWN, MALFORMED (the page size, the registration's id).
  static absl::StatusOr<RecordFilter> Make(const RecordQuery& query);

  // The key ranges that hold all it can match, in order; one empty: all.
  const std::vector<std::string>& prefixes() const { return prefixes_; }

  // Reads the record through `view` only where that is needed.
  using ReadView = std::function<absl::StatusOr<RecordView>()>;
  absl::StatusOr<bool> Matches(const RecordSummaryRow& row,
                               const ReadView& view) const;

 private:
  absl::StatusOr<bool> InTime(const RecordSummaryRow& row,
                              const ReadView& view) const;

  uint32_t kind_ = 0;  // 0: all
  std::string state_;
  int64_t from_ms_ = 0;
  int64_t to_ms_ = 0;  // 0: no end
  std::vector<std::string> words_;
  std::vector<std::string> prefixes_;
};

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_RECORD_FILTER_H_
