#include "tests/bench/server_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/private_file.h"
#include "sync/base/check.h"
#include "tests/bench/measure.h"

namespace vouch::bench {
namespace {

constexpr double kStartSecondsMax = 60;
constexpr double kViewsSecondsMax = 600;
constexpr std::chrono::milliseconds kPollEvery(10);
constexpr size_t kOutputBytesMax = 64 << 10;

sockaddr_in Local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One that is free now.
int FreePort() {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Local(0);
  socklen_t size = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  VOUCH_CHECK(bind(file, raw, size) == 0 && getsockname(file, raw, &size) == 0);
  close(file);
  return ntohs(address.sin_port);
}

std::string HttpGet(int port, absl::string_view path) {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Local(port);
  std::string out;
  const std::string request =
      absl::StrCat("GET ", path,
                   " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  if (connect(file, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0 &&
      send(file, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    char block[4096];
    for (ssize_t got; (got = recv(file, block, sizeof(block), 0)) > 0;) {
      out.append(block, static_cast<size_t>(got));
    }
  }
  close(file);
  return out;
}

double MetricOf(const std::string& text, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::ByAnyChar(" \r"), absl::SkipEmpty());
    double value = 0;
    if (parts.size() == 2 && parts[0] == name &&
        absl::SimpleAtod(parts[1], &value)) {
      return value;
    }
  }
  return 0;
}

}  // namespace

ServerProcess::ServerProcess(std::string program, std::string folder)
    : program_(std::move(program)), folder_(std::move(folder)) {}

ServerProcess::~ServerProcess() {
  if (process_ > 0) Stop();
}

std::string ServerProcess::StoreFolder() const { return folder_ + "/store"; }

void ServerProcess::Start() {
  metrics_port_ = FreePort();
  const std::string config = folder_ + ".toml";
  std::ofstream(config) << "data = \"" << folder_ << "\"\n"
                        << "listen = \"127.0.0.1:0\"\n"
                        << "[limits]\nsessions_max = 20000\n"
                        << "handshake_s_max = 120\n"
                        << "memory_bytes_max = 8589934592\n"
                        << "[metrics]\nlisten = \"127.0.0.1:" << metrics_port_
                        << "\"\n[log]\nlevel = \"info\"\n";
  int ends[2];
  VOUCH_CHECK(pipe2(ends, O_CLOEXEC) == 0);
  std::vector<std::string> words = {program_, "serve", "--config", config};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  process_ = fork();
  VOUCH_CHECK(process_ >= 0);
  if (process_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execv(program_.c_str(), argv.data());
    _exit(127);
  }
  close(ends[1]);
  address_.clear();
  output_.clear();
  ended_ = false;
  reader_ = std::thread([this, pipe = ends[0]] { ReadOutput(pipe); });
  const Stopwatch watch;
  while (address_.empty()) {
    AwaitOutput(kPollEvery);
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) std::fputs(output_.c_str(), stderr);
    VOUCH_CHECK(!ended_ && watch.Seconds() < kStartSecondsMax);
    const size_t at = output_.find("address=");
    const size_t end = output_.find_first_of(" \n", at);
    if (at != std::string::npos && end != std::string::npos) {
      address_ = output_.substr(at + 8, end - at - 8);
    }
  }
  auto pem = ReadPrivateFile(folder_ + "/tls/ca.pem");
  VOUCH_CHECK(pem.ok());
  ca_pem_ = *std::move(pem);
  admin_ = std::make_unique<AdminClient>(folder_);
}

void ServerProcess::Stop() {
  admin_.reset();
  kill(process_, SIGTERM);
  int status = 0;
  VOUCH_CHECK(waitpid(process_, &status, 0) == process_);
  process_ = 0;
  reader_.join();
}

void ServerProcess::ReadOutput(int pipe) {
  char block[4096];
  for (ssize_t got; (got = read(pipe, block, sizeof(block))) > 0;) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (output_.size() < kOutputBytesMax) {
      output_.append(block, static_cast<size_t>(got));
    }
    printed_.notify_all();
  }
  close(pipe);
  std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  printed_.notify_all();
}

void ServerProcess::AwaitOutput(std::chrono::milliseconds wait) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!ended_) printed_.wait_for(lock, wait);
}

std::string ServerProcess::NewCode() {
  v1::CreateCodeRequest request;
  request.set_role(v1::ROLE_ASSESSOR);
  request.set_person_name("Assessor");
  std::lock_guard<std::mutex> lock(admin_mutex_);
  auto code = admin_->CreateCode(request);
  VOUCH_CHECK(code.ok());
  return code->code();
}

uint64_t ServerProcess::LogSize() {
  auto status = admin_->GetStatus();
  VOUCH_CHECK(status.ok());
  return status->log_size();
}

void ServerProcess::AwaitViews() {
  const Stopwatch watch;
  while (true) {
    auto status = admin_->GetStatus();
    VOUCH_CHECK(status.ok() && watch.Seconds() < kViewsSecondsMax);
    if (status->materialised_size() >= status->log_size()) return;
    AwaitOutput(kPollEvery);
  }
}

double ServerProcess::CpuSeconds() const {
  clockid_t clock{};
  VOUCH_CHECK(clock_getcpuclockid(process_, &clock) == 0);
  return CpuSecondsOf(clock);
}

double ServerProcess::ResidentBytes() const {
  std::ifstream file(absl::StrCat("/proc/", process_, "/statm"));
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

ServerProcess::Groups ServerProcess::CommitGroups() const {
  const std::string text = HttpGet(metrics_port_, "/metrics");
  return {MetricOf(text, "vouch_commit_group_changes_count"),
          MetricOf(text, "vouch_commit_group_changes_sum")};
}

}  // namespace vouch::bench
