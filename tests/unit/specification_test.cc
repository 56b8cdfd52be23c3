// Specification files: what is refused and how it is named, what is shipped,
// and how unknown values and versions behave.
#include "evidence/specification.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "evidence/catalogue.h"
#include "evidence/check_character.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using ::testing::HasSubstr;

const Specification& Level2() { return **BuiltInCatalogue().Find("03455", 1); }

std::string ShippedFile() {
  std::ifstream file(std::string(VOUCH_SOURCE_DIR) +
                     "/evidence/specifications/03455.json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::StatusOr<Specification> Reparsed(const v1::Specification& data) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  EXPECT_TRUE(
      google::protobuf::util::MessageToJsonString(data, &json, options).ok());
  return ParseSpecification(json);
}

TEST(CheckCharacter, HoldsForTheKnownNumbers) {
  EXPECT_EQ(CheckUnitNumber("F/601/1609"), CheckCharacter::kRight);
  EXPECT_EQ(CheckUnitNumber("L/601/1614"), CheckCharacter::kRight);
  for (const char* number : {"501/0263/1", "501/0231/X", "501/0232/1"}) {
    EXPECT_EQ(CheckQualificationNumber(number), CheckCharacter::kRight)
        << number;
  }
  EXPECT_EQ(UnitCheckLetter("6011221"), 'T');
  EXPECT_EQ(QualificationCheckCharacter("5010231"), 'X');
}

TEST(CheckCharacter, NoticesEverySingleMisprintedDigit) {
  const std::string right = "F/601/1609";
  for (size_t i : {2, 3, 4, 6, 7, 8, 9}) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string misprint = right;
      misprint[i] = digit;
      EXPECT_EQ(CheckUnitNumber(misprint), misprint == right
                                               ? CheckCharacter::kRight
                                               : CheckCharacter::kWrong)
          << misprint;
    }
  }
}

TEST(CheckCharacter, TellsAnotherFormFromAMisprint) {
  EXPECT_EQ(CheckQualificationNumber("501/0287/12"),
            CheckCharacter::kNotOfTheForm);
  EXPECT_EQ(CheckQualificationNumber("501/0263/2"), CheckCharacter::kWrong);
  for (const char* number :
       {"", "F", "F/601/160", "F-601-1609", "F/6O1/1609", "I/601/1609"}) {
    EXPECT_EQ(CheckUnitNumber(number), CheckCharacter::kNotOfTheForm) << number;
  }
}

TEST(ShippedLevel2, HasEveryUnitOfItsFourThemes) {
  const Specification& spec = Level2();
  std::map<std::string, int> units_of;
  std::map<uint32_t, int> units_at_level;
  uint32_t credits = 0;
  for (const v1::Unit& unit : spec.data().units()) {
    ++units_of[unit.theme()];
    ++units_at_level[unit.level()];
    credits += unit.credit();
    EXPECT_EQ(CheckUnitNumber(unit.accreditation_number()),
              CheckCharacter::kRight)
        << unit.number();
  }
  EXPECT_EQ(spec.data().units_size(), 49);
  EXPECT_EQ(units_of,
            (std::map<std::string, int>{{"", 2},
                                        {"Impression and Image", 16},
                                        {"Delivery", 11},
                                        {"Handling Problems", 7},
                                        {"Development and Improvement", 13}}));
  EXPECT_EQ(units_at_level,
            (std::map<uint32_t, int>{{1, 6}, {2, 27}, {3, 16}}));
  EXPECT_EQ(credits, 289u);
}

TEST(ShippedLevel2, FindsUnitsByEitherNumber) {
  const v1::Unit* unit = Level2().FindUnit("A10");
  ASSERT_NE(unit, nullptr);
  EXPECT_EQ(unit->accreditation_number(), "T/601/1221");
  EXPECT_EQ(unit->title(), "Deal with customers face to face");
  EXPECT_EQ(unit->credit(), 5u);
  EXPECT_EQ(unit->level(), 2u);
  EXPECT_EQ(Level2().FindUnitByAccreditationNumber("T/601/1221"), unit);
  EXPECT_EQ(Level2().FindUnit("a10"), nullptr);
  EXPECT_EQ(Level2().FindUnit("A17"), nullptr);
  EXPECT_EQ(Level2().FindUnitByAccreditationNumber("A10"), nullptr);
}

