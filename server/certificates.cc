#include "server/certificates.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/private_file.h"
#include "storage/folder.h"
#include "sync/base/check.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/base/sign.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr char kNotBefore[] = "19700101000000Z";
constexpr char kNotAfter[] = "99991231235959Z";
// Our own arc: a UUID's (ITU-T X.667), so that it needs no registration.
constexpr char kEndOid[] = "2.25.147695787523896225089948035429653599204";
constexpr size_t kSerialBytes = 16;

template <typename T, void (*free_it)(T*)>
struct Freer {
  void operator()(T* t) const { free_it(t); }
};
using X509Ptr = std::unique_ptr<X509, Freer<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using ObjectPtr =
    std::unique_ptr<ASN1_OBJECT, Freer<ASN1_OBJECT, ASN1_OBJECT_free>>;
using OctetsPtr =
    std::unique_ptr<ASN1_OCTET_STRING,
                    Freer<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>>;
using ExtensionPtr =
    std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION, X509_EXTENSION_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

const unsigned char* Bytes(absl::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

KeyPtr NewKey(Random* random) {
  SealKey seed = SealKey::Generate(*random);
  KeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                          Bytes(seed.view()), SealKey::kSize));
  VOUCH_CHECK(key != nullptr);
  return key;
}

std::string TakeText(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return std::string(text, static_cast<size_t>(size));
}
std::string KeyPem(EVP_PKEY* key) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  VOUCH_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0,
                                            nullptr, nullptr) == 1);
  return TakeText(bio.get());
}
std::string CertificatePem(X509* certificate) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  VOUCH_CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return TakeText(bio.get());
}
BioPtr BioOf(absl::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}
X509Ptr ParseCertificate(absl::string_view pem) {
  if (pem.size() > kCertificatePemBytesMax) return nullptr;
  return X509Ptr(
      PEM_read_bio_X509(BioOf(pem).get(), nullptr, nullptr, nullptr));
}
KeyPtr ParseKey(absl::string_view pem) {
  return KeyPtr(
      PEM_read_bio_PrivateKey(BioOf(pem).get(), nullptr, nullptr, nullptr));
}

std::optional<PublicKey> PublicKeyOf(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr || EVP_PKEY_id(key) != EVP_PKEY_ED25519) {
    return std::nullopt;
  }
  PublicKey out;
  size_t size = PublicKey::kSize;
  if (EVP_PKEY_get_raw_public_key(key, out.data(), &size) != 1 ||
      size != PublicKey::kSize) {
    return std::nullopt;
  }
  return out;
}

// A certificate without extensions and signature.
X509Ptr Begin(absl::string_view common_name, EVP_PKEY* subject_key,
              X509_NAME* issuer, absl::string_view serial) {
  X509Ptr made(X509_new());
  VOUCH_CHECK(X509_set_version(made.get(), 2) == 1);  // counted from 0: v3
  std::string positive(serial.substr(0, kSerialBytes));
  positive[0] = static_cast<char>((positive[0] & 0x3f) | 0x40);
  BIGNUM* number = BN_bin2bn(Bytes(positive), kSerialBytes, nullptr);
  VOUCH_CHECK(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.get())) !=
              nullptr);
  BN_free(number);
  X509_NAME* subject = X509_get_subject_name(made.get());
  VOUCH_CHECK(X509_NAME_add_entry_by_NID(
                  subject, NID_commonName, MBSTRING_UTF8, Bytes(common_name),
                  static_cast<int>(common_name.size()), -1, 0) == 1);
  VOUCH_CHECK(X509_set_issuer_name(made.get(),
                                   issuer == nullptr ? subject : issuer) == 1);
  VOUCH_CHECK(ASN1_TIME_set_string_X509(X509_getm_notBefore(made.get()),
                                        kNotBefore) == 1);
  VOUCH_CHECK(ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()),
                                        kNotAfter) == 1);
  VOUCH_CHECK(X509_set_pubkey(made.get(), subject_key) == 1);
  return made;
}

