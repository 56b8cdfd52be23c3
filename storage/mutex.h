// The one mutex type: std::mutex with annotations, so that clang's
// -Wthread-safety proves that guarded state is only touched under its lock.
//
//   Mutex mutex_;
//   int open_ VOUCH_GUARDED_BY(mutex_) = 0;
//   …
//   MutexLock lock(mutex_);
//   ++open_;
//
// No lock is held across I/O or a callback.
#ifndef VOUCH_STORAGE_MUTEX_H_
#define VOUCH_STORAGE_MUTEX_H_

#include <mutex>

#if defined(__clang__)
#define VOUCH_THREAD_ATTRIBUTE_(x) __attribute__((x))
#else
#define VOUCH_THREAD_ATTRIBUTE_(x)
#endif
#define VOUCH_GUARDED_BY(mutex) VOUCH_THREAD_ATTRIBUTE_(guarded_by(mutex))
#define VOUCH_REQUIRES(mutex) \
  VOUCH_THREAD_ATTRIBUTE_(requires_capability(mutex))

namespace vouch {

class VOUCH_THREAD_ATTRIBUTE_(capability("mutex")) Mutex {
 public:
  void Lock() VOUCH_THREAD_ATTRIBUTE_(acquire_capability()) { mutex_.lock(); }
  void Unlock() VOUCH_THREAD_ATTRIBUTE_(release_capability()) {
    mutex_.unlock();
  }

 private:
  std::mutex mutex_;
};

class VOUCH_THREAD_ATTRIBUTE_(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex)
      VOUCH_THREAD_ATTRIBUTE_(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() VOUCH_THREAD_ATTRIBUTE_(release_capability()) {
    mutex_.Unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_MUTEX_H_
