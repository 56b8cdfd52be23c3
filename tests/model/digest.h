// Names for equal things: 128 bits of SHA-256, equal in every run. Two things
// of one name are taken for one, so whatever can make a difference goes in.
#ifndef VOUCH_TESTS_MODEL_DIGEST_H_
#define VOUCH_TESTS_MODEL_DIGEST_H_

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"

namespace vouch::model {

using Digest = std::pair<uint64_t, uint64_t>;

inline Digest DigestOf(absl::string_view bytes) {
  Hash hash = Sha256({bytes});
  Digest digest;
  std::memcpy(&digest.first, hash.data(), sizeof(digest.first));
  std::memcpy(&digest.second, hash.data() + 8, sizeof(digest.second));
  return digest;
}

inline ByteWriter& operator<<(ByteWriter& out, const Digest& digest) {
  out.U64(digest.first).U64(digest.second);
  return out;
}

// Keeps one of each of equal things, numbered from 0 in order of arrival.
template <typename T>
class Shelf {
 public:
  // The number of the thing of that name; `fresh` if it had none.
  uint32_t Put(const Digest& digest, T thing, bool* fresh = nullptr) {
    auto [at, added] =
        numbers_.try_emplace(digest, static_cast<uint32_t>(things_.size()));
    if (added) things_.push_back(std::make_unique<T>(std::move(thing)));
    if (fresh != nullptr) *fresh = added;
    return at->second;
  }
  const T& operator[](uint32_t number) const { return *things_[number]; }
  size_t size() const { return things_.size(); }

 private:
  absl::flat_hash_map<Digest, uint32_t> numbers_;
  std::vector<std::unique_ptr<T>> things_;
};

}  // namespace vouch::model

#endif  // VOUCH_TESTS_MODEL_DIGEST_H_
