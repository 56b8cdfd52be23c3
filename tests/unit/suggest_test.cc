// Suggestions for a paragraph that two people edited apart.
#include "sync/core/suggest.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace vouch {
namespace {

using Suggestion = std::optional<std::string>;

TEST(Suggest, EditsOfDifferentWordsMerge) {
  EXPECT_EQ(SuggestMerge("He wired it alone", "Sam wired it alone",
                         "He wired it alone and safely"),
            Suggestion("Sam wired it alone and safely"));
}

TEST(Suggest, EditsOfTheSameWordGiveNone) {
  EXPECT_EQ(SuggestMerge("at noon today", "at one today", "at two today"),
            Suggestion());
}

TEST(Suggest, EditsSideBySideGiveNone) {
  EXPECT_EQ(SuggestMerge("the red cable is live", "the blue cable is live",
                         "the red wire is live"),
            Suggestion());
}

TEST(Suggest, EqualEditsAreThatEdit) {
  EXPECT_EQ(SuggestMerge("a b c", "a x c", "a x c"), Suggestion("a x c"));
}

TEST(Suggest, OneSidedEditsAreTaken) {
  EXPECT_EQ(SuggestMerge("a b c", "a b c", "a x c d"), Suggestion("a x c d"));
  EXPECT_EQ(SuggestMerge("a b c", "", "a b c"), Suggestion(""));
  EXPECT_EQ(SuggestMerge("", "", "new text"), Suggestion("new text"));
}

TEST(Suggest, RemovalsAndInsertionsApartMerge) {
  EXPECT_EQ(SuggestMerge("one two three four five", "one three four five",
                         "one two three four and five"),
            Suggestion("one three four and five"));
}

TEST(Suggest, RemovingWhatTheOtherEditedGivesNone) {
  EXPECT_EQ(SuggestMerge("one two three", "one three", "one 2 three"),
            Suggestion());
}

TEST(Suggest, SpacingIsKeptAsItsEditorLeftIt) {
  EXPECT_EQ(SuggestMerge("a b c d", "a  b c d", "a b c\nd"),
            Suggestion("a  b c\nd"));
  EXPECT_EQ(SuggestMerge("  a b c", "a b c", "  a b x"), Suggestion("a b x"));
  EXPECT_EQ(SuggestMerge("a b", "a  b", "a\tb"), Suggestion())
      << "the same space edited apart";
}

TEST(Suggest, IsTheSameForEitherSide) {
  const char* base = "the quick brown fox jumps over the lazy dog";
  const char* a = "the slow brown fox jumps over the lazy dog";
  const char* b = "the quick brown fox jumps over a very lazy dog";
  EXPECT_EQ(SuggestMerge(base, a, b), SuggestMerge(base, b, a));
  EXPECT_EQ(SuggestMerge(base, a, b),
            Suggestion("the slow brown fox jumps over a very lazy dog"));
}

TEST(Suggest, NoCharacterIsCut) {
  EXPECT_EQ(
      SuggestMerge("שלום עולם טוב 🎉", "שלום עולם רע 🎉", "להתראות עולם טוב 🎉"),
      Suggestion("להתראות עולם רע 🎉"));
}

TEST(Suggest, TextsAboveTheLimitGiveNone) {
  std::string longest;
  for (size_t i = 0; i + 1 < kSuggestWordsMax; ++i) {
    absl::StrAppend(&longest, "w", i, " ");
  }
  EXPECT_EQ(SuggestMerge(longest, "x " + longest, longest).has_value(), false)
      << "one word more than the limit";
  std::string first = longest;
  first.replace(0, 2, "changed");
  EXPECT_EQ(SuggestMerge(longest, first, longest), Suggestion(first));
}

}  // namespace
}  // namespace vouch
