// What must hold of a centre's log, and of what a tablet believes of it,
// however one of them was lied to.
//
//   const Proven proven = ProvenBy(honest_requests);
//   const uint64_t before = centre.centre->Head().size;
//   … a hostile device …
//   CheckCentreLog(centre, before, proven);
//
// One thread. A failed check is a find.
#ifndef VOUCH_TESTS_FUZZ_LOG_CHECKS_H_
#define VOUCH_TESTS_FUZZ_LOG_CHECKS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "tests/fuzz/fuzz_world.h"

namespace vouch::fuzz {

// Verdicts that the centre gave before it was put back, by change: what it may
// adopt, and nothing else.
struct ProvenVerdict {
  Disposition disposition;
  FirstCommit first;
};
using Proven = std::map<Hash, ProvenVerdict>;

// As the requests of an honest tablet prove them.
Proven ProvenBy(const std::vector<v1::SyncRequest>& requests);

// Every entry of the log, in order.
std::vector<LogEntry> ReadLog(const CentreCopy& copy);

// The log adds up to its head and holds each change once. Of what was committed
// from `from` on every segment verifies, and each verdict is the judge's or a
// proven one. The centre need not be materialised.
void CheckCentreLog(const CentreCopy& copy, uint64_t from,
                    const Proven& proven);

// What the tablet says was committed stands in the centre's log at that place,
// with that verdict.
void CheckBelieved(const Tablet& tablet, const CentreCopy& copy);

// Every segment in the store is what its device signed.
void CheckSegments(const ChangeStore& changes, const Store& store);

}  // namespace vouch::fuzz

#endif  // VOUCH_TESTS_FUZZ_LOG_CHECKS_H_
