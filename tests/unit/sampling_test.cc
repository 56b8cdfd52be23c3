// The internal verifier's sample: its shares, that nobody steers it, and what
// it says of each pick.
#include "evidence/sampling.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Hash Named(const std::string& name) { return HashOf("test", {name}); }

// Decisions of `candidates` candidates on three units by two assessors, each
// registration with a seed of its own.
std::vector<SampleDecision> Decisions(int candidates,
                                      const std::string& world = "") {
  std::vector<SampleDecision> all;
  for (int c = 0; c < candidates; ++c) {
    for (const char* unit : {"F1", "F2", "A10"}) {
      SampleDecision decision;
      decision.candidate = absl::StrCat("Candidate ", c);
      decision.unit = unit;
      decision.assessor = c % 2 == 0 ? "Ann" : "Bob";
      decision.methods = {"questioning"};
      decision.change = Named(absl::StrCat(world, c, unit));
      decision.seed = Named(absl::StrCat(world, "seed", c)).Bytes();
      decision.seed_committed_at = 10;
      decision.committed_at = 100 + all.size();
      all.push_back(decision);
    }
  }
  return all;
}

std::set<Hash> PickedBy(const SamplingDraw& draw) {
  std::set<Hash> picked;
  for (const SamplePick& pick : draw.picks) picked.insert(pick.change);
  return picked;
}

TEST(Sampling, DrawsTheShareOfEachGroupRoundedUp) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kAssessor, "", 25, 1},
                 {SampleBy::kUnit, "A10", 50}};
  const auto decisions = Decisions(10);
  const SamplingDraw draw = *DrawSample(plan, decisions);
  std::map<std::string, int> by_assessor;
  int a10 = 0;
  for (const SampleDecision& decision : decisions) {
    if (PickedBy(draw).count(decision.change) == 0) continue;
    ++by_assessor[decision.assessor];
    a10 += decision.unit == "A10";
  }
  // A quarter of 15 is 4; of ten on A10 five.
  EXPECT_GE(by_assessor["Ann"], 4);
  EXPECT_GE(by_assessor["Bob"], 4);
  EXPECT_GE(a10, 5);
  EXPECT_LE(draw.picks.size(), 13u);
  EXPECT_THAT(draw.excluded, IsEmpty());
}

TEST(Sampling, TheSameDecisionsAndSeedsGiveTheSameDrawInAnyOrder) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kEverything, "", 30}};
  auto decisions = Decisions(8);
  const SamplingDraw one = *DrawSample(plan, decisions);
  std::reverse(decisions.begin(), decisions.end());
  const SamplingDraw two = *DrawSample(plan, decisions);
  ASSERT_EQ(one.picks.size(), 8u);
  for (size_t i = 0; i < one.picks.size(); ++i) {
    EXPECT_EQ(one.picks[i].change, two.picks[i].change);
    EXPECT_EQ(one.picks[i].reasons, two.picks[i].reasons);
  }
}

// Over many worlds each decision is picked about as often as its share says,
// whoever made it: 400 draws of 2 of 12.
TEST(Sampling, PicksEachDecisionAboutEquallyOften) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kEverything, "", 0, 2}};
  std::map<std::string, int> picked;
  for (int world = 0; world < 400; ++world) {
    const auto decisions = Decisions(4, absl::StrCat("w", world, ":"));
    const std::set<Hash> drawn = PickedBy(*DrawSample(plan, decisions));
    ASSERT_EQ(drawn.size(), 2u);
    for (const SampleDecision& decision : decisions) {
      picked[decision.candidate + decision.unit] +=
          static_cast<int>(drawn.count(decision.change));
    }
  }
  ASSERT_EQ(picked.size(), 12u);
  for (const auto& [name, count] : picked) {
    EXPECT_GT(count, 35) << name;
    EXPECT_LT(count, 105) << name;
  }
}

