// The little of X.509 that a tablet needs. Pure; any thread.
#ifndef VOUCH_CLIENT_LIB_SRC_CERTIFICATES_H_
#define VOUCH_CLIENT_LIB_SRC_CERTIFICATES_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/base/ids.h"
#include "sync/base/sign.h"

namespace vouch {

// What `CODE@HEX` carries: so many bytes of SHA-256 of the certificate's DER.
inline constexpr size_t kFingerprintBytes = 16;

// In lower-case hex. Errors: MALFORMED if it is no PEM certificate.
absl::StatusOr<std::string> FingerprintOfPem(absl::string_view pem);
std::string FingerprintOfDer(absl::string_view der);

// The Ed25519 key a certificate is for. Errors: MALFORMED.
absl::StatusOr<PublicKey> PublicKeyOfPem(absl::string_view pem);

// The device key in the form that TLS takes, PKCS #8 in PEM. A secret.
std::string PrivateKeyPem(const SigningKey& key);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_CERTIFICATES_H_
