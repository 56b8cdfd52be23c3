// Vectors of primitives, cores and payloads.
#include <string>
#include <vector>

#include "sync/base/codec.h"
#include "sync/core/change.h"
#include "tests/support/author.h"
#include "tests/vectors/vectors.h"

namespace vouch::test {
namespace {

std::string Hex(absl::string_view hex) { return absl::HexStringToBytes(hex); }

Json Refused(const std::string& why, absl::string_view bytes) {
  return Json::Object(
      {{"why", Json::Text(why)}, {"bytes", Json::Bytes(bytes)}});
}

ChangeCore BaseCore() {
  ChangeCore core;
  core.device = DeviceIdOf(KeyOf("device").public_key());
  core.incarnation = IdOf<Incarnation>("incarnation");
  core.seq = 1;
  core.scope = MakeScope(ScopeKind::kShared, IdOf<RecordId>("registration"));
  core.person = IdOf<PersonId>("person");
  core.kind = 5;
  core.record = IdOf<RecordId>("record");
  core.hlc = static_cast<uint64_t>(kStartMs) << 16 | 3;
  core.claimed_ms = kStartMs;
  core.utc_offset_min = 60;
  core.monotonic_ms = 123456;
  core.boot = IdOf<BootId>("boot");
  core.commitment = IdOf<Hash>("commitment");
  return core;
}

Operation Op(MergeClass c) {
  Operation op;
  op.merge_class = c;
  return op;
}

ChangeCore CreateCore() {
  ChangeCore core = BaseCore();
  core.operations = {Op(MergeClass::kCreate)};
  return core;
}

// One operation of each class, as a library would write it, and an unknown one.
ChangeCore EveryClassCore() {
  ChangeCore core = BaseCore();
  core.seq = 300;
  core.previous = IdOf<Hash>("previous");
  Hash create = IdOf<Hash>("create"), value = IdOf<Hash>("value");
  core.frontier = {value};
  core.relies_on = {create};
  uint32_t part = 0;
  for (uint32_t number = 1; number <= 18; ++number) {
    MergeClass c = static_cast<MergeClass>(number < 18 ? number : 4711);
    Operation op = Op(c);
    if (IsValueClass(c) || c == MergeClass::kSetRemove ||
        c == MergeClass::kLedger) {
      op.path = {number, 1};
    }
    if (IsValueClass(c) || c == MergeClass::kLedger) op.part = part++;
    if (c == MergeClass::kSetAdd || c == MergeClass::kSetRemove ||
        c == MergeClass::kBlock) {
      op.element = Element("element");
    }
    if (c == MergeClass::kBlock) op.after = Element("after");
    if (c != MergeClass::kCreate && c != MergeClass::kSetAdd) {
      op.replaces = {{value, number}};
    }
    core.operations.push_back(op);
  }
  core.operations.back().replaces.push_back({IdOf<Hash>("another"), 0});
  return core;
}

ChangeCore ExtremeCore() {
  ChangeCore core = BaseCore();
  core.seq = UINT64_MAX;
  core.previous = IdOf<Hash>("previous");
  core.kind = UINT32_MAX;
  core.hlc = UINT64_MAX;
  core.claimed_ms = INT64_MIN;
  core.utc_offset_min = -1440;
  core.monotonic_ms = UINT64_MAX;
  Operation op = Op(static_cast<MergeClass>(UINT32_MAX));
  op.path.assign(kPathDepthMax, 0x1fffffff);
  core.operations = {op};
  return core;
}

Json OperationJson(const Operation& op) {
  std::vector<Json> path, replaces;
  for (uint32_t field : op.path) path.push_back(Json::Number(field));
  for (const ValueName& n : op.replaces) {
    replaces.push_back(
        Json::List({Json::Of(n.change), Json::Number(n.operation)}));
  }
  return Json::Object(
      {{"merge_class", Json::Number(static_cast<uint32_t>(op.merge_class))},
       {"path", Json::List(path)},
       {"element", Json::Bytes(op.element ? op.element->view() : "")},
       {"after", Json::Bytes(op.after ? op.after->view() : "")},
       {"part", op.part ? Json::Number(*op.part) : Json::Text("")},
       {"replaces", Json::List(replaces)}});
}

Json HashList(const std::vector<Hash>& hashes) {
  std::vector<Json> out;
  for (const Hash& hash : hashes) out.push_back(Json::Of(hash));
  return Json::List(out);
}

Json CoreJson(const std::string& name, const ChangeCore& core) {
  std::string bytes = EncodeCore(core);
  std::vector<Json> operations;
  for (const Operation& op : core.operations) {
    operations.push_back(OperationJson(op));
  }
  return Json::Object({{"name", Json::Text(name)},
                       {"core", Json::Bytes(bytes)},
                       {"hash", Json::Of(ChangeHash(bytes))},
                       {"device", Json::Of(core.device)},
                       {"incarnation", Json::Of(core.incarnation)},
                       {"seq", Json::Number(core.seq)},
                       {"previous", Json::Of(core.previous)},
                       {"scope", Json::Of(core.scope)},
                       {"person", Json::Of(core.person)},
                       {"kind", Json::Number(core.kind)},
                       {"record", Json::Of(core.record)},
                       {"hlc", Json::Number(core.hlc)},
                       {"claimed_ms", Json::Number(core.claimed_ms)},
                       {"utc_offset_min", Json::Number(core.utc_offset_min)},
                       {"monotonic_ms", Json::Number(core.monotonic_ms)},
                       {"boot", Json::Of(core.boot)},
                       {"frontier", HashList(core.frontier)},
                       {"relies_on", HashList(core.relies_on)},
                       {"operations", Json::List(operations)},
                       {"commitment", Json::Of(core.commitment)}});
}

// `bytes` with those at `at` replaced.
std::string Put(std::string bytes, size_t at, absl::string_view other) {
  return bytes.replace(at, other.size(), other.data(), other.size());
}

Json PayloadJson(const std::string& name,
                 const std::vector<std::string>& values,
                 const std::string& payload) {
  Salt salt = IdOf<Salt>(name);
  std::vector<Json> list;
  for (const std::string& value : values) list.push_back(Json::Bytes(value));
  return Json::Object({{"name", Json::Text(name)},
                       {"values", Json::List(list)},
                       {"payload", Json::Bytes(payload)},
                       {"salt", Json::Of(salt)},
                       {"commitment", Json::Of(CommitPayload(salt, payload))}});
}

// Frozen: another release of zstd may compress better, and what was once
// committed to must be read for ever.
constexpr absl::string_view kZstdPayload =
    "0128b52ffd601b007d010064020198025468652063616e646964617465206973"
    "6f6c617465642074686520737570706c792e200100961b4a3d01";

}  // namespace

Json PrimitiveVectors() {
  std::vector<Json> varints, svarints, refused, scopes, keyed;
  for (uint64_t v :
       {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128}, uint64_t{300},
        uint64_t{16384}, uint64_t{1} << 32, uint64_t{1} << 63, UINT64_MAX}) {
    varints.push_back(
        Json::Object({{"value", Json::Number(v)},
                      {"bytes", Json::Bytes(ByteWriter().Varint(v).bytes())}}));
  }
  for (int64_t v : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{-64},
                    int64_t{64}, INT64_MAX, INT64_MIN}) {
    svarints.push_back(Json::Object(
        {{"value", Json::Number(v)},
         {"bytes", Json::Bytes(ByteWriter().SVarint(v).bytes())}}));
  }
  for (auto [why, hex] : {std::pair{"not the shortest form", "8000"},
                          {"not the shortest form of 1", "8100"},
                          {"more than 64 bits", "ffffffffffffffffff02"},
                          {"eleven bytes", "8080808080808080808001"},
                          {"truncated", "80"}}) {
    refused.push_back(Refused(why, Hex(hex)));
  }
  for (ScopeKind kind :
       {ScopeKind::kShared, ScopeKind::kStaff, ScopeKind::kVerification,
        ScopeKind::kAuthority, ScopeKind::kReference, ScopeKind::kPerson}) {
    RecordId owner = IdOf<RecordId>("owner");
    scopes.push_back(
        Json::Object({{"kind", Json::Number(static_cast<int>(kind))},
                      {"owner", Json::Of(owner)},
                      {"scope", Json::Of(MakeScope(kind, owner))}}));
  }
  for (absl::string_view key : {"", "registration F1"}) {
    keyed.push_back(
        Json::Object({{"kind", Json::Number(9)},
                      {"key", Json::Bytes(key)},
                      {"record", Json::Of(KeyedRecordId(9, key))}}));
  }
  SigningKey key = KeyOf("device");
  return Json::Object(
      {{"varints", Json::List(varints)},
       {"svarints", Json::List(svarints)},
       {"refused", Json::List(refused)},
       {"scopes", Json::List(scopes)},
       {"keyed_records", Json::List(keyed)},
       {"device",
        Json::Object({{"seed", Json::Bytes(key.seed())},
                      {"public_key", Json::Of(key.public_key())},
                      {"device_id", Json::Of(DeviceIdOf(key.public_key()))}})},
       {"signature",
        Json::Object({{"tag", Json::Text("vouch.example.v1")},
                      {"bytes", Json::Bytes("bytes")},
                      {"signature",
                       Json::Of(key.Sign("vouch.example.v1", "bytes"))}})}});
}

