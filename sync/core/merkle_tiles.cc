#include "sync/core/merkle_tiles.h"

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr size_t kTileBytesMax = kTileHashesMax * Hash::kSize;

// Where a node is found: the root over 2^inner hashes of a tile.
struct Place {
  int tile_level;
  uint64_t tile_index;
  size_t first;
  int inner;

  size_t bytes_min() const {
    return (first + (size_t{1} << inner)) * Hash::kSize;
  }
};

// Error NOT_FOUND unless a tree of `size` leaves holds the whole subtree.
absl::StatusOr<Place> Locate(int level, uint64_t index, uint64_t size) {
  if (level < 0 || level > 62 || index >= (size >> level)) {
    return Error(Reason::kNotFound, "the tree does not hold this node yet");
  }
  Place place;
  place.tile_level = level / kTileLevels;
  place.inner = level % kTileLevels;
  const uint64_t hash_index = index << place.inner;
  place.tile_index = hash_index / kTileHashesMax;
  place.first = static_cast<size_t>(hash_index % kTileHashesMax);
  return place;
}

Hash HashAt(absl::string_view tile, size_t i) {
  return *Hash::FromBytes(tile.substr(i * Hash::kSize, Hash::kSize));
}

// The root over 2^inner hashes of the tile, from the first-th on.
Hash NodeInTile(absl::string_view tile, size_t first, int inner) {
  size_t count = size_t{1} << inner;
  if (count == 1) return HashAt(tile, first);
  std::array<Hash, kTileHashesMax / 2> row;
  count /= 2;
  for (size_t i = 0; i < count; ++i) {
    row[i] =
        NodeHash(HashAt(tile, first + 2 * i), HashAt(tile, first + 2 * i + 1));
  }
  for (; count > 1; count /= 2) {
    for (size_t i = 0; i < count / 2; ++i) {
      row[i] = NodeHash(row[2 * i], row[2 * i + 1]);
    }
  }
  return row[0];
}

// Reads a tile that must be there, with at least `bytes_min` bytes.
absl::StatusOr<std::string> GetTile(const TileGet& get, int tile_level,
                                    uint64_t index, size_t bytes_min) {
  absl::StatusOr<std::string> value = get(TileKey(tile_level, index));
  if (!value.ok() && !absl::IsNotFound(value.status())) return value;
  if (!value.ok() || value->size() < bytes_min ||
      value->size() > kTileBytesMax || value->size() % Hash::kSize != 0) {
    return Error(
        Reason::kStoreCorrupted,
        absl::StrCat("merkle tile ", tile_level, "/", index,
                     value.ok() ? " has the wrong size" : " is missing"));
  }
  return value;
}

}  // namespace

std::string TileKey(int tile_level, uint64_t index) {
  return ByteWriter().U8(static_cast<uint8_t>(tile_level)).U64(index).Take();
}

absl::StatusOr<Hash> TileReader::Node(int level, uint64_t index) const {
  VOUCH_ASSIGN_OR_RETURN(Place place, Locate(level, index, size_));
  std::optional<Cached>& cached = cache_[place.tile_level];
  if (!cached.has_value() || cached->index != place.tile_index ||
      cached->value.size() < place.bytes_min()) {
    VOUCH_ASSIGN_OR_RETURN(
        std::string value,
        GetTile(get_, place.tile_level, place.tile_index, place.bytes_min()));
    cached = Cached{place.tile_index, std::move(value)};
  }
  return NodeInTile(cached->value, place.first, place.inner);
}

absl::StatusOr<TiledTree> TiledTree::Open(uint64_t size, TileGet get) {
  if (size > kTreeSizeMax) {
    return Error(Reason::kStoreCorrupted, "the stored tree size is too large");
  }
  TiledTree tree(std::move(get));
  for (int shift = 0; shift < 64 && (size >> shift) != 0;
       shift += kTileLevels) {
    const uint64_t count = size >> shift;
    Edge edge;
    edge.index = count / kTileHashesMax;
    const size_t bytes =
        static_cast<size_t>(count % kTileHashesMax) * Hash::kSize;
    if (bytes != 0) {
      VOUCH_ASSIGN_OR_RETURN(edge.value, GetTile(tree.get_, shift / kTileLevels,
                                                 edge.index, bytes));
      edge.value.resize(bytes);
    }
    tree.edges_.push_back(std::move(edge));
  }
  // The bits of the size that belong to a tile level say which complete
  // subtrees its last tile holds, the largest first.
  for (size_t level = tree.edges_.size(); level-- > 0;) {
    const std::string& value = tree.edges_[level].value;
    const size_t count = value.size() / Hash::kSize;
    size_t first = 0;
    for (int inner = kTileLevels - 1; inner >= 0; --inner) {
      if (((count >> inner) & 1) == 0) continue;
      tree.range_.AppendSubtree(static_cast<int>(level) * kTileLevels + inner,
                                NodeInTile(value, first, inner));
      first += size_t{1} << inner;
    }
  }
  VOUCH_CHECK(tree.range_.size() == size);
  return tree;
}

void TiledTree::Append(const Hash& leaf_hash) {
  range_.AppendSubtree(0, leaf_hash, [this](int level, const Hash& hash) {
    if (level % kTileLevels == 0) AddToEdge(level / kTileLevels, hash);
  });
}

void TiledTree::AddToEdge(size_t tile_level, const Hash& hash) {
  if (tile_level == edges_.size()) edges_.emplace_back();
  Edge& edge = edges_[tile_level];
  if (edge.value.empty()) edge.value.reserve(kTileBytesMax);
  edge.value.append(hash.view().data(), Hash::kSize);
  edge.dirty = true;
  if (edge.value.size() < kTileBytesMax) return;
  full_.emplace(TileKey(static_cast<int>(tile_level), edge.index),
                std::move(edge.value));
  edge = Edge{edge.index + 1, {}, false};
}

absl::StatusOr<absl::string_view> TiledTree::FindTile(
    int tile_level, uint64_t index, std::string& scratch) const {
  const Edge& edge = edges_[tile_level];
  if (edge.index == index) return absl::string_view(edge.value);
  const std::string key = TileKey(tile_level, index);
  for (const auto* unstored : {&full_, &taken_}) {
    auto it = unstored->find(key);
    if (it != unstored->end()) return absl::string_view(it->second);
  }
  VOUCH_ASSIGN_OR_RETURN(scratch,
                         GetTile(get_, tile_level, index, kTileBytesMax));
  return absl::string_view(scratch);
}

absl::StatusOr<Hash> TiledTree::Node(int level, uint64_t index) const {
  VOUCH_ASSIGN_OR_RETURN(Place place, Locate(level, index, size()));
  std::string scratch;
  VOUCH_ASSIGN_OR_RETURN(absl::string_view tile,
                         FindTile(place.tile_level, place.tile_index, scratch));
  return NodeInTile(tile, place.first, place.inner);
}

std::vector<Tile> TiledTree::TakeDirtyTiles() {
  taken_ = std::exchange(full_, {});
  std::vector<Tile> tiles;
  for (const auto& [key, value] : taken_) tiles.push_back({key, value});
  for (size_t level = 0; level < edges_.size(); ++level) {
    Edge& edge = edges_[level];
    if (!edge.dirty) continue;
    tiles.push_back({TileKey(static_cast<int>(level), edge.index), edge.value});
    edge.dirty = false;
  }
  return tiles;
}

}  // namespace vouch
