// The sync session as two pure state machines, one a side: an event and the
// time in, effects out. No socket, disk, thread or clock: gRPC, the simulator
// and the model checker carry the same code. Protocol: sync/README.md §8.
//
//   DeviceSession session(config);
//   std::vector<DeviceEffect> todo = session.Start(now_ms);
//   … carry out each effect, feed what comes of it back in …
//
// Rules for the carrier: carry out effects in order; answer each effect that
// asks for it with exactly one event; after kFinish (kClose) feed nothing.
#ifndef VOUCH_SYNC_CORE_SESSION_H_
#define VOUCH_SYNC_CORE_SESSION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "sync/base/ids.h"
#include "sync/core/log_entry.h"
#include "vouch/v1/sync_service.pb.h"

namespace vouch {

inline constexpr uint32_t kProtocolVersion = 1;
inline constexpr size_t kPushBytesMax = 1 << 20;          // in one Push
inline constexpr size_t kBatchBytesMax = 1 << 20;         // in one PullBatch
inline constexpr uint64_t kPushWindowBytesMax = 4 << 20;  // unacknowledged
inline constexpr uint32_t kPullCreditMax = 4;             // batches under way
inline constexpr int64_t kStallMsMax = 30'000;            // without progress
inline constexpr size_t kHelloHeadsMax = 64;
inline constexpr size_t kLadderMax = 64;  // tree heads a device keeps

// What a device puts in one Push, if a segment is no larger: only a whole
// message arrives, and an app may be stopped, or cut off, after a few hundred
// kilobytes.
inline constexpr size_t kPushStepBytes = 256 << 10;

// The end of one of the device's own chains.
struct OwnHead {
  Incarnation incarnation;
  uint64_t seq = 0;
  Hash hash;
};

// --- The device's side -----------------------------------------------------

// Send this to the centre.
struct SendRequest {
  v1::SyncRequest message;
};
// Read closed segments of an own chain after `after_seq`, whose hash must be
// `after_hash` (else answer CHAIN_FORKED). Answer: OutboxRead.
struct ReadOutbox {
  Incarnation incarnation;
  uint64_t after_seq = 0;
  Hash after_hash;
  size_t bytes_max = kPushBytesMax;
};
// Make it durable, verified. Answer: AckApplied.
struct ApplyAck {
  v1::Ack ack;
};
// Make it durable, verified. Answer: PullApplied.
struct ApplyPull {
  v1::PullBatch batch;
};
// This tablet, or the centre, was put back to an earlier state: go back to
// `rewind_to`, open a new incarnation if asked to, and note durably that
// reconciliation is due (rules 12, 14). Answer: RecoveryBegun.
struct BeginRecovery {
  std::optional<uint64_t> rewind_to;  // a rung of the ladder, or 0
  bool new_incarnation = false;
};
// Compare what is held here with the centre's: the first question, or what
// follows from the answer. Answer: RangesCompared.
struct CompareHeld {
  std::optional<v1::RangesDiffer> answer;
};
// Read the next segments that the comparison found lacking at the centre.
// Answer: LostRead.
struct ReadLost {
  size_t bytes_max = kPushBytesMax;
};
// Reconciliation is done and acknowledged: note it durably. Answer:
// RecoveryEnded.
struct EndRecovery {};
// How far the log is in a second store, and which records were erased since
// the last session: make it durable. Answer: StandingKept.
struct KeepStanding {
  std::string stable_head;  // encoded; empty: there is none (any more)
  std::vector<v1::ErasedRecord> erasures;
};
// The session is over. OK: everything was pushed and pulled.
struct FinishSession {
  absl::Status status;
};
using DeviceEffect = std::variant<SendRequest, ReadOutbox, ApplyAck, ApplyPull,
                                  BeginRecovery, CompareHeld, ReadLost,
                                  EndRecovery, KeepStanding, FinishSession>;

struct ReceivedResponse {
  v1::SyncResponse message;
};
// What a segment got in a log that the centre lost.
struct ProvenCommit {
  HistoryId history;
  std::string commit;  // encoded
  Signature signature;
};
struct OutboxSegment {
  std::string wire;
  DeviceId device;  // its author
  Incarnation incarnation;
  uint64_t first_seq = 0;
  uint64_t end_seq = 0;  // its last seq
  Hash head;             // hash of that change
  std::optional<ProvenCommit> earlier;
};
struct OutboxRead {
  absl::Status status;
  std::vector<OutboxSegment> segments;  // in chain order
  Hash end_hash;                        // of the last change in them
  bool exhausted = false;               // nothing further in this chain
};
struct AckApplied {
  absl::Status status;
};
struct PullApplied {
  absl::Status status;
  uint64_t cursor_size = 0;
};
struct RecoveryBegun {
  absl::Status status;
  uint64_t cursor_size = 0;
  std::vector<OwnHead> heads;
  uint64_t no_longer_stable = 0;
};
struct RangesCompared {
  absl::Status status;
  v1::CompareRanges next;  // without ranges: all is compared
};
struct LostRead {
  absl::Status status;
  std::vector<OutboxSegment> segments;  // authority first, causes first
  bool exhausted = false;
};
struct RecoveryEnded {
  absl::Status status;
};
struct StandingKept {
  absl::Status status;
};
// The stream broke or ended; `status` is the transport's.
struct StreamEnded {
  absl::Status status;
};
// The app wants it to end: nothing more is sent or asked for, what is under way
// is still acknowledged, and the session ends with SYNC_STOPPED unless all is
// done by then.
struct StopAsked {};
// Time passes; needed at least once a second while a session is open.
struct TimePassed {};
using DeviceEvent =
    std::variant<ReceivedResponse, OutboxRead, AckApplied, PullApplied,
                 RecoveryBegun, RangesCompared, LostRead, RecoveryEnded,
                 StandingKept, StreamEnded, StopAsked, TimePassed>;

// A size of the log that this tablet has proven, and its root then.
struct Rung {
  uint64_t size = 0;
  Hash root;
};

struct DeviceSessionConfig {
  PublicKey centre_key;
  DeviceId device;
  HistoryId history;  // zero if it never pulled
  uint64_t cursor_size = 0;
  Hash cursor_root;  // root at cursor_size
  std::vector<OwnHead> heads;
  bool recovery_due = false;
  uint64_t erasures_known = 0;
  bool stable_known = false;  // it was told of a second store
  std::vector<Rung> ladder;   // ascending, at most kLadderMax
};

struct SessionReport {
  uint64_t changes_pushed = 0;  // acknowledged in this session
  uint64_t entries_pulled = 0;  // log entries passed
  uint64_t bytes_sent = 0;      // of stream messages
  uint64_t bytes_received = 0;
  uint64_t changes_restored = 0;  // of those pushed: the centre had lost them
  bool recovered = false;         // a restore was noticed, or made good
  // Changes here that were STABLE, and that the centre has lost since.
  uint64_t no_longer_stable = 0;
};

// How far a session is. What is left may grow: the centre's log does.
struct SessionProgress {
  uint64_t changes_pushed = 0;  // acknowledged
  uint64_t changes_left = 0;    // of this tablet's own chains
  uint64_t entries_pulled = 0;
  uint64_t entries_left = 0;
};

class DeviceSession {
 public:
  explicit DeviceSession(DeviceSessionConfig config);

