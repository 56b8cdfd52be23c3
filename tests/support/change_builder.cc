#include "tests/support/change_builder.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/acts.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "sync/base/scope.h"

namespace vouch::test {
namespace {

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
  }
  VOUCH_CHECK(result.ok());
  return *std::move(result);
}

bool DoesAny(const ChangeCore& core, MergeClass c) {
  for (const Operation& op : core.operations) {
    if (op.merge_class == c) return true;
  }
  return false;
}

}  // namespace

Author::Author(absl::string_view name, v1::Role role)
    : name_(name),
      role_(role),
      device_key_(KeyOf(absl::StrCat(name, " device"))),
      person_key_(KeyOf(absl::StrCat(name, " person"))),
      random_(absl::StrCat(name, " random")) {}

AuthorFacts Author::facts() const {
  return {person(), person_key_.public_key(), role_};
}

v1::Person Author::AsRecord() const {
  v1::Person record;
  record.set_person_id(person().Bytes());
  record.set_name(name_);
  record.set_role(role_);
  record.set_signing_key(person_key_.public_key().Bytes());
  record.set_device_id(device().Bytes());
  return record;
}

void Author::Receives(uint64_t hlc) { hlc_.Receive(hlc, HlcMs(hlc)); }

Change Author::Writes(const Draft& draft) {
  clock_ms_ += 1000;
  Change change;
  ChangeCore& core = change.core;
  core.device = device();
  core.incarnation = IdOf<Incarnation>(name_);
  core.seq = ++seq_;
  core.previous = previous_;
  core.scope = draft.record.scope;
  core.person = person();
  core.kind = draft.record.kind;
  core.record = draft.record.id;
  core.hlc = hlc_.Tick(clock_ms_);
  core.claimed_ms = clock_ms_;
  core.monotonic_ms = seq_ * 1000;
  core.boot = IdOf<BootId>(name_);
  core.frontier = draft.frontier;
  core.relies_on = draft.relies_on;
  std::vector<std::string> values;
  for (const DraftOperation& drafted : draft.operations) {
    Operation op{drafted.merge_class, drafted.path, drafted.element,
                 drafted.after, drafted.replaces};
    if (drafted.value.has_value()) {
      op.part = static_cast<uint32_t>(values.size());
      values.push_back(*drafted.value);
    }
    core.operations.push_back(std::move(op));
  }
  change.salt = random_.Make<Salt>();
  change.payload = EncodePayload(values);
  core.commitment = CommitPayload(change.salt, change.payload);
  change.core_bytes = EncodeCore(core);
  change.hash = previous_ = ChangeHash(change.core_bytes);
  auto sign = [&](const SigningKey& key, uint8_t role) {
    change.signatures.push_back(
        {role, key.public_key(), key.Sign(kPersonTag, change.hash.view())});
  };
  if (draft.sign) sign(person_key_, PersonSignature::kAuthor);
  for (const SigningKey& key : draft.witnesses) {
    sign(key, PersonSignature::kWitness);
  }
  unsent_.push_back(change);
  return change;
}

std::vector<Segment> Author::TakeSegments() {
  std::vector<Segment> segments;
  std::vector<Change> run;
  auto close = [&] {
    if (run.empty()) return;
    segments.push_back(SealSegment(std::move(run), SeenHead(), device_key_));
    run.clear();
  };
  for (Change& change : unsent_) {
    if (!run.empty() && (run.back().core.scope != change.core.scope ||
                         run.size() == kSegmentChangesMax)) {
      close();
    }
    run.push_back(std::move(change));
  }
  close();
  unsent_.clear();
  return segments;
}

void Notebook::Learns(const Notebook& other) {
  for (const auto& [id, hashes] : other.records_) {
    for (const Hash& hash : hashes) Learns(other.changes_.at(hash));
  }
  for (const auto& [hash, disposition] : other.dispositions_) {
    dispositions_[hash] = disposition;
  }
}

void Notebook::Learns(const Change& change) {
  if (!changes_.emplace(change.hash, change).second) return;
  records_[change.core.record].push_back(change.hash);
  author_->Receives(change.core.hlc);
}

RecordRef Notebook::Starts(const google::protobuf::Message& record,
                           const RecordId& registration) {
  const Kind* kind = KindOf(record);
  VOUCH_CHECK(kind != nullptr);
  RecordRef ref;
  ref.kind = kind->number;
  ref.id = Must(RecordIdOf(record, author_->clock_ms(), author_->random()));
  ref.scope =
      ScopeOf(*kind, ref.kind == kRegistrationKind ? ref.id : registration);
  Does(ref, DiffRecord(nullptr, record, author_->random()));
  return ref;
}

