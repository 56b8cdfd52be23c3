// The golden vectors of sync/README.md: examples of every signed or stored byte
// form, made from fixed seeds by the shipped code. Refused examples are in the
// lists named "refused".
#ifndef VOUCH_TESTS_VECTORS_VECTORS_H_
#define VOUCH_TESTS_VECTORS_VECTORS_H_

#include <map>
#include <string>

#include "tests/vectors/json.h"

namespace vouch::test {

// File name → contents, "core.json" and so on.
std::map<std::string, std::string> MakeVectors();

// One a file; see their sources for the members.
Json PrimitiveVectors();
Json CoreVectors();
Json PayloadVectors();
Json SegmentVectors();
Json LogVectors();
Json MerkleVectors();
Json SealedVectors();
Json FoldVectors();

}  // namespace vouch::test

#endif  // VOUCH_TESTS_VECTORS_VECTORS_H_
