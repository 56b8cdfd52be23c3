#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "evidence/record_judge.h"
#include "server/access.h"
#include "server/admin_service.h"
#include "server/aside.h"
#include "server/backup_runner.h"
#include "server/centre_folder.h"
#include "server/centre_service.h"
#include "server/committer.h"
#include "server/enrolment_service.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/people.h"
#include "server/rate_limit.h"
#include "server/sessions.h"
#include "server/sync_service.h"
#include "server/ticker.h"
#include "server/work_pool.h"
#include "storage/folder.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr char kCipherVariable[] = "GRPC_SSL_CIPHER_SUITES";
constexpr char kNoCipherOfTls12[] = "PSK-AES128-GCM-SHA256";
constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;
// Three tasks of a session can wait at a time: look up, read, verify.
constexpr size_t kTasksPerSessionMax = 4;

std::string HostOf(const std::string& listen) {
  return listen.substr(0, listen.find_last_of(':'));
}

}  // namespace

void RequireTls13() { setenv(kCipherVariable, kNoCipherOfTls12, 1); }

// Members stand in the order they depend on each other: the last is destroyed
// first.
struct Server::State {
  State(const Config& c, const ServerParts& parts)
      : config(c),
        judge(parts.judge != nullptr ? parts.judge : &record_judge),
        clock(parts.clock != nullptr ? parts.clock : SystemClock()),
        random(parts.random != nullptr ? parts.random : SystemRandom()),
        free_bytes(parts.free_bytes) {}

  absl::Status OpenCentre();
  absl::Status StartWork();
  absl::Status Listen();
  absl::Status ListenAdmin();
  void Tick();
  void Stop();

  const Config config;
  const RecordJudge record_judge;
  const Judge* const judge;
  const Clock* const clock;
  Random* const random;
  const std::function<uint64_t()> free_bytes;
  std::string address;
  bool stopped = false;

  std::unique_ptr<CentreFolder> folder;
  Centre* centre = nullptr;  // the folder's
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<Aside> aside;
  std::unique_ptr<Access> access;
  std::unique_ptr<RateLimit> rate_limit;
  std::unique_ptr<PageTokens> tokens;
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<Committer> committer;
  std::unique_ptr<BackupRunner> backups;
  std::unique_ptr<WorkPool> pool;
  std::unique_ptr<SyncServiceHandler> sync_service;
  std::unique_ptr<EnrolmentServiceHandler> enrolment_service;
  std::unique_ptr<CentreServiceHandler> centre_service;
  std::unique_ptr<AdminServiceHandler> admin_service;
  std::unique_ptr<grpc::Server> public_server;
  std::unique_ptr<grpc::Server> admin_server;
  std::unique_ptr<Ticker> ticker;
};

absl::Status Server::State::OpenCentre() {
  VOUCH_ASSIGN_OR_RETURN(
      folder, CentreFolder::Open(config, {judge, clock, random, free_bytes}));
  centre = folder->centre();
  aside = std::make_unique<Aside>(config.data + "/aside", folder->master_key(),
                                  random);
  return WriteMissingPeople(centre, random);
}

absl::Status Server::State::StartWork() {
  const Limits& limits = config.limits;
  VOUCH_ASSIGN_OR_RETURN(metrics, Metrics::Start(config.metrics_listen));
  access = std::make_unique<Access>(centre, folder->certificates(), clock);
  rate_limit =
      std::make_unique<RateLimit>(limits.wrong_codes_per_minute_max, clock);
  tokens = std::make_unique<PageTokens>(random);
  const auto sessions_max = static_cast<size_t>(limits.sessions_max);
  sessions = std::make_unique<Sessions>(sessions_max, metrics.get());
  committer = std::make_unique<Committer>(centre, metrics.get(), clock, random);
  backups = std::make_unique<BackupRunner>(folder.get(), committer.get());
  size_t threads = static_cast<size_t>(limits.verify_threads);
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  pool = std::make_unique<WorkPool>("vouch-work", threads,
                                    sessions_max * kTasksPerSessionMax);
  sync_service = std::make_unique<SyncServiceHandler>(
      SyncSession::Parts{centre, committer.get(), pool.get(), sessions.get(),
                         metrics.get(), aside.get(), clock,
                         limits.session_stall_ms_max},
      access.get(), random);
  enrolment_service =
      std::make_unique<EnrolmentServiceHandler>(EnrolmentServiceHandler::Parts{
          centre, committer.get(), folder->certificates(), access.get(),
          rate_limit.get(), metrics.get(), random,
          config.certificate_valid_days * kDayMs});
  centre_service = std::make_unique<CentreServiceHandler>(
      CentreServiceHandler::Parts{centre, committer.get(), access.get(),
                                  tokens.get(), metrics.get(), random});
  admin_service =
      std::make_unique<AdminServiceHandler>(AdminServiceHandler::Parts{
          centre, committer.get(), folder->certificates(), sessions.get(),
          tokens.get(), folder.get(), backups.get()});
  return absl::OkStatus();
}

