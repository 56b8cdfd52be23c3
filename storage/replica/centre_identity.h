// Who a centre is: its keys, its id, the history it writes and the incarnation
// it authors under. Rows of family meta. Any thread.
//
// After a restore the keys and the id stay, and tablets go on trusting them;
// incarnation and history are renewed (rules 13 and 22), so that what the
// restored centre writes never meets what the lost one wrote.
#ifndef VOUCH_STORAGE_REPLICA_CENTRE_IDENTITY_H_
#define VOUCH_STORAGE_REPLICA_CENTRE_IDENTITY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/replica/key_ring.h"
#include "storage/store.h"
#include "sync/base/clock.h"
#include "sync/base/sign.h"

namespace vouch {

inline constexpr absl::string_view kCentreSecret = "centre-keys";
inline constexpr absl::string_view kCentreName = "centre-name";

struct CentreIdentity {
  SigningKey centre_key;  // signs tree heads and acknowledgements
  SigningKey device_key;  // the centre as an author
  SigningKey person_key;
  Incarnation incarnation;
  HistoryId history;
  RecordId id;
};

CentreIdentity MakeIdentity(int64_t now_ms, Random& random);
// Errors: NOT_FOUND, STORE_CORRUPTED, those of the store.
absl::StatusOr<CentreIdentity> ReadIdentity(const Reader& reader,
                                            const KeyRing& keys);
void PutIdentity(const CentreIdentity& identity, const KeyRing& keys,
                 WriteBatch* batch);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_CENTRE_IDENTITY_H_
