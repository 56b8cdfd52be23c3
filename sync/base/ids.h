// Identifiers and digests as distinct types, so that a device is never passed
// where a person is meant. All are fixed-size byte strings; all are values,
// usable from any thread.
//
//   DeviceId d = *DeviceId::FromBytes(raw);   // error unless 16 bytes
//   LOG << d.Hex();
#ifndef VOUCH_SYNC_BASE_IDS_H_
#define VOUCH_SYNC_BASE_IDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace vouch {

template <typename Tag, size_t N>
class FixedBytes {
 public:
  static constexpr size_t kSize = N;

  constexpr FixedBytes() : bytes_{} {}

  // Absent unless `raw` is exactly kSize bytes.
  static std::optional<FixedBytes> FromBytes(absl::string_view raw) {
    if (raw.size() != N) return std::nullopt;
    FixedBytes out;
    std::memcpy(out.bytes_.data(), raw.data(), N);
    return out;
  }
  // Absent unless `hex` is exactly 2·kSize hexadecimal digits.
  static std::optional<FixedBytes> FromHex(absl::string_view hex) {
    if (hex.size() != 2 * N) return std::nullopt;
    for (char c : hex) {
      if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
        return std::nullopt;
      }
    }
    return FromBytes(absl::HexStringToBytes(hex));
  }

  absl::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), N};
  }
  std::string Bytes() const { return std::string(view()); }
  std::string Hex() const { return absl::BytesToHexString(view()); }
  bool IsZero() const { return *this == FixedBytes(); }
  uint8_t* data() { return bytes_.data(); }
  const uint8_t* data() const { return bytes_.data(); }
  uint8_t operator[](size_t i) const { return bytes_[i]; }

  friend bool operator==(const FixedBytes& a, const FixedBytes& b) {
    return a.bytes_ == b.bytes_;
  }
  friend bool operator!=(const FixedBytes& a, const FixedBytes& b) {
    return !(a == b);
  }
  friend bool operator<(const FixedBytes& a, const FixedBytes& b) {
    return a.bytes_ < b.bytes_;
  }
  template <typename H>
  friend H AbslHashValue(H h, const FixedBytes& f) {
    return H::combine(std::move(h), f.bytes_);
  }

 private:
  std::array<uint8_t, N> bytes_;
};

using Hash = FixedBytes<struct HashTag, 32>;
using PublicKey = FixedBytes<struct PublicKeyTag, 32>;
using Signature = FixedBytes<struct SignatureTag, 64>;
using DeviceId = FixedBytes<struct DeviceTag, 16>;
using PersonId = FixedBytes<struct PersonTag, 16>;
using RecordId = FixedBytes<struct RecordTag, 16>;
using ScopeId = FixedBytes<struct ScopeTag, 16>;
using ElementId = FixedBytes<struct ElementTag, 16>;
using HistoryId = FixedBytes<struct HistoryTag, 16>;
using Incarnation = FixedBytes<struct IncarnationTag, 8>;
using BootId = FixedBytes<struct BootTag, 8>;
using Salt = FixedBytes<struct SaltTag, 16>;

// Where a change stands in its author's chain. `branch` is zero except on a
// fork, where it is the hash of the branch's first diverging change (rule 18).
struct Coordinate {
  DeviceId device;
  Incarnation incarnation;
  Hash branch;
  uint64_t seq = 0;  // gap-free from 1

  friend bool operator==(const Coordinate& a, const Coordinate& b) {
    return a.device == b.device && a.incarnation == b.incarnation &&
           a.branch == b.branch && a.seq == b.seq;
  }
};

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_IDS_H_
