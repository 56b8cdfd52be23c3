#include "sync/core/segment.h"

#include "absl/container/flat_hash_map.h"
#include "sync/base/check.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/core/change_codec.h"
#include "sync/core/segment_proof.h"

namespace vouch {
namespace {

constexpr uint8_t kSegmentVersion = 1;

constexpr uint8_t kSamePerson = 1;
constexpr uint8_t kSameRecord = 2;
constexpr uint8_t kSameKind = 4;
constexpr uint8_t kSameBoot = 8;
constexpr uint8_t kErased = 16;
constexpr uint8_t kKnownFlags = 31;

constexpr int64_t kUtcOffsetMaxMin = 1440;

// Seqs count from 1 and never wrap: a core of seq 0 could be stored and never
// be read again.
bool IsRange(uint64_t first_seq, uint64_t count) {
  return first_seq > 0 && count > 0 && count <= kSegmentChangesMax &&
         first_seq <= UINT64_MAX - count;
}

// What a change is written relative to: the change before it in the segment.
struct Before {
  PersonId person;
  RecordId record;
  uint32_t kind = 0;
  BootId boot;
  int64_t hlc_ms = 0;
  int64_t claimed_ms = 0;
  int64_t monotonic_ms = 0;
  int32_t utc_offset_min = 0;

  void Advance(const ChangeCore& core) {
    person = core.person;
    record = core.record;
    kind = core.kind;
    boot = core.boot;
    hlc_ms = static_cast<int64_t>(core.hlc >> 16);
    claimed_ms = core.claimed_ms;
    monotonic_ms = static_cast<int64_t>(core.monotonic_ms);
    utc_offset_min = core.utc_offset_min;
  }
};

// Differences wrap, so that no claimed time can overflow them.
int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) -
                              static_cast<uint64_t>(b));
}
int64_t Plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) +
                              static_cast<uint64_t>(b));
}

// Reference on the wire: 0 then the hash; odd 2i-1: i changes back in this
// segment; even 2i: i changes back in this chain, before the segment.
class ReferenceTable {
 public:
  void WriteAll(const std::vector<Hash>& references, uint64_t seq,
                const ShortenOwn& shorten, ByteWriter* out) const {
    out->Varint(references.size());
    for (const Hash& hash : references) {
      auto here = index_.find(hash);
      if (here != index_.end()) {
        out->Varint(2 * (hashes_.size() - here->second) - 1);
        continue;
      }
      std::optional<uint64_t> own = shorten ? shorten(hash) : std::nullopt;
      if (own.has_value() && *own < seq) {
        out->Varint(2 * (seq - *own));
        continue;
      }
      out->Varint(0).Fixed(hash);
    }
  }

  std::vector<Hash> ReadAll(const SegmentHeader& header, uint64_t seq,
                            const ResolveOwn& resolve, ByteReader* in,
                            bool* unknown) const {
    std::vector<Hash> out(in->Count(1, kChangeReferencesMax));
    for (Hash& hash : out) {
      uint64_t code = in->Varint();
      if (code == 0) {
        hash = in->Fixed<Hash>();
      } else if (code % 2 == 1) {
        uint64_t back = (code + 1) / 2;
        if (back > hashes_.size()) {
          in->Fail();
          break;
        }
        hash = hashes_[hashes_.size() - back];
      } else {
        uint64_t back = code / 2;
        std::optional<Hash> found;
        if (back < seq && resolve) {
          found = resolve(header, seq - back);
        }
        if (!found.has_value()) {
          *unknown = true;
          in->Fail();
          break;
        }
        hash = *found;
      }
    }
    return out;
  }

  void Add(const Hash& hash) {
    index_[hash] = hashes_.size();
    hashes_.push_back(hash);
  }

 private:
  std::vector<Hash> hashes_;
  absl::flat_hash_map<Hash, size_t> index_;
};

