#include "sync/core/merkle.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "sync/base/check.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint8_t kRangeVersion = 1;

// The level of the largest aligned complete subtree that starts at `begin` and
// does not pass `end`. Expects begin < end.
int FirstSubtreeLevel(uint64_t begin, uint64_t end) {
  const int fits = std::bit_width(end - begin) - 1;
  return begin == 0 ? fits : std::min(fits, std::countr_zero(begin));
}

// The root of the tree whose peaks these are, largest first.
Hash FoldPeaks(absl::Span<const Hash> peaks) {
  if (peaks.empty()) return EmptyRoot();
  Hash root = peaks.back();
  for (size_t i = peaks.size() - 1; i-- > 0;) root = NodeHash(peaks[i], root);
  return root;
}

// MTH(D[begin:end]) of the RFC. Expects `begin` to be where a subtree of a
// larger tree starts, so that the subtrees of the range fall in size.
absl::StatusOr<Hash> RangeRoot(const HashReader& reader, uint64_t begin,
                               uint64_t end) {
  VOUCH_ASSIGN_OR_RETURN(std::vector<Hash> peaks,
                         RangeSubtrees(reader, begin, end));
  return FoldPeaks(peaks);
}

// Where the RFC splits [begin, end): the largest power of two below its size.
uint64_t Split(uint64_t begin, uint64_t end) {
  return begin + std::bit_floor(end - begin - 1);
}

// One step of a proof: takes the half that holds the target and leaves the
// root of the other one in `proof`.
absl::Status Descend(const HashReader& reader, bool left, uint64_t& begin,
                     uint64_t& end, std::vector<Hash>& proof) {
  const uint64_t middle = Split(begin, end);
  VOUCH_ASSIGN_OR_RETURN(Hash sibling, left ? RangeRoot(reader, middle, end)
                                            : RangeRoot(reader, begin, middle));
  proof.push_back(sibling);
  (left ? end : begin) = middle;
  return absl::OkStatus();
}

absl::Status ProofError(absl::string_view what) {
  return Error(Reason::kProofInvalid, what);
}

// The pair of node positions that both verifiers of the RFC climb with.
struct Climb {
  uint64_t node;  // on the path; the RFC's fn
  uint64_t last;  // rightmost of the level; the RFC's sn

  // Whether the next hash of the proof is to the left of the path.
  bool SiblingIsLeft() const { return (node & 1) != 0 || node == last; }
  void Up() {
    node >>= 1;
    last >>= 1;
  }
  // A rightmost node without a sibling stands for itself one level up.
  void SkipLevelsWithoutSibling() {
    while ((node & 1) == 0 && node != 0) Up();
  }
};

}  // namespace

Hash LeafHash(absl::string_view leaf) {
  return Sha256({absl::string_view("\x00", 1), leaf});
}

Hash NodeHash(const Hash& left, const Hash& right) {
  return Sha256({absl::string_view("\x01", 1), left.view(), right.view()});
}

Hash EmptyRoot() { return Sha256({}); }

std::vector<int> SubtreeLevels(uint64_t begin, uint64_t end) {
  std::vector<int> levels;
  while (begin < end) {
    levels.push_back(FirstSubtreeLevel(begin, end));
    begin += uint64_t{1} << levels.back();
  }
  return levels;
}

void CompactRange::CheckAppend(int level) const {
  VOUCH_CHECK(level >= 0 && level < 63);
  const uint64_t leaves = uint64_t{1} << level;
  VOUCH_CHECK(size_ % leaves == 0);
  VOUCH_CHECK(leaves <= kTreeSizeMax - size_);
}

absl::Status CompactRange::AppendSubtrees(uint64_t end,
                                          absl::Span<const Hash> hashes) {
  if (end < size_ || end > kTreeSizeMax) {
    return Error(Reason::kMalformed, "the range of subtrees ends out of range");
  }
  const std::vector<int> levels = SubtreeLevels(size_, end);
  if (levels.size() != hashes.size()) {
    return Error(Reason::kMalformed, "the number of subtree hashes is wrong");
  }
  for (size_t i = 0; i < levels.size(); ++i) {
    AppendSubtree(levels[i], hashes[i]);
  }
  return absl::OkStatus();
}

Hash CompactRange::Root() const { return FoldPeaks(peaks_); }

std::string CompactRange::Encode() const {
  ByteWriter writer;
  writer.U8(kRangeVersion).Varint(size_);
  for (const Hash& peak : peaks_) writer.Fixed(peak);
  return writer.Take();
}

absl::StatusOr<CompactRange> CompactRange::Decode(absl::string_view bytes) {
  ByteReader reader(bytes);
  const uint8_t version = reader.U8();
  if (reader.ok() && version != kRangeVersion) {
    return Error(Reason::kVersionUnknown, "compact range of another version");
  }
  CompactRange range;
  range.size_ = reader.Varint();
  if (range.size_ > kTreeSizeMax) {
    return Error(Reason::kMalformed, "compact range: bad size");
  }
  range.peaks_.resize(std::popcount(range.size_));
  for (Hash& peak : range.peaks_) peak = reader.Fixed<Hash>();
  if (!reader.Done()) {
    return Error(Reason::kMalformed, "compact range: bad length");
  }
  return range;
}

