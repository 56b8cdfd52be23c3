#include "tests/sim/site.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "evidence/record_judge.h"
#include "vouch/v1/records.pb.h"

namespace vouch::sim {
namespace {

constexpr int kSyncsADay = 2;
constexpr int kSyncTriesMax = 5;
constexpr size_t kTeamDevices = 5;

int RoleOf(size_t device) {
  constexpr int kRoles[] = {v1::ROLE_ASSESSOR,      v1::ROLE_INTERNAL_VERIFIER,
                            v1::ROLE_CANDIDATE,     v1::ROLE_TRAINEE_ASSESSOR,
                            v1::ROLE_TRAINER,       v1::ROLE_ASSESSOR,
                            v1::ROLE_EXPERT_WITNESS};
  return kRoles[device % std::size(kRoles)];
}

std::string NameOf(absl::string_view what, size_t site, size_t number) {
  std::string name(what);
  if (what == "device") absl::StrAppend(&name, " ", number);
  if (site > 0) absl::StrAppend(&name, " of ", site);
  return name;
}

}  // namespace

Site::Site(const Context& context, const Plan& plan, size_t index,
           const Seams& seams)
    : context_(context),
      plan_(plan),
      index_(index),
      random_(SeedOf(plan.seed, 2, index)),
      oracle_(context.findings),
      invariants_(&oracle_, context.findings),
      network_(context, SeedOf(plan.seed, 3, index)),
      verdicts_(&roster_, &oracle_, context.findings),
      judge_(plan.shipped_judge
                 ? std::unique_ptr<const Judge>(new RecordJudge)
                 : std::unique_ptr<const Judge>(new SimJudge(&roster_))) {
  if (seams.wrap_judge) judge_ = seams.wrap_judge(std::move(judge_));
  Enrol(seams);
}

// Everyone is enrolled before anything fails.
void Site::Enrol(const Seams& seams) {
  centre_ = std::make_unique<CentreNode>(
      context_, NameOf("centre", index_, 0), SeedOf(plan_.seed, 4, index_),
      judge_.get(), &network_, &oracle_, &invariants_);
  centre_->set_wrap_store(seams.centre_store);
  centre_->window_bytes = plan_.window_bytes;
  network_.set_centre(centre_.get());
  centre_->PowerOn();
  VOUCH_CHECK(centre_->up());
  const size_t teams = std::max<size_t>(1, plan_.devices / kTeamDevices);
  for (size_t t = 0; t < teams; ++t) teams_.emplace_back();
  auto team = [&](size_t t) { return &*std::next(teams_.begin(), t % teams); };
  for (size_t i = 0; i < plan_.devices; ++i) {
    DeviceNode::Options options;
    options.index = i;
    options.name = NameOf("device", index_, i);
    options.role = RoleOf(i / teams);
    options.newer = plan_.faults[Fault::kNewerApp] > 0 && i % 3 == 1;
    options.seed = SeedOf(plan_.seed, 100 + index_, i);
    options.caseload = {team(i)};
    // A verifier works for two teams, so that teams meet.
    if (options.role == v1::ROLE_INTERNAL_VERIFIER && teams > 1) {
      options.caseload.push_back(team(i + 1));
    }
    devices_.push_back(std::make_unique<DeviceNode>(
        context_, options, &network_, centre_.get(), &oracle_, &invariants_));
    DeviceNode& device = *devices_.back();
    device.set_wrap_store(seams.device_store);
    device.garble = seams.garble;
    network_.AddDevice(&device);
    device.PowerOn();
    device.Enrol(*centre_->centre(), &roster_);
    centre_->AddPeer(&device);
  }
  drain_.resize(plan_.devices);
  drain_sessions_.resize(plan_.devices);
  newer_app_ =
      std::make_unique<NewerApp>(SeedOf(plan_.seed, 5, index_), centre_.get(),
                                 &oracle_, context_.findings);
  newer_app_->Enrol(*centre_->centre(), &roster_);
  liar_ = std::make_unique<Byzantine>(context_, plan_.devices,
                                      SeedOf(plan_.seed, 6, index_), &network_,
                                      centre_.get());
  network_.AddDevice(liar_.get());
  liar_->Enrol(*centre_->centre(), &roster_, team(0));
  centre_->AddPeer(liar_.get());
}

void Site::PlanDay(int day) {
  calm_ = false;
  centre_->BeCalm(false);
  // People start a sync where they have network, some just after a save.
  for (size_t i = 0; i < devices_.size(); ++i) {
    SimRandom random(SeedOf(plan_.seed, 200 + index_,
                            static_cast<uint64_t>(day) * 1000 + i));
    for (int save = 0; save < plan_.saves_a_day; ++save) {
      context_.scheduler->After(random.Between(0, plan_.day_ms),
                                [this, i] { devices_[i]->Save(); });
    }
    for (int sync = 0; sync < kSyncsADay; ++sync) {
      PlanSync(i, random.Between(0, plan_.day_ms), kSyncTriesMax,
               random.Fork());
    }
  }
  for (int f = 0; f < kFaultCount; ++f) {
    for (uint32_t n = 0; n < plan_.faults.a_day[f]; ++n) {
      PlanFault(static_cast<Fault>(f), EventNumber(day, f, n));
    }
  }
}

// The same whatever other faults the plan has.
uint32_t Site::EventNumber(int day, int fault, uint32_t n) const {
  uint32_t number =
      static_cast<uint32_t>(day) * kCentresMax + static_cast<uint32_t>(index_);
  number = number * kFaultCount + static_cast<uint32_t>(fault);
  return number * kFaultEventsMax + std::min(n, kFaultEventsMax - 1);
}

void Site::PlanFault(Fault fault, uint32_t event) {
  if (event < plan_.first_event || event > plan_.last_event) return;
  SimRandom random(SeedOf(plan_.seed, 7, event));
  int64_t at_ms = random.Between(0, plan_.day_ms);
  context_.scheduler->After(at_ms, [this, fault, event, random] {
    if (calm_) return;
    ++fault_events_;
    context_.trace->Event(
        context_.scheduler->now_ms(), "world",
        absl::StrCat("fault event ", event, ": ", FaultName(fault)));
    Inject(fault, random);
  });
}

void Site::PlanSync(size_t device, int64_t delay_ms, int tries,
                    SimRandom random) {
  Unless(delay_ms, [this, device, tries, random]() mutable {
    DeviceNode& node = *devices_[device];
    if (tries < kSyncTriesMax && node.last_sync_ok()) return;
    node.ForgetLastSync();
    node.StartSync();
    if (tries > 1) {
      int64_t again_ms = random.Between(2'000, 60'000);
      PlanSync(device, again_ms, tries - 1, random);
    }
  });
}

void Site::Unless(int64_t delay_ms, std::function<void()> code) {
  context_.scheduler->After(delay_ms,
                            [this, rests = rests_, code = std::move(code)] {
                              if (rests_ == rests && !calm_) code();
                            });
}

void Sights::Add(const Sights& other) {
  records += other.records;
  sealed += other.sealed;
  field_conflicts += other.field_conflicts;
  late_amendments += other.late_amendments;
  ledgers_contested += other.ledgers_contested;
  held += other.held;
  unknown += other.unknown;
  deadlines += other.deadlines;
  too_slow += other.too_slow;
  tampered += other.tampered;
  lies += other.lies;
  replaced += other.replaced;
  scrubs += other.scrubs;
  server_restores += other.server_restores;
  device_restores += other.device_restores;
  clones += other.clones;
  incarnations += other.incarnations;
  reinstated += other.reinstated;
  forks += other.forks;
  safe += other.safe;
  drain_ms_max = std::max(drain_ms_max, other.drain_ms_max);
}

Sights Site::Look() const {
  Sights sights = sights_;
  for (const auto& device : devices_) {
    sights.deadlines += device->totals().deadlines;
    sights.tampered += device->totals().tampered;
    sights.incarnations += device->totals().incarnations;
    sights.safe += device->totals().safe;
  }
  sights.too_slow = centre_->totals().too_slow;
  sights.lies = liar_->acts();
  return sights;
}

}  // namespace vouch::sim
