// Rule 21: the same work written twice is pointed at, and what is only much
// alike is not.
#include "evidence/possible_duplicates.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "evidence/acts.h"
#include "evidence/kinds.h"
#include "gtest/gtest.h"
#include "tests/support/change_builder.h"

namespace vouch {
namespace {

using test::Author;
using test::IdOf;
using test::Notebook;
using test::RecordRef;

constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;
// Twenty words.
constexpr char kSeen[] =
    "He switched the supply off, proved it dead, wired the new socket, tested "
    "it, and then told the customer. All well.";

class PossibleDuplicatesTest : public testing::Test {
 protected:
  static v1::Observation Seen(const std::string& text,
                              int64_t start_ms = test::kStartMs) {
    v1::Observation seen;
    seen.set_candidate("Sam Carter");
    seen.set_venue("Workshop");
    seen.mutable_when()->set_start_ms(start_ms);
    seen.add_narrative()->set_text(text);
    return seen;
  }
  RecordRef Start(Notebook& note, const google::protobuf::Message& record) {
    return note.Starts(record, registration_);
  }
  // What is found among all of them, whatever their order.
  PossibleDuplicates Find() {
    std::vector<RecordView> views = ann_.Views();
    for (const RecordView& view : ben_.Views()) views.push_back(view);
    PossibleDuplicates found = FindPossibleDuplicates(views);
    std::reverse(views.begin(), views.end());
    PossibleDuplicates reversed = FindPossibleDuplicates(views);
    EXPECT_EQ(found.pairs.size(), reversed.pairs.size());
    for (size_t i = 0; i < found.pairs.size(); ++i) {
      EXPECT_EQ(found.pairs[i].first, reversed.pairs[i].first);
      EXPECT_EQ(found.pairs[i].second, reversed.pairs[i].second);
    }
    return found;
  }
  bool Alike(const std::string& a, const std::string& b) {
    Notebook note(&author_);
    note.Starts(Seen(a), registration_);
    note.Starts(Seen(b), registration_);
    return !FindPossibleDuplicates(note.Views()).pairs.empty();
  }

