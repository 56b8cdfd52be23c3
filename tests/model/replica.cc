#include "tests/model/replica.h"

#include "absl/strings/str_cat.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/sim/sim_random.h"
#include "tests/sim/workload.h"
#include "tests/support/loopback.h"

namespace vouch::model {
namespace {

constexpr int64_t kStepMs = 1000;

// A crash that keeps a given number of unsynced writes: MemoryDisk takes the
// first word, modulo their number and one.
class Keeping : public Random {
 public:
  explicit Keeping(uint64_t kept) : kept_(kept) {}
  void Fill(uint8_t* out, size_t size) override {
    std::memset(out, 0, size);
    std::memcpy(out, &kept_, std::min(size, sizeof(kept_)));
  }

 private:
  uint64_t kept_;
};

// Chance depends on what is asked and not on what was asked before.
class StepRandom : public Random {
 public:
  void Begin(uint64_t seed) { random_ = sim::SimRandom(seed); }
  void Fill(uint8_t* out, size_t size) override { random_.Fill(out, size); }

 private:
  sim::SimRandom random_{0};
};

// All that a disk holds, but for sealed bytes: these say nothing that the
// change they belong to does not say, and their keys and nonces differ with
// the order of pulls.
void AppendContents(const Reader& reader, ByteWriter* out) {
  for (int f = 0; f < kFamilyCount; ++f) {
    const Family family = static_cast<Family>(f);
    const bool sealed = family == Family::kPayload || family == Family::kKey;
    out->U8(static_cast<uint8_t>(f));
    VOUCH_CHECK(reader
                    .Scan(family, "", "",
                          [&](absl::string_view key, absl::string_view value) {
                            out->Prefixed(key);
                            if (!sealed) out->Prefixed(value);
                            return true;
                          })
                    .ok());
  }
}

Digest DiskDigest(const MemoryDisk& disk) {
  ByteWriter out;
  for (size_t kept = 0; kept <= disk.unsynced_batches(); ++kept) {
    MemoryDisk cut = Cut(disk, kept);
    auto store = OpenMemoryStore(&cut);
    VOUCH_CHECK(store.ok());
    AppendContents(**store, &out);
  }
  return DigestOf(out.bytes());
}

void EncodeStatus(const absl::Status& status, ByteWriter* out) {
  out->Varint(static_cast<uint64_t>(ReasonOf(status)))
      .Prefixed(status.message());
}

void EncodeOutbox(const std::vector<OutboxSegment>& segments, bool exhausted,
                  ByteWriter* out) {
  for (const OutboxSegment& segment : segments) {
    out->Prefixed(segment.wire).U64(segment.end_seq).Fixed(segment.head);
    if (!segment.earlier.has_value()) continue;
    out->Prefixed(segment.earlier->commit).Fixed(segment.earlier->signature);
  }
  out->U8(exhausted ? 1 : 0);
}

Digest DigestOfEvent(const DeviceEvent& event) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(event.index()));
  if (auto* e = std::get_if<OutboxRead>(&event)) {
    EncodeStatus(e->status, &out);
    EncodeOutbox(e->segments, e->exhausted, &out);
  } else if (auto* e = std::get_if<AckApplied>(&event)) {
    EncodeStatus(e->status, &out);
  } else if (auto* e = std::get_if<PullApplied>(&event)) {
    EncodeStatus(e->status, &out);
    out.U64(e->cursor_size);
  } else if (auto* e = std::get_if<RecoveryBegun>(&event)) {
    EncodeStatus(e->status, &out);
    out.U64(e->cursor_size);
    for (const OwnHead& head : e->heads) {
      out.Fixed(head.incarnation).U64(head.seq).Fixed(head.hash);
    }
  } else if (auto* e = std::get_if<RangesCompared>(&event)) {
    EncodeStatus(e->status, &out);
    out.Prefixed(e->next.SerializeAsString());
  } else if (auto* e = std::get_if<LostRead>(&event)) {
    EncodeStatus(e->status, &out);
    EncodeOutbox(e->segments, e->exhausted, &out);
  } else if (auto* e = std::get_if<RecoveryEnded>(&event)) {
    EncodeStatus(e->status, &out);
  } else if (auto* e = std::get_if<StandingKept>(&event)) {
    EncodeStatus(e->status, &out);
  }
  return DigestOf(out.bytes());
}

