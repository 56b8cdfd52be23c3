// A folder of its own for a test or a benchmark, removed with everything in it
// at the end.
//
//   TempDir dir;
//   options.path = dir.Path("store");
#ifndef VOUCH_TESTS_SUPPORT_TEMP_DIR_H_
#define VOUCH_TESTS_SUPPORT_TEMP_DIR_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "sync/base/check.h"

namespace vouch {

class TempDir {
 public:
  // Inside `under`, for what is to lie on a certain disk.
  explicit TempDir(const std::string& under =
                       std::filesystem::temp_directory_path().string())
      : path_(under + "/vouch-test-XXXXXX") {
    VOUCH_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~TempDir() {
    std::error_code ignored;  // a leftover folder fails no test
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // A name inside; nothing is made there.
  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_TEMP_DIR_H_
