// The part of a core's grammar that the signed form and the wire form share:
// indexes into the reference table, and the operations.
#ifndef VOUCH_SYNC_CORE_CHANGE_CODEC_H_
#define VOUCH_SYNC_CORE_CHANGE_CODEC_H_

#include <vector>

#include "sync/base/codec.h"
#include "sync/core/change.h"

namespace vouch {

// Writes frontier, relies_on and operations, naming hashes by their index in
// `references` (which is ReferencesOf(core)).
void WriteIndexed(const ChangeCore& core, const std::vector<Hash>& references,
                  ByteWriter* out);
// Fails the reader unless the table is exactly ReferencesOf the result.
void ReadIndexed(const std::vector<Hash>& references, ByteReader* in,
                 ChangeCore* core);

}  // namespace vouch

#endif  // VOUCH_SYNC_CORE_CHANGE_CODEC_H_
