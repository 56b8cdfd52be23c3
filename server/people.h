// The Person record that the centre writes about everyone it enrols, in its
// authority scope, so that tablets can show who wrote what. The record's id is
// the person's.
#ifndef VOUCH_SERVER_PEOPLE_H_
#define VOUCH_SERVER_PEOPLE_H_

#include "absl/status/status.h"
#include "storage/replica/centre.h"
#include "sync/base/clock.h"

namespace vouch {

// Writes what the record lacks; nothing if it says it all already. Brings the
// centre's views up to its log first. The committer's thread; durable on
// return. Errors: STORE_*.
absl::Status WritePersonRecord(Centre* centre, const Member& member,
                               Random* random);

// The same for every member: mends what a crash right after an enrolment left.
absl::Status WriteMissingPeople(Centre* centre, Random* random);

}  // namespace vouch

#endif  // VOUCH_SERVER_PEOPLE_H_
