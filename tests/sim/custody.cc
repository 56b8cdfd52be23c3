#include "tests/sim/custody.h"

#include "absl/strings/str_cat.h"

namespace vouch::sim {

bool Holds(const ChangeStore& changes, const Reader& reader, const Hash& hash) {
  auto location = changes.GetLocation(reader, hash);
  if (!location.ok()) return true;
  if (!location->has_value()) return false;
  auto held = changes.GetChangeHash(reader, (*location)->at);
  return !held.ok() || *held == hash;
}

void Custody::CheckAcknowledged(const ChangeStore& changes,
                                const Reader& reader) const {
  for (const Hash& hash : acknowledged_) {
    if (Holds(changes, reader, hash)) continue;
    return findings_->Fail(
        1, absl::StrCat("change ", hash.Hex().substr(0, 12),
                        " was acknowledged as DURABLE and is gone"));
  }
}

}  // namespace vouch::sim
