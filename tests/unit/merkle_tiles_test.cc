// The tiled tree: as the plain one at every size, after every reopening, and
// with damaged or missing tiles noticed.
#include "sync/core/merkle_tiles.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using Proof = std::vector<Hash>;

Hash MakeLeaf(uint64_t i) { return LeafHash(absl::StrCat("leaf ", i)); }

// Tiles as a store keeps them, and the reads it served.
struct TileMap {
  std::map<std::string, std::string> tiles;
  mutable int reads = 0;

  TileGet Get() const {
    return [this](absl::string_view key) -> absl::StatusOr<std::string> {
      ++reads;
      auto it = tiles.find(std::string(key));
      if (it == tiles.end()) return Error(Reason::kNotFound, "no such tile");
      return it->second;
    };
  }
  void Store(TiledTree& tree) {
    for (Tile& tile : tree.TakeDirtyTiles()) {
      tiles[tile.key] = std::move(tile.value);
    }
  }
};

TiledTree OpenOrDie(uint64_t size, const TileMap& store) {
  absl::StatusOr<TiledTree> tree = TiledTree::Open(size, store.Get());
  EXPECT_TRUE(tree.ok()) << tree.status();
  return *std::move(tree);
}

// A stored tree of `size` leaves.
TileMap Filled(uint64_t size) {
  TileMap store;
  TiledTree tree = OpenOrDie(0, store);
  for (uint64_t i = 0; i < size; ++i) tree.Append(MakeLeaf(i));
  store.Store(tree);
  return store;
}

CompactRange PlainRange(uint64_t size) {
  CompactRange range;
  for (uint64_t i = 0; i < size; ++i) range.Append(MakeLeaf(i));
  return range;
}

TEST(TiledTree, EverySizeUpTo600HasThePlainRootWhetherStoredOrNot) {
  TileMap store;
  TiledTree tree = OpenOrDie(0, store);
  CompactRange plain;
  for (uint64_t size = 0; size <= 600; ++size) {
    ASSERT_EQ(tree.size(), size);
    ASSERT_EQ(tree.Root(), plain.Root());
    ASSERT_EQ(*RootAt(tree, size), plain.Root()) << size;
    if (size % 37 == 0) store.Store(tree);
    tree.Append(MakeLeaf(size));
    plain.Append(MakeLeaf(size));
  }
}

TEST(TiledTree, ReopenedAfterEveryLeafItGoesOnAsIfNeverClosed) {
  TileMap store;
  CompactRange plain;
  for (uint64_t size = 0; size < 600; ++size) {
    TiledTree tree = OpenOrDie(size, store);
    ASSERT_EQ(tree.Root(), plain.Root()) << size;
    tree.Append(MakeLeaf(size));
    plain.Append(MakeLeaf(size));
    ASSERT_EQ(tree.Root(), plain.Root()) << size;
    store.Store(tree);
  }
}

TEST(TiledTree, ThreeTileLevelsReopenInBatchesOfAnySize) {
  constexpr uint64_t kSize = 66'000;  // above 256^2
  TileMap store;
  CompactRange plain;
  std::mt19937_64 random(11);
  uint64_t size = 0;
  while (size < kSize) {
    TiledTree tree = OpenOrDie(size, store);
    ASSERT_EQ(tree.Root(), plain.Root()) << size;
    for (int batch = 0; batch < 3 && size < kSize; ++batch) {
      for (uint64_t n = random() % 2500; n > 0 && size < kSize; --n, ++size) {
        tree.Append(MakeLeaf(size));
        plain.Append(MakeLeaf(size));
      }
      store.Store(tree);
    }
  }
  EXPECT_EQ(OpenOrDie(size, store).Root(), plain.Root());
  EXPECT_EQ(*RootAt(TileReader(size, store.Get()), size), plain.Root());
  EXPECT_EQ(store.tiles.count(TileKey(2, 0)), 1u);
  EXPECT_EQ(store.tiles[TileKey(2, 0)].size(), 32u);
}

