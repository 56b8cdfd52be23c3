// A server on a free port of this machine with a folder of its own, and
// tablets to talk to it.
#ifndef VOUCH_TESTS_E2E_SERVER_FIXTURE_H_
#define VOUCH_TESTS_E2E_SERVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "server/admin_client.h"
#include "server/server.h"
#include "sync/base/status.h"
#include "tests/support/replica_world.h"
#include "tests/support/sync_client.h"
#include "tests/support/temp_dir.h"
#include "vouch/v1/records.pb.h"

namespace vouch {

// The machine's clock, which a test can set forward. Thread-safe.
class ShiftedClock : public Clock {
 public:
  TimeReading Now() const override {
    TimeReading now = SystemClock()->Now();
    now.wall_ms += shift_ms_;
    now.monotonic_ms += static_cast<uint64_t>(shift_ms_);
    return now;
  }
  void Advance(int64_t ms) { shift_ms_ += ms; }

 private:
  std::atomic<int64_t> shift_ms_{0};
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    config_.listen = "127.0.0.1:0";
    config_.data = folder_.Path("d");
    config_.centre_name = "Centre of the test";
  }

  void Start() {
    RequireTls13();
    ServerParts parts;
    parts.judge = &judge_;
    parts.clock = &clock_;
    parts.free_bytes = [this] { return free_bytes_.load(); };
    auto server = Server::Start(config_, parts);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  TlsClient Anyone() const {
    return TlsClient(server_->address(), server_->ca_pem());
  }
  TlsClient As(const Tablet& tablet) const {
    return Anyone().As(*tablet.device);
  }

  std::string NewCode(v1::Role role = v1::ROLE_ASSESSOR) {
    v1::CreateCodeRequest request;
    request.set_role(role);
    request.set_person_name("A. Person");
    request.set_valid_s(3600);
    auto code = AdminClient(config_.data).CreateCode(request);
    EXPECT_TRUE(code.ok()) << code.status();
    return code.ok() ? code->code() : "";
  }

  // A tablet in memory that nobody knows yet.
  std::unique_ptr<Tablet> NewTablet() {
    auto tablet = std::make_unique<Tablet>();
    tablet->random = std::make_unique<SeededRandom>(++tablets_ + 1000);
    tablet->provider =
        std::make_unique<FixedKeyProvider>(SealKey::Generate(*tablet->random));
    EXPECT_TRUE(tablet->Open().ok());
    return tablet;
  }
  std::unique_ptr<Tablet> EnrolledTablet(v1::Role role = v1::ROLE_ASSESSOR) {
    auto tablet = NewTablet();
    absl::Status enrolled = Anyone().Enrol(*tablet->device, NewCode(role));
    EXPECT_TRUE(enrolled.ok()) << enrolled;
    return tablet;
  }

  // The segments that the tablet would push, as they travel.
  std::vector<std::string> Outbox(Tablet& tablet) {
    auto config = tablet.device->BeginSession();
    EXPECT_TRUE(config.ok()) << config.status();
    OutboxRead read =
        tablet.device->Read({config->heads[0].incarnation, 0, Hash()});
    EXPECT_TRUE(read.status.ok()) << read.status;
    std::vector<std::string> segments;
    for (const OutboxSegment& segment : read.segments) {
      segments.push_back(segment.wire);
    }
    return segments;
  }

  // Pushes bytes in a session of the tablet's own: how the session ends.
  absl::Status PushRaw(Tablet& tablet, const std::vector<std::string>& wires) {
    TlsClient client = As(tablet);
    HandSession session(client.sync());
    auto config = tablet.device->BeginSession();
    if (!config.ok()) return config.status();
    if (!session.Greet(*config).has_value()) return session.End();
    v1::SyncRequest request;
    for (const std::string& wire : wires) {
      request.mutable_push()->add_segments(wire);
    }
    session.Send(request);
    session.Done();
    return session.End();
  }

  uint64_t LogSize() {
    auto status = AdminClient(config_.data).GetStatus();
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? status->log_size() : 0;
  }

  // True once `holds` does; false after the deadline.
  template <typename Condition>
  static bool Eventually(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + kTestDeadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  // A scope of some registration, shared by the whole team.
  static ScopeId SharedScope() {
    RecordId registration;
    registration.data()[0] = 1;
    registration.data()[8] = 0x80;
    return MakeScope(ScopeKind::kShared, registration);
  }

  TempDir folder_;
  Config config_;
  PermissiveJudge judge_;
  ShiftedClock clock_;
  std::atomic<uint64_t> free_bytes_{uint64_t{1} << 40};
  std::unique_ptr<Server> server_;
  uint64_t tablets_ = 0;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_E2E_SERVER_FIXTURE_H_