TEST(ShippedLevel2, KnowsTheCriteriaOfTheMandatoryUnitsOnly) {
  for (const v1::Unit& unit : Level2().data().units()) {
    const int expected = unit.number() == "F1"   ? 21
                         : unit.number() == "F2" ? 15
                                                 : 0;
    EXPECT_EQ(unit.criteria_size(), expected) << unit.number();
    EXPECT_EQ(unit.criteria_known(), expected > 0) << unit.number();
    EXPECT_EQ(Level2().IsMandatory(unit.number()), expected > 0);
    EXPECT_FALSE(unit.evidence_requirements_known()) << unit.number();
  }
  EXPECT_EQ(Level2().FindUnit("F1")->criteria(20).number(), "3.15");
  EXPECT_EQ(Level2().FindUnit("F2")->criteria(14).number(), "2.10");
}

TEST(ShippedLevel2, AllowsSimulationInTwoUnitsOnly) {
  for (const v1::Unit& unit : Level2().data().units()) {
    EXPECT_EQ(Level2().AllowsSimulation(unit.number()),
              unit.number() == "C1" || unit.number() == "C2");
  }
  v1::Specification silent = Level2().data();
  silent.clear_simulation();
  EXPECT_EQ(Reparsed(silent)->AllowsSimulation("C1"), std::nullopt);
}

TEST(ShippedLevel2, ListsItsFiveMethods) {
  EXPECT_EQ(Level2().data().methods().methods_size(), 5);
  EXPECT_EQ(Level2().AllowsMethod(v1::ASSESSMENT_METHOD_QUESTIONING), true);
  EXPECT_EQ(Level2().AllowsMethod(v1::ASSESSMENT_METHOD_UNSPECIFIED), false);
}

TEST(ShippedLevel2, CarriesTheContradictionsRegister) {
  const auto entries = BuiltInCatalogue().Contradictions();
  ASSERT_EQ(entries.size(), 8u);
  EXPECT_EQ(entries[0]->id(), "level-2-floor");
  EXPECT_EQ(entries[0]->statements_size(), 3);
  for (const v1::Contradiction* entry : entries) {
    EXPECT_FALSE(entry->reading().empty()) << entry->id();
  }
}

TEST(ParseSpecification, ShippedFileIsWhatTheLibraryCarries) {
  const auto parsed = ParseSpecification(ShippedFile());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->data().SerializeAsString(),
            Level2().data().SerializeAsString());
}

struct Fault {
  const char* name;
  const char* from;  // replaced in the shipped file, first occurrence
  const char* to;
  const char* says;  // in the error's text
};

class FaultyFile : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultyFile, IsRefusedNamingTheLineAndThePart) {
  const Fault& fault = GetParam();
  std::string text = ShippedFile();
  const size_t at = text.find(fault.from);
  ASSERT_NE(at, std::string::npos);
  const auto line = 1 + std::count(text.begin(), text.begin() + at, '\n');
  text.replace(at, std::string(fault.from).size(), fault.to);
  const absl::Status status = ParseSpecification(text).status();
  EXPECT_EQ(ReasonOf(status), Reason::kSpecificationInvalid);
  EXPECT_THAT(std::string(status.message()), HasSubstr(fault.says));
  EXPECT_TRUE(
      absl::StartsWith(status.message(), absl::StrCat("line ", line, ":")))
      << "expected line " << line << ": " << status;
}

