// One change: atomic on one record, signed through its segment, never altered.
//
// The core says who, where, when and what was done; the payload holds the
// values, and the core commits to it by a salted hash, so that a payload can
// be erased while every proof still verifies. Grammar: sync/README.md §3.
// Everything here is a value; pure functions, any thread.
//
//   ChangeCore core = …;
//   std::string payload = EncodePayload({value0, value1});
//   core.commitment = CommitPayload(salt, payload);
//   std::string bytes = EncodeCore(core);
//   Hash hash = ChangeHash(bytes);
#ifndef VOUCH_SYNC_CORE_CHANGE_H_
#define VOUCH_SYNC_CORE_CHANGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/base/ids.h"
#include "sync/base/merge_class.h"
#include "sync/base/operation.h"

namespace vouch {

inline constexpr size_t kChangeBytesMax = 2 << 20;  // core and payload together
inline constexpr size_t kChangeReferencesMax = 4096;
inline constexpr size_t kChangeOperationsMax = 4096;
inline constexpr size_t kPathDepthMax = 16;

struct Operation {
  MergeClass merge_class = MergeClass::kRegister;
  std::vector<uint32_t> path;        // field numbers from the record's root
  std::optional<ElementId> element;  // set element or block
  std::optional<ElementId> after;    // block: the block it follows
  std::vector<ValueName> replaces;   // the values this one supersedes
  std::optional<uint32_t> part;      // index of its value in the payload
};

struct ChangeCore {
  DeviceId device;
  Incarnation incarnation;
  uint64_t seq = 0;
  Hash previous;  // hash of seq - 1 of this incarnation; zero for seq 1
  ScopeId scope;
  PersonId person;
  uint32_t kind = 0;
  RecordId record;
  uint64_t hlc = 0;
  int64_t claimed_ms = 0;
  int32_t utc_offset_min = 0;
  uint64_t monotonic_ms = 0;
  BootId boot;
  std::vector<Hash> frontier;   // heads of the record that the author saw
  std::vector<Hash> relies_on;  // what must hold for this change to hold
  std::vector<Operation> operations;
  Hash commitment;
};

// Made by the author's person key, or by a witness's one-time key, over the
// change hash under the tag "vouch.person.v1".
struct PersonSignature {
  enum Role : uint8_t { kAuthor = 0, kWitness = 1 };
  uint8_t role = kAuthor;
  PublicKey key;
  Signature signature;
};
inline constexpr absl::string_view kPersonTag = "vouch.person.v1";
inline constexpr size_t kPersonSignaturesMax = 8;  // on one change

// A change as held: exact core bytes, and the payload unless erased.
struct Change {
  std::string core_bytes;
  ChangeCore core;
  Hash hash;
  Salt salt;
  std::string payload;  // encoding byte ‖ encoded bytes
  bool erased = false;
  std::vector<PersonSignature> signatures;
};

// A core holding more than the limits is a defect of the caller.
std::string EncodeCore(const ChangeCore& core);
// Errors: MALFORMED, NOT_CANONICAL, VERSION_UNKNOWN, TOO_LARGE.
absl::StatusOr<ChangeCore> DecodeCore(absl::string_view bytes);

Hash ChangeHash(absl::string_view core_bytes);
Hash CommitPayload(const Salt& salt, absl::string_view payload);

// Encodes once, with zstd where that is smaller. Never call it again on what
// it returned: the bytes are committed to.
std::string EncodePayload(const std::vector<std::string>& values);
// Errors: MALFORMED, TOO_LARGE; VERSION_UNKNOWN for an encoding that this
// software does not know (the change is then carried inert).
absl::StatusOr<std::vector<std::string>> DecodePayload(
    absl::string_view payload);

// Every hash the core refers to, once, in the canonical order of first use:
// frontier, relies_on, then the operations' replaces.
std::vector<Hash> ReferencesOf(const ChangeCore& core);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_CHANGE_H_
