// How the edits of a field merge. The numbers are signed bytes and the values
// of the proto option vouch.v1.MergeClass: never reuse one. A number that is
// not listed is carried inert (kept, chained, forwarded, never applied).
#ifndef VOUCH_SYNC_BASE_MERGE_CLASS_H_
#define VOUCH_SYNC_BASE_MERGE_CLASS_H_

#include <cstdint>

namespace vouch {

enum class MergeClass : uint32_t {
  kCreate = 1,           // the record exists
  kRegister = 2,         // multi-value register; concurrent values conflict
  kSetAdd = 3,           // add-wins set
  kSetRemove = 4,        // names the adds it saw
  kBlock = 5,            // ordered paragraph, each a register
  kSeal = 6,             // "signed and locked": covers the frontier it saw
  kAmend = 7,            // a value stated after the seal
  kWithdraw = 8,         // takes a sealed record back
  kCountersign = 9,      // a second person agrees to what was sealed
  kAdopt = 10,           // lets a late amendment take effect
  kDismiss = 11,         // settles a late amendment without effect
  kLedger = 12,          // appends a verdict; effective only as the single head
  kLedgerWithdraw = 13,  // takes a verdict back; counts as naming its heads
  kDiscard = 14,         // hides a draft
  kRevive = 15,          // names the discard it undoes
  kTransition = 16,      // a state; names its predecessor
  kRelease = 17,         // lets a held change take effect
};

// Values of fields; everything else acts on the record as a whole.
inline bool IsValueClass(MergeClass c) {
  return c == MergeClass::kRegister || c == MergeClass::kSetAdd ||
         c == MergeClass::kBlock || c == MergeClass::kAmend ||
         c == MergeClass::kTransition;
}
// What a draft's author does to its content; not allowed after a seal.
inline bool IsDraftEdit(MergeClass c) {
  return c == MergeClass::kRegister || c == MergeClass::kSetAdd ||
         c == MergeClass::kSetRemove || c == MergeClass::kBlock;
}

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_MERGE_CLASS_H_
