// The centre's own verdict on each change, and what it is judged with; on the
// committer's thread.
#include "storage/replica/centre.h"
#include "sync/base/status.h"

namespace vouch {

// What a verdict reads. A failing disk must fail the commit: as "unknown
// author" it would hold honest work for ever. What was read once is not read
// again until the views move: most of a commit is by one author on one
// registration.
class Centre::JudgingReader : public JudgeReader {
 public:
  JudgingReader(const Centre& centre, Consulted* consulted)
      : centre_(centre), consulted_(consulted) {}

  std::optional<AuthorFacts> Author(const DeviceId& device) const override {
    return Once(&consulted_->authors, device,
                [&] { return centre_.FindAuthor(device); });
  }
  std::optional<AuthorFacts> Person(const PersonId& person) const override {
    return Once(&consulted_->persons, person,
                [&] { return centre_.FindPerson(person); });
  }
  std::optional<RecordView> Record(const RecordId& record) const override {
    return Once(&consulted_->records, record,
                [&] { return centre_.FindRecord(record); });
  }
  const absl::Status& failed() const { return failed_; }

 private:
  template <typename Key, typename T, typename Find>
  std::optional<T> Once(absl::flat_hash_map<Key, std::optional<T>>* known,
                        const Key& key, const Find& find) const {
    auto before = known->find(key);
    if (before != known->end()) return before->second;
    absl::StatusOr<T> found = find();
    if (!found.ok() && !absl::IsNotFound(found.status())) {
      failed_.Update(found.status());
      return std::nullopt;
    }
    std::optional<T> answer;
    if (found.ok()) answer = *std::move(found);
    known->emplace(key, answer);
    return answer;
  }

  const Centre& centre_;
  Consulted* const consulted_;
  mutable absl::Status failed_;
};

// The change's own verdict (rule 7), judged on its causal past (rule 2).
absl::StatusOr<Disposition> Centre::Decide(const Change& change) {
  const ChangeCore& core = change.core;
  JudgedChange judged;
  judged.hash = change.hash;
  judged.author = core.person;
  judged.device = core.device;
  judged.kind = core.kind;
  judged.record = core.record;
  judged.scope = core.scope;
  for (const Hash& seen : core.frontier) {
    VOUCH_ASSIGN_OR_RETURN(auto past, tail_.Find(seen));
    if (!past.has_value()) continue;
    judged.saw_seal |= past->saw_seal;
    judged.saw_discard |= past->saw_discard;
  }
  auto values = DecodePayload(change.payload);
  judged.values_known = !change.erased && values.ok();
  for (const Operation& op : core.operations) {
    JudgedOperation out;
    out.operation.merge_class = op.merge_class;
    out.operation.path = op.path;
    out.operation.element = op.element;
    out.operation.after = op.after;
    out.operation.replaces = op.replaces;
    if (op.part.has_value() && judged.values_known) {
      if (*op.part >= values->size()) {
        return Disposition{true, Reason::kMalformed};
      }
      out.operation.value = (*values)[*op.part];
    }
    for (const ValueName& name : op.replaces) {
      VOUCH_ASSIGN_OR_RETURN(auto named, tail_.Find(name.change));
      out.replaced_authors.push_back(
          named.has_value() ? std::optional<PersonId>(named->author)
                            : std::nullopt);
    }
    judged.operations.push_back(std::move(out));
  }
  for (const PersonSignature& s : change.signatures) {
    (s.role == PersonSignature::kAuthor ? judged.author_signatures
                                        : judged.witness_signatures)
        .push_back(s.key);
  }
  JudgingReader reader(*this, &consulted_);
  absl::Status verdict = judge_->Decide(judged, reader);
  VOUCH_RETURN_IF_ERROR(reader.failed());
  if (verdict.ok()) return Disposition{};
  return Disposition{true, ReasonOf(verdict)};
}

// Verdicts on drafts need only the author and the causal past. Decisions,
// amendments and moves are judged with other records or earlier values in
// view, so the views must be up to the log before them.
bool Centre::NeedsViews(const Segment& segment) {
  for (const Change& change : segment.changes) {
    for (const Operation& op : change.core.operations) {
      switch (op.merge_class) {
        case MergeClass::kCreate:
        case MergeClass::kRegister:
        case MergeClass::kSetAdd:
        case MergeClass::kSetRemove:
        case MergeClass::kBlock:
        case MergeClass::kSeal:
        case MergeClass::kDiscard:
        case MergeClass::kRevive:
          continue;
        default:
          return true;
      }
    }
  }
  return false;
}

}  // namespace vouch
