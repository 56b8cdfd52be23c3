// To open a store reads a handful of rows, however many records there are.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "client-lib/src/open_store.h"
#include "tests/support/counting_store.h"
#include "tests/support/replica_world.h"

namespace vouch {
namespace {

// A tablet that has synced `records` records of its own and as many of
// another's, edited each, and has as many more that the centre lacks.
class FilledTablet {
 public:
  explicit FilledTablet(int records) {
    Tablet& other = world_.AddTablet(v1::ROLE_ASSESSOR, "other");
    tablet_ = &world_.AddTablet(v1::ROLE_ASSESSOR, "own");
    for (int i = 0; i < records; ++i) {
      other.Create(5, world_.scope(), "theirs");
      RecordId own = tablet_->Create(5, world_.scope(), "mine");
      EXPECT_TRUE(tablet_->Set(own, "edited").ok());
    }
    EXPECT_TRUE(world_.Sync(other).status.ok());
    EXPECT_TRUE(world_.Sync(*tablet_).status.ok());
    for (int i = 0; i < records; ++i) {
      tablet_->Create(5, world_.scope(), "pending");
    }
    EXPECT_EQ(uint64_t(records), tablet_->device->Ledger()->pulled);
    EXPECT_EQ(uint64_t(records), tablet_->device->Ledger()->pending);
  }

  uint64_t RowsReadToOpen() {
    Store* store = tablet_->store.get();
    tablet_->device.reset();
    tablet_->keys.reset();
    CountingStore counting(store);
    OpenOptions options;
    options.clock = &tablet_->clock;
    options.random = tablet_->random.get();
    auto key = tablet_->provider->MasterKey();
    options.master_key = [&] { return std::string(key->view()); };
    std::optional<SealKey> master_key;
    auto replica = OpenReplica(options, &counting, &master_key);
    EXPECT_TRUE(replica.ok()) << replica.status();
    const uint64_t rows = counting.rows_read();
    // The counter counts: this does read them all.
    EXPECT_TRUE(replica->device->Ledger()->balanced());
    EXPECT_GT(counting.rows_read(), rows + replica->device->cursor_size());
    return rows;
  }

 private:
  ReplicaWorld world_;
  Tablet* tablet_;
};

TEST(OpenCost, RowsReadDoNotGrowWithTheRecords) {
  const uint64_t few = FilledTablet(3).RowsReadToOpen();
  const uint64_t many = FilledTablet(150).RowsReadToOpen();
  EXPECT_EQ(few, many);
  EXPECT_LT(many, 20u);
}

}  // namespace
}  // namespace vouch
