// vouch_sync as an app follows it, cuts it into slices, and breaks it off.
#include <gtest/gtest.h>

#include <thread>

#include "tests/kit/c_fixture.h"

namespace vouch {
namespace {

using CSyncTest = CFixture;

struct Heard {
  vouch_sync_progress last = {};
  uint64_t balanced = 0;
  vouch_client* client = nullptr;
  vouch_cancellation* stop = nullptr;
};

TEST_F(CSyncTest, ProgressIsToldAndMayReadTheStore) {
  vouch_client* north = Enrolled("north");
  Observe(north, Register(north));
  Heard heard;
  heard.client = north;
  vouch_sync_options options = {};
  options.struct_size = sizeof options;
  options.progress_context = &heard;
  options.progress = [](void* context, const vouch_sync_progress* progress) {
    auto* into = static_cast<Heard*>(context);
    EXPECT_EQ(sizeof *progress, progress->struct_size);
    EXPECT_GE(progress->pushed, into->last.pushed);
    into->last = *progress;
    vouch_ledger_numbers numbers = {};
    numbers.struct_size = sizeof numbers;
    EXPECT_EQ("OK", Outcome(vouch_ledger(into->client, &numbers)));
    into->balanced += numbers.balanced;
  };
  vouch_sync_report report = {};
  report.struct_size = sizeof report;
  ASSERT_EQ("OK", Outcome(vouch_sync(north, &options, &report)));
  EXPECT_EQ(2u, heard.last.pushed);
  EXPECT_EQ(0u, heard.last.to_push);
  EXPECT_EQ(report.pulled, heard.last.pulled);
  EXPECT_EQ(0u, heard.last.to_pull);
  EXPECT_GT(heard.last.bytes_sent, 0u);
  EXPECT_GT(heard.last.bytes_received, 0u);
  EXPECT_GT(heard.balanced, 0u);
}

TEST_F(CSyncTest, SlicesGoOnUntilAllIsDone) {
  vouch_client* north = Enrolled("north");
  CaptureMuch(north, Register(north));
  vouch_sync_options options = {};
  options.struct_size = sizeof options;
  options.slice_ms = 1;
  int slices = 0;
  for (; slices < 100; ++slices) {
    vouch_sync_report report = {};
    report.struct_size = sizeof report;
    vouch_error* error = vouch_sync(north, &options, &report);
    if (error == nullptr) break;
    EXPECT_EQ(VOUCH_REASON_SYNC_STOPPED, vouch_error_reason(error));
    EXPECT_GT(report.pushed + report.pulled, 0u);
    uint64_t wait_ms = 77;
    EXPECT_EQ(1, vouch_retry_after(error, 1, &wait_ms));
    EXPECT_EQ(0u, wait_ms);
    vouch_error_free(error);
  }
  EXPECT_GT(slices, 1);
  EXPECT_EQ(0u, Ledger(north).pending);
}

TEST_F(CSyncTest, ASparingSyncLeavesTheRestForAnother) {
  vouch_client* north = Enrolled("north");
  CaptureMuch(north, Register(north));
  Sync(north);
  vouch_client* south = Enrolled("south");
  const vouch_id own = Register(south);
  vouch_sync_options options = {};
  options.struct_size = sizeof options;
  options.sparing = 1;
  EXPECT_EQ("SYNC_STOPPED", Outcome(vouch_sync(south, &options, nullptr)));
  int32_t safety = 0;
  ASSERT_EQ("OK", Outcome(vouch_safety_of(south, &own, &safety)));
  EXPECT_EQ(VOUCH_SAFETY_AT_THE_CENTRE, safety);
  EXPECT_LT(Ledger(south).pulled, 121u);
  Sync(south);
  EXPECT_GE(Ledger(south).pulled, 121u);
}

TEST_F(CSyncTest, ACancelledSyncEndsAndLosesNothing) {
  vouch_client* north = Enrolled("north");
  CaptureMuch(north, Register(north));
  Heard heard;
  heard.stop = vouch_cancellation_new();
  vouch_sync_options options = {};
  options.struct_size = sizeof options;
  options.cancellation = heard.stop;
  options.progress_context = &heard;
  // At the first sign of life: the sync has begun by then.
  options.progress = [](void* context, const vouch_sync_progress*) {
    std::thread(vouch_cancel, static_cast<Heard*>(context)->stop).join();
  };
  vouch_sync_report report = {};
  report.struct_size = sizeof report;
  EXPECT_EQ("SYNC_STOPPED", Outcome(vouch_sync(north, &options, &report)));
  EXPECT_GT(report.pushed, 0u);
  EXPECT_GT(Ledger(north).pending, 0u);
  EXPECT_EQ(1u, Ledger(north).balanced);
  // It stays cancelled.
  EXPECT_EQ("SYNC_STOPPED", Outcome(vouch_sync(north, &options, &report)));
  EXPECT_EQ(0u, report.pushed);
  vouch_cancellation_free(heard.stop);
  Sync(north);
  EXPECT_EQ(0u, Ledger(north).pending);
}

TEST_F(CSyncTest, AReportIsGivenAfterAnErrorToo) {
  vouch_client* north = Enrolled("north");
  Register(north);
  world_.Stop();
  vouch_sync_options options = {};
  options.struct_size = sizeof options;
  options.deadline_ms = 10'000;
  vouch_sync_report report = {};
  report.struct_size = sizeof report;
  report.pushed = 77;
  vouch_error* error = vouch_sync(north, &options, &report);
  EXPECT_EQ(0u, report.pushed);
  uint64_t wait_ms = 0;
  EXPECT_EQ(1, vouch_retry_after(error, 1, &wait_ms));
  EXPECT_GE(wait_ms, 500u);
  EXPECT_LE(wait_ms, 1000u);
  EXPECT_EQ("UNREACHABLE", Outcome(error));
}

}  // namespace
}  // namespace vouch
