// The model's faults of whole machines.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/model/model.h"

namespace vouch::model {

void Model::LoseSessions(size_t site, Step* step) {
  for (size_t i = 0; i < kDevices; ++i) {
    if (site != kCentreSite && site != i) continue;
    if (site == i) step->state.sent[i] = kNone;
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (step->state.stream[i][slot] == kNone) continue;
      Stream stream = streams_[step->state.stream[i][slot]];
      if (site == kCentreSite) {
        LoseCentre(&stream);
      } else {
        if (stream.device.thing != nullptr) --step->state.opened[i];
        LoseDevice(&stream);
      }
      Settle(i, slot, std::move(stream), {}, step);
    }
  }
}

void Model::TakeCrash(size_t site, size_t kept, Step* step) {
  const size_t owner = Owner(step->state, site);
  const Replica& replica = replicas_[step->state.replica[site]];
  auto again = Crashed(site_, owner, replica.disk, kept);
  ++step->state.faults;
  if (!again.ok()) {
    return Fail(1,
                absl::StrCat(SiteName(site),
                             " does not open: ", again.status().ToString()),
                step);
  }
  step->state.replica[site] = Keep(owner, *std::move(again), &step->violation);
  LoseSessions(site, step);
}

void Model::TakeRestore(const Action& action, Step* step) {
  State& state = step->state;
  if (action.kind == Action::kBackUp) {
    state.backup[action.who] = state.replica[action.who] + 1;
    return;
  }
  ++state.faults;
  const size_t site = action.kind == Action::kClone ? 1 : action.who;
  uint32_t from =
      action.kind == Action::kClone ? state.replica[0] : state.backup[site] - 1;
  state.restored |= static_cast<uint8_t>(
      1 << (action.kind == Action::kClone ? kSites : site));
  auto again =
      Crashed(site_, Owner(state, site), replicas_[from].disk, SIZE_MAX);
  VOUCH_CHECK(again.ok());
  state.replica[site] =
      Keep(Owner(state, site), *std::move(again), &step->violation);
  LoseSessions(site, step);
  if (site == kCentreSite) return;
  // A change that nobody else had is gone with the tablet as it was.
  List left;
  for (const Hash& hash : lists_[state.saved[site]]) {
    bool held = false;
    for (uint32_t replica : state.replica) {
      held |= facts_[replica].held.contains(hash);
    }
    if (held) left.push_back(hash);
  }
  state.saved[site] = Join(kNone, left);
}

}  // namespace vouch::model
