// A Merkle tree kept in tiles of 256 hashes, so that a log of millions of
// leaves is appended to with a few writes and proven from with a few reads.
//
//   VOUCH_ASSIGN_OR_RETURN(TiledTree tree, TiledTree::Open(size, get));
//   for (const Hash& leaf : leaves) tree.Append(leaf);
//   for (auto& tile : tree.TakeDirtyTiles()) {
//     batch.Put(Family::kMerkleTile, tile.key, tile.value);
//   }
//   … and the new size in the same batch.
//
//   TileReader reader(size, get);                        // any other thread
//   auto proof = InclusionProof(reader, index, size);
//
// Format. Tile (level L, index I) holds the nodes of tree level 8·L with the
// indexes [256·I, 256·I + 256):
//
//   key   = u8 L ‖ u64be I
//   value = 1 to 256 hashes of 32 bytes; fewer than 256 only in the last tile
//           of a level
//
// Hashes are only ever added to the end of a value, so a reader of an older
// size may read a newer tile. Tree levels between two multiples of 8 are
// computed from the tile below them.
#ifndef VOUCH_SYNC_CORE_MERKLE_TILES_H_
#define VOUCH_SYNC_CORE_MERKLE_TILES_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/base/ids.h"
#include "sync/core/merkle.h"

namespace vouch {

inline constexpr int kTileLevels = 8;  // tree levels per tile level
inline constexpr size_t kTileHashesMax = size_t{1} << kTileLevels;

struct Tile {
  std::string key;
  std::string value;
};

std::string TileKey(int tile_level, uint64_t index);

// Reads the value of a tile's key. Error NOT_FOUND if there is none.
using TileGet =
    std::function<absl::StatusOr<std::string>(absl::string_view key)>;

// The first `size` leaves of a stored tree. Keeps the last tile read of each
// level, so one thread at a time; make one per use, it costs nothing. `get`
// reads a state of the store that holds those leaves.
//
// Errors of Node(): NOT_FOUND beyond the size; STORE_CORRUPTED if a tile is
// missing or short; those of `get`.
class TileReader : public HashReader {
 public:
  TileReader(uint64_t size, TileGet get) : size_(size), get_(std::move(get)) {}

  uint64_t size() const { return size_; }
  absl::StatusOr<Hash> Node(int level, uint64_t index) const override;

 private:
  struct Cached {
    uint64_t index;
    std::string value;
  };

  uint64_t size_;
  TileGet get_;
  mutable std::array<std::optional<Cached>, 8> cache_;
};

// The growing end of the tree; one per log, one thread at a time. Holds the
// last tile of each level in memory, 8 KiB for each factor of 256, and what
// is not stored yet.
class TiledTree : public HashReader {
 public:
  // The tree of the first `size` leaves that the store holds, from its tiles
  // alone; longer tiles are cut. A damaged hash is not noticed here: compare
  // Root() with the signed head. Errors: STORE_CORRUPTED if a tile is missing
  // or short; those of `get`.
  static absl::StatusOr<TiledTree> Open(uint64_t size, TileGet get);

  // Amortised one hash and a write to memory.
  void Append(const Hash& leaf_hash);

  uint64_t size() const { return range_.size(); }
  // Without reading a tile.
  Hash Root() const { return range_.Root(); }
  // Sees every leaf appended, stored or not. Errors as TileReader's.
  absl::StatusOr<Hash> Node(int level, uint64_t index) const override;

  // The tiles changed since the last call, to be written in one atomic batch
  // with the new size. Call again only after that batch is written. If writing
  // it fails this tree is ahead of the store: drop it and Open another.
  std::vector<Tile> TakeDirtyTiles();

 private:
  // The last tile of a level; it never stays full.
  struct Edge {
    uint64_t index = 0;
    std::string value;
    bool dirty = false;
  };

  explicit TiledTree(TileGet get) : get_(std::move(get)) {}
  void AddToEdge(size_t tile_level, const Hash& hash);
  // The tile's bytes; `scratch` holds them if they were read from the store.
  absl::StatusOr<absl::string_view> FindTile(int tile_level, uint64_t index,
                                             std::string& scratch) const;

  TileGet get_;
  CompactRange range_;
  std::vector<Edge> edges_;  // by tile level
  // Full tiles by key: since the last TakeDirtyTiles(), and those it gave
  // away, which the store may not show yet.
  std::map<std::string, std::string, std::less<>> full_;
  std::map<std::string, std::string, std::less<>> taken_;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_MERKLE_TILES_H_
