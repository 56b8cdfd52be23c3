#include "tests/mutants/mutant.h"

#include <cstdlib>
#include <cstring>

namespace vouch {

bool MutantPlanted(const char* name) {
  static const char* const planted = std::getenv("VOUCH_MUTANT");
  return planted != nullptr && std::strcmp(planted, name) == 0;
}

}  // namespace vouch
