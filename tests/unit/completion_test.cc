// The cheapest completion against a search through every set of units, on all
// instances small enough for that, and on the qualifications shipped.
#include "evidence/completion.h"

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "sync/base/status.h"
#include "tests/unit/specification_fixture.h"

namespace vouch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Numbers = std::vector<std::string>;
using Result = Completion::Result;

// What a search through every set of further known units says: fewest credits,
// then fewest units, then the first in order.
struct Best {
  bool found = false;
  uint32_t credits = 0;
  std::vector<int> positions;

  auto key() const { return std::tuple(credits, positions.size(), positions); }
};

bool IsKnown(const Specification& spec, const v1::Unit& unit) {
  return spec.IsMandatory(unit.number()) ||
         (unit.has_credit() &&
          (unit.has_level() || !spec.data().has_level_floor()));
}

Best BruteForce(const Specification& spec, const Numbers& chosen) {
  std::vector<int> free;
  for (int i = 0; i < spec.data().units_size(); ++i) {
    const v1::Unit& unit = spec.data().units(i);
    const bool there = std::count(chosen.begin(), chosen.end(), unit.number());
    if (!there && IsKnown(spec, unit)) free.push_back(i);
  }
  Best best;
  for (uint32_t mask = 0; mask < 1u << free.size(); ++mask) {
    Best one;
    one.found = true;
    Numbers units = chosen;
    for (size_t bit = 0; bit < free.size(); ++bit) {
      if ((mask >> bit & 1) == 0) continue;
      const v1::Unit& unit = spec.data().units(free[bit]);
      one.positions.push_back(free[bit]);
      one.credits += unit.credit();
      units.push_back(unit.number());
    }
    if (best.found && one.key() >= best.key()) continue;
    if (Evaluate(spec, units)->verdict == RuleResult::kMet) best = one;
  }
  return best;
}

Numbers NumbersOf(const Specification& spec, const std::vector<int>& at) {
  Numbers numbers;
  for (int i : at) numbers.push_back(spec.data().units(i).number());
  return numbers;
}

// Asserts that both say the same.
void Compare(const Specification& spec, const Numbers& chosen) {
  const auto found = FindCompletion(spec, chosen);
  ASSERT_TRUE(found.ok()) << found.status();
  const Best best = BruteForce(spec, chosen);
  const std::string what = absl::StrCat("chosen ", absl::StrJoin(chosen, ","),
                                        ": ", found->explanation);
  if (!best.found) {
    EXPECT_TRUE(found->result == Result::kImpossible ||
                found->result == Result::kUndeterminable)
        << what;
    return;
  }
  EXPECT_EQ(found->result,
            best.positions.empty() ? Result::kComplete : Result::kFound)
      << what;
  EXPECT_EQ(found->units, NumbersOf(spec, best.positions)) << what;
  EXPECT_EQ(found->credits, best.credits) << what;
}

// One mandatory unit and `units` optional ones of two themes, drawn by `seed`.
Specification Drawn(uint32_t seed, int units) {
  std::mt19937 random(seed);
  auto below = [&random](uint32_t n) { return random() % n; };
  v1::Specification data = Level2().data();
  data.clear_units();
  data.clear_simulation();
  data.clear_optional_credits();
  data.clear_level_floor();
  v1::Unit* mandatory = data.add_units();
  mandatory->set_number("M");
  mandatory->set_title("M");
  mandatory->set_credit(2);
  mandatory->set_level(2);
  auto* rule = data.mutable_mandatory_units();
  rule->clear_unit_numbers();
  rule->add_unit_numbers("M");
  rule->clear_credits_min();
  auto* themes = data.mutable_themes();
  themes->clear_themes();
  for (const char* name : {"one", "two"}) {
    v1::Theme* theme = themes->add_themes();
    theme->set_name(name);
    theme->set_units_min(1 + below(2));
  }
  for (int i = 0; i < units; ++i) {
    v1::Unit* unit = data.add_units();
    unit->set_number(absl::StrCat("U", i));
    unit->set_title("U");
    // Few different values, so that many sets are equally cheap.
    if (below(8) > 0) unit->set_credit(1 + below(4));
    if (below(8) > 0) unit->set_level(1 + below(2));
    if (below(8) > 0) unit->set_theme(below(2) == 0 ? "one" : "two");
  }
  data.mutable_total_credits()->set_credits_min(1 + below(14));
  if (below(2) == 0) {
    auto* optional = data.mutable_optional_credits();
    optional->set_credits_min(1 + below(12));
    *optional->add_citations() = data.total_credits().citations(0);
  }
  if (below(3) > 0) {
    auto* floor = data.mutable_level_floor();
    floor->set_level(1 + below(2));
    floor->set_credits_min(1 + below(6));
    floor->set_scope(static_cast<v1::LevelFloorScope>(1 + below(3)));
    *floor->add_citations() = data.total_credits().citations(0);
  }
  return Made(data);
}

