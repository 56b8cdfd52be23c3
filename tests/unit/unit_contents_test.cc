// Criteria and evidence requirements that a centre loads, and how they reach
// versions that leave them unknown.
#include "evidence/unit_contents.h"

#include <string>

#include "gmock/gmock.h"
#include "sync/base/status.h"
#include "tests/unit/specification_fixture.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kHead[] = "unit,kind,number,text\n";
constexpr char kA10[] =
    "A10,outcome,1,Meets people\n"
    "A10,criterion,1.1,Looks up\n"
    "A10,criterion,1.2,\"Greets, by name\"\n"
    "A10,requirement,1,Three occasions\n";

ContentsByUnit Read(const std::string& rows,
                    const Specification& spec = Level2()) {
  auto loaded = ReadUnitContents(kHead + rows, spec);
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  ContentsByUnit contents;
  for (const auto& unit : *loaded) contents[unit.unit()] = unit;
  return contents;
}

TEST(UnitContents, FillInWhatAVersionLeavesUnknown) {
  const FilledIn filled = *FillIn(Level2(), Read(kA10));
  EXPECT_THAT(filled.units, ElementsAre("A10"));
  EXPECT_THAT(filled.ignored, IsEmpty());
  const v1::Unit& unit = *filled.specification.FindUnit("A10");
  EXPECT_TRUE(unit.criteria_known());
  EXPECT_TRUE(unit.evidence_requirements_known());
  ASSERT_EQ(unit.criteria_size(), 2);
  EXPECT_EQ(unit.criteria(1).number(), "1.2");
  EXPECT_EQ(unit.criteria(1).label(), "Greets, by name");
  EXPECT_EQ(unit.evidence_requirements(0).label(), "Three occasions");
  EXPECT_FALSE(filled.specification.FindUnit("A11")->criteria_known());
  EXPECT_EQ(filled.specification.version(), Level2().version());
}

TEST(UnitContents, ReachEverySpecificationThatHasTheUnit) {
  const ContentsByUnit contents = Read(kA10);
  EXPECT_TRUE(FillIn(Shipped("03456"), contents)
                  ->specification.FindUnit("A10")
                  ->criteria_known());
  EXPECT_TRUE(FillIn(Shipped("501/0263/1"), contents)
                  ->specification.FindUnit("T/601/1221")
                  ->criteria_known());
}

TEST(UnitContents, OfAUnitWithoutAnAccreditationNumberStayInItsSpecification) {
  const std::string rows =
      "F3,outcome,1,Knows\nF3,criterion,1.1,Says what service is\n";
  const ContentsByUnit contents = Read(rows, Shipped("03456"));
  EXPECT_EQ(contents.begin()->first, "03456 F3");
  EXPECT_THAT(FillIn(Shipped("03456"), contents)->units, ElementsAre("F3"));
  EXPECT_THAT(FillIn(Shipped("03457"), contents)->units, IsEmpty());
}

TEST(UnitContents, AreFoundByEitherNumberInAnyOrder) {
  const ContentsByUnit contents = Read(
      "T/601/1221,criterion,1.1,Looks up\nA11,no requirements,,\n"
      "A10,outcome,1,Meets people\n");
  ASSERT_EQ(contents.size(), 2u);
  const FilledIn filled = *FillIn(Level2(), contents);
  EXPECT_THAT(filled.units, ElementsAre("A10", "A11"));
  const v1::Unit& a11 = *filled.specification.FindUnit("A11");
  EXPECT_TRUE(a11.evidence_requirements_known());
  EXPECT_THAT(a11.evidence_requirements(), IsEmpty());
  EXPECT_FALSE(a11.criteria_known());
  EXPECT_FALSE(
      filled.specification.FindUnit("A10")->evidence_requirements_known());
}

