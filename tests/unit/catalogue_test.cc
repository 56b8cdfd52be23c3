// The qualifications shipped, and what differs between specifications.
#include "evidence/catalogue.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "evidence/check_character.h"
#include "evidence/specification_diff.h"
#include "evidence/specification_lint.h"
#include "gmock/gmock.h"
#include "tests/unit/specification_fixture.h"

namespace vouch {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// As domain.md §2 has it, apart from the files.
struct Row {
  const char* id;
  const char* awarding_body;
  uint32_t level, total, mandatory, optional;
  int themes;  // -1: no rule stated
  uint32_t floor_level, floor;
  v1::LevelFloorScope scope;
  v1::EntryAgeKind age;
  uint32_t years;
  uint32_t hours_min, hours_max;
  int units;
};
constexpr v1::LevelFloorScope kOptional = v1::LEVEL_FLOOR_SCOPE_OPTIONAL;
constexpr v1::LevelFloorScope kAll = v1::LEVEL_FLOOR_SCOPE_ALL;
constexpr Row kRows[] = {
    {"03455", "OCR", 2, 28, 8, 20, 4, 2, 11, kOptional, v1::ENTRY_AGE_KIND_ANY,
     0, 0, 0, 49},
    {"03456", "OCR", 3, 42, 12, 30, 4, 3, 10, kOptional, v1::ENTRY_AGE_KIND_ANY,
     0, 0, 0, 59},
    {"03457", "OCR", 4, 67, 20, 47, 4, 4, 15, kOptional, v1::ENTRY_AGE_KIND_ANY,
     0, 0, 0, 33},
    {"501/0231/X", "NCFE", 3, 42, 12, 30, 0, 3, 10, kOptional,
     v1::ENTRY_AGE_KIND_MINIMUM, 16, 279, 360, 0},
    {"501/0232/1", "NCFE", 4, 67, 20, 47, -1, 4, 35, kAll,
     v1::ENTRY_AGE_KIND_MINIMUM, 18, 443, 487, 0},
    {"501/0263/1", "NCFE", 2, 28, 8, 20, 4, 2, 15, kAll,
     v1::ENTRY_AGE_KIND_MINIMUM, 16, 192, 228, 49},
    {"501/0287/12", "NCFE", 1, 22, 8, 14, 3, 1, 8,
     v1::LEVEL_FLOOR_SCOPE_NOT_STATED, v1::ENTRY_AGE_KIND_PRE_16, 0, 153, 173,
     0},
};

TEST(ShippedCatalogue, HasTheSevenQualificationsWithTheirFigures) {
  ASSERT_EQ(BuiltInCatalogue().List().size(), std::size(kRows));
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.id);
    const v1::Specification& data = Shipped(row.id).data();
    EXPECT_EQ(data.awarding_body(), row.awarding_body);
    EXPECT_EQ(data.level(), row.level);
    EXPECT_EQ(data.total_credits().credits_min(), row.total);
    EXPECT_EQ(data.mandatory_units().credits_min(), row.mandatory);
    EXPECT_EQ(data.optional_credits().credits_min(), row.optional);
    EXPECT_EQ(data.has_themes() ? data.themes().themes_size() : -1, row.themes);
    for (const auto& theme : data.themes().themes()) {
      EXPECT_EQ(theme.units_min(), 1u);
    }
    EXPECT_EQ(data.level_floor().level(), row.floor_level);
    EXPECT_EQ(data.level_floor().credits_min(), row.floor);
    EXPECT_EQ(data.level_floor().scope(), row.scope);
    EXPECT_EQ(data.entry_age().kind(), row.age);
    EXPECT_EQ(data.entry_age().years_min(), row.years);
    EXPECT_EQ(data.guided_learning_hours().hours_min(), row.hours_min);
    EXPECT_EQ(data.guided_learning_hours().hours_max(), row.hours_max);
    EXPECT_EQ(data.units_size(), row.units);
  }
}

