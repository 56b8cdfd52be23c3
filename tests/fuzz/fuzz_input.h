// What the fuzz targets share: the bytes of one run taken apart, and what must
// hold of every error. A failed VOUCH_CHECK is a find.
//
//   Input in(data, size);
//   switch (in.Below(3)) { … in.Number() … in.Bytes(in.Below(100)) … }
//
// An input that is used up gives zeros, so every byte string is a whole run
// and a shorter one a simpler run. One thread.
#ifndef VOUCH_TESTS_FUZZ_FUZZ_INPUT_H_
#define VOUCH_TESTS_FUZZ_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

// libFuzzer, or replay_main.cc, calls this once for each input.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace vouch::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    uint8_t byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }
  // In [0, bound); 0 for a bound of 0. Two bytes if one would not reach.
  size_t Below(size_t bound) {
    if (bound <= 1) return 0;
    size_t value = Byte();
    if (bound > 256) value = value << 8 | Byte();
    return value % bound;
  }
  // Mostly small, at times anything, at times next to the largest: where
  // arithmetic overflows.
  uint64_t Number() {
    uint8_t kind = Byte();
    if (kind < 224) return kind;
    if (kind < 240) return UINT64_MAX - Byte();
    if (kind < 248) return (uint64_t{1} << (Byte() % 64)) + (kind % 3) - 1;
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | Byte();
    return value;
  }
  // At most `size`: what is left.
  absl::string_view Bytes(size_t size) {
    absl::string_view out = rest_.substr(0, std::min(size, rest_.size()));
    rest_.remove_prefix(out.size());
    return out;
  }
  // Filled up with zeros.
  template <typename Id>
  Id Make() {
    Id id;
    absl::string_view raw = Bytes(Id::kSize);
    std::copy(raw.begin(), raw.end(), id.data());
    return id;
  }
  absl::string_view Rest() { return Bytes(rest_.size()); }

 private:
  absl::string_view rest_;
};

inline absl::string_view View(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The world's errors have a reason that callers branch on.
inline void MustBeTyped(const absl::Status& status) {
  if (status.ok() || ReasonOf(status) != Reason::kUnspecified) return;
  std::fprintf(stderr, "an error without a reason: %s\n",
               status.ToString().c_str());
  VOUCH_CHECK(false);
}

// `bytes` with one bit at least changed, where the input says. Not empty.
inline std::string Damage(absl::string_view bytes, Input& in) {
  std::string out(bytes);
  uint8_t mask = in.Byte();
  out[in.Below(out.size())] ^= static_cast<char>(mask == 0 ? 1 : mask);
  return out;
}

}  // namespace vouch::fuzz

#endif  // VOUCH_TESTS_FUZZ_FUZZ_INPUT_H_