void WriteChange(const Change& change, const Before& before,
                 const ReferenceTable& table, const ShortenOwn& shorten,
                 ByteWriter* out) {
  const ChangeCore& core = change.core;
  uint8_t flags = 0;
  if (core.person == before.person) flags |= kSamePerson;
  if (core.record == before.record) flags |= kSameRecord;
  if (core.kind == before.kind) flags |= kSameKind;
  if (core.boot == before.boot) flags |= kSameBoot;
  if (change.erased) flags |= kErased;
  out->U8(flags);
  if (!(flags & kSamePerson)) out->Fixed(core.person);
  if (!(flags & kSameRecord)) out->Fixed(core.record);
  if (!(flags & kSameKind)) out->Varint(core.kind);
  if (!(flags & kSameBoot)) out->Fixed(core.boot);
  int64_t hlc_ms = static_cast<int64_t>(core.hlc >> 16);
  out->SVarint(Minus(hlc_ms, before.hlc_ms)).Varint(core.hlc & 0xffff);
  out->SVarint(Minus(core.claimed_ms, hlc_ms));
  out->SVarint(core.utc_offset_min - before.utc_offset_min);
  int64_t elapsed = Minus(core.claimed_ms, before.claimed_ms);
  out->SVarint(
      Minus(Minus(static_cast<int64_t>(core.monotonic_ms), before.monotonic_ms),
            elapsed));
  std::vector<Hash> references = ReferencesOf(core);
  table.WriteAll(references, core.seq, shorten, out);
  WriteIndexed(core, references, out);
  if (change.erased) {
    out->Fixed(core.commitment);
  } else {
    out->Fixed(change.salt).Prefixed(change.payload);
  }
}

Change ReadChange(const SegmentHeader& header, const DeviceId& device,
                  uint64_t seq, const Hash& previous, const Before& before,
                  const ReferenceTable& table, const ResolveOwn& resolve,
                  ByteReader* in, bool* unknown) {
  Change change;
  ChangeCore& core = change.core;
  core.device = device;
  core.incarnation = header.incarnation;
  core.seq = seq;
  core.previous = previous;
  core.scope = header.scope;
  uint8_t flags = in->U8();
  if (flags > kKnownFlags) in->Fail();
  core.person = flags & kSamePerson ? before.person : in->Fixed<PersonId>();
  core.record = flags & kSameRecord ? before.record : in->Fixed<RecordId>();
  uint64_t kind = flags & kSameKind ? before.kind : in->Varint();
  if (kind > UINT32_MAX) in->Fail();
  core.kind = static_cast<uint32_t>(kind);
  core.boot = flags & kSameBoot ? before.boot : in->Fixed<BootId>();
  int64_t hlc_ms = Plus(before.hlc_ms, in->SVarint());
  uint64_t counter = in->Varint();
  if (hlc_ms < 0 || hlc_ms >= (int64_t{1} << 48) || counter > 0xffff) {
    in->Fail();
    hlc_ms = 0;
  }
  core.hlc = (static_cast<uint64_t>(hlc_ms) << 16) | counter;
  core.claimed_ms = Plus(hlc_ms, in->SVarint());
  int64_t offset = Plus(before.utc_offset_min, in->SVarint());
  if (offset < -kUtcOffsetMaxMin || offset > kUtcOffsetMaxMin) in->Fail();
  core.utc_offset_min = static_cast<int32_t>(offset);
  int64_t elapsed = Minus(core.claimed_ms, before.claimed_ms);
  core.monotonic_ms = static_cast<uint64_t>(
      Plus(Plus(before.monotonic_ms, elapsed), in->SVarint()));
  std::vector<Hash> references =
      table.ReadAll(header, seq, resolve, in, unknown);
  ReadIndexed(references, in, &core);
  change.erased = (flags & kErased) != 0;
  if (change.erased) {
    core.commitment = in->Fixed<Hash>();
  } else {
    change.salt = in->Fixed<Salt>();
    change.payload = std::string(in->Prefixed());
    core.commitment = CommitPayload(change.salt, change.payload);
  }
  return change;
}

