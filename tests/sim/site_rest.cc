// A site that comes to rest, and what must be true of it then.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sync/base/status.h"
#include "tests/sim/site.h"
#include "tests/support/loopback.h"

namespace vouch::sim {
namespace {

// Of the devices at each rest; over many seeds every kind has its turn.
constexpr uint64_t kRecordsPermille = 400;
constexpr uint64_t kReplayPermille = 300;
// A round trip at rest, with what both sides do meanwhile.
constexpr int64_t kTripMs = 100;
constexpr int64_t kCommitMs = 20;
constexpr uint64_t kDrainSessionsMax = 3;
// More, where something was put back: one that finds out, one that makes it
// good, one for what others brought back meanwhile.
constexpr uint64_t kRecoverySessionsMax = 3;

Sights SightsOf(const ViewTexts& texts) {
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

}  // namespace

void Site::Calm() {
  calm_ = first_pass_ = true;
  ++rests_;
  context_.trace->Event(context_.scheduler->now_ms(), centre_->name(),
                        "comes to rest");
  network_.Heal();
  centre_->Heal();
  centre_->BeCalm(true);
  if (centre_->centre() == nullptr) {
    return context_.findings->Fail(12, "the centre does not come up again");
  }
  stall_allowed_ms_ = 0;
  for (size_t i = 0; i < devices_.size(); ++i) {
    DeviceNode& device = *devices_[i];
    if (device.rotten() || device.out()) {
      std::set<Hash> before = device.Held(Machine::Writes::kSynced);
      device.Replace();
      if (!device.up()) return;  // that is a finding already
      LoseWhatOnly(device, before);
      device.Enrol(*centre_->centre(), &roster_);
      // Who belongs to the centre is kept apart from its log (rule 16), which
      // is not simulated: no restore goes back to before that.
      centre_->ForgetCheckpoints();
      ++sights_.replaced;
    }
    device.Heal();
    device.ForgetLastSync();
    // It may have to find out first that its stream is dead.
    drain_sessions_[i] = device.syncing() ? 1 : 0;
    if (device.syncing()) stall_allowed_ms_ = kStallMsMax + 2'000;
    drain_[i] = {};
  }
  OweWhatIsHeld();
}

// Everyone syncs once, which brings all there is to the centre, and then
// whoever has not seen the whole log yet.
bool Site::Settle() {
  Centre* centre = centre_->centre();
  if (centre == nullptr) return false;
  if (!newer_app_->idle()) newer_app_->Submit();
  bool all_synced = true, all_there = true;
  for (size_t i = 0; i < devices_.size(); ++i) {
    DeviceNode& node = *devices_[i];
    bool there = node.device() != nullptr && !node.syncing() &&
                 node.last_sync_ok() &&
                 node.device()->cursor_root() == centre->Head().root &&
                 node.reconciled();
    all_synced &= node.last_sync_ok() && !node.syncing();
    all_there &= there;
    bool due = first_pass_ ? !node.last_sync_ok() : !there;
    if (!due || node.syncing() || node.device() == nullptr) continue;
    const SessionCost& last = node.cost();
    drain_[i].pushes += last.pushes;
    drain_[i].batches += last.batches;
    drain_[i].questions += last.questions;
    ++drain_sessions_[i];
    node.StartSync();
  }
  if (first_pass_ && all_synced && newer_app_->idle()) first_pass_ = false;
  return all_there && !first_pass_ && newer_app_->idle() && centre_->idle();
}

std::string Site::Unfinished() const {
  for (const auto& device : devices_) {
    if (device->last_sync_ok()) continue;
    return absl::StrCat(device->name(), " cannot finish a sync");
  }
  return "something stays queued";
}

// What the same messages take when nothing is in their way: each device's one
// after the other, and every push through the one committer.
int64_t Site::IdealMs() const {
  int64_t slowest_ms = 0;
  uint64_t pushes = 0;
  for (size_t i = 0; i < devices_.size(); ++i) {
    const SessionCost& last = devices_[i]->cost();
    uint64_t messages = drain_[i].pushes + drain_[i].batches +
                        drain_[i].questions + last.pushes + last.batches +
                        last.questions + drain_sessions_[i];
    slowest_ms = std::max(slowest_ms, static_cast<int64_t>(messages) * kTripMs);
    pushes += drain_[i].pushes + last.pushes;
  }
  return slowest_ms + static_cast<int64_t>(pushes) * kCommitMs;
}

void Site::CheckDrain(int64_t drained_ms) {
  sights_.drain_ms_max = std::max<uint64_t>(sights_.drain_ms_max,
                                            static_cast<uint64_t>(drained_ms));
  int64_t allowed_ms = 2 * IdealMs() + 5'000 + stall_allowed_ms_;
  if (drained_ms > allowed_ms) {
    context_.findings->Fail(
        12,
        absl::StrCat("the queues took ", drained_ms,
                     " ms to drain where 2 × ideal + 5 s are ", allowed_ms));
  }
  const uint64_t sessions_max =
      kDrainSessionsMax +
      (oracle_.custody().disturbed() ? kRecoverySessionsMax : 0);
  for (size_t i = 0; i < devices_.size(); ++i) {
    if (drain_sessions_[i] <= sessions_max + 1) continue;
    context_.findings->Fail(
        12, absl::StrCat(devices_[i]->name(), " needed ", drain_sessions_[i],
                         " sessions to come to rest"));
  }
}

std::vector<std::pair<ScopeId, Hash>> Site::CentreStates() {
  auto states = centre_->centre()->changes().ScopeStates(*centre_->store());
  if (!states.ok()) {
    context_.findings->Fail(4, absl::StrCat("the centre has no states: ",
                                            states.status().ToString()));
    return {};
  }
  return *std::move(states);
}

// 1, 3, 7 and 8: the log holds what people captured and no more, each with the
// verdict that the rules give, under heads that agree.
void Site::CheckLog() {
  Centre& centre = *centre_->centre();
  verdicts_.Check(centre.changes(), *centre_->store(), !plan_.shipped_judge);
  centre_->heads().Check(centre.changes(), *centre_->store());
  CheckForks();
  const Custody& custody = oracle_.custody();
  const uint64_t captured = verdicts_.committed().size();
  for (const Hash& hash : custody.owed()) {
    if (verdicts_.committed().contains(hash)) continue;
    const Change* change = oracle_.Find(hash);  // of the liar's, not all
    return context_.findings->Fail(
        2, absl::StrCat("the centre lacks change ", hash.Hex().substr(0, 12),
                        " of ",
                        change != nullptr ? roster_[change->core.device].name
                                          : std::string("the liar"),
                        " after every sync is done"));
  }
  for (const auto& [hash, device] : verdicts_.committed()) {
    if (custody.written(hash) || device == liar_->peer()) continue;
    return context_.findings->Fail(
        3,
        absl::StrCat("the centre holds change ", hash.Hex().substr(0, 12),
                     " of ", roster_[device].name, ", which it never wrote"));
  }
  sights_.reinstated = verdicts_.reinstated();
  auto ledger = centre.Ledger();
  if (!ledger.ok() || ledger->stored + ledger->held != captured ||
      ledger->log_size != captured + verdicts_.reinstated() ||
      (verdicts_.reinstated() > 0 && !custody.disturbed())) {
    context_.findings->Fail(1,
                            absl::StrCat("people captured ", captured,
                                         " changes and the log holds ",
                                         ledger.ok() ? ledger->log_size : 0));
  }
  context_.trace->Event(context_.scheduler->now_ms(), centre_->name(),
                        absl::StrCat("agrees on ", captured, " changes, root ",
                                     centre.Head().root.Hex()));
}

void Site::CheckAll(int64_t drained_ms) {
  CheckDrain(drained_ms);
  CheckLog();
  invariants_.CheckEffects(centre_->view());
  ViewTexts truth = invariants_.CheckRecords(centre_->view(), &random_);
  Sights seen = SightsOf(truth);
  // What is counted at rest is the last rest's, the rest is of the run.
  Sights so_far = sights_;
  so_far.records = so_far.sealed = so_far.field_conflicts = 0;
  so_far.late_amendments = so_far.ledgers_contested = so_far.held = 0;
  so_far.unknown = 0;
  seen.Add(so_far);
  sights_ = seen;
  for (const Places& team : teams_) {
    for (const RecordId& record : team.records) {
      if (random_.Chance(100)) centre_->Read(record);
    }
  }
  at_rest_ = CentreStates();
  for (const auto& device : devices_) CheckDevice(*device, truth);
}

// 2 and 4: what a device holds and shows is what the centre holds and shows.
void Site::CheckDevice(DeviceNode& node, const ViewTexts& truth) {
  Device& device = *node.device();
  // Of many devices some, so that a large centre is not all checks.
  if (devices_.size() < 10 || random_.Chance(200)) {
    invariants_.CheckEffects(node.view());
    if (random_.Chance(kRecordsPermille)) CheckShown(node, truth);
  }
  auto states = device.ScopeStates();
  std::vector<std::pair<ScopeId, Hash>> at_centre;
  for (const auto& state : at_rest_) {
    if (node.Sees(state.first)) at_centre.push_back(state);
  }
  if (!states.ok() || *states != at_centre ||
      device.cursor_root() != centre_->centre()->Head().root) {
    CheckShown(node, truth);  // which says what differs
    context_.findings->Fail(
        4, absl::StrCat(node.name(), " has another state hash"));
  }
  if (!teams_.front().records.empty()) {
    const std::vector<RecordId>& records = teams_.front().records;
    node.CheckSafe(records[random_.Below(records.size())]);
  }
  auto ledger = device.Ledger();
  if (!ledger.ok() || !ledger->balanced() || ledger->pending != 0 ||
      ledger->captured != verdicts_.entries_of(device.id()) ||
      ledger->captured < node.chain().hashes().size()) {
    context_.findings->Fail(
        1, absl::StrCat(node.name(), "'s ledger does not balance"));
  }
}

void Site::CheckShown(DeviceNode& node, const ViewTexts& truth) {
  ViewTexts texts = invariants_.CheckRecords(node.view(), &random_);
  size_t expected = 0;
  for (const auto& [key, text] : truth) {
    if (!node.Sees(key.first)) continue;
    ++expected;
    auto shown = texts.find(key);
    if (shown == texts.end()) {
      return context_.findings->Fail(
          4, absl::StrCat(node.name(), " lacks record ", key.second.Hex()));
    }
    if (shown->second != text) {
      return context_.findings->Fail(
          4, absl::StrCat(node.name(), " shows\n", shown->second,
                          "where the centre shows\n", text));
    }
  }
  if (texts.size() != expected) {
    context_.findings->Fail(4, absl::StrCat(node.name(),
                                            " shows records that the centre "
                                            "does not"));
  }
}

void Site::CheckReplays() {
  TreeHead head = centre_->centre()->Head();
  auto states = CentreStates();
  for (const auto& device : devices_) {
    if (devices_.size() >= 10 && !random_.Chance(200)) continue;
    auto before = device->device()->ScopeStates();
    if (random_.Chance(kReplayPermille)) ReplayPushes(*device);
    device->ReplayAcks();
    ReplayPull(*device);
    auto after = device->device()->ScopeStates();
    if (!before.ok() || !after.ok() || *before != *after) {
      context_.findings->Fail(
          6, absl::StrCat(device->name(),
                          " is changed by what it was told twice"));
    }
  }
  if (centre_->centre()->Head().root != head.root ||
      centre_->centre()->Head().size != head.size || CentreStates() != states) {
    context_.findings->Fail(6,
                            "the centre is changed by what it was sent "
                            "twice");
  }
}

void Site::ReplayPushes(DeviceNode& node) {
  ReadOutbox read{node.chain().incarnation(), 0, Hash(), kPushBytesMax};
  while (!context_.findings->failed()) {
    OutboxRead outbox = node.device()->Read(read);
    for (const OutboxSegment& segment : outbox.segments) {
      centre_->With([&](Centre& centre) {
        auto verified =
            VerifyPushed(centre, node.chain().device(), segment.wire);
        if (!verified.ok()) {
          return context_.findings->Fail(6, verified.status().ToString());
        }
        auto results = centre.Commit({*std::move(verified)});
        if (!results.ok() || !(*results)[0].duplicate) {
          context_.findings->Fail(
              6, absl::StrCat("a segment of ", node.name(),
                              " that was sent again is not known as the same"));
        }
      });
      read.after_seq = segment.end_seq;
      read.after_hash = segment.head;
    }
    if (!outbox.status.ok()) {
      context_.findings->Fail(6, outbox.status.ToString());
    }
    if (outbox.exhausted) return;
  }
}

// A batch from the start of the log, at a device that is past it.
void Site::ReplayPull(DeviceNode& node) {
  if (node.device()->cursor_size() == 0) return;
  FeedRead feed = centre_->centre()->Feed(
      node.chain().device(), [&](const ScopeId& s) { return node.Sees(s); },
      ReadFeed{0, 20'000});
  uint64_t cursor = node.device()->cursor_size();
  PullApplied applied = node.device()->Apply(feed.batch);
  if (applied.status.ok() || applied.cursor_size != cursor) {
    context_.findings->Fail(
        6, absl::StrCat(node.name(), " applied a batch twice"));
  }
}

void Site::CutPower() {
  states_ = CentreStates();
  head_ = centre_->centre()->Head();
  for (const auto& device : devices_) device->PowerOff(true, 1);
  centre_->PowerOff(true, 1);
}

void Site::CheckUnchanged() {
  if (centre_->centre()->Head().root != head_.root ||
      CentreStates() != states_) {
    context_.findings->Fail(1, "a power cut at rest changed the centre");
  }
}

}  // namespace vouch::sim