Digest DigestOfEvent(const CentreEvent& event) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(event.index()));
  auto add = [&](const absl::Status& status,
                 const google::protobuf::MessageLite& message) {
    EncodeStatus(status, &out);
    out.Prefixed(message.SerializeAsString());
  };
  if (auto* e = std::get_if<LookedUp>(&event)) add(e->status, e->welcome);
  if (auto* e = std::get_if<Committed>(&event)) add(e->status, e->ack);
  if (auto* e = std::get_if<FeedRead>(&event)) add(e->status, e->batch);
  if (auto* e = std::get_if<CommonFound>(&event)) add(e->status, e->common);
  if (auto* e = std::get_if<RangesAnswered>(&event)) add(e->status, e->differ);
  return DigestOf(out.bytes());
}

// Meets the writes of one step with its fault.
class Disturbance {
 public:
  Disturbance(MemoryDisk* disk, const Fault& fault, Outcome* out)
      : disk_(disk), fault_(fault), out_(out) {
    disk_->SetWriteHook(
        [this](MemoryDisk::Stage stage, const WriteBatch& batch) {
          return OnWrite(stage, batch);
        });
    if (fault_.kind == Fault::kFull) {
      disk_->SetFull(true);
      out_->fault_met = true;
    }
  }
  ~Disturbance() {
    disk_->SetWriteHook(nullptr);
    disk_->SetFull(false);
  }

 private:
  absl::Status OnWrite(MemoryDisk::Stage stage, const WriteBatch& batch) {
    using Stage = MemoryDisk::Stage;
    // A Sync is a write of nothing that begins with its second stage.
    const bool begins = stage == Stage::kBeforeWrite ||
                        (batch.empty() && stage == Stage::kBeforeSync);
    if (begins) out_->writes.push_back(false);
    if (stage == Stage::kBeforeSync) out_->writes.back() = true;
    if (out_->writes.size() != fault_.write) return absl::OkStatus();
    bool now = false;
    switch (fault_.kind) {
      case Fault::kErrorBefore:
        now = begins;
        break;
      case Fault::kErrorUnsynced:
        now = stage == Stage::kBeforeSync;
        break;
      case Fault::kErrorAfter:
      case Fault::kCrashAfter:
        now = stage == Stage::kAfterWrite;
        break;
      case Fault::kNone:
      case Fault::kFull:
        break;
    }
    if (!now) return absl::OkStatus();
    out_->fault_met = true;
    if (fault_.kind == Fault::kCrashAfter) {
      out_->crashed = true;
      Keeping all(disk_->unsynced_batches());
      disk_->Crash(all);
    }
    return Error(Reason::kStoreIo, "the model's disk failed");
  }

  MemoryDisk* const disk_;
  const Fault fault_;
  Outcome* const out_;
};

// The centre's answers are read from its store; so is the outbox.
bool IsRead(const Input& input) {
  if (input.kind != Input::kPerform) return false;
  if (input.device_effect != nullptr) {
    return std::holds_alternative<ReadOutbox>(*input.device_effect);
  }
  return !std::holds_alternative<CommitSegments>(*input.centre_effect);
}

// A comparison of sets is kept in memory until the session ends.
bool IsComparison(const Input& input) {
  return input.device_effect != nullptr &&
         (std::holds_alternative<CompareHeld>(*input.device_effect) ||
          std::holds_alternative<ReadLost>(*input.device_effect));
}

// What the process was asked in vain since a session began is past.
void Forget(Replica* replica, const Input& input) {
  if (input.kind != Input::kBegin) return;
  std::erase_if(replica->since, IsComparison);
}

