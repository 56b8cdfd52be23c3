#include "tests/sim/machine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vouch::sim {
namespace {

constexpr int64_t kRestartMsMax = 40'000;
constexpr int64_t kReopenMs = 3'000;

// Of the writes that are not synced a crash keeps none.
class KeepsNothing : public Random {
 public:
  void Fill(uint8_t* data, size_t size) override {
    std::fill(data, data + size, uint8_t{0});
  }
};

absl::string_view StageName(MemoryDisk::Stage stage) {
  switch (stage) {
    case MemoryDisk::Stage::kBeforeWrite:
      return "before a write";
    case MemoryDisk::Stage::kBeforeSync:
      return "before a sync";
    case MemoryDisk::Stage::kAfterWrite:
      return "after a write";
  }
  return "";
}

}  // namespace

TimeReading SimClock::Now() const {
  int64_t now_ms = scheduler_->now_ms();
  TimeReading reading;
  reading.wall_ms =
      kEpochMs + now_ms + offset_ms_ + now_ms * drift_ppm_ / 1'000'000;
  reading.monotonic_ms = static_cast<uint64_t>(now_ms - booted_ms_);
  reading.boot = boot_;
  latest_ms_ = std::max(latest_ms_, reading.wall_ms);
  return reading;
}

void SimClock::Boot() {
  booted_ms_ = scheduler_->now_ms();
  boot_ = random_->Make<BootId>();
}

Machine::Machine(const Context& context, std::string name, uint64_t seed)
    : context_(context),
      random_(seed),
      name_(std::move(name)),
      clock_(context.scheduler, &random_),
      master_key_(SealKey::Generate(random_)),
      provider_(master_key_) {
  clock_.Boot();
}

void Machine::Say(absl::string_view what) const {
  context_.trace->Event(context_.scheduler->now_ms(), name_, what);
}

absl::Status Machine::OpenStore() {
  VOUCH_ASSIGN_OR_RETURN(store_, OpenMemoryStore(&disk_));
  if (wrap_store_) store_ = wrap_store_(std::move(store_));
  VOUCH_ASSIGN_OR_RETURN(keys_,
                         KeyRing::Open(store_.get(), &provider_, &random_));
  return absl::OkStatus();
}

void Machine::CloseStore() {
  keys_.reset();
  store_.reset();
}

void Machine::PowerOn() {
  if (up_ || out_) return;
  ++boots_;
  clock_.Boot();
  running_ = true;
  absl::Status opened = OpenStore();
  if (opened.ok()) opened = OpenReplica();
  running_ = false;
  if (opened.ok() && !crashed_) {
    up_ = true;
    Say("is up");
    OnUp();
    return;
  }
  Reason reason = ReasonOf(opened);
  Say(absl::StrCat("does not open: ", ReasonName(reason)));
  bool expected = reason == Reason::kStoreFull || reason == Reason::kStoreIo ||
                  (reason == Reason::kStoreCorrupted && rotten_);
  if (!crashed_ && !expected) {
    context_.findings->Fail(
        1, absl::StrCat(name_, " does not open: ", opened.ToString()));
    return;
  }
  Die(kReopenMs);
}

void Machine::Die(int64_t restart_after_ms) {
  CloseReplica();
  CloseStore();
  up_ = false;
  crashed_ = false;
  effects_left_ = 0;
  uint64_t boot = boots_;
  context_.scheduler->After(restart_after_ms, [this, boot] {
    if (boots_ == boot) PowerOn();
  });
}

void Machine::PowerOff(bool power_loss, int64_t restart_after_ms) {
  if (!up_) return;
  size_t lost = power_loss ? disk_.Crash(random_) : 0;
  Say(power_loss ? absl::StrCat("loses power and ", lost, " writes")
                 : std::string("is killed"));
  Die(restart_after_ms);
  OnDown();
}

void Machine::Run(const std::function<void()>& code) {
  if (!up_) return;
  if (running_) return code();  // a call within a call
  running_ = true;
  code();
  running_ = false;
  if (!crashed_) return;
  Die(random_.Between(500, kRestartMsMax));
  OnDown();
}

void Machine::Later(int64_t delay_ms, std::function<void()> code) {
  context_.scheduler->After(delay_ms,
                            [this, boot = boots_, code = std::move(code)] {
                              if (boots_ == boot) Run(code);
                            });
}

bool Machine::AtEffect() {
  if (crashed_) return true;
  if (effects_left_ == 0 || --effects_left_ > 0) return false;
  size_t lost = random_.Chance(700) ? disk_.Crash(random_) : 0;
  Say(absl::StrCat("crashes at an effect and loses ", lost, " writes"));
  return crashed_ = true;
}

void Machine::ArmDisk(MemoryDisk::Stage stage, uint64_t writes, bool crash) {
  stage_ = stage;
  writes_left_ = writes;
  write_crashes_ = crash;
  disk_.SetWriteHook(
      [this](MemoryDisk::Stage at, const WriteBatch&) { return OnWrite(at); });
}

absl::Status Machine::OnWrite(MemoryDisk::Stage stage) {
  // Outside Run nobody would notice that the machine died.
  if (!running_ || stage != stage_ || writes_left_ == 0) {
    return absl::OkStatus();
  }
  if (--writes_left_ > 0) return absl::OkStatus();
  disk_.SetWriteHook(nullptr);
  if (!write_crashes_) {
    Say(absl::StrCat("meets an I/O error ", StageName(stage)));
    return Error(Reason::kStoreIo, "the simulator's disk failed once");
  }
  size_t lost = disk_.Crash(random_);
  crashed_ = true;
  Say(absl::StrCat("crashes ", StageName(stage), " and loses ", lost,
                   " writes"));
  return Error(Reason::kStoreIo, "the simulator's machine crashed");
}

