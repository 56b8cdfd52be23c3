// Scope ids. A scope belongs to an owner with a 16-byte UUID (a registration,
// a centre, a person); its id is the owner's with the version nibble (high
// half of byte 6) replaced by the kind of scope. So anyone can tell a scope's
// kind and whose it is, and nothing has to be looked up.
#ifndef VOUCH_SYNC_BASE_SCOPE_H_
#define VOUCH_SYNC_BASE_SCOPE_H_

#include <cstdint>

#include "sync/base/ids.h"

namespace vouch {

// Values of vouch.v1.ScopeKind; under signatures.
enum class ScopeKind : uint8_t {
  kUnknown = 0,
  kShared = 1,
  kStaff = 2,
  kVerification = 3,
  kAuthority = 10,
  kReference = 11,
  kPerson = 12,
};

template <typename Owner>
ScopeId MakeScope(ScopeKind kind, const Owner& owner) {
  ScopeId scope = *ScopeId::FromBytes(owner.view());
  scope.data()[6] = static_cast<uint8_t>((scope[6] & 0x0f) |
                                         (static_cast<uint8_t>(kind) << 4));
  return scope;
}

inline ScopeKind ScopeKindOf(const ScopeId& scope) {
  switch (static_cast<ScopeKind>(scope[6] >> 4)) {
    case ScopeKind::kShared:
      return ScopeKind::kShared;
    case ScopeKind::kStaff:
      return ScopeKind::kStaff;
    case ScopeKind::kVerification:
      return ScopeKind::kVerification;
    case ScopeKind::kAuthority:
      return ScopeKind::kAuthority;
    case ScopeKind::kReference:
      return ScopeKind::kReference;
    case ScopeKind::kPerson:
      return ScopeKind::kPerson;
    default:
      return ScopeKind::kUnknown;
  }
}

// The registration a shared, staff or verification scope belongs to (its
// record id is a UUIDv7).
inline RecordId RegistrationOf(const ScopeId& scope) {
  RecordId id = *RecordId::FromBytes(scope.view());
  id.data()[6] = static_cast<uint8_t>((id[6] & 0x0f) | 0x70);
  return id;
}

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_SCOPE_H_
