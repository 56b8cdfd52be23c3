#include "sync/core/segment_proof.h"

#include "sync/base/hash.h"
#include "sync/base/sign.h"
#include "sync/base/status.h"
#include "sync/core/merkle.h"

namespace vouch {
namespace {

constexpr absl::string_view kSignaturesTag = "vouch.signatures.v1";

}  // namespace

Hash ChangesRoot(const std::vector<Change>& changes) {
  CompactRange range;
  for (const Change& change : changes) {
    range.Append(LeafHash(change.hash.view()));
  }
  return range.Root();
}

void WriteSignatures(const std::vector<Change>& changes, ByteWriter* out) {
  size_t total = 0;
  for (const Change& change : changes) total += change.signatures.size();
  out->Varint(total);
  for (size_t i = 0; i < changes.size(); ++i) {
    for (const PersonSignature& s : changes[i].signatures) {
      out->Varint(i).U8(s.role).Fixed(s.key).Fixed(s.signature);
    }
  }
}

Hash SignaturesHash(const std::vector<Change>& changes) {
  ByteWriter out;
  WriteSignatures(changes, &out);
  return HashOf(kSignaturesTag, {out.bytes()});
}

absl::Status VerifySignatures(const Segment& segment) {
  const SegmentHeader& h = segment.header;
  if (!VerifySignature(h.device_key, kSegmentTag, SegmentSignedBytes(h),
                       h.signature)) {
    return Error(Reason::kSignatureInvalid,
                 "a segment's device signature does not verify");
  }
  for (const Change& change : segment.changes) {
    for (const PersonSignature& s : change.signatures) {
      if (VerifySignature(s.key, kPersonTag, change.hash.view(), s.signature)) {
        continue;
      }
      return Error(Reason::kSignatureInvalid,
                   "a person's signature does not verify");
    }
  }
  return absl::OkStatus();
}

absl::Status VerifyStoredSegment(const Segment& segment) {
  const SegmentHeader& h = segment.header;
  Hash previous = h.previous;
  uint64_t seq = h.first_seq;
  bool whole = segment.changes.size() == h.count;
  for (const Change& change : segment.changes) {
    const ChangeCore& core = change.core;
    whole = whole && change.hash == ChangeHash(change.core_bytes) &&
            core.previous == previous && core.seq == seq++ &&
            core.scope == h.scope && core.device == h.device() &&
            core.incarnation == h.incarnation;
    previous = change.hash;
    if (!change.erased &&
        CommitPayload(change.salt, change.payload) != core.commitment) {
      return Error(Reason::kStoreCorrupted,
                   "a payload is not the one that its change commits to");
    }
  }
  if (!whole || h.head != previous ||
      h.merkle_root != ChangesRoot(segment.changes)) {
    return Error(Reason::kChainBroken,
                 "a segment's changes are not those that its device signed");
  }
  if (h.signatures_hash != SignaturesHash(segment.changes)) {
    return Error(Reason::kSignatureInvalid,
                 "a segment's persons' signatures are not those that its "
                 "device signed");
  }
  return VerifySignatures(segment);
}

}  // namespace vouch
