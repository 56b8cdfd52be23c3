// A chain (device, incarnation) as one replica holds it: runs of changes that
// follow each other without a gap. The run named zero begins at seq 1; every
// other begins where something did not simply follow: after a gap (an island,
// rule 17) or beside another change (a fork, rule 18), and is named by the hash
// of its first change. Gaps and forks are derived from that, never declared.
// Names are local: another replica may hold the same changes in other runs.
#ifndef VOUCH_STORAGE_REPLICA_CHAIN_RUNS_H_
#define VOUCH_STORAGE_REPLICA_CHAIN_RUNS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "storage/replica/change_store.h"

namespace vouch {

inline constexpr size_t kRunsMax = 4096;  // of one chain, looked through

// A run that does not begin at seq 1.
struct Run {
  Coordinate first;  // its branch is the run's name
  Hash previous;     // what its first change follows
};
// Those of a chain, by name. Errors: TOO_LARGE, the store's.
absl::StatusOr<std::vector<Run>> ListRuns(const Reader& reader,
                                          const DeviceId& device,
                                          const Incarnation& incarnation);

// The end of what is held of a chain from seq 1 on without a gap, through runs
// that follow each other; seq 0 if nothing is.
absl::StatusOr<ChangeStore::Head> ContiguousHead(
    const ChangeStore& changes, const Reader& reader, const DeviceId& device,
    const Incarnation& incarnation);

// The hash of change `seq` of the branch that `header` continues; nothing if
// it is not held. What DecodeSegment asks for.
absl::StatusOr<std::optional<Hash>> HashInBranch(const ChangeStore& changes,
                                                 const Reader& reader,
                                                 const SegmentHeader& header,
                                                 uint64_t seq);

// Where all changes of a segment are whose row is at `first`: from there on in
// its run, those before in whichever run what it follows is.
absl::StatusOr<std::vector<Coordinate>> PlacesOf(const ChangeStore& changes,
                                                 const Reader& reader,
                                                 const SegmentHeader& header,
                                                 const Coordinate& first);

// Whether what the segment follows is held; so for the first of a chain.
absl::StatusOr<bool> HoldsPrevious(const ChangeStore& changes,
                                   const Reader& reader,
                                   const SegmentHeader& header);

// What is not in order in a device's chains, for people to see. At the centre.
struct ChainFault {
  Coordinate at;      // of the first change after the gap, or beside another
  bool fork = false;  // else a gap before it
};
absl::StatusOr<std::vector<ChainFault>> ListChainFaults(
    const ChangeStore& changes, const Reader& reader, const DeviceId& device);

// Where segments belong, with those added before and not written yet in mind.
// Not thread-safe.
class ChainRuns {
 public:
  using FindLocation =
      std::function<absl::StatusOr<std::optional<Coordinate>>(const Hash&)>;
  // What a missing change in a chain means. At the centre it is a gap. A device
  // holds of others' chains only what is in its scopes, so there it is nothing.
  enum class Holes { kAreGaps, kAreNormal };
  // `find` knows every change by its hash, also those not written yet.
  ChainRuns(const ChangeStore* changes, const Reader* reader, FindLocation find,
            Holes holes)
      : changes_(changes),
        reader_(reader),
        find_(std::move(find)),
        holes_(holes) {}

  // What is here already: all of it; or some, in other segments.
  enum class Held { kNot, kPartly, kWhole };
  struct Place {
    Hash branch;
    Held held = Held::kNot;
    bool linked = false;  // what it follows is here, or it begins the chain
  };
  absl::StatusOr<Place> PlaceOf(const Segment& segment);
  // Whether the chain is in more than one run: it has a gap, or forks.
  absl::StatusOr<bool> InPieces(const SegmentHeader& header);
  // The segment is written there.
  void Add(const SegmentHeader& header, const Hash& branch);
  void Clear();

 private:
  absl::StatusOr<ChangeStore::Head> HeadOf(const SegmentHeader& header,
                                           const Hash& branch);
  absl::StatusOr<bool> FitsRunZero(const SegmentHeader& header) const;

  const ChangeStore* const changes_;
  const Reader* const reader_;
  const FindLocation find_;
  const Holes holes_;
  absl::flat_hash_map<std::string, ChangeStore::Head> heads_;
  absl::flat_hash_map<std::string, bool> in_pieces_;  // chain → other runs
  absl::flat_hash_set<std::string> written_;  // places added, where holes are
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_CHAIN_RUNS_H_
