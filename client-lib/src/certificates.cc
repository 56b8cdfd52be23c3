#include "client-lib/src/certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/strings/escaping.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

absl::StatusOr<Certificate> ParsePem(absl::string_view pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  VOUCH_CHECK(bio != nullptr);
  Certificate certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return Error(Reason::kMalformed, "this is no PEM certificate");
  }
  return certificate;
}

}  // namespace

std::string FingerprintOfDer(absl::string_view der) {
  return absl::BytesToHexString(
      Sha256({der}).view().substr(0, kFingerprintBytes));
}

absl::StatusOr<std::string> FingerprintOfPem(absl::string_view pem) {
  VOUCH_ASSIGN_OR_RETURN(Certificate certificate, ParsePem(pem));
  unsigned char* der = nullptr;
  int size = i2d_X509(certificate.get(), &der);
  if (size < 0) return Error(Reason::kMalformed, "the certificate's DER");
  std::string fingerprint = FingerprintOfDer(
      {reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return fingerprint;
}

absl::StatusOr<PublicKey> PublicKeyOfPem(absl::string_view pem) {
  VOUCH_ASSIGN_OR_RETURN(Certificate certificate, ParsePem(pem));
  PublicKey key;
  size_t size = PublicKey::kSize;
  EVP_PKEY* held = X509_get0_pubkey(certificate.get());
  if (held == nullptr || EVP_PKEY_id(held) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(held, key.data(), &size) != 1 ||
      size != PublicKey::kSize) {
    return Error(Reason::kMalformed, "the certificate's key is not Ed25519");
  }
  return key;
}

std::string PrivateKeyPem(const SigningKey& key) {
  std::string seed = key.seed();
  Key private_key(EVP_PKEY_new_raw_private_key(
      EVP_PKEY_ED25519, nullptr,
      reinterpret_cast<const unsigned char*>(seed.data()), seed.size()));
  OPENSSL_cleanse(seed.data(), seed.size());
  VOUCH_CHECK(private_key != nullptr);
  Bio bio(BIO_new(BIO_s_secmem()));
  VOUCH_CHECK(bio != nullptr && PEM_write_bio_PKCS8PrivateKey(
                                    bio.get(), private_key.get(), nullptr,
                                    nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace vouch
