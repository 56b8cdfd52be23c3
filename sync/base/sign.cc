#include "sync/base/sign.h"

#include <sodium.h>

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/hash.h"

namespace vouch {
namespace {

std::string Tagged(absl::string_view tag, absl::string_view bytes) {
  return absl::StrCat(tag, absl::string_view("\0", 1), bytes);
}

const uint8_t* Bytes(absl::string_view view) {
  return reinterpret_cast<const uint8_t*>(view.data());
}

constexpr size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr char kSealVersion = 0x01;

}  // namespace

SigningKey SigningKey::Generate(Random& random) {
  std::array<uint8_t, 32> seed;
  random.Fill(seed.data(), seed.size());
  auto key = FromSeed({reinterpret_cast<const char*>(seed.data()), 32});
  sodium_memzero(seed.data(), seed.size());
  return *key;
}

std::optional<SigningKey> SigningKey::FromSeed(absl::string_view seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) return std::nullopt;
  SigningKey key;
  VOUCH_CHECK(crypto_sign_seed_keypair(key.public_key_.data(),
                                       key.secret_.data(), Bytes(seed)) == 0);
  return key;
}

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

Signature SigningKey::Sign(absl::string_view tag,
                           absl::string_view bytes) const {
  std::string message = Tagged(tag, bytes);
  Signature signature;
  VOUCH_CHECK(crypto_sign_detached(signature.data(), nullptr, Bytes(message),
                                   message.size(), secret_.data()) == 0);
  return signature;
}

std::string SigningKey::seed() const {
  return std::string(reinterpret_cast<const char*>(secret_.data()),
                     crypto_sign_SEEDBYTES);
}

bool VerifySignature(const PublicKey& key, absl::string_view tag,
                     absl::string_view bytes, const Signature& signature) {
  std::string message = Tagged(tag, bytes);
  return crypto_sign_verify_detached(signature.data(), Bytes(message),
                                     message.size(), key.data()) == 0;
}

DeviceId DeviceIdOf(const PublicKey& key) {
  return *DeviceId::FromBytes(Sha256({key.view()}).view().substr(0, 16));
}

SealKey SealKey::Generate(Random& random) {
  SealKey key;
  random.Fill(key.bytes_.data(), kSize);
  return key;
}

std::optional<SealKey> SealKey::FromBytes(absl::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  SealKey key;
  std::memcpy(key.bytes_.data(), bytes.data(), kSize);
  return key;
}

SealKey::~SealKey() { sodium_memzero(bytes_.data(), kSize); }

std::string Seal(const SealKey& key, absl::string_view context,
                 absl::string_view plain, Random& random) {
  std::string out(kSealOverheadBytes + plain.size(), '\0');
  out[0] = kSealVersion;
  auto* nonce = reinterpret_cast<uint8_t*>(&out[1]);
  random.Fill(nonce, kNonceSize);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      nonce + kNonceSize, nullptr, Bytes(plain), plain.size(), Bytes(context),
      context.size(), nullptr, nonce, Bytes(key.view()));
  return out;
}

std::optional<std::string> Unseal(const SealKey& key, absl::string_view context,
                                  absl::string_view sealed) {
  if (sealed.size() < kSealOverheadBytes || sealed[0] != kSealVersion) {
    return std::nullopt;
  }
  const uint8_t* nonce = Bytes(sealed) + 1;
  const uint8_t* body = nonce + kNonceSize;
  size_t body_size = sealed.size() - 1 - kNonceSize;
  std::string plain(body_size - kTagSize, '\0');
  int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<uint8_t*>(plain.data()), nullptr, nullptr, body,
      body_size, Bytes(context), context.size(), nonce, Bytes(key.view()));
  if (rc != 0) return std::nullopt;
  return plain;
}

}  // namespace vouch
