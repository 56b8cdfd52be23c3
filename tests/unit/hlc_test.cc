// The hybrid logical clock under clocks that stop, jump and lie.
#include "sync/core/hlc.h"

#include <cstdint>
#include <limits>
#include <random>

#include "gtest/gtest.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr int64_t kNowMs = 1'750'000'000'000;
constexpr int64_t kTenYearsMs = int64_t{10} * 365 * 24 * 3600 * 1000;

uint64_t Stamp(int64_t ms, uint32_t counter = 0) {
  return (static_cast<uint64_t>(ms) << 16) | counter;
}

Hlc RestoredAt(uint64_t last) {
  absl::StatusOr<Hlc> hlc = Hlc::Restore(last);
  EXPECT_TRUE(hlc.ok()) << hlc.status();
  return hlc.value_or(Hlc());
}

TEST(Hlc, TickIsTheWallClockAboveAZeroCounter) {
  Hlc hlc;
  EXPECT_EQ(hlc.last(), 0u);
  EXPECT_EQ(hlc.Tick(kNowMs), Stamp(kNowMs));
  EXPECT_EQ(HlcMs(hlc.last()), kNowMs);
  EXPECT_EQ(HlcCounter(hlc.last()), 0u);
}

TEST(Hlc, TicksWithinOneMillisecondCount) {
  Hlc hlc;
  hlc.Tick(kNowMs);
  EXPECT_EQ(hlc.Tick(kNowMs), Stamp(kNowMs, 1));
  EXPECT_EQ(hlc.Tick(kNowMs), Stamp(kNowMs, 2));
  EXPECT_EQ(HlcCounter(hlc.last()), 2u);
  EXPECT_EQ(hlc.Tick(kNowMs + 1), Stamp(kNowMs + 1));
}

TEST(Hlc, FullCounterCarriesIntoTheMilliseconds) {
  Hlc hlc;
  for (int i = 0; i < 65536; ++i) hlc.Tick(kNowMs);
  EXPECT_EQ(hlc.last(), Stamp(kNowMs, 65535));
  EXPECT_EQ(hlc.Tick(kNowMs), Stamp(kNowMs + 1));
  // The wall clock catches up with the carried stamp and must not repeat it.
  EXPECT_EQ(hlc.Tick(kNowMs + 1), Stamp(kNowMs + 1, 1));
}

TEST(Hlc, TenYearsBackwardsGoesOnCounting) {
  Hlc hlc;
  hlc.Tick(kNowMs);
  EXPECT_EQ(hlc.Tick(kNowMs - kTenYearsMs), Stamp(kNowMs, 1));
  EXPECT_EQ(hlc.Tick(kNowMs + 5), Stamp(kNowMs + 5));
}

TEST(Hlc, TenYearsForwardsAndBackNeverRepeatsAStamp) {
  Hlc hlc;
  hlc.Tick(kNowMs);
  EXPECT_EQ(hlc.Tick(kNowMs + kTenYearsMs), Stamp(kNowMs + kTenYearsMs));
  EXPECT_EQ(hlc.Tick(kNowMs + 1), Stamp(kNowMs + kTenYearsMs, 1));
}

TEST(Hlc, NegativeWallClockCountsAsZero) {
  Hlc hlc;
  EXPECT_EQ(hlc.Tick(-1), Stamp(0, 1));
  EXPECT_EQ(hlc.Tick(std::numeric_limits<int64_t>::min()), Stamp(0, 2));
  EXPECT_TRUE(hlc.Receive(Stamp(kRemoteAheadMaxMs + 1), -kNowMs).ahead);
  EXPECT_FALSE(hlc.Receive(Stamp(kRemoteAheadMaxMs), -kNowMs).ahead);
}

TEST(Hlc, WallClockBeyondTheYear9999IsClampedAndStillCounts) {
  Hlc hlc;
  EXPECT_EQ(hlc.Tick(std::numeric_limits<int64_t>::max()),
            Stamp(kHlcWallMaxMs));
  uint64_t last = hlc.last();
  for (int i = 0; i < 200'000; ++i) {
    const uint64_t next = hlc.Tick(int64_t{1} << 48);
    ASSERT_GT(next, last);
    last = next;
  }
  EXPECT_EQ(RestoredAt(last).last(), last);
}

