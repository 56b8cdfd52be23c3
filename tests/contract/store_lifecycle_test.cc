// What every engine promises about opening, format, full disks, damage, copies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/format.h"
#include "storage/store.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"
#include "tests/contract/store_fixture.h"

namespace vouch {
namespace {

using ::testing::HasSubstr;
class StoreLifecycle : public StoreTest {};

TEST_P(StoreLifecycle, WritesOutliveTheStore) {
  Write(Put(Family::kMeta, "a", "buffered"));
  Write(Put(Family::kMeta, "b", "synced"), Durability::kSynced);
  Write(Put(Family::kMeta, "c", "then synced"));
  ASSERT_TRUE(store_->Sync().ok());
  Write(WriteBatch(), Durability::kSynced);
  Reopen();
  EXPECT_EQ(Get(Family::kMeta, "a"), "buffered");
  EXPECT_EQ(Get(Family::kMeta, "b"), "synced");
  EXPECT_EQ(Get(Family::kMeta, "c"), "then synced");
}

TEST_P(StoreLifecycle, ASecondOpenIsLockedOut) {
  EXPECT_EQ(ReasonOf(engine_->Open().status()), Reason::kStoreLocked);
  Write(Put(Family::kMeta, "a", "1"));  // the first goes on
  store_.reset();
  EXPECT_TRUE(engine_->Open().ok());
}

TEST_P(StoreLifecycle, ANewStoreIsMarkedWithItsFormat) {
  EXPECT_EQ(Get(Family::kMeta, kStoreFormatKey), "\x01");
}

TEST_P(StoreLifecycle, ANewerFormatIsRefusedUntouched) {
  Write(Put(Family::kLog, "a", "kept"));
  Write(Put(Family::kMeta, kStoreFormatKey, ByteWriter().Varint(300).bytes()),
        Durability::kSynced);
  store_.reset();
  const std::string before = engine_->Fingerprint();
  const absl::Status status = engine_->Open().status();
  EXPECT_EQ(ReasonOf(status), Reason::kStoreNewer) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("300"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat(kStoreFormatVersion)));
  EXPECT_TRUE(engine_->Fingerprint() == before);
}

TEST_P(StoreLifecycle, AStoreThatLostItsMarkerIsNotTakenForANewOne) {
  Write(Put(Family::kLog, "a", "kept"));
  WriteBatch batch;
  batch.Delete(Family::kMeta, kStoreFormatKey);
  Write(std::move(batch), Durability::kSynced);
  store_.reset();
  const absl::Status status = engine_->Open().status();
  EXPECT_EQ(ReasonOf(status), Reason::kStoreCorrupted) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("meta"));
}

TEST_P(StoreLifecycle, AFullDiskRefusesWritesAndRecoversWithoutAReopen) {
  Write(Put(Family::kMeta, "a", "before"), Durability::kSynced);
  engine_->SetFull(true);
  for (int i = 0; i < 3; ++i) {
    const absl::Status status =
        store_->Write(Put(Family::kMeta, "b", "refused"), Durability::kSynced);
    EXPECT_EQ(ReasonOf(status), Reason::kStoreFull) << status;
  }
  // Once full is known, buffered writes are refused as well.
  EXPECT_EQ(ReasonOf(store_->Write(Put(Family::kMeta, "b", "refused"),
                                   Durability::kBuffered)),
            Reason::kStoreFull);
  EXPECT_EQ(Get(Family::kMeta, "a"), "before");
  EXPECT_EQ(Get(Family::kMeta, "b"), "(none)");
  engine_->SetFull(false);
  Write(Put(Family::kMeta, "c", "after"), Durability::kSynced);
  Reopen();
  EXPECT_EQ(Get(Family::kMeta, "a"), "before");
  EXPECT_EQ(Get(Family::kMeta, "b"), "(none)");
  EXPECT_EQ(Get(Family::kMeta, "c"), "after");
}

TEST_P(StoreLifecycle, BufferedWritesNoticeAFullDiskBeforeTheReserveIsGone) {
  engine_->SetFull(true);
  const std::string value(1 << 10, 'v');
  int written = 0;
  while (written < 2048 &&
         store_
             ->Write(Put(Family::kMeta, absl::StrCat(written), value),
                     Durability::kBuffered)
             .ok()) {
    ++written;
  }
  EXPECT_LT(written, 1024);  // 1 MiB; the reserve is 64
}

TEST_P(StoreLifecycle, AFullDiskOpensForReading) {
  Write(Put(Family::kMeta, "a", "1"), Durability::kSynced);
  store_.reset();
  engine_->SetFull(true);
  Reopen();
  EXPECT_EQ(Get(Family::kMeta, "a"), "1");
}

TEST_P(StoreLifecycle, ADamagedValueIsReportedWithItsFamily) {
  std::string marker;
  for (int i = 0; i < 40; ++i) absl::StrAppend(&marker, "marker", i, ".");
  WriteBatch batch;
  batch.Put(Family::kPayload, "key", marker);
  batch.Put(Family::kChain, "key", "sound");
  Write(std::move(batch), Durability::kSynced);
  store_.reset();
  ASSERT_TRUE(engine_->Corrupt(Family::kPayload, "key", marker));
  Reopen();
  const absl::Status got = store_->Get(Family::kPayload, "key").status();
  const absl::Status scanned = store_->Scan(
      Family::kPayload, "", "", [](absl::string_view, absl::string_view) {
        ADD_FAILURE() << "a damaged value was shown";
        return true;
      });
  for (const absl::Status& status : {got, scanned}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(ReasonOf(status), Reason::kStoreCorrupted) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("family payload"));
  }
  EXPECT_EQ(Get(Family::kChain, "key"), "sound");
}

TEST_P(StoreLifecycle, ACheckpointIsACopyOfItsMoment) {
  WriteBatch batch;
  for (int i = 0; i < kFamilyCount; ++i) {
    for (int j = 0; j < 50; ++j) {
      batch.Put(static_cast<Family>(i), absl::StrCat("k", j),
                absl::StrCat(i, "/", j));
    }
  }
  Write(std::move(batch));
  std::vector<Pairs> expected;
  for (int i = 0; i < kFamilyCount; ++i) {
    expected.push_back(ScanAll(*store_, static_cast<Family>(i)));
  }
  const absl::Status status = store_->Checkpoint(engine_->CopyFolder());
  ASSERT_TRUE(status.ok()) << status;
  Write(Put(Family::kLog, "later", "1"), Durability::kSynced);
  EXPECT_EQ(Get(Family::kLog, "later"), "1");

  absl::StatusOr<std::unique_ptr<Store>> copy = engine_->OpenCopy();
  ASSERT_TRUE(copy.ok()) << copy.status();
  for (int i = 0; i < kFamilyCount; ++i) {
    EXPECT_EQ(ScanAll(**copy, static_cast<Family>(i)), expected[i]);
  }
  ASSERT_TRUE(
      (*copy)->Write(Put(Family::kLog, "own", "1"), Durability::kSynced).ok());
  EXPECT_EQ(Get(Family::kLog, "own"), "(none)");
}

TEST_P(StoreLifecycle, ACheckpointNeverReplacesAnything) {
  ASSERT_TRUE(store_->Checkpoint(engine_->CopyFolder()).ok());
  EXPECT_EQ(ReasonOf(store_->Checkpoint(engine_->CopyFolder())),
            Reason::kAlreadyExists);
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreLifecycle,
                         testing::ValuesIn(AllEngines()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace vouch
