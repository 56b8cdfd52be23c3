// What goes wrong at a site: one function a kind of fault. Each draws from a
// generator of its own event, so that leaving an event out moves no other.
#include "tests/sim/site.h"

namespace vouch::sim {
namespace {

constexpr int64_t kRestartMsMax = 60'000;

}  // namespace

// The centre nearly as often as all tablets together: everyone depends on it.
Machine& Site::AnyMachine(SimRandom* random) {
  if (random->Chance(450)) return *centre_;
  return AnyDevice(random);
}

DeviceNode& Site::AnyDevice(SimRandom* random) {
  return *devices_[random->Below(devices_.size())];
}

void Site::Inject(Fault fault, SimRandom random) {
  switch (fault) {
    case Fault::kKill:
    case Fault::kPowerCut:
    case Fault::kCrashAtWrite:
    case Fault::kCrashAtEffect:
    case Fault::kIoError:
    case Fault::kDiskFull:
    case Fault::kClockJump:
    case Fault::kClockDrift:
      return InjectMachine(fault, AnyMachine(&random), &random);
    case Fault::kBitRot:
      return Rot(&random);
    case Fault::kSlowViews:
      centre_->lag_ms_max = 60'000;
      return Unless(random.Between(5'000, 120'000),
                    [this] { centre_->lag_ms_max = 500; });
    case Fault::kTamper:
      return AnyDevice(&random).TamperNext();
    case Fault::kNewerApp: {
      Places* team = &*std::next(
          teams_.begin(), static_cast<int64_t>(random.Below(teams_.size())));
      newer_app_->Write(devices_[0]->clock(), team);
      return newer_app_->Submit();
    }
    case Fault::kByzantine:
      return liar_->Act(&random);
    case Fault::kServerRestore:
    case Fault::kDeviceRestore:
    case Fault::kDeviceClone:
      return InjectRestore(fault, &random);
    default:
      return InjectNetwork(fault, &random);
  }
}

void Site::InjectMachine(Fault fault, Machine& machine, SimRandom* random) {
  const MemoryDisk::Stage stages[] = {MemoryDisk::Stage::kBeforeWrite,
                                      MemoryDisk::Stage::kBeforeSync,
                                      MemoryDisk::Stage::kAfterWrite};
  switch (fault) {
    case Fault::kKill:
    case Fault::kPowerCut:
      return machine.PowerOff(fault == Fault::kPowerCut,
                              random->Between(500, kRestartMsMax));
    case Fault::kCrashAtWrite:
    case Fault::kIoError:
      return machine.ArmDisk(stages[random->Below(3)], 1 + random->Below(5),
                             fault == Fault::kCrashAtWrite);
    case Fault::kCrashAtEffect:
      return machine.ArmEffect(1 + random->Below(12));
    case Fault::kDiskFull:
      machine.SetDiskFull(true);
      return Unless(random->Between(3'000, 90'000),
                    [&machine] { machine.SetDiskFull(false); });
    case Fault::kClockJump: {
      const int64_t jumps[] = {kTenYearsMs, -kTenYearsMs,
                               random->Between(-600'000, 600'000)};
      return machine.clock().Jump(jumps[random->Below(3)]);
    }
    default:
      // Up to a fifth faster or slower.
      return machine.clock().set_drift_ppm(random->Between(-200'000, 200'000));
  }
}

void Site::InjectNetwork(Fault fault, SimRandom* random) {
  NetworkWeather& weather = network_.weather;
  const int64_t lasts_ms = random->Between(2'000, 180'000);
  switch (fault) {
    case Fault::kPartition:
    case Fault::kOneWay: {
      const size_t device = random->Below(devices_.size());
      const bool up = fault == Fault::kPartition || random->Chance(500);
      const bool down = fault == Fault::kPartition || !up;
      auto block = [this, device, up, down](bool blocked) {
        if (up) network_.Block(device, Network::Direction::kUp, blocked);
        if (down) network_.Block(device, Network::Direction::kDown, blocked);
      };
      block(true);
      return Unless(lasts_ms, [block] { block(false); });
    }
    case Fault::kHalfOpen:
      network_.HalfOpen(random);
      weather.silent_permille = 300 + random->Below(700);
      return Unless(lasts_ms, [&weather] { weather.silent_permille = 0; });
    case Fault::kDrip: {
      const uint64_t rates[] = {15, 60, 250, 2'000};
      weather.bytes_per_s = rates[random->Below(4)];
      return Unless(lasts_ms, [&weather] { weather.bytes_per_s = 0; });
    }
    case Fault::kLatency: {
      const int64_t latencies_ms[] = {200, 2'000, 12'000};
      weather.latency_ms_max = latencies_ms[random->Below(3)];
      return Unless(lasts_ms, [&weather] { weather.latency_ms_max = 40; });
    }
    case Fault::kLoss:
      weather.lose_permille = 1 + random->Below(200);
      return Unless(lasts_ms, [&weather] { weather.lose_permille = 0; });
    default:  // kReplay
      weather.again_permille = 1 + random->Below(900);
      return Unless(lasts_ms, [&weather] { weather.again_permille = 0; });
  }
}

// A centre's store lies on mirrored disks, which are scrubbed: the good bytes
// come back. A tablet has one disk, so it is taken out of service and its
// person gets another (at the next rest); what only it held is lost, and known
// to be. Until then each answers with STORE_CORRUPTED or truly.
void Site::Rot(SimRandom* random) {
  if (random->Chance(400)) {
    if (!centre_->Rot(random)) return;
    ++sights_.scrubs;
    return Unless(random->Between(1'000, 30'000), [this] {
      centre_->Scrub();
      centre_->PowerOff(false, 500);
    });
  }
  DeviceNode& device = AnyDevice(random);
  if (!device.Rot(random)) return;
  Unless(random->Between(1'000, 60'000), [&device] { device.TakeOut(); });
}

}  // namespace vouch::sim