  std::vector<DeviceEffect> Start(int64_t now_ms);
  std::vector<DeviceEffect> Step(DeviceEvent event, int64_t now_ms);

  bool finished() const { return state_ == State::kFinished; }
  const SessionReport& report() const { return report_; }
  SessionProgress progress() const;

 private:
  // kRewinding: the ladder is at the centre. kBeginning: BeginRecovery is under
  // way.
  enum class State {
    kNew,
    kGreeting,
    kRewinding,
    kBeginning,
    kOpen,
    kFinished
  };
  // What reconciliation does next; pulling goes on beside it.
  enum class Recovery { kNone, kComparing, kResending, kResent, kEnding };
  struct Chain {
    OwnHead local;
    uint64_t sent_seq = 0;
    Hash sent_hash;
    bool exhausted = false;
  };
  // A segment sent and not yet acknowledged.
  struct InFlight {
    DeviceId device;
    Incarnation incarnation;
    uint64_t end_seq = 0;
    Hash head;
    uint64_t bytes = 0;
    uint64_t changes = 0;
  };

  void OnResponse(const v1::SyncResponse& message);
  void OnWelcome(const v1::Welcome& welcome);
  void OnAck(const v1::Ack& ack);
  void OnOutbox(const OutboxRead& read);
  void OnAckApplied(const absl::Status& status);
  void OnPullApplied(const PullApplied& applied);
  void OnCommon(const v1::CommonHead& common);
  void OnBegun(const RecoveryBegun& begun);
  void OnCompared(RangesCompared& compared);
  void OnLost(const LostRead& read);
  absl::Status CheckExtends(
      uint64_t size, const Hash& root,
      const google::protobuf::RepeatedPtrField<std::string>& consistency) const;
  absl::Status MatchChains(const v1::Welcome& welcome, bool* restored);
  void Open();
  void AskCommon();
  void Recover(std::optional<uint64_t> rewind_to, bool new_incarnation);
  void RecoverOrFinish(const absl::Status& status, bool at_once);
  void ResendMore();
  void Push(const std::vector<OutboxSegment>& segments);
  void Send(v1::SyncRequest message);
  void PushMore();
  void PullMore();
  void FinishIfDone();
  void StopIfQuiet();
  void Finish(absl::Status status);
  bool AllPushed() const;
  bool recovering() const { return recovery_ != Recovery::kNone; }

