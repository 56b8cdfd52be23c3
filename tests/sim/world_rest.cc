// Coming to rest, and what must be true then.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sync/base/status.h"
#include "tests/sim/world.h"

namespace vouch::sim {
namespace {

constexpr int64_t kRoundMs = 3'000;
constexpr int kRoundsMax = 60;
// Of the devices at each rest; over many seeds every kind has its turn.
constexpr uint64_t kRecordsPermille = 450;
constexpr uint64_t kReplayPermille = 350;

}  // namespace

void Sights::Add(const Sights& other) {
  records += other.records;
  sealed += other.sealed;
  field_conflicts += other.field_conflicts;
  late_amendments += other.late_amendments;
  ledgers_contested += other.ledgers_contested;
  held += other.held;
  unknown += other.unknown;
}

Sights World::Look(const ViewTexts& texts) const {
  auto count = [](absl::string_view text, absl::string_view line) {
    uint64_t found = 0;
    for (absl::string_view each : absl::StrSplit(text, '\n')) {
      found += absl::StartsWith(each, line) ? 1 : 0;
    }
    return found;
  };
  Sights sights;
  for (const auto& [key, text] : texts) {
    ++sights.records;
    sights.sealed += count(text, "seal ") > 0 ? 1 : 0;
    sights.field_conflicts += count(text, "conflict edited apart");
    sights.late_amendments += count(text, "late ");
    sights.ledgers_contested += count(text, "ledger contested");
    sights.held += count(text, "held ");
    sights.unknown += absl::StrContains(text, " newer-app") ? 1 : 0;
  }
  return sights;
}

bool World::AtRest() {
  Centre* centre = centre_->centre();
  if (centre == nullptr || !centre_->idle() || !newer_app_->idle()) {
    return false;
  }
  for (const auto& device : devices_) {
    if (device->device() == nullptr || device->syncing() ||
        !device->last_sync_ok() ||
        device->device()->cursor_size() != centre->Head().size) {
      return false;
    }
  }
  return true;
}

void World::ComeToRest() {
  if (findings_.failed()) return;
  calm_ = true;
  ++rests_;
  trace_.Event(scheduler_.now_ms(), "world", "comes to rest");
  network_.Heal();
  centre_->lag_ms_max = 100;
  centre_->Heal();
  for (const auto& device : devices_) {
    device->Heal();
    device->ForgetLastSync();
  }
  for (int round = 0; round < kRoundsMax && !findings_.failed(); ++round) {
    for (const auto& device : devices_) device->StartSync();
    newer_app_->Submit();
    scheduler_.RunUntil(scheduler_.now_ms() + kRoundMs);
    if (!findings_.failed() && AtRest()) return CheckAll();
  }
  for (const auto& device : devices_) {
    if (device->last_sync_ok()) continue;
    findings_.Fail(12, absl::StrCat(device->name(), " cannot finish a sync ",
                                    kRoundsMax * kRoundMs / 1000,
                                    " s after every fault ended"));
  }
  findings_.Fail(12, "something stays queued though every fault ended");
}

std::vector<std::pair<ScopeId, Hash>> World::CentreStates() {
  auto states = centre_->centre()->changes().ScopeStates(*centre_->store());
  if (!states.ok()) {
    findings_.Fail(4, absl::StrCat("the centre has no states: ",
                                   states.status().ToString()));
    return {};
  }
  return *std::move(states);
}

void World::CheckAll() {
  for (const auto& device : devices_) CheckReached(device->chain());
  CheckReached(newer_app_->chain());
  invariants_.CheckEffects(centre_->view());
  ViewTexts truth = invariants_.CheckRecords(centre_->view(), &random_);
  sights_ = Look(truth);
  for (const auto& device : devices_) CheckDevice(*device, truth);
  uint64_t captured = newer_app_->chain().hashes().size();
  for (const auto& device : devices_) {
    captured += device->chain().hashes().size();
  }
  auto ledger = centre_->centre()->Ledger();
  if (!ledger.ok() || ledger->stored + ledger->held != captured ||
      ledger->log_size != captured) {
    findings_.Fail(1, absl::StrCat("people captured ", captured,
                                   " changes and the log holds ",
                                   ledger.ok() ? ledger->log_size : 0));
  }
  trace_.Event(scheduler_.now_ms(), "world",
               absl::StrCat("agrees on ", captured, " changes, root ",
                            centre_->centre()->Head().root.Hex()));
}

// 1 and 3: the whole chain is in the log, without a gap.
void World::CheckReached(const ChainOracle& chain) {
  const ChangeStore& changes = centre_->centre()->changes();
  for (uint64_t seq = 1; seq <= chain.hashes().size(); ++seq) {
    auto held = changes.GetChangeHash(*centre_->store(), chain.At(seq));
    if (!held.ok() || !held->has_value() || **held != chain.hashes()[seq - 1]) {
      return findings_.Fail(
          3, absl::StrCat("the centre lacks seq ", seq, " of device ",
                          chain.device().Hex(), " after every sync is done"));
    }
  }
}

// 4: what a device shows is what the centre shows.
void World::CheckDevice(DeviceNode& node, const ViewTexts& truth) {
  Device& device = *node.device();
  invariants_.CheckEffects(node.view());
  if (random_.Chance(kRecordsPermille)) CheckShown(node, truth);
  auto states = device.ScopeStates();
  std::vector<std::pair<ScopeId, Hash>> at_centre;
  for (const auto& state : CentreStates()) {
    if (node.Sees(state.first)) at_centre.push_back(state);
  }
  if (!states.ok() || *states != at_centre ||
      device.cursor_root() != centre_->centre()->Head().root) {
    findings_.Fail(4, absl::StrCat(node.name(), " has another state hash"));
  }
  auto ledger = device.Ledger();
  if (!ledger.ok() || !ledger->balanced() || ledger->pending != 0 ||
      ledger->captured != node.chain().hashes().size()) {
    findings_.Fail(1, absl::StrCat(node.name(), "'s ledger does not balance"));
  }
}

void World::CheckShown(DeviceNode& node, const ViewTexts& truth) {
  ViewTexts texts = invariants_.CheckRecords(node.view(), &random_);
  size_t expected = 0;
  for (const auto& [key, text] : truth) {
    if (!node.Sees(key.first)) continue;
    ++expected;
    auto shown = texts.find(key);
    if (shown == texts.end()) {
      return findings_.Fail(
          4, absl::StrCat(node.name(), " lacks record ", key.second.Hex()));
    }
    if (shown->second != text) {
      return findings_.Fail(4,
                            absl::StrCat(node.name(), " shows\n", shown->second,
                                         "where the centre shows\n", text));
    }
  }
  if (texts.size() != expected) {
    findings_.Fail(4, absl::StrCat(node.name(),
                                   " shows records that the "
                                   "centre does not"));
  }
}

// 6: what was sent and told before changes nothing when it comes again.
void World::CheckReplays() {
  TreeHead head = centre_->centre()->Head();
  auto states = CentreStates();
  for (const auto& device : devices_) {
    auto before = device->device()->ScopeStates();
    if (random_.Chance(kReplayPermille)) ReplayPushes(*device);
    device->ReplayAcks();
    ReplayPull(*device);
    auto after = device->device()->ScopeStates();
    if (!before.ok() || !after.ok() || *before != *after) {
      findings_.Fail(6, absl::StrCat(device->name(),
                                     " is changed by what it was told twice"));
    }
  }
  if (centre_->centre()->Head().root != head.root ||
      centre_->centre()->Head().size != head.size || CentreStates() != states) {
    findings_.Fail(6, "the centre is changed by what it was sent twice");
  }
}

void World::ReplayPushes(DeviceNode& node) {
  ReadOutbox read{node.chain().incarnation(), 0, Hash(), kPushBytesMax};
  while (!findings_.failed()) {
    OutboxRead outbox = node.device()->Read(read);
    for (const OutboxSegment& segment : outbox.segments) {
      centre_->With([&](Centre& centre) {
        CommitSegments push;
        push.segments = {segment.wire};
        auto verified = centre.Verify(node.chain().device(), push, 0);
        if (!verified.ok()) {
          return findings_.Fail(6, verified.status().ToString());
        }
        auto results = centre.Commit({*std::move(verified)});
        if (!results.ok() || !(*results)[0].duplicate) {
          findings_.Fail(6, absl::StrCat("a segment of ", node.name(),
                                         " that was sent again is not known "
                                         "as the same"));
        }
      });
      read.after_seq = segment.end_seq;
      read.after_hash = segment.head;
    }

    if (!outbox.status.ok()) findings_.Fail(6, outbox.status.ToString());
    if (outbox.exhausted) return;
  }
}

// A batch from the start of the log, at a device that is past it.
void World::ReplayPull(DeviceNode& node) {
  if (node.device()->cursor_size() == 0) return;
  FeedRead feed = centre_->centre()->Feed(
      node.chain().device(), [&](const ScopeId& s) { return node.Sees(s); },
      ReadFeed{0, kBatchBytesMax});
  uint64_t cursor = node.device()->cursor_size();
  PullApplied applied = node.device()->Apply(feed.batch);
  if (applied.status.ok() || applied.cursor_size != cursor) {
    findings_.Fail(6, absl::StrCat(node.name(), " applied a batch twice"));
  }
}

// The lights go out everywhere; nothing that people were told may be missing.
void World::CheckAfterPowerCut() {
  auto states = CentreStates();
  TreeHead head = centre_->centre()->Head();
  for (const auto& device : devices_) device->PowerOff(true, 1);
  centre_->PowerOff(true, 1);
  scheduler_.RunUntil(scheduler_.now_ms() + kRoundMs);
  ComeToRest();
  if (findings_.failed()) return;
  if (centre_->centre()->Head().root != head.root || CentreStates() != states) {
    findings_.Fail(1, "a power cut at rest changed the centre");
  }
}

}  // namespace vouch::sim
