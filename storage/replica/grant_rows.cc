#include "storage/replica/grant_rows.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"

namespace vouch {
namespace {

constexpr uint8_t kVersion = 1;

std::string KeyOf(char letter, absl::string_view id) {
  return absl::StrCat(absl::string_view(&letter, 1), id);
}

}  // namespace

std::string MemberKey(const DeviceId& id) {
  return KeyOf(kMemberLetter, id.view());
}
std::string PersonKey(const PersonId& id) {
  return KeyOf(kPersonLetter, id.view());
}

// People type codes: case, dashes and the letters that look like digits are
// forgiven.
std::string CodeKey(absl::string_view code) {
  std::string plain;
  for (char c : code) {
    c = absl::ascii_toupper(static_cast<unsigned char>(c));
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    if (c != '-' && c != ' ') plain.push_back(c);
  }
  return KeyOf(kCodeLetter, HashOf("vouch.code.v1", {plain}).view());
}

std::string ErasureKey(uint64_t seq) {
  return KeyOf(kErasureLetter, ByteWriter().U64(seq).bytes());
}

std::string EncodeMember(const Member& m) {
  ByteWriter out;
  out.U8(kVersion).Fixed(m.device).Fixed(m.device_key).Fixed(m.person);
  out.Fixed(m.person_key).Varint(static_cast<uint64_t>(m.role));
  out.Prefixed(m.name).SVarint(m.enrolled_ms).U8(m.revoked ? 1 : 0);
  return out.Take();
}

std::optional<Member> DecodeMember(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVersion) return std::nullopt;
  Member m;
  m.device = in.Fixed<DeviceId>();
  m.device_key = in.Fixed<PublicKey>();
  m.person = in.Fixed<PersonId>();
  m.person_key = in.Fixed<PublicKey>();
  m.role = static_cast<int>(in.Varint());
  m.name = std::string(in.Prefixed());
  m.enrolled_ms = in.SVarint();
  m.revoked = in.U8() != 0;
  if (!in.Done()) return std::nullopt;
  return m;
}

std::string EncodeCode(const StoredCode& c) {
  ByteWriter out;
  out.U8(kVersion).Varint(static_cast<uint64_t>(c.row.role));
  out.Prefixed(c.row.name).SVarint(c.row.expires_ms).Fixed(c.person);
  out.U8(c.used_by.has_value() ? 1 : 0);
  if (c.used_by.has_value()) out.Fixed(*c.used_by);
  return out.Take();
}

std::optional<StoredCode> DecodeCode(absl::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVersion) return std::nullopt;
  StoredCode c;
  c.row.role = static_cast<int>(in.Varint());
  c.row.name = std::string(in.Prefixed());
  c.row.expires_ms = in.SVarint();
  c.person = in.Fixed<PersonId>();
  if (in.U8() == 1) c.used_by = in.Fixed<DeviceId>();
  if (!in.Done()) return std::nullopt;
  return c;
}

std::string EncodeErasure(const Erasure& e) {
  ByteWriter out;
  out.U8(kVersion).Fixed(e.scope).Fixed(e.record).SVarint(e.time_ms);
  return out.Take();
}

std::optional<Erasure> DecodeErasure(absl::string_view key,
                                     absl::string_view bytes) {
  ByteReader k(key);
  ByteReader in(bytes);
  if (k.U8() != kErasureLetter || in.U8() != kVersion) return std::nullopt;
  Erasure e;
  e.seq = k.U64();
  e.scope = in.Fixed<ScopeId>();
  e.record = in.Fixed<RecordId>();
  e.time_ms = in.SVarint();
  if (!k.Done() || !in.Done()) return std::nullopt;
  return e;
}

}  // namespace vouch
