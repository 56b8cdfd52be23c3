// One sync session on the server: carries the pure CentreSession between a
// gRPC stream, the verification pool and the committer.
//
// The way of a push: gRPC's thread reads a message; the state machine turns it
// into CommitSegments; the pool verifies the segments one after another and
// hands each to the committer as it is verified; the committer answers each;
// once all of a push are answered the state machine sends the Ack.
//
// Memory of a session is bounded: the next message is read only while the
// state machine has room for it (kPushWindowBytesMax) and the committer has
// too; the log is read only while less than kSessionWriteBytesMax waits to be
// written. A write that does not move for the stall limit drops the session
// with TOO_SLOW; the device resumes where it stopped.
//
// Threads: gRPC's, the pool's, the committer's and the ticker's, all under one
// lock. The stream's operations are started under it too: gRPC never calls
// back from within them.
#ifndef VOUCH_SERVER_SYNC_SESSION_H_
#define VOUCH_SERVER_SYNC_SESSION_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/aside.h"
#include "server/committer.h"
#include "server/metrics.h"
#include "server/sessions.h"
#include "server/work_pool.h"
#include "storage/mutex.h"
#include "storage/replica/centre.h"
#include "sync/core/session.h"
#include "vouch/v1/sync_service.pb.h"

namespace vouch {

// Written to a slow reader's queue before the log is read further for it.
inline constexpr size_t kSessionWriteBytesMax = 1 << 20;

class SyncSession
    : public grpc::ServerBidiReactor<v1::SyncRequest, v1::SyncResponse>,
      public std::enable_shared_from_this<SyncSession> {
 public:
  // What all sessions share; outlives them.
  struct Parts {
    Centre* centre = nullptr;
    Committer* committer = nullptr;
    WorkPool* pool = nullptr;
    Sessions* sessions = nullptr;
    Metrics* metrics = nullptr;
    Aside* aside = nullptr;
    const Clock* clock = nullptr;
    int64_t stall_ms_max = 0;
  };

  SyncSession(const Parts& parts, Member member, std::string request_id,
              grpc::CallbackServerContext* context);

  // Registers the session and begins; call once, on a shared_ptr. The session
  // keeps itself alive until the stream has ended.
  void Begin();
  // Ends the stream at once, before anything was read.
  void Refuse(const absl::Status& status);

  // From the ticker.
  void Tick();
  // No further message is read; what was sent is committed and acknowledged,
  // then the stream ends with SHUTTING_DOWN.
  void Drain();

  uint64_t id() const { return id_; }

 private:
  // One CommitSegments effect while it is carried out.
  struct PushWork {
    CommitSegments push;
    size_t verified = 0;   // handed to the committer
    size_t answered = 0;   // by the committer
    absl::Status status;   // of the first that failed
    size_t failed_at = 0;  // its index
    v1::Ack ack;
    bool settled() const {
      return answered == verified &&
             (verified == push.segments.size() || !status.ok());
    }
    void Fail(size_t index, const absl::Status& why) {
      if (!status.ok() && failed_at <= index) return;
      status = why;
      failed_at = index;
    }
  };

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Step(CentreEvent event) VOUCH_REQUIRES(mutex_);
  void CarryOut(std::vector<CentreEffect> effects) VOUCH_REQUIRES(mutex_);
  void Advance() VOUCH_REQUIRES(mutex_);
  // Computes an event on the pool.
  void StartAnswer(std::function<CentreEvent()> answer) VOUCH_REQUIRES(mutex_);
  Centre::Visible Visible() const;
  void StartFeed() VOUCH_REQUIRES(mutex_);
  void StartVerifying() VOUCH_REQUIRES(mutex_);
  void SettlePushes() VOUCH_REQUIRES(mutex_);
  void Close(absl::Status status) VOUCH_REQUIRES(mutex_);
  void Abandon(absl::Status status) VOUCH_REQUIRES(mutex_);
  void Enqueue(v1::SyncResponse response) VOUCH_REQUIRES(mutex_);

  // The pool's.
  void VerifyPushes();
  // The oldest push with a segment to verify; null if none has.
  PushWork* NextToVerify() VOUCH_REQUIRES(mutex_);
  void Submit(PushWork* work, size_t index, Centre::CommitRequest request);
  std::optional<Hash> HashOnWay(const Incarnation& incarnation, uint64_t seq);
  void KeepAside(const PushWork* work, size_t index,
                 const absl::Status& status);
  // The committer's.
  void OnCommitted(PushWork* work, size_t index, const SegmentHeader& header,
                   const absl::StatusOr<Centre::CommitResult>& result);

  const Parts parts_;
  const Member member_;
  const std::string request_id_;
  const uint64_t id_;
  grpc::CallbackServerContext* const context_;
  const uint64_t begun_ms_;
  std::shared_ptr<SyncSession> self_;  // until OnDone

  Mutex mutex_;
  CentreSession session_ VOUCH_GUARDED_BY(mutex_);
  // A deque: elements stay where they are while others come and go.
  std::deque<PushWork> pushes_ VOUCH_GUARDED_BY(mutex_);
  bool verifying_ VOUCH_GUARDED_BY(mutex_) = false;
  bool waits_for_commit_ VOUCH_GUARDED_BY(mutex_) = false;
  size_t committing_ VOUCH_GUARDED_BY(mutex_) = 0;     // segments
  bool disk_failed_ VOUCH_GUARDED_BY(mutex_) = false;  // a commit of this one's
  // The hashes of what is committing, by the segment's first coordinate; as
  // many as the push window lets in.
  std::map<std::pair<Incarnation, uint64_t>, std::vector<Hash>> on_way_
      VOUCH_GUARDED_BY(mutex_);
  std::optional<ReadFeed> feed_ VOUCH_GUARDED_BY(mutex_);
  std::deque<v1::SyncResponse> writes_ VOUCH_GUARDED_BY(mutex_);
  size_t write_bytes_ VOUCH_GUARDED_BY(mutex_) = 0;
  v1::SyncResponse writing_;  // gRPC's while writing_now_
  v1::SyncRequest reading_;   // gRPC's while reading_now_
  bool writing_now_ VOUCH_GUARDED_BY(mutex_) = false;
  bool reading_now_ VOUCH_GUARDED_BY(mutex_) = false;
  bool requests_ended_ VOUCH_GUARDED_BY(mutex_) = false;
  bool draining_ VOUCH_GUARDED_BY(mutex_) = false;
  bool finished_ VOUCH_GUARDED_BY(mutex_) = false;  // Finish was called
  uint64_t write_began_ms_ VOUCH_GUARDED_BY(mutex_) = 0;
  std::optional<absl::Status> closing_ VOUCH_GUARDED_BY(mutex_);
  uint64_t changes_pushed_ VOUCH_GUARDED_BY(mutex_) = 0;
  uint64_t batches_sent_ VOUCH_GUARDED_BY(mutex_) = 0;
};

}  // namespace vouch

#endif  // VOUCH_SERVER_SYNC_SESSION_H_
