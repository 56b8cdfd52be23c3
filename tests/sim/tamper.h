// What somebody between a tablet and its centre may do to a message: it keeps
// its form and loses its truth. A tablet must refuse it and stay as it was.
#ifndef VOUCH_TESTS_SIM_TAMPER_H_
#define VOUCH_TESTS_SIM_TAMPER_H_

#include "tests/sim/sim_random.h"
#include "vouch/v1/sync_service.pb.h"

namespace vouch::sim {

// False if there is nothing to change. Withholds an item, swaps or repeats
// some, flips bits of segments, verdicts, heads and proofs.
bool Tamper(SimRandom* random, v1::PullBatch* batch);
bool Tamper(SimRandom* random, v1::Ack* ack);

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_TAMPER_H_
