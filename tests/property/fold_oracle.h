// A second, slower reading of the rules of sync/README.md §6, from the changes
// alone, that the fold is checked against. Each check returns what is wrong,
// or nothing.
#ifndef VOUCH_TESTS_PROPERTY_FOLD_ORACLE_H_
#define VOUCH_TESTS_PROPERTY_FOLD_ORACLE_H_

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sync/core/fold.h"

namespace vouch::test {

class FoldOracle {
 public:
  explicit FoldOracle(std::vector<FoldChange> changes);

  // Invariant 5: every value that took effect is a head, named by content that
  // took effect later, in an open late amendment, or dismissed.
  std::string SilentOverwrite(const RecordView& view) const;
  // Rules 7 and 8: what is held is held by its own verdict or a cause, and by
  // nothing else; what is not held has neither.
  std::string WrongHold(const RecordView& view) const;
  // Rule 3: what a seal saw is content; what none saw waits or was settled.
  std::string WrongSeal(const RecordView& view) const;
  // Rule 4: one head, or contested; a contested verdict is never effective.
  std::string WrongLedger(const RecordView& view) const;
  // Heads that differ are in a conflict of their own.
  std::string HiddenConflict(const RecordView& view) const;

  // All of the above, the first that is wrong.
  std::string Wrong(const RecordView& view) const;

 private:
  using Name = std::pair<Hash, uint32_t>;
  bool Has(const Hash& hash) const;
  const FoldChange& Of(const Hash& hash) const;
  void SolveEffects();
  void FindPasts();
  bool Saw(const Hash& later, const Hash& earlier) const;
  // 0 open, 1 adopted, -1 dismissed.
  int Settlement(const Hash& late) const;
  bool IsLate(const FoldChange& change) const;
  bool IsContent(const FoldChange& change) const;

  std::vector<FoldChange> changes_;
  std::set<Hash> effective_;
  std::set<std::pair<Hash, Hash>> saw_;  // later, earlier
};

}  // namespace vouch::test

#endif  // VOUCH_TESTS_PROPERTY_FOLD_ORACLE_H_
