// Segments of the log as they were last sent to a tablet: what one has pulled
// the next ones pull too, and opening, decoding and encoding it is most of what
// a pull costs the centre.
//
//   EncodedSegments::Pass pass = sent.Begin();   // before the snapshot
//   auto known = sent.Find(first_commit_seq, shortened);
//   if (known == nullptr) known = sent.Keep(pass, …, encoded);
//
// Thread-safe. In memory only, kEncodedBytesMax of it; the oldest go first.
// What is kept holds payloads, so an erasure calls Clear once the keys are
// gone: nothing that was read before is found or kept after that.
#ifndef VOUCH_STORAGE_REPLICA_ENCODED_SEGMENTS_H_
#define VOUCH_STORAGE_REPLICA_ENCODED_SEGMENTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "storage/mutex.h"
#include "storage/replica/rows.h"

namespace vouch {

inline constexpr size_t kEncodedBytesMax = 32 << 20;

class EncodedSegments {
 public:
  struct Encoded {
    SegmentRow row;
    std::string wire;
  };
  using Pointer = std::shared_ptr<const Encoded>;
  // Which erasures what a reader sees has behind it.
  using Pass = uint64_t;

  Pass Begin() const;
  // Null if it is not kept. The two forms of a segment, with and without
  // references by number, are kept apart.
  Pointer Find(uint64_t first_commit_seq, bool shortened) const;
  // Keeps it unless there was an erasure since `pass` began.
  Pointer Keep(Pass pass, uint64_t first_commit_seq, bool shortened,
               Encoded encoded);
  void Clear();

 private:
  using Key = std::pair<uint64_t, bool>;

  mutable Mutex mutex_;
  Pass pass_ VOUCH_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<Key, Pointer> kept_ VOUCH_GUARDED_BY(mutex_);
  std::deque<Key> order_ VOUCH_GUARDED_BY(mutex_);  // oldest first
  size_t bytes_ VOUCH_GUARDED_BY(mutex_) = 0;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_ENCODED_SEGMENTS_H_
