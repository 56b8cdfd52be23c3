// From what client.h gives to what --json prints (output.proto). Any thread.
#ifndef VOUCH_CLIENT_LIB_CLI_CONVERT_H_
#define VOUCH_CLIENT_LIB_CLI_CONVERT_H_

#include <vector>

#include "client-lib/cli/output.pb.h"
#include "client-lib/cli/shell.h"
#include "vouch/client.h"

namespace vouch::cli {

Enrolled ToOutput(const Enrolment& enrolment);
RecordRow ToOutput(const RecordSummary& summary, const std::string& label);
Notice ToOutput(const HeldForReview& held);
Notice ToOutput(const Warning& warning);
Conflict ToOutput(const vouch::Conflict& conflict, const People& people);
Numbers ToOutput(const LedgerNumbers& ledger);
Problem ToOutput(const FieldProblem& problem);

// "internal verifier".
std::string RoleWords(v1::Role role);
// Counts beyond 32 bits, which a tablet never reaches, are shown as the most.
uint32_t Number(uint64_t count);
// "0192f3a4…": enough to tell ids apart in a sentence.
std::string Short(const Id& id);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_CONVERT_H_
