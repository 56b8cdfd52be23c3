#include "client-lib/src/tls_probe.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client-lib/src/certificates.h"
#include "sync/base/clock.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using std::chrono::milliseconds;

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Context = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using Tls = std::unique_ptr<SSL, Freer<SSL_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Addresses = std::unique_ptr<addrinfo, Freer<freeaddrinfo>>;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// The network's time is real time, whatever clock the records have.
class Deadline {
 public:
  explicit Deadline(milliseconds budget)
      : end_ms_(Now() + std::max<int64_t>(budget.count(), 0)) {}
  int LeftMs() const {
    return static_cast<int>(std::clamp<int64_t>(end_ms_ - Now(), 0, 600'000));
  }

 private:
  static int64_t Now() {
    return static_cast<int64_t>(SystemClock()->Now().monotonic_ms);
  }
  int64_t end_ms_;
};

absl::Status Unreachable(absl::string_view why) {
  return Error(Reason::kUnreachable, absl::StrCat("the centre ", why));
}

// True once the socket is ready; false at the deadline.
bool Wait(int fd, short events, const Deadline& deadline) {
  while (true) {
    int left_ms = deadline.LeftMs();
    if (left_ms == 0) return false;
    pollfd waiting{fd, events, 0};
    int ready = poll(&waiting, 1, left_ms);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

absl::StatusOr<Socket> ConnectTo(const addrinfo& address,
                                 const Deadline& deadline) {
  Socket socket(::socket(address.ai_family,
                         address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                         address.ai_protocol));
  if (socket.fd() < 0) return Unreachable("could not be called: no socket");
  if (connect(socket.fd(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return Unreachable("refused the connection");
    if (!Wait(socket.fd(), POLLOUT, deadline)) {
      return Unreachable("did not answer in time");
    }
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Unreachable("refused the connection");
  }
  return socket;
}

absl::StatusOr<Socket> Connect(const ServerAddress& server,
                               const Deadline& deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(server.host.c_str(), server.port.c_str(), &hints, &found) !=
      0) {
    return Unreachable("has no host of that name");
  }
  Addresses addresses(found);
  absl::Status last = Unreachable("has no address");
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    auto socket = ConnectTo(*at, deadline);
    if (socket.ok()) return socket;
    last = socket.status();
  }
  return last;
}

// Between TLS and the socket. OpenSSL's own socket writes could raise SIGPIPE
// in an app that never asked for it.
class Pipe {
 public:
  Pipe(SSL* tls, int fd) : fd_(fd) {
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    VOUCH_CHECK(in_ != nullptr && out_ != nullptr);
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(tls, in_, out_);  // it owns both
  }

  absl::Status Flush(const Deadline& deadline) {
    char buffer[4096];
    int size;
    while ((size = BIO_read(out_, buffer, sizeof(buffer))) > 0) {
      for (int sent = 0; sent < size;) {
        if (!Wait(fd_, POLLOUT, deadline)) return TooSlow();
        ssize_t n = send(fd_, buffer + sent, static_cast<size_t>(size - sent),
                         MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) return Closed();
        if (n > 0) sent += static_cast<int>(n);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Fill(const Deadline& deadline) {
    if (!Wait(fd_, POLLIN, deadline)) return TooSlow();
    char buffer[4096];
    ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return absl::OkStatus();
    if (n <= 0) return Closed();
    const absl::string_view heard(buffer, static_cast<size_t>(n));
    if (first_) heard_http_ = absl::StartsWith(heard, "HTTP/");
    first_ = false;
    VOUCH_CHECK(BIO_write(in_, buffer, static_cast<int>(n)) == n);
    return absl::OkStatus();
  }

  // A server that answers a TLS greeting in plain HTTP: such is the page on
  // which a hotel's or a train's network wants to be paid.
  bool heard_http() const { return heard_http_; }

 private:
  static absl::Status TooSlow() {
    return Unreachable("did not finish its greeting in time");
  }
  static absl::Status Closed() { return Unreachable("closed the connection"); }

  const int fd_;
  BIO* in_;
  BIO* out_;
  bool first_ = true;
  bool heard_http_ = false;
};

absl::Status Handshake(SSL* tls, int fd, const Deadline& deadline) {
  Pipe pipe(tls, fd);
  while (true) {
    ERR_clear_error();
    int done = SSL_connect(tls);
    int want = SSL_get_error(tls, done);
    VOUCH_RETURN_IF_ERROR(pipe.Flush(deadline));
    if (done == 1) return absl::OkStatus();
    if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) {
      ERR_clear_error();
      if (pipe.heard_http()) {
        return Error(Reason::kCaptivePortal,
                     "what answers there is a web page, and no centre");
      }
      return Error(Reason::kServerNotTrusted,
                   "what answers there does not speak TLS 1.3");
    }
    VOUCH_RETURN_IF_ERROR(pipe.Fill(deadline));
  }
}

// The chain's self-signed certificate, if the rest hangs from it.
absl::StatusOr<Probed> FindCa(SSL* tls) {
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(tls);
  int size = chain == nullptr ? 0 : sk_X509_num(chain);
  for (int i = 0; i + 1 < size; ++i) {
    X509* issuer = sk_X509_value(chain, i + 1);
    if (X509_verify(sk_X509_value(chain, i), X509_get0_pubkey(issuer)) != 1) {
      size = 0;
    }
  }
  X509* ca = size == 0 ? nullptr : sk_X509_value(chain, size - 1);
  if (ca == nullptr || X509_check_ca(ca) == 0 ||
      X509_verify(ca, X509_get0_pubkey(ca)) != 1) {
    ERR_clear_error();
    return Error(Reason::kServerNotTrusted,
                 "what answers there shows no certificate chain of a centre");
  }
  Bio bio(BIO_new(BIO_s_mem()));
  VOUCH_CHECK(bio != nullptr && PEM_write_bio_X509(bio.get(), ca) == 1);
  char* text = nullptr;
  long text_size = BIO_get_mem_data(bio.get(), &text);
  Probed probed;
  probed.ca_pem.assign(text, static_cast<size_t>(text_size));
  VOUCH_ASSIGN_OR_RETURN(probed.ca_fingerprint,
                         FingerprintOfPem(probed.ca_pem));
  return probed;
}

}  // namespace

absl::StatusOr<ServerAddress> ParseAddress(absl::string_view address) {
  size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos || colon == 0 ||
      colon + 1 == address.size()) {
    return Error(Reason::kMalformed,
                 "the server's address has the form host:port");
  }
  absl::string_view host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return ServerAddress{std::string(host),
                       std::string(address.substr(colon + 1))};
}

absl::StatusOr<Probed> ProbeServer(const std::string& address,
                                   milliseconds budget) {
  VOUCH_ASSIGN_OR_RETURN(ServerAddress server, ParseAddress(address));
  Deadline deadline(budget);
  VOUCH_ASSIGN_OR_RETURN(Socket socket, Connect(server, deadline));
  Context context(SSL_CTX_new(TLS_client_method()));
  VOUCH_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  // Nothing is said on this connection; the caller judges the chain, and the
  // connection that is used then verifies it.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  Tls tls(SSL_new(context.get()));
  VOUCH_CHECK(tls != nullptr);
  SSL_set_tlsext_host_name(tls.get(), server.host.c_str());
  // A gRPC server hangs up on whoever does not ask for HTTP/2.
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(tls.get(), kHttp2, sizeof(kHttp2));
  VOUCH_RETURN_IF_ERROR(Handshake(tls.get(), socket.fd(), deadline));
  return FindCa(tls.get());
}

}  // namespace vouch
