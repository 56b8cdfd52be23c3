#include "tests/model/model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vouch::model {
namespace {

// How a session may end after a fault. Anything else means that a replica
// disagrees with itself or with another.
bool IsOrdinary(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kUnreachable:
    case Reason::kStoreFull:
    case Reason::kStoreIo:
    case Reason::kProtocolOrder:  // something came twice
    case Reason::kProofInvalid:   // a batch came twice
      return true;
    default:
      return status.ok();
  }
}

Hash SizeAsHash(uint64_t size) {
  Hash hash;
  std::memcpy(hash.data(), &size, sizeof(size));
  return hash;
}

// A push is always a step, since it may come twice.
bool IsPush(const Named<v1::SyncRequest>& message) {
  return message.thing->has_push();
}

bool IsCommit(const Named<CentreEffect>& effect) {
  return std::holds_alternative<CommitSegments>(*effect.thing);
}

// Of a stream whose tablet is gone, all that matters is what it pushed.
void Prune(Stream* stream) {
  if (stream->device.thing != nullptr || stream->centre.thing == nullptr) {
    return;
  }
  std::erase_if(stream->centre_todo,
                [](const auto& effect) { return !IsCommit(effect); });
  const auto& to_centre = stream->to_centre;
  if (stream->centre_todo.empty() &&
      std::none_of(to_centre.begin(), to_centre.end(), IsPush)) {
    LoseCentre(stream);
  }
}

uint64_t SizeOfHash(const Hash& hash) {
  uint64_t size = 0;
  std::memcpy(&size, hash.data(), sizeof(size));
  return size;
}

}  // namespace

Model::Model(const Script& script, const Options& options)
    : script_(script),
      options_(options),
      site_(script, options.seams),
      checks_(site_) {
  lists_.Put(Digest(), {});  // kNone
  streams_.Put(Digest(), Stream());
  for (size_t at = 0; at < kSites; ++at) {
    std::optional<Violation> bad;
    first_.replica[at] = Keep(at, site_.first(at).Copy(), &bad);
    VOUCH_CHECK(!bad.has_value());
  }
}

size_t Model::Owner(const State& state, size_t site) {
  const bool cloned = (state.restored & (1 << kSites)) != 0;
  return site == 1 && cloned ? 0 : site;
}

uint32_t Model::Keep(size_t at, Replica replica,
                     std::optional<Violation>* bad) {
  bool fresh = false;
  Digest digest = replica.digest;
  uint32_t number = replicas_.Put(digest, std::move(replica), &fresh);
  if (fresh) facts_.push_back(checks_.Examine(at, replicas_[number]));
  *bad = facts_[number].violation;
  return number;
}

uint32_t Model::KeepStream(Stream stream) {
  if (stream.gone()) return kNone;
  Digest digest = stream.digest();
  return streams_.Put(digest, std::move(stream));
}

uint32_t Model::Join(uint32_t list, const List& more) {
  List joined = lists_[list];
  for (const Hash& hash : more) {
    if (std::find(joined.begin(), joined.end(), hash) == joined.end()) {
      joined.push_back(hash);
    }
  }
  std::sort(joined.begin(), joined.end());
  if (joined.empty()) return kNone;
  ByteWriter bytes;
  for (const Hash& hash : joined) bytes.Fixed(hash);
  return lists_.Put(DigestOf(bytes.bytes()), std::move(joined));
}

void Model::Fail(int invariant, std::string what, Step* step) const {
  if (!step->violation) step->violation = {invariant, std::move(what)};
}