  const RecordId registration_ = IdOf<RecordId>("registration");
  Author author_{"ann"}, other_{"ben"};
  Notebook ann_{&author_}, ben_{&other_};
};

TEST_F(PossibleDuplicatesTest, TheSameTypedAgainIsAPair) {
  const RecordRef first = Start(ann_, Seen(kSeen));
  const RecordRef second = Start(
      ann_, Seen("he SWITCHED the supply off; proved it dead; wired the new "
                 "socket, tested it and then told the customer -- all well"));
  Start(ann_, Seen("She answered the phone and took a message for the boss."));
  const PossibleDuplicates found = Find();
  ASSERT_EQ(found.pairs.size(), 1u);
  EXPECT_EQ(found.pairs[0].first, std::min(first.id, second.id));
  EXPECT_EQ(found.pairs[0].second, std::max(first.id, second.id));
  EXPECT_EQ(found.pairs[0].likeness_percent, 100u);
  EXPECT_TRUE(found.complete);
}

TEST_F(PossibleDuplicatesTest, ParagraphsAreReadAsOneText) {
  v1::Observation parted = Seen("He switched the supply off, proved it dead,");
  parted.add_narrative()->set_text("wired the new socket, tested it,");
  parted.add_narrative()->set_text("and then told the customer. All well.");
  Start(ann_, Seen(kSeen));
  Start(ann_, parted);
  EXPECT_EQ(Find().pairs.size(), 1u);
}

TEST_F(PossibleDuplicatesTest, TwoWordsInTwentyMakeNoDifferenceAndManyDo) {
  EXPECT_TRUE(Alike(kSeen,
                    "He switched the power off, proved it dead, wired the new "
                    "socket, tested it, and then told the client. All well."));
  // The near miss: the same story about another job.
  EXPECT_FALSE(Alike(kSeen,
                     "He switched the power off, made it dead, fixed the old "
                     "socket, tested it, and then told the client. All well."));
}

TEST_F(PossibleDuplicatesTest, TheThresholdIsWhereItSays) {
  // Of 10 words the pairs of neighbours are 9. With the last n words changed
  // 9 - n are shared among 9 + n: 7 / 11 = 63 %, 6 / 12 = 50 %.
  EXPECT_TRUE(Alike("a b c d e f g h i j", "a b c d e f g h y z"));
  EXPECT_FALSE(Alike("a b c d e f g h i j", "a b c d e f g x y z"));
  EXPECT_EQ(kLikenessPercentMin, 60u);
}

TEST_F(PossibleDuplicatesTest, AlikeOnlyIfNearInTimeAndEqualAtAnyTime) {
  const std::string nearly =
      "He switched the power off, proved it dead, wired the new socket, "
      "tested it, and then told the customer. All well.";
  const RecordRef first = Start(ann_, Seen(kSeen));
  const RecordRef next_day = Start(ann_, Seen(nearly, test::kStartMs + kDayMs));
  EXPECT_EQ(Find().pairs.size(), 1u);
  Start(ann_, Seen(absl::StrCat(nearly, " Yes."), test::kStartMs - kDayMs - 1));
  EXPECT_EQ(Find().pairs.size(), 1u);
  Start(ann_, Seen(kSeen, std::numeric_limits<int64_t>::min()));
  const PossibleDuplicates found = Find();
  ASSERT_EQ(found.pairs.size(), 2u);
  EXPECT_EQ(found.pairs[0].likeness_percent + found.pairs[1].likeness_percent,
            100u + 81u);  // 17 of 21: one word of 20 is in two pairs
  (void)first;
  (void)next_day;
}

TEST_F(PossibleDuplicatesTest, WithoutATimeTheTextDecides) {
  v1::Observation undated = Seen(kSeen);
  undated.clear_when();
  Start(ann_, undated);
  Start(ann_, Seen(absl::StrCat(kSeen, " Signed off.")));
  EXPECT_EQ(Find().pairs.size(), 1u);
}

TEST_F(PossibleDuplicatesTest, AnotherAuthorKindOrRegistrationIsNoPair) {
  Start(ann_, Seen(kSeen));
  Start(ben_, Seen(kSeen));
  v1::WitnessStatement statement;
  statement.add_description()->set_text(kSeen);
  Start(ann_, statement);
  ann_.Starts(Seen(kSeen), IdOf<RecordId>("another"));
  EXPECT_TRUE(Find().pairs.empty());
}

TEST_F(PossibleDuplicatesTest, WhatWasDiscardedOrWithdrawnIsSettled) {
  const RecordRef first = Start(ann_, Seen(kSeen));
  const RecordRef second = Start(ann_, Seen(kSeen));
  ASSERT_EQ(Find().pairs.size(), 1u);
  ann_.Does(second, DiscardRecord(ann_.View(second)));
  EXPECT_TRUE(Find().pairs.empty());
  const RecordRef third = Start(ann_, Seen(kSeen));
  ann_.Does(first, SealRecord(ann_.View(first)));
  ASSERT_EQ(Find().pairs.size(), 1u);
  ann_.Does(first, WithdrawRecord(ann_.View(first)));
  EXPECT_TRUE(Find().pairs.empty());
  EXPECT_EQ(ann_.Read<v1::Observation>(third).narrative(0).text(), kSeen);
}

TEST_F(PossibleDuplicatesTest, EveryScriptAndNoTextAtAll) {
  EXPECT_TRUE(Alike("مرحبا بالعالم", "مرحبا، بالعالم") ||
              !Alike("مرحبا بالعالم", "שלום עולם"));
  EXPECT_TRUE(Alike("👩‍🔧", "👩‍🔧"));
  EXPECT_TRUE(Alike("one", "One."));
  EXPECT_FALSE(Alike("one", "two"));
  EXPECT_FALSE(Alike("", ""));
  EXPECT_FALSE(Alike("...", "!"));
}

TEST_F(PossibleDuplicatesTest, AKindWithoutParagraphsIsReadByItsTextFields) {
  v1::Witness witness;
  witness.set_name("Kim Doyle");
  witness.set_job_title("Foreman");
  witness.set_contact("kim@example.org");
  Start(ann_, witness);
  Start(ann_, witness);
  EXPECT_EQ(Find().pairs.size(), 1u);
}

TEST_F(PossibleDuplicatesTest, TextsThatPartBeyondTheLimitAreAlikeNotEqual) {
  std::string start;
  for (size_t i = 0; i < kComparedWordsMax; ++i) {
    absl::StrAppend(&start, "word", i, " ");
  }
  Start(ann_, Seen(absl::StrCat(start, "one end"), 0));
  Start(ann_, Seen(absl::StrCat(start, "another"), kDayMs));
  EXPECT_EQ(Find().pairs.size(), 1u);
  // Not equal, so that their dates matter.
  Start(ann_, Seen(absl::StrCat(start, "a third"), -kDayMs));
  EXPECT_EQ(Find().pairs.size(), 2u);
}

TEST_F(PossibleDuplicatesTest, TheWorkIsBoundedAndSaysSo) {
  const RecordView one = ann_.View(Start(ann_, Seen(kSeen)));
  std::vector<RecordView> views;
  size_t pairs = 0;
  while (pairs <= kComparedPairsMax) {
    pairs += views.size();
    views.push_back(one);
    views.back().id = IdOf<RecordId>(absl::StrCat(views.size()));
  }
  const PossibleDuplicates found = FindPossibleDuplicates(views);
  EXPECT_FALSE(found.complete);
  EXPECT_EQ(found.pairs.size(), kComparedPairsMax);
  views.resize(100);
  EXPECT_TRUE(FindPossibleDuplicates(views).complete);
}

}  // namespace
}  // namespace vouch