// What the process knows beyond its disk comes from the writes that failed it:
// which kind of step they were in, and how they failed.
Digest ReplicaDigest(const Replica& replica) {
  ByteWriter out;
  out << DiskDigest(replica.disk);
  for (const Input& input : replica.since) {
    if (IsComparison(input)) out << input.digest;
    if (input.fault.kind == Fault::kNone) continue;
    const size_t effect =
        input.device_effect != nullptr   ? input.device_effect->index()
        : input.centre_effect != nullptr ? input.centre_effect->index()
                                         : 0;
    out.U8(input.kind).U8(static_cast<uint8_t>(effect));
    out.U8(input.fault.kind).U8(input.fault.write);
  }
  return DigestOf(out.bytes());
}

}  // namespace

MemoryDisk Cut(const MemoryDisk& disk, size_t kept) {
  MemoryDisk cut = disk.Clone();
  Keeping random(kept);
  cut.Crash(random);
  return cut;
}

StillClock::StillClock(size_t site) {
  reading_.boot.data()[0] = static_cast<uint8_t>(site + 1);
  SetStep(kDeedsMax);
}

void StillClock::SetStep(uint8_t step) {
  reading_.wall_ms = sim::kEpochMs + (step + 1) * kStepMs;
  reading_.monotonic_ms = static_cast<uint64_t>((step + 1) * kStepMs);
}

Process::Process(const Site& site, size_t at, MemoryDisk disk, bool observe)
    : site_(site),
      at_(at),
      observe_(observe),
      disk_(std::move(disk)),
      clock_(at),
      random_(std::make_unique<StepRandom>()) {
  static_cast<StepRandom*>(random_.get())->Begin(at_ + 1);
}

