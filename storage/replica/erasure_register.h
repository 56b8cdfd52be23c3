// What was erased, in memory: asked at each commit and each session, so it is
// never read from the disk then. The rows are in family grant (FORMAT.md).
//
//   ErasureRegister erasures;
//   VOUCH_RETURN_IF_ERROR(erasures.Load(*store, *keys));
//   if (erasures.Contains(scope, record)) …
//
// Thread-safe.
#ifndef VOUCH_STORAGE_REPLICA_ERASURE_REGISTER_H_
#define VOUCH_STORAGE_REPLICA_ERASURE_REGISTER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "storage/mutex.h"
#include "storage/replica/grant_rows.h"
#include "storage/replica/key_ring.h"
#include "storage/store.h"

namespace vouch {

// Erasures handed out at a time.
inline constexpr size_t kErasuresListMax = 1024;

class ErasureRegister {
 public:
  // Replaces what is in memory. Errors: STORE_CORRUPTED, those of the store.
  absl::Status Load(const Reader& reader, const KeyRing& keys);

  bool Contains(const ScopeId& scope, const RecordId& record) const;
  // Any scope's.
  bool Contains(const RecordId& record) const;
  // Those with seq >= from_seq in order, at most kErasuresListMax.
  std::vector<Erasure> From(uint64_t from_seq) const;
  // The seq that the next erasure gets.
  uint64_t end_seq() const;

  // Registered on the disk already; seqs go on from end_seq().
  void Add(const std::vector<Erasure>& rows);

 private:
  mutable Mutex mutex_;
  std::vector<Erasure> rows_ VOUCH_GUARDED_BY(mutex_);  // by seq
  absl::flat_hash_set<std::pair<ScopeId, RecordId>> erased_
      VOUCH_GUARDED_BY(mutex_);
  absl::flat_hash_set<RecordId> records_ VOUCH_GUARDED_BY(mutex_);
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_ERASURE_REGISTER_H_
