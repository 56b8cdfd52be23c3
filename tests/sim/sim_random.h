// The simulator's only source of chance: a fast generator whose whole state is
// its seed. Not for keys that anyone but the simulator relies on.
//
//   SimRandom random(17);
//   if (random.Chance(50)) …          // 50 in 1000
#ifndef VOUCH_TESTS_SIM_SIM_RANDOM_H_
#define VOUCH_TESTS_SIM_SIM_RANDOM_H_

#include <cstdint>
#include <cstring>

#include "sync/base/clock.h"

namespace vouch::sim {

// SplitMix64. One thread.
class SimRandom : public Random {
 public:
  explicit SimRandom(uint64_t seed) : state_(seed) { Next(); }

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0 ≤ result < bound; the slight bias is of no matter here.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : Next() % bound; }
  int64_t Between(int64_t low, int64_t high) {  // both may be drawn
    return low +
           static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }
  bool Chance(uint64_t permille) { return Below(1000) < permille; }
  // A generator of its own: what one part draws does not move another's draws.
  SimRandom Fork() { return SimRandom(Next()); }

  void Fill(uint8_t* out, size_t size) override {
    while (size > 0) {
      uint64_t word = Next();
      size_t take = size < sizeof(word) ? size : sizeof(word);
      std::memcpy(out, &word, take);
      out += take;
      size -= take;
    }
  }

 private:
  uint64_t state_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_SIM_RANDOM_H_