  const DeviceSessionConfig config_;
  State state_ = State::kNew;
  std::vector<DeviceEffect> effects_;
  TreeHead head_;  // of Welcome
  Recovery recovery_ = Recovery::kNone;
  bool comparing_ = false;     // a question is at the centre
  bool lost_pending_ = false;  // ReadLost is under way
  bool new_incarnation_ = false;
  // Ends the session once BeginRecovery is done: the centre closed it.
  std::optional<absl::Status> refused_;
  std::vector<Chain> chains_;
  size_t reading_ = 0;  // index of the chain being read
  bool outbox_pending_ = false;
  size_t acks_pending_ = 0;  // acks being applied
  uint64_t window_bytes_ = 0;
  uint64_t in_flight_bytes_ = 0;
  std::vector<InFlight> in_flight_;
  size_t pulls_pending_ = 0;  // batches being applied
  uint32_t credit_ = 0;       // batches the centre may still send
  uint64_t cursor_ = 0;
  uint64_t target_ = 0;  // pull to at least this size
  uint64_t asked_until_ = 0;
  int64_t progress_ms_ = 0;
  bool stopping_ = false;
  SessionReport report_;
};

// --- The centre's side -----------------------------------------------------

struct SendResponse {
  v1::SyncResponse message;
};
// Look up what Welcome needs. Answer: LookedUp.
struct LookUp {
  v1::Hello hello;
};
// Verify and commit these segments of the session's device, in order, all
// synced. Answer: Committed.
struct CommitSegments {
  std::vector<std::string> segments;
  // Of each: what it got in a log that was lost, if the device says so.
  std::vector<std::optional<ProvenCommit>> earlier;
  bool recovering = false;  // others' segments, and gaps, are taken too
};
// Read the log from `from_size` for this device. Answer: FeedRead.
struct ReadFeed {
  uint64_t from_size = 0;
  size_t bytes_max = kBatchBytesMax;
  // The ends of the chains that the device says it holds whole: segments below
  // them come without their bytes.
  std::vector<OwnHead> own;
};
// Find the largest of the device's heads that the tree extends. Answer:
// CommonFound.
struct FindCommon {
  v1::Ladder ladder;
  uint64_t size = 0;  // of the tree, as Welcome named it
};
// Compare with what the centre holds for this device. Answer: RangesAnswered.
struct AnswerCompare {
  v1::CompareRanges request;
};
// End the stream with this status (OK: the device is done).
struct CloseSession {
  absl::Status status;
};
using CentreEffect =
    std::variant<SendResponse, LookUp, CommitSegments, ReadFeed, FindCommon,
                 AnswerCompare, CloseSession>;

struct ReceivedRequest {
  v1::SyncRequest message;
};
struct LookedUp {
  absl::Status status;
  v1::Welcome welcome;
};
struct Committed {
  absl::Status status;  // of the first segment that was not committed
  v1::Ack ack;          // of those before it; may be empty
};
struct FeedRead {
  absl::Status status;
  v1::PullBatch batch;
};
struct CommonFound {
  absl::Status status;
  v1::CommonHead common;
};
struct RangesAnswered {
  absl::Status status;
  v1::RangesDiffer differ;
};
// The device will send nothing more.
struct RequestsEnded {};
using CentreEvent =
    std::variant<ReceivedRequest, LookedUp, Committed, FeedRead, CommonFound,
                 RangesAnswered, RequestsEnded, TimePassed>;

class CentreSession {
 public:
  CentreSession() = default;

  std::vector<CentreEffect> Start(int64_t now_ms);
  std::vector<CentreEffect> Step(CentreEvent event, int64_t now_ms);

  // Backpressure: read the next request only while this is true.
  bool wants_request() const {
    return !closed_ && in_flight_bytes_ < kPushWindowBytesMax;
  }
  bool closed() const { return closed_; }

 private:
  enum class State { kExpectHello, kLookingUp, kOpen };

  void OnRequest(const v1::SyncRequest& message);
  void OnPush(const v1::Push& push);
  void OnPull(const v1::Pull& pull);
  void OnFound(const absl::Status& status,
               const std::function<void(v1::SyncResponse*)>& fill);
  void OnFeed(const FeedRead& read);
  void Send(v1::SyncResponse message);
  void FeedMore();
  void CloseIfDone();
  void Close(absl::Status status);

  State state_ = State::kExpectHello;
  bool closed_ = false;
  bool requests_ended_ = false;
  std::vector<CentreEffect> effects_;
  std::vector<uint64_t> commits_;  // bytes of each, oldest first
  uint64_t in_flight_bytes_ = 0;
  uint64_t position_ = 0;
  uint64_t until_ = 0;
  bool caught_up_ = true;
  uint32_t credit_ = 0;
  bool reading_ = false;
  std::vector<OwnHead> own_;
  bool ladder_taken_ = false;  // once a session
  uint64_t welcomed_ = 0;      // log size in Welcome
  bool answering_ = false;     // FindCommon or AnswerCompare is under way
  int64_t progress_ms_ = 0;
};

// A typed error as the wire carries it, and back. An unknown reason becomes
// kUnspecified and keeps its text.
v1::ErrorDetail ToErrorDetail(const absl::Status& status);
absl::Status FromErrorDetail(const v1::ErrorDetail& detail);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_SESSION_H_