absl::StatusOr<Hash> RootAt(const HashReader& reader, uint64_t size) {
  return RangeRoot(reader, 0, size);
}

absl::StatusOr<std::vector<Hash>> InclusionProof(const HashReader& reader,
                                                 uint64_t index,
                                                 uint64_t size) {
  if (index >= size || size > kTreeSizeMax) {
    return Error(Reason::kMalformed, "inclusion: the leaf is not in the tree");
  }
  std::vector<Hash> proof;
  uint64_t begin = 0;
  uint64_t end = size;
  while (end - begin > 1) {
    const bool left = index < Split(begin, end);
    VOUCH_RETURN_IF_ERROR(Descend(reader, left, begin, end, proof));
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::StatusOr<std::vector<Hash>> ConsistencyProof(const HashReader& reader,
                                                   uint64_t from, uint64_t to) {
  if (from > to || to > kTreeSizeMax) {
    return Error(Reason::kMalformed, "consistency: the sizes are out of order");
  }
  std::vector<Hash> proof;
  if (from == 0) return proof;
  uint64_t begin = 0;
  uint64_t end = to;
  while (end != from) {
    const bool left = from <= Split(begin, end);
    VOUCH_RETURN_IF_ERROR(Descend(reader, left, begin, end, proof));
  }
  // The subtree that ends where the old tree ends. Where it is the old tree,
  // the verifier has its root already.
  if (begin != 0) {
    VOUCH_ASSIGN_OR_RETURN(Hash seed, RangeRoot(reader, begin, end));
    proof.push_back(seed);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::StatusOr<std::vector<Hash>> RangeSubtrees(const HashReader& reader,
                                                uint64_t begin, uint64_t end) {
  if (begin > end || end > kTreeSizeMax) {
    return Error(Reason::kMalformed, "subtrees: the range is out of order");
  }
  std::vector<Hash> hashes;
  for (int level : SubtreeLevels(begin, end)) {
    VOUCH_ASSIGN_OR_RETURN(Hash hash, reader.Node(level, begin >> level));
    hashes.push_back(hash);
    begin += uint64_t{1} << level;
  }
  return hashes;
}

absl::Status VerifyInclusion(const Hash& leaf_hash, uint64_t index,
                             uint64_t size, absl::Span<const Hash> proof,
                             const Hash& root) {
  if (index >= size) return ProofError("inclusion: no such leaf");
  Climb climb{index, size - 1};
  Hash hash = leaf_hash;
  for (const Hash& sibling : proof) {
    if (climb.last == 0) return ProofError("inclusion: too many hashes");
    if (climb.SiblingIsLeft()) {
      hash = NodeHash(sibling, hash);
      climb.SkipLevelsWithoutSibling();
    } else {
      hash = NodeHash(hash, sibling);
    }
    climb.Up();
  }
  if (climb.last != 0) return ProofError("inclusion: too few hashes");
  if (hash != root) return ProofError("inclusion: another root");
  return absl::OkStatus();
}

absl::Status VerifyConsistency(uint64_t from, const Hash& from_root,
                               uint64_t to, const Hash& to_root,
                               absl::Span<const Hash> proof) {
  if (from > to) return ProofError("consistency: sizes out of order");
  if (from == 0 || from == to) {
    if (!proof.empty()) return ProofError("consistency: too many hashes");
    if ((from == 0 && from_root != EmptyRoot()) ||
        (from == to && from_root != to_root)) {
      return ProofError("consistency: another root");
    }
    return absl::OkStatus();
  }
  if (proof.empty()) return ProofError("consistency: too few hashes");
  // An old tree that is one complete subtree is its own starting point.
  Hash old_hash = from_root;
  if (!std::has_single_bit(from)) {
    old_hash = proof.front();
    proof.remove_prefix(1);
  }
  Hash new_hash = old_hash;
  Climb climb{from - 1, to - 1};
  while ((climb.node & 1) != 0) climb.Up();
  for (const Hash& sibling : proof) {
    if (climb.last == 0) return ProofError("consistency: too many hashes");
    if (climb.SiblingIsLeft()) {
      old_hash = NodeHash(sibling, old_hash);
      new_hash = NodeHash(sibling, new_hash);
      climb.SkipLevelsWithoutSibling();
    } else {
      new_hash = NodeHash(new_hash, sibling);
    }
    climb.Up();
  }
  if (climb.last != 0) return ProofError("consistency: too few hashes");
  if (old_hash != from_root || new_hash != to_root) {
    return ProofError("consistency: another root");
  }
  return absl::OkStatus();
}

}  // namespace vouch