void WriteSeen(const SeenHead& seen, ByteWriter* out) {
  out->Fixed(seen.history).Varint(seen.size).Fixed(seen.root);
}

SeenHead ReadSeen(ByteReader* in) {
  SeenHead seen;
  seen.history = in->Fixed<HistoryId>();
  seen.size = in->Varint();
  seen.root = in->Fixed<Hash>();
  return seen;
}

absl::Status ReadSignatures(std::vector<Change>* changes, ByteReader* in) {
  size_t total = in->Count(98, kSegmentChangesMax * kPersonSignaturesMax);
  size_t before = 0;
  for (size_t i = 0; i < total; ++i) {
    uint64_t at = in->Varint();
    PersonSignature s;
    s.role = in->U8();
    s.key = in->Fixed<PublicKey>();
    s.signature = in->Fixed<Signature>();
    if (!in->ok() || at >= changes->size() || at < before) {
      in->Fail();
      break;
    }
    before = at;
    Change& change = (*changes)[at];
    if (change.signatures.size() == kPersonSignaturesMax) {
      return Error(Reason::kTooLarge, "over 8 person signatures on a change");
    }
    change.signatures.push_back(s);
  }
  return absl::OkStatus();
}

absl::Status NotCanonical() {
  return Error(Reason::kNotCanonical,
               "a segment is truncated or not in its canonical form");
}

}  // namespace

std::string SegmentSignedBytes(const SegmentHeader& header) {
  ByteWriter out;
  out.U8(kSegmentVersion).Fixed(header.device()).Fixed(header.incarnation);
  out.Varint(header.first_seq).Varint(header.count).Fixed(header.previous);
  out.Fixed(header.head).Fixed(header.merkle_root).Fixed(header.scope);
  WriteSeen(header.seen, &out);
  out.Fixed(header.signatures_hash);
  return out.Take();
}

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  ByteWriter out;
  out.U8(kSegmentVersion).Fixed(header.device_key).Fixed(header.incarnation);
  out.Varint(header.first_seq).Varint(header.count).Fixed(header.previous);
  out.Fixed(header.head).Fixed(header.merkle_root).Fixed(header.scope);
  WriteSeen(header.seen, &out);
  out.Fixed(header.signatures_hash).Fixed(header.signature);
  return out.Take();
}

absl::StatusOr<SegmentHeader> DecodeSegmentHeader(absl::string_view bytes) {
  ByteReader in(bytes);
  uint8_t version = in.U8();
  if (in.ok() && version != kSegmentVersion) {
    return Error(Reason::kVersionUnknown, "a segment header's version");
  }
  SegmentHeader h;
  h.device_key = in.Fixed<PublicKey>();
  h.incarnation = in.Fixed<Incarnation>();
  h.first_seq = in.Varint();
  uint64_t count = in.Varint();
  if (!IsRange(h.first_seq, count)) in.Fail();
  h.count = static_cast<uint32_t>(count);
  h.previous = in.Fixed<Hash>();
  h.head = in.Fixed<Hash>();
  h.merkle_root = in.Fixed<Hash>();
  h.scope = in.Fixed<ScopeId>();
  h.seen = ReadSeen(&in);
  h.signatures_hash = in.Fixed<Hash>();
  h.signature = in.Fixed<Signature>();
  if (!in.Done()) return NotCanonical();
  return h;
}

Segment SealSegment(std::vector<Change> changes, const SeenHead& seen,
                    const SigningKey& device_key) {
  VOUCH_CHECK(!changes.empty() && changes.size() <= kSegmentChangesMax);
  Segment segment;
  SegmentHeader& h = segment.header;
  const ChangeCore& first = changes.front().core;
  h.device_key = device_key.public_key();
  h.incarnation = first.incarnation;
  h.first_seq = first.seq;
  h.count = static_cast<uint32_t>(changes.size());
  h.previous = first.previous;
  h.scope = first.scope;
  h.seen = seen;
  Hash previous = first.previous;
  uint64_t seq = first.seq;
  for (const Change& change : changes) {
    VOUCH_CHECK(change.core.previous == previous && change.core.seq == seq++);
    VOUCH_CHECK(change.core.scope == h.scope);
    VOUCH_CHECK(change.core.device == h.device());
    VOUCH_CHECK(change.core.incarnation == h.incarnation);
    VOUCH_CHECK(change.signatures.size() <= kPersonSignaturesMax);
    previous = change.hash;
  }
  h.head = previous;
  h.merkle_root = ChangesRoot(changes);
  h.signatures_hash = SignaturesHash(changes);
  h.signature = device_key.Sign(kSegmentTag, SegmentSignedBytes(h));
  segment.changes = std::move(changes);
  return segment;
}

