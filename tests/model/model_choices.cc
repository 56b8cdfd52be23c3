// Which steps can follow, what they are called, and the way to rest.
#include "absl/strings/str_cat.h"
#include "tests/model/model.h"

namespace vouch::model {
namespace {

constexpr int kRounds = 2;          // of syncs until all agree
constexpr int kRoundsRestored = 4;  // where something must be reconciled
constexpr int kSessionStepsMax = 200;

Action On(Action::Kind kind, size_t who, size_t slot = 0, size_t which = 0) {
  Action action;
  action.kind = kind;
  action.who = static_cast<uint8_t>(who);
  action.slot = static_cast<uint8_t>(slot);
  action.which = static_cast<uint8_t>(which);
  return action;
}

std::string FaultText(const Fault& fault) {
  const std::string write = absl::StrCat("; write ", fault.write);
  switch (fault.kind) {
    case Fault::kNone:
      return "";
    case Fault::kErrorBefore:
      return write + " fails and is not there";
    case Fault::kErrorUnsynced:
      return write + " fails and is there, not synced";
    case Fault::kErrorAfter:
      return write + " fails and is there";
    case Fault::kCrashAfter:
      return absl::StrCat("; crash after write ", fault.write);
    case Fault::kFull:
      return "; the disk is full";
  }
  return "";
}

}  // namespace

std::optional<uint8_t> Model::NextStep(const State& state,
                                       size_t device) const {
  uint8_t taken = 0;
  for (size_t i = 0; i < script_.deeds.size(); ++i) {
    if (script_.deeds[i].device != device) continue;
    if (taken++ == state.steps[device]) return static_cast<uint8_t>(i);
  }
  return std::nullopt;
}

bool Model::CanOpen(const State& state, size_t device) const {
  const uint32_t current = state.stream[device][0];
  if (state.opened[device] >=
          script_.sessions_max[device] + options_.sessions_more &&
      !resting_)
    return false;
  if (current == kNone) return true;
  // The tablet is through with it, though the centre is not yet.
  return streams_[current].device.thing == nullptr &&
         state.stream[device][1] == kNone;
}

std::vector<Action> Model::Choices(const State& state) {
  std::vector<Action> out;
  AddSteps(state, &out);
  if (state.faults < options_.faults_max) AddFaults(state, &out);
  return out;
}

void Model::AddSteps(const State& state, std::vector<Action>* out) {
  for (size_t i = 0; i < kDevices; ++i) {
    if (NextStep(state, i).has_value()) out->push_back(On(Action::kSave, i));
    if (CanOpen(state, i)) out->push_back(On(Action::kOpen, i));
    AddStreamSteps(state, i, out);
  }
  out->push_back(On(Action::kMaterialise, kCentreSite));
}

void Model::AddStreamSteps(const State& state, size_t device,
                           std::vector<Action>* out) {
  for (size_t slot = 0; slot < kSlots; ++slot) {
    const uint32_t number = state.stream[device][slot];
    if (number == kNone) continue;
    const Stream& stream = streams_[number];
    if (!stream.device_todo.empty()) {
      out->push_back(On(Action::kDevicePerform, device, slot));
    } else if (options_.fine && stream.device.thing != nullptr &&
               (!stream.to_device.empty() || stream.device_end)) {
      out->push_back(On(Action::kDeviceHear, device, slot));
    }
    if (CentreListens(stream)) {
      out->push_back(On(Action::kCentreHear, device, slot));
    }
    for (size_t which : CentreChoices(stream)) {
      out->push_back(On(Action::kCentrePerform, device, slot, which));
    }
  }
}

// A tablet is copied, and put back, with its app closed; the centre's disk at
// any moment. In the middle of a session the same follows from a broken link
// before it, and would be ten times as much to visit.
bool Model::Idle(const State& state, size_t site) const {
  if (site == kCentreSite) return true;
  for (uint32_t stream : state.stream[site]) {
    if (stream != kNone && streams_[stream].device.thing != nullptr) {
      return false;
    }
  }
  return true;
}

void Model::AddFaults(const State& state, std::vector<Action>* out) {
  const uint32_t faults = options_.faults;
  for (size_t site = 0; site < kSites; ++site) {
    const size_t unsynced =
        replicas_[state.replica[site]].disk.unsynced_batches();
    for (size_t kept = 0; (faults & kCrashes) && kept <= unsynced; ++kept) {
      out->push_back(On(Action::kCrash, site, 0, kept));
    }
    const uint32_t restores =
        site == kCentreSite ? kServerRestores : kDeviceRestores;
    if (!(faults & restores) || !Idle(state, site)) continue;
    if (state.backup[site] == 0) {
      out->push_back(On(Action::kBackUp, site));
    } else if (state.backup[site] != state.replica[site] + 1) {
      out->push_back(On(Action::kRestore, site));
    }
  }
  if ((faults & kClones) && Idle(state, 0) && Idle(state, 1)) {
    out->push_back(On(Action::kClone, 1));
  }
  for (size_t i = 0; i < kDevices; ++i) {
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (state.stream[i][slot] == kNone) continue;
      const Stream& stream = streams_[state.stream[i][slot]];
      for (size_t kept = 0; (faults & kBreaks) && kept < 4; ++kept) {
        // Keeping what is not there is no other case.
        if ((kept & 1) && stream.to_device.empty()) continue;
        if ((kept & 2) && stream.to_centre.empty()) continue;
        if (stream.device.thing == nullptr && stream.to_centre.empty())
          continue;
        out->push_back(On(Action::kBreak, i, slot, kept));
      }
      if ((faults & kDuplicates) && !stream.to_centre.empty()) {
        out->push_back(On(Action::kDuplicate, i, slot));
      }
    }
  }
}