TEST(CompletionOracle, AgreesWithEverySetOfUnitsOnDrawnSpecifications) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Compare(Drawn(seed, 9), {});
    if (testing::Test::HasFailure()) return;
  }
}

TEST(CompletionOracle, AgreesFromEverySetOfUnitsAtHand) {
  for (uint32_t seed = 1000; seed < 1012; ++seed) {
    SCOPED_TRACE(seed);
    const Specification spec = Drawn(seed, 6);
    for (uint32_t mask = 0; mask < 1u << spec.data().units_size(); ++mask) {
      Numbers chosen;
      for (int i = 0; i < spec.data().units_size(); ++i) {
        if (mask >> i & 1) chosen.push_back(spec.data().units(i).number());
      }
      Compare(spec, chosen);
    }
    if (testing::Test::HasFailure()) return;
  }
}

// The shipped Level 2 with nine of its optional units: all sets can be tried.
TEST(CompletionOracle, AgreesOnPartsOfTheShippedLevel2) {
  std::mt19937 random(7);
  for (int round = 0; round < 15; ++round) {
    SCOPED_TRACE(round);
    const Specification spec =
        ChangedFrom(Level2(), [&](v1::Specification& data) {
          std::vector<v1::Unit> optional(data.units().begin() + 2,
                                         data.units().end());
          std::shuffle(optional.begin(), optional.end(), random);
          optional.resize(9);
          data.mutable_units()->DeleteSubrange(2, data.units_size() - 2);
          for (const v1::Unit& unit : optional) *data.add_units() = unit;
          data.clear_simulation();
        });
    Compare(spec, {});
    Compare(spec, {"F1", spec.data().units(4).number()});
    if (testing::Test::HasFailure()) return;
  }
}

// Of one unit per theme, whatever is still missing is never more than two
// further units: every pair is tried.
TEST(CompletionOracle, AgreesWithEveryPairForSelectionsOfLevel2) {
  Numbers optional;
  std::vector<Numbers> themes(4);
  for (const v1::Unit& unit : Level2().data().units()) {
    const size_t theme = std::string("ABCD").find(unit.number()[0]);
    if (theme == std::string::npos) continue;
    optional.push_back(unit.number());
    themes[theme].push_back(unit.number());
  }
  std::mt19937 random(3);
  int incomplete = 0;
  for (int round = 0; round < 80; ++round) {
    Numbers chosen = {"F1", "F2"};
    for (const Numbers& theme : themes) {
      chosen.push_back(theme[random() % theme.size()]);
    }
    std::tuple<uint32_t, size_t, Numbers> best{1000, 0, {}};
    auto consider = [&](const Numbers& more) {
      Numbers all = chosen;
      all.insert(all.end(), more.begin(), more.end());
      uint32_t credits = 0;
      for (const std::string& unit : more) {
        credits += Level2().FindUnit(unit)->credit();
      }
      if (std::pair(credits, more.size()) >=
          std::pair(std::get<0>(best), std::get<1>(best))) {
        return;
      }
      if (Evaluate(Level2(), all)->verdict != RuleResult::kMet) return;
      best = {credits, more.size(), more};
    };
    consider({});
    for (size_t a = 0; a < optional.size(); ++a) {
      if (std::count(chosen.begin(), chosen.end(), optional[a]) > 0) continue;
      consider({optional[a]});
      for (size_t b = a + 1; b < optional.size(); ++b) {
        if (std::count(chosen.begin(), chosen.end(), optional[b]) > 0) continue;
        consider({optional[a], optional[b]});
      }
    }
    const Completion found = *FindCompletion(Level2(), chosen);
    if (std::get<0>(best) == 1000) {
      EXPECT_GT(found.units.size(), 2u);
      continue;
    }
    incomplete += !found.units.empty();
    EXPECT_EQ(found.units, std::get<2>(best)) << absl::StrJoin(chosen, ",");
  }
  EXPECT_GT(incomplete, 20);
}