TEST(TiledTree, ProofsOverTilesVerifyAtAnySize) {
  constexpr uint64_t kSize = 66'000;
  const TileMap store = Filled(kSize);
  TileReader reader(kSize, store.Get());
  const Hash root = PlainRange(kSize).Root();
  std::mt19937_64 random(13);
  for (int round = 0; round < 200; ++round) {
    const uint64_t index = random() % kSize;
    absl::StatusOr<Proof> proof = InclusionProof(reader, index, kSize);
    ASSERT_TRUE(proof.ok()) << proof.status();
    ASSERT_TRUE(
        VerifyInclusion(MakeLeaf(index), index, kSize, *proof, root).ok());
    const uint64_t from = random() % kSize;
    proof = ConsistencyProof(reader, from, kSize);
    ASSERT_TRUE(proof.ok()) << proof.status();
    ASSERT_TRUE(
        VerifyConsistency(from, *RootAt(reader, from), kSize, root, *proof)
            .ok());
    CompactRange range;
    ASSERT_TRUE(
        range.AppendSubtrees(from, *RangeSubtrees(reader, 0, from)).ok());
    ASSERT_TRUE(
        range.AppendSubtrees(kSize, *RangeSubtrees(reader, from, kSize)).ok());
    ASSERT_EQ(range.Root(), root);
  }
}

TEST(TiledTree, AReaderOfAnOlderSizeReadsNewerTiles) {
  const TileMap store = Filled(700);
  for (uint64_t size : {1, 255, 256, 257, 511, 512, 699}) {
    TileReader reader(size, store.Get());
    EXPECT_EQ(*RootAt(reader, size), PlainRange(size).Root()) << size;
    EXPECT_EQ(ReasonOf(reader.Node(0, size).status()), Reason::kNotFound);
    // So does a tree, which then rewrites what lies beyond.
    TileMap copy = store;
    TiledTree tree = OpenOrDie(size, copy);
    EXPECT_EQ(tree.Root(), PlainRange(size).Root());
    tree.Append(LeafHash("another"));
    copy.Store(tree);
    EXPECT_EQ(OpenOrDie(size + 1, copy).Root(), tree.Root());
  }
}

TEST(TiledTree, KeysSortAndValuesAreTheHashes) {
  const TileMap store = Filled(258);
  ASSERT_EQ(store.tiles.size(), 3u);
  EXPECT_EQ(TileKey(0, 1), std::string("\0\0\0\0\0\0\0\0\x01", 9));
  EXPECT_EQ(store.tiles.at(TileKey(0, 1)),
            MakeLeaf(256).Bytes() + MakeLeaf(257).Bytes());
  EXPECT_EQ(store.tiles.at(TileKey(1, 0)), PlainRange(256).Root().Bytes());
  EXPECT_LT(TileKey(0, 255), TileKey(0, 256));
  EXPECT_LT(TileKey(0, ~uint64_t{0}), TileKey(1, 0));
}

TEST(TiledTree, OnlyChangedTilesAreTaken) {
  TileMap store = Filled(1000);
  TiledTree tree = OpenOrDie(1000, store);
  EXPECT_TRUE(tree.TakeDirtyTiles().empty());
  tree.Append(MakeLeaf(1000));
  std::vector<Tile> dirty = tree.TakeDirtyTiles();
  ASSERT_EQ(dirty.size(), 1u);
  EXPECT_EQ(dirty[0].key, TileKey(0, 3));
  EXPECT_EQ(dirty[0].value.size(), (1001 - 3 * 256) * Hash::kSize);
  EXPECT_TRUE(tree.TakeDirtyTiles().empty());
}

// Between handing tiles out and the end of the write, the store has them not.
TEST(TiledTree, TilesOnTheirWayToTheStoreAreStillSeen) {
  TileMap store;
  TiledTree tree = OpenOrDie(0, store);
  for (uint64_t i = 0; i < 600; ++i) tree.Append(MakeLeaf(i));
  const std::vector<Tile> on_the_way = tree.TakeDirtyTiles();
  for (uint64_t i = 600; i < 1000; ++i) tree.Append(MakeLeaf(i));
  for (uint64_t i = 0; i < 1000; ++i) ASSERT_EQ(*tree.Node(0, i), MakeLeaf(i));
  EXPECT_EQ(*RootAt(tree, 1000), PlainRange(1000).Root());
  EXPECT_EQ(store.reads, 0);
}

