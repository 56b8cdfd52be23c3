// Replays a corpus without libFuzzer, in the builds that every test runs in:
//
//   fuzz_NAME FOLDER|FILE…
//
// Runs the target once for each file, in the order of their names, and fails if
// there was none: a replay of nothing proves nothing.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "tests/fuzz/fuzz_input.h"

namespace {

// What a run may hold in memory. The sanitizers map far more than they use.
constexpr rlim_t kMemoryBytesMax = rlim_t{1} << 30;

void LimitMemory() {
#ifndef __SANITIZE_ADDRESS__
  rlimit limit{kMemoryBytesMax, kMemoryBytesMax};
  VOUCH_CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
#endif
}

std::vector<std::string> FilesIn(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::is_directory(path, failed)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path, failed)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  LimitMemory();
  size_t replayed = 0;
  for (int i = 1; i < argc; ++i) {
    for (const std::string& path : FilesIn(argv[i])) {
      std::ifstream file(path, std::ios::binary);
      if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        return 1;
      }
      std::string bytes((std::istreambuf_iterator<char>(file)), {});
      // Said before, so that the last line names what ended the process.
      std::printf("%s\n", path.c_str());
      std::fflush(stdout);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()),
                             bytes.size());
      ++replayed;
    }
  }
  std::printf("%zu inputs replayed\n", replayed);
  if (replayed == 0) std::fprintf(stderr, "the corpus is empty\n");
  return replayed == 0 ? 1 : 0;
}
