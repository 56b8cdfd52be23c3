// The whole of one moment as a small value, and every step that can follow.
// A state is a tuple of numbers of things on shelves (replicas, streams, lists
// of hashes): states meet whenever the things do, and a step of one replica is
// carried out by the shipped code once, however many states it is taken in.
//
//   Model model(script, options);
//   State state = model.First();
//   for (const Action& action : model.Choices(state)) {
//     Step step = model.Take(state, action);   // step.violation, step.state
//   }
#ifndef VOUCH_TESTS_MODEL_MODEL_H_
#define VOUCH_TESTS_MODEL_MODEL_H_

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "tests/model/checks.h"
#include "tests/model/replica.h"
#include "tests/model/stream.h"

namespace vouch::model {

// What can go wrong; a set of bits.
enum FaultSet : uint32_t {
  kCrashes = 1,      // of any machine, around any write, unsynced ones cut
  kErrors = 2,       // a write fails: not there, there unsynced, or there
  kDiskFull = 4,     // throughout one step
  kBreaks = 8,       // the link, with or without what is under way
  kDuplicates = 16,  // a message arrives twice
  // A store is put back to an earlier state, in silence, or copied.
  kServerRestores = 32,
  kDeviceRestores = 64,
  kClones = 128,
};
inline constexpr uint32_t kAllFaults =
    kCrashes | kErrors | kDiskFull | kBreaks | kDuplicates;

struct Options {
  uint32_t faults = kAllFaults;
  uint8_t faults_max = 1;
  uint8_t sessions_more = 0;  // than the script has
  bool keep_processes = false;
  // Each message's arrival at a tablet is a step of its own.
  bool fine = false;
  Seams seams;
};

inline constexpr size_t kSlots = 2;   // a tablet's stream, and an older one
inline constexpr uint32_t kNone = 0;  // no stream; an empty list

struct State {
  uint32_t replica[kSites] = {};
  uint32_t stream[kDevices][kSlots] = {};
  uint32_t saved[kDevices] = {};  // changes whose save was confirmed
  uint32_t told[kDevices] = {};   // changes said to be DURABLE
  uint32_t sent[kDevices] = {};   // for a planted bug only
  uint32_t backup[kSites] = {};   // an earlier replica and 1
  uint32_t witness = kNone;       // the newest tree head that left the centre
  uint8_t steps[kDevices] = {};   // of the script, taken
  uint8_t opened[kDevices] = {};  // sessions begun
  uint8_t faults = 0;             // met so far
  uint8_t restored = 0;           // a store was put back, or cloned
  uint8_t unused[2] = {};         // all bytes count in comparisons

  friend bool operator==(const State& a, const State& b) {
    return std::memcmp(&a, &b, sizeof(a)) == 0;
  }
  template <typename H>
  friend H AbslHashValue(H h, const State& s) {
    return H::combine_contiguous(
        std::move(h), reinterpret_cast<const unsigned char*>(&s), sizeof(s));
  }
};
static_assert(std::has_unique_object_representations_v<State>);

struct Action {
  enum Kind : uint8_t {
    kSave,
    kOpen,
    kDevicePerform,
    kDeviceHear,  // with Options::fine
    kCentreHear,
    kCentrePerform,
    kMaterialise,
    kCrash,
    kBreak,
    kDuplicate,
    kBackUp,
    kRestore,
    kClone,
  };
  Kind kind = kSave;
  uint8_t who = 0;    // device; kCrash, kBackUp, kRestore: site
  uint8_t slot = 0;   // of the stream
  uint8_t which = 0;  // kCentrePerform: of its todo; kCrash: writes kept;
                      // kBreak: 1 to the device is kept, 2 to the centre
  Fault fault;
  // kCentrePerform: what becomes of the answer. A lost one takes the link with
  // it, as gRPC does.
  enum Answer : uint8_t { kArrives, kLost, kTwice };
  Answer answer = kArrives;
};

struct Step {
  bool possible = true;
  State state;
  std::vector<bool> writes;  // that the step made
  std::optional<Violation> violation;
};

class Model {
 public:
  Model(const Script& script, const Options& options);

