#include "tests/support/server_world.h"

#include <grpcpp/grpcpp.h>

#include <filesystem>

#include "sync/base/check.h"
#include "vouch/v1/admin_service.grpc.pb.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

// Before gRPC is first used, and so before main.
const bool kOnlyTls13 = (RequireTls13(), true);

}  // namespace

ServerWorld::ServerWorld() {
  VOUCH_CHECK(kOnlyTls13);
  Start();
}

ServerWorld::~ServerWorld() = default;

void ServerWorld::Start() {
  Config config;
  config.data = DataFolder();
  config.listen = "127.0.0.1:0";
  config.centre_name = "Test centre";
  config.log_level = LogLevel::kError;
  auto started = Server::Start(config, {});
  if (!started.ok()) {
    std::fprintf(stderr, "%s\n", started.status().ToString().c_str());
  }
  VOUCH_CHECK(started.ok());
  server_ = *std::move(started);
}

SyncOptions ServerWorld::Sync() const {
  SyncOptions options;
  options.server = server_->address();
  options.deadline = std::chrono::seconds(20);
  return options;
}

std::string ServerWorld::Code(v1::Role role, const std::string& name) {
  auto channel =
      grpc::CreateChannel("unix:" + DataFolder() + "/" + kAdminSocketName,
                          grpc::InsecureChannelCredentials());
  auto stub = v1::AdminService::NewStub(channel);
  v1::CreateCodeRequest request;
  request.set_role(role);
  request.set_person_name(name);
  grpc::ClientContext context;
  v1::CreateCodeResponse response;
  grpc::Status status = stub->CreateCode(&context, request, &response);
  VOUCH_CHECK(status.ok());
  return response.code();
}

std::unique_ptr<Client> ServerWorld::Open(const std::string& name,
                                          bool shared) {
  OpenOptions options;
  options.shared = shared;
  options.folder = dir_.Path("tablet-" + name);
  auto client = Client::Open(options);
  VOUCH_CHECK(client.ok());
  return *std::move(client);
}

std::unique_ptr<Client> ServerWorld::Tablet(v1::Role role,
                                            const std::string& name) {
  std::unique_ptr<Client> client = Open(name);
  auto enrolled = client->Enrol(address(), Code(role, name));
  if (!enrolled.ok()) {
    std::fprintf(stderr, "%s\n", enrolled.status().ToString().c_str());
  }
  VOUCH_CHECK(enrolled.ok());
  return client;
}

void ServerWorld::Backup() {
  VOUCH_CHECK(server_ == nullptr);
  fs::remove_all(dir_.Path("backup"));
  fs::copy(DataFolder(), dir_.Path("backup"), fs::copy_options::recursive);
}

void ServerWorld::Restore() {
  VOUCH_CHECK(server_ == nullptr);
  fs::remove_all(DataFolder());
  fs::copy(dir_.Path("backup"), DataFolder(), fs::copy_options::recursive);
}

}  // namespace vouch
