// The RFC's own recursive definition of the tree, to hold ours against.
#ifndef VOUCH_TESTS_SUPPORT_RFC_TREE_H_
#define VOUCH_TESTS_SUPPORT_RFC_TREE_H_

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/core/merkle.h"

namespace vouch {

using Leaves = absl::Span<const Hash>;
using Proof = std::vector<Hash>;

inline std::vector<Hash> MakeLeaves(size_t count) {
  std::vector<Hash> leaves;
  for (size_t i = 0; i < count; ++i) {
    leaves.push_back(LeafHash(absl::StrCat("leaf ", i)));
  }
  return leaves;
}

inline size_t RfcSplit(size_t size) {
  size_t k = 1;
  while (2 * k < size) k *= 2;
  return k;
}

// MTH of RFC 9162, 2.1.1, word for word.
inline Hash RfcRoot(Leaves d) {
  if (d.empty()) return Sha256({""});
  if (d.size() == 1) return d[0];
  const size_t k = RfcSplit(d.size());
  const Hash left = RfcRoot(d.first(k));
  const Hash right = RfcRoot(d.subspan(k));
  return Sha256({absl::string_view("\x01", 1), left.view(), right.view()});
}

class MemoryTree : public HashReader {
 public:
  explicit MemoryTree(Leaves leaves) : leaves_(leaves) {}
  absl::StatusOr<Hash> Node(int level, uint64_t index) const override {
    const uint64_t size = uint64_t{1} << level;
    if ((index + 1) * size > leaves_.size()) {
      return Error(Reason::kNotFound, "beyond the tree");
    }
    return RfcRoot(leaves_.subspan(index * size, size));
  }

 private:
  Leaves leaves_;
};

inline Hash Flip(Hash hash, size_t bit) {
  hash.data()[bit / 8 % Hash::kSize] ^= static_cast<uint8_t>(1 << (bit % 8));
  return hash;
}

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_RFC_TREE_H_