Json CoreVectors() {
  std::vector<Json> accepted, refused;
  accepted.push_back(CoreJson("create", CreateCore()));
  accepted.push_back(
      CoreJson("every class and an unknown one", EveryClassCore()));
  accepted.push_back(CoreJson("extremes", ExtremeCore()));
  std::string bytes = EncodeCore(CreateCore());
  constexpr size_t kSeqAt = 1 + 16 + 8;
  refused.push_back(Refused("truncated", bytes.substr(0, bytes.size() - 1)));
  refused.push_back(Refused("a trailing byte", bytes + '\0'));
  refused.push_back(Refused("version 2", Put(bytes, 0, "\x02")));
  refused.push_back(Refused(
      "seq in a longer form",
      bytes.substr(0, kSeqAt) + Hex("8100") + bytes.substr(kSeqAt + 1)));
  refused.push_back(
      Refused("seq 0", Put(bytes, kSeqAt, absl::string_view("\0", 1))));
  refused.push_back(
      Refused("seq 2 without a previous hash", Put(bytes, kSeqAt, "\x02")));
  // The operation is class, depth, flags and count before the commitment.
  size_t op_at = bytes.size() - Hash::kSize - 4;
  refused.push_back(
      Refused("merge class 0", Put(bytes, op_at, absl::string_view("\0", 1))));
  refused.push_back(
      Refused("an unknown operation flag", Put(bytes, op_at + 2, "\x08")));
  size_t table_at = op_at - 4;
  refused.push_back(
      Refused("an unused reference", bytes.substr(0, table_at) + '\x01' +
                                         std::string(32, 'r') +
                                         bytes.substr(table_at + 1)));
  refused.push_back(Refused("an index beyond the reference table",
                            bytes.substr(0, table_at + 1) + Hex("0100") +
                                bytes.substr(table_at + 2)));
  return Json::Object(
      {{"accepted", Json::List(accepted)}, {"refused", Json::List(refused)}});
}

Json PayloadVectors() {
  std::vector<Json> accepted, refused;
  for (const auto& [name, values] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"no value", {}},
           {"an empty value", {""}},
           {"two values", {Hex("0a0348692e"), Hex("1001")}}}) {
    accepted.push_back(PayloadJson(name, values, EncodePayload(values)));
  }
  std::string text;
  for (int i = 0; i < 8; ++i) text += "The candidate isolated the supply. ";
  accepted.push_back(PayloadJson("zstd", {text}, Hex(kZstdPayload)));
  refused.push_back(Refused("no encoding byte", ""));
  refused.push_back(Refused("truncated", Hex("00020161")));
  refused.push_back(Refused("a trailing byte", Hex("0001016162")));
  refused.push_back(Refused("a count in a longer form", Hex("0081000161")));
  refused.push_back(Refused("unknown encoding", Hex("07616263")));
  return Json::Object(
      {{"accepted", Json::List(accepted)}, {"refused", Json::List(refused)}});
}

}  // namespace vouch::test
