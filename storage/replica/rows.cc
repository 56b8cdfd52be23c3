#include "storage/replica/rows.h"

#include "sync/base/codec.h"

namespace vouch {
namespace {

constexpr uint8_t kRowVersion = 1;
// Of a segment row with an earlier commit, and of a ladder row.
constexpr uint8_t kRecoveryRowVersion = 2;

void WriteCoordinate(const Coordinate& at, ByteWriter* out) {
  out->Fixed(at.device).Fixed(at.incarnation).Fixed(at.branch).Varint(at.seq);
}

Coordinate ReadCoordinate(ByteReader* in) {
  Coordinate at;
  at.device = in->Fixed<DeviceId>();
  at.incarnation = in->Fixed<Incarnation>();
  at.branch = in->Fixed<Hash>();
  at.seq = in->Varint();
  return at;
}

// 0: none, else one more than the value.
void WriteOptional(std::optional<uint64_t> v, ByteWriter* out) {
  out->Varint(v.has_value() ? *v + 1 : 0);
}

std::optional<uint64_t> ReadOptional(ByteReader* in) {
  uint64_t v = in->Varint();
  return v == 0 ? std::nullopt : std::optional<uint64_t>(v - 1);
}

// Each row has one encoding: a flag is 0 or 1, a number fits its field.
bool ReadFlag(ByteReader* in) {
  uint8_t flag = in->U8();
  if (flag > 1) in->Fail();
  return flag == 1;
}

uint32_t ReadU32(ByteReader* in) {
  uint64_t v = in->Varint();
  if (v > UINT32_MAX) in->Fail();
  return static_cast<uint32_t>(v);
}

// Every row starts with its version.
ByteWriter Versioned() {
  ByteWriter out;
  out.U8(kRowVersion);
  return out;
}

ByteReader Unversioned(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kRowVersion) in.Fail();
  return in;
}

template <typename T>
std::optional<T> IfDone(const ByteReader& in, T row) {
  if (!in.Done()) return std::nullopt;
  return row;
}

}  // namespace

std::string EncodeChainRow(const ChainRow& row) {
  ByteWriter out = Versioned();
  out.Prefixed(row.core_bytes).Varint(row.signatures.size());
  for (const PersonSignature& s : row.signatures) {
    out.U8(s.role).Fixed(s.key).Fixed(s.signature);
  }
  return out.Take();
}

std::optional<ChainRow> DecodeChainRow(absl::string_view bytes) {
  ByteReader in = Unversioned(bytes);
  ChainRow row;
  row.core_bytes = std::string(in.Prefixed());
  row.signatures.resize(in.Count(97, kPersonSignaturesMax));
  for (PersonSignature& s : row.signatures) {
    s.role = in.U8();
    s.key = in.Fixed<PublicKey>();
    s.signature = in.Fixed<Signature>();
  }
  return IfDone(in, std::move(row));
}

std::string EncodeLocation(const ChangeLocation& row) {
  ByteWriter out = Versioned();
  WriteCoordinate(row.at, &out);
  out.Fixed(row.scope).Fixed(row.record).Fixed(row.author);
  out.U8((row.saw_seal ? 1 : 0) | (row.saw_discard ? 2 : 0));
  return out.Take();
}

std::optional<ChangeLocation> DecodeLocation(absl::string_view bytes) {
  ByteReader in = Unversioned(bytes);
  ChangeLocation row;
  row.at = ReadCoordinate(&in);
  row.scope = in.Fixed<ScopeId>();
  row.record = in.Fixed<RecordId>();
  row.author = in.Fixed<PersonId>();
  uint8_t flags = in.U8();
  if (flags > 3) in.Fail();
  row.saw_seal = (flags & 1) != 0;
  row.saw_discard = (flags & 2) != 0;
  return IfDone(in, row);
}

std::string EncodeRecordChange(const RecordChange& row) {
  ByteWriter out = Versioned();
  WriteCoordinate(row.at, &out);
  out.U8(row.disposition.quarantined ? 1 : 0);
  out.Varint(static_cast<uint64_t>(row.disposition.reason));
  WriteOptional(row.commit_seq, &out);
  out.U8(row.effective ? 1 : 0);
  return out.Take();
}

std::optional<RecordChange> DecodeRecordChange(const Hash& hash,
                                               absl::string_view bytes) {
  ByteReader in = Unversioned(bytes);
  RecordChange row;
  row.hash = hash;
  row.at = ReadCoordinate(&in);
  row.disposition.quarantined = ReadFlag(&in);
  uint64_t reason = in.Varint();
  if (reason > INT32_MAX) in.Fail();
  row.disposition.reason = static_cast<Reason>(reason);
  row.commit_seq = ReadOptional(&in);
  row.effective = ReadFlag(&in);
  return IfDone(in, row);
}

std::string EncodeSummary(const RecordSummaryRow& row) {
  ByteWriter out = Versioned();
  out.Varint(row.kind).U8(static_cast<uint8_t>(row.state));
  out.Fixed(row.state_hash).Varint(row.conflicts).Varint(row.held);
  out.Varint(row.changes).Varint(row.unacknowledged);
  return out.Take();
}