ExtensionPtr MakeExtension(int nid, const std::string& value) {
  ExtensionPtr made(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  VOUCH_CHECK(made != nullptr);
  return made;
}
void AddExtension(X509* certificate, int nid, const std::string& value) {
  VOUCH_CHECK(X509_add_ext(certificate, MakeExtension(nid, value).get(), -1) ==
              1);
}
void Finish(X509* certificate, EVP_PKEY* ca_key) {
  // Ed25519 hashes by itself: no digest is named.
  VOUCH_CHECK(X509_sign(certificate, ca_key, nullptr) > 0);
}

ObjectPtr EndObject() { return ObjectPtr(OBJ_txt2obj(kEndOid, 1)); }

// The extension's value is a DER octet string of 8 bytes.
void AddEnd(X509* certificate, int64_t expires_ms) {
  std::string der =
      absl::StrCat(absl::string_view("\x04\x08", 2),
                   ByteWriter().U64(static_cast<uint64_t>(expires_ms)).bytes());
  OctetsPtr octets(ASN1_OCTET_STRING_new());
  VOUCH_CHECK(ASN1_OCTET_STRING_set(octets.get(), Bytes(der),
                                    static_cast<int>(der.size())) == 1);
  ExtensionPtr made(X509_EXTENSION_create_by_OBJ(nullptr, EndObject().get(), 0,
                                                 octets.get()));
  VOUCH_CHECK(made != nullptr &&
              X509_add_ext(certificate, made.get(), -1) == 1);
}
std::optional<int64_t> EndOf(X509* certificate) {
  const int at = X509_get_ext_by_OBJ(certificate, EndObject().get(), -1);
  if (at < 0) return std::nullopt;
  const ASN1_OCTET_STRING* value =
      X509_EXTENSION_get_data(X509_get_ext(certificate, at));
  ByteReader in({reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                 static_cast<size_t>(ASN1_STRING_length(value))});
  const bool octets = in.U8() == 4 && in.U8() == 8;
  const uint64_t end = in.U64();
  if (!octets || !in.Done()) return std::nullopt;
  return static_cast<int64_t>(end);
}

std::string CommonNameOf(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  const ASN1_STRING* name =
      X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)),
                     static_cast<size_t>(ASN1_STRING_length(name)));
}

std::string SubjectNames(std::vector<std::string> names) {
  for (const char* always : {"localhost", "127.0.0.1", "::1"}) {
    names.push_back(always);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (std::string& name : names) {
    unsigned char address[16];
    const bool is_address = inet_pton(AF_INET, name.c_str(), address) == 1 ||
                            inet_pton(AF_INET6, name.c_str(), address) == 1;
    name = absl::StrCat(is_address ? "IP:" : "DNS:", name);
  }
  return absl::StrJoin(names, ",");
}

bool HasSubjectNames(X509* certificate, const std::string& names) {
  const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  if (at < 0) return false;
  return ASN1_OCTET_STRING_cmp(
             X509_EXTENSION_get_data(X509_get_ext(certificate, at)),
             X509_EXTENSION_get_data(
                 MakeExtension(NID_subject_alt_name, names).get())) == 0;
}

// The text of a file, or none if there is no such file.
absl::StatusOr<std::optional<std::string>> ReadIfThere(
    const std::string& path) {
  absl::StatusOr<std::string> read = ReadPrivateFile(path);
  if (read.ok()) return std::optional<std::string>(*std::move(read));
  if (ReasonOf(read.status()) == Reason::kNotFound) {
    return std::optional<std::string>();
  }
  return read.status();
}

absl::Status Foreign(absl::string_view why) {
  return Error(Reason::kCertificateForeign,
               absl::StrCat("the certificate is not one of this centre's "
                            "tablets: ",
                            why));
}

}  // namespace

struct Certificates::Authority {
  X509Ptr certificate;
  KeyPtr key;
};

Certificates::Certificates() = default;
Certificates::~Certificates() = default;

absl::StatusOr<std::unique_ptr<Certificates>> Certificates::Open(
    const std::string& folder, const std::vector<std::string>& names,
    Random* random) {
  VOUCH_RETURN_IF_ERROR(EnsureFolder(folder, /*create=*/true));
  std::unique_ptr<Certificates> made(new Certificates());
  VOUCH_RETURN_IF_ERROR(made->OpenAuthority(folder, random));
  VOUCH_RETURN_IF_ERROR(made->OpenServer(folder, names, random));
  return made;
}

absl::Status Certificates::OpenAuthority(const std::string& folder,
                                         Random* random) {
  const std::string key_path = folder + "/ca.key";
  const std::string pem_path = folder + "/ca.pem";
  VOUCH_ASSIGN_OR_RETURN(auto pem, ReadIfThere(pem_path));
  ca_ = std::make_unique<Authority>();
  if (!pem.has_value()) {
    // The certificate is written last: without one nothing was ever issued,
    // so a key that a crash left behind is replaced.
    ca_->key = NewKey(random);
    std::string serial(kSerialBytes, '\0');
    random->Fill(reinterpret_cast<uint8_t*>(serial.data()), serial.size());
    ca_->certificate = Begin(
        absl::StrCat("Vouch CA ", absl::BytesToHexString(serial.substr(4, 4))),
        ca_->key.get(), nullptr, serial);
    X509* certificate = ca_->certificate.get();
    AddExtension(certificate, NID_basic_constraints,
                 "critical,CA:TRUE,pathlen:0");
    AddExtension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    Finish(certificate, ca_->key.get());
    pem = CertificatePem(certificate);
    VOUCH_RETURN_IF_ERROR(WritePrivateFile(key_path, KeyPem(ca_->key.get())));
    VOUCH_RETURN_IF_ERROR(WritePrivateFile(pem_path, *pem));
  } else {
    VOUCH_ASSIGN_OR_RETURN(auto key, ReadIfThere(key_path));
    ca_->certificate = ParseCertificate(*pem);
    if (key.has_value()) ca_->key = ParseKey(*key);
    if (ca_->certificate == nullptr || ca_->key == nullptr ||
        X509_check_private_key(ca_->certificate.get(), ca_->key.get()) != 1) {
      return Error(Reason::kStoreCorrupted,
                   absl::StrCat(folder,
                                "/ca.pem and ca.key are damaged or do "
                                "not belong together; restore both"));
    }
  }
  ca_pem_ = *std::move(pem);
  unsigned char* der = nullptr;
  const int size = i2d_X509(ca_->certificate.get(), &der);
  VOUCH_CHECK(size > 0);
  const Hash digest =
      Sha256({{reinterpret_cast<const char*>(der), static_cast<size_t>(size)}});
  OPENSSL_free(der);
  ca_pin_ = absl::BytesToHexString(digest.view().substr(0, kCaPinBytes));
  return absl::OkStatus();
}

