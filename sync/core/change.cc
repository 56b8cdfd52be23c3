#include "sync/core/change.h"

#include <zstd.h>

#include <algorithm>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "sync/base/check.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/core/change_codec.h"

namespace vouch {
namespace {

constexpr uint8_t kCoreVersion = 1;
constexpr uint8_t kEncodingRaw = 0;
constexpr uint8_t kEncodingZstd = 1;
constexpr int kZstdLevel = 3;

constexpr uint8_t kHasElement = 1;
constexpr uint8_t kHasAfter = 2;
constexpr uint8_t kHasPart = 4;

constexpr size_t kScannedReferencesMax = 16;

using IndexOf = absl::flat_hash_map<Hash, uint64_t>;

// One of each a thread, kept: making one costs twenty times what a small
// payload does. What a call leaves in them is no input of the next.
ZSTD_CCtx* Packer() {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> kept(ZSTD_createCCtx());
  VOUCH_CHECK(kept != nullptr);
  return kept.get();
}

ZSTD_DCtx* Unpacker() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> kept(ZSTD_createDCtx());
  VOUCH_CHECK(kept != nullptr);
  return kept.get();
}

void WriteOperation(const Operation& op, const IndexOf& index,
                    ByteWriter* out) {
  out->Varint(static_cast<uint32_t>(op.merge_class));
  out->Varint(op.path.size());
  for (uint32_t field : op.path) out->Varint(field);
  out->U8((op.element ? kHasElement : 0) | (op.after ? kHasAfter : 0) |
          (op.part ? kHasPart : 0));
  if (op.element) out->Fixed(*op.element);
  if (op.after) out->Fixed(*op.after);
  if (op.part) out->Varint(*op.part);
  out->Varint(op.replaces.size());
  for (const ValueName& name : op.replaces) {
    out->Varint(index.at(name.change)).Varint(name.operation);
  }
}

Operation ReadOperation(const std::vector<Hash>& references, ByteReader* in) {
  Operation op;
  uint64_t merge_class = in->Varint();
  if (merge_class == 0 || merge_class > UINT32_MAX) in->Fail();
  op.merge_class = static_cast<MergeClass>(merge_class);
  size_t depth = in->Count(1, kPathDepthMax);
  for (size_t i = 0; i < depth; ++i) {
    uint64_t field = in->Varint();
    if (field == 0 || field > 0x1fffffff) in->Fail();
    op.path.push_back(static_cast<uint32_t>(field));
  }
  uint8_t flags = in->U8();
  if (flags > (kHasElement | kHasAfter | kHasPart)) in->Fail();
  if (flags & kHasElement) op.element = in->Fixed<ElementId>();
  if (flags & kHasAfter) op.after = in->Fixed<ElementId>();
  if (flags & kHasPart) {
    uint64_t part = in->Varint();
    if (part >= kChangeOperationsMax) in->Fail();
    op.part = static_cast<uint32_t>(part);
  }
  size_t count = in->Count(2, kChangeReferencesMax);
  for (size_t i = 0; i < count; ++i) {
    uint64_t at = in->Varint();
    uint64_t operation = in->Varint();
    if (at >= references.size() || operation >= kChangeOperationsMax) {
      in->Fail();
      break;
    }
    op.replaces.push_back({references[at], static_cast<uint32_t>(operation)});
  }
  return op;
}

std::vector<Hash> ReadIndexes(const std::vector<Hash>& references,
                              ByteReader* in) {
  std::vector<Hash> out;
  size_t count = in->Count(1, kChangeReferencesMax);
  for (size_t i = 0; i < count; ++i) {
    uint64_t at = in->Varint();
    if (at >= references.size()) {
      in->Fail();
      break;
    }
    out.push_back(references[at]);
  }
  return out;
}

}  // namespace

std::vector<Hash> ReferencesOf(const ChangeCore& core) {
  std::vector<Hash> out;
  // Most changes name two or three hashes, which a scan finds soonest. The set
  // keeps a core of a million names, which a faulty device may send, from
  // costing thousands of comparisons each.
  absl::flat_hash_set<Hash> seen;
  auto add = [&](const Hash& hash) {
    if (out.size() < kScannedReferencesMax) {
      if (std::find(out.begin(), out.end(), hash) != out.end()) return;
    } else {
      if (seen.empty()) seen.insert(out.begin(), out.end());
      if (!seen.insert(hash).second) return;
    }
    out.push_back(hash);
  };
  for (const Hash& hash : core.frontier) add(hash);
  for (const Hash& hash : core.relies_on) add(hash);
  for (const Operation& op : core.operations) {
    for (const ValueName& name : op.replaces) add(name.change);
  }
  return out;
}

void WriteIndexed(const ChangeCore& core, const std::vector<Hash>& references,
                  ByteWriter* out) {
  IndexOf index;
  for (size_t i = 0; i < references.size(); ++i) index[references[i]] = i;
  for (const std::vector<Hash>* list : {&core.frontier, &core.relies_on}) {
    out->Varint(list->size());
    for (const Hash& hash : *list) out->Varint(index.at(hash));
  }
  out->Varint(core.operations.size());
  for (const Operation& op : core.operations) WriteOperation(op, index, out);
}

void ReadIndexed(const std::vector<Hash>& references, ByteReader* in,
                 ChangeCore* core) {
  core->frontier = ReadIndexes(references, in);
  core->relies_on = ReadIndexes(references, in);
  size_t count = in->Count(4, kChangeOperationsMax);
  for (size_t i = 0; i < count && in->ok(); ++i) {
    core->operations.push_back(ReadOperation(references, in));
  }
  if (in->ok() && ReferencesOf(*core) != references) in->Fail();
}

