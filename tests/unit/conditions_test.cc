// Credit transfers, and the conditions of entry, registration and claim.
#include "evidence/conditions.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "sync/base/status.h"
#include "tests/unit/specification_fixture.h"

namespace vouch {
namespace {

using absl::CivilDay;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Specification& Ncfe2() { return Shipped("501/0263/1"); }

// NCFE's Level 2 with an accreditation end.
Specification Ending(const std::string& day) {
  return ChangedFrom(Ncfe2(), [&](v1::Specification& data) {
    data.mutable_dates()->set_accreditation_end(day);
  });
}

Evaluation On(const Specification& spec, const KeyDates& dates) {
  RulesInput input;
  input.dates = dates;
  auto evaluation = EvaluateFully(spec, input);
  EXPECT_TRUE(evaluation.ok()) << evaluation.status();
  return *evaluation;
}

TEST(Conditions, AreAskedForOnlyWithDates) {
  EXPECT_EQ(EvaluateFully(Ncfe2(), {})->rules.size(), 5u);
  EXPECT_EQ(On(Ncfe2(), {}).rules.size(), 7u);
  EXPECT_EQ(On(Level2(), {}).rules.size(), 6u);
}

TEST(Conditions, EntryAgeIsThatOfTheDayOfRegistration) {
  KeyDates dates;
  dates.born_on = CivilDay(1998, 5, 10);
  dates.registered_on = CivilDay(2014, 5, 9);
  RuleEvaluation age = RuleIn(On(Ncfe2(), dates), "entry_age");
  EXPECT_EQ(age.result, RuleResult::kNotMet);
  EXPECT_EQ(age.shortfall.days, 1u);
  EXPECT_THAT(age.explanation, HasSubstr("2014-05-10"));
  EXPECT_FALSE(age.citations.empty());
  dates.registered_on = CivilDay(2014, 5, 10);
  EXPECT_EQ(RuleIn(On(Ncfe2(), dates), "entry_age").result, RuleResult::kMet);
  // Level 4 asks for 18.
  EXPECT_EQ(
      RuleIn(On(Shipped("501/0232/1"), dates), "entry_age").shortfall.days,
      731u);
}

TEST(Conditions, ABirthdayOn29FebruaryIsKeptOn1March) {
  KeyDates dates;
  dates.born_on = CivilDay(1996, 2, 29);
  dates.registered_on = CivilDay(2014, 2, 28);
  EXPECT_EQ(RuleIn(On(Shipped("501/0232/1"), dates), "entry_age").result,
            RuleResult::kNotMet);
  dates.registered_on = CivilDay(2014, 3, 1);
  EXPECT_EQ(RuleIn(On(Shipped("501/0232/1"), dates), "entry_age").result,
            RuleResult::kMet);
}

TEST(Conditions, EachAwardingBodysAgeIsItsOwn) {
  EXPECT_EQ(RuleIn(On(Level2(), {}), "entry_age").result, RuleResult::kMet);
  EXPECT_EQ(RuleIn(On(Shipped("501/0287/12"), {}), "entry_age").result,
            RuleResult::kMet);
  const RuleEvaluation age = RuleIn(On(Ncfe2(), {}), "entry_age");
  EXPECT_EQ(age.result, RuleResult::kUndeterminable);
  EXPECT_THAT(age.missing,
              ElementsAre("the date of birth", "the day of registration"));
}

TEST(Conditions, RegistrationEndsWithTheAccreditation) {
  KeyDates dates;
  dates.registered_on = CivilDay(2014, 7, 31);
  EXPECT_EQ(RuleIn(On(Ending("2014-07-31"), dates), "registration_end").result,
            RuleResult::kMet);
  dates.registered_on = CivilDay(2014, 8, 3);
  const RuleEvaluation late =
      RuleIn(On(Ending("2014-07-31"), dates), "registration_end");
  EXPECT_EQ(late.result, RuleResult::kNotMet);
  EXPECT_EQ(late.shortfall.days, 3u);
  EXPECT_EQ(On(Ending("2014-07-31"), dates).verdict, RuleResult::kNotMet);
  const RuleEvaluation unknown = RuleIn(On(Ncfe2(), dates), "registration_end");
  EXPECT_EQ(unknown.result, RuleResult::kUndeterminable);
  EXPECT_THAT(unknown.missing, ElementsAre("the accreditation end"));
}

TEST(Conditions, AClaimMayFollowTwoYearsAfterTheAccreditationEnd) {
  KeyDates dates;
  dates.registered_on = CivilDay(2014, 1, 1);
  dates.claim_on = CivilDay(2016, 7, 31);
  EXPECT_EQ(RuleIn(On(Ending("2014-07-31"), dates), "claim_end").result,
            RuleResult::kMet);
  dates.claim_on = CivilDay(2016, 8, 1);
  const RuleEvaluation late =
      RuleIn(On(Ending("2014-07-31"), dates), "claim_end");
  EXPECT_EQ(late.result, RuleResult::kNotMet);
  EXPECT_EQ(late.shortfall.days, 1u);
  EXPECT_THAT(late.explanation, HasSubstr("2016-07-31"));
  const RuleEvaluation unknown = RuleIn(On(Ncfe2(), dates), "claim_end");
  EXPECT_EQ(unknown.result, RuleResult::kUndeterminable);
  EXPECT_THAT(unknown.missing, ElementsAre("the accreditation end"));
}

TEST(Conditions, TwoYearsAfter29FebruaryIs28February) {
  EXPECT_EQ(LastDayOfClaims(Ending("2012-02-29")), CivilDay(2014, 2, 28));
  EXPECT_EQ(LastDayOfClaims(Ending("2014-02-28")), CivilDay(2016, 2, 28));
  EXPECT_EQ(LastDayOfClaims(Ncfe2()), std::nullopt);
}

TEST(Conditions, AfterTheOperationalEndNobodyRegistersAndAClaimIsOpen) {
  const Specification& level1 = Shipped("501/0287/12");
  KeyDates dates;
  dates.registered_on = CivilDay(2014, 8, 1);
  EXPECT_EQ(RuleIn(On(level1, dates), "operational_end").shortfall.days, 1u);
  dates.registered_on = CivilDay(2014, 7, 31);
  EXPECT_EQ(RuleIn(On(level1, dates), "operational_end").result,
            RuleResult::kMet);
  dates.claim_on = CivilDay(2014, 8, 1);
  const RuleEvaluation claim = RuleIn(On(level1, dates), "operational_end");
  EXPECT_EQ(claim.result, RuleResult::kUndeterminable);
  EXPECT_THAT(claim.missing, ElementsAre("the last day of claims"));
}

TEST(Conditions, TakesOnlyDaysThatExist) {
  EXPECT_EQ(ParseDay("2014-07-31"), CivilDay(2014, 7, 31));
  for (const char* text :
       {"", "2014-02-30", "2014-7-31", "31/07/2014", "2014"}) {
    EXPECT_EQ(ParseDay(text), std::nullopt) << text;
  }
}

// F1 to D2 of OCR by their accreditation numbers, as NCFE numbers them.
const std::vector<std::string>& Enough() {
  static const auto* units =
      new std::vector<std::string>{"F/601/1609", "L/601/1614", "T/601/1221",
                                   "J/601/1210", "M/601/1511", "A/601/1530"};
  return *units;
}

RulesInput Transferring(const std::string& unit, bool seen) {
  RulesInput input;
  for (const std::string& other : Enough()) {
    if (other != unit) input.units.push_back(other);
  }
  input.transfers.push_back({unit, seen});
  return input;
}

TEST(CreditTransfer, CountsWhereTheSpecificationAllowsIt) {
  const Evaluation evaluation =
      *EvaluateFully(Ncfe2(), Transferring("M/601/1511", true));
  EXPECT_EQ(evaluation.verdict, RuleResult::kMet);
  EXPECT_THAT(evaluation.units, testing::Contains("M/601/1511"));
  ASSERT_EQ(evaluation.transfers.size(), 1u);
  EXPECT_EQ(evaluation.transfers[0].result, RuleResult::kMet);
}

TEST(CreditTransfer, NeedsACertificateThatSomeoneSaw) {
  const Evaluation evaluation =
      *EvaluateFully(Ncfe2(), Transferring("M/601/1511", false));
  EXPECT_EQ(evaluation.verdict, RuleResult::kNotMet);
  EXPECT_EQ(evaluation.transfers[0].result, RuleResult::kNotMet);
  EXPECT_THAT(evaluation.transfers[0].why, HasSubstr("certificate"));
  EXPECT_EQ(RuleIn(evaluation, "themes").shortfall.units, 1u);
}

TEST(CreditTransfer, IsUndeterminableWhereTheSpecificationIsSilent) {
  RulesInput input;
  input.units = {"F1", "F2", "A10", "B2", "D2"};
  input.transfers.push_back({"M/601/1511", true});
  const Evaluation evaluation = *EvaluateFully(Level2(), input);
  EXPECT_EQ(evaluation.verdict, RuleResult::kUndeterminable);
  EXPECT_EQ(evaluation.transfers[0].unit, "C3");
  EXPECT_EQ(evaluation.transfers[0].result, RuleResult::kUndeterminable);
  const RuleEvaluation themes = RuleIn(evaluation, "themes");
  EXPECT_EQ(themes.result, RuleResult::kUndeterminable);
  EXPECT_THAT(themes.missing,
              ElementsAre("whether units achieved elsewhere count"));
  EXPECT_EQ(RuleIn(evaluation, "mandatory_units").result, RuleResult::kMet);
  EXPECT_THAT(RuleIn(evaluation, "mandatory_units").missing, IsEmpty());
  // Where it could not turn the answer, the answer stands.
  input.units = {"F1", "F2", "A10"};
  EXPECT_EQ(EvaluateFully(Level2(), input)->verdict, RuleResult::kNotMet);
  input.units = {"F1", "F2", "A10", "B2", "D2", "C4"};
  EXPECT_EQ(EvaluateFully(Level2(), input)->verdict, RuleResult::kMet);
}

TEST(CreditTransfer, SaysWhyAUnitDoesNotCount) {
  const Specification refusing =
      ChangedFrom(Ncfe2(), [](v1::Specification& data) {
        data.mutable_credit_transfer()->set_allowed(false);
      });
  EXPECT_EQ(EvaluateFully(refusing, Transferring("M/601/1511", true))->verdict,
            RuleResult::kNotMet);
  RulesInput input;
  input.units = Enough();
  input.transfers = {{"M/601/1511", true},
                     {"A10", true},
                     {"A/601/1205", true},
                     {"A/601/1205", true}};
  const Evaluation evaluation = *EvaluateFully(Ncfe2(), input);
  ASSERT_EQ(evaluation.transfers.size(), 4u);
  EXPECT_THAT(evaluation.transfers[0].why, HasSubstr("already"));
  EXPECT_THAT(evaluation.transfers[1].why, HasSubstr("no such unit"));
  EXPECT_EQ(evaluation.transfers[2].result, RuleResult::kMet);
  // Nothing is counted twice.
  EXPECT_EQ(evaluation.transfers[3].result, RuleResult::kNotMet);
  EXPECT_EQ(ToProto(evaluation).transfers(3).result(), "not_counted");
}

TEST(Evaluate, UnknownMandatoryCreditsAreWorthWhatTheirRuleSays) {
  // F3 and F4 are 12 credits together; of each alone nothing is stated.
  const Specification& level3 = Shipped("03456");
  const std::vector<std::string> optional = {"A13", "A14", "B9", "C5", "D8"};
  std::vector<std::string> units = optional;
  units.insert(units.end(), {"F3", "F4"});
  Evaluation evaluation = *Evaluate(level3, units);
  EXPECT_EQ(evaluation.verdict, RuleResult::kMet);
  EXPECT_THAT(RuleIn(evaluation, "total_credits").explanation,
              HasSubstr("46 of"));
  units.pop_back();
  evaluation = *Evaluate(level3, units);
  EXPECT_EQ(RuleIn(evaluation, "total_credits").result,
            RuleResult::kUndeterminable);
}

TEST(Evaluate, GroupsThatAreNotNamedAreUndeterminable) {
  const RuleEvaluation themes =
      RuleIn(*Evaluate(Shipped("501/0231/X"), {}), "themes");
  EXPECT_EQ(themes.result, RuleResult::kUndeterminable);
  EXPECT_THAT(themes.missing, ElementsAre("the groups of optional units"));
}

}  // namespace
}  // namespace vouch
