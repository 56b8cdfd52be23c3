#include "tests/sim/machine.h"

#include <algorithm>

#include "sync/base/status.h"

namespace vouch::sim {
namespace {

constexpr int64_t kRestartMsMax = 40'000;
constexpr int64_t kReopenMs = 3'000;

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
      provider_(SealKey::Generate(random_)) {
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
  if (up_) return;
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
  if (!crashed_ && reason != Reason::kStoreFull && reason != Reason::kStoreIo) {
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
  if (!up_) PowerOn();
}

}  // namespace vouch::sim
