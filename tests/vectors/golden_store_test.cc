// Stores that earlier versions wrote open with today's code, with the same
// records, hashes and chains, and go on.
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/codec.h"
#include "tests/support/temp_dir.h"
#include "tests/vectors/store_story.h"

namespace vouch {
namespace {

class GoldenStore : public ::testing::TestWithParam<const char*> {};

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST_P(GoldenStore, OpensWithItsRecordsAndGoesOn) {
  std::string golden =
      std::string(VOUCH_SOURCE_DIR) + "/tests/vectors/" + GetParam();
  TempDir temp;
  std::string folder = temp.path() + "/store";
  std::filesystem::copy(golden, folder,
                        std::filesystem::copy_options::recursive);
  std::vector<std::string> expected = Lines(folder + "/expected.txt");
  ASSERT_EQ(expected.size(), 4u);
  StoreStory story(7);
  ASSERT_TRUE(story.Open(folder).ok());

  RecordView first = *story.device->View(*RecordId::FromHex(expected[0]));
  ByteReader value(first.fields.at(0).heads.at(0).value);
  value.Varint();
  EXPECT_EQ(value.Prefixed(), "the back office");
  EXPECT_EQ(*story.device->SafetyOf(first.id), Safety::kAtTheCentre);
  auto second = RecordId::FromHex(expected[1]);
  EXPECT_EQ(*story.device->SafetyOf(*second), Safety::kOnThisTablet);
  auto states = *story.device->ScopeStates();
  ASSERT_EQ(states.size(), 1u);
  EXPECT_EQ(states[0].second.Hex(), expected[2]);
  EXPECT_EQ(story.centre->Head().root.Hex(), expected[3]);
  EXPECT_EQ(story.device->membership()->person_name, "golden assessor");

  LoopbackResult synced = SyncOverLoopback(*story.device, *story.centre);
  ASSERT_TRUE(synced.status.ok()) << synced.status;
  EXPECT_EQ(synced.report.changes_pushed, 1u);
  EXPECT_EQ(story.centre->Head().size, 3u);
  EXPECT_EQ(*story.device->ScopeStates(),
            *story.centre->changes().ScopeStates(*story.centre_store));
}

INSTANTIATE_TEST_SUITE_P(Versions, GoldenStore, ::testing::Values("store-v1"));

}  // namespace
}  // namespace vouch
