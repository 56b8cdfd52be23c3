// One tablet with a client on it, enrolled without a server, under a clock of
// the test's own and with a disk that can be full.
#ifndef VOUCH_TESTS_SUPPORT_CLIENT_FIXTURE_H_
#define VOUCH_TESTS_SUPPORT_CLIENT_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "tests/support/offline_client.h"
#include "tests/support/temp_dir.h"
#include "vouch/client.h"

namespace vouch {

class TestClock : public Clock {
 public:
  TimeReading Now() const override {
    TimeReading reading;
    reading.wall_ms = wall_ms;
    reading.monotonic_ms = 1000;
    return reading;
  }
  std::atomic<int64_t> wall_ms{1'800'000'000'000};
};

class ClientFixture : public testing::Test {
 protected:
  OpenOptions Options() {
    OpenOptions options;
    options.folder = dir.Path("tablet");
    options.clock = &clock;
    options.free_bytes = [this] { return free_bytes.load(); };
    return options;
  }
  // A tablet of someone of that role, open.
  void Start(v1::Role role = v1::ROLE_ASSESSOR) {
    EnrolOffline(Options(), role, "Ann");
    Reopen();
  }
  void Reopen() {
    client.reset();
    auto opened = Client::Open(Options());
    ASSERT_TRUE(opened.ok()) << opened.status();
    client = *std::move(opened);
  }

  Id NewRegistration() {
    v1::Registration registration;
    registration.set_candidate_name("Sam Carter");
    registration.set_specification("03455");
    registration.set_specification_version(1);
    registration.add_units("F1");
    return *client->Create(registration);
  }
  v1::Observation FullObservation() {
    v1::Observation seen;
    seen.set_observer(client->WhoAmI()->person);
    seen.set_candidate("Sam Carter");
    seen.mutable_when()->set_start_ms(1'799'990'000'000);
    seen.mutable_when()->set_end_ms(1'799'993'600'000);
    seen.set_venue("Front office");
    seen.add_narrative()->set_text("Answered every call within three rings.");
    return seen;
  }
  template <typename Message>
  Message Read(const Id& id) {
    auto record = client->Get(id);
    EXPECT_TRUE(record.ok()) << record.status();
    return dynamic_cast<const Message&>(*record->message);
  }
  BaseToken Base(const Id& id) { return client->Get(id)->base; }
  std::string State(const Id& id) { return client->Get(id)->summary.state; }

  TempDir dir;
  TestClock clock;
  std::atomic<uint64_t> free_bytes{std::numeric_limits<uint64_t>::max()};
  std::unique_ptr<Client> client;
};

// EXPECT_REASON(client->Get(id), NOT_FOUND)
inline v1::ErrorReason ReasonIn(const absl::Status& status) {
  return ErrorReasonOf(status);
}
template <typename T>
v1::ErrorReason ReasonIn(const absl::StatusOr<T>& result) {
  return ErrorReasonOf(result.status());
}
#define EXPECT_REASON(expression, reason) \
  EXPECT_EQ(v1::ERROR_REASON_##reason, ReasonIn(expression))
#define EXPECT_OK(expression) \
  EXPECT_EQ(v1::ERROR_REASON_UNSPECIFIED, ReasonIn(expression))

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_CLIENT_FIXTURE_H_
