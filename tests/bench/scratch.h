// A folder of a benchmark's own on the disk that is measured, removed with
// everything in it at the end.
#ifndef VOUCH_TESTS_BENCH_SCRATCH_H_
#define VOUCH_TESTS_BENCH_SCRATCH_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "sync/base/check.h"

namespace vouch::bench {

class Scratch {
 public:
  explicit Scratch(const std::string& under)
      : path_(under + "/vouch-bench-XXXXXX") {
    VOUCH_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~Scratch() {
    std::error_code ignored;  // a leftover folder spoils no figure
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // A name inside; nothing is made there.
  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_SCRATCH_H_
