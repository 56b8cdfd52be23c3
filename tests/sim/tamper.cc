#include "tests/sim/tamper.h"

#include <algorithm>
#include <string>

namespace vouch::sim {
namespace {

bool Flip(SimRandom* random, std::string* bytes) {
  if (bytes->empty()) return false;
  (*bytes)[random->Below(bytes->size())] ^=
      static_cast<char>(1 << random->Below(8));
  return true;
}

std::string* CommitOf(v1::PullItem* item) {
  if (item->has_segment()) return item->mutable_segment()->mutable_commit();
  if (item->has_own()) return item->mutable_own()->mutable_commit();
  return nullptr;
}

bool TamperItem(SimRandom* random, uint64_t kind, v1::PullBatch* batch) {
  int count = batch->items_size();
  if (count == 0) return false;
  int at = static_cast<int>(random->Below(static_cast<uint64_t>(count)));
  v1::PullItem* item = batch->mutable_items(at);
  switch (kind) {
    case 0:
      batch->mutable_items()->DeleteSubrange(at, 1);
      return true;
    case 1:
      if (count < 2) return false;
      batch->mutable_items()->SwapElements(at, (at + 1) % count);
      return true;
    case 2:
      *batch->add_items() = v1::PullItem(*item);
      return true;
    case 3:
      return item->has_segment() &&
             Flip(random, item->mutable_segment()->mutable_segment());
    case 4:
      return CommitOf(item) != nullptr && Flip(random, CommitOf(item));
    default: {
      // Withheld: as if the device did not hold that scope.
      if (!item->has_segment()) return false;
      v1::SkippedEntries skipped;
      skipped.set_count(1);
      std::string hash(32, '\0');
      random->Fill(reinterpret_cast<uint8_t*>(hash.data()), hash.size());
      skipped.add_subtrees(hash);
      *item->mutable_skipped() = skipped;
      return true;
    }
  }
}

}  // namespace

bool Tamper(SimRandom* random, v1::PullBatch* batch) {
  uint64_t kind = random->Below(9);
  switch (kind) {
    case 6:
      return Flip(random, batch->mutable_tree_head());
    case 7:
      batch->set_end_size(batch->end_size() + 1 + random->Below(3));
      return true;
    case 8:
      if (batch->consistency_size() == 0) return false;
      return Flip(random, batch->mutable_consistency(0));
    default:
      return TamperItem(random, kind, batch);
  }
}

bool Tamper(SimRandom* random, v1::Ack* ack) {
  if (ack->segments_size() == 0) return false;
  int at = static_cast<int>(
      random->Below(static_cast<uint64_t>(ack->segments_size())));
  switch (random->Below(4)) {
    case 0:
      return Flip(random, ack->mutable_segments(at)->mutable_commit());
    case 1:
      return Flip(random, ack->mutable_signatures(at));
    case 2:
      ack->mutable_signatures()->RemoveLast();
      return true;
    default:
      return Flip(random, ack->mutable_history_id());
  }
}

}  // namespace vouch::sim
