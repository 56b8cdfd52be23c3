// Writes the golden vectors:  make_vectors DIRECTORY
// For a new version of a format only: the vectors of a version that was
// released stay as they are, and stay readable.
#include <cstdio>
#include <fstream>

#include "tests/vectors/vectors.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_vectors DIRECTORY\n");
    return 2;
  }
  for (const auto& [name, contents] : vouch::test::MakeVectors()) {
    std::ofstream file(std::string(argv[1]) + "/" + name, std::ios::binary);
    file << contents;
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write %s\n", name.c_str());
      return 1;
    }
  }
  return 0;
}