absl::Status Certificates::OpenServer(const std::string& folder,
                                      std::vector<std::string> names,
                                      Random* random) {
  const std::string key_path = folder + "/server.key";
  const std::string pem_path = folder + "/server.pem";
  const std::string wanted = SubjectNames(std::move(names));
  VOUCH_ASSIGN_OR_RETURN(auto pem, ReadIfThere(pem_path));
  VOUCH_ASSIGN_OR_RETURN(auto key_pem, ReadIfThere(key_path));
  X509Ptr certificate = pem.has_value() ? ParseCertificate(*pem) : nullptr;
  KeyPtr key = key_pem.has_value() ? ParseKey(*key_pem) : nullptr;
  const bool good = certificate != nullptr && key != nullptr &&
                    X509_check_private_key(certificate.get(), key.get()) == 1 &&
                    X509_verify(certificate.get(), ca_->key.get()) == 1 &&
                    HasSubjectNames(certificate.get(), wanted);
  if (!good) {
    key = NewKey(random);
    std::string serial(kSerialBytes, '\0');
    random->Fill(reinterpret_cast<uint8_t*>(serial.data()), serial.size());
    certificate = Begin("vouchd", key.get(),
                        X509_get_subject_name(ca_->certificate.get()), serial);
    AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
    AddExtension(certificate.get(), NID_key_usage, "critical,digitalSignature");
    AddExtension(certificate.get(), NID_ext_key_usage, "serverAuth");
    AddExtension(certificate.get(), NID_subject_alt_name, wanted);
    Finish(certificate.get(), ca_->key.get());
    VOUCH_RETURN_IF_ERROR(WritePrivateFile(key_path, KeyPem(key.get())));
    VOUCH_RETURN_IF_ERROR(
        WritePrivateFile(pem_path, CertificatePem(certificate.get())));
  }
  server_key_pem_ = KeyPem(key.get());
  server_chain_pem_ = absl::StrCat(CertificatePem(certificate.get()), ca_pem_);
  return absl::OkStatus();
}

std::string Certificates::IssueDevice(const PublicKey& device_key,
                                      int64_t expires_ms) const {
  KeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                         device_key.data(), PublicKey::kSize));
  VOUCH_CHECK(key != nullptr);
  const Hash serial =
      HashOf("vouch.certificate.v1",
             {device_key.view(), ByteWriter().U64(expires_ms).bytes()});
  X509Ptr made =
      Begin(DeviceIdOf(device_key).Hex(), key.get(),
            X509_get_subject_name(ca_->certificate.get()), serial.view());
  AddExtension(made.get(), NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(made.get(), NID_key_usage, "critical,digitalSignature");
  AddExtension(made.get(), NID_ext_key_usage, "clientAuth");
  AddEnd(made.get(), expires_ms);
  Finish(made.get(), ca_->key.get());
  return CertificatePem(made.get());
}

absl::StatusOr<DeviceId> Certificates::VerifyDevice(absl::string_view pem,
                                                    int64_t now_ms) const {
  if (pem.empty()) {
    return Error(Reason::kCertificateRequired,
                 "this call needs the certificate of an enrolled tablet");
  }
  X509Ptr certificate = ParseCertificate(pem);
  if (certificate == nullptr) return Foreign("it cannot be read");
  if (X509_verify(certificate.get(), ca_->key.get()) != 1) {
    return Foreign("another authority signed it");
  }
  auto key = PublicKeyOf(certificate.get());
  auto end = EndOf(certificate.get());
  if (!key.has_value() || !end.has_value()) {
    return Foreign("it is not a tablet's");
  }
  const DeviceId device = DeviceIdOf(*key);
  if (CommonNameOf(certificate.get()) != device.Hex()) {
    return Foreign("its name is not its key's");
  }
  if (now_ms >= *end) {
    return Error(Reason::kCertificateExpired,
                 "the tablet's certificate has ended; enrol it again");
  }
  return device;
}

}  // namespace vouch
