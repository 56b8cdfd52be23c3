// The engines as the contract suite sees them: open, close, fill the disk,
// damage a stored byte. Each object is one disk that outlives its stores.
#ifndef VOUCH_TESTS_CONTRACT_ENGINES_H_
#define VOUCH_TESTS_CONTRACT_ENGINES_H_

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store.h"

namespace vouch {

class EngineUnderTest {
 public:
  virtual ~EngineUnderTest() = default;

  virtual absl::StatusOr<std::unique_ptr<Store>> Open() = 0;
  // What Checkpoint(CopyFolder()) made, as a store.
  virtual absl::StatusOr<std::unique_ptr<Store>> OpenCopy() = 0;
  virtual std::string CopyFolder() const = 0;
  virtual void SetFull(bool full) = 0;
  // Flips one bit of the stored value, which begins with `marker`. No store is
  // open. False if the bytes were not found where they should lie.
  virtual bool Corrupt(Family family, absl::string_view key,
                       absl::string_view marker) = 0;
  // Differs if any stored byte does. No store is open.
  virtual std::string Fingerprint() = 0;
  // Where the store is; empty if it is not on a real disk.
  virtual std::string Folder() const = 0;
};

struct EngineKind {
  std::string name;
  std::unique_ptr<EngineUnderTest> (*make)();
};
inline void PrintTo(const EngineKind& kind, std::ostream* out) {
  *out << kind.name;
}

std::vector<EngineKind> AllEngines();
// Those that write files: they can be killed, and opened by a second process.
std::vector<EngineKind> DiskEngines();

// The store of the disk engine of that name in `folder`.
absl::StatusOr<std::unique_ptr<Store>> OpenDiskEngine(
    absl::string_view name, const std::string& folder);

}  // namespace vouch

#endif  // VOUCH_TESTS_CONTRACT_ENGINES_H_
