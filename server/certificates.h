// The centre's certificates: a certification authority of its own, made at the
// first start, the server's certificate, and one for each device. All Ed25519.
//
//   VOUCH_ASSIGN_OR_RETURN(auto certificates,
//                          Certificates::Open("/var/lib/vouchd/tls", names,
//                                             SystemRandom()));
//   std::string pem = certificates->IssueDevice(key, expires_ms);
//   auto device = certificates->VerifyDevice(pem, now_ms);
//
// At the X.509 level every certificate is valid from 1970 to 9999, since
// tablets' clocks lie and a handshake that fails for a date says nothing
// useful. A device certificate carries its true end in an extension of ours,
// 8 bytes, milliseconds since the epoch, big-endian; VerifyDevice enforces it
// against the server's clock.
//
// Files: ca.key, ca.pem, server.key, server.pem; mode 0600. Thread-safe.
#ifndef VOUCH_SERVER_CERTIFICATES_H_
#define VOUCH_SERVER_CERTIFICATES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/base/clock.h"
#include "sync/base/ids.h"

namespace vouch {

// In an enrolment code, after '@': the first bytes of SHA-256 of the CA
// certificate's DER, in hexadecimal.
inline constexpr size_t kCaPinBytes = 16;
inline constexpr size_t kCertificatePemBytesMax = 16 << 10;

class Certificates {
 public:
  // Makes what is missing; makes the server's certificate anew if `names`
  // changed. `folder` must exist. Errors: STORE_IO, STORE_FULL,
  // STORE_CORRUPTED (a file is damaged, or the CA's key is missing).
  static absl::StatusOr<std::unique_ptr<Certificates>> Open(
      const std::string& folder, const std::vector<std::string>& names,
      Random* random);
  ~Certificates();

  // What the server shows in its handshake: its certificate and the CA's.
  const std::string& server_chain_pem() const { return server_chain_pem_; }
  const std::string& server_key_pem() const { return server_key_pem_; }
  const std::string& ca_pem() const { return ca_pem_; }
  const std::string& ca_pin() const { return ca_pin_; }  // hexadecimal

  // For the device that holds the private key of `device_key`. The same
  // arguments give the same certificate.
  std::string IssueDevice(const PublicKey& device_key,
                          int64_t expires_ms) const;

  // The device that a certificate is for. Errors: CERTIFICATE_REQUIRED (no
  // bytes), CERTIFICATE_FOREIGN (not of this CA, or of another shape),
  // CERTIFICATE_EXPIRED.
  absl::StatusOr<DeviceId> VerifyDevice(absl::string_view pem,
                                        int64_t now_ms) const;

 private:
  struct Authority;
  Certificates();
  absl::Status OpenAuthority(const std::string& folder, Random* random);
  absl::Status OpenServer(const std::string& folder,
                          std::vector<std::string> names, Random* random);

  std::unique_ptr<Authority> ca_;
  std::string ca_pem_;
  std::string ca_pin_;
  std::string server_chain_pem_;
  std::string server_key_pem_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_CERTIFICATES_H_