std::string EncodeCore(const ChangeCore& core) {
  std::vector<Hash> references = ReferencesOf(core);
  VOUCH_CHECK(references.size() <= kChangeReferencesMax);
  VOUCH_CHECK(core.operations.size() <= kChangeOperationsMax);
  ByteWriter out;
  out.U8(kCoreVersion).Fixed(core.device).Fixed(core.incarnation);
  out.Varint(core.seq).Fixed(core.previous).Fixed(core.scope);
  out.Fixed(core.person).Varint(core.kind).Fixed(core.record);
  out.U64(core.hlc).SVarint(core.claimed_ms).SVarint(core.utc_offset_min);
  out.Varint(core.monotonic_ms).Fixed(core.boot);
  out.Varint(references.size());
  for (const Hash& hash : references) out.Fixed(hash);
  WriteIndexed(core, references, &out);
  out.Fixed(core.commitment);
  return out.Take();
}

absl::StatusOr<ChangeCore> DecodeCore(absl::string_view bytes) {
  if (bytes.size() > kChangeBytesMax) {
    return Error(Reason::kTooLarge, "a change core exceeds 2 MiB");
  }
  ByteReader in(bytes);
  uint8_t version = in.U8();
  if (in.ok() && version != kCoreVersion) {
    return Error(Reason::kVersionUnknown,
                 absl::StrCat("change core of version ", version));
  }
  ChangeCore core;
  core.device = in.Fixed<DeviceId>();
  core.incarnation = in.Fixed<Incarnation>();
  core.seq = in.Varint();
  core.previous = in.Fixed<Hash>();
  core.scope = in.Fixed<ScopeId>();
  core.person = in.Fixed<PersonId>();
  uint64_t kind = in.Varint();
  core.kind = static_cast<uint32_t>(kind);
  core.record = in.Fixed<RecordId>();
  core.hlc = in.U64();
  core.claimed_ms = in.SVarint();
  int64_t offset = in.SVarint();
  core.utc_offset_min = static_cast<int32_t>(offset);
  core.monotonic_ms = in.Varint();
  core.boot = in.Fixed<BootId>();
  std::vector<Hash> references(in.Count(Hash::kSize, kChangeReferencesMax));
  for (Hash& hash : references) hash = in.Fixed<Hash>();
  ReadIndexed(references, &in, &core);
  core.commitment = in.Fixed<Hash>();
  if (core.seq == 0 || kind > UINT32_MAX || offset < -1440 || offset > 1440 ||
      (core.seq == 1) != core.previous.IsZero()) {
    in.Fail();
  }
  if (!in.Done()) {
    return Error(Reason::kNotCanonical,
                 "a change core is truncated or not in its canonical form");
  }
  return core;
}

Hash ChangeHash(absl::string_view core_bytes) {
  return HashOf("vouch.change.v1", {core_bytes});
}

Hash CommitPayload(const Salt& salt, absl::string_view payload) {
  return HashOf("vouch.payload.v1", {salt.view(), payload});
}

std::string EncodePayload(const std::vector<std::string>& values) {
  ByteWriter plain;
  plain.Varint(values.size());
  for (const std::string& value : values) plain.Prefixed(value);
  std::string packed(1 + ZSTD_compressBound(plain.size()), '\0');
  size_t size =
      ZSTD_compressCCtx(Packer(), &packed[1], packed.size() - 1,
                        plain.bytes().data(), plain.size(), kZstdLevel);
  if (!ZSTD_isError(size) && size < plain.size()) {
    packed[0] = static_cast<char>(kEncodingZstd);
    packed.resize(1 + size);
    return packed;
  }
  return std::string(1, static_cast<char>(kEncodingRaw)) + plain.bytes();
}

absl::StatusOr<std::vector<std::string>> DecodePayload(
    absl::string_view payload) {
  if (payload.empty()) return Error(Reason::kMalformed, "an empty payload");
  uint8_t encoding = static_cast<uint8_t>(payload[0]);
  payload.remove_prefix(1);
  std::string unpacked;
  if (encoding == kEncodingZstd) {
    unsigned long long size =
        ZSTD_getFrameContentSize(payload.data(), payload.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) {
      return Error(Reason::kMalformed, "a payload is not a zstd frame");
    }
    // The author's app is not trusted to be small: a bomb is refused by what
    // it claims, before a byte is unpacked.
    if (size > kChangeBytesMax) {
      return Error(Reason::kTooLarge, "a payload unpacks to over 2 MiB");
    }
    unpacked.resize(size);
    size_t got =
        ZSTD_decompressDCtx(Unpacker(), unpacked.data(), unpacked.size(),
                            payload.data(), payload.size());
    if (ZSTD_isError(got) || got != size) {
      return Error(Reason::kMalformed, "a payload does not unpack");
    }
    payload = unpacked;
  } else if (encoding != kEncodingRaw) {
    return Error(Reason::kVersionUnknown,
                 absl::StrCat("payload encoding ", encoding));
  }
  ByteReader in(payload);
  std::vector<std::string> values(in.Count(1, kChangeOperationsMax));
  for (std::string& value : values) value = std::string(in.Prefixed());
  if (!in.Done()) return Error(Reason::kMalformed, "a payload is truncated");
  return values;
}

}  // namespace vouch
