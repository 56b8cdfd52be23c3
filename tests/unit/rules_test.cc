// The rules engine against counts made independently of it, and what it says
// when a specification leaves something unknown.
#include "evidence/rules.h"

#include <string>
#include <vector>

#include "evidence/catalogue.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Numbers = std::vector<std::string>;

const Specification& Level2() { return **BuiltInCatalogue().Find("03455", 1); }

// Level 2 with its data changed by `change`.
template <typename Change>
Specification Changed(Change change) {
  v1::Specification data = Level2().data();
  change(data);
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  EXPECT_TRUE(
      google::protobuf::util::MessageToJsonString(data, &json, options).ok());
  auto parsed = ParseSpecification(json);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *std::move(parsed);
}

v1::Unit& UnitOf(v1::Specification& data, absl::string_view number) {
  return *data.mutable_units(*Level2().PositionOf(number));
}

RuleEvaluation RuleOf(const Evaluation& evaluation, const std::string& id) {
  for (const RuleEvaluation& rule : evaluation.rules) {
    if (rule.id == id) return rule;
  }
  ADD_FAILURE() << "no rule " << id;
  return {};
}

// 29 credits, one unit from each theme, all optional ones at level 2.
const Numbers kEnough = {"F1", "F2", "A10", "B2", "C3", "D2"};

// Calls `visit` with the evaluation of F1, F2 and one unit of each theme, for
// every such selection.
template <typename Visit>
void ForEachOnePerTheme(const Specification& spec, Visit visit) {
  std::vector<Numbers> themes(4);
  for (const v1::Unit& unit : spec.data().units()) {
    const std::string letters = "ABCD";
    const size_t theme = letters.find(unit.number()[0]);
    if (theme != std::string::npos) themes[theme].push_back(unit.number());
  }
  for (const auto& a : themes[0]) {
    for (const auto& b : themes[1]) {
      for (const auto& c : themes[2]) {
        for (const auto& d : themes[3]) {
          const auto evaluation = Evaluate(spec, {"F1", "F2", a, b, c, d});
          ASSERT_TRUE(evaluation.ok()) << evaluation.status();
          visit(*evaluation);
        }
      }
    }
  }
}

TEST(RulesOracle, CountsOnePerThemeSelectionsOfLevel2) {
  int selections = 0, enough_credits = 0, enough_level = 0, met = 0;
  ForEachOnePerTheme(Level2(), [&](const Evaluation& evaluation) {
    ++selections;
    if (RuleOf(evaluation, "themes").result != RuleResult::kMet) return;
    if (RuleOf(evaluation, "optional_credits").result != RuleResult::kMet) {
      return;
    }
    ++enough_credits;
    enough_level +=
        RuleOf(evaluation, "level_floor").result == RuleResult::kMet;
    met += evaluation.verdict == RuleResult::kMet;
  });
  EXPECT_EQ(selections, 16016);
  EXPECT_EQ(enough_credits, 15674);
  EXPECT_EQ(enough_level, 8834);
  EXPECT_EQ(met, 8834);
}

TEST(RulesOracle, CountsMoreWhenTheFloorTakesMandatoryUnits) {
  const Specification literal = Changed([](v1::Specification& data) {
    data.mutable_level_floor()->set_scope(v1::LEVEL_FLOOR_SCOPE_ALL);
  });
  int met = 0;
  ForEachOnePerTheme(literal, [&](const Evaluation& evaluation) {
    met += evaluation.verdict == RuleResult::kMet;
  });
  EXPECT_EQ(met, 11554);
}