  State First() const { return first_; }
  // What can follow, but for the faults that befall a step itself. Some of it
  // may turn out not to be possible.
  std::vector<Action> Choices(const State& state);
  // The same step with each fault that can befall it.
  std::vector<Action> Faulted(const State& state, const Action& action,
                              const Step& step);
  Step Take(const State& state, const Action& action);
  // Faults end, streams break, and everybody syncs: then all must agree.
  std::optional<Violation> ComeToRest(const State& state);
  // What the action is called, alike in traces and in tests that replay one.
  std::string Name(const State& state, const Action& action);

  size_t replicas() const { return replicas_.size(); }
  uint64_t replica_steps() const { return replica_steps_; }
  uint64_t rests() const { return rested_.size(); }

 private:
  using List = std::vector<Hash>;  // in order
  struct Result {                  // of one replica's step, remembered
    Outcome outcome;               // without the replica
    uint32_t replica = 0;
    std::optional<Violation> violation;
  };

  void AddSteps(const State& state, std::vector<Action>* out);
  void AddStreamSteps(const State& state, size_t device,
                      std::vector<Action>* out);
  bool Idle(const State& state, size_t site) const;
  void AddFaults(const State& state, std::vector<Action>* out);
  // The next step of the script on that tablet.
  std::optional<uint8_t> NextStep(const State& state, size_t device) const;
  bool CanOpen(const State& state, size_t device) const;
  // A cloned tablet has the keys of the one it was cloned from.
  static size_t Owner(const State& state, size_t site);

  const Result& Ask(const State& state, size_t site, Input input);
  uint32_t Keep(size_t at, Replica replica, std::optional<Violation>* bad);
  uint32_t KeepStream(Stream stream);
  uint32_t Join(uint32_t list, const List& more);

  void TakeSave(const Action& action, Step* step);
  void TakeOpen(const Action& action, Step* step);
  void TakeDevicePerform(const Action& action, Step* step);
  void TakeCentrePerform(const Action& action, Step* step);
  void TakeMaterialise(const Action& action, Step* step);
  void TakeOnStream(const Action& action, Step* step);
  void TakeCrash(size_t site, size_t kept, Step* step);
  void TakeRestore(const Action& action, Step* step);
  // Takes over what a replica became. False if its machine crashed on the way.
  bool Accept(size_t site, const Result& result, const Fault& fault,
              Step* step);
  void LoseSessions(size_t site, Step* step);
  // Whatever a stream does by itself, then put in its place.
  void Settle(size_t device, size_t slot, Stream stream, StreamNews news,
              Step* step);
  bool HearsAtOnce(const Stream& stream) const;
  void Heard(size_t device, const StreamNews& news, Step* step);
  void Fail(int invariant, std::string what, Step* step) const;
  void Check(Step* step);
  std::optional<Violation> Agree(const State& state);
  // Both as they are after one whole session without a fault.
  struct Synced {
    uint32_t device = 0;
    uint32_t centre = 0;
    absl::Status finished;
    std::optional<Violation> violation;
  };
  const Synced& SyncOnce(size_t device, const State& state);
  std::optional<Violation> SyncAll(const State& state);

  const Script& script_;
  const Options options_;
  const Site site_;
  Checks checks_;
  Shelf<Replica> replicas_;
  std::vector<Facts> facts_;  // of each replica
  Streams sessions_;
  Shelf<Stream> streams_;
  Shelf<List> lists_;
  absl::node_hash_map<Digest, Result> results_;  // references stay
  absl::flat_hash_map<std::tuple<uint32_t, uint32_t, uint32_t>,
                      std::optional<Violation>>
      agreed_;
  absl::node_hash_map<std::tuple<size_t, uint32_t, uint32_t>, Synced> synced_;
  absl::flat_hash_map<State, std::optional<Violation>> rested_;
  uint64_t replica_steps_ = 0;
  bool resting_ = false;   // every session must end well
  absl::Status finished_;  // the latest session, by its tablet
  State first_;
};

}  // namespace vouch::model

#endif  // VOUCH_TESTS_MODEL_MODEL_H_
