// The Merkle tree of RFC 6962 and 9162 (section 2.1) over SHA-256: roots,
// inclusion and consistency proofs, their verification, and the compact range
// with which a device follows a log without holding it.
//
//   CompactRange range;                                  // the device
//   range.Append(LeafHash(entry));                       // a leaf it holds
//   range.AppendSubtrees(end, hashes);                   // leaves it does not
//   if (range.Root() != head.root) …
//
//   auto proof = ConsistencyProof(reader, from, to);     // the server
//   VerifyConsistency(from, from_root, to, to_root, *proof);
//
// Node (level, index) is the root of the complete subtree over the leaves
// [index·2^level, (index+1)·2^level); level 0 holds the leaf hashes. All
// functions are pure; CompactRange is a value without locks.
#ifndef VOUCH_SYNC_CORE_MERKLE_H_
#define VOUCH_SYNC_CORE_MERKLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sync/base/ids.h"

namespace vouch {

// Leaves in one tree. Leaves spare bits, so that no sum of sizes overflows.
inline constexpr uint64_t kTreeSizeMax = uint64_t{1} << 62;

// SHA-256(0x00 ‖ leaf).
Hash LeafHash(absl::string_view leaf);
// SHA-256(0x01 ‖ left ‖ right).
Hash NodeHash(const Hash& left, const Hash& right);
// The root of the tree without leaves, SHA-256 of nothing.
Hash EmptyRoot();

// The levels of the maximal aligned complete subtrees that cover the leaves
// [begin, end), left to right: the order in which a tree of `begin` leaves can
// append them. Both sides compute it, so levels never travel. Empty if
// begin >= end; at most 2·62 otherwise.
std::vector<int> SubtreeLevels(uint64_t begin, uint64_t end);

// The roots of a tree's maximal complete subtrees, largest first: one per set
// bit of its size. Enough to append to the tree and to know its root.
class CompactRange {
 public:
  // Amortised one hash.
  void Append(const Hash& leaf_hash) { AppendSubtree(0, leaf_hash); }

  // Appends 2^level leaves of which only their root is known. The caller
  // ensures that size() is a multiple of 2^level, as the levels that
  // SubtreeLevels() gives are, and that kTreeSizeMax is kept.
  void AppendSubtree(int level, const Hash& hash) {
    AppendSubtree(level, hash, [](int, const Hash&) {});
  }

  // As above; calls visit(level, hash) for the subtree and then for every node
  // above it that the append completes, upwards.
  template <typename Visit>
  void AppendSubtree(int level, const Hash& hash, Visit&& visit) {
    CheckAppend(level);
    Hash node = hash;
    visit(level, node);
    for (int i = level; ((size_ >> i) & 1) != 0; ++i) {
      node = NodeHash(peaks_.back(), node);
      peaks_.pop_back();
      visit(i + 1, node);
    }
    peaks_.push_back(node);
    size_ += uint64_t{1} << level;
  }

  // Appends the leaves [size(), end) from a peer's RangeSubtrees(). Error
  // MALFORMED, with nothing appended, if `end` is out of range or the number
  // of hashes is not what SubtreeLevels() asks for.
  absl::Status AppendSubtrees(uint64_t end, absl::Span<const Hash> hashes);

  uint64_t size() const { return size_; }
  // O(log size) hashes.
  Hash Root() const;

  // u8 version = 1, varint size, then the hashes, largest subtree first. Each
  // range has one encoding.
  std::string Encode() const;
  // Errors: VERSION_UNKNOWN, MALFORMED.
  static absl::StatusOr<CompactRange> Decode(absl::string_view bytes);

  friend bool operator==(const CompactRange& a, const CompactRange& b) {
    return a.size_ == b.size_ && a.peaks_ == b.peaks_;
  }

 private:
  void CheckAppend(int level) const;

  uint64_t size_ = 0;
  std::vector<Hash> peaks_;
};

// The nodes of a stored tree. Implementations say which thread may call.
class HashReader {
 public:
  virtual ~HashReader() = default;
  // Error NOT_FOUND if the tree does not hold the whole subtree.
  virtual absl::StatusOr<Hash> Node(int level, uint64_t index) const = 0;
};

// Each reads O(log size) nodes. Errors: MALFORMED for arguments out of order,
// else the reader's own, NOT_FOUND for a size beyond its tree among them.
absl::StatusOr<Hash> RootAt(const HashReader& reader, uint64_t size);
// From the leaf's sibling up to below the root. index < size.
absl::StatusOr<std::vector<Hash>> InclusionProof(const HashReader& reader,
                                                 uint64_t index, uint64_t size);
// Empty if from is 0 or equals to. from <= to.
absl::StatusOr<std::vector<Hash>> ConsistencyProof(const HashReader& reader,
                                                   uint64_t from, uint64_t to);
// The hashes of the subtrees of SubtreeLevels(begin, end). begin <= end.
absl::StatusOr<std::vector<Hash>> RangeSubtrees(const HashReader& reader,
                                                uint64_t begin, uint64_t end);

// The verifiers of RFC 9162, 2.1.3.2 and 2.1.4.2; error PROOF_INVALID unless
// the proof holds. Sizes must come from the same signed head as their roots:
// trees of several sizes can share the shape of one proof, so a proof alone
// does not show the size.
absl::Status VerifyInclusion(const Hash& leaf_hash, uint64_t index,
                             uint64_t size, absl::Span<const Hash> proof,
                             const Hash& root);
// Every tree extends the empty one, whose root must be EmptyRoot().
absl::Status VerifyConsistency(uint64_t from, const Hash& from_root,
                               uint64_t to, const Hash& to_root,
                               absl::Span<const Hash> proof);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_MERKLE_H_
