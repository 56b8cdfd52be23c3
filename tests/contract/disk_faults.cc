#include "tests/contract/disk_faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

namespace vouch {

std::atomic<int> DiskFaults::syncs{0};
std::atomic<bool> DiskFaults::full{false};
std::atomic<bool> DiskFaults::sync_fails{false};

namespace {

template <typename Call>
Call* Next(const char* name) {
  return reinterpret_cast<Call*>(dlsym(RTLD_NEXT, name));
}

bool IsFull(int file) {
  if (file <= STDERR_FILENO || !DiskFaults::full) return false;
  errno = ENOSPC;
  return true;
}

int Sync(int file, const char* name) {
  ++DiskFaults::syncs;
  if (DiskFaults::sync_fails) {
    errno = EIO;
    return -1;
  }
  return Next<int(int)>(name)(file);
}

}  // namespace
}  // namespace vouch

// The dynamic linker binds the databases' calls to these.
extern "C" {

ssize_t write(int file, const void* bytes, size_t size) {
  static auto* const next =
      vouch::Next<ssize_t(int, const void*, size_t)>("write");
  return vouch::IsFull(file) ? -1 : next(file, bytes, size);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  static auto* const next =
      vouch::Next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return vouch::IsFull(file) ? -1 : next(file, bytes, size, at);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  static auto* const next =
      vouch::Next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return vouch::IsFull(file) ? -1 : next(file, bytes, size, at);
}

int fsync(int file) { return vouch::Sync(file, "fsync"); }
int fdatasync(int file) { return vouch::Sync(file, "fdatasync"); }

}  // extern "C"
