// Page tokens that only the query which made them can read: the position in
// the list, bound to the call, the caller and the filter by a keyed hash.
//
//   PageTokens tokens(random);
//   std::string token = tokens.Make(query, position);
//   VOUCH_ASSIGN_OR_RETURN(std::string position, tokens.Read(query, token));
//
// The key lives as long as the process: after a restart a listing starts
// again. Thread-safe.
#ifndef VOUCH_SERVER_PAGE_TOKEN_H_
#define VOUCH_SERVER_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/base/clock.h"
#include "sync/base/sign.h"

namespace vouch {

inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 500;

class PageTokens {
 public:
  explicit PageTokens(Random* random) : key_(SealKey::Generate(*random)) {}

  // `query` names the call, its caller and filters.
  std::string Make(absl::string_view query, absl::string_view position) const;
  // Empty for an empty token: the first page. Errors: PAGE_TOKEN_INVALID.
  absl::StatusOr<std::string> Read(absl::string_view query,
                                   absl::string_view token) const;

 private:
  std::string CheckOf(absl::string_view query,
                      absl::string_view position) const;

  const SealKey key_;
};

// Errors: MALFORMED for a negative size. 0 is the default; above the limit is
// the limit (AIP-158).
absl::StatusOr<size_t> PageSizeOf(int32_t asked);

}  // namespace vouch

#endif  // VOUCH_SERVER_PAGE_TOKEN_H_
