// Which bug this run has, in programs built with those of mutants.toml: the
// one that the environment variable VOUCH_MUTANT names, or none.
#ifndef VOUCH_TESTS_MUTANTS_MUTANT_H_
#define VOUCH_TESTS_MUTANTS_MUTANT_H_

namespace vouch {

bool MutantPlanted(const char* name);

}  // namespace vouch

#endif  // VOUCH_TESTS_MUTANTS_MUTANT_H_