constexpr Fault kFaults[] = {
    {"WrongCheckCharacter", "T/601/1221", "T/601/1222",
     "unit A10: the check character of T/601/1222 is wrong"},
    {"WrongForm", "T/601/1221", "T6011221", "unit A10: T6011221 does not"},
    {"DuplicateUnit", "\"number\": \"B2\"", "\"number\": \"B1\"",
     "unit B1 is given twice"},
    {"DuplicateAccreditationNumber", "J/601/1210", "A/601/1205",
     "units B1 and B2 have the same accreditation number"},
    {"UnknownTheme",
     "\"title\": \"Deliver reliable customer service\", "
     "\"theme\": \"Delivery\"",
     "\"title\": \"x\", \"theme\": \"Deliveries\"",
     "unit B2: theme \"Deliveries\" is not among the themes"},
    {"UnknownKeyInUnit", "{\"number\": \"C1\"",
     "{\"colour\": 1, \"number\": \"C1\"", "unknown key \"colour\" in unit C1"},
    {"UnknownKeyAtTop", "\"awarding_body\"", "\"awarding_bodies\"",
     "unknown key \"awarding_bodies\""},
    {"KeyInAnotherSpelling", "\"awarding_body\"", "\"awardingBody\"",
     "unknown key \"awardingBody\""},
    {"RepeatedKey", "\"awarding_body\": \"OCR\"", "\"id\": \"OCR\"",
     "key \"id\" is given twice"},
    {"WrongType", "\"version\": 1", "\"version\": \"one\"", "version"},
    {"WrongTypeInUnit", "\"credit\": 4, \"level\": 1}",
     "\"credit\": 4.5, \"level\": 1}", "unit C2: credit: invalid value 4.5"},
    {"NotAValue", "\"version\": 1", "\"version\": 01", "\"01\" is not a value"},
    {"NegativeVersion", "\"version\": 1", "\"version\": -1", "version"},
    {"VersionZero", "\"version\": 1", "\"version\": 0", "version counts"},
    {"UnknownMethod", "ASSESSMENT_METHOD_QUESTIONING",
     "ASSESSMENT_METHOD_GUESSING", "methods"},
    {"MethodByNumber", "\"ASSESSMENT_METHOD_QUESTIONING\"", "77",
     "unknown method"},
    {"UnknownMandatoryUnit", "[\"F1\", \"F2\"]", "[\"F1\", \"F9\"]",
     "mandatory_units: unit F9 is not among the units"},
    {"UnknownSimulationUnit", "[\"C1\", \"C2\"]", "[\"C1\", \"C8\"]",
     "simulation: unit C8 is not among the units"},
    {"MandatoryCreditsDoNotAddUp", "\"credits_min\": 8", "\"credits_min\": 9",
     "the units have 8 credits, credits_min says 9"},
    {"NoScope", "LEVEL_FLOOR_SCOPE_OPTIONAL", "LEVEL_FLOOR_SCOPE_UNSPECIFIED",
     "level_floor: scope is missing"},
    {"UnknownSource", "{\"source\": \"S1\", \"line\": 47}",
     "{\"source\": \"S9\", \"line\": 47}",
     "entry_age cites source \"S9\", which is not among the sources"},
    {"CitationWithoutLine", "{\"source\": \"S1\", \"line\": 47}",
     "{\"source\": \"S1\"}", "entry_age cites a line that cannot be"},
    {"CreditZero", "\"credit\": 4, \"level\": 1}",
     "\"credit\": 0, \"level\": 1}", "unit C2: credit is not from 1"},
    {"LevelNine", "\"credit\": 4, \"level\": 1}",
     "\"credit\": 4, \"level\": 9}", "unit C2: level is not from 1 to 8"},
    {"CriterionOfNoOutcome", "{\"outcome\": 1, \"number\": \"1.1\"",
     "{\"outcome\": 4, \"number\": \"4.1\"",
     "unit F1: criterion 4.1 belongs to outcome 4"},
    {"CriterionTwice", "\"number\": \"1.2\"", "\"number\": \"1.1\"",
     "unit F1: criterion 1.1 is given twice"},
    {"CriterionMisnumbered", "\"number\": \"1.2\"", "\"number\": \"1.02\"",
     "unit F1: criterion number \"1.02\" is not"},
    {"NotUtf8", "Deal with customers face to face", "Deal with \xC3( face",
     "the text is not UTF-8"},
    {"Surrogate", "Deal with customers face to face", "\xED\xA0\x80",
     "the text is not UTF-8"},
    {"TrailingComma", "\"C2\"],", "\"C2\",],", "a value was expected"},
};

INSTANTIATE_TEST_SUITE_P(ParseSpecification, FaultyFile,
                         ::testing::ValuesIn(kFaults),
                         [](const auto& info) { return info.param.name; });

TEST(ParseSpecification, RefusesACutFile) {
  const std::string text = ShippedFile();
  for (size_t size = 0; size + 2 < text.size(); size += 13) {
    EXPECT_EQ(ReasonOf(ParseSpecification(text.substr(0, size)).status()),
              Reason::kSpecificationInvalid)
        << size;
  }
}

