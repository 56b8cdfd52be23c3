// What must be true of a replica, of a state, and at rest, by the numbers of
// the invariants: 1 what was acknowledged is there, also after a crash; 2 and
// 12 everything arrives; 3 chains have no gap; 4 and 5 equal sets show equal
// records and lose no value; 6 what comes twice changes nothing; 7 no effect
// before its causes; 8 tree heads are of one log; 17 a flipped bit is found;
// 18 bytes stay as they were signed.
//
// Facts of a replica are found once and cover its disk as it is and as any
// crash would leave it.
#ifndef VOUCH_TESTS_MODEL_CHECKS_H_
#define VOUCH_TESTS_MODEL_CHECKS_H_

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/model/replica.h"
#include "tests/sim/invariants.h"

namespace vouch::model {

struct Violation {
  int invariant = 0;
  std::string what;
};

struct Facts {
  std::set<Hash> held;                 // changes, as the disk is
  std::set<Hash> durable;              // changes that every crash leaves
  std::vector<Hash> roots;             // of the log, by size
  uint64_t durable_size = 0;           // of the log that every crash leaves
  std::optional<Violation> violation;  // of the replica's own invariants
};

// A replica at rest; a clone has the keys of another site.
struct Member {
  size_t owner = 0;
  const Replica* replica = nullptr;
  const Facts* facts = nullptr;
};

class Checks {
 public:
  explicit Checks(const Site& site);

  Facts Examine(size_t at, const Replica& replica);
  // All `hashes` survive any crash of this replica.
  std::optional<Violation> CheckDurable(const std::vector<Hash>& hashes,
                                        const Facts& facts,
                                        absl::string_view promise) const;
  // The centre's log still goes through a tree head that it signed.
  std::optional<Violation> CheckWitness(uint64_t size, const Hash& root,
                                        const Facts& centre) const;
  // Everyone has, shows and counts the same; in the order of sites. After a
  // restore the log may hold more entries than there are changes.
  std::optional<Violation> CheckAgreement(
      const std::array<Member, kSites>& members, bool restored);

 private:
  using Texts = std::map<std::pair<ScopeId, RecordId>, std::string>;
  void ExamineChains(size_t at, const Reader& reader, std::set<Hash>* hashes);
  void ExamineLog(const ChangeStore& changes, const Reader& reader,
                  Facts* facts);
  void ExamineVerdict(const LogEntry& entry, std::set<Hash>* behind_seal);
  void ExamineRecords(size_t at, const ChangeStore& changes,
                      const Reader& reader);
  void ExamineDamage(size_t at, const Replica& replica);
  void CheckDevice(size_t at, const Member& member, const Texts& truth,
                   Centre& centre);
  Texts Show(size_t at, const Process& process, const Store& store);
  std::optional<Violation> TakeFinding();

  const Site& site_;
  sim::Findings findings_;
  sim::Oracle oracle_{&findings_};
  sim::Invariants invariants_{&oracle_, &findings_};
  sim::SimRandom random_{1};
  std::set<Digest> damaged_;  // replicas whose rows were flipped
};

std::string SiteName(size_t site);

}  // namespace vouch::model

#endif  // VOUCH_TESTS_MODEL_CHECKS_H_
