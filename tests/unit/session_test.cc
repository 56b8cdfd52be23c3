// The sessions as state machines: what each side answers to what, without a
// replica behind it.
#include "sync/core/session.h"

#include "gtest/gtest.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

v1::SyncRequest Greeting() {
  v1::SyncRequest request;
  request.mutable_hello()->set_protocol_version(kProtocolVersion);
  return request;
}

v1::SyncRequest PullUntil(uint64_t size, uint32_t credit) {
  v1::SyncRequest request;
  request.mutable_pull()->set_until_size(size);
  request.mutable_pull()->set_credit(credit);
  return request;
}

FeedRead Batch(uint64_t end_size, bool caught_up) {
  FeedRead read;
  read.batch.set_end_size(end_size);
  read.batch.set_caught_up(caught_up);
  return read;
}

template <typename Effect, typename Effects>
const Effect* Find(const Effects& effects) {
  for (const auto& effect : effects) {
    if (auto* found = std::get_if<Effect>(&effect)) return found;
  }
  return nullptr;
}

Reason RefusedReason(const std::vector<CentreEffect>& effects) {
  auto* close = Find<CloseSession>(effects);
  return close == nullptr ? Reason::kUnspecified : ReasonOf(close->status);
}

class CentreSessionTest : public ::testing::Test {
 protected:
  void Open() {
    session_.Start(0);
    auto effects = session_.Step(ReceivedRequest{Greeting()}, 0);
    ASSERT_NE(Find<LookUp>(effects), nullptr);
    effects = session_.Step(LookedUp{}, 0);
    auto* sent = Find<SendResponse>(effects);
    ASSERT_NE(sent, nullptr);
    EXPECT_TRUE(sent->message.has_welcome());
  }

  CentreSession session_;
};

TEST_F(CentreSessionTest, ASessionBeginsWithHello) {
  session_.Start(0);
  auto effects = session_.Step(ReceivedRequest{PullUntil(1, 1)}, 0);
  EXPECT_EQ(RefusedReason(effects), Reason::kProtocolOrder);
  EXPECT_TRUE(session_.closed());
}

TEST_F(CentreSessionTest, AnOlderProtocolIsRefusedByName) {
  session_.Start(0);
  v1::SyncRequest request = Greeting();
  request.mutable_hello()->set_protocol_version(0);
  auto effects = session_.Step(ReceivedRequest{request}, 0);
  EXPECT_EQ(RefusedReason(effects), Reason::kProtocolVersion);
}

TEST_F(CentreSessionTest, APullRaisedWhileAnOlderFeedIsReadIsStillServed) {
  Open();
  auto effects = session_.Step(ReceivedRequest{PullUntil(1, 4)}, 0);
  ASSERT_NE(Find<ReadFeed>(effects), nullptr);
  session_.Step(ReceivedRequest{PullUntil(3, 0)}, 0);
  effects = session_.Step(Batch(1, true), 0);
  const ReadFeed* more = Find<ReadFeed>(effects);
  ASSERT_NE(more, nullptr) << "the session would stand still";
  EXPECT_EQ(more->from_size, 1u);
  effects = session_.Step(Batch(3, true), 0);
  EXPECT_EQ(Find<ReadFeed>(effects), nullptr);
}

TEST_F(CentreSessionTest, AskingBeyondTheLogEndsWithOneEmptyBatch) {
  Open();
  session_.Step(ReceivedRequest{PullUntil(9, 4)}, 0);
  auto effects = session_.Step(Batch(2, true), 0);
  ASSERT_NE(Find<ReadFeed>(effects), nullptr);
  effects = session_.Step(Batch(2, true), 0);
  EXPECT_EQ(Find<ReadFeed>(effects), nullptr);
}

TEST_F(CentreSessionTest, NoMoreBatchesAreReadThanThereIsCreditFor) {
  Open();
  session_.Step(ReceivedRequest{PullUntil(100, 1)}, 0);
  auto effects = session_.Step(Batch(10, false), 0);
  EXPECT_EQ(Find<ReadFeed>(effects), nullptr);
  effects = session_.Step(ReceivedRequest{PullUntil(100, 1)}, 0);
  EXPECT_NE(Find<ReadFeed>(effects), nullptr);
}

TEST_F(CentreSessionTest, PushesBeyondTheWindowAreNotReadUntilCommitted) {
  Open();
  v1::SyncRequest push;
  push.mutable_push()->add_segments(std::string(kPushWindowBytesMax, 'x'));
  EXPECT_TRUE(session_.wants_request());
  session_.Step(ReceivedRequest{push}, 0);
  EXPECT_FALSE(session_.wants_request());
  session_.Step(Committed{}, 0);
  EXPECT_TRUE(session_.wants_request());
}

// Found by hostile_device: a ladder beside a comparison made a third read at
// once, and the answer of one let the next comparison in beside the other.
TEST_F(CentreSessionTest, RecoveryAsksOneThingAtATime) {
  Open();
  v1::SyncRequest compare, ladder;
  compare.mutable_compare();
  ladder.mutable_ladder();
  auto effects = session_.Step(ReceivedRequest{compare}, 0);
  ASSERT_NE(Find<AnswerCompare>(effects), nullptr);
  effects = session_.Step(ReceivedRequest{ladder}, 0);
  EXPECT_EQ(Find<FindCommon>(effects), nullptr);
  EXPECT_EQ(RefusedReason(effects), Reason::kProtocolOrder);
}

TEST_F(CentreSessionTest, ASilentDeviceIsDroppedToResume) {
  Open();
  EXPECT_EQ(RefusedReason(session_.Step(TimePassed{}, 2 * kStallMsMax)),
            Reason::kUnspecified);
  EXPECT_EQ(RefusedReason(session_.Step(TimePassed{}, 2 * kStallMsMax + 1)),
            Reason::kTooSlow);
}

TEST(DeviceSession, WaitsNoLongerThanItsLimitForTheCentre) {
  DeviceSession session({});
  session.Start(0);
  EXPECT_TRUE(session.Step(TimePassed{}, kStallMsMax).empty());
  auto effects = session.Step(TimePassed{}, kStallMsMax + 1);
  auto* finish = Find<FinishSession>(effects);
  ASSERT_NE(finish, nullptr);
  EXPECT_EQ(ReasonOf(finish->status), Reason::kDeadline);
}

TEST(DeviceSession, ARefusalKeepsItsReasonAndText) {
  DeviceSession session({});
  session.Start(0);
  v1::SyncResponse response;
  *response.mutable_refused()->mutable_error() =
      ToErrorDetail(Error(Reason::kDeviceRevoked, "ask the administrator"));
  auto effects = session.Step(ReceivedResponse{response}, 0);
  auto* finish = Find<FinishSession>(effects);
  ASSERT_NE(finish, nullptr);
  EXPECT_EQ(ReasonOf(finish->status), Reason::kDeviceRevoked);
  EXPECT_EQ(finish->status.message(), "ask the administrator");
}

TEST(DeviceSession, AnUnsignedTreeHeadIsRefused) {
  DeviceSession session({});
  session.Start(0);
  v1::SyncResponse response;
  response.mutable_welcome()->set_protocol_version(kProtocolVersion);
  response.mutable_welcome()->set_tree_head(EncodeTreeHead(TreeHead()));
  auto effects = session.Step(ReceivedResponse{response}, 0);
  auto* finish = Find<FinishSession>(effects);
  ASSERT_NE(finish, nullptr);
  EXPECT_EQ(ReasonOf(finish->status), Reason::kProofInvalid);
}

}  // namespace
}  // namespace vouch
