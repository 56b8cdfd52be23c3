// From what client.h gives to what --json prints (output.proto). Any thread.
#ifndef VOUCH_CLIENT_LIB_CLI_CONVERT_H_
#define VOUCH_CLIENT_LIB_CLI_CONVERT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client-lib/cli/output.pb.h"
#include "client-lib/cli/shell.h"
#include "vouch/client.h"

namespace vouch::cli {

Enrolled ToOutput(const Enrolment& enrolment);
RecordRow ToOutput(const RecordSummary& summary, const std::string& label);
Notice ToOutput(const HeldForReview& held);
Notice ToOutput(const Warning& warning);
Duplicate ToOutput(const PossibleDuplicate& pair);
Conflict ToOutput(const vouch::Conflict& conflict, const People& people);
Numbers ToOutput(const LedgerNumbers& ledger);
Problem ToOutput(const FieldProblem& problem);

// The pairs that the record is in. Errors: those of reading.
absl::StatusOr<std::vector<Duplicate>> DuplicatesOf(
    const Client& client, const RecordSummary& record);
// The same as a sentence about the record.
std::string DuplicateWords(const Duplicate& pair, const std::string& record);

// "internal verifier".
std::string RoleWords(v1::Role role);
// Counts beyond 32 bits, which a tablet never reaches, are shown as the most.
uint32_t Number(uint64_t count);
// "0192f3a4…": enough to tell ids apart in a sentence.
std::string Short(const Id& id);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_CONVERT_H_
