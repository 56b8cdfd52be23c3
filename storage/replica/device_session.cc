// What a session needs of a tablet: closed segments, where it stands, and the
// bytes to send.
#include "storage/replica/device.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr size_t kOpenBytesMax = 4 << 20;  // read at once to be segmented

}  // namespace

OutboxSegment MakeOutbox(const Segment& segment, const SegmentRow& row,
                         const ShortenOwn& shorten) {
  const SegmentHeader& header = segment.header;
  OutboxSegment out;
  out.wire = EncodeSegment(segment, shorten);
  out.device = header.device();
  out.incarnation = header.incarnation;
  out.first_seq = header.first_seq;
  out.end_seq = header.end_seq() - 1;
  out.head = header.head;
  if (row.earlier.has_value()) {
    out.earlier = ProvenCommit{row.earlier->history,
                               EncodeSegmentCommit(row.earlier->commit),
                               row.earlier->signature};
  }
  return out;
}

// The next run of changes that no segment holds yet, bounded in memory.
absl::StatusOr<std::vector<Change>> Device::UnsegmentedChanges() const {
  std::vector<Change> out;
  size_t bytes = 0;
  Coordinate at{id(), writer_->incarnation(), Hash(), segmented_seq_ + 1};
  for (; at.seq <= writer_->seq() && bytes < kOpenBytesMax; ++at.seq) {
    VOUCH_ASSIGN_OR_RETURN(Change change, changes_.GetChange(*store_, at));
    if (!out.empty() && change.core.previous != out.back().hash) {
      return Error(Reason::kStoreCorrupted,
                   "a change in family chain does not follow the one before");
    }
    bytes += change.core_bytes.size() + change.payload.size();
    out.push_back(std::move(change));
  }
  return out;
}

// Segments are closed on a change of scope, at the limits, and here: at sync.
// Once closed they stay as they are, so a resend is the same bytes.
absl::Status Device::CloseSegments() {
  while (segmented_seq_ < writer_->seq()) {
    VOUCH_RETURN_IF_ERROR(CloseSomeSegments());
  }
  return absl::OkStatus();
}

absl::Status Device::CloseSomeSegments() {
  VOUCH_ASSIGN_OR_RETURN(std::vector<Change> open, UnsegmentedChanges());
  SeenHead seen{history_, tree_.size(), tree_.Root()};
  WriteBatch batch;
  size_t begin = 0;
  while (begin < open.size()) {
    size_t end = begin;
    size_t bytes = 0;
    while (end < open.size() && end - begin < kSegmentChangesMax &&
           open[end].core.scope == open[begin].core.scope) {
      size_t next =
          open[end].core_bytes.size() + open[end].payload.size() + 512;
      if (end > begin && bytes + next > kSegmentBytesMax) break;
      bytes += next;
      ++end;
    }
    std::vector<Change> part(std::make_move_iterator(open.begin() + begin),
                             std::make_move_iterator(open.begin() + end));
    Segment segment = SealSegment(std::move(part), seen, writer_->device_key());
    changes_.PutSegmentRow({segment.header}, FirstOf(segment.header, Hash()),
                           &batch);
    begin = end;
  }
  uint64_t closed = segmented_seq_ + open.size();
  batch.Put(Family::kMeta, kSegmentedRow, U64Key(closed));
  VOUCH_RETURN_IF_ERROR(Write(std::move(batch), Durability::kSynced));
  segmented_seq_ = closed;
  return absl::OkStatus();
}

absl::StatusOr<DeviceSessionConfig> Device::BeginSession() {
  if (!membership_.has_value()) {
    return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
  }
  VOUCH_RETURN_IF_ERROR(Settle());
  VOUCH_RETURN_IF_ERROR(CloseSegments());
  auto due = store_->Get(Family::kMeta, kRecoveryRow);
  if (!due.ok() && !absl::IsNotFound(due.status())) return due.status();
  recovery_due_ = due.ok();
  comparison_.reset();
  DeviceSessionConfig config;
  config.centre_key = membership_->centre_key;
  config.device = id();
  config.recovery_due = recovery_due_;
  config.erasures_known = erasures_done_;
  config.stable_known = stable_head_.has_value();
  VOUCH_ASSIGN_OR_RETURN(config.ladder, Ladder());
  config.history = history_;
  config.cursor_size = tree_.size();
  config.cursor_root = tree_.Root();
  config.heads.push_back(
      {writer_->incarnation(), writer_->seq(), writer_->head()});
  return config;
}

std::optional<DeviceEvent> Device::CarryOut(const DeviceEffect& effect) {
  if (auto* e = std::get_if<ReadOutbox>(&effect)) return Read(*e);
  if (auto* e = std::get_if<ApplyAck>(&effect)) {
    return AckApplied{Apply(e->ack)};
  }
  if (auto* e = std::get_if<ApplyPull>(&effect)) return Apply(e->batch);
  if (auto* e = std::get_if<BeginRecovery>(&effect)) return Begin(*e);
  if (auto* e = std::get_if<CompareHeld>(&effect)) return Compare(*e);
  if (auto* e = std::get_if<ReadLost>(&effect)) return Read(*e);
  if (std::holds_alternative<EndRecovery>(effect)) return End();
  if (auto* e = std::get_if<KeepStanding>(&effect)) return Keep(*e);
  return std::nullopt;
}

OutboxRead Device::Read(const ReadOutbox& request) const {
  OutboxRead out;
  Coordinate at{id(), request.incarnation, Hash(), request.after_seq};
  auto check = [&]() -> absl::Status {
    if (request.after_seq > 0) {
      VOUCH_ASSIGN_OR_RETURN(auto held, changes_.GetChangeHash(*store_, at));
      if (!held.has_value() || *held != request.after_hash) {
        return Error(Reason::kChainForked,
                     "the centre holds other changes at this tablet's place");
      }
    }
    size_t bytes = 0;
    while (true) {
      ++at.seq;
      if (at.seq > segmented_seq_) {
        out.exhausted = true;
        return absl::OkStatus();
      }
      auto segment = changes_.GetSegment(*store_, at);
      if (absl::IsNotFound(segment.status())) {
        return Error(Reason::kChainBroken,
                     "the centre holds this chain in other segments");
      }
      VOUCH_RETURN_IF_ERROR(segment.status());
      VOUCH_ASSIGN_OR_RETURN(auto row, changes_.GetSegmentRow(*store_, at));
      OutboxSegment wire = MakeOutbox(
          *segment, *row, changes_.Shortener(*store_, *segment, at.branch));
      if (!out.segments.empty() &&
          bytes + wire.wire.size() > request.bytes_max) {
        return absl::OkStatus();
      }
      bytes += wire.wire.size();
      at.seq = wire.end_seq;
      out.segments.push_back(std::move(wire));
    }
  };
  out.status = check();
  return out;
}

}  // namespace vouch
