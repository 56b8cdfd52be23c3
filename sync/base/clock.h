// Time and chance as interfaces, so that the simulator can own both. Nothing
// outside the implementations of these reads a clock or a random source.
#ifndef VOUCH_SYNC_BASE_CLOCK_H_
#define VOUCH_SYNC_BASE_CLOCK_H_

#include <cstdint>
#include <memory>

#include "sync/base/ids.h"

namespace vouch {

struct TimeReading {
  int64_t wall_ms = 0;         // since 1970-01-01 UTC; may jump
  int32_t utc_offset_min = 0;  // local time minus UTC
  uint64_t monotonic_ms = 0;   // since boot; never goes back within one boot
  BootId boot;                 // another boot, another id
};

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeReading Now() const = 0;
};

// Thread-safe. Bytes fit for keys and nonces (the simulator's are seeded).
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(uint8_t* out, size_t size) = 0;

  template <typename Id>
  Id Make() {
    Id id;
    Fill(id.data(), Id::kSize);
    return id;
  }
};

// The machine's own. Both outlive the process's use of them.
Clock* SystemClock();
Random* SystemRandom();

// UUIDv7 (RFC 9562): 48-bit milliseconds, then random bits.
RecordId MintRecordId(int64_t wall_ms, Random& random);
// UUIDv8 from SHA-256(tag ‖ kind ‖ key): people who act apart meet in one
// record.
RecordId KeyedRecordId(uint32_t kind, absl::string_view key);

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_CLOCK_H_
