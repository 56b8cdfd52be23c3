// Writes the next change of a chain of one's own: coordinates, clock, salt,
// commitment, person signature. The device's and the centre's own author.
#ifndef VOUCH_STORAGE_REPLICA_CHAIN_WRITER_H_
#define VOUCH_STORAGE_REPLICA_CHAIN_WRITER_H_

#include <optional>
#include <vector>

#include "sync/base/clock.h"
#include "sync/base/operation.h"
#include "sync/base/sign.h"
#include "sync/core/change.h"
#include "sync/core/hlc.h"

namespace vouch {

// What an author adds to a record.
struct NewChange {
  uint32_t kind = 0;
  RecordId record;
  ScopeId scope;
  std::vector<Hash> frontier;   // of the view it was made from; empty: new
  std::vector<Hash> relies_on;  // the creation, and what else must hold
  std::vector<DraftOperation> operations;
  bool sign_as_author = false;  // statements, judgements, decisions, seals
  // One-time keys of witnesses who sign it too, on this device.
  std::vector<SigningKey> witnesses;
};

// Not thread-safe. A failed save must not leave it advanced: copy, use, and
// keep the copy only once the batch is written.
class ChainWriter {
 public:
  ChainWriter(const SigningKey& device_key, const SigningKey& person_key,
              PersonId person, Incarnation incarnation)
      : device_key_(device_key),
        person_key_(person_key),
        person_(person),
        incarnation_(incarnation) {}

  void Restore(uint64_t seq, const Hash& head, const Hlc& hlc) {
    seq_ = seq;
    head_ = head;
    hlc_ = hlc;
  }
  // Errors: TOO_LARGE.
  absl::StatusOr<Change> Write(const NewChange& draft, const TimeReading& now,
                               Random& random);
  Hlc& hlc() { return hlc_; }
  const Hlc& hlc() const { return hlc_; }

  uint64_t seq() const { return seq_; }
  const Hash& head() const { return head_; }
  const Incarnation& incarnation() const { return incarnation_; }
  const SigningKey& device_key() const { return device_key_; }
  const SigningKey& person_key() const { return person_key_; }
  const PersonId& person() const { return person_; }
  DeviceId device() const { return DeviceIdOf(device_key_.public_key()); }

 private:
  SigningKey device_key_;
  SigningKey person_key_;
  PersonId person_;
  Incarnation incarnation_;
  uint64_t seq_ = 0;
  Hash head_;
  Hlc hlc_;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_CHAIN_WRITER_H_