TEST(Hlc, ReceiveMakesLaterTicksExceedTheRemote) {
  Hlc hlc;
  hlc.Tick(kNowMs);
  EXPECT_FALSE(hlc.Receive(Stamp(kNowMs + 1000, 7), kNowMs).ahead);
  EXPECT_EQ(hlc.Tick(kNowMs + 1), Stamp(kNowMs + 1000, 8));
}

TEST(Hlc, ReceiveNeverMovesBackwards) {
  Hlc hlc;
  hlc.Tick(kNowMs);
  EXPECT_FALSE(hlc.Receive(Stamp(kNowMs - kTenYearsMs), kNowMs).ahead);
  EXPECT_EQ(hlc.last(), Stamp(kNowMs));
}

TEST(Hlc, RemoteExactlyFiveMinutesAheadIsAcceptedAndOneMoreIsNot) {
  Hlc hlc;
  hlc.Tick(kNowMs);
  const uint64_t too_far = Stamp(kNowMs + 300'000 + 1);
  EXPECT_TRUE(hlc.Receive(too_far, kNowMs).ahead);
  EXPECT_EQ(hlc.last(), Stamp(kNowMs));
  const uint64_t limit = Stamp(kNowMs + 300'000, 65535);
  EXPECT_FALSE(hlc.Receive(limit, kNowMs).ahead);
  EXPECT_EQ(hlc.last(), limit);
}

TEST(Hlc, GreatestRemoteStampIsFlaggedEvenAtTheEndOfTime) {
  Hlc hlc;
  const int64_t end = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(hlc.Receive(~uint64_t{0}, end).ahead);
  EXPECT_EQ(hlc.Tick(end), Stamp(kHlcWallMaxMs));
}

// Measured against last() each stamp would be within the limit of the one
// before, and a peer could walk this clock into the next century.
TEST(Hlc, PeerCannotDragTheClockInSmallSteps) {
  Hlc hlc;
  hlc.Tick(kNowMs);
  for (int minute = 1; minute <= 1000; ++minute) {
    hlc.Receive(Stamp(kNowMs + minute * 60'000), kNowMs);
  }
  EXPECT_EQ(hlc.last(), Stamp(kNowMs + kRemoteAheadMaxMs));
}

TEST(Hlc, RestoreGoesOnAboveTheStoredStamp) {
  Hlc before;
  before.Tick(kNowMs + kTenYearsMs);
  Hlc after = RestoredAt(before.last());
  EXPECT_GT(after.Tick(kNowMs), before.last());
}

TEST(Hlc, RestoreRefusesAStampNoClockReaches) {
  EXPECT_EQ(ReasonOf(Hlc::Restore(~uint64_t{0}).status()),
            Reason::kStoreCorrupted);
}

TEST(Hlc, MonotonicUnderRandomJumpsAndRemotes) {
  std::mt19937_64 random(20240607);
  Hlc hlc;
  uint64_t last = 0;
  int64_t wall_ms = kNowMs;
  for (int i = 0; i < 100'000; ++i) {
    const int64_t span = random() % 100 == 0 ? 2 * kTenYearsMs : 2000;
    wall_ms += static_cast<int64_t>(random() % span) - span / 2;
    if (random() % 3 == 0) {
      const uint64_t before = hlc.last();
      const uint64_t remote =
          Stamp(wall_ms + static_cast<int64_t>(random() % 1'200'000) - 600'000);
      const bool ahead = hlc.Receive(remote, wall_ms).ahead;
      ASSERT_GE(hlc.last(), before);
      ASSERT_TRUE(ahead ? hlc.last() == before : hlc.last() >= remote);
    }
    if (random() % 50 == 0) hlc = RestoredAt(hlc.last());
    const uint64_t stamp = hlc.Tick(wall_ms);
    ASSERT_GT(stamp, last);
    ASSERT_GE(HlcMs(stamp), wall_ms);
    last = stamp;
  }
}

}  // namespace
}  // namespace vouch
