// What a segment's signatures stand on, for its coder and for whoever checks a
// stored one (VerifyStoredSegment in segment.h). Pure; any thread.
#ifndef VOUCH_SYNC_CORE_SEGMENT_PROOF_H_
#define VOUCH_SYNC_CORE_SEGMENT_PROOF_H_

#include <vector>

#include "absl/status/status.h"
#include "sync/base/codec.h"
#include "sync/core/segment.h"

namespace vouch {

// RFC 6962 root over the change hashes.
Hash ChangesRoot(const std::vector<Change>& changes);

// The persons' signatures as they travel and are hashed.
void WriteSignatures(const std::vector<Change>& changes, ByteWriter* out);
Hash SignaturesHash(const std::vector<Change>& changes);

// The device's signature over the header, and every person's over its change.
// Errors: SIGNATURE_INVALID.
absl::Status VerifySignatures(const Segment& segment);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_SEGMENT_PROOF_H_
