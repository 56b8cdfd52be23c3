// A segment: consecutive changes of one incarnation in one scope, under one
// device signature. It is what travels, is verified, committed and pulled, and
// always whole. Grammar: sync/README.md §4. Pure; any thread.
//
//   absl::StatusOr<Segment> s = SealSegment(changes, seen, device_key);
//   std::string wire = EncodeSegment(*s);
//   absl::StatusOr<Segment> back = DecodeSegment(wire, resolve);
#ifndef VOUCH_SYNC_CORE_SEGMENT_H_
#define VOUCH_SYNC_CORE_SEGMENT_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/base/sign.h"
#include "sync/core/change.h"

namespace vouch {

inline constexpr size_t kSegmentChangesMax = 256;
// A segment is closed before it passes this, unless one change alone does.
inline constexpr size_t kSegmentBytesMax = 256 << 10;
// None is shorter: its header alone is longer. What is queued by bytes counts a
// segment as no less, so that the bytes bound the number too.
inline constexpr size_t kSegmentWireBytesMin = 200;
// The largest a decoder takes: one change of kChangeBytesMax and its header.
inline constexpr size_t kSegmentWireBytesMax = kChangeBytesMax + (64 << 10);

inline constexpr absl::string_view kSegmentTag = "vouch.segment.v1";

// The last tree head its author had seen; all zero if none.
struct SeenHead {
  HistoryId history;
  uint64_t size = 0;
  Hash root;
};

struct SegmentHeader {
  PublicKey device_key;
  Incarnation incarnation;
  uint64_t first_seq = 0;
  uint32_t count = 0;
  Hash previous;  // hash of first_seq - 1
  ScopeId scope;
  SeenHead seen;
  Hash head;             // hash of the last change
  Hash merkle_root;      // RFC 6962 root over the change hashes
  Hash signatures_hash;  // of the persons' signatures, so that none can be
                         // taken away or given another role on the way
  Signature signature;

  DeviceId device() const { return DeviceIdOf(device_key); }
  uint64_t end_seq() const { return first_seq + count; }
};

struct Segment {
  SegmentHeader header;
  std::vector<Change> changes;
};

// The exact bytes that the device signs.
std::string SegmentSignedBytes(const SegmentHeader& header);

// For storage: everything but the changes. Errors as DecodeSegment.
std::string EncodeSegmentHeader(const SegmentHeader& header);
absl::StatusOr<SegmentHeader> DecodeSegmentHeader(absl::string_view bytes);

// Signs `changes`: not empty, consecutive, one scope, within the limits
// (else a defect of the caller).
Segment SealSegment(std::vector<Change> changes, const SeenHead& seen,
                    const SigningKey& device_key);

// The hash of an earlier change of the segment's chain and scope, by seq; the
// header says which chain, and by `previous` which branch of it. Its hashes
// from `head` on are not known yet.
using ResolveOwn =
    std::function<std::optional<Hash>(const SegmentHeader&, uint64_t seq)>;
// The seq of a change in the same author chain and scope, by hash; used to
// shorten references. Absent: the full hash travels.
using ShortenOwn = std::function<std::optional<uint64_t>(const Hash&)>;

std::string EncodeSegment(const Segment& segment, const ShortenOwn& shorten);

// Decodes, reassembles every signed byte and verifies all of it: chain,
// commitments, root, signatures' hash, device signature. Person signatures are
// verified against the key they bring; whose key it is, Judge decides. Errors:
// MALFORMED, NOT_CANONICAL, TOO_LARGE, VERSION_UNKNOWN, CHAIN_BROKEN,
// SIGNATURE_INVALID, REFERENCE_UNKNOWN.
absl::StatusOr<Segment> DecodeSegment(absl::string_view wire,
                                      const ResolveOwn& resolve);

// The same checks for a segment that was read from a store: chain, root,
// commitments of the payloads that are not erased, every signature. Errors:
// CHAIN_BROKEN, SIGNATURE_INVALID, STORE_CORRUPTED (a payload is not the one
// committed to).
absl::Status VerifyStoredSegment(const Segment& segment);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_SEGMENT_H_
