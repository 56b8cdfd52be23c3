// A complete record of each kind that is signed, for tests.
#ifndef VOUCH_TESTS_UNIT_WHOLE_RECORDS_H_
#define VOUCH_TESTS_UNIT_WHOLE_RECORDS_H_

#include <memory>
#include <string>

#include "evidence/kinds.h"
#include "google/protobuf/message.h"

namespace vouch::test {

// Lacks nothing, and holds only what is needed to sign it. `person` is put
// down wherever the signer is named.
std::unique_ptr<google::protobuf::Message> WholeRecord(
    const Kind& kind, const std::string& person = std::string(16, 'p'));

}  // namespace vouch::test

#endif  // VOUCH_TESTS_UNIT_WHOLE_RECORDS_H_
