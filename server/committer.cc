#include "server/committer.h"

#include <algorithm>
#include <utility>

#include "server/log.h"
#include "server/people.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status ShuttingDown() {
  return Error(Reason::kShuttingDown, "the server is shutting down");
}

}  // namespace

Committer::Committer(Centre* centre, Metrics* metrics, const Clock* clock,
                     Random* random)
    : centre_(centre), metrics_(metrics), clock_(clock), random_(random) {
  log_size_ = centre_->Head().size;
  PublishProgress();
  thread_ = NamedThread("vouch-commit", [this] { Run(); });
}

void Committer::Submit(uint64_t lane, Push push) {
  {
    MutexLock lock(mutex_);
    if (!stopping_) {
      std::deque<Push>& queue = lanes_[lane];
      if (queue.empty()) turns_.push_back(lane);
      queued_bytes_ += push.bytes;
      ++queued_segments_;
      queue.push_back(std::move(push));
      changed_.NotifyOne();
      return;
    }
  }
  push.done(ShuttingDown());
}

bool Committer::HasRoom() const {
  MutexLock lock(mutex_);
  return queued_bytes_ < kCommitQueueBytesMax;
}

Committer::Progress Committer::progress() const {
  MutexLock lock(mutex_);
  return progress_;
}

bool Committer::AwaitViews(int64_t ms_max) {
  MutexLock lock(mutex_);
  const uint64_t wanted = progress_.log_size;
  return progressed_.WaitUntil(
      mutex_, ms_max, [&] { return progress_.materialised_size >= wanted; });
}

void Committer::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  thread_.Join();
}

bool Committer::RunAndWait(Task task) {
  Mutex mutex;
  Condition ended;
  bool done = false;
  {
    MutexLock lock(mutex_);
    if (stopping_ || tasks_.size() >= kCommitTasksMax) return false;
    tasks_.push_back([&] {
      task();
      // Told under the lock: the waiter's condition ends with its wait.
      MutexLock told(mutex);
      done = true;
      ended.NotifyOne();
    });
    changed_.NotifyOne();
  }
  MutexLock lock(mutex);
  while (!done) ended.Wait(mutex);
  return true;
}

absl::StatusOr<Member> Committer::Enrol(absl::string_view code,
                                        const PublicKey& device_key,
                                        const PublicKey& person_key) {
  absl::StatusOr<Member> member = ShuttingDown();
  RunAndWait([&] {
    member = centre_->Enrol(code, device_key, person_key);
    if (!member.ok()) return;
    // Enrolled either way; a record that could not be written is made up for
    // when the call is repeated and at the next start.
    absl::Status written = WritePersonRecord(centre_, *member, random_);
    if (!written.ok()) member = written;
    log_size_ = std::max(log_size_, centre_->Head().size);
    PublishProgress();
  });
  return member;
}

absl::StatusOr<EnrolmentCode> Committer::CreateCode(
    int role, absl::string_view name, int64_t valid_ms,
    std::optional<PersonId> person) {
  absl::StatusOr<EnrolmentCode> code = ShuttingDown();
  RunAndWait([&] { code = centre_->CreateCode(role, name, valid_ms, person); });
  return code;
}

absl::StatusOr<ErasedRecord> Committer::Erase(const RecordId& record) {
  absl::StatusOr<ErasedRecord> erased = ShuttingDown();
  RunAndWait([&] {
    erased = centre_->Erase(record);
    PublishProgress();
  });
  return erased;
}

absl::Status Committer::NoteStable(const TreeHead& head) {
  absl::Status noted = ShuttingDown();
  RunAndWait([&] { noted = centre_->NoteStable(head); });
  return noted;
}

void Committer::Run() {
  while (true) {
    Task task;
    std::vector<Push> group;
    if (!Wait(&task, &group)) return;
    if (task) {
      task();
    } else if (!group.empty()) {
      CommitGroup(std::move(group));
      if (lag_ > kMaterialiserLagMax) MaterialiseStep();
    } else {
      MaterialiseStep();
    }
  }
}

