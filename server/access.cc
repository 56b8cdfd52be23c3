#include "server/access.h"

#include <grpc/grpc_security_constants.h>

#include <vector>

#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

constexpr unsigned Bit(ScopeKind kind) {
  return 1u << static_cast<unsigned>(kind);
}

constexpr unsigned kShared = Bit(ScopeKind::kShared);
constexpr unsigned kStaff = Bit(ScopeKind::kStaff);
constexpr unsigned kVerification = Bit(ScopeKind::kVerification);
constexpr unsigned kAuthority = Bit(ScopeKind::kAuthority);
constexpr unsigned kReference = Bit(ScopeKind::kReference);
constexpr unsigned kPerson = Bit(ScopeKind::kPerson);

constexpr unsigned kTeam = kShared | kStaff | kAuthority | kReference;
constexpr unsigned kEverything = kTeam | kVerification | kPerson;

// The table of the header; a role that is not here holds nothing.
struct RoleRow {
  v1::Role role;
  unsigned scopes;
};
constexpr RoleRow kRoles[] = {
    {v1::ROLE_ADMINISTRATOR, kEverything},
    {v1::ROLE_ASSESSOR, kTeam},
    {v1::ROLE_TRAINEE_ASSESSOR, kTeam},
    {v1::ROLE_TRAINER, kTeam},
    {v1::ROLE_INTERNAL_VERIFIER, kTeam | kVerification},
    {v1::ROLE_EXTERNAL_VERIFIER,
     kShared | kVerification | kAuthority | kReference},
    {v1::ROLE_CANDIDATE, kReference},
    {v1::ROLE_EXPERT_WITNESS, kReference},
    {v1::ROLE_DATA_PROTECTION_OFFICER, kEverything},
};

const RoleRow* FindRole(int role) {
  for (const RoleRow& row : kRoles) {
    if (row.role == role) return &row;
  }
  return nullptr;
}

std::string PeerCertificate(const grpc::ServerContextBase& context) {
  auto auth = context.auth_context();
  if (auth == nullptr) return "";
  std::vector<grpc::string_ref> found =
      auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (found.size() != 1) return "";
  return std::string(found[0].data(), found[0].size());
}

}  // namespace

bool Access::MayHold(int role, ScopeKind kind) {
  const RoleRow* row = FindRole(role);
  return row != nullptr && (row->scopes & Bit(kind)) != 0;
}

bool Access::MayCall(int role, Rpc rpc) {
  if (FindRole(role) == nullptr) return false;
  switch (rpc) {
    case Rpc::kEnrol:
    case Rpc::kSync:
    case Rpc::kListRecords:
    case Rpc::kListConflicts:
    case Rpc::kListHeldChanges:
    case Rpc::kGetLedger:
      return true;
    case Rpc::kListDevices:
      return role == v1::ROLE_ADMINISTRATOR;
  }
  return false;
}

absl::StatusOr<Member> Access::Admit(const grpc::ServerContextBase& context,
                                     Rpc rpc) const {
  // A code is the permission to enrol; nobody is known yet.
  if (rpc == Rpc::kEnrol) return Member();
  return AdmitCertificate(PeerCertificate(context), rpc);
}

absl::StatusOr<Member> Access::AdmitCertificate(absl::string_view pem,
                                                Rpc rpc) const {
  VOUCH_ASSIGN_OR_RETURN(
      DeviceId device, certificates_->VerifyDevice(pem, clock_->Now().wall_ms));
  VOUCH_ASSIGN_OR_RETURN(std::optional<Member> member,
                         centre_->FindMember(device));
  if (!member.has_value()) {
    // Its certificate is ours: the centre was restored to before it enrolled.
    return Error(Reason::kCertificateForeign,
                 "this centre does not know the tablet; enrol it again");
  }
  if (member->revoked) {
    return Error(Reason::kDeviceRevoked, "the tablet was revoked");
  }
  if (!MayCall(member->role, rpc)) {
    return Error(Reason::kRoleNotAllowed,
                 rpc == Rpc::kListDevices
                     ? "only an administrator may list devices"
                     : "the person's role may not make this call");
  }
  return *std::move(member);
}

}  // namespace vouch
