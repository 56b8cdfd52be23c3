// The compact range: the frontier of a tree, grown by leaves and subtrees.
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sync/base/codec.h"
#include "sync/core/merkle.h"
#include "tests/support/rfc_tree.h"

namespace vouch {
namespace {

TEST(CompactRange, LeavesAndSubtreesInAnyMixGiveTheSameTree) {
  const std::vector<Hash> leaves = MakeLeaves(100);
  MemoryTree tree(leaves);
  CompactRange plain;
  for (const Hash& leaf : leaves) plain.Append(leaf);
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    CompactRange mixed;
    while (mixed.size() < leaves.size()) {
      const uint64_t size = mixed.size();
      if (random() % 2 == 0) {
        mixed.Append(leaves[size]);
        continue;
      }
      const uint64_t end = size + random() % (leaves.size() - size + 1);
      const Proof hashes = *RangeSubtrees(tree, size, end);
      ASSERT_TRUE(mixed.AppendSubtrees(end, hashes).ok());
      ASSERT_EQ(mixed.size(), end);
      ASSERT_EQ(mixed.Root(), RfcRoot(Leaves(leaves).first(end)));
    }
    ASSERT_EQ(mixed, plain);
  }
}

TEST(CompactRange, AWrongSubtreeHashGivesAnotherRoot) {
  const std::vector<Hash> leaves = MakeLeaves(21);
  Proof hashes = *RangeSubtrees(MemoryTree(leaves), 0, 21);
  for (size_t i = 0; i < hashes.size(); ++i) {
    Proof bad = hashes;
    bad[i] = Flip(bad[i], 9);
    CompactRange range;
    ASSERT_TRUE(range.AppendSubtrees(21, bad).ok());
    EXPECT_NE(range.Root(), RfcRoot(leaves));
  }
}

TEST(CompactRange, AWrongNumberOfSubtreesAppendsNothing) {
  const std::vector<Hash> leaves = MakeLeaves(13);
  CompactRange range;
  for (size_t i = 0; i < 3; ++i) range.Append(leaves[i]);
  const CompactRange before = range;
  Proof hashes = *RangeSubtrees(MemoryTree(leaves), 3, 13);
  hashes.pop_back();
  EXPECT_EQ(ReasonOf(range.AppendSubtrees(13, hashes)), Reason::kMalformed);
  EXPECT_EQ(ReasonOf(range.AppendSubtrees(2, {})), Reason::kMalformed);
  EXPECT_EQ(ReasonOf(range.AppendSubtrees(~uint64_t{0}, hashes)),
            Reason::kMalformed);
  EXPECT_EQ(range, before);
  EXPECT_TRUE(range.AppendSubtrees(3, {}).ok());
  EXPECT_EQ(range, before);
}

TEST(CompactRange, UnalignedSubtreeEndsTheProcess) {
  CompactRange range;
  range.Append(LeafHash("a"));
  EXPECT_DEATH(range.AppendSubtree(1, LeafHash("b")), "check failed");
}

TEST(CompactRange, ReachesTheGreatestSize) {
  CompactRange range;
  ASSERT_TRUE(range.AppendSubtrees(kTreeSizeMax, {LeafHash("all")}).ok());
  EXPECT_EQ(range.size(), kTreeSizeMax);
  EXPECT_EQ(range.Root(), LeafHash("all"));
  EXPECT_EQ(*CompactRange::Decode(range.Encode()), range);
}

TEST(CompactRange, EncodingRoundTripsAndGoesOn) {
  const std::vector<Hash> leaves = MakeLeaves(131);
  CompactRange range;
  for (const Hash& leaf : leaves) {
    absl::StatusOr<CompactRange> decoded = CompactRange::Decode(range.Encode());
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_EQ(*decoded, range);
    decoded->Append(leaf);
    range.Append(leaf);
    ASSERT_EQ(decoded->Root(), range.Root());
  }
}

TEST(CompactRange, EncodingIsTheOneWritten) {
  CompactRange range;
  EXPECT_EQ(range.Encode(), std::string("\x01\x00", 2));
  const std::vector<Hash> leaves = MakeLeaves(3);
  for (const Hash& leaf : leaves) range.Append(leaf);
  EXPECT_EQ(
      range.Encode(),
      "\x01\x03" + NodeHash(leaves[0], leaves[1]).Bytes() + leaves[2].Bytes());
}

TEST(CompactRange, DecodeRefusesEverythingElse) {
  CompactRange range;
  for (const Hash& leaf : MakeLeaves(3)) range.Append(leaf);
  const std::string bytes = range.Encode();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ReasonOf(CompactRange::Decode(bytes.substr(0, size)).status()),
              Reason::kMalformed)
        << size;
  }
  EXPECT_EQ(ReasonOf(CompactRange::Decode(bytes + "x").status()),
            Reason::kMalformed);
  EXPECT_EQ(ReasonOf(CompactRange::Decode("\x02" + bytes.substr(1)).status()),
            Reason::kVersionUnknown);
  // The size 3 as a varint of two bytes.
  EXPECT_EQ(ReasonOf(CompactRange::Decode(std::string("\x01\x83\x00", 3) +
                                          bytes.substr(2))
                         .status()),
            Reason::kMalformed);
}

}  // namespace
}  // namespace vouch