TEST(UnitContents, NeverChangeWhatAVersionStatesButItsWording) {
  // F1 has 21 criteria.
  auto other = ReadUnitContents(
      std::string(kHead) + "F1,outcome,1,x\nF1,criterion,1.1,y\n", Level2());
  EXPECT_EQ(ReasonOf(other.status()), Reason::kSpecificationInvalid);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("new version"));
  std::string rows;
  const v1::Unit& f1 = *Level2().FindUnit("F1");
  for (const auto& outcome : f1.outcomes()) {
    rows += "F1,outcome," + std::to_string(outcome.number()) + ",The outcome\n";
  }
  for (const auto& criterion : f1.criteria()) {
    rows += "F1,criterion," + criterion.number() + ",The full text\n";
  }
  const FilledIn filled = *FillIn(Level2(), Read(rows));
  EXPECT_THAT(filled.units, ElementsAre("F1"));
  EXPECT_EQ(filled.specification.FindUnit("F1")->criteria(3).label(),
            "The full text");
}

TEST(UnitContents, ThatDoNotFitAreLeftOutAndNamed) {
  ContentsByUnit contents = Read(kA10);
  // As a faulty app might write it: a criterion of no outcome.
  contents.begin()->second.mutable_criteria()->clear_outcomes();
  const FilledIn filled = *FillIn(Level2(), contents);
  EXPECT_THAT(filled.units, IsEmpty());
  ASSERT_EQ(filled.ignored.size(), 1u);
  EXPECT_THAT(filled.ignored[0], HasSubstr("unit A10: criterion 1.1"));
  EXPECT_FALSE(filled.specification.FindUnit("A10")->criteria_known());
}

struct Fault {
  const char* name;
  const char* rows;
  Reason reason;
  const char* says;
};

class FaultyRows : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultyRows, AreRefusedNamingTheLineOrTheUnit) {
  const auto loaded =
      ReadUnitContents(std::string(kHead) + GetParam().rows, Level2());
  EXPECT_EQ(ReasonOf(loaded.status()), GetParam().reason) << loaded.status();
  EXPECT_THAT(std::string(loaded.status().message()),
              HasSubstr(GetParam().says));
}

constexpr Fault kFaults[] = {
    {"UnknownUnit", "Z9,outcome,1,x\n", Reason::kSpecificationUnknown,
     "line 2: specification 03455 has no unit \"Z9\""},
    {"Twice", "A10,outcome,1,x\nA10,outcome,1,y\n", Reason::kMalformed,
     "line 3: outcome 1 of unit A10 is given twice"},
    {"UnknownKind", "A10,grade,1,x\n", Reason::kMalformed,
     "line 2: kind \"grade\""},
    {"OutcomeNumber", "A10,outcome,01,x\n", Reason::kMalformed,
     "line 2: \"01\" is not a count"},
    {"CriterionNumber", "A10,criterion,1,x\n", Reason::kMalformed,
     "line 2: criterion number \"1\""},
    {"NoText", "A10,criterion,1.1,\n", Reason::kMalformed,
     "line 2: criterion 1.1 has no text"},
    {"NoOutcome", "A10,criterion,2.1,x\n", Reason::kMalformed,
     "unit A10: criterion 2.1 belongs to outcome 2"},
    {"NoCriteria", "A10,outcome,1,x\n", Reason::kMalformed,
     "there are outcomes and no criteria"},
    {"NoneAndOne", "A10,no requirements,,\nA10,requirement,1,x\n",
     Reason::kMalformed, "line 3: the unit has \"no requirements\""},
    {"OneAndNone", "A10,requirement,1,x\nA10,no requirements,,\n",
     Reason::kMalformed, "line 3: \"no requirements\" stands alone"},
};

INSTANTIATE_TEST_SUITE_P(UnitContents, FaultyRows, ::testing::ValuesIn(kFaults),
                         [](const auto& info) { return info.param.name; });

TEST(UnitContents, OfOneUnitAreBounded) {
  std::string rows = kHead;
  for (int i = 1; i <= 2 * kUnitCriteriaMax + 1; ++i) {
    rows += "A10,requirement," + std::to_string(i) + ",x\n";
  }
  EXPECT_EQ(ReasonOf(ReadUnitContents(rows, Level2()).status()),
            Reason::kTooLarge);
}

}  // namespace
}  // namespace vouch
