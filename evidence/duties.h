// Separation of duties: who may not do what because of who they are in this
// registration or this record. A part of RecordJudge. Pure.
#ifndef VOUCH_EVIDENCE_DUTIES_H_
#define VOUCH_EVIDENCE_DUTIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "evidence/kinds.h"
#include "google/protobuf/message.h"
#include "sync/base/judge.h"

namespace vouch {

struct DutyCase {
  const JudgedChange& change;
  const JudgeReader& reader;
  const Kind& kind;
  const AuthorFacts& author;
  const google::protobuf::Message* written;  // what the change writes
};

// Errors: DUTIES_NOT_SEPARATE; NOT_READY_TO_SIGN for a seal that does not say
// again who it names as the one who signs; ROLE_NOT_ALLOWED and
// OPERATION_NOT_ALLOWED for a step of an action.
absl::Status CheckDuties(const DutyCase& duty);

// The part of it for verification, actions, appeals and external verifiers.
absl::Status CheckFurtherDuties(const DutyCase& duty);

// The heads of a single field; empty without a view.
std::vector<ValueHead> HeadsOf(const std::optional<RecordView>& view,
                               uint32_t field);

// Every value that a text or bytes field of the scope's registration holds,
// all sides of a contest, empty ones left out. Empty if it is not here.
std::vector<std::string> RegistrationValues(const JudgeReader& reader,
                                            const ScopeId& scope,
                                            uint32_t field);

// True if all that the operation names is held here and none of it is by
// `person`.
bool NobodyOf(const JudgedOperation& judged, const PersonId& person);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_DUTIES_H_
