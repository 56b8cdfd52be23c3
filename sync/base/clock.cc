#include "sync/base/clock.h"

#include <sodium.h>
#include <time.h>

#include <chrono>
#include <fstream>
#include <string>

#include "sync/base/check.h"
#include "sync/base/hash.h"

namespace vouch {
namespace {

BootId ReadBootId() {
  // Where the platform tells no boot id, a process-lifetime random one is
  // still truthful: monotonic readings are only compared within one id.
  std::string text;
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  if (file) std::getline(file, text);
  if (text.empty()) {
    return SystemRandom()->Make<BootId>();
  }
  return *BootId::FromBytes(
      HashOf("vouch.boot.v1", {text}).view().substr(0, BootId::kSize));
}

class RealClock : public Clock {
 public:
  RealClock() : boot_(ReadBootId()) {}
  TimeReading Now() const override {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    TimeReading reading;
    reading.wall_ms = duration_cast<milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
    timespec boot_time;
    VOUCH_CHECK(clock_gettime(CLOCK_BOOTTIME, &boot_time) == 0);
    reading.monotonic_ms = static_cast<uint64_t>(boot_time.tv_sec) * 1000 +
                           static_cast<uint64_t>(boot_time.tv_nsec) / 1000000;
    time_t seconds = static_cast<time_t>(reading.wall_ms / 1000);
    tm local;
    localtime_r(&seconds, &local);
    reading.utc_offset_min = static_cast<int32_t>(local.tm_gmtoff / 60);
    reading.boot = boot_;
    return reading;
  }

 private:
  const BootId boot_;
};

class RealRandom : public Random {
 public:
  RealRandom() { VOUCH_CHECK(sodium_init() >= 0); }
  void Fill(uint8_t* out, size_t size) override { randombytes_buf(out, size); }
};

RecordId WithVersion(RecordId id, uint8_t version) {
  id.data()[6] = static_cast<uint8_t>((id[6] & 0x0f) | (version << 4));
  id.data()[8] = static_cast<uint8_t>((id[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace

Clock* SystemClock() {
  static RealClock* clock = new RealClock;
  return clock;
}

Random* SystemRandom() {
  static RealRandom* random = new RealRandom;
  return random;
}

RecordId MintRecordId(int64_t wall_ms, Random& random) {
  auto id = random.Make<RecordId>();
  uint64_t ms = wall_ms < 0 ? 0 : static_cast<uint64_t>(wall_ms);
  for (int i = 0; i < 6; ++i) {
    id.data()[i] = static_cast<uint8_t>(ms >> (8 * (5 - i)));
  }
  return WithVersion(id, 7);
}

RecordId KeyedRecordId(uint32_t kind, absl::string_view key) {
  std::string kind_bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    kind_bytes.push_back(static_cast<char>(kind >> shift));
  }
  Hash hash = HashOf("vouch.record.v1", {kind_bytes, key});
  return WithVersion(*RecordId::FromBytes(hash.view().substr(0, 16)), 8);
}

}  // namespace vouch
