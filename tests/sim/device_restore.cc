// What the oracle makes of a tablet that is put back to an earlier state or
// cloned: which chain it goes on with, and what it still answers for.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"
#include "tests/sim/device_node.h"
#include "tests/sim/faults.h"

namespace vouch::sim {

void DeviceNode::Rewound() {
  rewound_ = disturbed_ = true;
  oracle_->custody().Disturb();
  // What its disk holds now is synced, whoever wrote it.
  kept_ = Held(Writes::kSynced);
}

void DeviceNode::BecomeTwin(DeviceNode* original) {
  CopyDisk(*original);
  options_.role = original->options_.role;
  options_.caseload = original->options_.caseload;
  person_ = original->person_;
  Workload::Options work = WorkOf(options_, boots());
  workload_ = std::make_unique<Workload>(work);
  original->disturbed_ = true;
  Rewound();
  PowerOn();
}

// Takes what the disk holds of its chain as saved.
void DeviceNode::Resume() {
  reads_.Restart([](const Hash&) { return false; });
  chains_.emplace_back(absl::StrCat(name(), ", boot ", boots()),
                       context_.findings);
  chains_.back().Begin(device_->id(), device_->incarnation());
  chains_.back().Resume(device_->changes(), *store_, oracle_);
  noted_ = kept_of_chain_ = 0;
  Note();
}

// Only a tablet that was put back or has a twin goes on under a new one.
void DeviceNode::FollowIncarnation() {
  if (device_->incarnation() == chain().incarnation()) return;
  Say("goes on under a new incarnation");
  ++totals_.incarnations;
  if (!disturbed_) {
    return context_.findings->Fail(
        3, absl::StrCat(name(), " was never put back, and leaves its chain"));
  }
  chains_.emplace_back(
      absl::StrCat(name(), ", incarnation ", totals_.incarnations),
      context_.findings);
  chains_.back().Begin(device_->id(), device_->incarnation());
  noted_ = kept_of_chain_ = 0;
}

// Tells custody of what the chain has by now.
void DeviceNode::Note() {
  Custody& custody = oracle_->custody();
  const std::vector<Hash>& hashes = chain().hashes();
  for (noted_ = std::min(noted_, hashes.size()); noted_ < hashes.size();
       ++noted_) {
    custody.Wrote(hashes[noted_]);
  }
  for (; kept_of_chain_ < chain().confirmed(); ++kept_of_chain_) {
    kept_.insert(hashes[kept_of_chain_]);
    custody.Owe(hashes[kept_of_chain_]);
  }
}

// The centre says that it has a segment: found by its end, which recovery names
// by its hash, since another of this tablet's branches may have that place.
void DeviceNode::Told(const v1::CommittedSegment& segment) {
  const uint64_t end_seq = segment.first_seq() + segment.count() - 1;
  const bool own = segment.device_id().empty();
  Say(absl::StrCat("is told that ", segment.first_seq(), "+", segment.count(),
                   own ? "" : " of another", " are stored"));
  auto hash = Hash::FromBytes(segment.head());
  if (!hash.has_value() && end_seq <= chain().hashes().size() &&
      segment.incarnation() == chain().incarnation().view()) {
    chains_.back().Acknowledged(end_seq);
    Note();
    hash = chain().hashes()[end_seq - 1];
  }
  for (uint64_t i = 0; i < segment.count(); ++i) {
    const Change* change = hash.has_value() ? oracle_->Find(*hash) : nullptr;
    // What the liar wrote is known here once a check has come upon it.
    if (change == nullptr && !own) return;
    if (change == nullptr) {
      return context_.findings->Fail(
          1, absl::StrCat(name(), " was told that seq ", end_seq - i,
                          " is stored, which it never wrote"));
    }
    if (age_ == oracle_->custody().age()) {
      oracle_->custody().Acknowledged(*hash);
    }
    hash = change->core.previous;
  }
}

bool DeviceNode::reconciled() const {
  return absl::IsNotFound(store_->Get(Family::kMeta, kRecoveryRow).status());
}

void DeviceNode::CheckSafe(const RecordId& record) {
  if (rotten() || !device_->stable_head().has_value()) return;
  auto safety = device_->SafetyOf(record);
  if (!safety.ok() || *safety != Safety::kSafe) return;
  auto scope = device_->changes().ScopeOf(*store_, record);
  if (!scope.ok()) return;
  auto rows = device_->changes().GetRecordChanges(*store_, *scope, record);
  if (!rows.ok()) return;
  ++totals_.safe;
  for (const RecordChange& row : *rows) {
    if (oracle_->custody().backed_up(row.hash)) continue;
    return context_.findings->Fail(
        1, absl::StrCat(name(), " calls record ", record.Hex(),
                        " safe, of which change ", row.hash.Hex().substr(0, 12),
                        " is in no second store"));
  }
}

}  // namespace vouch::sim