TEST(Evaluate, MetMeansNothingIsShort) {
  const Evaluation evaluation = *Evaluate(Level2(), kEnough);
  EXPECT_EQ(evaluation.verdict, RuleResult::kMet);
  EXPECT_EQ(evaluation.specification_id, "03455");
  EXPECT_EQ(evaluation.specification_version, 1u);
  ASSERT_EQ(evaluation.rules.size(), 5u);
  for (const RuleEvaluation& rule : evaluation.rules) {
    EXPECT_EQ(rule.result, RuleResult::kMet) << rule.id;
    EXPECT_EQ(rule.shortfall.credits, 0u) << rule.id;
    EXPECT_EQ(rule.shortfall.units, 0u) << rule.id;
    EXPECT_THAT(rule.shortfall.groups, IsEmpty());
    EXPECT_THAT(rule.missing, IsEmpty());
    EXPECT_FALSE(rule.explanation.empty());
    EXPECT_FALSE(rule.citations.empty());
  }
}

TEST(Evaluate, NothingChosenIsShortOfEverything) {
  const Evaluation evaluation = *Evaluate(Level2(), {});
  EXPECT_EQ(evaluation.verdict, RuleResult::kNotMet);
  EXPECT_EQ(RuleOf(evaluation, "total_credits").shortfall.credits, 28u);
  const RuleEvaluation mandatory = RuleOf(evaluation, "mandatory_units");
  EXPECT_THAT(mandatory.shortfall.unit_numbers, ElementsAre("F1", "F2"));
  EXPECT_EQ(mandatory.shortfall.units, 2u);
  EXPECT_EQ(mandatory.shortfall.credits, 8u);
  EXPECT_EQ(RuleOf(evaluation, "optional_credits").shortfall.credits, 20u);
  EXPECT_EQ(RuleOf(evaluation, "themes").shortfall.units, 4u);
  EXPECT_EQ(RuleOf(evaluation, "level_floor").shortfall.credits, 11u);
}

TEST(Evaluate, NamesTheExactShortfallOfEachRule) {
  // Optional: 5 at level 2, 6 at level 3; no unit of two themes.
  const Evaluation evaluation = *Evaluate(Level2(), {"F2", "A10", "B9"});
  EXPECT_EQ(evaluation.verdict, RuleResult::kNotMet);
  EXPECT_EQ(RuleOf(evaluation, "total_credits").shortfall.credits, 13u);
  const RuleEvaluation mandatory = RuleOf(evaluation, "mandatory_units");
  EXPECT_THAT(mandatory.shortfall.unit_numbers, ElementsAre("F1"));
  EXPECT_EQ(mandatory.shortfall.credits, 4u);
  EXPECT_EQ(RuleOf(evaluation, "optional_credits").shortfall.credits, 9u);
  const RuleEvaluation themes = RuleOf(evaluation, "themes");
  EXPECT_EQ(themes.shortfall.units, 2u);
  EXPECT_THAT(themes.shortfall.groups,
              ElementsAre("Handling Problems", "Development and Improvement"));
  const RuleEvaluation floor = RuleOf(evaluation, "level_floor");
  EXPECT_EQ(floor.shortfall.credits, 6u);
  EXPECT_EQ(floor.explanation,
            "5 of at least 11 credits from optional units at level 2: 6 "
            "credits short.");
}

TEST(Evaluate, AHigherLevelDoesNotCountTowardsTheFloor) {
  const Evaluation evaluation =
      *Evaluate(Level2(), {"F1", "F2", "A13", "B9", "C5", "D8"});
  EXPECT_EQ(RuleOf(evaluation, "optional_credits").result, RuleResult::kMet);
  EXPECT_EQ(RuleOf(evaluation, "level_floor").shortfall.credits, 11u);
  EXPECT_EQ(evaluation.verdict, RuleResult::kNotMet);
}

TEST(Evaluate, CountsAUnitOnceInAnyOrder) {
  const Evaluation once = *Evaluate(Level2(), kEnough);
  const Evaluation twice =
      *Evaluate(Level2(), {"D2", "C3", "A10", "B2", "A10", "F2", "F1", "A10"});
  EXPECT_EQ(ToProto(once).SerializeAsString(),
            ToProto(twice).SerializeAsString());
  EXPECT_THAT(twice.units, ElementsAre("F1", "F2", "A10", "B2", "C3", "D2"));
  const Evaluation alone = *Evaluate(Level2(), {"A10", "A10"});
  EXPECT_EQ(RuleOf(alone, "total_credits").shortfall.credits, 23u);
}