TEST(ShippedCatalogue, VerifiesEveryNumberButTheMisprintedOne) {
  for (const Specification* spec : BuiltInCatalogue().List()) {
    const v1::Specification& data = spec->data();
    EXPECT_EQ(data.accreditation_number_unverified(),
              data.id() == "501/0287/12");
    for (const v1::Unit& unit : data.units()) {
      if (!unit.has_accreditation_number()) continue;
      EXPECT_EQ(CheckUnitNumber(unit.accreditation_number()),
                CheckCharacter::kRight)
          << data.id() << " " << unit.number();
    }
  }
}

TEST(ShippedCatalogue, LeavesUnknownWhatTheSourcesDoNotState) {
  for (const char* id : {"03456", "03457"}) {
    std::set<std::string> unknown;
    for (const v1::Unit& unit : Shipped(id).data().units()) {
      EXPECT_EQ(unit.has_credit(), unit.has_level());
      EXPECT_EQ(unit.has_credit(), unit.has_accreditation_number());
      EXPECT_FALSE(unit.criteria_known());
      if (!unit.has_credit()) unknown.insert(unit.number());
    }
    EXPECT_EQ(unknown.size(), 17u) << id;
    for (const char* number :
         {"A17", "A18", "B12", "B16", "C8", "D14", "D20"}) {
      EXPECT_EQ(unknown.count(number), 1u) << id << " " << number;
    }
    EXPECT_FALSE(Shipped(id).data().has_credit_transfer());
    EXPECT_FALSE(Shipped(id).data().has_methods());
    EXPECT_EQ(Shipped(id).AllowsSimulation("C5"), false);
  }
  EXPECT_EQ(Shipped("501/0263/1").AllowsSimulation("T/601/1509"), std::nullopt);
  EXPECT_EQ(Shipped("501/0287/12").data().dates().operational_end(),
            "2014-07-31");
}

TEST(ShippedCatalogue, GivesAUnitTheSameWorthEverywhere) {
  std::map<std::string, std::pair<uint32_t, uint32_t>> worth;
  for (const Specification* spec : BuiltInCatalogue().List()) {
    for (const v1::Unit& unit : spec->data().units()) {
      if (!unit.has_accreditation_number()) continue;
      const std::pair is(unit.credit(), unit.level());
      const auto [was, added] = worth.emplace(unit.accreditation_number(), is);
      EXPECT_EQ(was->second, is) << unit.accreditation_number();
    }
  }
  EXPECT_EQ(worth.size(), 49u);
}

// 15 credits at Level 2 in all is the OCR floor, since F2 is always there.
TEST(ShippedCatalogue, NcfeLevel2AgreesWithOcrOnEverySelection) {
  std::vector<std::vector<std::string>> themes(4);
  for (const v1::Unit& unit : Level2().data().units()) {
    const size_t theme = std::string("ABCD").find(unit.number()[0]);
    if (theme != std::string::npos) {
      themes[theme].push_back(unit.accreditation_number());
    }
  }
  int selections = 0, met = 0;
  for (const auto& a : themes[0]) {
    for (const auto& b : themes[1]) {
      for (const auto& c : themes[2]) {
        for (const auto& d : themes[3]) {
          const auto evaluation = Evaluate(
              Shipped("501/0263/1"), {"F/601/1609", "L/601/1614", a, b, c, d});
          ++selections;
          met += evaluation->verdict == RuleResult::kMet;
        }
      }
    }
  }
  EXPECT_EQ(selections, 16016);
  EXPECT_EQ(met, 8834);
}

TEST(SpecificationDiff, OfASpecificationWithItselfIsEmpty) {
  for (const Specification* spec : BuiltInCatalogue().List()) {
    EXPECT_THAT(DiffSpecifications(*spec, *spec), IsEmpty()) << spec->id();
  }
}

auto Says(const std::string& subject, const std::string& change) {
  return AllOf(Field(&SpecificationDifference::subject, subject),
               Field(&SpecificationDifference::change, change));
}

