// CSV files as spreadsheets save them, and what they may not hold.
#include "evidence/csv.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kColumns = {"name", "note"};

TEST(Csv, ReadsCellsInTheOrderAskedFor) {
  const auto file = ReadCsv(
      "note,name\r\nfirst,Ann\r\n\r\n\"a, b\",\"Bob \"\"B\"\"\"\r\n", kColumns);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->rows.size(), 2u);
  EXPECT_THAT(file->rows[0].cells, ElementsAre("Ann", "first"));
  EXPECT_EQ(file->rows[0].line, 2);
  EXPECT_THAT(file->rows[1].cells, ElementsAre("Bob \"B\"", "a, b"));
  EXPECT_EQ(file->rows[1].line, 4);
}

TEST(Csv, KeepsLineBreaksAndAnyScript) {
  const auto file = ReadCsv(
      "\xEF\xBB\xBFname,note\n\"one\r\ntwo\",\u0645\u0631\u062d\u0628\u0627\nx,"
      "y",
      kColumns);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->rows[0].cells,
              ElementsAre("one\ntwo", "\u0645\u0631\u062d\u0628\u0627"));
  EXPECT_EQ(file->rows[1].line, 4);
}

TEST(Csv, TakesAHundredThousandRowsAndNoMoreThanItsLimit) {
  std::string text = "name,note\n";
  for (int i = 0; i < 100000; ++i) absl::StrAppend(&text, "n", i, ",x\n");
  ASSERT_TRUE(ReadCsv(text, kColumns).ok());
  EXPECT_EQ(ReadCsv(text, kColumns)->rows.size(), 100000u);
  for (size_t i = 100000; i <= kCsvRowsMax; ++i) text += "n,x\n";
  EXPECT_EQ(ReasonOf(ReadCsv(text, kColumns).status()), Reason::kTooLarge);
}

struct Fault {
  const char* name;
  std::string text;
  Reason reason;
  const char* says;
};

class FaultyCsv : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultyCsv, IsRefusedNamingTheLine) {
  const auto file = ReadCsv(GetParam().text, kColumns);
  EXPECT_EQ(ReasonOf(file.status()), GetParam().reason) << file.status();
  EXPECT_THAT(std::string(file.status().message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Csv, FaultyCsv,
    ::testing::Values(
        Fault{"Empty", "", Reason::kMalformed, "line 1: the file is empty"},
        Fault{"NoColumn", "name\n", Reason::kMalformed, "no column \"note\""},
        Fault{"ColumnTwice", "name,note,name\n", Reason::kMalformed,
              "\"name\" is there twice"},
        Fault{"UnknownColumn", "name,note,age\n", Reason::kMalformed,
              "unknown column \"age\""},
        Fault{"TooFewCells", "name,note\na,b\nc\n", Reason::kMalformed,
              "line 3: 1 cells"},
        Fault{"TooManyCells", "name,note\na,b,c\n", Reason::kMalformed,
              "line 2: 3 cells"},
        Fault{"Latin1", "name,note\na,caf\xE9\n", Reason::kNotUtf8,
              "line 2: the text is not UTF-8"},
        Fault{"Utf16", std::string("\xFF\xFEn\0a\0", 6), Reason::kNotUtf8,
              "line 1"},
        Fault{"Formula", "name,note\na,\"=HYPERLINK(\"\"x\"\")\"\n",
              Reason::kMalformed, "line 2: a cell begins like a formula"},
        Fault{"AtSign", "name,note\n@x,b\n", Reason::kMalformed, "formula"},
        Fault{"Minus", "name,note\n-1+1,b\n", Reason::kMalformed, "formula"},
        Fault{"Plus", "name,note\na,+1\n", Reason::kMalformed, "formula"},
        Fault{"OpenQuote", "name,note\na,\"b\nc\n", Reason::kMalformed,
              "line 2: a quoted cell does not end"},
        Fault{"StrayQuote", "name,note\na,b\"c\n", Reason::kMalformed,
              "line 2: a quote within"},
        Fault{"TextAfterQuote", "name,note\na,\"b\"c\n", Reason::kMalformed,
              "line 2: text follows"},
        Fault{"CrAlone", "name,note\ra,b\r", Reason::kMalformed, "CR alone"},
        Fault{"Control", std::string("name,note\na,b\x01\n"),
              Reason::kMalformed, "control character"},
        Fault{"LongCell", "name,note\na," + std::string(70000, 'x') + "\n",
              Reason::kTooLarge, "line 2: a cell has more than"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace vouch
