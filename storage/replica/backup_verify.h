// Proves a stretch of a log in some store: that every entry, change, signature
// and body is there, is what was committed, and adds up to the tree's root.
//
// One thread. Reads only, but for the tiles.
#ifndef VOUCH_STORAGE_REPLICA_BACKUP_VERIFY_H_
#define VOUCH_STORAGE_REPLICA_BACKUP_VERIFY_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "storage/replica/backup_copy.h"
#include "storage/replica/key_ring.h"
#include "storage/store.h"

namespace vouch {

// Two stores read as one: family key from `keys`, the rest from `log`. Both
// outlive it. Thread-safe.
class JoinedReader : public Reader {
 public:
  JoinedReader(const Reader* log, const Reader* keys)
      : log_(log), keys_(keys) {}

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    return Of(family).Get(family, key);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    return Of(family).Scan(family, begin, end, visit);
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    return Of(family).ScanReverse(family, begin, end, visit);
  }

 private:
  const Reader& Of(Family family) const {
    return family == Family::kKey ? *keys_ : *log_;
  }
  const Reader* const log_;
  const Reader* const keys_;
};

// Calls `leaf` with the leaf hash of each entry of [begin, end), in order, once
// its segment is proven. `ring` opens the payloads, and each is compared with
// its commitment; null: each must be there if its key is. The caller compares
// the tree that the leaves make with a signed head. Acknowledgements kept with
// segments must be `centre`'s.
//
// Errors: STORE_CORRUPTED, CHAIN_BROKEN, SIGNATURE_INVALID, those of the
// reader and of `leaf`, that of `stop`.
absl::Status VerifyLog(const Reader& reader, KeyRing* ring,
                       const PublicKey& centre, uint64_t begin, uint64_t end,
                       const StopCheck& stop,
                       const std::function<absl::Status(const Hash&)>& leaf);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_BACKUP_VERIFY_H_
