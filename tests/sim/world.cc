#include "tests/sim/world.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "evidence/record_judge.h"
#include "vouch/v1/records.pb.h"

namespace vouch::sim {
namespace {

constexpr int kSavesADay = 40;
constexpr int kSyncsADay = 2;
constexpr int kSyncTriesMax = 5;
constexpr int64_t kMinuteMs = 60'000;

int RoleOf(size_t device) {
  switch (device % 4) {
    case 0:
      return v1::ROLE_ASSESSOR;
    case 1:
      return v1::ROLE_INTERNAL_VERIFIER;
    case 2:
      return v1::ROLE_CANDIDATE;
    default:
      return v1::ROLE_TRAINEE_ASSESSOR;
  }
}

}  // namespace

World::World(uint64_t seed, bool trace, const Seams& seams)
    : seed_(seed),
      random_(seed),
      trace_(trace),
      scheduler_(&findings_),
      context_{&scheduler_, &findings_, &trace_},
      oracle_(&findings_),
      invariants_(&oracle_, &findings_),
      network_(context_, random_.Next()),
      plan_(DrawPlan()),
      judge_(plan_.shipped_judge ? std::unique_ptr<const Judge>(new RecordJudge)
                                 : std::unique_ptr<const Judge>(new SimJudge)) {
  Settle(seams);
}

World::Plan World::DrawPlan() {
  Plan plan;
  plan.devices = 2 + random_.Below(random_.Chance(300) ? 7 : 3);
  plan.days = 1 + static_cast<int>(random_.Below(3));
  plan.day_ms = random_.Between(3, 40) * kMinuteMs;
  const uint64_t rough[] = {0, 8, 25, 60, 120};
  plan.faults_a_day = rough[random_.Below(5)];
  plan.clocks = random_.Chance(500);
  // It holds most of what this workload writes, so the other judges more often.
  plan.shipped_judge = random_.Chance(250);
  return plan;
}

// Everyone is enrolled before anything fails.
void World::Settle(const Seams& seams) {
  centre_ = std::make_unique<CentreNode>(context_, random_.Next(), judge_.get(),
                                         &network_, &oracle_, &invariants_);
  centre_->set_wrap_store(seams.centre_store);
  network_.set_centre(centre_.get());
  centre_->PowerOn();
  VOUCH_CHECK(centre_->up());
  for (size_t i = 0; i < plan_.devices; ++i) {
    DeviceNode::Options options{i, RoleOf(i) != v1::ROLE_CANDIDATE,
                                random_.Next()};
    devices_.push_back(std::make_unique<DeviceNode>(
        context_, options, &network_, &oracle_, &invariants_));
    DeviceNode& device = *devices_.back();
    device.set_wrap_store(seams.device_store);
    device.garble = seams.garble;
    network_.AddDevice(&device);
    device.PowerOn();
    device.Enrol(*centre_->centre(), RoleOf(i));
    centre_->AddDevice(&device);
    centre_->AddChain(&device.chain());
  }
  newer_app_ = std::make_unique<NewerApp>(random_.Next(), centre_.get(),
                                          &oracle_, &findings_);
  newer_app_->Enrol(*centre_->centre());
  centre_->AddChain(&newer_app_->chain());
}

RunResult World::Run() {
  for (int day = 0; day < plan_.days && !findings_.failed(); ++day) {
    RunDay();
    if (day + 1 < plan_.days && random_.Chance(300)) ComeToRest();
  }
  ComeToRest();
  if (!findings_.failed()) CheckReplays();
  if (!findings_.failed()) CheckAfterPowerCut();
  RunResult result;
  result.violation = findings_.violation();
  result.sights = sights_;
  result.trace_hash = trace_.hash();
  result.events = trace_.events();
  for (const auto& device : devices_) {
    const DeviceTotals& totals = device->totals();
    result.saves += totals.saves;
    result.sessions += totals.sessions;
    result.device_days += std::min<uint64_t>(totals.saves / kSavesADay,
                                             totals.finished / kSyncsADay);
  }
  result.duplicates = centre_->totals().duplicates;
  if (centre_->up()) result.changes = centre_->centre()->Head().size;
  return result;
}

void World::RunDay() {
  calm_ = false;
  int64_t end_ms = scheduler_.now_ms() + plan_.day_ms;
  // People start a sync where they have network, some just after a save.
  for (size_t i = 0; i < devices_.size(); ++i) {
    for (int save = 0; save < kSavesADay; ++save) {
      scheduler_.After(random_.Between(0, plan_.day_ms),
                       [this, i] { devices_[i]->Save(&places_); });
    }
    for (int sync = 0; sync < kSyncsADay; ++sync) {
      SyncLater(i, random_.Between(0, plan_.day_ms), kSyncTriesMax);
    }
  }
  scheduler_.After(random_.Between(0, plan_.day_ms), [this] {
    newer_app_->Write(devices_[0]->clock(), &places_);
    newer_app_->Submit();
  });
  for (uint64_t fault = 0; fault < plan_.faults_a_day; ++fault) {
    scheduler_.After(random_.Between(0, plan_.day_ms), [this] { Fault(); });
  }
  scheduler_.RunUntil(end_ms);
}

void World::SyncLater(size_t device, int64_t delay_ms, int tries) {
  Unless(delay_ms, [this, device, tries] {
    DeviceNode& node = *devices_[device];
    if (tries < kSyncTriesMax && node.last_sync_ok()) return;
    node.ForgetLastSync();
    node.StartSync();
    if (tries > 1) SyncLater(device, random_.Between(2'000, 60'000), tries - 1);
  });
}

void World::Unless(int64_t delay_ms, std::function<void()> code) {
  scheduler_.After(delay_ms, [this, rests = rests_, code = std::move(code)] {
    if (rests_ == rests && !calm_) code();
  });
}

Machine& World::AnyMachine() {
  // The centre as often as all tablets together: everyone depends on it.
  if (random_.Chance(500)) return *centre_;
  return *devices_[random_.Below(devices_.size())];
}

void World::Fault() {
  if (calm_) return;
  Machine& machine = AnyMachine();
  switch (random_.Below(8)) {
    case 0:
      machine.PowerOff(random_.Chance(700), random_.Between(500, 60'000));
      break;
    case 1:
    case 2:
      FailDisk(machine);
      break;
    case 3:
      machine.ArmEffect(1 + random_.Below(12));
      break;
    case 4: {
      machine.SetDiskFull(true);
      Unless(random_.Between(3'000, 90'000),
             [&machine] { machine.SetDiskFull(false); });
      break;
    }
    case 5:
      Partition(random_.Below(devices_.size()));
      break;
    case 6:
      ChangeWeather();
      break;
    case 7:
      if (plan_.clocks) MoveClock(machine);
      break;
  }
}

void World::FailDisk(Machine& machine) {
  const MemoryDisk::Stage stages[] = {MemoryDisk::Stage::kBeforeWrite,
                                      MemoryDisk::Stage::kBeforeSync,
                                      MemoryDisk::Stage::kAfterWrite};
  machine.ArmDisk(stages[random_.Below(3)], 1 + random_.Below(5),
                  random_.Chance(650));
}

void World::Partition(size_t device) {
  uint64_t shape = random_.Below(3);  // up, down, or both
  auto block = [this, device, shape](bool blocked) {
    if (shape != 1) {
      network_.Block(device, Network::Direction::kUp, blocked);
    }
    if (shape != 0) {
      network_.Block(device, Network::Direction::kDown, blocked);
    }
  };
  block(true);
  Unless(random_.Between(2'000, 180'000), [block] { block(false); });
}

void World::ChangeWeather() {
  const int64_t latencies_ms[] = {20, 200, 2'000, 12'000};
  NetworkWeather& weather = network_.weather;
  weather.latency_ms_max = latencies_ms[random_.Below(4)];
  weather.lose_permille = random_.Chance(500) ? random_.Below(200) : 0;
  weather.silent_permille = random_.Below(700);
  weather.again_permille = random_.Chance(500) ? random_.Below(500) : 0;
  centre_->lag_ms_max = random_.Chance(500) ? 200 : 60'000;
}

void World::MoveClock(Machine& machine) {
  switch (random_.Below(4)) {
    case 0:
      return machine.clock().Jump(kTenYearsMs);
    case 1:
      return machine.clock().Jump(-kTenYearsMs);
    case 2:
      return machine.clock().Jump(random_.Between(-600'000, 600'000));
    default:
      // Up to a fifth faster or slower.
      return machine.clock().set_drift_ppm(random_.Between(-200'000, 200'000));
  }
}

}  // namespace vouch::sim
