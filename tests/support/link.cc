#include "tests/support/link.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sync/base/check.h"

namespace vouch {
namespace {

constexpr size_t kBlockBytes = 4096;  // how exactly a fault hits its byte

sockaddr_in Local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int PortOf(const std::string& address) {
  int port = 0;
  VOUCH_CHECK(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  return port;
}

bool SendAll(int file, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(file, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

}  // namespace

Link::Link(const std::string& to) : to_port_(PortOf(to)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Local(0);
  socklen_t size = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  VOUCH_CHECK(listener_ >= 0 && bind(listener_, raw, size) == 0 &&
              listen(listener_, 64) == 0 &&
              getsockname(listener_, raw, &size) == 0);
  address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  acceptor_ = std::thread([this] { Accept(); });
}

Link::~Link() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  Cut();
  std::vector<std::thread> carriers;
  {
    MutexLock lock(mutex_);
    carriers.swap(carriers_);
  }
  for (std::thread& carrier : carriers) carrier.join();
}

void Link::Break(const LinkFault& fault) {
  MutexLock lock(mutex_);
  fault_ = fault;
}

void Link::Cut() {
  MutexLock lock(mutex_);
  for (int file : open_) shutdown(file, SHUT_RDWR);
}

Link::Passed Link::TakePassed() { return {up_.exchange(0), down_.exchange(0)}; }

void Link::Accept() {
  for (int tablet;
       (tablet = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    MutexLock lock(mutex_);
    VOUCH_CHECK(carriers_.size() < kConnectionsMax);
    const LinkFault fault = fault_;
    carriers_.emplace_back([this, tablet, fault] { Carry(tablet, fault); });
  }
}

void Link::Carry(int tablet, LinkFault fault) {
  const int centre = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in to = Local(to_port_);
  const bool connected =
      connect(centre, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  {
    MutexLock lock(mutex_);
    open_.push_back(tablet);
    open_.push_back(centre);
  }
  char block[kBlockBytes];
  size_t up = 0, down = 0;
  bool broken = false;
  while (connected && !stopping_) {
    pollfd waits[2] = {{tablet, POLLIN, 0}, {centre, POLLIN, 0}};
    if (poll(waits, 2, -1) < 0) break;
    const bool is_up = waits[0].revents != 0;
    const ssize_t got = recv(is_up ? tablet : centre, block, sizeof(block), 0);
    if (got <= 0) break;
    const auto size = static_cast<size_t>(got);
    (is_up ? up : down) += size;
    (is_up ? up_ : down_) += size;
    if (!broken && (up > fault.after_up || down > fault.after_down)) {
      broken = true;
      ++struck_;
    }
    if (broken && fault.kind == LinkFault::Kind::kCut) break;
    if (broken && (fault.kind == LinkFault::Kind::kSilence || !is_up)) continue;
    if (!SendAll(is_up ? centre : tablet, block, size)) break;
  }
  MutexLock lock(mutex_);
  for (int file : {tablet, centre}) {
    open_.erase(std::remove(open_.begin(), open_.end(), file), open_.end());
    close(file);
  }
}

}  // namespace vouch
