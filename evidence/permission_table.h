// The rows of the table in permissions.h, one for each kind of records. Pure.
#ifndef VOUCH_EVIDENCE_PERMISSION_TABLE_H_
#define VOUCH_EVIDENCE_PERMISSION_TABLE_H_

#include <cstdint>

#include "vouch/v1/records.pb.h"

namespace vouch {

using Roles = uint32_t;  // a bit for each v1::Role

constexpr Roles Bit(v1::Role role) { return Roles{1} << role; }

constexpr Roles kNobody = 0;
constexpr Roles kAdministrator = Bit(v1::ROLE_ADMINISTRATOR);
constexpr Roles kAssessor = Bit(v1::ROLE_ASSESSOR);
constexpr Roles kTrainee = Bit(v1::ROLE_TRAINEE_ASSESSOR);
constexpr Roles kTrainer = Bit(v1::ROLE_TRAINER);
constexpr Roles kVerifier = Bit(v1::ROLE_INTERNAL_VERIFIER);
constexpr Roles kExternal = Bit(v1::ROLE_EXTERNAL_VERIFIER);
constexpr Roles kCandidate = Bit(v1::ROLE_CANDIDATE);
constexpr Roles kExpert = Bit(v1::ROLE_EXPERT_WITNESS);

// Release: staff who answer for the review. Judge sees to it that nobody
// releases what is their own.
constexpr Roles kReviewers = kAdministrator | kVerifier;

// What a row does not name, nobody may.
struct PermissionRow {
  uint32_t kind;
  Roles create = kNobody;
  Roles edit = kNobody;
  Roles move = kNobody;
  Roles discard = kNobody;
  Roles sign = kNobody;
  Roles amend = kNobody;
  Roles settle_late = kNobody;
  Roles withdraw = kNobody;
  Roles countersign = kNobody;
  Roles append = kNobody;
  Roles resolve = kNobody;
  Roles release = kReviewers;
};

// Null for a kind that is not known: nobody may do anything with it.
const PermissionRow* FindPermissions(uint32_t kind);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_PERMISSION_TABLE_H_
