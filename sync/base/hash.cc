#include "sync/base/hash.h"

#include <openssl/sha.h>

namespace vouch {
namespace {

// The low-level calls cost a third of EVP's on short inputs; they are marked
// deprecated in OpenSSL 3, not removed.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
class Hasher {
 public:
  Hasher() { SHA256_Init(&context_); }
  void Add(absl::string_view bytes) {
    SHA256_Update(&context_, bytes.data(), bytes.size());
  }
  Hash Finish() {
    Hash out;
    SHA256_Final(out.data(), &context_);
    return out;
  }

 private:
  SHA256_CTX context_;
};
#pragma GCC diagnostic pop

}  // namespace

Hash HashOf(absl::string_view tag,
            std::initializer_list<absl::string_view> parts) {
  Hasher hasher;
  hasher.Add(tag);
  hasher.Add(absl::string_view("\0", 1));
  for (absl::string_view part : parts) hasher.Add(part);
  return hasher.Finish();
}

Hash Sha256(std::initializer_list<absl::string_view> parts) {
  Hasher hasher;
  for (absl::string_view part : parts) hasher.Add(part);
  return hasher.Finish();
}

}  // namespace vouch
