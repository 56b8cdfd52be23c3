#include "client-lib/src/local_judge.h"

#include <optional>
#include <string>
#include <utility>

#include "evidence/record_judge.h"
#include "sync/base/judge.h"

namespace vouch {
namespace {

absl::Status AddPast(const std::vector<Hash>& frontier, const Device& device,
                     const Store& store, JudgedChange* judged) {
  for (const Hash& seen : frontier) {
    VOUCH_ASSIGN_OR_RETURN(auto past,
                           device.changes().GetLocation(store, seen));
    if (!past.has_value()) continue;
    judged->saw_seal |= past->saw_seal;
    judged->saw_discard |= past->saw_discard;
  }
  return absl::OkStatus();
}

absl::Status AddOperation(DraftOperation operation, const Device& device,
                          const Store& store, JudgedChange* judged) {
  JudgedOperation out;
  for (const ValueName& name : operation.replaces) {
    VOUCH_ASSIGN_OR_RETURN(auto named,
                           device.changes().GetLocation(store, name.change));
    out.replaced_authors.push_back(named.has_value()
                                       ? std::optional<PersonId>(named->author)
                                       : std::nullopt);
  }
  out.operation = std::move(operation);
  judged->operations.push_back(std::move(out));
  return absl::OkStatus();
}

absl::StatusOr<JudgedChange> JudgedOf(const Change& change,
                                      const Device& device,
                                      const Store& store) {
  const ChangeCore& core = change.core;
  JudgedChange judged;
  judged.hash = change.hash;
  judged.author = core.person;
  judged.device = core.device;
  judged.kind = core.kind;
  judged.record = core.record;
  judged.scope = core.scope;
  VOUCH_RETURN_IF_ERROR(AddPast(core.frontier, device, store, &judged));
  auto values = DecodePayload(change.payload);
  judged.values_known = !change.erased && values.ok();
  for (const Operation& op : core.operations) {
    DraftOperation out{op.merge_class, op.path,     op.element,
                       op.after,       op.replaces, std::nullopt};
    if (op.part.has_value() && judged.values_known &&
        *op.part < values->size()) {
      out.value = (*values)[*op.part];
    }
    VOUCH_RETURN_IF_ERROR(AddOperation(std::move(out), device, store, &judged));
  }
  for (const PersonSignature& s : change.signatures) {
    (s.role == PersonSignature::kAuthor ? judged.author_signatures
                                        : judged.witness_signatures)
        .push_back(s.key);
  }
  return judged;
}

}  // namespace

absl::Status JudgeDraft(const NewChange& draft, const Device& device,
                        const Store& store) {
  if (!device.membership().has_value()) {
    return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
  }
  JudgedChange judged;
  judged.author = device.membership()->person;
  judged.device = device.id();
  judged.kind = draft.kind;
  judged.record = draft.record;
  judged.scope = draft.scope;
  VOUCH_RETURN_IF_ERROR(AddPast(draft.frontier, device, store, &judged));
  for (const DraftOperation& op : draft.operations) {
    VOUCH_RETURN_IF_ERROR(AddOperation(op, device, store, &judged));
  }
  if (draft.sign_as_author) {
    judged.author_signatures.push_back(device.person_key().public_key());
  }
  for (const SigningKey& witness : draft.witnesses) {
    judged.witness_signatures.push_back(witness.public_key());
  }
  return RecordJudge().Decide(judged, device);
}

absl::StatusOr<std::vector<Foreseen>> ForeseeHeld(const Device& device,
                                                  const Store& store) {
  std::vector<RecordSummaryRow> pending;
  VOUCH_RETURN_IF_ERROR(
      device.ScanRecords([&pending](const RecordSummaryRow& row) {
        if (row.unacknowledged > 0) pending.push_back(row);
        return true;
      }));
  std::vector<Foreseen> out;
  for (const RecordSummaryRow& summary : pending) {
    VOUCH_ASSIGN_OR_RETURN(
        auto rows, device.changes().GetRecordChanges(store, summary.scope,
                                                     summary.record));
    for (const RecordChange& row : rows) {
      if (row.commit_seq.has_value() || row.at.device != device.id()) continue;
      VOUCH_ASSIGN_OR_RETURN(Change change,
                             device.changes().GetChange(store, row.at));
      VOUCH_ASSIGN_OR_RETURN(JudgedChange judged,
                             JudgedOf(change, device, store));
      absl::Status verdict = RecordJudge().Decide(judged, device);
      if (!verdict.ok()) out.push_back({summary.record, change.hash, verdict});
    }
  }
  return out;
}

}  // namespace vouch