// A crash at a write is a crash after it: before the first one it is a crash
// before the step, and what is lost of it is lost of the unsynced writes.
std::vector<Action> Model::Faulted(const State& state, const Action& action,
                                   const Step& step) {
  std::vector<Action> out;
  if (state.faults >= options_.faults_max || action.kind >= Action::kCrash) {
    return out;
  }
  auto add = [&](Fault::Kind kind, size_t write) {
    Action faulted = action;
    faulted.fault = {kind, static_cast<uint8_t>(write)};
    out.push_back(faulted);
  };
  for (size_t i = 0; i < step.writes.size(); ++i) {
    if (options_.faults & kCrashes) add(Fault::kCrashAfter, i + 1);
    if (!(options_.faults & kErrors)) continue;
    add(Fault::kErrorBefore, i + 1);
    if (step.writes[i]) add(Fault::kErrorUnsynced, i + 1);
    add(Fault::kErrorAfter, i + 1);
  }
  if (!step.writes.empty() && (options_.faults & kDiskFull)) {
    add(Fault::kFull, 0);
  }
  if (action.kind != Action::kCentrePerform) return out;
  Action answered = action;
  answered.answer = Action::kLost;
  if (options_.faults & kBreaks) out.push_back(answered);
  answered.answer = Action::kTwice;
  if (options_.faults & kDuplicates) out.push_back(answered);
  return out;
}

std::string Model::Name(const State& state, const Action& action) {
  const std::string who = SiteName(action.who);
  const std::string old = action.slot > 0 ? " (older stream)" : "";
  const Stream& stream =
      streams_[action.who < kDevices ? state.stream[action.who][action.slot]
                                     : kNone];
  std::string what;
  switch (action.kind) {
    case Action::kSave:
      what = absl::StrCat(
          who, " ", DeedText(script_.deeds[*NextStep(state, action.who)]));
      break;
    case Action::kOpen:
      what = absl::StrCat(who, " opens a session");
      break;
    case Action::kDevicePerform:
      what =
          absl::StrCat(who, " ", EffectName(*stream.device_todo.front().thing));
      break;
    case Action::kDeviceHear:
      what = absl::StrCat(who, " hears ",
                          stream.to_device.empty()
                              ? "the end of its stream"
                              : MessageName(*stream.to_device.front().thing));
      break;
    case Action::kCentreHear:
      what = absl::StrCat("centre hears ",
                          MessageName(*stream.to_centre.front().thing), " of ",
                          who, old);
      break;
    case Action::kCentrePerform:
      what = absl::StrCat("centre ",
                          EffectName(*stream.centre_todo[action.which].thing),
                          " for ", who, old);
      break;
    case Action::kMaterialise:
      what = "centre works out its views";
      break;
    case Action::kCrash:
      what = absl::StrCat(
          who, " crashes and keeps ", action.which, " of ",
          replicas_[state.replica[action.who]].disk.unsynced_batches(),
          " unsynced writes");
      break;
    case Action::kBreak:
      what = absl::StrCat("the link of ", who, old, " breaks",
                          (action.which & 1) ? ", what comes arrives" : "",
                          (action.which & 2) ? ", what goes arrives" : "");
      break;
    case Action::kDuplicate:
      what = absl::StrCat(MessageName(*stream.to_centre.front().thing), " of ",
                          who, old, " arrives twice");
      break;
    case Action::kBackUp:
      what = absl::StrCat(who, " is backed up");
      break;
    case Action::kRestore:
      what = absl::StrCat(who, " is put back to its backup");
      break;
    case Action::kClone:
      what = "A is cloned onto B";
      break;
  }
  absl::StrAppend(&what, FaultText(action.fault));
  if (action.answer == Action::kLost) what += "; the answer and link are lost";
  if (action.answer == Action::kTwice) what += "; the answer arrives twice";
  return what;
}

