// Segments: as bytes from anywhere, with references resolved; and built from
// the input and signed, so that every field is reached behind the signature.
// What decodes is exactly what was signed, and no altered byte changes that.
#include "sync/core/segment.h"

#include "sync/base/hash.h"
#include "tests/fuzz/fuzz_input.h"

namespace vouch {
namespace {

const SigningKey& DeviceKey() {
  static const auto* key =
      new SigningKey(*SigningKey::FromSeed(std::string(32, 'd')));
  return *key;
}

// What a holder of the chain would answer: every earlier change is known.
std::optional<Hash> HeldAt(const DeviceId& device, uint64_t seq) {
  uint8_t low = static_cast<uint8_t>(seq);
  return HashOf("fuzz", {device.view(), {reinterpret_cast<char*>(&low), 1}});
}

std::optional<Hash> Resolve(const SegmentHeader& header, uint64_t seq) {
  return HeldAt(header.device(), seq);
}

bool SameChanges(const Segment& a, const Segment& b) {
  if (a.changes.size() != b.changes.size()) return false;
  for (size_t i = 0; i < a.changes.size(); ++i) {
    const Change& x = a.changes[i];
    const Change& y = b.changes[i];
    if (x.core_bytes != y.core_bytes || x.hash != y.hash ||
        x.erased != y.erased || x.payload != y.payload || x.salt != y.salt ||
        x.signatures.size() != y.signatures.size()) {
      return false;
    }
  }
  return true;
}

// Two segments that decode from one another are the same under the signature.
void CheckRoundTrip(const Segment& segment) {
  auto again = DecodeSegment(EncodeSegment(segment, nullptr), Resolve);
  VOUCH_CHECK(again.ok());
  VOUCH_CHECK(EncodeSegmentHeader(again->header) ==
              EncodeSegmentHeader(segment.header));
  VOUCH_CHECK(SameChanges(*again, segment));
}

void CheckDecoded(const Segment& segment) {
  const SegmentHeader& h = segment.header;
  VOUCH_CHECK(segment.changes.size() == h.count);
  VOUCH_CHECK(h.count <= kSegmentChangesMax);
  uint64_t seq = h.first_seq;
  for (const Change& change : segment.changes) {
    VOUCH_CHECK(change.core.seq == seq++);
    VOUCH_CHECK(change.core.device == h.device());
    VOUCH_CHECK(change.core.scope == h.scope);
    VOUCH_CHECK(DecodeCore(change.core_bytes).ok());
    VOUCH_CHECK(change.signatures.size() <= kPersonSignaturesMax);
    VOUCH_CHECK(change.erased || CommitPayload(change.salt, change.payload) ==
                                     change.core.commitment);
  }
  CheckRoundTrip(segment);
}

Operation MakeOperation(const std::vector<Hash>& known, fuzz::Input& in) {
  Operation op;
  op.merge_class = static_cast<MergeClass>(1 + in.Below(30));
  for (size_t i = in.Below(kPathDepthMax + 1); i > 0; --i) {
    op.path.push_back(static_cast<uint32_t>(1 + in.Below(60000)));
  }
  uint8_t flags = in.Byte();
  if (flags & 1) op.element = in.Make<ElementId>();
  if (flags & 2) op.after = in.Make<ElementId>();
  if (flags & 4) op.part = static_cast<uint32_t>(in.Below(3));
  for (size_t i = in.Below(4); i > 0 && !known.empty(); --i) {
    op.replaces.push_back(
        {known[in.Below(known.size())], static_cast<uint32_t>(in.Below(3))});
  }
  return op;
}

Change MakeChange(const ChangeCore& before, const Hash& previous,
                  std::vector<Hash>& known, fuzz::Input& in) {
  Change change;
  ChangeCore& core = change.core;
  core = before;
  core.previous = previous;
  uint8_t changed = in.Byte();
  if (changed & 1) core.person = in.Make<PersonId>();
  if (changed & 2) core.record = in.Make<RecordId>();
  if (changed & 4) core.kind = static_cast<uint32_t>(in.Number());
  if (changed & 8) core.boot = in.Make<BootId>();
  if (changed & 16) core.hlc = in.Number();
  if (changed & 32) core.claimed_ms = static_cast<int64_t>(in.Number());
  if (changed & 64) core.monotonic_ms = in.Number();
  if (changed & 128) {
    core.utc_offset_min = static_cast<int32_t>(in.Below(2881)) - 1440;
  }
  core.frontier.clear();
  core.relies_on.clear();
  core.operations.clear();
  for (size_t i = in.Below(4); i > 0; --i) {
    core.frontier.push_back(known[in.Below(known.size())]);
  }
  for (size_t i = in.Below(3); i > 0; --i) {
    core.relies_on.push_back(known[in.Below(known.size())]);
  }
  for (size_t i = in.Below(4); i > 0; --i) {
    core.operations.push_back(MakeOperation(known, in));
  }
  change.salt = in.Make<Salt>();
  change.payload = EncodePayload({std::string(in.Bytes(in.Byte()))});
  core.commitment = CommitPayload(change.salt, change.payload);
  change.core_bytes = EncodeCore(core);
  change.hash = ChangeHash(change.core_bytes);
  for (size_t i = in.Below(3); i > 0; --i) {
    change.signatures.push_back(
        {static_cast<uint8_t>(in.Below(2)), DeviceKey().public_key(),
         DeviceKey().Sign(kPersonTag, change.hash.view())});
  }
  if (in.Below(4) == 1) {
    change.erased = true;
    change.payload.clear();
    change.salt = Salt();
  }
  known.push_back(change.hash);
  return change;
}

Segment MakeSegment(fuzz::Input& in) {
  ChangeCore core;
  core.device = DeviceIdOf(DeviceKey().public_key());
  core.incarnation = in.Make<Incarnation>();
  core.scope = in.Make<ScopeId>();
  core.seq = 1 + in.Number() % (UINT64_MAX - 1000);
  Hash previous = core.seq == 1 ? Hash() : HashOf("before", {});
  std::vector<Hash> known = {*HeldAt(core.device, core.seq - 1),
                             in.Make<Hash>()};
  std::vector<Change> changes;
  for (size_t count = 1 + in.Below(6); count > 0; --count) {
    Change change = MakeChange(core, previous, known, in);
    core = change.core;
    ++core.seq;
    previous = change.hash;
    changes.push_back(std::move(change));
  }
  SeenHead seen{in.Make<HistoryId>(), in.Number(), in.Make<Hash>()};
  return SealSegment(std::move(changes), seen, DeviceKey());
}

void CheckBuilt(fuzz::Input& in) {
  Segment segment = MakeSegment(in);
  // The hash before the segment travels short where it is one of the chain.
  const SegmentHeader& h = segment.header;
  auto shorten = [&](const Hash& hash) -> std::optional<uint64_t> {
    if (h.first_seq < 2 || hash != *HeldAt(h.device(), h.first_seq - 1)) {
      return std::nullopt;
    }
    return h.first_seq - 1;
  };
  std::string wire = EncodeSegment(segment, shorten);
  auto decoded = DecodeSegment(wire, Resolve);
  VOUCH_CHECK(decoded.ok());
  VOUCH_CHECK(SameChanges(*decoded, segment));
  CheckDecoded(*decoded);
  // Another wire form may say the same, but never something else.
  auto damaged = DecodeSegment(fuzz::Damage(wire, in), Resolve);
  fuzz::MustBeTyped(damaged.status());
  if (damaged.ok()) {
    VOUCH_CHECK(SegmentSignedBytes(damaged->header) == SegmentSignedBytes(h));
    VOUCH_CHECK(SameChanges(*damaged, segment));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input in(data, size);
  size_t form = in.Below(3);
  if (form == 0) {
    CheckBuilt(in);
  } else if (form == 1) {
    auto decoded = DecodeSegment(in.Rest(), Resolve);
    fuzz::MustBeTyped(decoded.status());
    if (decoded.ok()) CheckDecoded(*decoded);
  } else {
    absl::string_view bytes = in.Rest();
    auto header = DecodeSegmentHeader(bytes);
    fuzz::MustBeTyped(header.status());
    if (header.ok()) VOUCH_CHECK(EncodeSegmentHeader(*header) == bytes);
  }
  return 0;
}

}  // namespace vouch
