// Makes a change be what no ChainWriter writes, with every hash in order
// again: for an author whose app is newer, and for one who lies.
#ifndef VOUCH_TESTS_SIM_FORGE_H_
#define VOUCH_TESTS_SIM_FORGE_H_

#include <functional>

#include "storage/replica/chain_writer.h"
#include "sync/base/check.h"
#include "sync/core/segment.h"

namespace vouch::sim {

// Writes the next change of the chain, altered by `alter` before it is hashed.
inline Change Forge(ChainWriter* writer, const NewChange& draft,
                    const TimeReading& now, Random& random,
                    const std::function<void(Change*)>& alter) {
  auto change = writer->Write(draft, now, random);
  VOUCH_CHECK(change.ok());
  alter(&*change);
  change->core.commitment = CommitPayload(change->salt, change->payload);
  change->core_bytes = EncodeCore(change->core);
  change->hash = ChangeHash(change->core_bytes);
  writer->Restore(change->core.seq, change->hash, writer->hlc());
  return *std::move(change);
}

// As a segment of its own, with every reference in full.
inline std::string WireOf(const Change& change, const SigningKey& device_key) {
  return EncodeSegment(SealSegment({change}, SeenHead(), device_key),
                       [](const Hash&) { return std::nullopt; });
}

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_FORGE_H_
