// A thread with a name and an owner; destruction joins.
//
//   thread_ = NamedThread("vouch-commit", [this] { Run(); });
#ifndef VOUCH_SERVER_THREAD_H_
#define VOUCH_SERVER_THREAD_H_

#include <pthread.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "sync/base/check.h"

namespace vouch {

inline constexpr size_t kThreadNameBytesMax = 15;  // the system's limit

class NamedThread {
 public:
  NamedThread() = default;
  NamedThread(std::string name, std::function<void()> run)
      : thread_([name = std::move(name), run = std::move(run)] {
          VOUCH_CHECK(name.size() <= kThreadNameBytesMax);
          pthread_setname_np(pthread_self(), name.c_str());
          run();
        }) {}
  NamedThread(NamedThread&&) = default;
  NamedThread& operator=(NamedThread&& other) {
    Join();
    thread_ = std::move(other.thread_);
    return *this;
  }
  ~NamedThread() { Join(); }

  // Whoever owns it tells it to end first.
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_THREAD_H_
