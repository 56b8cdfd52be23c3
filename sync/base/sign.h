// Ed25519 signatures over tag ‖ 0x00 ‖ bytes, and sealing at rest. Thread-safe.
//
//   SigningKey key = SigningKey::Generate(*SystemRandom());
//   Signature s = key.Sign("vouch.segment.v1", bytes);
//   bool ok = VerifySignature(key.public_key(), "vouch.segment.v1", bytes, s);
#ifndef VOUCH_SYNC_BASE_SIGN_H_
#define VOUCH_SYNC_BASE_SIGN_H_

#include <array>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sync/base/clock.h"
#include "sync/base/ids.h"

namespace vouch {

// Holds a secret; zeroed on destruction.
class SigningKey {
 public:
  static SigningKey Generate(Random& random);
  // `seed` is the 32-byte secret of RFC 8032; absent otherwise.
  static std::optional<SigningKey> FromSeed(absl::string_view seed);

  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = default;
  ~SigningKey();

  Signature Sign(absl::string_view tag, absl::string_view bytes) const;
  const PublicKey& public_key() const { return public_key_; }
  std::string seed() const;

 private:
  SigningKey() = default;
  std::array<uint8_t, 64> secret_{};
  PublicKey public_key_;
};

bool VerifySignature(const PublicKey& key, absl::string_view tag,
                     absl::string_view bytes, const Signature& signature);

// The first 16 bytes of SHA-256(public key).
DeviceId DeviceIdOf(const PublicKey& key);

// A 32-byte secret for sealing; zeroed on destruction.
class SealKey {
 public:
  static constexpr size_t kSize = 32;
  static SealKey Generate(Random& random);
  // Absent unless 32 bytes.
  static std::optional<SealKey> FromBytes(absl::string_view bytes);
  SealKey(const SealKey&) = default;
  SealKey& operator=(const SealKey&) = default;
  ~SealKey();
  absl::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), kSize};
  }

 private:
  SealKey() = default;
  std::array<uint8_t, kSize> bytes_{};
};

inline constexpr size_t kSealOverheadBytes = 1 + 24 + 16;

// sealed := 0x01 nonce[24] XChaCha20-Poly1305(plain, context). The context is
// authenticated and not stored: bytes moved to another place do not open.
std::string Seal(const SealKey& key, absl::string_view context,
                 absl::string_view plain, Random& random);
// Absent if the bytes are damaged, or of another key or context.
std::optional<std::string> Unseal(const SealKey& key, absl::string_view context,
                                  absl::string_view sealed);

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_SIGN_H_
