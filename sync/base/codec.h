// The one byte codec of everything signed or stored (grammar: sync/README.md).
// Varints are unsigned LEB128 in their shortest form; a longer form is refused,
// so that each value has exactly one encoding.
//
//   ByteWriter w;  w.U8(1); w.Varint(300); w.Fixed(hash); w.Prefixed("abc");
//   ByteReader r(bytes);  r.U8(); r.Varint(); …; if (!r.Done()) error
#ifndef VOUCH_SYNC_BASE_CODEC_H_
#define VOUCH_SYNC_BASE_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "sync/base/ids.h"

namespace vouch {

class ByteWriter {
 public:
  ByteWriter& U8(uint8_t v) {
    out_.push_back(static_cast<char>(v));
    return *this;
  }
  ByteWriter& U64(uint64_t v);  // big-endian, 8 bytes
  ByteWriter& Varint(uint64_t v);
  // ZigZag: 0, -1, 1, -2 … → 0, 1, 2, 3 …
  ByteWriter& SVarint(int64_t v);
  ByteWriter& Raw(absl::string_view bytes) {
    out_.append(bytes.data(), bytes.size());
    return *this;
  }
  // varint length, then the bytes.
  ByteWriter& Prefixed(absl::string_view bytes);
  template <typename Tag, size_t N>
  ByteWriter& Fixed(const FixedBytes<Tag, N>& f) {
    return Raw(f.view());
  }

  const std::string& bytes() const { return out_; }
  std::string Take() { return std::move(out_); }
  size_t size() const { return out_.size(); }

 private:
  std::string out_;
};

// Reads never run past the end. After the first failure every read returns
// zero or empty and ok() is false; check once, at the end.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : rest_(bytes) {}

  uint8_t U8();
  uint64_t U64();
  uint64_t Varint();
  int64_t SVarint();
  absl::string_view Raw(size_t size);
  absl::string_view Prefixed();
  template <typename T>
  T Fixed() {
    absl::string_view raw = Raw(T::kSize);
    auto value = T::FromBytes(raw);
    return value.has_value() ? *value : T();
  }
  // A varint that counts items of at least `item_size_min` bytes each: fails
  // when the rest could not hold so many, or above `max`.
  size_t Count(size_t item_size_min, size_t max);

  void Fail() {
    ok_ = false;
    rest_ = {};
  }
  bool ok() const { return ok_; }
  bool Done() const { return ok_ && rest_.empty(); }
  absl::string_view rest() const { return rest_; }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_CODEC_H_
