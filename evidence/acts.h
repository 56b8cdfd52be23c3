// Acts on a record as a whole, and settling what people did apart: each builder
// answers the operations of one change, which holds nothing else. An act that
// others name later (a seal, a withdrawal, a discard) is operation 0 of its
// change.
//
//   VOUCH_ASSIGN_OR_RETURN(auto operations, SealRecord(shown));
//
// What may be done is only checked as far as the record's state goes; who may
// do it, RecordJudge decides. Pure; any thread; nothing is durable.
#ifndef VOUCH_EVIDENCE_ACTS_H_
#define VOUCH_EVIDENCE_ACTS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/base/operation.h"
#include "sync/base/record_view.h"

namespace vouch {

// True for acts that the author's person key signs: statements, judgements and
// decisions, and what changes or agrees to them. RecordJudge holds them for
// review without that signature.
bool NeedsPersonSignature(MergeClass merge_class);

// "Signed and locked": names every value shown. It restates what the signature
// is checked against (who observed, visited or has seen a certificate; how a
// witness signed, with which key), so
// that the change shows by itself what it must be signed with. `shown` holds
// these fields already. Errors: RECORD_SEALED, RECORD_DISCARDED, KIND_UNKNOWN;
// OPERATION_NOT_ALLOWED for a kind that is never signed. Readiness is asked
// apart (readiness.h).
absl::StatusOr<std::vector<DraftOperation>> SealRecord(const RecordView& shown);

// Takes a signed record back. OPERATION_NOT_ALLOWED unless it is signed.
absl::StatusOr<std::vector<DraftOperation>> WithdrawRecord(
    const RecordView& shown);

// A second person agrees: to a signed record, or to the one verdict that
// stands. OPERATION_NOT_ALLOWED if there is neither, or verdicts are contested.
absl::StatusOr<std::vector<DraftOperation>> CountersignRecord(
    const RecordView& shown);

// Takes verdicts back, all that stand. OPERATION_NOT_ALLOWED if none does.
absl::StatusOr<std::vector<DraftOperation>> WithdrawVerdict(
    const RecordView& shown);

// Hides a draft. RECORD_SEALED, or RECORD_DISCARDED if it is hidden already.
absl::StatusOr<std::vector<DraftOperation>> DiscardRecord(
    const RecordView& shown);
// Undoes every discard shown. OPERATION_NOT_ALLOWED if there is none.
absl::StatusOr<std::vector<DraftOperation>> ReviveRecord(
    const RecordView& shown);

// Lets an edit that was made apart from the seal take effect, or settles it
// without. NOT_FOUND if no such edit waits.
absl::StatusOr<std::vector<DraftOperation>> AdoptLate(const RecordView& shown,
                                                      const Hash& late);
absl::StatusOr<std::vector<DraftOperation>> DismissLate(const RecordView& shown,
                                                        const Hash& late);

// Lets a change that is held for review take effect. NOT_FOUND if none such is
// held; OPERATION_NOT_ALLOWED if it only waits for its cause.
absl::StatusOr<std::vector<DraftOperation>> ReleaseHeld(const RecordView& shown,
                                                        const Hash& held);

// How a conflict is settled.
struct Settlement {
  enum class Choice {
    kHead,   // the value of conflict.heads[head]
    kValue,  // `value`: one wire-encoded field; absent: none
    // Of what happened to the record as a whole: keep the record as it stands
    // with the late edit adopted, the amendment kept, the draft revived …
    kKeep,
    // … or let the edit be dismissed, the record withdrawn, the draft hidden.
    kDrop,
  };
  Choice choice = Choice::kHead;
  size_t head = 0;
  std::optional<std::string> value;
};

// The conflict of that handle. NOT_FOUND; CONFLICT_CHANGED if it is no longer
// the one of that version: show it again before anyone settles it.
absl::StatusOr<const ConflictView*> FindConflict(
    const RecordView& shown, const std::vector<uint32_t>& path,
    const std::optional<ElementId>& element, const Hash& version);

// Replaces all heads of `conflict`, which is one of `shown`. MALFORMED if the
// choice does not fit the conflict or the value is not one field of its number.
absl::StatusOr<std::vector<DraftOperation>> SettleConflict(
    const RecordView& shown, const ConflictView& conflict,
    const Settlement& settlement);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_ACTS_H_
