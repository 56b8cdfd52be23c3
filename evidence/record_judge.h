// The rules of records as a Judge: each change is applied, or held for review
// with its reason. Nothing is refused, and what is not granted is held.
//
// In this order, the first that fails is the reason:
//
//   PERSON_NOT_CERTIFIED      the author is not the person of the device
//   (a kind unknown here is applied: it is stored and forwarded)
//   SCOPE_WRONG               the kind does not live in that scope, or it is
//                             another person's
//   OPERATION_NOT_ALLOWED     the class does not fit the kind's life or the
//   MALFORMED                 field; the value does not fit the field
//   ROLE_NOT_ALLOWED          the table in permissions.h does not grant it
//   RESOLVER_REQUIRED         settling verdicts that others gave
//   RECORD_SEALED             edited or discarded after having seen the seal
//   RECORD_DISCARDED          edited after having seen the discard
//   DUTIES_NOT_SEPARATE       assessor and candidate, writing as another …
//   NOT_READY_TO_SIGN         a seal that does not say how it is signed
//   PERSON_SIGNATURE_INVALID  no signature of the certified key, or of the
//                             witness's
//   OPERATION_NOT_ALLOWED     a registration's specification is replaced
//                             without a move that says so
//   TRANSITION_ILLEGAL        a registration cannot move so
//
// Fields, classes and kinds of a newer app are carried, not held. A change
// whose values are unreadable here (erased, or of an unknown encoding) is
// judged by what its core says.
//
// A record's own rules look at the change and its causal past alone, so that
// they come out the same wherever and whenever they are asked. What the reader
// shows is used for who is who: the registration's candidate and verifier, the
// signers of a record, a witness.
#ifndef VOUCH_EVIDENCE_RECORD_JUDGE_H_
#define VOUCH_EVIDENCE_RECORD_JUDGE_H_

#include "absl/status/status.h"
#include "sync/base/judge.h"

namespace vouch {

// Stateless; any thread.
class RecordJudge : public Judge {
 public:
  absl::Status Decide(const JudgedChange& change,
                      const JudgeReader& reader) const override;
};

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_RECORD_JUDGE_H_