// What to do next: a task, else a group, else (both empty) views. False at the
// end, when everything is committed.
bool Committer::Wait(Task* task, std::vector<Push>* group) {
  MutexLock lock(mutex_);
  while (true) {
    if (!tasks_.empty()) {
      *task = std::move(tasks_.front());
      tasks_.pop_front();
      return true;
    }
    if (!turns_.empty()) {
      *group = TakeGroup();
      return true;
    }
    // Views can be derived again at the next start.
    if (stopping_) return false;
    if (!centre_->materialised() && !materialise_failed_) return true;
    if (materialise_failed_) {
      materialise_failed_ = false;
      changed_.WaitFor(mutex_, kMaterialiseRetryMs);
    } else {
      changed_.Wait(mutex_);
    }
  }
}

std::vector<Committer::Push> Committer::TakeGroup() {
  std::vector<Push> group;
  size_t changes = 0;
  size_t bytes = 0;
  while (!turns_.empty()) {
    const uint64_t lane = turns_.front();
    std::deque<Push>& queue = lanes_[lane];
    Push& next = queue.front();
    if (!group.empty() && (changes + next.request.segment.changes.size() >
                               kCommitGroupChangesMax ||
                           bytes + next.bytes > kCommitGroupBytesMax)) {
      break;
    }
    changes += next.request.segment.changes.size();
    bytes += next.bytes;
    group.push_back(std::move(next));
    queue.pop_front();
    turns_.pop_front();
    if (queue.empty()) {
      lanes_.erase(lane);
    } else {
      turns_.push_back(lane);
    }
  }
  queued_segments_ -= group.size();
  queued_bytes_ -= bytes;
  metrics_->Queue(queued_segments_, queued_bytes_);
  return group;
}

void Committer::CommitGroup(std::vector<Push> group) {
  std::vector<Centre::CommitRequest> requests;
  requests.reserve(group.size());
  size_t changes = 0;
  size_t bytes = 0;
  for (Push& push : group) {
    changes += push.request.segment.changes.size();
    bytes += push.bytes;
    requests.push_back(std::move(push.request));
  }
  const uint64_t begin_ms = clock_->Now().monotonic_ms;
  auto results = centre_->Commit(std::move(requests));
  const uint64_t took_ms = clock_->Now().monotonic_ms - begin_ms;
  if (!results.ok()) {
    metrics_->CommitFailed(results.status());
    Log(LogLevel::kError, "commit failed",
        {{"reason", LogReason(results.status())},
         {"changes", changes},
         {"text", results.status().message()}});
    for (Push& push : group) push.done(results.status());
    return;
  }
  metrics_->CommittedGroup(changes, bytes, static_cast<double>(took_ms) / 1000);
  size_t applied = 0;
  size_t held = 0;
  size_t duplicates = 0;
  for (const Centre::CommitResult& result : *results) {
    if (!result.status.ok()) continue;
    const SegmentCommit& commit = result.commit;
    if (result.duplicate) {
      duplicates += commit.dispositions.size();
      continue;
    }
    log_size_ = std::max<uint64_t>(
        log_size_, commit.first_commit_seq + commit.dispositions.size());
    lag_ += commit.dispositions.size();
    for (const Disposition& d : commit.dispositions) {
      ++(d.quarantined ? held : applied);
    }
  }
  metrics_->Dispositions(applied, held, duplicates);
  PublishProgress();
  for (size_t i = 0; i < group.size(); ++i) group[i].done((*results)[i]);
}

void Committer::MaterialiseStep() {
  absl::Status status = centre_->Materialise(kMaterialiseStepEntries);
  if (!status.ok()) {
    materialise_failed_ = true;
    Log(LogLevel::kError, "views not updated",
        {{"reason", LogReason(status)}, {"text", status.message()}});
  }
  lag_ -= std::min<uint64_t>(lag_, kMaterialiseStepEntries);
  PublishProgress();
}

void Committer::PublishProgress() {
  if (centre_->materialised()) lag_ = 0;
  metrics_->Log(log_size_, lag_);
  MutexLock lock(mutex_);
  progress_ = {log_size_, log_size_ - std::min(lag_, log_size_)};
  progressed_.NotifyAll();
}

}  // namespace vouch
