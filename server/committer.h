// The one thread that writes to the centre. Sessions hand it verified
// segments; it commits them in groups, each in one synced batch, and answers
// after the batch is on disk.
//
//   Committer committer(centre, &metrics, clock, random);
//   committer.Submit(lane, std::move(push));        // any thread
//   auto member = committer.Enrol(code, keys…);     // any thread, waits
//
// Batching is natural: while one group is written the next gathers, and an
// idle committer writes at once. Each session has a lane of its own and a
// group takes one segment of each lane in turn, so that a small change never
// waits behind another device's bulk push for longer than one group. Views are
// worked out when there is nothing to commit, or when they are far behind.
//
// Thread-safe. `done` runs on the committer's thread: it must be quick.
#ifndef VOUCH_SERVER_COMMITTER_H_
#define VOUCH_SERVER_COMMITTER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/condition.h"
#include "server/metrics.h"
#include "server/thread.h"
#include "storage/mutex.h"
#include "storage/replica/centre.h"

namespace vouch {

// Sessions stop reading while more than this waits.
inline constexpr size_t kCommitQueueBytesMax = size_t{128} << 20;
// Views further behind the log than this are worked on between groups too.
inline constexpr uint64_t kMaterialiserLagMax = 16'384;
// A step of the materialiser: a group that arrives meanwhile waits for it.
inline constexpr size_t kMaterialiseStepEntries = 256;
inline constexpr int64_t kMaterialiseRetryMs = 1000;
inline constexpr size_t kCommitTasksMax = 1024;

class Committer {
 public:
  struct Push {
    Centre::CommitRequest request;
    size_t bytes = 0;  // on the wire
    // The segment's own result, or the whole group's error.
    std::function<void(const absl::StatusOr<Centre::CommitResult>&)> done;
  };

  // All outlive it.
  Committer(Centre* centre, Metrics* metrics, const Clock* clock,
            Random* random);
  ~Committer() { Stop(); }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Segments of one lane are committed in the order given. After Stop, `done`
  // gets SHUTTING_DOWN.
  void Submit(uint64_t lane, Push push);
  bool HasRoom() const;

  // These wait for the committer; durable on return. Errors: those of Centre,
  // SHUTTING_DOWN (also if too many wait already).
  absl::StatusOr<Member> Enrol(absl::string_view code,
                               const PublicKey& device_key,
                               const PublicKey& person_key);
  absl::StatusOr<EnrolmentCode> CreateCode(int role, absl::string_view name,
                                           int64_t valid_ms,
                                           std::optional<PersonId> person);
  absl::StatusOr<ErasedRecord> Erase(const RecordId& record);
  absl::Status NoteStable(const TreeHead& head);

  struct Progress {
    uint64_t log_size = 0;
    uint64_t materialised_size = 0;
  };
  Progress progress() const;
  // Waits until the views show all that is committed now. False if they do
  // not by then.
  bool AwaitViews(int64_t ms_max);

  // Commits what is queued, then ends the thread.
  void Stop();

 private:
  using Task = std::function<void()>;
  void Run();
  bool Wait(Task* task, std::vector<Push>* group);
  std::vector<Push> TakeGroup() VOUCH_REQUIRES(mutex_);
  void CommitGroup(std::vector<Push> group);
  void MaterialiseStep();
  bool RunAndWait(Task task);
  void PublishProgress();

  Centre* const centre_;
  Metrics* const metrics_;
  const Clock* const clock_;
  Random* const random_;

  mutable Mutex mutex_;
  Condition changed_;
  Condition progressed_;
  std::deque<Task> tasks_ VOUCH_GUARDED_BY(mutex_);
  // Lanes with something in them, in the order of their turns.
  std::deque<uint64_t> turns_ VOUCH_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, std::deque<Push>> lanes_
      VOUCH_GUARDED_BY(mutex_);
  size_t queued_segments_ VOUCH_GUARDED_BY(mutex_) = 0;
  size_t queued_bytes_ VOUCH_GUARDED_BY(mutex_) = 0;
  bool stopping_ VOUCH_GUARDED_BY(mutex_) = false;
  Progress progress_ VOUCH_GUARDED_BY(mutex_);

  // The committer's own.
  uint64_t log_size_ = 0;
  uint64_t lag_ = 0;  // entries not yet in the views
  bool materialise_failed_ = false;

  NamedThread thread_;  // the last member: it uses the others
};

}  // namespace vouch

#endif  // VOUCH_SERVER_COMMITTER_H_
