// Who may do what. Every call of the public port passes Admit(), and nothing
// else decides who a caller is; a call or scope that is not in the tables is
// denied.
//
//   VOUCH_ASSIGN_OR_RETURN(Member caller, access.Admit(*context, Rpc::kSync));
//   if (Access::MayHold(caller.role, ScopeKindOf(scope))) …
//
// The handshake has proven that the peer holds its certificate's private key
// and nothing more: it asks for a certificate and verifies none, so that a
// tablet learns the reason here instead of a closed socket.
//
//   role                     shared staff verif. authority reference person
//   administrator              x      x     x        x         x       x
//   assessor, trainee,         x      x              x         x
//     trainer
//   internal verifier          x      x     x        x         x
//   external verifier          x            x        x         x
//   data-protection officer    x      x     x        x         x       x
//   candidate, expert witness                                  x
//
// Candidates and expert witnesses get their own registrations with grants per
// registration; until then a role alone would show them everyone's. A device
// always gets back what it wrote itself.
//
// Any thread.
#ifndef VOUCH_SERVER_ACCESS_H_
#define VOUCH_SERVER_ACCESS_H_

#include <grpcpp/server_context.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/certificates.h"
#include "storage/replica/centre.h"
#include "sync/base/clock.h"
#include "sync/base/scope.h"

namespace vouch {

// Every call of the public port. Health and reflection tell nothing of a
// centre and are open.
enum class Rpc {
  kEnrol,  // needs no certificate: the code is the permission
  kSync,
  kListRecords,
  kListConflicts,
  kListHeldChanges,
  kListDevices,
  kGetLedger,
};

class Access {
 public:
  // All outlive it.
  Access(const Centre* centre, const Certificates* certificates,
         const Clock* clock)
      : centre_(centre), certificates_(certificates), clock_(clock) {}

  // The caller, if it may make this call. Errors: CERTIFICATE_REQUIRED,
  // CERTIFICATE_FOREIGN, CERTIFICATE_EXPIRED, DEVICE_REVOKED,
  // ROLE_NOT_ALLOWED, STORE_*.
  absl::StatusOr<Member> Admit(const grpc::ServerContextBase& context,
                               Rpc rpc) const;
  // The same with the certificate's PEM; empty if the peer showed none.
  absl::StatusOr<Member> AdmitCertificate(absl::string_view pem, Rpc rpc) const;

  static bool MayHold(int role, ScopeKind kind);
  static bool MayCall(int role, Rpc rpc);

 private:
  const Centre* const centre_;
  const Certificates* const certificates_;
  const Clock* const clock_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_ACCESS_H_
