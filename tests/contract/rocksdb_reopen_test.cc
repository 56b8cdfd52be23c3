// A store that has outgrown its write-ahead log opens again. The manifest names
// the logs that are closed by then, and the look at the format before the real
// opening has to take that as it is: vouchd ended at its next start instead.
#include "gtest/gtest.h"
#include "storage/rocksdb_store.h"
#include "tests/support/temp_dir.h"

namespace vouch {
namespace {

std::string KeyOf(int i) { return "key " + std::to_string(1000 + i); }

TEST(RocksDbReopen, WorksOnceSeveralLogsAreInUse) {
  TempDir dir;
  RocksDbOptions options;
  options.path = dir.Path("store");
  options.write_buffer_bytes = 1 << 20;
  constexpr int kRows = 200;
  const std::string value(64 << 10, 'x');
  for (int opened = 0; opened < 3; ++opened) {
    auto store = OpenRocksDbStore(options);
    ASSERT_TRUE(store.ok()) << store.status();
    for (int i = 0; i < kRows; ++i) {
      // One family is written to seldom, so that old logs are still needed.
      WriteBatch batch;
      if (i == 0) batch.Put(Family::kMeta, KeyOf(opened), "kept");
      batch.Put(Family::kPayload, KeyOf(i), value);
      ASSERT_TRUE((*store)->Write(std::move(batch), Durability::kSynced).ok());
    }
    for (int before = 0; before <= opened; ++before) {
      EXPECT_EQ(*(*store)->Get(Family::kMeta, KeyOf(before)), "kept");
    }
  }
}

}  // namespace
}  // namespace vouch