const Model::Synced& Model::SyncOnce(size_t device, const State& from) {
  const uint32_t own = from.replica[device];
  const uint32_t centre = from.replica[kCentreSite];
  auto [at, fresh] = synced_.try_emplace({device, own, centre});
  if (!fresh) return at->second;
  State state;  // nothing else matters to it
  for (size_t site = 0; site < kSites; ++site) {
    state.replica[site] = from.replica[site];
  }
  state.restored = from.restored;
  resting_ = true;
  Step step = Take(state, On(Action::kOpen, device));
  for (int i = 0; i < kSessionStepsMax && !step.violation; ++i) {
    state = step.state;
    std::vector<Action> choices;
    AddStreamSteps(state, device, &choices);
    if (choices.empty()) break;
    step = Take(state, choices[0]);
  }
  if (!step.violation && state.stream[device][0] != kNone) {
    step.violation = {12, SiteName(device) + "'s session never ends"};
  }
  if (!step.violation) {
    step = Take(state, On(Action::kMaterialise, kCentreSite));
    if (step.possible) state = step.state;
  }
  resting_ = false;
  at->second = {state.replica[device], state.replica[kCentreSite], finished_,
                step.violation};
  return at->second;
}

std::optional<Violation> Model::SyncAll(const State& from) {
  State state = from;
  const int rounds = from.restored ? kRoundsRestored : kRounds;
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < kDevices; ++i) {
      const Synced& synced = SyncOnce(i, state);
      if (synced.violation) return synced.violation;
      if (round + 1 == rounds && !synced.finished.ok()) {
        return Violation{
            12, absl::StrCat(SiteName(i), "'s session goes on to end with ",
                             synced.finished.ToString())};
      }
      state.replica[i] = synced.device;
      state.replica[kCentreSite] = synced.centre;
    }
  }
  const Facts& centre = facts_[state.replica[kCentreSite]];
  for (size_t i = 0; i < kDevices; ++i) {
    for (uint32_t list : {state.saved[i], state.told[i]}) {
      auto bad = checks_.CheckDurable(
          lists_[list], centre,
          absl::StrCat("was saved on ", SiteName(i), ", has not arrived"));
      if (bad) return bad;
    }
  }
  Step end;
  end.state = state;
  Check(&end);
  return end.violation ? end.violation : Agree(state);
}

std::optional<Violation> Model::ComeToRest(const State& from) {
  State state = from;
  for (size_t i = 0; i < kDevices; ++i) {
    for (uint32_t& stream : state.stream[i]) stream = kNone;
    state.opened[i] = state.steps[i] = 0;
    state.sent[i] = kNone;
  }
  for (uint32_t& backup : state.backup) backup = 0;
  state.faults = 0;
  auto known = rested_.find(state);
  if (known != rested_.end()) return known->second;
  return rested_[state] = SyncAll(state);
}

std::optional<Violation> Model::Agree(const State& state) {
  auto [at, fresh] = agreed_.try_emplace(
      {state.replica[0], state.replica[1], state.replica[2]});
  if (!fresh) return at->second;
  std::array<Member, kSites> members;
  for (size_t site = 0; site < kSites; ++site) {
    members[site] = {Owner(state, site), &replicas_[state.replica[site]],
                     &facts_[state.replica[site]]};
  }
  return at->second = checks_.CheckAgreement(members, state.restored != 0);
}

}  // namespace vouch::model
