// Faults of the disk, put between the engines and the system: this program's
// own write and sync calls count, and fail when told to. Only descriptors
// above standard error are concerned.
//
//   DiskFaults::full = true;    // every write to a file fails with ENOSPC
#ifndef VOUCH_TESTS_CONTRACT_DISK_FAULTS_H_
#define VOUCH_TESTS_CONTRACT_DISK_FAULTS_H_

#include <atomic>

namespace vouch {

struct DiskFaults {
  static std::atomic<int> syncs;        // fsync and fdatasync calls so far
  static std::atomic<bool> full;        // writes fail with ENOSPC
  static std::atomic<bool> sync_fails;  // syncs fail with EIO
};

}  // namespace vouch

#endif  // VOUCH_TESTS_CONTRACT_DISK_FAULTS_H_
