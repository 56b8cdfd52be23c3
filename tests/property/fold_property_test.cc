// The fold over seeded random histories, in every causal order and every set
// of what may have arrived: equal sets give equal views (invariant 4), nothing
// is overwritten in silence (invariant 5), no effect shows before its causes
// (invariant 7). A failure names its seed, which replays it.
#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/property/fold_oracle.h"
#include "tests/property/random_history.h"
#include "tests/support/view_text.h"

namespace vouch::test {
namespace {

constexpr uint64_t kSeeds = 1000;
// 7!, the most orders that a history of kHistoryChangesMax can have: none is
// left out.
constexpr size_t kOrdersMax = 5040;

using Order = std::vector<size_t>;

std::vector<FoldChange> Pick(const History& history, const Order& order) {
  std::vector<FoldChange> some;
  for (size_t i : order) some.push_back(history.folded[i]);
  return some;
}

// For each change, the changes that must come before it.
std::vector<std::set<size_t>> CausesIn(const History& history) {
  std::vector<std::set<size_t>> before(history.folded.size());
  for (size_t i = 0; i < before.size(); ++i) {
    for (const Hash& hash : ReferencesOf(history.folded[i].core)) {
      for (size_t j = 0; j < before.size(); ++j) {
        if (history.folded[j].hash == hash) before[i].insert(j);
      }
    }
  }
  return before;
}

// Calls visit for every linear extension of the causal order. Returns their
// number.
size_t EveryCausalOrder(const History& history,
                        const std::function<void(const Order&)>& visit) {
  std::vector<std::set<size_t>> before = CausesIn(history);
  size_t orders = 0;
  Order order;
  std::vector<bool> used(before.size());
  std::function<void()> extend = [&] {
    if (order.size() == before.size()) {
      ++orders;
      visit(order);
      return;
    }
    for (size_t i = 0; i < before.size(); ++i) {
      if (used[i]) continue;
      bool ready = std::all_of(before[i].begin(), before[i].end(),
                               [&](size_t j) { return used[j]; });
      if (!ready) continue;
      used[i] = true;
      order.push_back(i);
      extend();
      order.pop_back();
      used[i] = false;
    }
  };
  extend();
  return orders;
}

TEST(FoldProperty, EqualSetsGiveEqualViewsInEveryCausalOrder) {
  size_t orders = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomHistory random(seed);
    const History& history = random.history();
    const std::string expected = ViewText(history.Fold());
    size_t differing = 0;
    size_t visited = EveryCausalOrder(history, [&](const Order& order) {
      differing += ViewText(history.Fold(order)) != expected;
    });
    ASSERT_LE(visited, kOrdersMax);
    ASSERT_EQ(differing, 0u) << "seed " << seed << "\n" << expected;
    orders += visited;
  }
  EXPECT_GT(orders, 10 * kSeeds) << "the histories are hardly concurrent";
}

// Every subset, not only those closed under causes: what arrives early waits
// for its causes and shows no effect.
TEST(FoldProperty, EverySetThatMayHaveArrivedObeysTheRules) {
  size_t parked = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomHistory random(seed);
    const History& history = random.history();
    std::mt19937_64 shuffler(seed);
    for (uint32_t bits = 1; bits < (1u << history.folded.size()); ++bits) {
      Order order;
      for (size_t i = 0; i < history.folded.size(); ++i) {
        if (bits & (1u << i)) order.push_back(i);
      }
      RecordView view = history.Fold(order);
      FoldOracle oracle(Pick(history, order));
      ASSERT_EQ(oracle.Wrong(view), "")
          << "seed " << seed << " set " << bits << "\n"
          << ViewText(view);
      std::shuffle(order.begin(), order.end(), shuffler);
      ASSERT_EQ(ViewText(history.Fold(order)), ViewText(view))
          << "seed " << seed << " set " << bits;
      for (const HeldChange& held : view.held) parked += held.parked;
    }
  }
  EXPECT_GT(parked, kSeeds) << "hardly anything was ever parked";
}