absl::Status Server::State::Listen() {
  const Limits& limits = config.limits;
  const char* ciphers = getenv(kCipherVariable);
  VOUCH_CHECK(ciphers != nullptr && strcmp(ciphers, kNoCipherOfTls12) == 0);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  // Certificates are asked for and not verified in the handshake: see access.h.
  grpc::SslServerCredentialsOptions tls(
      GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  tls.pem_key_cert_pairs.push_back(
      {folder->certificates()->server_key_pem(),
       folder->certificates()->server_chain_pem()});

  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(config.listen, grpc::SslServerCredentials(tls),
                           &port);
  builder.RegisterService(sync_service.get());
  builder.RegisterService(enrolment_service.get());
  builder.RegisterService(centre_service.get());
  const int message_bytes = static_cast<int>(limits.message_bytes_max);
  builder.SetMaxReceiveMessageSize(message_bytes);
  builder.SetMaxSendMessageSize(message_bytes);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  grpc::ResourceQuota quota("vouchd");
  quota.Resize(static_cast<size_t>(limits.memory_bytes_max));
  quota.SetMaxThreads(static_cast<int>(limits.call_threads_max));
  builder.SetResourceQuota(quota);
  const struct {
    const char* name;
    int64_t value;
  } arguments[] = {
      {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, limits.handshake_ms_max},
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.streams_per_connection_max},
      {GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
       kPingIntervalMsMin},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, kConnectionIdleMsMax},
      {GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax},
      {GRPC_ARG_ALLOW_REUSEPORT, 0},  // a second server on the port is told
  };
  for (const auto& argument : arguments) {
    builder.AddChannelArgument(argument.name, static_cast<int>(argument.value));
  }
  public_server = builder.BuildAndStart();
  if (public_server == nullptr || port == 0) {
    return Error(Reason::kConfigurationInvalid,
                 absl::StrCat("cannot listen on ", config.listen));
  }
  address = absl::StrCat(HostOf(config.listen), ":", port);
  return absl::OkStatus();
}

absl::Status Server::State::ListenAdmin() {
  const std::string path = absl::StrCat(config.data, "/", kAdminSocketName);
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return Error(Reason::kConfigurationInvalid,
                 absl::StrCat("the data folder's name is too long for a Unix "
                              "socket: ",
                              path));
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("unix:", path),
                           grpc::InsecureServerCredentials());
  builder.RegisterService(admin_service.get());
  builder.SetMaxReceiveMessageSize(64 << 10);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  // The socket is never open to others, not even for a moment.
  const mode_t before = umask(0177);
  admin_server = builder.BuildAndStart();
  umask(before);
  if (admin_server == nullptr || chmod(path.c_str(), 0600) != 0) {
    return Error(Reason::kConfigurationInvalid,
                 absl::StrCat("cannot listen on ", path));
  }
  return absl::OkStatus();
}

void Server::State::Tick() {
  sessions->Tick();
  metrics->FreeBytes(free_bytes ? free_bytes() : FreeBytes(config.data));
}

void Server::State::Stop() {
  if (stopped) return;
  stopped = true;
  // First: its call on the socket would hold up the shutdown.
  if (backups != nullptr) backups->Stop();
  if (public_server != nullptr) {
    Log(LogLevel::kInfo, "draining", {{"sessions", sessions->count()}});
    if (auto* health = public_server->GetHealthCheckService()) {
      health->SetServingStatus(false);
    }
    sessions->Drain();
    const bool drained = sessions->WaitUntilNone(config.drain_ms_max);
    if (!drained) {
      Log(LogLevel::kWarning, "sessions cut off",
          {{"sessions", sessions->count()}});
    }
    // Calls that are still open are cancelled after a moment.
    constexpr std::chrono::milliseconds kShutdownGrace(500);
    const auto deadline = std::chrono::system_clock::now() + kShutdownGrace;
    public_server->Shutdown(deadline);
    public_server->Wait();
    if (admin_server != nullptr) {
      admin_server->Shutdown(deadline);
      admin_server->Wait();
    }
  }
  ticker.reset();
  if (pool != nullptr) pool->Stop();
  if (committer != nullptr) committer->Stop();
  if (sessions != nullptr) {
    // Cancelled streams end on gRPC's threads.
    (void)sessions->WaitUntilNone(config.drain_ms_max);
  }
  public_server.reset();
  admin_server.reset();
  backups.reset();
  committer.reset();
  folder.reset();
  Log(LogLevel::kInfo, "stopped");
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() { Stop(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const Config& config, const ServerParts& parts) {
  auto state = std::make_unique<State>(config, parts);
  VOUCH_RETURN_IF_ERROR(state->OpenCentre());
  VOUCH_RETURN_IF_ERROR(state->StartWork());
  std::unique_ptr<Server> server(new Server(std::move(state)));
  State* s = server->state_.get();
  VOUCH_RETURN_IF_ERROR(s->ListenAdmin());
  VOUCH_RETURN_IF_ERROR(s->Listen());
  s->ticker =
      std::make_unique<Ticker>("vouch-tick", kTickMs, [s] { s->Tick(); });
  if (auto* health = s->public_server->GetHealthCheckService()) {
    health->SetServingStatus(true);
  }
  Log(LogLevel::kInfo, "serving",
      {{"address", s->address},
       {"data", config.data},
       {"log_entries", s->committer->progress().log_size}});
  return server;
}

const std::string& Server::address() const { return state_->address; }
const std::string& Server::ca_pem() const {
  return state_->folder->certificates()->ca_pem();
}
const std::string& Server::ca_pin() const {
  return state_->folder->certificates()->ca_pin();
}
std::string Server::MetricsText() const { return state_->metrics->Text(); }
size_t Server::sessions() const { return state_->sessions->count(); }
void Server::Stop() { state_->Stop(); }

}  // namespace vouch
