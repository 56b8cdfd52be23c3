// The fold of one record, in steps: which changes take effect and are content
// (fold.cc), what acts on the record as a whole make of it
// (fold_lifecycle.cc). Internal to the fold; callers use fold.h.
#ifndef VOUCH_SYNC_CORE_FOLD_RECORD_H_
#define VOUCH_SYNC_CORE_FOLD_RECORD_H_

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "sync/base/record_view.h"
#include "sync/core/fold.h"

namespace vouch {

// Used once, on the stack; `changes` and `outside` outlive it.
class RecordFolder {
 public:
  RecordFolder(absl::Span<const FoldChange> changes,
               const CauseLookup& outside);
  RecordView Fold();

 private:
  // One operation of one change.
  struct Act {
    size_t change;
    uint32_t operation;
  };
  enum class Settling { kOpen, kAdopted, kDismissed };
  using FieldKey = std::tuple<std::vector<uint32_t>, std::optional<ElementId>,
                              std::optional<ValueName>>;
  // What content supersedes: a value, from the path of the value it replaces.
  using Superseded = absl::flat_hash_set<ValueName>;

  // Did change `i` see change `j`?
  bool Saw(size_t i, size_t j);
  bool Apart(size_t i, size_t j) { return i != j && !Saw(i, j) && !Saw(j, i); }

  const Operation& Op(const Act& act) const {
    return changes_[act.change].core.operations[act.operation];
  }
  ValueName NameOf(const Act& act) const {
    return {changes_[act.change].hash, act.operation};
  }
  const std::vector<Act>& Acts(MergeClass c) { return acts_[c]; }
  ActView ViewOf(const Act& act) const;
  ValueHead HeadOf(const Act& act) const;
  FieldKey KeyOf(const Act& act) const;
  bool HasDraftEdit(size_t i) const;
  // All values that acts of these classes name.
  Superseded NamedBy(std::initializer_list<MergeClass> classes);

  void DescribeRecord();
  void CollectActs();
  bool Included(size_t i);
  Settling Settled(size_t late);
  Superseded FindSuperseded() const;
  void CollectValues();
  void CollectField(FieldView field, const std::vector<Act>& acts);
  void OrderBlocks();
  void AddConflict(ConflictView::Kind kind, std::vector<uint32_t> path,
                   std::optional<ElementId> element,
                   std::vector<ValueHead> heads);
  std::optional<ValueHead> BaseOf(const std::vector<ValueHead>& heads) const;

  void FoldLedger();
  void FoldLifecycle();
  void FoldSealed();
  void FoldWithdrawals();
  void FoldDiscards();
  void ListLateAmendments();
  void WarnOfRemovals();
  void ListHeld();
  void FindCause(size_t i, HeldChange* held) const;
  void FindFrontier();
  void SortDerived();
  void Digest();

  absl::Span<const FoldChange> changes_;
  const CauseLookup& outside_;
  std::vector<bool> effective_;
  std::vector<bool> included_;
  std::vector<std::vector<bool>> pasts_;
  absl::flat_hash_map<Hash, size_t> index_;
  std::map<MergeClass, std::vector<Act>> acts_;  // of effective changes
  std::vector<size_t> late_;
  RecordView view_;
};

// The deterministic pick first: a readable value before an erased one, then
// the later HLC, then the greater hash.
bool HeadBefore(const ValueHead& a, const ValueHead& b);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_FOLD_RECORD_H_