std::optional<RecordSummaryRow> DecodeSummary(absl::string_view key,
                                              absl::string_view bytes) {
  ByteReader k(key);
  RecordSummaryRow row;
  row.scope = k.Fixed<ScopeId>();
  row.record = k.Fixed<RecordId>();
  ByteReader in = Unversioned(bytes);
  if (!k.Done()) in.Fail();
  row.kind = ReadU32(&in);
  row.state = static_cast<RecordState>(in.U8());
  row.state_hash = in.Fixed<Hash>();
  row.conflicts = ReadU32(&in);
  row.held = ReadU32(&in);
  row.changes = ReadU32(&in);
  row.unacknowledged = ReadU32(&in);
  return IfDone(in, row);
}

Segment RestOf(const Segment& segment, size_t begin) {
  Segment rest;
  rest.header = segment.header;
  if (begin > 0) rest.header.previous = segment.changes[begin - 1].hash;
  rest.header.first_seq += begin;
  rest.header.count -= static_cast<uint32_t>(begin);
  rest.changes.assign(
      segment.changes.begin() + static_cast<std::ptrdiff_t>(begin),
      segment.changes.end());
  return rest;
}

std::string EncodeSegmentRow(const SegmentRow& row) {
  ByteWriter out;
  out.U8(row.earlier.has_value() ? kRecoveryRowVersion : kRowVersion);
  out.Prefixed(EncodeSegmentHeader(row.header));
  WriteOptional(row.first_commit_seq, &out);
  out.U8(row.ack.has_value() ? 1 : 0);
  if (row.ack.has_value()) {
    out.Fixed(row.ack->history).Fixed(row.ack->signature);
  }
  if (row.earlier.has_value()) {
    out.Fixed(row.earlier->history).Fixed(row.earlier->signature);
    out.Raw(EncodeSegmentCommit(row.earlier->commit));
  }
  return out.Take();
}

std::optional<SegmentRow> DecodeSegmentRow(absl::string_view bytes) {
  ByteReader in(bytes);
  const uint8_t version = in.U8();
  if (version != kRowVersion && version != kRecoveryRowVersion) in.Fail();
  auto header = DecodeSegmentHeader(in.Prefixed());
  if (!header.ok()) return std::nullopt;
  SegmentRow row;
  row.header = *header;
  row.first_commit_seq = ReadOptional(&in);
  if (ReadFlag(&in)) {
    SegmentRow::AckProof ack;
    ack.history = in.Fixed<HistoryId>();
    ack.signature = in.Fixed<Signature>();
    row.ack = ack;
  }
  if (version == kRowVersion) return IfDone(in, row);
  SegmentRow::EarlierCommit earlier;
  earlier.history = in.Fixed<HistoryId>();
  earlier.signature = in.Fixed<Signature>();
  if (!in.ok()) return std::nullopt;
  auto commit = DecodeSegmentCommit(in.rest());
  if (!commit.ok()) return std::nullopt;
  earlier.commit = *std::move(commit);
  row.earlier = std::move(earlier);
  return row;
}

std::string EncodeLogRow(const LogRow& row) {
  ByteWriter out = Versioned();
  WriteCoordinate(row.first, &out);
  out.Varint(row.count).Fixed(row.scope).Raw(EncodeSegmentCommit(row.commit));
  return out.Take();
}

std::optional<LogRow> DecodeLogRow(absl::string_view bytes) {
  ByteReader in = Unversioned(bytes);
  LogRow row;
  row.first = ReadCoordinate(&in);
  row.count = ReadU32(&in);
  row.scope = in.Fixed<ScopeId>();
  if (!in.ok()) return std::nullopt;
  auto commit = DecodeSegmentCommit(in.rest());
  if (!commit.ok() || commit->dispositions.size() != row.count) {
    return std::nullopt;
  }
  row.commit = *std::move(commit);
  return row;
}

std::string EncodeLadder(const LadderRow& row) {
  ByteWriter out;
  out.U8(kRecoveryRowVersion).Prefixed(EncodeTreeHead(row.head));
  out.Raw(row.tree.Encode());
  return out.Take();
}

std::optional<LadderRow> DecodeLadder(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kRecoveryRowVersion) return std::nullopt;
  auto head = DecodeTreeHead(in.Prefixed());
  if (!in.ok() || !head.ok()) return std::nullopt;
  auto tree = CompactRange::Decode(in.rest());
  if (!tree.ok()) return std::nullopt;
  return LadderRow{*std::move(head), *std::move(tree)};
}

std::string EncodeByScope(const ByScopeRow& row) {
  ByteWriter out = Versioned();
  out.Varint(row.first_commit_seq).Varint(row.count).Fixed(row.scope_head);
  return out.Take();
}

std::optional<ByScopeRow> DecodeByScope(absl::string_view bytes) {
  ByteReader in = Unversioned(bytes);
  ByScopeRow row;
  row.first_commit_seq = in.Varint();
  row.count = in.Varint();
  row.scope_head = in.Fixed<Hash>();
  return IfDone(in, row);
}

}  // namespace vouch