TEST(TiledTree, MissingAndShortTilesAreCorruption) {
  const TileMap good = Filled(66'000);
  for (const auto& [key, value] : good.tiles) {
    if (key != TileKey(0, 0) && key != TileKey(0, 257) &&
        key != TileKey(1, 1) && key != TileKey(2, 0)) {
      continue;
    }
    const bool is_edge = key != TileKey(0, 0);
    for (int damage = 0; damage < 3; ++damage) {
      TileMap bad = good;
      if (damage == 0) bad.tiles.erase(key);
      if (damage == 1) bad.tiles[key].resize(value.size() - Hash::kSize);
      if (damage == 2) bad.tiles[key].push_back('x');
      if (is_edge) {
        EXPECT_EQ(ReasonOf(TiledTree::Open(66'000, bad.Get()).status()),
                  Reason::kStoreCorrupted);
        EXPECT_EQ(
            ReasonOf(RootAt(TileReader(66'000, bad.Get()), 66'000).status()),
            Reason::kStoreCorrupted);
        continue;
      }
      TileReader reader(66'000, bad.Get());
      EXPECT_EQ(ReasonOf(reader.Node(0, 255).status()),
                Reason::kStoreCorrupted);
      EXPECT_EQ(ReasonOf(OpenOrDie(66'000, bad).Node(0, 255).status()),
                Reason::kStoreCorrupted);
    }
  }
  EXPECT_EQ(ReasonOf(TiledTree::Open(~uint64_t{0}, good.Get()).status()),
            Reason::kStoreCorrupted);
}

TEST(TiledTree, AFlippedBitInAnEdgeTileChangesTheRoot) {
  TileMap store = Filled(700);
  const Hash root = OpenOrDie(700, store).Root();
  store.tiles[TileKey(0, 2)][100] ^= 1;
  EXPECT_NE(OpenOrDie(700, store).Root(), root);
}

TEST(TiledTree, AFailingStoreIsReportedAsItself) {
  TileGet broken = [](absl::string_view) -> absl::StatusOr<std::string> {
    return Error(Reason::kStoreIo, "read failed");
  };
  EXPECT_EQ(ReasonOf(TiledTree::Open(5, broken).status()), Reason::kStoreIo);
  EXPECT_EQ(ReasonOf(TileReader(5, broken).Node(0, 0).status()),
            Reason::kStoreIo);
}

TEST(TiledTree, AProofReadsEachTileOnce) {
  const TileMap store = Filled(66'000);
  TileReader reader(66'000, store.Get());
  store.reads = 0;
  ASSERT_TRUE(InclusionProof(reader, 12'345, 66'000).ok());
  // The leaf's own tiles on two levels, and the last ones of two.
  EXPECT_EQ(store.reads, 4);
}

TEST(TiledTree, NodesBeyondTheTreeAreNotFound) {
  const TileMap store = Filled(300);
  TiledTree tree = OpenOrDie(300, store);
  TileReader reader(300, store.Get());
  const HashReader* readers[] = {&tree, &reader};
  for (const HashReader* r : readers) {
    EXPECT_TRUE(r->Node(8, 0).ok());
    for (auto [level, index] :
         std::vector<std::pair<int, uint64_t>>{{-1, 0},
                                               {0, 300},
                                               {8, 1},
                                               {9, 0},
                                               {62, 0},
                                               {63, 0},
                                               {64, 0},
                                               {0, ~uint64_t{0}},
                                               {7, ~uint64_t{0}}}) {
      EXPECT_EQ(ReasonOf(r->Node(level, index).status()), Reason::kNotFound)
          << level << "/" << index;
    }
  }
}

}  // namespace
}  // namespace vouch
