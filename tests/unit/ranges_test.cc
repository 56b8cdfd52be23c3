#include "sync/core/ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// Sorted, so that a range is found without looking at all.
class Sorted : public HashSource {
 public:
  void Add(const Hash& hash) { hashes_.push_back(hash); }
  void Sort() { std::sort(hashes_.begin(), hashes_.end()); }
  absl::Status Visit(
      const HashPrefix& range,
      const std::function<void(const Hash&)>& visit) const override {
    const std::string begin = BeginOf(range);
    const std::string end = EndOf(range);
    auto at = std::lower_bound(hashes_.begin(), hashes_.end(), begin,
                               [](const Hash& hash, const std::string& key) {
                                 return hash.view().substr(0, key.size()) < key;
                               });
    for (; at != hashes_.end(); ++at) {
      if (!end.empty() && at->view().substr(0, end.size()) >= end) break;
      visit(*at);
    }
    return absl::OkStatus();
  }

 private:
  std::vector<Hash> hashes_;
};

Hash HashOfNumber(int number) { return HashOf("test", {absl::StrCat(number)}); }

struct Outcome {
  std::set<Hash> lacking;
  size_t bytes = 0;
  int round_trips = 0;
};

Outcome Compare(const Sorted& mine, const Sorted& theirs) {
  Outcome out;
  RangeComparison compare;
  auto request = compare.Begin(mine);
  while (request.ok() && request->ranges_size() > 0) {
    auto answer = AnswerRanges(theirs, *request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return out;
    out.bytes += request->ByteSizeLong() + answer->ByteSizeLong();
    ++out.round_trips;
    request = compare.Next(mine, *answer);
  }
  EXPECT_TRUE(request.ok()) << request.status();
  out.lacking = {compare.lacking().begin(), compare.lacking().end()};
  EXPECT_EQ(out.lacking.size(), compare.lacking().size()) << "named twice";
  return out;
}

TEST(Ranges, AMillionEqualChangesCostUnder400Bytes) {
  Sorted both;
  for (int i = 0; i < 1'000'000; ++i) both.Add(HashOfNumber(i));
  both.Sort();
  Outcome equal = Compare(both, both);
  EXPECT_TRUE(equal.lacking.empty());
  EXPECT_LE(equal.bytes, 400u);
  EXPECT_EQ(equal.round_trips, 1);

  Sorted theirs;
  for (int i = 0; i < 1'000'000; ++i) {
    if (i != 123'456) theirs.Add(HashOfNumber(i));
  }
  theirs.Sort();
  Outcome one = Compare(both, theirs);
  EXPECT_EQ(one.lacking, std::set<Hash>{HashOfNumber(123'456)});
  EXPECT_LE(one.bytes, 2500u);
  EXPECT_LE(one.round_trips, 2) << "and one more to send it";
}

TEST(Ranges, ExactlyWhatTheCentreLacksIsFound) {
  for (int size : {0, 1, 2, 31, 32, 33, 64, 500, 3000}) {
    for (int every : {1, 2, 3, 7, 100}) {
      Sorted mine;
      Sorted theirs;
      std::set<Hash> expected;
      for (int i = 0; i < size; ++i) {
        const Hash hash = HashOfNumber(i);
        mine.Add(hash);
        if (i % every == 0) {
          expected.insert(hash);
        } else {
          theirs.Add(hash);
        }
        // What only the centre has is of no matter here.
        if (i % 5 == 0) theirs.Add(HashOfNumber(-i - 1));
      }
      mine.Sort();
      theirs.Sort();
      EXPECT_EQ(Compare(mine, theirs).lacking, expected)
          << size << " changes, every " << every;
    }
  }
}

TEST(Ranges, AQuestionThatFitsNothingIsRefused) {
  Sorted held;
  held.Add(HashOfNumber(1));
  v1::CompareRanges request;
  v1::HashRange* range = request.add_ranges();
  range->set_bits(65);
  range->set_listed(true);
  EXPECT_EQ(ReasonOf(AnswerRanges(held, request).status()), Reason::kMalformed);
  range->set_bits(4);
  range->set_prefix(1);  // beyond its bits
  EXPECT_EQ(ReasonOf(AnswerRanges(held, request).status()), Reason::kMalformed);
  range->set_prefix(0);
  range->set_listed(false);
  range->add_parts("");
  EXPECT_EQ(ReasonOf(AnswerRanges(held, request).status()), Reason::kMalformed);
  request.clear_ranges();
  for (int i = 0; i <= kRangesMax; ++i) request.add_ranges()->set_listed(true);
  EXPECT_EQ(ReasonOf(AnswerRanges(held, request).status()), Reason::kTooLarge);
}

// A device that asked for everything 64 times made the centre look at every
// change it holds as often.
TEST(Ranges, AQuestionAboutTheSameChangesTwiceIsRefused) {
  Sorted held;
  held.Add(HashOfNumber(1));
  v1::CompareRanges request;
  for (uint64_t prefix = 0; prefix < 2; ++prefix) {
    v1::HashRange* half = request.add_ranges();
    half->set_bits(1);
    half->set_prefix(prefix << 63);
    half->set_listed(true);
  }
  EXPECT_TRUE(AnswerRanges(held, request).ok()) << "side by side";
  v1::HashRange* within = request.add_ranges();
  within->set_bits(2);
  within->set_prefix(uint64_t{3} << 62);
  within->set_listed(true);
  EXPECT_EQ(ReasonOf(AnswerRanges(held, request).status()), Reason::kMalformed);
  within->set_bits(0);
  within->set_prefix(0);
  EXPECT_EQ(ReasonOf(AnswerRanges(held, request).status()), Reason::kMalformed);
}

// Each time counted anew as lacking: a message of a few megabytes from the
// centre made the tablet keep gigabytes.
TEST(Ranges, AnAnswerThatNamesARangeTwiceIsRefused) {
  Sorted mine;
  for (int i = 0; i < 1000; ++i) mine.Add(HashOfNumber(i));
  mine.Sort();
  for (bool listed : {false, true}) {
    v1::RangesDiffer answer;
    v1::HashRange* range = answer.add_ranges();
    range->set_bits(kFirstPartBits);
    range->set_listed(listed);
    for (int i = 0; !listed && i < 1 << kPartBits; ++i) range->add_parts("");
    RangeComparison once;
    ASSERT_TRUE(once.Begin(mine).ok());
    EXPECT_TRUE(once.Next(mine, answer).ok());
    *answer.add_ranges() = answer.ranges(0);
    RangeComparison twice;
    ASSERT_TRUE(twice.Begin(mine).ok());
    EXPECT_EQ(ReasonOf(twice.Next(mine, answer).status()), Reason::kMalformed);
  }
}

TEST(Ranges, AnAnswerToNothingThatWasAskedIsRefused) {
  Sorted mine;
  for (int i = 0; i < 1000; ++i) mine.Add(HashOfNumber(i));
  mine.Sort();
  RangeComparison compare;
  ASSERT_TRUE(compare.Begin(mine).ok());
  v1::RangesDiffer answer;
  v1::HashRange* range = answer.add_ranges();
  range->set_bits(30);
  range->set_listed(true);
  EXPECT_EQ(ReasonOf(compare.Next(mine, answer).status()), Reason::kMalformed);
}

}  // namespace
}  // namespace vouch
