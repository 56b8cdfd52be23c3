// Who answers for which change, where disks may be put back to earlier states.
//
// A change that a save reported is owed from then on: whatever happens, the
// centre holds it at rest. Nothing takes that back but the loss of the last
// disk that held it durably, which whoever puts a disk back says (invariant 2).
// What is not owed may be there all the same, if somebody wrote it: a message
// can outlive the tablet that sent it.
//
// An acknowledgement binds the centre's disk alone: the change is there after
// every boot, until that disk is put back to before it was told (invariant 1).
#ifndef VOUCH_TESTS_SIM_CUSTODY_H_
#define VOUCH_TESTS_SIM_CUSTODY_H_

#include <set>
#include <utility>

#include "storage/replica/change_store.h"
#include "tests/sim/scheduler.h"

namespace vouch::sim {

class Custody {
 public:
  explicit Custody(Findings* findings) : findings_(findings) {}

  // An honest author made it; a crash may yet take it.
  void Wrote(const Hash& hash) { written_.insert(hash); }
  void Owe(const Hash& hash) { owed_.insert(hash); }
  // It went with the last disk that held it.
  void Lost(const Hash& hash) { owed_.erase(hash); }
  bool written(const Hash& hash) const { return written_.contains(hash); }
  bool owed(const Hash& hash) const { return owed_.contains(hash); }
  const std::set<Hash>& owed() const { return owed_; }

  // Somebody was told that the centre has it on its disk.
  void Acknowledged(const Hash& hash) { acknowledged_.insert(hash); }
  const std::set<Hash>& acknowledged() const { return acknowledged_; }
  // The centre's disk was put back to when these were. What it said before may
  // still be under way, and binds it no more: a session notes its age.
  void AcknowledgedWere(std::set<Hash> then) {
    acknowledged_ = std::move(then);
    ++age_;
  }
  uint64_t age() const { return age_; }
  void CheckAcknowledged(const ChangeStore& changes,
                         const Reader& reader) const;

  // A second store, which nothing here takes away, has these (STABLE).
  void BackedUp(const std::set<Hash>& changes) {
    backed_up_.insert(changes.begin(), changes.end());
  }
  bool backed_up(const Hash& hash) const { return backed_up_.contains(hash); }

  // A disk was put back or copied: from now on logs may end in reinstatements,
  // and sessions in finding out.
  void Disturb() { disturbed_ = true; }
  bool disturbed() const { return disturbed_; }

 private:
  Findings* const findings_;
  std::set<Hash> written_;
  std::set<Hash> owed_;
  std::set<Hash> acknowledged_;
  std::set<Hash> backed_up_;
  uint64_t age_ = 0;
  bool disturbed_ = false;
};

// The replica holds that change, and as it was. True too while its disk fails:
// whoever opens it again looks again.
bool Holds(const ChangeStore& changes, const Reader& reader, const Hash& hash);

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_CUSTODY_H_
