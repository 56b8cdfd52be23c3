// Which changes of a record take effect (rules 7 and 8): own verdict or own
// release, and every cause effective. The least fixpoint, found by a worklist,
// so that neither order nor depth matters.
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "sync/core/fold.h"

namespace vouch {
namespace {

// Naming is what these do to a change, held or not; it is no cause of theirs
// (a release names the held change, a remove names adds whatever became of
// them: rules 6 and 7).
bool NamesWithoutRelying(MergeClass c) {
  return c == MergeClass::kRelease || c == MergeClass::kSetRemove;
}

class EffectSolver {
 public:
  EffectSolver(absl::Span<const FoldChange> changes, const CauseLookup& outside)
      : changes_(changes), outside_(outside), effective_(changes.size()) {
    for (size_t i = 0; i < changes.size(); ++i) index_[changes[i].hash] = i;
  }

  std::vector<bool> Solve() {
    size_t n = changes_.size();
    causes_.resize(n);
    blocked_.resize(n);
    released_.resize(n);
    for (size_t i = 0; i < n; ++i) Link(i);
    for (size_t i = 0; i < n; ++i) Try(i);
    while (!queue_.empty()) {
      size_t i = queue_.back();
      queue_.pop_back();
      for (size_t follower : causes_[i]) {
        --blocked_[follower];
        Try(follower);
      }
      for (const Operation& op : changes_[i].core.operations) {
        if (op.merge_class != MergeClass::kRelease) continue;
        for (const ValueName& name : op.replaces) {
          auto target = index_.find(name.change);
          if (target == index_.end()) continue;
          released_[target->second] = true;
          Try(target->second);
        }
      }
    }
    return effective_;
  }

 private:
  void AddCause(size_t i, const Hash& cause) {
    auto inside = index_.find(cause);
    if (inside != index_.end()) {
      causes_[inside->second].push_back(i);
      ++blocked_[i];
    } else if (outside_(cause) != CauseState::kEffective) {
      ++blocked_[i];
    }
  }

  void Link(size_t i) {
    for (const Hash& cause : CausesOf(changes_[i].core)) AddCause(i, cause);
  }

  void Try(size_t i) {
    if (effective_[i] || blocked_[i] > 0) return;
    if (changes_[i].disposition.quarantined && !released_[i]) return;
    effective_[i] = true;
    queue_.push_back(i);
  }

  absl::Span<const FoldChange> changes_;
  const CauseLookup& outside_;
  std::vector<bool> effective_;
  absl::flat_hash_map<Hash, size_t> index_;
  std::vector<std::vector<size_t>> causes_;  // who waits for i
  std::vector<size_t> blocked_;
  std::vector<bool> released_;
  std::vector<size_t> queue_;
};

}  // namespace

std::vector<Hash> CausesOf(const ChangeCore& core) {
  // Every change relies on its record's creation; where the creation itself is
  // held, its release must not wait for what it releases.
  absl::flat_hash_set<Hash> released;
  for (const Operation& op : core.operations) {
    if (op.merge_class != MergeClass::kRelease) continue;
    for (const ValueName& name : op.replaces) released.insert(name.change);
  }
  std::vector<Hash> causes;
  for (const Hash& hash : core.relies_on) {
    if (!released.contains(hash)) causes.push_back(hash);
  }
  for (const Operation& op : core.operations) {
    if (NamesWithoutRelying(op.merge_class)) continue;
    for (const ValueName& name : op.replaces) causes.push_back(name.change);
  }
  return causes;
}

std::vector<bool> EffectiveChanges(absl::Span<const FoldChange> changes,
                                   const CauseLookup& outside) {
  return EffectSolver(changes, outside).Solve();
}

}  // namespace vouch
