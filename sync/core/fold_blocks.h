// The order of a field's paragraphs: each names the block it follows; blocks
// put after the same one stand newest first (HLC, then hash), so that a run
// typed in one go stays together and never interleaves with another's.
#ifndef VOUCH_SYNC_CORE_FOLD_BLOCKS_H_
#define VOUCH_SYNC_CORE_FOLD_BLOCKS_H_

#include <map>
#include <vector>

#include "sync/base/record_view.h"
#include "sync/core/change.h"

namespace vouch {

class BlockOrder {
 public:
  // Every effective block operation, superseded ones too: the first one that
  // placed a block decides where it stands.
  void Add(const std::vector<uint32_t>& path, const Operation& op, uint64_t hlc,
           const Hash& change);
  // Whether a block of this field was added.
  bool Holds(const std::vector<uint32_t>& path) const {
    return paths_.count(path) > 0;
  }
  // Puts blocks in order and sets of one path by (HLC, hash); `fields` is
  // grouped by path.
  void Sort(std::vector<FieldView>* fields) const;

 private:
  struct Placed {
    ElementId block;
    std::optional<ElementId> after;
    uint64_t hlc = 0;
    Hash change;
  };
  std::map<ElementId, size_t> Positions(
      const std::map<ElementId, Placed>& blocks) const;

  std::map<std::vector<uint32_t>, std::map<ElementId, Placed>> paths_;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_FOLD_BLOCKS_H_
