// Who may do what: one table of role × kind × act, and the moves of a
// registration. Whatever the table does not grant is not allowed.
//
//   IsAllowed(v1::ROLE_ASSESSOR, kObservationKind, RecordAct::kSign)   // true
//   MayMove(v1::ROLE_CANDIDATE, registered, withdrawn)                 // false
//
// Pure; any thread.
#ifndef VOUCH_EVIDENCE_PERMISSIONS_H_
#define VOUCH_EVIDENCE_PERMISSIONS_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "sync/base/merge_class.h"
#include "vouch/v1/records.pb.h"

namespace vouch {

enum class RecordAct : uint8_t {
  kCreate,
  kEdit,     // of a draft, or of a living record
  kMove,     // to another state
  kDiscard,  // and revive
  kSign,
  kAmend,       // what is signed
  kSettleLate,  // adopt or dismiss an edit made apart from the signature
  kWithdraw,    // a signed record, or a verdict
  kCountersign,
  kAppend,   // a verdict that names at most one other
  kResolve,  // a verdict that names several: settles a contest
  kRelease,  // a change held for review
};
inline constexpr int kRecordActCount = 12;
absl::string_view RecordActName(RecordAct act);

// Absent for a class this software does not know. `names_several`: the
// operation replaces two values or more.
std::optional<RecordAct> ActOf(MergeClass merge_class, bool names_several);

bool IsAllowed(v1::Role role, uint32_t kind, RecordAct act);

// Whether a person of that role may move a registration so. "Not stated" is
// the same as registered.
bool MayMove(v1::Role role, v1::RegistrationState from,
             v1::RegistrationState to);
// From some state.
bool MayMoveTo(v1::Role role, v1::RegistrationState to);

// Fields of a registration that say who is who and for what: only those who
// may create a registration edit them.
bool IsAppointment(uint32_t registration_field);

// "assessor", "internal verifier" …
absl::string_view RoleName(v1::Role role);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_PERMISSIONS_H_