const Change& Notebook::Edits(const RecordRef& record,
                              const google::protobuf::Message& edited) {
  const RecordView shown = View(record);
  auto operations = shown.seals.empty()
                        ? DiffRecord(&shown, edited, author_->random())
                        : DiffAmendment(shown, edited, author_->random());
  VOUCH_CHECK(!operations.ok() || !operations->empty());
  return Does(record, std::move(operations));
}

const Change& Notebook::Does(
    const RecordRef& record,
    absl::StatusOr<std::vector<DraftOperation>> operations,
    std::vector<SigningKey> witnesses) {
  Author::Draft draft;
  draft.record = record;
  draft.operations = Must(std::move(operations));
  draft.witnesses = std::move(witnesses);
  for (const DraftOperation& op : draft.operations) {
    draft.sign |= NeedsPersonSignature(op.merge_class);
  }
  if (Has(record.id)) {
    const RecordView shown = View(record);
    draft.frontier = shown.frontier;
    for (const ActView& creation : shown.creations) {
      draft.relies_on.push_back(creation.change);
    }
  }
  const Change change = author_->Writes(draft);
  Learns(change);
  return changes_.at(change.hash);
}

void Notebook::Holds(const Hash& change, Reason reason) {
  dispositions_[change] = {true, reason};
}

std::vector<FoldChange> Notebook::ChangesOf(const RecordId& record) const {
  std::vector<FoldChange> changes;
  for (const Hash& hash : records_.at(record)) {
    const Change& change = changes_.at(hash);
    FoldChange folded;
    folded.hash = hash;
    folded.core = change.core;
    folded.values = Must(DecodePayload(change.payload));
    auto found = dispositions_.find(hash);
    if (found != dispositions_.end()) folded.disposition = found->second;
    changes.push_back(std::move(folded));
  }
  return changes;
}

RecordView Notebook::View(const RecordId& record) const {
  return FoldRecord(ChangesOf(record), [this](const Hash& hash) {
    return changes_.count(hash) > 0 ? CauseState::kEffective
                                    : CauseState::kMissing;
  });
}

std::vector<RecordView> Notebook::Views() const {
  std::vector<RecordView> views;
  for (const auto& [id, hashes] : records_) views.push_back(View(id));
  return views;
}

std::unique_ptr<google::protobuf::Message> Notebook::ReadAny(
    const RecordRef& record) const {
  auto message = ParseRecord(View(record));
  VOUCH_CHECK(message != nullptr);
  return message;
}

void Notebook::Past(const Hash& change, std::set<Hash>* past) const {
  auto found = changes_.find(change);
  if (found == changes_.end()) return;
  for (const Hash& seen : found->second.core.frontier) {
    if (past->insert(seen).second) Past(seen, past);
  }
}

JudgedChange Notebook::Judged(const Change& change) const {
  JudgedChange judged;
  judged.hash = change.hash;
  judged.author = change.core.person;
  judged.device = change.core.device;
  judged.kind = change.core.kind;
  judged.record = change.core.record;
  judged.scope = change.core.scope;
  std::vector<std::string> values = Must(DecodePayload(change.payload));
  for (const Operation& op : change.core.operations) {
    JudgedOperation out;
    out.operation = {op.merge_class, op.path,     op.element,
                     op.after,       op.replaces, std::nullopt};
    if (op.part.has_value()) out.operation.value = values[*op.part];
    for (const ValueName& name : op.replaces) {
      auto named = changes_.find(name.change);
      out.replaced_authors.push_back(
          named == changes_.end()
              ? std::nullopt
              : std::optional<PersonId>(named->second.core.person));
    }
    judged.operations.push_back(std::move(out));
  }
  std::set<Hash> past;
  Past(change.hash, &past);
  bool revived = false;
  for (const Hash& seen : past) {
    auto found = changes_.find(seen);
    if (found == changes_.end()) continue;
    judged.saw_seal |= DoesAny(found->second.core, MergeClass::kSeal);
    judged.saw_discard |= DoesAny(found->second.core, MergeClass::kDiscard);
    revived |= DoesAny(found->second.core, MergeClass::kRevive);
  }
  judged.saw_discard &= !revived;
  for (const PersonSignature& s : change.signatures) {
    (s.role == PersonSignature::kAuthor ? judged.author_signatures
                                        : judged.witness_signatures)
        .push_back(s.key);
  }
  return judged;
}

}  // namespace vouch::test
