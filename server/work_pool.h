// A few named threads that do what must not hold up gRPC's threads or the
// committer: verifying segments, reading the log for a session.
//
//   WorkPool pool("vouch-work", threads, queue_max);
//   if (!pool.Submit([=] { … })) … too busy …
//
// Thread-safe. Tasks run in the order given, several at a time. Destruction
// runs what is queued, then joins.
#ifndef VOUCH_SERVER_WORK_POOL_H_
#define VOUCH_SERVER_WORK_POOL_H_

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "server/condition.h"
#include "server/thread.h"
#include "storage/mutex.h"

namespace vouch {

class WorkPool {
 public:
  WorkPool(const std::string& name, size_t threads, size_t queue_max);
  ~WorkPool() { Stop(); }
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // False if the queue is full or the pool has stopped; the task never runs.
  bool Submit(std::function<void()> task);
  void Stop();

 private:
  void Run();

  const size_t queue_max_;
  Mutex mutex_;
  Condition changed_;
  std::deque<std::function<void()>> queue_ VOUCH_GUARDED_BY(mutex_);
  bool stopping_ VOUCH_GUARDED_BY(mutex_) = false;
  std::vector<NamedThread> threads_;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_WORK_POOL_H_
