#include <gtest/gtest.h>

#include <algorithm>

#include "sync/base/clock.h"
#include "sync/base/status.h"
#include "vouch/client.h"

namespace vouch {
namespace {

using std::chrono::milliseconds;

// Every byte is `value`.
class Constant : public Random {
 public:
  explicit Constant(uint8_t value) : value_(value) {}
  void Fill(uint8_t* out, size_t size) override {
    std::fill(out, out + size, value_);
  }

 private:
  const uint8_t value_;
};

std::optional<milliseconds> After(Reason reason, int failures,
                                  uint8_t chance = 255) {
  Constant random(chance);
  return RetryAfter(Error(reason, "x"), failures, &random);
}

TEST(RetryAfter, DoublesFromASecondToAQuarterOfAnHour) {
  EXPECT_EQ(After(Reason::kUnreachable, 1), milliseconds(1'000));
  EXPECT_EQ(After(Reason::kUnreachable, 2), milliseconds(2'000));
  EXPECT_EQ(After(Reason::kUnreachable, 5), milliseconds(16'000));
  EXPECT_EQ(After(Reason::kUnreachable, 11), milliseconds(900'000));
  EXPECT_EQ(After(Reason::kUnreachable, 1'000'000'000), milliseconds(900'000));
  EXPECT_EQ(After(Reason::kUnreachable, 0), milliseconds(1'000));
}

TEST(RetryAfter, ChanceTakesUpToHalfOff) {
  EXPECT_EQ(After(Reason::kDeadline, 3, 0), milliseconds(2'000));
  EXPECT_EQ(After(Reason::kDeadline, 3, 255), milliseconds(4'000));
}

TEST(RetryAfter, WaitsOnlyWhereWaitingHelps) {
  EXPECT_FALSE(RetryAfter(absl::OkStatus(), 1).has_value());
  for (Reason reason :
       {Reason::kStoreFull, Reason::kCertificateExpired,
        Reason::kProtocolVersion, Reason::kNotEnrolled, Reason::kProofInvalid,
        Reason::kStoreCorrupted, Reason::kDeviceRevoked}) {
    EXPECT_FALSE(After(reason, 1).has_value())
        << ReasonName(reason) << " needs a person";
  }
  EXPECT_EQ(After(Reason::kSyncStopped, 9), milliseconds(0));
  EXPECT_GE(*After(Reason::kRateLimited, 1, 0), milliseconds(60'000));
}

}  // namespace
}  // namespace vouch