TEST(ParseSpecification, RefusesWhatIsTooLargeOrTooDeep) {
  const std::string large(kSpecificationBytesMax + 1, ' ');
  EXPECT_EQ(ReasonOf(ParseSpecification(large).status()), Reason::kTooLarge);
  const std::string deep =
      absl::StrCat("{\"units\": ", std::string(1 << 20, '['));
  EXPECT_THAT(std::string(ParseSpecification(deep).status().message()),
              HasSubstr("nested too deep"));
}

TEST(ParseSpecification, TakesTitlesInAnyScript) {
  v1::Specification data = Level2().data();
  data.mutable_units(5)->set_title("خدمة العملاء 😀 \"quoted\"");
  const auto parsed = Reparsed(data);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->data().units(5).title(), data.units(5).title());
}

TEST(ParseSpecification, KeepsTheUnknownApartFromZero) {
  v1::Specification data = Level2().data();
  data.mutable_units(10)->clear_credit();
  data.mutable_units(10)->clear_level();
  data.mutable_units(10)->clear_accreditation_number();
  const auto parsed = Reparsed(data);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_FALSE(parsed->data().units(10).has_credit());
  EXPECT_FALSE(parsed->data().units(10).has_level());
}

TEST(ParseSpecification, KeepsAMisprintedNumberOnlyWhenFlagged) {
  v1::Specification data = Level2().data();
  data.set_accreditation_number("501/0287/12");
  EXPECT_EQ(ReasonOf(Reparsed(data).status()), Reason::kSpecificationInvalid);
  data.set_accreditation_number_unverified(true);
  const auto parsed = Reparsed(data);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->data().accreditation_number(), "501/0287/12");
  data.set_accreditation_number("501/0263/1");
  EXPECT_THAT(std::string(Reparsed(data).status().message()),
              HasSubstr("its check character is right"));
}

TEST(ParseSpecification, RefusesADayThatDoesNotExist) {
  v1::Specification data = Level2().data();
  *data.mutable_dates()->add_citations() = data.entry_age().citations(0);
  data.mutable_dates()->set_operational_end("2014-07-31");
  EXPECT_TRUE(Reparsed(data).ok());
  for (const char* day : {"2014-02-30", "31/07/2014", "2014-7-31", ""}) {
    data.mutable_dates()->set_operational_end(day);
    EXPECT_EQ(ReasonOf(Reparsed(data).status()), Reason::kSpecificationInvalid)
        << day;
  }
}

TEST(Catalogue, FindsByVersionAndNamesWhatItHas) {
  Catalogue catalogue = BuiltInCatalogue();
  v1::Specification data = Level2().data();
  data.set_version(3);
  ASSERT_TRUE(catalogue.Add(*Reparsed(data)).ok());
  EXPECT_EQ((*catalogue.Find("03455", 1))->version(), 1u);
  EXPECT_EQ((*catalogue.FindLatest("03455"))->version(), 3u);
  EXPECT_EQ(catalogue.List().size(), BuiltInCatalogue().List().size() + 1);
  EXPECT_EQ(catalogue.Contradictions().size(), 8u);

  const absl::Status version = catalogue.Find("03455", 2).status();
  EXPECT_EQ(ReasonOf(version), Reason::kSpecificationUnknown);
  EXPECT_THAT(std::string(version.message()), HasSubstr("only 1, 3"));
  const absl::Status id = catalogue.Find("3455", 1).status();
  EXPECT_EQ(ReasonOf(id), Reason::kSpecificationUnknown);
  EXPECT_THAT(std::string(id.message()), HasSubstr("03455"));
}

TEST(Catalogue, NeverChangesAVersion) {
  Catalogue catalogue = BuiltInCatalogue();
  EXPECT_TRUE(catalogue.Add(Level2()).ok());
  v1::Specification data = Level2().data();
  data.mutable_units(4)->set_credit(9);
  EXPECT_EQ(ReasonOf(catalogue.Add(*Reparsed(data))), Reason::kAlreadyExists);
  EXPECT_EQ((*catalogue.Find("03455", 1))->data().units(4).credit(),
            Level2().data().units(4).credit());
}

}  // namespace
}  // namespace vouch
