#include "evidence/permissions.h"

#include "evidence/kinds.h"
#include "evidence/permission_table.h"

namespace vouch {
namespace {

Roles AllowedRoles(const PermissionRow& row, RecordAct act) {
  switch (act) {
    case RecordAct::kCreate:
      return row.create;
    case RecordAct::kEdit:
      return row.edit;
    case RecordAct::kMove:
      return row.move;
    case RecordAct::kDiscard:
      return row.discard;
    case RecordAct::kSign:
      return row.sign;
    case RecordAct::kAmend:
      return row.amend;
    case RecordAct::kSettleLate:
      return row.settle_late;
    case RecordAct::kWithdraw:
      return row.withdraw;
    case RecordAct::kCountersign:
      return row.countersign;
    case RecordAct::kAppend:
      return row.append;
    case RecordAct::kResolve:
      return row.resolve;
    case RecordAct::kRelease:
      return row.release;
  }
  return kNobody;
}

bool IsKnownRole(v1::Role role) {
  return role > v1::ROLE_UNSPECIFIED && role <= v1::Role_MAX;
}

struct Move {
  v1::RegistrationState from, to;
  Roles roles;
};

constexpr Roles kRegistrars = kAdministrator | kAssessor;
// Leaving and coming back are known on the spot; another centre's and the
// awarding body's part is the administrator's. A claimed one stays claimed.
constexpr Move kMoves[] = {
    {v1::REGISTRATION_STATE_REGISTERED, v1::REGISTRATION_STATE_REGISTERED,
     kRegistrars},
    {v1::REGISTRATION_STATE_REGISTERED, v1::REGISTRATION_STATE_WITHDRAWN,
     kRegistrars},
    {v1::REGISTRATION_STATE_REGISTERED, v1::REGISTRATION_STATE_TRANSFERRED,
     kAdministrator},
    {v1::REGISTRATION_STATE_REGISTERED, v1::REGISTRATION_STATE_COMPLETED,
     kAdministrator},
    {v1::REGISTRATION_STATE_WITHDRAWN, v1::REGISTRATION_STATE_RETURNED,
     kRegistrars},
    {v1::REGISTRATION_STATE_TRANSFERRED, v1::REGISTRATION_STATE_RETURNED,
     kAdministrator},
    {v1::REGISTRATION_STATE_RETURNED, v1::REGISTRATION_STATE_WITHDRAWN,
     kRegistrars},
    {v1::REGISTRATION_STATE_RETURNED, v1::REGISTRATION_STATE_TRANSFERRED,
     kAdministrator},
    {v1::REGISTRATION_STATE_RETURNED, v1::REGISTRATION_STATE_COMPLETED,
     kAdministrator},
};

}  // namespace

absl::string_view RecordActName(RecordAct act) {
  switch (act) {
    case RecordAct::kCreate:
      return "create";
    case RecordAct::kEdit:
      return "edit";
    case RecordAct::kMove:
      return "move";
    case RecordAct::kDiscard:
      return "discard";
    case RecordAct::kSign:
      return "sign";
    case RecordAct::kAmend:
      return "amend";
    case RecordAct::kSettleLate:
      return "settle a late edit of";
    case RecordAct::kWithdraw:
      return "take back";
    case RecordAct::kCountersign:
      return "countersign";
    case RecordAct::kAppend:
      return "append to";
    case RecordAct::kResolve:
      return "settle";
    case RecordAct::kRelease:
      return "release";
  }
  return "do this to";
}

std::optional<RecordAct> ActOf(MergeClass merge_class, bool names_several) {
  switch (merge_class) {
    case MergeClass::kCreate:
      return RecordAct::kCreate;
    case MergeClass::kRegister:
    case MergeClass::kSetAdd:
    case MergeClass::kSetRemove:
    case MergeClass::kBlock:
      return RecordAct::kEdit;
    case MergeClass::kTransition:
      return RecordAct::kMove;
    case MergeClass::kDiscard:
    case MergeClass::kRevive:
      return RecordAct::kDiscard;
    case MergeClass::kSeal:
      return RecordAct::kSign;
    case MergeClass::kAmend:
      return RecordAct::kAmend;
    case MergeClass::kAdopt:
    case MergeClass::kDismiss:
      return RecordAct::kSettleLate;
    case MergeClass::kWithdraw:
      return RecordAct::kWithdraw;
    case MergeClass::kCountersign:
      return RecordAct::kCountersign;
    case MergeClass::kLedger:
      return names_several ? RecordAct::kResolve : RecordAct::kAppend;
    case MergeClass::kLedgerWithdraw:
      return names_several ? RecordAct::kResolve : RecordAct::kWithdraw;
    case MergeClass::kRelease:
      return RecordAct::kRelease;
  }
  return std::nullopt;
}

bool IsAllowed(v1::Role role, uint32_t kind, RecordAct act) {
  if (!IsKnownRole(role)) return false;
  const PermissionRow* row = FindPermissions(kind);
  return row != nullptr && (AllowedRoles(*row, act) & Bit(role)) != 0;
}

bool MayMove(v1::Role role, v1::RegistrationState from,
             v1::RegistrationState to) {
  if (!IsKnownRole(role)) return false;
  if (from == v1::REGISTRATION_STATE_UNSPECIFIED) {
    from = v1::REGISTRATION_STATE_REGISTERED;
  }
  for (const Move& move : kMoves) {
    if (move.from == from && move.to == to)
      return (move.roles & Bit(role)) != 0;
  }
  return false;
}

bool MayMoveTo(v1::Role role, v1::RegistrationState to) {
  for (const Move& move : kMoves) {
    if (move.to == to && MayMove(role, move.from, to)) return true;
  }
  return false;
}

bool IsAppointment(uint32_t registration_field) {
  switch (registration_field) {
    case v1::Registration::kCandidateIdFieldNumber:
    case v1::Registration::kSpecificationFieldNumber:
    case v1::Registration::kSpecificationVersionFieldNumber:
    case v1::Registration::kAssessorsFieldNumber:
    case v1::Registration::kInternalVerifierFieldNumber:
    case v1::Registration::kTrainerFieldNumber:
    case v1::Registration::kCentreContactFieldNumber:
    case v1::Registration::kCandidateNumberFieldNumber:
    case v1::Registration::kUniqueLearnerNumberFieldNumber:
      return true;
    default:
      return false;
  }
}

absl::string_view RoleName(v1::Role role) {
  switch (role) {
    case v1::ROLE_ADMINISTRATOR:
      return "administrator";
    case v1::ROLE_ASSESSOR:
      return "assessor";
    case v1::ROLE_TRAINEE_ASSESSOR:
      return "trainee assessor";
    case v1::ROLE_TRAINER:
      return "trainer";
    case v1::ROLE_INTERNAL_VERIFIER:
      return "internal verifier";
    case v1::ROLE_EXTERNAL_VERIFIER:
      return "external verifier";
    case v1::ROLE_CANDIDATE:
      return "candidate";
    case v1::ROLE_EXPERT_WITNESS:
      return "expert witness";
    case v1::ROLE_DATA_PROTECTION_OFFICER:
      return "data-protection officer";
    default:
      return "unknown role";
  }
}

}  // namespace vouch
