#include "tests/bench/generate.h"

#include <gtest/gtest.h>

#include "vouch/client.h"

namespace vouch::bench {
namespace {

std::string Lines(uint64_t seed, int records) {
  RecordGenerator generator(seed);
  std::string out;
  for (int i = 0; i < records; ++i) {
    out += JsonLineOf(generator.Next()) + "\n";
  }
  return out;
}

TEST(Generate, TheSameSeedGivesTheSameBytes) {
  EXPECT_EQ(Lines(42, 200), Lines(42, 200));
}

TEST(Generate, AnotherSeedGivesOtherRecords) {
  EXPECT_NE(Lines(42, 5), Lines(43, 5));
}

TEST(Generate, EveryRecordIsReadyToSignOrToCount) {
  RecordGenerator generator(7);
  for (int i = 0; i < 500; ++i) {
    const GeneratedRecord record = generator.Next();
    const auto problems = Client::ValidateMessage(*record.message);
    EXPECT_TRUE(problems.empty())
        << JsonLineOf(record) << ": " << problems[0].field;
  }
}

TEST(Generate, AllKindsComeAndARecordHasTheSizeThatPeersWereMeasuredWith) {
  RecordGenerator generator(42);
  constexpr int kRecords = 2000;
  size_t bytes = 0;
  int of_kind[4] = {};
  for (int i = 0; i < kRecords; ++i) {
    const GeneratedRecord record = generator.Next();
    bytes += record.message->ByteSizeLong();
    ++of_kind[static_cast<int>(record.kind)];
  }
  EXPECT_NEAR(static_cast<double>(bytes) / kRecords, 1828, 100);
  for (int count : of_kind) EXPECT_GT(count, kRecords / 40);
  EXPECT_GT(of_kind[static_cast<int>(GeneratedKind::kObservation)],
            kRecords / 2);
}

}  // namespace
}  // namespace vouch::bench
