// Family::kGrant as values, and their bytes (FORMAT.md): who belongs to the
// centre, which codes enrol, and what was erased. Decoding gives nothing for
// bytes that are damaged or of another version. Pure; any thread.
#ifndef VOUCH_STORAGE_REPLICA_GRANT_ROWS_H_
#define VOUCH_STORAGE_REPLICA_GRANT_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sync/base/ids.h"

namespace vouch {

// An enrolled device and the person certified on it.
struct Member {
  DeviceId device;
  PublicKey device_key;
  PersonId person;
  PublicKey person_key;
  int role = 0;  // vouch.v1.Role
  std::string name;
  int64_t enrolled_ms = 0;
  bool revoked = false;
};

struct CodeRow {
  int role = 0;
  std::string name;
  int64_t expires_ms = 0;
};
struct StoredCode {
  CodeRow row;
  PersonId person;
  std::optional<DeviceId> used_by;
};

// One record of one scope, erased for good. `seq` counts from 0 without gaps.
struct Erasure {
  uint64_t seq = 0;
  ScopeId scope;
  RecordId record;
  int64_t time_ms = 0;
};

// The first letter of a key says what the row is.
inline constexpr char kMemberLetter = 'd';
inline constexpr char kPersonLetter = 'p';
inline constexpr char kCodeLetter = 'c';
inline constexpr char kErasureLetter = 'e';
inline constexpr char kMarkLetter = 'i';  // in the authority store only

// Name in family meta of a log store: u64, erasures carried out in it.
inline constexpr absl::string_view kErasuresDone = "erased";

std::string MemberKey(const DeviceId& id);
std::string PersonKey(const PersonId& id);
// Of a code as a person typed it.
std::string CodeKey(absl::string_view code);
std::string ErasureKey(uint64_t seq);
// Ids only: such a row is stored as it is.
inline bool IsPlainGrant(absl::string_view key) {
  return !key.empty() && key[0] == kPersonLetter;
}

std::string EncodeMember(const Member& member);
std::optional<Member> DecodeMember(absl::string_view bytes);
std::string EncodeCode(const StoredCode& code);
std::optional<StoredCode> DecodeCode(absl::string_view bytes);
// Without the seq, which is the key.
std::string EncodeErasure(const Erasure& erasure);
std::optional<Erasure> DecodeErasure(absl::string_view key,
                                     absl::string_view bytes);

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_GRANT_ROWS_H_