TEST(Sampling, DependsOnTheSeedAndOnTheDecisionBoth) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kEverything, "", 30}};
  const auto decisions = Decisions(12);
  auto other_seeds = decisions;
  for (SampleDecision& decision : other_seeds) {
    decision.seed = Named("other" + decision.candidate).Bytes();
  }
  EXPECT_NE(PickedBy(*DrawSample(plan, decisions)),
            PickedBy(*DrawSample(plan, other_seeds)));
  // The same seeds; the decisions written anew.
  auto others = decisions;
  for (SampleDecision& decision : others) {
    decision.change = Named("again" + decision.change.Hex());
  }
  const SamplingDraw one = *DrawSample(plan, decisions);
  const SamplingDraw two = *DrawSample(plan, others);
  std::set<std::string> first, second;
  for (size_t i = 0; i < decisions.size(); ++i) {
    const std::string name = decisions[i].candidate + decisions[i].unit;
    if (PickedBy(one).count(decisions[i].change) > 0) first.insert(name);
    if (PickedBy(two).count(others[i].change) > 0) second.insert(name);
  }
  EXPECT_NE(first, second);
}

TEST(Sampling, ALargerShareContainsTheSmallerOne) {
  const auto decisions = Decisions(20);
  std::set<Hash> before;
  for (uint32_t percent = 5; percent <= 100; percent += 5) {
    SamplingPlan plan;
    plan.shares = {{SampleBy::kAssessor, "", percent},
                   {SampleBy::kUnit, "", percent}};
    const std::set<Hash> now = PickedBy(*DrawSample(plan, decisions));
    EXPECT_TRUE(
        std::includes(now.begin(), now.end(), before.begin(), before.end()))
        << percent;
    before = now;
  }
  EXPECT_THAT(before, SizeIs(decisions.size()));
}

TEST(Sampling, ExplainsEachPick) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kCandidateAndUnit, "Candidate 1, F2", 100},
                 {SampleBy::kRisk, "", 100}};
  auto decisions = Decisions(3);
  decisions[0].risks = {kRiskNewAssessor, kRiskFirstUse};
  const SamplingDraw draw = *DrawSample(plan, decisions);
  ASSERT_THAT(draw.picks, SizeIs(2));
  for (const SamplePick& pick : draw.picks) {
    EXPECT_FALSE(pick.targeted);
    if (pick.change == decisions[0].change) {
      EXPECT_THAT(pick.reasons,
                  ElementsAre("1 of 1 by risk first use of the unit, 100 %",
                              "1 of 1 by risk new assessor, 100 %"));
    } else {
      EXPECT_EQ(pick.change, decisions[4].change);
      EXPECT_THAT(pick.reasons,
                  ElementsAre("1 of 1 by candidate and unit Candidate 1, F2, "
                              "100 %"));
    }
  }
}

TEST(Sampling, ExplainsWhyADecisionWasNotPicked) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kAssessor, "Ann", 10}};
  const auto decisions = Decisions(10);
  const std::set<Hash> picked = PickedBy(*DrawSample(plan, decisions));
  for (const SampleDecision& decision : decisions) {
    const auto lines = *ExplainSample(plan, decisions, decision.change);
    ASSERT_THAT(lines, SizeIs(1));
    if (decision.assessor == "Bob") {
      EXPECT_EQ(lines[0], "not picked: no share speaks of it");
    } else if (picked.count(decision.change) > 0) {
      EXPECT_THAT(lines[0], HasSubstr("picked: number "));
      EXPECT_THAT(lines[0], HasSubstr("of 15 by assessor Ann, of which 2 are "
                                      "picked (10 %)"));
    } else {
      EXPECT_THAT(lines[0], HasSubstr("not picked: number "));
    }
  }
  EXPECT_EQ(
      ReasonOf(ExplainSample(plan, decisions, Named("nobody's")).status()),
      Reason::kNotFound);
}

TEST(Sampling, DrawsOnlyFromWhatWasDecidedAfterItsSeed) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kEverything, "", 100}};
  auto decisions = Decisions(2);
  decisions[0].committed_at = 9;
  decisions[1].committed_at = 10;
  decisions[2].committed_at.reset();
  decisions[3].seed.clear();
  decisions[4].seed_committed_at.reset();
  const SamplingDraw draw = *DrawSample(plan, decisions);
  ASSERT_THAT(draw.picks, SizeIs(1));
  EXPECT_EQ(draw.picks[0].change, decisions[5].change);
  std::map<Hash, std::string> why;
  for (const SampleExclusion& excluded : draw.excluded) {
    why[excluded.change] = excluded.why;
  }
  EXPECT_THAT(why[decisions[0].change], HasSubstr("before its seed"));
  EXPECT_THAT(why[decisions[1].change], HasSubstr("before its seed"));
  EXPECT_THAT(why[decisions[2].change], HasSubstr("not in the centre's log"));
  EXPECT_THAT(why[decisions[3].change], HasSubstr("no seed"));
  EXPECT_THAT(why[decisions[4].change], HasSubstr("no seed"));
  EXPECT_THAT(*ExplainSample(plan, decisions, decisions[0].change),
              Contains(HasSubstr("not drawn from")));
}

