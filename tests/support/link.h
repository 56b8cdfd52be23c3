// The network between a tablet and a centre, which a test can break: every byte
// of a connection passes through this process.
//
//   Link link(centre_address);
//   link.Break({.after_up = 20'000});          // then the line is cut
//   client->SyncOnce(options with link.address());
//   link.Mend();
//
// A fault is of the connections made while it is set; a later Mend or Break
// changes nothing for them, only Cut ends them. Thread-safe; the destructor
// cuts everything.
#ifndef VOUCH_TESTS_SUPPORT_LINK_H_
#define VOUCH_TESTS_SUPPORT_LINK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/mutex.h"

namespace vouch {

struct LinkFault {
  enum class Kind {
    kCut,          // both sides see the connection end
    kSilence,      // no byte passes any more, and nobody is told
    kSilenceDown,  // the same, from the centre to the tablet only
  };
  // When so many bytes have passed up (to the centre) or down.
  size_t after_up = std::numeric_limits<size_t>::max();
  size_t after_down = std::numeric_limits<size_t>::max();
  Kind kind = Kind::kCut;
};

class Link {
 public:
  static constexpr size_t kConnectionsMax = 4096;

  // `to`: host:port on this machine.
  explicit Link(const std::string& to);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  const std::string& address() const { return address_; }
  void Break(const LinkFault& fault);
  void Mend() { Break({}); }
  // Ends what is connected now.
  void Cut();
  // How often a fault has struck.
  int struck() const { return struck_; }
  // Of all connections since the last call.
  struct Passed {
    size_t up = 0;
    size_t down = 0;
  };
  Passed TakePassed();

 private:
  void Accept();
  void Carry(int tablet, LinkFault fault);

  const int to_port_;
  std::string address_;
  int listener_ = -1;
  std::atomic<int> struck_{0};
  std::atomic<size_t> up_{0}, down_{0};
  std::atomic<bool> stopping_{false};

  mutable Mutex mutex_;
  LinkFault fault_ VOUCH_GUARDED_BY(mutex_);
  std::vector<int> open_ VOUCH_GUARDED_BY(mutex_);  // until they are closed
  std::vector<std::thread> carriers_ VOUCH_GUARDED_BY(mutex_);
  std::thread acceptor_;  // last: it uses the others
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_LINK_H_
