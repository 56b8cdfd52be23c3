// What a tablet of the simulator is held to while it works.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/sim/device_node.h"
#include "tests/sim/tamper.h"

namespace vouch::sim {
namespace {

constexpr uint64_t kCheckPermille = 60;

}  // namespace

// 14: what waits for an acknowledgement stays within the window that the
// centre gave, and the one segment that passed it.
void DeviceNode::Send(StreamId stream, const v1::SyncRequest& message) {
  cost_.pushes += message.has_push() ? 1 : 0;
  cost_.pulls += message.has_pull() ? 1 : 0;
  cost_.questions += message.has_ladder() || message.has_compare() ? 1 : 0;
  for (const std::string& segment : message.push().segments()) {
    ++cost_.segments;
    in_flight_.push_back(segment.size());
    in_flight_bytes_ += segment.size();
    segment_bytes_max_ = std::max<uint64_t>(segment_bytes_max_, segment.size());
  }
  if (message.has_push() &&
      in_flight_bytes_ > window_bytes_ + segment_bytes_max_) {
    context_.findings->Fail(
        14, absl::StrCat(name(), " has ", in_flight_bytes_,
                         " unacknowledged bytes under way where the window is ",
                         window_bytes_));
  }
  // 12: as many pulls as batches came, and one to start and to end with.
  if (cost_.pulls > cost_.batches + 2 || cost_.pushes > cost_.segments) {
    context_.findings->Fail(
        12, absl::StrCat(name(), " sent ", cost_.pulls, " pulls for ",
                         cost_.batches, " batches"));
  }
  network_->ToCentre(stream, message);
}

// 9 and 17: what came changed is refused, whatever was changed of it, and
// nothing of it stays.
void DeviceNode::TryTampered(const DeviceEffect& effect) {
  const uint64_t size = device_->cursor_size();
  const Hash root = device_->cursor_root();
  absl::Status status;
  bool tampered = false;
  if (auto* pull = std::get_if<ApplyPull>(&effect)) {
    v1::PullBatch batch = pull->batch;
    tampered = Tamper(&random_, &batch);
    if (!tampered ||
        batch.SerializeAsString() == pull->batch.SerializeAsString()) {
      return;
    }
    status = device_->Apply(batch).status;
  } else if (auto* acked = std::get_if<ApplyAck>(&effect)) {
    v1::Ack ack = acked->ack;
    // What recovery sent may be another's, or of another run: that is passed
    // over here, and comes with the log.
    for (const v1::CommittedSegment& s : ack.segments()) {
      if (!s.head().empty()) return;
    }
    tampered = Tamper(&random_, &ack);
    if (tampered) status = device_->Apply(ack);
  }
  if (!tampered || crashed()) return;
  --tampers_;
  ++totals_.tampered;
  Say(absl::StrCat("is told lies: ",
                   status.ok() ? "taken" : ReasonName(ReasonOf(status))));
  if (status.ok() || device_->cursor_size() != size ||
      device_->cursor_root() != root) {
    context_.findings->Fail(
        9, absl::StrCat(name(), " took a message that was changed on its way"));
  }
}

void DeviceNode::CheckSometimes() {
  if (rotten() || !random_.Chance(kCheckPermille)) return;
  invariants_->CheckEffects(view());
  auto ledger = device_->Ledger();
  if (ledger.ok() && !ledger->balanced()) {
    context_.findings->Fail(
        1, absl::StrCat(name(), " captured ", ledger->captured, " and has ",
                        ledger->stored, " stored, ", ledger->held, " held, ",
                        ledger->pending, " pending"));
  }
}

void DeviceNode::ReplayAcks() {
  Run([&] {
    for (const v1::Ack& ack : acks_) {
      absl::Status applied = device_->Apply(ack);
      if (!applied.ok() && !IsOrdinary(ReasonOf(applied))) {
        context_.findings->Fail(
            6, absl::StrCat(name(), " refuses an acknowledgement it had: ",
                            applied.ToString()));
      }
    }
  });
}

}  // namespace vouch::sim