TEST(FoldProperty, ErasureMovesNeitherStateNorContent) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomHistory random(seed);
    RecordView before = random.history().Fold();
    for (size_t i = 0; i < random.history().folded.size(); ++i) {
      History erased = random.history();
      erased.Erase(erased.folded[i].hash);
      RecordView after = erased.Fold();
      ASSERT_EQ(before.state_hash, after.state_hash) << "seed " << seed;
      ASSERT_EQ(before.content_digest, after.content_digest);
      ASSERT_EQ(before.held.size(), after.held.size());
    }
  }
}

TEST(FoldProperty, EveryDispositionMovesTheStateHash) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomHistory random(seed);
    Hash before = random.history().Fold().state_hash;
    for (size_t i = 0; i < random.history().folded.size(); ++i) {
      History other = random.history();
      Disposition& d = other.folded[i].disposition;
      d.quarantined = !d.quarantined;
      d.reason = d.quarantined ? Reason::kRoleNotAllowed : Reason::kUnspecified;
      ASSERT_NE(before, other.Fold().state_hash) << "seed " << seed;
    }
  }
}

TEST(FoldProperty, HistoriesReachEveryClassAndEveryConflict) {
  std::set<uint32_t> classes;
  std::set<ConflictView::Kind> kinds;
  std::set<RecordState> states;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomHistory random(seed);
    RecordView view = random.history().Fold();
    states.insert(view.state);
    for (const ConflictView& c : view.conflicts) kinds.insert(c.kind);
    for (size_t i = 0; i < random.history().folded.size(); ++i) {
      std::vector<bool> effective =
          EffectiveChanges(random.history().folded, random.history().outside);
      if (!effective[i]) continue;
      for (const Operation& op : random.history().folded[i].core.operations) {
        classes.insert(static_cast<uint32_t>(op.merge_class));
      }
    }
  }
  for (uint32_t c = 1; c <= 17; ++c) {
    EXPECT_EQ(classes.count(c), 1u) << "class " << c << " never took effect";
  }
  EXPECT_EQ(kinds.size(), 6u);
  EXPECT_EQ(states.size(), 6u);
}

// A check that cannot fail is worse than none.
TEST(FoldProperty, TheOracleNoticesWhatIsPlanted) {
  History history;
  Pen ann(&history, "ann"), bob(&history, "bob");
  ann.Create();
  bob.Sees(ann);
  ann.Set(1, "a");
  bob.Set(1, "b");
  Hash held = ann.Set(2, "held");
  history.Hold(held);
  ann.Decide("competent");
  bob.Decide("not yet");
  FoldOracle oracle(history.folded);
  RecordView view = history.Fold();
  ASSERT_EQ(oracle.Wrong(view), "");

  RecordView lost = view;
  lost.fields[0].heads.pop_back();
  EXPECT_NE(oracle.SilentOverwrite(lost), "");
  RecordView hidden = view;
  hidden.conflicts.clear();
  EXPECT_NE(oracle.HiddenConflict(hidden), "");
  RecordView decided = view;
  decided.ledger_heads.pop_back();
  EXPECT_NE(oracle.WrongLedger(decided), "");
  RecordView unheld = view;
  unheld.held.clear();
  EXPECT_NE(oracle.WrongHold(unheld), "");

  ann.Sees(bob);
  ann.Seal();
  Hash late = bob.Set(3, "late");
  RecordView sealed = history.Fold();
  ASSERT_EQ(FoldOracle(history.folded).Wrong(sealed), "");
  ASSERT_EQ(sealed.late_amendments.at(0).change, late);
  sealed.late_amendments.clear();
  EXPECT_NE(FoldOracle(history.folded).WrongSeal(sealed), "");
}

}  // namespace
}  // namespace vouch::test
