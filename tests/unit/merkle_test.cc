// The Merkle tree against the RFC's recursive definitions, its published
// vectors, and every proof of the small trees with every hash, size and root
// of it tampered with.
#include "sync/core/merkle.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "tests/support/rfc_tree.h"

namespace vouch {
namespace {

// PATH of 2.1.3.1.
Proof RfcPath(size_t m, Leaves d) {
  if (d.size() <= 1) return {};
  const size_t k = RfcSplit(d.size());
  Proof path = m < k ? RfcPath(m, d.first(k)) : RfcPath(m - k, d.subspan(k));
  path.push_back(RfcRoot(m < k ? d.subspan(k) : d.first(k)));
  return path;
}

// SUBPROOF of 2.1.4.1.
Proof RfcSubproof(size_t m, Leaves d, bool whole) {
  if (m == d.size()) return whole ? Proof{} : Proof{RfcRoot(d)};
  const size_t k = RfcSplit(d.size());
  Proof path = m <= k ? RfcSubproof(m, d.first(k), whole)
                      : RfcSubproof(m - k, d.subspan(k), false);
  path.push_back(RfcRoot(m <= k ? d.subspan(k) : d.first(k)));
  return path;
}

// The sides, from the top, of the hashes in the proof for the subtree that
// ends at leaf `end` and, for an inclusion proof, is that leaf alone.
std::string Shape(size_t end, size_t size, bool leaf_alone) {
  if (leaf_alone ? size == 1 : end == size) return "";
  const size_t k = RfcSplit(size);
  return end <= k ? "R" + Shape(end, k, leaf_alone)
                  : "L" + Shape(end - k, size - k, leaf_alone);
}

Proof FromHex(std::vector<std::string> hex) {
  Proof out;
  for (const std::string& h : hex) out.push_back(*Hash::FromHex(h));
  return out;
}

#define EXPECT_REFUSED(expr) \
  EXPECT_EQ(ReasonOf(expr), Reason::kProofInvalid) << #expr

// The reference inputs and roots of Certificate Transparency's tests.
const char* const kVectorInputs[] = {"",
                                     "00",
                                     "10",
                                     "2021",
                                     "3031",
                                     "40414243",
                                     "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f"};
const char* const kVectorRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Hash> VectorLeaves() {
  std::vector<Hash> leaves;
  for (const char* hex : kVectorInputs) {
    leaves.push_back(LeafHash(absl::HexStringToBytes(hex)));
  }
  return leaves;
}

TEST(Merkle, PublishedRoots) {
  const std::vector<Hash> leaves = VectorLeaves();
  MemoryTree tree(leaves);
  CompactRange range;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    EXPECT_EQ(range.Root().Hex(), kVectorRoots[size]);
    EXPECT_EQ(RootAt(tree, size)->Hex(), kVectorRoots[size]);
    if (size < leaves.size()) range.Append(leaves[size]);
  }
  EXPECT_EQ(EmptyRoot().Hex(), kVectorRoots[0]);
}

TEST(Merkle, PublishedProofs) {
  const std::vector<Hash> leaves = VectorLeaves();
  MemoryTree tree(leaves);
  EXPECT_EQ(
      *InclusionProof(tree, 0, 8),
      FromHex(
          {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
           "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
           "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e"
           "4"}));
  EXPECT_EQ(
      *ConsistencyProof(tree, 6, 8),
      FromHex(
          {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
           "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
           "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b"
           "7"}));
}

TEST(Merkle, EveryRootUpTo300MatchesTheRecursiveDefinition) {
  const std::vector<Hash> leaves = MakeLeaves(300);
  MemoryTree tree(leaves);
  CompactRange range;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    const Hash expected = RfcRoot(Leaves(leaves).first(size));
    ASSERT_EQ(range.size(), size);
    ASSERT_EQ(range.Root(), expected) << size;
    ASSERT_EQ(*RootAt(tree, size), expected) << size;
    if (size < leaves.size()) range.Append(leaves[size]);
  }
}