TEST(Evaluate, NamesAUnitThatTheSpecificationDoesNotHave) {
  for (const char* number : {"Z9", "", "f1", "F1 "}) {
    const absl::Status status = Evaluate(Level2(), {"F1", number}).status();
    EXPECT_EQ(ReasonOf(status), Reason::kSpecificationUnknown);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(std::string("no unit \"") + number + "\""));
  }
}

TEST(Evaluate, UnknownCreditIsUndeterminableAndNamed) {
  const Specification spec = Changed(
      [](v1::Specification& data) { UnitOf(data, "C3").clear_credit(); });
  const Evaluation evaluation = *Evaluate(spec, kEnough);
  EXPECT_EQ(evaluation.verdict, RuleResult::kUndeterminable);
  const RuleEvaluation total = RuleOf(evaluation, "total_credits");
  EXPECT_EQ(total.result, RuleResult::kUndeterminable);
  EXPECT_THAT(total.missing, ElementsAre("credit of C3"));
  EXPECT_EQ(total.shortfall.credits, 5u);
  EXPECT_EQ(RuleOf(evaluation, "level_floor").result, RuleResult::kMet);
}

TEST(Evaluate, UnknownCreditDoesNotMatterWhenTheRestSuffices) {
  const Specification spec = Changed(
      [](v1::Specification& data) { UnitOf(data, "C4").clear_credit(); });
  Numbers units = kEnough;
  units.push_back("C4");
  EXPECT_EQ(Evaluate(spec, units)->verdict, RuleResult::kMet);
}

TEST(Evaluate, NotMetBeatsUndeterminable) {
  const Specification spec = Changed(
      [](v1::Specification& data) { UnitOf(data, "C3").clear_credit(); });
  const Evaluation evaluation =
      *Evaluate(spec, {"F1", "F2", "A10", "B2", "C3"});
  EXPECT_EQ(RuleOf(evaluation, "total_credits").result,
            RuleResult::kUndeterminable);
  EXPECT_EQ(RuleOf(evaluation, "themes").result, RuleResult::kNotMet);
  EXPECT_EQ(evaluation.verdict, RuleResult::kNotMet);
}

TEST(Evaluate, UnknownLevelMattersOnlyIfItCouldTurnTheFloor) {
  const Specification spec = Changed(
      [](v1::Specification& data) { UnitOf(data, "C3").clear_level(); });
  // 5 at level 2 and 6 perhaps: 11 is in reach.
  Evaluation evaluation = *Evaluate(spec, {"A10", "C3"});
  RuleEvaluation floor = RuleOf(evaluation, "level_floor");
  EXPECT_EQ(floor.result, RuleResult::kUndeterminable);
  EXPECT_THAT(floor.missing, ElementsAre("level of C3"));
  // 4 at level 2 and 6 perhaps: it is not.
  evaluation = *Evaluate(spec, {"B6", "C3"});
  floor = RuleOf(evaluation, "level_floor");
  EXPECT_EQ(floor.result, RuleResult::kNotMet);
  EXPECT_EQ(floor.shortfall.credits, 7u);
  EXPECT_THAT(floor.missing, ElementsAre("level of C3"));
}

TEST(Evaluate, AFloorWithoutScopeIsReadBothWays) {
  const Specification spec = Changed([](v1::Specification& data) {
    data.mutable_level_floor()->set_scope(v1::LEVEL_FLOOR_SCOPE_NOT_STATED);
  });
  // 10 from optional units, 14 with F2.
  const Evaluation between = *Evaluate(spec, {"F1", "F2", "A10", "B2"});
  EXPECT_EQ(RuleOf(between, "level_floor").result, RuleResult::kUndeterminable);
  EXPECT_THAT(RuleOf(between, "level_floor").missing,
              ElementsAre("whether mandatory units count for the level"));
  const Evaluation below = *Evaluate(spec, {"F1", "F2", "A10"});
  EXPECT_EQ(RuleOf(below, "level_floor").result, RuleResult::kNotMet);
  EXPECT_EQ(Evaluate(spec, kEnough)->verdict, RuleResult::kMet);
}

