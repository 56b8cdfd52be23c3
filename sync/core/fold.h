// The fold: every record a person sees is a function of its set of changes.
// It reads no schema, no clock and no order of arrival, so that equal sets of
// changes and dispositions give an equal view everywhere (invariant 4).
// Rules: sync/README.md §6. Pure; any thread.
//
//   RecordView view = FoldRecord(changes, [](const Hash&) { … });
#ifndef VOUCH_SYNC_CORE_FOLD_H_
#define VOUCH_SYNC_CORE_FOLD_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "sync/base/record_view.h"
#include "sync/core/change.h"
#include "sync/core/log_entry.h"

namespace vouch {

// One change of the record with what the fold needs of it.
struct FoldChange {
  Hash hash;
  ChangeCore core;
  std::vector<std::string> values;  // decoded payload
  bool erased = false;
  bool inert = false;  // the payload's encoding is unknown here
  // Own verdict; a change not yet acknowledged counts as applied.
  Disposition disposition;
};

enum class CauseState {
  kEffective,
  kHeld,
  kMissing,
};
// Of a cause that is not a change of this record.
using CauseLookup = std::function<CauseState(const Hash&)>;

// `changes` are all changes of one record, in any order, not empty; all of one
// record (else a defect of the caller).
RecordView FoldRecord(absl::Span<const FoldChange> changes,
                      const CauseLookup& outside);

// What must take effect for a change to (rule 8): what it relies on and what
// it supersedes; never what it merely saw.
std::vector<Hash> CausesOf(const ChangeCore& core);

// Which of the record's changes take effect. Same order as `changes`.
std::vector<bool> EffectiveChanges(absl::Span<const FoldChange> changes,
                                   const CauseLookup& outside);

// The hash of a scope's state: over its records' state hashes, in id order.
class ScopeStateHasher {
 public:
  // In ascending record order.
  void Add(const RecordId& record, const Hash& state_hash);
  Hash Finish();

 private:
  Hash running_;
};

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_FOLD_H_