std::string EncodeSegment(const Segment& segment, const ShortenOwn& shorten) {
  const SegmentHeader& h = segment.header;
  ByteWriter out;
  out.U8(kSegmentVersion).Fixed(h.device_key).Fixed(h.incarnation);
  out.Varint(h.first_seq).Varint(h.count).Fixed(h.previous).Fixed(h.scope);
  WriteSeen(h.seen, &out);
  out.Fixed(h.signature);
  Before before;
  ReferenceTable table;
  for (const Change& change : segment.changes) {
    WriteChange(change, before, table, shorten, &out);
    before.Advance(change.core);
    table.Add(change.hash);
  }
  WriteSignatures(segment.changes, &out);
  return out.Take();
}

absl::StatusOr<Segment> DecodeSegment(absl::string_view wire,
                                      const ResolveOwn& resolve) {
  if (wire.size() > kSegmentWireBytesMax) {
    return Error(Reason::kTooLarge, "a segment exceeds its limit");
  }
  ByteReader in(wire);
  uint8_t version = in.U8();
  if (in.ok() && version != kSegmentVersion) {
    return Error(Reason::kVersionUnknown,
                 absl::StrCat("segment of version ", version));
  }
  Segment segment;
  SegmentHeader& h = segment.header;
  h.device_key = in.Fixed<PublicKey>();
  h.incarnation = in.Fixed<Incarnation>();
  h.first_seq = in.Varint();
  uint64_t count = in.Varint();
  if (in.ok() && count > kSegmentChangesMax) {
    return Error(Reason::kTooLarge, "a segment holds over 256 changes");
  }
  if (!IsRange(h.first_seq, count)) in.Fail();
  h.count = static_cast<uint32_t>(count);
  h.previous = in.Fixed<Hash>();
  h.scope = in.Fixed<ScopeId>();
  h.seen = ReadSeen(&in);
  h.signature = in.Fixed<Signature>();
  if ((h.first_seq == 1) != h.previous.IsZero()) in.Fail();

  const DeviceId device = h.device();  // a hash: once is enough
  Before before;
  ReferenceTable table;
  Hash previous = h.previous;
  bool unknown = false;
  for (uint32_t i = 0; i < h.count && in.ok(); ++i) {
    Change change = ReadChange(h, device, h.first_seq + i, previous, before,
                               table, resolve, &in, &unknown);
    if (!in.ok()) break;
    change.core_bytes = EncodeCore(change.core);
    if (change.core_bytes.size() + change.payload.size() > kChangeBytesMax) {
      return Error(Reason::kTooLarge, "a change exceeds 2 MiB");
    }
    change.hash = ChangeHash(change.core_bytes);
    previous = change.hash;
    before.Advance(change.core);
    table.Add(change.hash);
    segment.changes.push_back(std::move(change));
  }
  if (unknown) {
    return Error(Reason::kReferenceUnknown,
                 "a segment refers to a change that is not held here");
  }
  VOUCH_RETURN_IF_ERROR(ReadSignatures(&segment.changes, &in));
  if (!in.Done()) return NotCanonical();
  h.head = previous;
  h.merkle_root = ChangesRoot(segment.changes);
  h.signatures_hash = SignaturesHash(segment.changes);
  VOUCH_RETURN_IF_ERROR(VerifySignatures(segment));
  return segment;
}

}  // namespace vouch