TEST(Sampling, MarksTargetedPicksAndKeepsThemApart) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kEverything, "", 0, 1}};
  const auto decisions = Decisions(4);
  const Hash drawn = DrawSample(plan, decisions)->picks[0].change;
  const Hash other =
      decisions[0].change == drawn ? decisions[1].change : decisions[0].change;
  const SamplingDraw draw = *DrawSample(
      plan, decisions, {{other, "a complaint"}, {drawn, "asked for"}});
  ASSERT_THAT(draw.picks, SizeIs(2));
  EXPECT_EQ(draw.picks[0].change, drawn);
  EXPECT_FALSE(draw.picks[0].targeted);
  EXPECT_THAT(
      draw.picks[0].reasons,
      ElementsAre("1 of 12 all decisions, at least 1", "targeted: asked for"));
  EXPECT_EQ(draw.picks[1].change, other);
  EXPECT_TRUE(draw.picks[1].targeted);
}

TEST(Sampling, ComplianceCountsWhatWasDrawnAndNotWhatWasChosen) {
  SamplingPlan plan;
  plan.shares = {{SampleBy::kAssessor, "", 20}};
  const auto decisions = Decisions(4);
  const SamplingDraw draw = *DrawSample(plan, decisions);
  // Six decisions each: two are to be seen of either.
  std::set<Hash> verified;
  for (const SampleDecision& decision : decisions) {
    if (decision.assessor == "Ann" &&
        PickedBy(draw).count(decision.change) > 0) {
      verified.insert(decision.change);
    }
    if (decision.assessor == "Bob" &&
        PickedBy(draw).count(decision.change) == 0) {
      verified.insert(decision.change);
    }
  }
  const auto rows = *CheckSample(plan, decisions, verified);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].group, "Ann");
  EXPECT_EQ(rows[0].decisions, 6u);
  EXPECT_EQ(rows[0].needed, 2u);
  EXPECT_EQ(rows[0].drawn_verified, 2u);
  EXPECT_TRUE(rows[0].fulfilled);
  EXPECT_EQ(rows[1].group, "Bob");
  EXPECT_EQ(rows[1].drawn_verified, 0u);
  EXPECT_EQ(rows[1].others_verified, 4u);
  EXPECT_FALSE(rows[1].fulfilled);
}

TEST(Sampling, RefusesAPlanOrADrawThatMeansNothing) {
  SamplingPlan plan;
  auto reason = [&](const std::vector<SampleDecision>& decisions) {
    return ReasonOf(DrawSample(plan, decisions).status());
  };
  EXPECT_EQ(reason(Decisions(1)), Reason::kMalformed);
  plan.shares = {{SampleBy::kUnit, "", 101}};
  EXPECT_EQ(reason(Decisions(1)), Reason::kMalformed);
  plan.shares = {{SampleBy::kUnit, "", 0, 0}};
  EXPECT_EQ(reason(Decisions(1)), Reason::kMalformed);
  plan.shares = {{SampleBy::kUnit, "", 10}};
  EXPECT_EQ(reason({}), Reason::kNotFound);
  auto early = Decisions(1);
  for (SampleDecision& decision : early) decision.committed_at = 1;
  EXPECT_EQ(reason(early), Reason::kNotFound);
  auto twice = Decisions(1);
  twice.push_back(twice[0]);
  EXPECT_EQ(reason(twice), Reason::kMalformed);
  const auto decisions = Decisions(1);
  EXPECT_EQ(
      ReasonOf(DrawSample(plan, decisions, {{Named("x"), "why"}}).status()),
      Reason::kMalformed);
  EXPECT_EQ(
      ReasonOf(
          DrawSample(plan, decisions, {{decisions[0].change, ""}}).status()),
      Reason::kMalformed);
}

}  // namespace
}  // namespace vouch
