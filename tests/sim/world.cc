#include "tests/sim/world.h"

#include <algorithm>

namespace vouch::sim {
namespace {

constexpr int kSavesADay = 40;  // of a device-day, whatever the plan has
constexpr int kSyncsADay = 2;
constexpr int64_t kRoundMs = 500;
constexpr int kRoundsMax = 1'200;  // longer than any honest queue takes

}  // namespace

World::World(const Plan& plan, bool trace, const Seams& seams)
    : plan_(plan),
      trace_(trace),
      scheduler_(&findings_),
      context_{&scheduler_, &findings_, &trace_} {
  for (size_t i = 0; i < plan_.centres; ++i) {
    sites_.push_back(std::make_unique<Site>(context_, plan_, i, seams));
  }
}

RunResult World::Run() {
  for (int day = 0; day < plan_.days && !findings_.failed(); ++day) {
    for (const auto& site : sites_) site->PlanDay(day);
    scheduler_.RunUntil(scheduler_.now_ms() + plan_.day_ms);
    SimRandom random(SeedOf(plan_.seed, 8, static_cast<uint64_t>(day)));
    if (day + 1 < plan_.days && random.Chance(300)) ComeToRest();
  }
  ComeToRest();
  for (const auto& site : sites_) {
    if (!findings_.failed()) site->CheckReplays();
  }
  if (!findings_.failed()) {
    for (const auto& site : sites_) site->CutPower();
    scheduler_.RunUntil(scheduler_.now_ms() + kRoundMs);
    ComeToRest();
    for (const auto& site : sites_) {
      if (!findings_.failed()) site->CheckUnchanged();
    }
  }
  RunResult result;
  result.violation = findings_.violation();
  result.trace_hash = trace_.hash();
  result.events = trace_.events();
  for (const auto& site : sites_) {
    result.sights.Add(site->Look());
    result.fault_events += site->fault_events();
    result.duplicates += site->centre().totals().duplicates;
    for (const auto& device : site->devices()) {
      const DeviceTotals& totals = device->totals();
      result.saves += totals.saves;
      result.sessions += totals.sessions;
      result.device_days += std::min<uint64_t>(totals.saves / kSavesADay,
                                               totals.finished / kSyncsADay);
    }
  }
  return result;
}

void World::ComeToRest() {
  if (findings_.failed()) return;
  const int64_t healed_ms = scheduler_.now_ms();
  for (const auto& site : sites_) site->Calm();
  std::vector<int64_t> drained_ms(sites_.size(), -1);
  for (int round = 0; round < kRoundsMax && !findings_.failed(); ++round) {
    bool all = true;
    for (size_t i = 0; i < sites_.size(); ++i) {
      if (drained_ms[i] >= 0) continue;
      if (sites_[i]->Settle()) {
        drained_ms[i] = scheduler_.now_ms() - healed_ms;
      } else {
        all = false;
      }
    }
    if (all) {
      for (size_t i = 0; i < sites_.size(); ++i) {
        if (!findings_.failed()) sites_[i]->CheckAll(drained_ms[i]);
      }
      return;
    }
    scheduler_.RunUntil(scheduler_.now_ms() + kRoundMs);
  }
  for (const auto& site : sites_) {
    findings_.Fail(12,
                   site->Unfinished() + " ten minutes after every fault ended");
  }
}

}  // namespace vouch::sim
