// A library built with VOUCH_SYNC=OFF says why it does not talk to a centre.
#include <gtest/gtest.h>

#include "client-lib/src/transport.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using std::chrono::seconds;

TEST(WithoutSync, EveryCallOverTheNetworkSaysThatItWasLeftOut) {
  const Endpoint endpoint{"localhost:1", "", "", ""};
  EXPECT_EQ(Reason::kConfigurationInvalid,
            ReasonOf(CallEnrol(endpoint, {}, seconds(1)).status()));
  EXPECT_EQ(Reason::kConfigurationInvalid,
            ReasonOf(CallGetLedger(endpoint, seconds(1)).status()));
  DeviceSession session(DeviceSessionConfig{});
  const absl::Status carried = CarrySession(
      endpoint, &session,
      [](const DeviceEffect&) -> std::optional<DeviceEvent> { return {}; },
      *SystemClock(), seconds(1));
  EXPECT_EQ(Reason::kConfigurationInvalid, ReasonOf(carried));
  EXPECT_NE(absl::string_view::npos, carried.message().find("VOUCH_SYNC"));
}

}  // namespace
}  // namespace vouch
