// What was deleted leaves the engine's files once they are compacted: an erased
// key must not be found in them.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "storage/rocksdb_store.h"
#include "sync/base/clock.h"
#include "sync/base/sign.h"
#include "tests/support/temp_dir.h"

namespace vouch {
namespace {

bool InFiles(const std::string& folder, const std::string& bytes) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (absl::StrContains(text.str(), bytes)) return true;
  }
  return false;
}

TEST(Compact, ADeletedKeyIsInNoFileOfTheStoreAnyMore) {
  TempDir dir;
  RocksDbOptions options;
  options.path = dir.Path("store");
  auto store = OpenRocksDbStore(options);
  ASSERT_TRUE(store.ok()) << store.status();
  const std::string erased(SealKey::Generate(*SystemRandom()).view());
  const std::string kept(SealKey::Generate(*SystemRandom()).view());
  WriteBatch put;
  put.Put(Family::kKey, "Perased", erased);
  put.Put(Family::kKey, "Pkept", kept);
  ASSERT_TRUE((*store)->Write(std::move(put), Durability::kSynced).ok());
  EXPECT_TRUE(InFiles(options.path, erased));
  ASSERT_TRUE((*store)->Compact(Family::kKey).ok());
  EXPECT_TRUE(InFiles(options.path, erased));
  WriteBatch erase;
  erase.Delete(Family::kKey, "Perased");
  ASSERT_TRUE((*store)->Write(std::move(erase), Durability::kSynced).ok());
  EXPECT_TRUE(InFiles(options.path, erased));

  ASSERT_TRUE((*store)->Compact(Family::kKey).ok());
  EXPECT_FALSE(InFiles(options.path, erased));
  EXPECT_TRUE(InFiles(options.path, kept));
  EXPECT_EQ(*(*store)->Get(Family::kKey, "Pkept"), kept);
}

}  // namespace
}  // namespace vouch