const Model::Result& Model::Ask(const State& state, size_t site, Input input) {
  input.site = static_cast<uint8_t>(site);
  ByteWriter key;
  key.U8(static_cast<uint8_t>(site)).U64(state.replica[site]);
  key.U8(input.kind).U8(input.step).U8(input.device);
  key.U8(input.fault.kind).U8(input.fault.write) << input.digest;
  auto [at, fresh] = results_.try_emplace(DigestOf(key.bytes()));
  if (!fresh) return at->second;
  ++replica_steps_;
  const size_t owner = Owner(state, site);
  Outcome outcome = RunReplica(site_, owner, replicas_[state.replica[site]],
                               input, options_.keep_processes);
  Result result;
  result.replica = state.replica[site];
  if (!outcome.opened.ok()) {
    result.violation = {1, absl::StrCat(SiteName(site), " does not open: ",
                                        outcome.opened.ToString())};
  } else if (outcome.replica.has_value()) {
    result.replica =
        Keep(owner, *std::move(outcome.replica), &result.violation);
    outcome.replica.reset();
  }
  result.outcome = std::move(outcome);
  return at->second = std::move(result);
}

bool Model::Accept(size_t site, const Result& result, const Fault& fault,
                   Step* step) {
  step->violation = result.violation;
  step->possible = result.outcome.possible;
  step->writes = result.outcome.writes;
  if (fault.kind != Fault::kNone) {
    step->possible &= result.outcome.fault_met;
    ++step->state.faults;
  }
  step->state.replica[site] = result.replica;
  if (result.outcome.crashed) LoseSessions(site, step);
  return step->possible && !result.outcome.crashed && !step->violation;
}

Step Model::Take(const State& state, const Action& action) {
  Step step;
  step.state = state;
  switch (action.kind) {
    case Action::kSave:
      TakeSave(action, &step);
      break;
    case Action::kOpen:
      TakeOpen(action, &step);
      break;
    case Action::kDevicePerform:
      TakeDevicePerform(action, &step);
      break;
    case Action::kCentrePerform:
      TakeCentrePerform(action, &step);
      break;
    case Action::kMaterialise:
      TakeMaterialise(action, &step);
      break;
    case Action::kDeviceHear:
    case Action::kCentreHear:
    case Action::kBreak:
    case Action::kDuplicate:
      TakeOnStream(action, &step);
      break;
    case Action::kCrash:
      TakeCrash(action.who, action.which, &step);
      break;
    case Action::kBackUp:
    case Action::kRestore:
    case Action::kClone:
      TakeRestore(action, &step);
      break;
  }
  if (step.possible && !step.violation) Check(&step);
  return step;
}

void Model::TakeSave(const Action& action, Step* step) {
  const size_t device = action.who;
  auto next = NextStep(step->state, device);
  if (!next.has_value()) {
    step->possible = false;
    return;
  }
  Input input;
  input.kind = Input::kSave;
  input.step = *next;
  input.fault = action.fault;
  const Result& result = Ask(step->state, device, input);
  if (!Accept(device, result, action.fault, step)) return;
  const Outcome& out = result.outcome;
  if (out.status.ok()) {
    ++step->state.steps[device];
    step->state.saved[device] = Join(step->state.saved[device], out.saved);
  } else if (action.fault.kind == Fault::kNone) {
    Fail(
        1,
        absl::StrCat(SiteName(device), " cannot save: ", out.status.ToString()),
        step);
  }
}

void Model::TakeOpen(const Action& action, Step* step) {
  const size_t device = action.who;
  State& state = step->state;
  if (!CanOpen(state, device)) {
    step->possible = false;
    return;
  }
  Input input;
  input.kind = Input::kBegin;
  input.fault = action.fault;
  const Result& result = Ask(state, device, input);
  if (!Accept(device, result, action.fault, step)) return;
  if (result.outcome.config == nullptr) {
    if (action.fault.kind == Fault::kNone) {
      Fail(12,
           absl::StrCat(SiteName(device),
                        " cannot sync: ", result.outcome.status.ToString()),
           step);
    }
    return;
  }
  ++state.opened[device];
  // What the session begins with is what the replica then is.
  ByteWriter name;
  name.U64(device).U64(state.replica[device]);
  std::swap(state.stream[device][0], state.stream[device][1]);
  Settle(device, 0,
         sessions_.Open(*result.outcome.config, DigestOf(name.bytes())), {},
         step);
}