TEST(Merkle, LargeRootsMatchTheRecursiveDefinition) {
  const std::vector<Hash> leaves = MakeLeaves(70'000);
  CompactRange range;
  for (size_t size = 1; size <= leaves.size(); ++size) {
    range.Append(leaves[size - 1]);
    if (size == 4095 || size == 4096 || size == 65'537 || size == 70'000) {
      EXPECT_EQ(range.Root(), RfcRoot(Leaves(leaves).first(size))) << size;
    }
  }
}

TEST(Merkle, ALeafNeverPassesForANode) {
  const std::vector<Hash> leaves = MakeLeaves(2);
  const std::string both = leaves[0].Bytes() + leaves[1].Bytes();
  EXPECT_NE(LeafHash(both), NodeHash(leaves[0], leaves[1]));
}

void ExpectTamperedInclusionRefused(Leaves leaves, size_t index, size_t size,
                                    const Proof& proof, const Hash& root) {
  const Hash& leaf = leaves[index];
  for (size_t i = 0; i < proof.size(); ++i) {
    Proof bad = proof;
    bad[i] = Flip(bad[i], 7 * i + size);
    EXPECT_REFUSED(VerifyInclusion(leaf, index, size, bad, root));
    bad = proof;
    bad.erase(bad.begin() + i);
    EXPECT_REFUSED(VerifyInclusion(leaf, index, size, bad, root));
    if (i == 0) continue;
    bad = proof;
    std::swap(bad[i], bad[i - 1]);
    EXPECT_REFUSED(VerifyInclusion(leaf, index, size, bad, root));
  }
  Proof longer = proof;
  longer.push_back(root);
  EXPECT_REFUSED(VerifyInclusion(leaf, index, size, longer, root));
  // Not even under the root that the longer climb arrives at.
  EXPECT_REFUSED(
      VerifyInclusion(leaf, index, size, longer, NodeHash(root, root)));
  EXPECT_REFUSED(VerifyInclusion(Flip(leaf, size), index, size, proof, root));
  EXPECT_REFUSED(VerifyInclusion(leaf, index, size, proof, Flip(root, index)));
  for (size_t other = 0; other <= size; ++other) {
    if (other == index) continue;
    EXPECT_REFUSED(VerifyInclusion(leaf, other, size, proof, root));
  }
  // A size under which the leaf's path has the same shape cannot show in the
  // proof; any other is refused.
  const std::string shape = Shape(index + 1, size, true);
  for (size_t other = 0; other <= leaves.size(); ++other) {
    const bool same = index < other && Shape(index + 1, other, true) == shape;
    EXPECT_EQ(VerifyInclusion(leaf, index, other, proof, root).ok(), same)
        << index << " of " << size << " as " << other;
  }
}

TEST(Merkle, EveryInclusionProofUpTo64HoldsAndNoTamperedOneDoes) {
  const std::vector<Hash> leaves = MakeLeaves(64);
  MemoryTree tree(leaves);
  for (size_t size = 1; size <= leaves.size(); ++size) {
    const Leaves part = Leaves(leaves).first(size);
    const Hash root = RfcRoot(part);
    for (size_t index = 0; index < size; ++index) {
      absl::StatusOr<Proof> proof = InclusionProof(tree, index, size);
      ASSERT_TRUE(proof.ok()) << proof.status();
      ASSERT_EQ(*proof, RfcPath(index, part));
      ASSERT_TRUE(
          VerifyInclusion(leaves[index], index, size, *proof, root).ok());
      ExpectTamperedInclusionRefused(leaves, index, size, *proof, root);
    }
  }
}

void ExpectTamperedConsistencyRefused(Leaves leaves, size_t from, size_t to,
                                      const Proof& proof) {
  const Hash old_root = RfcRoot(leaves.first(from));
  const Hash new_root = RfcRoot(leaves.first(to));
  for (size_t i = 0; i < proof.size(); ++i) {
    Proof bad = proof;
    bad[i] = Flip(bad[i], 5 * i + from);
    EXPECT_REFUSED(VerifyConsistency(from, old_root, to, new_root, bad));
    bad = proof;
    bad.erase(bad.begin() + i);
    EXPECT_REFUSED(VerifyConsistency(from, old_root, to, new_root, bad));
  }
  Proof longer = proof;
  longer.push_back(new_root);
  EXPECT_REFUSED(VerifyConsistency(from, old_root, to, new_root, longer));
  EXPECT_REFUSED(
      VerifyConsistency(from, Flip(old_root, to), to, new_root, proof));
  if (from != 0) {
    EXPECT_REFUSED(
        VerifyConsistency(from, old_root, to, Flip(new_root, from), proof));
  }
  for (size_t other = 0; other <= to + 1; ++other) {
    if (other == from) continue;
    EXPECT_REFUSED(VerifyConsistency(other, old_root, to, new_root, proof));
  }
  if (from == 0) return;
  const std::string shape = Shape(from, to, false);
  for (size_t other = 0; other <= leaves.size(); ++other) {
    const bool same = from <= other && Shape(from, other, false) == shape;
    EXPECT_EQ(VerifyConsistency(from, old_root, other, new_root, proof).ok(),
              same)
        << from << " to " << to << " as " << other;
  }
}

TEST(Merkle, EveryConsistencyProofUpTo64HoldsAndNoTamperedOneDoes) {
  const std::vector<Hash> leaves = MakeLeaves(64);
  MemoryTree tree(leaves);
  for (size_t to = 0; to <= leaves.size(); ++to) {
    const Leaves part = Leaves(leaves).first(to);
    const Hash new_root = RfcRoot(part);
    for (size_t from = 0; from <= to; ++from) {
      const Hash old_root = RfcRoot(part.first(from));
      absl::StatusOr<Proof> proof = ConsistencyProof(tree, from, to);
      ASSERT_TRUE(proof.ok()) << proof.status();
      ASSERT_EQ(*proof, from == 0 ? Proof{} : RfcSubproof(from, part, true));
      ASSERT_TRUE(VerifyConsistency(from, old_root, to, new_root, *proof).ok())
          << from << " to " << to;
      ExpectTamperedConsistencyRefused(leaves, from, to, *proof);
    }
  }
}

TEST(Merkle, ARewrittenHistoryIsNeverConsistent) {
  const std::vector<Hash> leaves = MakeLeaves(40);
  for (size_t changed = 0; changed < 24; ++changed) {
    std::vector<Hash> rewritten = leaves;
    rewritten[changed] = LeafHash("another");
    Proof proof = *ConsistencyProof(MemoryTree(rewritten), 24, 40);
    EXPECT_REFUSED(VerifyConsistency(24, RfcRoot(Leaves(leaves).first(24)), 40,
                                     RfcRoot(rewritten), proof));
  }
}

TEST(Merkle, HostileSizesAreRefused) {
  const Hash h = LeafHash("h");
  const Proof proof(70, h);
  const uint64_t max = ~uint64_t{0};
  EXPECT_REFUSED(VerifyInclusion(h, 0, 0, {}, h));
  EXPECT_REFUSED(VerifyInclusion(h, max, max, proof, h));
  EXPECT_REFUSED(VerifyInclusion(h, max - 1, max, proof, h));
  EXPECT_REFUSED(VerifyInclusion(h, 0, max, proof, h));
  EXPECT_REFUSED(VerifyConsistency(1, h, max, h, proof));
  EXPECT_REFUSED(VerifyConsistency(max - 1, h, max, h, proof));
  EXPECT_REFUSED(VerifyConsistency(2, h, 1, h, proof));
  EXPECT_REFUSED(VerifyConsistency(0, h, 1, h, {}));
  EXPECT_REFUSED(VerifyConsistency(1, h, 2, h, {}));
}

TEST(Merkle, ProofsBeyondTheTreeAreTypedErrors) {
  const std::vector<Hash> leaves = MakeLeaves(5);
  MemoryTree tree(leaves);
  EXPECT_EQ(ReasonOf(RootAt(tree, 6).status()), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(InclusionProof(tree, 5, 5).status()), Reason::kMalformed);
  EXPECT_EQ(ReasonOf(InclusionProof(tree, 0, 9).status()), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(ConsistencyProof(tree, 4, 3).status()),
            Reason::kMalformed);
  EXPECT_EQ(ReasonOf(RangeSubtrees(tree, 4, 3).status()), Reason::kMalformed);
  EXPECT_EQ(ReasonOf(RangeSubtrees(tree, 0, ~uint64_t{0}).status()),
            Reason::kMalformed);
}

TEST(Merkle, SubtreeLevelsAreAlignedMaximalAndCoverTheRange) {
  EXPECT_EQ(SubtreeLevels(0, 0), std::vector<int>{});
  EXPECT_EQ(SubtreeLevels(0, 7), (std::vector<int>{2, 1, 0}));
  EXPECT_EQ(SubtreeLevels(3, 16), (std::vector<int>{0, 2, 3}));
  EXPECT_EQ(SubtreeLevels(5, 3), std::vector<int>{});
  for (uint64_t begin = 0; begin <= 70; ++begin) {
    for (uint64_t end = begin; end <= 70; ++end) {
      uint64_t at = begin;
      for (int level : SubtreeLevels(begin, end)) {
        const uint64_t size = uint64_t{1} << level;
        ASSERT_EQ(at % size, 0u);
        const bool larger_fits = at % (2 * size) == 0 && at + 2 * size <= end;
        ASSERT_FALSE(larger_fits);
        at += size;
      }
      ASSERT_EQ(at, end);
    }
  }
}

}  // namespace
}  // namespace vouch