absl::Status Process::Open() {
  VOUCH_ASSIGN_OR_RETURN(store_, OpenMemoryStore(&disk_));
  const Seams& seams = site_.seams();
  const sim::WrapStore& wrap =
      at_ == kCentreSite ? seams.centre_store : seams.device_store;
  if (wrap && !observe_) store_ = wrap(std::move(store_));
  VOUCH_ASSIGN_OR_RETURN(
      keys_, KeyRing::Open(store_.get(), site_.provider(at_), random_.get()));
  if (at_ == kCentreSite) {
    VOUCH_ASSIGN_OR_RETURN(
        centre_, Centre::Open(store_.get(), keys_.get(), site_.judge(), &clock_,
                              random_.get(), {"the centre of the model"}));
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(
      device_, Device::Open(store_.get(), keys_.get(), &clock_, random_.get()));
  return absl::OkStatus();
}

const ChangeStore& Process::changes() const {
  return centre_ != nullptr ? centre_->changes() : device_->changes();
}

Outcome Process::Ask(const Input& input) {
  Outcome out;
  Disturbance disturbance(&disk_, input.fault, &out);
  // The step decides the salts, so a change made at any moment is one change;
  // a tablet and its clone do not draw alike.
  static_cast<StepRandom*>(random_.get())
      ->Begin(input.digest.first + input.site * 1000u + input.kind * 100u +
              input.step);
  if (at_ == kCentreSite) {
    AskCentre(input, &out);
  } else {
    AskDevice(input, &out);
  }
  return out;
}

void Process::Save(const Input& input, Outcome* out) {
  clock_.SetStep(input.step);
  auto draft = MakeDraft(*device_, site_.script().deeds[input.step]);
  out->possible = draft.has_value();
  if (draft.has_value()) {
    auto saved = device_->Save({*draft});
    out->status = saved.status();
    if (saved.ok()) out->saved.push_back((*saved)[0].hash);
  }
  clock_.SetStep(kDeedsMax);
}

void Process::AskDevice(const Input& input, Outcome* out) {
  if (input.kind == Input::kSave) return Save(input, out);
  if (input.kind == Input::kBegin) {
    auto config = device_->BeginSession();
    out->status = config.status();
    if (config.ok()) {
      out->config =
          std::make_shared<const DeviceSessionConfig>(*std::move(config));
    }
    return;
  }
  auto event = device_->CarryOut(*input.device_effect);
  if (!event.has_value()) return;  // it asks for no answer
  Told(*input.device_effect, out);
  if (auto* read = std::get_if<OutboxRead>(&*event)) {
    if (read->status.ok() && !read->segments.empty()) {
      out->sent = {read->segments.back().end_seq, read->segments.back().head};
    }
  } else if (auto* applied = std::get_if<AckApplied>(&*event)) {
    if (!applied->status.ok()) out->told.clear();
  } else if (auto* applied = std::get_if<PullApplied>(&*event)) {
    if (!applied->status.ok()) out->told.clear();
  }
  out->event_digest = DigestOfEvent(*event);
  out->device_event = std::make_shared<const DeviceEvent>(*std::move(event));
}

// What the effect tells the person is at the centre, if it goes well.
void Process::Told(const DeviceEffect& effect, Outcome* out) {
  auto tell = [&](const v1::CommittedSegment& item) {
    auto incarnation = Incarnation::FromBytes(item.incarnation());
    for (uint64_t i = 0; incarnation && i < item.count(); ++i) {
      auto hash = changes().GetChangeHash(
          *store_, {device_->id(), *incarnation, Hash(), item.first_seq() + i});
      if (hash.ok() && hash->has_value()) out->told.push_back(**hash);
    }
  };
  if (auto* apply = std::get_if<ApplyAck>(&effect)) {
    for (const v1::CommittedSegment& item : apply->ack.segments()) tell(item);
  } else if (auto* apply = std::get_if<ApplyPull>(&effect)) {
    for (const v1::PullItem& item : apply->batch.items()) {
      if (item.has_own()) tell(item.own());
    }
  }
}

void Process::AskCentre(const Input& input, Outcome* out) {
  if (input.kind == Input::kMaterialise) {
    out->possible = !centre_->materialised();
    out->status = centre_->Materialise(kMaterialiseEntriesMax);
    return;
  }
  const size_t device = input.device;
  auto event = PerformOnCentre(
      *centre_, site_.device(device),
      [&](const ScopeId& scope) { return site_.Sees(device, scope); },
      *input.centre_effect);
  VOUCH_CHECK(event.has_value());
  out->event_digest = DigestOfEvent(*event);
  out->centre_event = std::make_shared<const CentreEvent>(*std::move(event));
}

Outcome RunReplica(const Site& site, size_t at, const Replica& replica,
                   const Input& input, bool keep_processes) {
  Process process(site, at, replica.base.Clone());
  absl::Status opened = process.Open();
  if (!opened.ok()) {
    Outcome out;
    out.opened = opened;
    return out;
  }
  for (const Input& before : replica.since) process.Ask(before);
  Outcome out = process.Ask(input);
  if (!out.possible || (IsRead(input) && input.fault.kind == Fault::kNone)) {
    return out;
  }
  if (out.writes.empty() && !out.fault_met && !IsComparison(input)) return out;
  if (out.crashed) {
    auto again = Crashed(site, at, process.disk(), SIZE_MAX);
    out.opened = again.status();
    if (again.ok()) out.replica = *std::move(again);
    return out;
  }
  Replica next{replica.base.Clone(), replica.since, process.disk().Clone(), {}};
  Forget(&next, input);
  next.since.push_back(input);
  bool knows_more = keep_processes;
  for (size_t i = 0; i < next.since.size(); ++i) {
    knows_more |= IsComparison(next.since[i]) ||
                  (next.since[i].fault.kind != Fault::kNone &&
                   next.since.size() - i <= kCarriedMax);
  }
  if (at == kCentreSite) knows_more |= !process.centre()->materialised();
  if (!knows_more) {
    next.base = next.disk.Clone();
    next.since.clear();
  }
  next.digest = ReplicaDigest(next);
  out.replica = std::move(next);
  return out;
}

absl::StatusOr<Replica> Crashed(const Site& site, size_t at,
                                const MemoryDisk& disk, size_t kept) {
  // Starting again may write: the centre works out the views it lacks.
  Process process(site, at, Cut(disk, std::min(kept, disk.unsynced_batches())));
  VOUCH_RETURN_IF_ERROR(process.Open());
  Replica next{process.disk().Clone(), {}, process.disk().Clone(), {}};
  next.digest = ReplicaDigest(next);
  return next;
}

}  // namespace vouch::model
