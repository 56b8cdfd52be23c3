#include "server/page_token.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr size_t kCheckBytes = 12;
constexpr size_t kTokenBytesMax = 512;

}  // namespace

// The lengths are hashed too, so that no query and position run together. The
// key is fixed in length and hashed last, so the hash cannot be extended.
std::string PageTokens::CheckOf(absl::string_view query,
                                absl::string_view position) const {
  const std::string text =
      ByteWriter().Prefixed(query).Prefixed(position).Take();
  return std::string(HashOf("vouch.page-token.v1", {text, key_.view()})
                         .view()
                         .substr(0, kCheckBytes));
}

std::string PageTokens::Make(absl::string_view query,
                             absl::string_view position) const {
  return absl::WebSafeBase64Escape(
      absl::StrCat(CheckOf(query, position), position));
}

absl::StatusOr<std::string> PageTokens::Read(absl::string_view query,
                                             absl::string_view token) const {
  if (token.empty()) return std::string();
  std::string bytes;
  if (token.size() <= kTokenBytesMax &&
      absl::WebSafeBase64Unescape(token, &bytes) &&
      bytes.size() > kCheckBytes) {
    const std::string position = bytes.substr(kCheckBytes);
    const std::string check = CheckOf(query, position);
    if (CRYPTO_memcmp(bytes.data(), check.data(), kCheckBytes) == 0) {
      return position;
    }
  }
  return Error(Reason::kPageTokenInvalid,
               "the page token is not of this query; start again without one");
}

absl::StatusOr<size_t> PageSizeOf(int32_t asked) {
  if (asked < 0) {
    return Error(Reason::kMalformed, "page_size is negative");
  }
  if (asked == 0) return kPageSizeDefault;
  return std::min(asked, kPageSizeMax);
}

}  // namespace vouch