TEST(Completion, OfNothingAtLevel2IsTheWholeQualificationAtItsLeast) {
  const Completion found = *FindCompletion(Level2(), {});
  ASSERT_EQ(found.result, Result::kFound) << found.explanation;
  EXPECT_EQ(found.credits, 28u);
  EXPECT_EQ(Evaluate(Level2(), found.units)->verdict, RuleResult::kMet);
  EXPECT_THAT(found.left_out, IsEmpty());
  EXPECT_THAT(found.missing, IsEmpty());
  EXPECT_THAT(found.explanation, HasSubstr("28 credits"));
}

TEST(Completion, OfAFinishedSelectionIsNothing) {
  const Completion found =
      *FindCompletion(Level2(), {"F1", "F2", "A10", "B2", "C3", "D2"});
  EXPECT_EQ(found.result, Result::kComplete);
  EXPECT_THAT(found.units, IsEmpty());
  EXPECT_EQ(found.credits, 0u);
}

TEST(Completion, TakesTheOneCheapestUnit) {
  const Completion four =
      *FindCompletion(Level2(), {"F1", "F2", "A1", "B6", "C2", "D2"});
  // 18 optional credits, 9 at level 2: 2 short of either; the cheapest unit of
  // level 2 has 4.
  EXPECT_THAT(four.units, ElementsAre("B8"));
  EXPECT_EQ(four.credits, 4u);
}

TEST(Completion, Level3NamesTheUnitsThatItCouldNotSearch) {
  const Specification& level3 = Shipped("03456");
  const Completion found = *FindCompletion(level3, {"F3"});
  ASSERT_EQ(found.result, Result::kFound) << found.explanation;
  EXPECT_THAT(found.units, Contains("F4"));
  // F3 and F4 are 12 credits together; what F4 is of them is not known.
  EXPECT_THAT(found.missing, Contains("credit of F4"));
  EXPECT_THAT(found.explanation, HasSubstr(": up to "));
  EXPECT_EQ(found.left_out.size(), 15u);
  EXPECT_THAT(found.left_out, Contains("B12"));
  EXPECT_THAT(found.missing, Contains("credit of B12"));
  EXPECT_THAT(found.missing, Contains("level of B12"));
  Numbers all = found.units;
  all.push_back("F3");
  EXPECT_EQ(Evaluate(level3, all)->verdict, RuleResult::kMet);
}

TEST(Completion, Level4CannotBeKnownWithoutItsUnits) {
  const Completion found = *FindCompletion(Shipped("03457"), {});
  EXPECT_EQ(found.result, Result::kUndeterminable);
  EXPECT_THAT(found.missing, Contains("level of D20"));
  EXPECT_THAT(found.explanation, HasSubstr("D20"));
}

TEST(Completion, NamesWhatAnNcfeSummaryLeavesOut) {
  const Completion found = *FindCompletion(Shipped("501/0231/X"), {});
  EXPECT_EQ(found.result, Result::kUndeterminable);
  EXPECT_THAT(found.missing, ElementsAre("the mandatory units",
                                         "the groups of optional units"));
}

TEST(Completion, SaysWhenNotEvenAllUnitsAreEnough) {
  const Specification spec = ChangedFrom(Level2(), [](v1::Specification& data) {
    data.mutable_level_floor()->set_level(4);
  });
  const Completion found = *FindCompletion(spec, {"F1"});
  EXPECT_EQ(found.result, Result::kImpossible);
  EXPECT_THAT(found.units, IsEmpty());
  EXPECT_THAT(found.explanation, HasSubstr("at level 4"));
}

TEST(Completion, RefusesUnitsAndNumbersThatItCannotTake) {
  EXPECT_EQ(ReasonOf(FindCompletion(Level2(), {"Z9"}).status()),
            Reason::kSpecificationUnknown);
  const Specification huge = ChangedFrom(Level2(), [](v1::Specification& data) {
    data.mutable_total_credits()->set_credits_min(10000);
    data.mutable_level_floor()->set_credits_min(10000);
  });
  EXPECT_EQ(ReasonOf(FindCompletion(huge, {}).status()), Reason::kTooLarge);
}

// What a tap on a tablet costs, at its dearest: nothing chosen yet.
TEST(Completion, TakesAFixedNumberOfStepsForEachShippedQualification) {
  EXPECT_LE(FindCompletion(Level2(), {})->cells, 200000u);
  EXPECT_LE(FindCompletion(Shipped("03456"), {})->cells, 240000u);
  EXPECT_LE(FindCompletion(Shipped("03457"), {})->cells, 240000u);
  EXPECT_LE(FindCompletion(Shipped("501/0263/1"), {})->cells, 200000u);
}

}  // namespace
}  // namespace vouch