void Model::TakeDevicePerform(const Action& action, Step* step) {
  const size_t device = action.who;
  Stream stream = streams_[step->state.stream[device][action.slot]];
  if (stream.device_todo.empty()) {
    step->possible = false;
    return;
  }
  Input input;
  input.kind = Input::kPerform;
  input.device_effect = stream.device_todo.front().thing;
  input.digest = stream.device_todo.front().digest;
  input.fault = action.fault;
  const Result& result = Ask(step->state, device, input);
  if (!Accept(device, result, action.fault, step)) return;
  const Outcome& out = result.outcome;
  step->state.told[device] = Join(step->state.told[device], out.told);
  StreamNews news;
  sessions_.DeviceDid(out.device_event.get(), out.event_digest, &stream, &news);
  Settle(device, action.slot, std::move(stream), std::move(news), step);
}

void Model::TakeCentrePerform(const Action& action, Step* step) {
  const size_t device = action.who;
  Stream stream = streams_[step->state.stream[device][action.slot]];
  if (action.which >= stream.centre_todo.size()) {
    step->possible = false;
    return;
  }
  Input input;
  input.kind = Input::kPerform;
  input.device = static_cast<uint8_t>(Owner(step->state, device));
  input.centre_effect = stream.centre_todo[action.which].thing;
  input.digest = stream.centre_todo[action.which].digest;
  input.fault = action.fault;
  const Result& result = Ask(step->state, kCentreSite, input);
  if (!Accept(kCentreSite, result, action.fault, step)) return;
  StreamNews news;
  const size_t before = stream.to_device.size();
  sessions_.CentreDid(action.which, *result.outcome.centre_event,
                      result.outcome.event_digest, &stream, &news);
  const bool answered = stream.to_device.size() > before;
  if (action.answer != Action::kArrives) {
    step->possible = answered;
    ++step->state.faults;
  }
  if (answered && action.answer == Action::kLost) {
    stream.to_device.resize(before);
    Break(true, true, &stream);
  } else if (answered && action.answer == Action::kTwice) {
    stream.to_device.push_back(stream.to_device.back());
  }
  Settle(device, action.slot, std::move(stream), std::move(news), step);
}

void Model::TakeMaterialise(const Action& action, Step* step) {
  Input input;
  input.kind = Input::kMaterialise;
  input.fault = action.fault;
  const Result& result = Ask(step->state, kCentreSite, input);
  if (!Accept(kCentreSite, result, action.fault, step)) return;
  if (!result.outcome.status.ok() && action.fault.kind == Fault::kNone) {
    Fail(7,
         absl::StrCat("views cannot be worked out: ",
                      result.outcome.status.ToString()),
         step);
  }
}

void Model::TakeOnStream(const Action& action, Step* step) {
  Stream stream = streams_[step->state.stream[action.who][action.slot]];
  StreamNews news;
  switch (action.kind) {
    case Action::kDeviceHear:
      step->possible = sessions_.DeviceHears(nullptr, &stream, &news);
      break;
    case Action::kCentreHear:
      step->possible =
          CentreListens(stream) && sessions_.CentreHears(&stream, &news);
      break;
    case Action::kBreak:
      ++step->state.faults;
      Break((action.which & 1) != 0, (action.which & 2) != 0, &stream);
      break;
    default:
      step->possible = !stream.to_centre.empty();
      if (!step->possible) break;
      ++step->state.faults;
      stream.to_centre.push_front(stream.to_centre.front());
      break;
  }
  if (!step->possible) return;
  Settle(action.who, action.slot, std::move(stream), std::move(news), step);
}

