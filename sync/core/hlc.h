// A hybrid logical clock: a u64 of 48-bit milliseconds since 1970 above a
// 16-bit counter. It orders changes for display and never decides which value
// is kept, so a lying clock costs order and nothing else.
//
//   VOUCH_ASSIGN_OR_RETURN(Hlc hlc, Hlc::Restore(stored));
//   uint64_t stamp = hlc.Tick(clock.Now().wall_ms);   // > every one before
//   if (hlc.Receive(remote, wall_ms).ahead) …         // flag the change
//
// A value, with no thread of its own; guard it as any other. Nothing here is
// durable: the owner stores last() in the batch that stores the stamped change.
#ifndef VOUCH_SYNC_CORE_HLC_H_
#define VOUCH_SYNC_CORE_HLC_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace vouch {

inline constexpr int kHlcCounterBits = 16;

// The end of the year 9999, the latest wall clock that is believed; a later
// one counts as this. It lies below 2^48 ms by some 890 years, so that a clock
// set to the end of time still leaves room to count upwards.
inline constexpr int64_t kHlcWallMaxMs = 253402300799999;

// A remote stamp further ahead of the local wall clock does not move ours.
inline constexpr int64_t kRemoteAheadMaxMs = 5 * 60 * 1000;

constexpr int64_t HlcMs(uint64_t stamp) {
  return static_cast<int64_t>(stamp >> kHlcCounterBits);
}
constexpr uint32_t HlcCounter(uint64_t stamp) {
  return static_cast<uint32_t>(stamp & ((1u << kHlcCounterBits) - 1));
}

class Hlc {
 public:
  struct Received {
    // The remote stamp is more than kRemoteAheadMaxMs ahead of the local wall
    // clock. It is stored as claimed and shown with a flag.
    bool ahead = false;
  };

  Hlc() = default;

  // Goes on from a last() that was stored. Error STORE_CORRUPTED for a value
  // that no run of this clock can reach.
  static absl::StatusOr<Hlc> Restore(uint64_t last);

  // A stamp greater than last(), whatever the wall clock does: it follows the
  // wall clock upwards, and counts while the wall clock stands or goes back. A
  // negative wall clock counts as 0, one after kHlcWallMaxMs as that.
  uint64_t Tick(int64_t wall_ms);

  // Takes note of another replica's stamp: later ticks exceed it unless it is
  // ahead. The yardstick is the wall clock, not last(), since a peer could
  // otherwise drag this clock along in steps just below the limit.
  Received Receive(uint64_t remote, int64_t wall_ms);

  // The greatest stamp given or accepted; 0 at first.
  uint64_t last() const { return last_; }

 private:
  explicit Hlc(uint64_t last) : last_(last) {}

  uint64_t last_ = 0;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_HLC_H_