TEST(SpecificationDiff, NamesEachDifference) {
  const Specification two = ChangedFrom(Level2(), [](v1::Specification& data) {
    data.set_version(2);
    data.mutable_total_credits()->set_credits_min(30);
    data.clear_simulation();
    UnitIn(data, "A10").set_credit(6);
    UnitIn(data, "A10").clear_level();
    // The same unit under another number.
    UnitIn(data, "A11").set_number("A90");
    v1::Unit& f1 = UnitIn(data, "F1");
    f1.mutable_criteria(0)->set_label("Another label");
    f1.mutable_criteria()->RemoveLast();
    UnitIn(data, "F2").set_evidence_requirements_known(true);
    for (int i = 0; i < data.units_size(); ++i) {
      if (data.units(i).number() != "B2") continue;
      data.mutable_units()->DeleteSubrange(i, 1);
      break;
    }
    v1::Unit& added = *data.add_units();
    added.set_number("Z1");
    added.set_title("A new unit");
  });
  const auto differences = DiffSpecifications(Level2(), two);
  for (const auto& expected :
       {Says("total_credits", "at least 28 credits, then at least 30 credits"),
        Says("simulation", "in C1, C2, then not stated"),
        Says("A10", "credit: 5, then 6"), Says("A10", "level: 2, then unknown"),
        Says("A11", "number: A11, then A90"),
        Says("F1",
             "criteria: 3.15 is gone (How own behaviour shapes the "
             "experience)"),
        Says("F2", "0 evidence requirements known, which were not"),
        Says("B2", "is gone: Deliver reliable customer service"),
        Says("Z1", "is new: A new unit")}) {
    EXPECT_THAT(differences, Contains(expected));
  }
  EXPECT_EQ(differences.size(), 10u);
}

TEST(SpecificationDiff, MatchesUnitsOfAnotherAwardingBodyByTheirNumberAlone) {
  const auto differences = DiffSpecifications(Level2(), Shipped("501/0263/1"));
  EXPECT_THAT(differences,
              Contains(Says("A10", "number: A10, then T/601/1221")));
  EXPECT_THAT(differences, Not(Contains(Field(&SpecificationDifference::change,
                                              HasSubstr("is gone: ")))));
  EXPECT_THAT(differences,
              Contains(Says("level_floor",
                            "at least 11 credits at level 2 from optional "
                            "units, then at least 15 credits at level 2 in "
                            "all")));
}

std::vector<std::string> LintOf(const Specification& spec,
                                LintFinding::Kind kind) {
  std::vector<std::string> lines;
  for (const LintFinding& finding :
       LintSpecification(spec, BuiltInCatalogue())) {
    if (finding.kind == kind) {
      lines.push_back(finding.subject + ": " + finding.what);
    }
  }
  return lines;
}

TEST(SpecificationLint, FindsNothingOddInWhatIsShippedButTheMisprint) {
  for (const Specification* spec : BuiltInCatalogue().List()) {
    const auto odd = LintOf(*spec, LintFinding::Kind::kOdd);
    if (spec->id() == "501/0287/12") {
      EXPECT_THAT(odd, ElementsAre(HasSubstr("501/0287/12 does not have")));
    } else {
      EXPECT_THAT(odd, IsEmpty()) << spec->id();
    }
  }
}

TEST(SpecificationLint, NamesWhatIsUnknown) {
  const auto unknown = LintOf(Shipped("03456"), LintFinding::Kind::kUnknown);
  EXPECT_THAT(unknown, Contains(HasSubstr("credit_transfer: no rule")));
  EXPECT_THAT(unknown, Contains(HasSubstr("F3,F4,A17,A18")));
}

TEST(SpecificationLint, NoticesWhatCannotBe) {
  const Specification odd = ChangedFrom(Level2(), [](v1::Specification& data) {
    data.set_id("x");
    data.mutable_total_credits()->set_credits_min(60);
    data.mutable_themes()->mutable_themes(2)->set_units_min(8);
    UnitIn(data, "A10").set_credit(9);
  });
  const auto lines = LintOf(odd, LintFinding::Kind::kOdd);
  EXPECT_THAT(lines, Contains(HasSubstr("8 mandatory and 20 optional")));
  EXPECT_THAT(lines, Contains(HasSubstr("8 of Handling Problems are needed")));
  EXPECT_THAT(lines, Contains(HasSubstr("T/601/1221 has 5 credits")));
  EXPECT_THAT(lines, Contains(HasSubstr("nobody can finish it")));
}

}  // namespace
}  // namespace vouch
