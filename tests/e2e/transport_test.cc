// What the public port speaks: TLS 1.3, health, reflection, bounded handshakes
// and slow readers.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/server_fixture.h"

namespace vouch {
namespace {

class TransportTest : public ServerTest {
 protected:
  // A connected socket.
  int Connect() {
    const std::string& address = server_->address();
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.find(':') + 1), &port));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int file = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(file, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    return file;
  }

  // Whether a handshake of at most this version succeeds.
  bool Handshake(int version_max) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, version_max);
    const unsigned char kAlpn[] = "\x02h2";
    SSL_CTX_set_alpn_protos(context, kAlpn, 3);
    SSL* ssl = SSL_new(context);
    const int file = Connect();
    SSL_set_fd(ssl, file);
    const bool done = SSL_connect(ssl) == 1;
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(file);
    return done;
  }
};

TEST_F(TransportTest, OnlyTls13IsSpoken) {
  Start();
  EXPECT_TRUE(Handshake(TLS1_3_VERSION));
  EXPECT_FALSE(Handshake(TLS1_2_VERSION));
}

TEST_F(TransportTest, AHandshakeThatHangsIsEnded) {
  config_.limits.handshake_ms_max = 1000;
  Start();
  const int file = Connect();
  pollfd waits{file, POLLIN, 0};
  ASSERT_EQ(poll(&waits, 1, 20'000), 1) << "the server never hung up";
  char byte = 0;
  EXPECT_LE(recv(file, &byte, 1, 0), 0);
  close(file);
}

TEST_F(TransportTest, HealthIsServing) {
  Start();
  auto answer = Anyone().CallRaw("/grpc.health.v1.Health/Check", "");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, std::string("\x08\x01", 2));  // status: SERVING
}

TEST_F(TransportTest, ReflectionListsThePublicServicesOnly) {
  Start();
  auto answer = Anyone().CallRaw(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      std::string("\x3a\x01*", 3));  // list_services: "*"
  ASSERT_TRUE(answer.ok()) << answer.status();
  for (const char* service :
       {"vouch.v1.SyncService", "vouch.v1.EnrolmentService",
        "vouch.v1.CentreService", "grpc.health.v1.Health"}) {
    EXPECT_TRUE(absl::StrContains(*answer, service)) << service;
  }
  EXPECT_FALSE(absl::StrContains(*answer, "vouch.v1.AdminService"));
}

TEST_F(TransportTest, AdministrationIsNotOnThePublicPort) {
  Start();
  auto answer = Anyone().CallRaw("/vouch.v1.AdminService/GetStatus", "");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnimplemented);
}

TEST_F(TransportTest, ASlowReaderIsDroppedAndResumes) {
  config_.limits.session_stall_ms_max = 2000;
  Start();
  auto writer = EnrolledTablet();
  auto reader = EnrolledTablet();
  for (int i = 0; i < 12; ++i) {
    // Incompressible, and larger together than any window of the transport.
    std::string noise(1 << 20, '\0');
    writer->random->Fill(reinterpret_cast<uint8_t*>(noise.data()),
                         noise.size());
    writer->Create(5, SharedScope(), noise);
  }
  ASSERT_TRUE(As(*writer).Sync(*writer->device).status.ok());

  TlsClient client = As(*reader);
  HandSession slow(client.sync());
  auto config = reader->device->BeginSession();
  ASSERT_TRUE(config.ok());
  ASSERT_TRUE(slow.Greet(*config).has_value());
  v1::SyncRequest request;
  request.mutable_pull()->set_until_size(1000);
  request.mutable_pull()->set_credit(kPullCreditMax);
  slow.Send(request);
  // It asks for everything and reads nothing.
  ASSERT_TRUE(Eventually([&] { return server_->sessions() == 0; }));
  absl::Status end = slow.End();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;
  EXPECT_TRUE(absl::StrContains(end.message(), "TOO_SLOW")) << end;
  EXPECT_TRUE(absl::StrContains(server_->MetricsText(),
                                "vouch_sessions_ended_total{result=\"TOO_SLOW\""
                                "} 1"))
      << server_->MetricsText();

  LoopbackResult result = As(*reader).Sync(*reader->device);
  EXPECT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(reader->device->cursor_root(), writer->device->cursor_root());
}

TEST_F(TransportTest, SessionsAreBounded) {
  config_.limits.sessions_max = 1;
  Start();
  auto first = EnrolledTablet();
  auto second = EnrolledTablet();
  TlsClient client = As(*first);
  auto config = first->device->BeginSession();
  ASSERT_TRUE(config.ok());
  {
    HandSession open(client.sync());
    ASSERT_TRUE(open.Greet(*config).has_value());
    EXPECT_EQ(ReasonOf(As(*second).Sync(*second->device).status),
              Reason::kUnreachable);
  }
  ASSERT_TRUE(Eventually([&] { return server_->sessions() == 0; }));
  EXPECT_TRUE(As(*second).Sync(*second->device).status.ok());
}

}  // namespace
}  // namespace vouch