TEST(Evaluate, UnknownThemeCanFillOnlyOneGap) {
  const Specification spec = Changed(
      [](v1::Specification& data) { UnitOf(data, "C3").clear_theme(); });
  RuleEvaluation themes = RuleOf(*Evaluate(spec, kEnough), "themes");
  EXPECT_EQ(themes.result, RuleResult::kUndeterminable);
  EXPECT_THAT(themes.missing, ElementsAre("theme of C3"));
  themes = RuleOf(*Evaluate(spec, {"F1", "F2", "A10", "B2", "C3"}), "themes");
  EXPECT_EQ(themes.result, RuleResult::kNotMet);
  EXPECT_EQ(themes.shortfall.units, 2u);
}

TEST(Evaluate, AnUnknownMinimumIsUndeterminable) {
  const Specification spec = Changed([](v1::Specification& data) {
    data.mutable_total_credits()->clear_credits_min();
  });
  const Evaluation evaluation = *Evaluate(spec, kEnough);
  EXPECT_EQ(evaluation.verdict, RuleResult::kUndeterminable);
  EXPECT_THAT(RuleOf(evaluation, "total_credits").missing,
              ElementsAre("the minimum of credits"));
}

TEST(Evaluate, ARuleThatIsNotStatedIsNotJudged) {
  const Specification spec = Changed([](v1::Specification& data) {
    data.clear_level_floor();
    data.clear_optional_credits();
  });
  const Evaluation evaluation = *Evaluate(spec, kEnough);
  EXPECT_EQ(evaluation.rules.size(), 3u);
  EXPECT_EQ(evaluation.verdict, RuleResult::kMet);
}

TEST(Evaluate, WithoutAUnitListNothingIsDeterminable) {
  const Specification spec = Changed([](v1::Specification& data) {
    data.clear_units();
    data.mutable_mandatory_units()->clear_unit_numbers();
    data.clear_simulation();
    data.clear_themes();
  });
  const RuleEvaluation mandatory =
      RuleOf(*Evaluate(spec, {}), "mandatory_units");
  EXPECT_EQ(mandatory.result, RuleResult::kUndeterminable);
  EXPECT_THAT(mandatory.missing, ElementsAre("the mandatory units"));
}

TEST(Evaluate, UnknownMandatoryCreditComesFromTheRulesOwnSum) {
  const Specification spec = Changed(
      [](v1::Specification& data) { UnitOf(data, "F1").clear_credit(); });
  const RuleEvaluation mandatory =
      RuleOf(*Evaluate(spec, {"F2"}), "mandatory_units");
  EXPECT_EQ(mandatory.shortfall.credits, 4u);
  EXPECT_THAT(mandatory.missing, IsEmpty());
}

TEST(RulesEvaluation, PrintsTheFormThatScriptsRead) {
  const auto message = ToProto(*Evaluate(Level2(), {"F1", "F2"}));
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  ASSERT_TRUE(
      google::protobuf::util::MessageToJsonString(message, &json, options)
          .ok());
  EXPECT_THAT(json, HasSubstr("\"verdict\":\"not_met\""));
  EXPECT_THAT(json, HasSubstr("{\"id\":\"mandatory_units\",\"result\":\"met\","
                              "\"shortfall\":{\"credits\":0,\"units\":0,"
                              "\"groups\":[],\"unit_numbers\":[]}"));
  EXPECT_THAT(json, HasSubstr("{\"id\":\"optional_credits\",\"result\":"
                              "\"not_met\",\"shortfall\":{\"credits\":20,"));
  EXPECT_EQ(RuleResultName(RuleResult::kUndeterminable), "undeterminable");
}

}  // namespace
}  // namespace vouch
