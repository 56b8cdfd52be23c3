#include "sync/base/codec.h"

namespace vouch {

ByteWriter& ByteWriter::U64(uint64_t v) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    U8(static_cast<uint8_t>(v >> shift));
  }
  return *this;
}

ByteWriter& ByteWriter::Varint(uint64_t v) {
  while (v >= 0x80) {
    U8(static_cast<uint8_t>(v) | 0x80);
    v >>= 7;
  }
  return U8(static_cast<uint8_t>(v));
}

ByteWriter& ByteWriter::SVarint(int64_t v) {
  return Varint((static_cast<uint64_t>(v) << 1) ^
                static_cast<uint64_t>(v >> 63));
}

ByteWriter& ByteWriter::Prefixed(absl::string_view bytes) {
  return Varint(bytes.size()).Raw(bytes);
}

uint8_t ByteReader::U8() {
  absl::string_view raw = Raw(1);
  return raw.empty() ? 0 : static_cast<uint8_t>(raw[0]);
}

uint64_t ByteReader::U64() {
  absl::string_view raw = Raw(8);
  uint64_t v = 0;
  for (char c : raw) v = (v << 8) | static_cast<uint8_t>(c);
  return v;
}

uint64_t ByteReader::Varint() {
  uint64_t v = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint8_t byte = U8();
    if (!ok_) return 0;
    if (shift == 63 && byte > 1) break;  // more than 64 bits
    v |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      if (byte == 0 && shift > 0) break;  // not the shortest form
      return v;
    }
  }
  Fail();
  return 0;
}

int64_t ByteReader::SVarint() {
  uint64_t v = Varint();
  return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
}

absl::string_view ByteReader::Raw(size_t size) {
  if (!ok_ || size > rest_.size()) {
    Fail();
    return {};
  }
  absl::string_view out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return out;
}

absl::string_view ByteReader::Prefixed() {
  uint64_t size = Varint();
  if (size > rest_.size()) {
    Fail();
    return {};
  }
  return Raw(static_cast<size_t>(size));
}

size_t ByteReader::Count(size_t item_size_min, size_t max) {
  uint64_t n = Varint();
  if (n > max || n * item_size_min > rest_.size()) {
    Fail();
    return 0;
  }
  return static_cast<size_t>(n);
}

}  // namespace vouch