// What is no step of its own, because each is pure and whatever else can happen
// comes out the same before and after it:
// - sending, and reading the outbox: closed segments do not change;
// - hearing at the tablet, which hears only when it has nothing to do, so that
//   the order at its session is fixed. A link that breaks before a message
//   arrives is the fault kLost of the step that sent it;
// - hearing Hello or Pull at a centre that has nothing to do for the session:
//   only the session's own work could come before it. One that is lost is as a
//   link that breaks before the work it asks for;
// - the end of the requests, which only lets the centre's session end;
// - what the centre would read for a tablet that is gone.
void Model::Settle(size_t device, size_t slot, Stream stream, StreamNews news,
                   Step* step) {
  const Streams::Garble garble = [&](v1::SyncResponse* message) {
    const List& sent = lists_[step->state.sent[device]];
    if (!options_.seams.garble || sent.empty()) return;
    options_.seams.garble(SizeOfHash(sent[0]), sent[1], message);
  };
  for (bool moved = true; moved;) {
    moved = false;
    if (!options_.fine) moved |= sessions_.DeviceHears(garble, &stream, &news);
    if (!stream.device_todo.empty() &&
        std::holds_alternative<ReadOutbox>(*stream.device_todo.front().thing)) {
      Input input;
      input.kind = Input::kPerform;
      input.device_effect = stream.device_todo.front().thing;
      input.digest = stream.device_todo.front().digest;
      const Outcome& out = Ask(step->state, device, input).outcome;
      if (options_.seams.garble && out.sent.has_value()) {
        List sent = {SizeAsHash(out.sent->first), out.sent->second};
        ByteWriter bytes;
        bytes.Fixed(sent[0]).Fixed(sent[1]);
        step->state.sent[device] =
            lists_.Put(DigestOf(bytes.bytes()), std::move(sent));
      }
      sessions_.DeviceDid(out.device_event.get(), out.event_digest, &stream,
                          &news);
      moved = true;
    }
    if (HearsAtOnce(stream)) moved |= sessions_.CentreHears(&stream, &news);
  }
  Prune(&stream);
  step->state.stream[device][slot] = KeepStream(std::move(stream));
  Heard(device, news, step);
}

bool Model::HearsAtOnce(const Stream& stream) const {
  if (stream.to_centre.empty()) return true;  // the end, if it is there
  return !options_.fine && stream.centre_todo.empty() &&
         !IsPush(stream.to_centre.front());
}

// A session that a fault cut short does not count as one.
void Model::Heard(size_t device, const StreamNews& news, Step* step) {
  State& state = step->state;
  if (news.finished.has_value()) finished_ = *news.finished;
  if (news.finished.has_value() && !news.finished->ok()) --state.opened[device];
  if (news.finished.has_value() && !state.restored) {
    const bool calm = resting_ || state.faults == 0;
    if (calm ? !news.finished->ok() : !IsOrdinary(*news.finished)) {
      Fail(12,
           absl::StrCat(SiteName(device), "'s session ends with ",
                        ReasonName(ReasonOf(*news.finished)), ": ",
                        news.finished->message()),
           step);
    }
  }
  if (!news.witnessed.has_value()) return;
  const List& newest = lists_[state.witness];
  if (!newest.empty() && SizeOfHash(newest[0]) >= news.witnessed->size) return;
  List head = {SizeAsHash(news.witnessed->size), news.witnessed->root};
  ByteWriter bytes;
  bytes.Fixed(head[0]).Fixed(head[1]).U8(1);
  state.witness = lists_.Put(DigestOf(bytes.bytes()), std::move(head));
}

void Model::Check(Step* step) {
  const State& state = step->state;
  const Facts& centre = facts_[state.replica[kCentreSite]];
  for (size_t i = 0; i < kDevices && !state.restored; ++i) {
    auto bad =
        checks_.CheckDurable(lists_[state.saved[i]], facts_[state.replica[i]],
                             absl::StrCat("was saved on ", SiteName(i)));
    if (!bad) {
      bad = checks_.CheckDurable(
          lists_[state.told[i]], centre,
          absl::StrCat("was acknowledged to ", SiteName(i), " as DURABLE"));
    }
    if (bad) step->violation = bad;
  }
  const List& head = lists_[state.witness];
  if (head.empty() || state.restored || step->violation) return;
  step->violation = checks_.CheckWitness(SizeOfHash(head[0]), head[1], centre);
}

}  // namespace vouch::model
