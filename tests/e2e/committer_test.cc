// The committer's order: a small change does not wait behind a bulk push.
#include "server/committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "sync/base/status.h"
#include "tests/support/replica_world.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() : metrics_(*Metrics::Start("")) {}

  // The tablet's segments, verified.
  std::vector<Centre::CommitRequest> SegmentsOf(Tablet& tablet) {
    auto config = tablet.device->BeginSession();
    EXPECT_TRUE(config.ok());
    OutboxRead read = tablet.device->Read(
        {config->heads[0].incarnation, 0, Hash(), size_t{1} << 30});
    std::vector<Centre::CommitRequest> segments;
    for (const OutboxSegment& wire : read.segments) {
      auto segment =
          VerifyPushed(*world_.centre, tablet.device->id(), wire.wire);
      EXPECT_TRUE(segment.ok()) << segment.status();
      segments.push_back(*std::move(segment));
    }
    return segments;
  }
  ScopeId OtherScope() {
    return MakeScope(ScopeKind::kStaff, RegistrationOf(world_.scope()));
  }

  ReplicaWorld world_;
  std::unique_ptr<Metrics> metrics_;
};

TEST_F(CommitterTest, EachSessionGetsItsTurn) {
  Tablet& bulk = world_.AddTablet(v1::ROLE_ASSESSOR, "bulk");
  Tablet& small = world_.AddTablet(v1::ROLE_ASSESSOR, "small");
  constexpr size_t kBulk = 40;
  for (size_t i = 0; i < kBulk; ++i) {
    bulk.Create(5, i % 2 == 0 ? world_.scope() : OtherScope(), "bulk");
  }
  small.Create(5, world_.scope(), "small");
  std::vector<Centre::CommitRequest> segments = SegmentsOf(bulk);
  ASSERT_EQ(segments.size(), kBulk);

  std::mutex mutex;
  std::vector<std::string> order;
  std::promise<void> gate;
  std::promise<void> began;
  {
    Committer committer(world_.centre.get(), metrics_.get(),
                        &world_.centre_clock, &world_.random);
    auto submit = [&](uint64_t lane, Centre::CommitRequest segment,
                      const std::string& name) {
      committer.Submit(
          lane, {std::move(segment), 100,
                 [&, name](const absl::StatusOr<Centre::CommitResult>& result) {
                   EXPECT_TRUE(result.ok() && result->status.ok());
                   {
                     std::lock_guard<std::mutex> lock(mutex);
                     order.push_back(name);
                     if (order.size() > 1) return;
                   }
                   // The first holds the committer until all are queued.
                   began.set_value();
                   gate.get_future().wait();
                 }});
    };
    submit(1, std::move(segments[0]), "bulk");
    began.get_future().wait();
    for (size_t i = 1; i < kBulk; ++i) {
      submit(1, std::move(segments[i]), "bulk");
    }
    submit(2, std::move(SegmentsOf(small)[0]), "small");
    gate.set_value();
  }  // ends once all is committed
  ASSERT_EQ(order.size(), kBulk + 1);
  // Behind the first of the bulk's second group and no more of it.
  EXPECT_EQ(order[2], "small");
}

// While what a failed write left is not known nobody is let in, so that no
// other commit comes to find out.
TEST_F(CommitterTest, AnIdleOneFindsOutWhatAFailedWriteLeft) {
  Tablet& tablet = world_.AddTablet(v1::ROLE_ASSESSOR, "A");
  tablet.Create(5, world_.scope(), "kept");
  std::vector<Centre::CommitRequest> segments = SegmentsOf(tablet);
  // The write, the look right after it, and the first one when idle.
  std::atomic<int> to_fail{3};
  std::promise<void> synced;
  world_.centre_disk.SetWriteHook(
      [&](MemoryDisk::Stage stage, const WriteBatch& batch) {
        if (stage == MemoryDisk::Stage::kBeforeSync && to_fail > 0) {
          --to_fail;
          return Error(Reason::kStoreIo, "the disk takes no sync");
        }
        if (stage == MemoryDisk::Stage::kAfterWrite && batch.empty()) {
          synced.set_value();
        }
        return absl::OkStatus();
      });
  {
    Committer committer(world_.centre.get(), metrics_.get(),
                        &world_.centre_clock, &world_.random);
    std::promise<Reason> told;
    committer.Submit(1,
                     {std::move(segments[0]), 100,
                      [&](const absl::StatusOr<Centre::CommitResult>& result) {
                        told.set_value(ReasonOf(result.status()));
                      }});
    EXPECT_EQ(told.get_future().get(), Reason::kStoreIo);
    EXPECT_EQ(synced.get_future().wait_for(std::chrono::minutes(1)),
              std::future_status::ready);
  }
  world_.centre_disk.SetWriteHook(nullptr);
  EXPECT_TRUE(
      world_.centre->Answer(tablet.device->id(), v1::Hello()).status.ok());
  EXPECT_TRUE(world_.Sync(tablet).status.ok());
  EXPECT_EQ(world_.centre->Head().size, 1u);
}

TEST_F(CommitterTest, AStoppedCommitterAnswersThatItIsShuttingDown) {
  Tablet& tablet = world_.AddTablet(v1::ROLE_ASSESSOR, "late");
  tablet.Create(5, world_.scope(), "late");
  Centre::CommitRequest segment = SegmentsOf(tablet).at(0);
  Committer committer(world_.centre.get(), metrics_.get(), &world_.centre_clock,
                      &world_.random);
  committer.Stop();
  absl::Status answer;
  committer.Submit(1, {std::move(segment), 100,
                       [&](const absl::StatusOr<Centre::CommitResult>& result) {
                         answer = result.status();
                       }});
  EXPECT_EQ(ReasonOf(answer), Reason::kShuttingDown);
  EXPECT_EQ(ReasonOf(committer.CreateCode(1, "N", 0, {}).status()),
            Reason::kShuttingDown);
}

}  // namespace
}  // namespace vouch
