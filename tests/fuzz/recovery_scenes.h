// Tablets and centres of which one was put back to an earlier state, so that a
// session between them recovers (sync/README.md §8).
//
//   const Scene* scene = ChooseScene(in);  // null: nothing was put back
//   std::unique_ptr<Tablet> tablet = CopyTablet(scene);
//
// One thread. Made once, deterministic; each copy owns its disk.
#ifndef VOUCH_TESTS_FUZZ_RECOVERY_SCENES_H_
#define VOUCH_TESTS_FUZZ_RECOVERY_SCENES_H_

#include <memory>
#include <optional>
#include <string>

#include "tests/fuzz/fuzz_world.h"

namespace vouch::fuzz {

struct Scene {
  MemoryDisk tablet;
  MemoryDisk centre;
  std::optional<SealKey> tablet_master;
  std::optional<SealKey> centre_master;
  std::optional<SigningKey> centre_key;
  // What the centre's judge holds by now.
  std::string hold_text = "HOLD";
};

// The first byte chooses: 0 nothing was put back, 1 the centre, 2 the tablet,
// which has written on; 3 the tablet has the proof that something was applied
// which the centre holds; 4 the centre has reinstated what the tablet's holds.
inline constexpr size_t kScenes = 5;
const Scene* ChooseScene(Input& in);

std::unique_ptr<Tablet> CopyTablet(const Scene* scene);
std::unique_ptr<CentreCopy> CopyCentre(const Scene* scene);
const SigningKey& CentreKeyOf(const Scene* scene);

}  // namespace vouch::fuzz

#endif  // VOUCH_TESTS_FUZZ_RECOVERY_SCENES_H_
