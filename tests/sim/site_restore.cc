// Disks that are put back to earlier states, and copied: what is done to them,
// and what is still owed afterwards (invariant 2).
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/replica/chain_runs.h"
#include "sync/base/status.h"
#include "tests/sim/site.h"

namespace vouch::sim {
namespace {

constexpr int64_t kRestartMsMax = 60'000;

}  // namespace

void Site::InjectRestore(Fault fault, SimRandom* random) {
  const int64_t later_ms = random->Between(1'000, plan_.day_ms / 2 + 1'000);
  const int64_t down_ms = random->Between(500, kRestartMsMax);
  SimRandom then = random->Fork();
  if (fault == Fault::kServerRestore) {
    CheckpointCentre(random);
    return Unless(later_ms, [this, down_ms, then]() mutable {
      PutBackCentre(&then, down_ms);
    });
  }
  DeviceNode& device = AnyDevice(random);
  if (fault == Fault::kDeviceRestore) {
    device.TakeCheckpoint(random);
    return Unless(later_ms, [this, &device, down_ms, then]() mutable {
      PutBackDevice(&device, &then, down_ms);
    });
  }
  Clone(&device, &AnyDevice(random));
}

// A checkpoint is a backup too: what it holds is in a second store from now on,
// and the centre says so (STABLE).
void Site::CheckpointCentre(SimRandom* random) {
  auto number = centre_->TakeCheckpoint(random);
  if (!number.has_value()) return;
  promises_[*number] = {oracle_.custody().acknowledged(),
                        centre_->heads().roots()};
  if (centre_->centre() == nullptr || centre_->rotten()) return;
  oracle_.custody().BackedUp(centre_->Held(Machine::Writes::kSynced));
  centre_->With([](Centre& centre) {
    centre.NoteStable(centre.Head()).IgnoreError();  // then it is not told
  });
}

void Site::PutBackCentre(SimRandom* random, int64_t down_ms) {
  std::set<Hash> before = centre_->Held(Machine::Writes::kSynced);
  // Which verdicts it gave, before they are gone.
  centre_->Peek(Machine::Writes::kSynced,
                [this](const ChangeStore& changes, const Reader& reader) {
                  verdicts_.Check(changes, reader, !plan_.shipped_judge);
                });
  auto number = centre_->PutBack(random, down_ms);
  if (!number.has_value()) return;
  put_back_ = true;
  ++sights_.server_restores;
  oracle_.custody().Disturb();
  oracle_.custody().AcknowledgedWere(promises_[*number].acknowledged);
  centre_->heads().PutBack(promises_[*number].roots);
  verdicts_.PutBack();
  for (const auto& device : devices_) device->ForgetAcks();
  newer_app_->Resend();
  const bool told = random->Chance(500);
  centre_->Rewound(told);
  context_.trace->Event(context_.scheduler->now_ms(), centre_->name(),
                        told ? "is told so" : "does not know it");
  LoseWhatOnly(*centre_, before);
}

void Site::PutBackDevice(DeviceNode* device, SimRandom* random,
                         int64_t down_ms) {
  if (device->rotten() || device->out()) return;
  std::set<Hash> before = device->Held(Machine::Writes::kSynced);
  if (!device->PutBack(random, down_ms)) return;
  put_back_ = true;
  ++sights_.device_restores;
  device->Rewound();
  LoseWhatOnly(*device, before);
}

// The twin was another person's tablet: what only that held is lost.
void Site::Clone(DeviceNode* original, DeviceNode* twin) {
  if (original == twin || original->rotten() || original->out()) return;
  std::set<Hash> before = twin->Held(Machine::Writes::kSynced);
  put_back_ = true;
  ++sights_.clones;
  twin->BecomeTwin(original);
  LoseWhatOnly(*twin, before);
}

void Site::LoseWhatOnly(Machine& machine, const std::set<Hash>& before) {
  const Custody& custody = oracle_.custody();
  std::set<Hash> gone;
  for (const Hash& hash : before) {
    // The newer app's own memory is no disk that fails.
    const Change* change = oracle_.Find(hash);
    if (custody.owed(hash) && change != nullptr &&
        change->core.device != newer_app_->chain().device()) {
      gone.insert(hash);
    }
  }
  auto keep = [&](Machine& holder) {
    if (gone.empty()) return;
    for (const Hash& hash : holder.Held(Machine::Writes::kSynced)) {
      gone.erase(hash);
    }
  };
  keep(*centre_);
  keep(machine);
  for (const auto& device : devices_) {
    if (!device->rotten() && !device->out()) keep(*device);
  }
  for (const Hash& hash : gone) oracle_.custody().Lost(hash);
  context_.trace->Event(context_.scheduler->now_ms(), machine.name(),
                        absl::StrCat("took ", gone.size(), " changes with it"));
}

// At rest no machine fails any more, so that what is in a buffer counts too.
void Site::OweWhatIsHeld() {
  if (!std::exchange(put_back_, false)) return;
  auto owe = [this](Machine& machine) {
    for (const Hash& hash : machine.Held(Machine::Writes::kAll)) {
      oracle_.custody().Owe(hash);
    }
  };
  owe(*centre_);
  for (const auto& device : devices_) owe(*device);
}

// 3: where two changes follow one, or one follows nothing, the centre has it on
// record; and nowhere else.
void Site::CheckForks() {
  const Centre& centre = *centre_->centre();
  sights_.forks = 0;
  std::map<DeviceId, std::pair<uint64_t, uint64_t>> expected;  // forks, gaps
  std::set<std::pair<Hash, std::string>> followed;
  for (const auto& [hash, device] : verdicts_.committed()) {
    const ChangeCore& core = oracle_.Find(hash)->core;
    auto& [forks, gaps] = expected[device];
    const bool first = core.seq == 1;
    if (!first && !verdicts_.committed().contains(core.previous)) ++gaps;
    const std::string chain =
        absl::StrCat(device.view(), core.incarnation.view());
    if (!followed.insert({core.previous, chain}).second) ++forks;
  }
  for (const auto& [device, counts] : expected) {
    auto faults = ListChainFaults(centre.changes(), *centre_->store(), device);
    uint64_t forks = 0, gaps = 0;
    for (const ChainFault& fault : faults.value_or(std::vector<ChainFault>())) {
      ++(fault.fork ? forks : gaps);
    }
    sights_.forks += forks;
    if (std::pair(forks, gaps) == counts) continue;
    return context_.findings->Fail(
        3, absl::StrCat("the chains of ", roster_[device].name, " have ",
                        counts.first, " forks and ", counts.second,
                        " gaps, and ", forks, " and ", gaps, " are on record"));
  }
}

}  // namespace vouch::sim
