#include "storage/replica/chain_writer.h"

#include <algorithm>

#include "sync/base/status.h"

namespace vouch {

absl::StatusOr<Change> ChainWriter::Write(const NewChange& draft,
                                          const TimeReading& now,
                                          Random& random) {
  Change change;
  ChangeCore& core = change.core;
  std::vector<std::string> values;
  for (const DraftOperation& op : draft.operations) {
    Operation out;
    out.merge_class = op.merge_class;
    out.path = op.path;
    out.element = op.element;
    out.after = op.after;
    out.replaces = op.replaces;
    if (op.value.has_value()) {
      out.part = static_cast<uint32_t>(values.size());
      values.push_back(*op.value);
    }
    core.operations.push_back(std::move(out));
  }
  core.device = device();
  core.incarnation = incarnation_;
  core.seq = seq_ + 1;
  core.previous = head_;
  core.scope = draft.scope;
  core.person = person_;
  core.kind = draft.kind;
  core.record = draft.record;
  core.claimed_ms = now.wall_ms;
  core.utc_offset_min = std::clamp(now.utc_offset_min, -1440, 1440);
  core.monotonic_ms = now.monotonic_ms;
  core.boot = now.boot;
  core.frontier = draft.frontier;
  core.relies_on = draft.relies_on;
  size_t value_bytes = 0;
  for (const std::string& value : values) value_bytes += value.size() + 10;
  if (core.operations.size() > kChangeOperationsMax ||
      value_bytes > kChangeBytesMax - (64 << 10) ||
      ReferencesOf(core).size() > kChangeReferencesMax) {
    return Error(Reason::kTooLarge,
                 "one save holds some 2 MiB of values, 4096 operations or "
                 "4096 references");
  }
  change.salt = random.Make<Salt>();
  change.payload = EncodePayload(values);
  core.commitment = CommitPayload(change.salt, change.payload);
  core.hlc = hlc_.Tick(now.wall_ms);
  change.core_bytes = EncodeCore(core);
  if (change.core_bytes.size() + change.payload.size() > kChangeBytesMax) {
    return Error(Reason::kTooLarge, "one save exceeds 2 MiB");
  }
  change.hash = ChangeHash(change.core_bytes);
  if (draft.sign_as_author) {
    change.signatures.push_back(
        {PersonSignature::kAuthor, person_key_.public_key(),
         person_key_.Sign(kPersonTag, change.hash.view())});
  }
  for (const SigningKey& witness : draft.witnesses) {
    change.signatures.push_back({PersonSignature::kWitness,
                                 witness.public_key(),
                                 witness.Sign(kPersonTag, change.hash.view())});
  }
  seq_ = core.seq;
  head_ = change.hash;
  return change;
}

}  // namespace vouch
