// Times as people type them into a field.
#include "client-lib/cli/field_values.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

absl::Status SetWhen(const std::string& text, v1::Observation* record) {
  return SetField("when=" + text, nullptr, record);
}

TEST(TypedTime, AnEndMayBeAnHourOfTheSameDay) {
  v1::Observation record;
  ASSERT_TRUE(SetWhen("2026-09-01T10:00/10:45", &record).ok());
  EXPECT_EQ(record.when().end_ms() - record.when().start_ms(), 45 * 60'000);
}

TEST(TypedTime, OnlyTimesThatCanBeShownAgainAreTaken) {
  v1::Observation record;
  EXPECT_TRUE(SetWhen("0001-01-01T00:00", &record).ok());
  EXPECT_TRUE(SetWhen("9999-12-31T23:59", &record).ok());
  for (const char* text :
       {"infinite-future", "infinite-past", "0000-12-31T23:59",
        "10000-01-01T00:00", "-2026-09-01T10:00"}) {
    EXPECT_EQ(ReasonOf(SetWhen(text, &record)), Reason::kMalformed) << text;
    EXPECT_EQ(record.when().start_ms(), 0) << text;
  }
}

}  // namespace
}  // namespace vouch::cli