void Machine::SetDiskFull(bool full) {
  if (full_ == full) return;
  full_ = full;
  disk_.SetFull(full);
  Say(full ? "has a full disk" : "has room again");
}

void Machine::Heal() {
  effects_left_ = 0;
  writes_left_ = 0;
  disk_.SetWriteHook(nullptr);
  SetDiskFull(false);
  Scrub();
  if (!up_) PowerOn();
}

bool Machine::Rot(SimRandom* random) {
  // Only what is durable rots: so no state that a crash falls back to holds
  // another value at that place, and the mirror's copy is the right one.
  if (!up_ || !store_->Sync().ok()) return false;
  Rotten chosen;
  uint64_t seen = 0;
  for (int i = 0; i < 4 && seen == 0; ++i) {
    chosen.family = static_cast<Family>(random->Below(kFamilyCount));
    store_
        ->Scan(chosen.family, "", "",
               [&](absl::string_view key, absl::string_view value) {
                 if (random->Below(++seen) == 0) {
                   chosen.key = std::string(key);
                   chosen.value = std::string(value);
                 }
                 return true;
               })
        .IgnoreError();  // older rot: what came before it is drawn from
  }
  if (seen == 0 || !disk_.CorruptValue(chosen.family, chosen.key)) return false;
  Say(absl::StrCat("has a rotten value in family ", FamilyName(chosen.family)));
  rot_.push_back(std::move(chosen));
  return rotten_ = true;
}

// The good bytes, where the stored ones are not.
void Machine::Mend(const std::vector<Rotten>& rot, MemoryDisk* disk) {
  for (const Rotten& rotten : rot) {
    disk->RepairValue(rotten.family, rotten.key, rotten.value);
  }
}

void Machine::Scrub() {
  if (rot_.empty()) return;
  Mend(rot_, &disk_);
  rot_.clear();
  Say("is scrubbed");
}

void Machine::TakeOut() {
  if (out_) return;
  PowerOff(false, 0);
  out_ = true;
  Say("is out of service");
}

void Machine::Replace() {
  PowerOff(false, 0);
  ++boots_;  // nothing that waits to happen to the old one happens
  disk_ = MemoryDisk();
  checkpoints_.clear();
  rot_.clear();
  rotten_ = out_ = full_ = false;
  Heal();
}

std::optional<uint64_t> Machine::TakeCheckpoint(SimRandom* random) {
  if (rotten_ && !rot_.empty()) return std::nullopt;
  if (checkpoints_.size() == kCheckpointsMax) {
    checkpoints_.erase(checkpoints_.begin() +
                       static_cast<int64_t>(random->Below(kCheckpointsMax)));
  }
  checkpoints_.push_back({++checkpoints_taken_, disk_.Clone()});
  checkpoints_.back().disk.Crash(*random);
  Say("is checkpointed");
  return checkpoints_taken_;
}

std::optional<uint64_t> Machine::PutBack(SimRandom* random,
                                         int64_t restart_after_ms) {
  if (checkpoints_.empty()) return std::nullopt;
  PowerOff(false, restart_after_ms);
  const Checkpoint& to = checkpoints_[random->Below(checkpoints_.size())];
  disk_ = to.disk.Clone();
  rot_.clear();
  rotten_ = full_ = false;
  Say(absl::StrCat("is put back to checkpoint ", to.number));
  return to.number;
}

void Machine::CopyDisk(const Machine& other) {
  PowerOff(false, 0);
  ++boots_;
  disk_ = other.disk_.Clone();
  disk_.Crash(random_);
  checkpoints_.clear();
  rot_.clear();
  rotten_ = out_ = full_ = false;
  master_key_ = other.master_key_;
  provider_ = FixedKeyProvider(master_key_);
  clock_.Inherit(other.clock_);
  Say(absl::StrCat("becomes a copy of ", other.name()));
}

void Machine::Peek(
    Writes writes,
    const std::function<void(const ChangeStore&, const Reader&)>& look) {
  MemoryDisk copy = disk_.Clone();
  KeepsNothing nothing;
  if (writes == Writes::kSynced) copy.Crash(nothing);
  Mend(rot_, &copy);
  auto store = OpenMemoryStore(&copy);
  VOUCH_CHECK(store.ok());
  auto keys = KeyRing::Open(store->get(), &provider_, &nothing);
  VOUCH_CHECK(keys.ok());
  look(ChangeStore(store->get(), keys->get()), **store);
}

std::set<Hash> Machine::Held(Writes writes) {
  std::set<Hash> held;
  Peek(writes, [&](const ChangeStore&, const Reader& reader) {
    absl::Status read = reader.Scan(
        Family::kChain, "", "", [&](absl::string_view, absl::string_view row) {
          auto chain = DecodeChainRow(row);
          if (chain.has_value()) held.insert(ChangeHash(chain->core_bytes));
          return true;
        });
    VOUCH_CHECK(read.ok());
  });
  return held;
}

void Machine::Alter(const std::function<void(Store&, KeyRing&)>& change) {
  VOUCH_CHECK(!up_);
  auto store = OpenMemoryStore(&disk_);
  VOUCH_CHECK(store.ok());
  auto keys = KeyRing::Open(store->get(), &provider_, &random_);
  VOUCH_CHECK(keys.ok());
  change(**store, **keys);
}

}  // namespace vouch::sim
