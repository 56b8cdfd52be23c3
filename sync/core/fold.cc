#include "sync/core/fold.h"

#include <algorithm>
#include <tuple>

#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/core/fold_blocks.h"
#include "sync/core/fold_record.h"

namespace vouch {
namespace {

bool Differ(const std::vector<ValueHead>& heads) {
  const ValueHead* first = nullptr;
  for (const ValueHead& head : heads) {
    if (head.erased) continue;  // rule 5
    if (first != nullptr && head.value != first->value) return true;
    if (first == nullptr) first = &head;
  }
  return false;
}

// Each once and in order, as every hash over names takes them.
std::string EncodeNames(std::vector<ValueName> names) {
  std::sort(names.begin(), names.end());
  ByteWriter out;
  for (const ValueName& n : names) out.Fixed(n.change).Varint(n.operation);
  return out.Take();
}

void AppendNames(const std::vector<ValueHead>& heads,
                 std::vector<ValueName>* names) {
  for (const ValueHead& h : heads) names->push_back({h.change, h.operation});
}

Hash VersionOf(const std::vector<ValueHead>& heads) {
  std::vector<ValueName> names;
  AppendNames(heads, &names);
  return HashOf("vouch.conflict.v1", {EncodeNames(std::move(names))});
}

}  // namespace

bool HeadBefore(const ValueHead& a, const ValueHead& b) {
  if (a.erased != b.erased) return b.erased;
  if (a.hlc != b.hlc) return a.hlc > b.hlc;
  if (a.change != b.change) return b.change < a.change;
  return a.operation < b.operation;
}

RecordFolder::RecordFolder(absl::Span<const FoldChange> changes,
                           const CauseLookup& outside)
    : changes_(changes),
      outside_(outside),
      effective_(EffectiveChanges(changes, outside)),
      included_(changes.size()),
      pasts_(changes.size()) {
  for (size_t i = 0; i < changes.size(); ++i) index_[changes[i].hash] = i;
}

RecordView RecordFolder::Fold() {
  DescribeRecord();
  CollectActs();
  for (size_t i = 0; i < changes_.size(); ++i) included_[i] = Included(i);
  CollectValues();
  FoldLedger();
  FoldLifecycle();
  WarnOfRemovals();
  ListHeld();
  FindFrontier();
  SortDerived();
  Digest();
  return std::move(view_);
}

bool RecordFolder::Saw(size_t i, size_t j) {
  if (pasts_[i].empty()) {
    pasts_[i].resize(changes_.size());
    std::vector<size_t> todo = {i};
    while (!todo.empty()) {
      size_t at = todo.back();
      todo.pop_back();
      for (const Hash& hash : ReferencesOf(changes_[at].core)) {
        auto found = index_.find(hash);
        if (found == index_.end() || pasts_[i][found->second]) continue;
        pasts_[i][found->second] = true;
        todo.push_back(found->second);
      }
    }
  }
  return pasts_[i][j];
}

ActView RecordFolder::ViewOf(const Act& act) const {
  const FoldChange& c = changes_[act.change];
  return {c.hash, c.core.person, c.core.hlc, c.core.claimed_ms};
}

ValueHead RecordFolder::HeadOf(const Act& act) const {
  const FoldChange& c = changes_[act.change];
  const Operation& op = Op(act);
  ValueHead head;
  head.change = c.hash;
  head.operation = act.operation;
  head.author = c.core.person;
  head.device = c.core.device;
  head.hlc = c.core.hlc;
  head.claimed_ms = c.core.claimed_ms;
  head.erased = (c.erased || c.inert) && op.part.has_value();
  if (op.part.has_value() && *op.part < c.values.size()) {
    head.value = c.values[*op.part];
  }
  head.after = op.after;
  for (const ValueName& name : op.replaces) {
    head.replaces.push_back({name.change, name.operation});
  }
  return head;
}

// A faulty author may name two kinds in one record; which is shown must not
// depend on which came first.
void RecordFolder::DescribeRecord() {
  const FoldChange* first = &changes_[0];
  auto rank = [](const FoldChange& c) {
    bool creates = false;
    for (const Operation& op : c.core.operations) {
      creates |= op.merge_class == MergeClass::kCreate;
    }
    return std::make_tuple(creates ? 0 : 1, c.core.hlc, c.hash);
  };
  for (const FoldChange& change : changes_) {
    if (rank(change) < rank(*first)) first = &change;
  }
  view_.id = first->core.record;
  view_.scope = first->core.scope;
  view_.kind = first->core.kind;
  view_.change_count = static_cast<uint32_t>(changes_.size());
}

void RecordFolder::CollectActs() {
  for (size_t i = 0; i < changes_.size(); ++i) {
    const ChangeCore& core = changes_[i].core;
    if (changes_[i].inert) view_.needs_newer_app = true;
    if (changes_[i].erased) view_.has_erased_values = true;
    for (uint32_t o = 0; o < core.operations.size(); ++o) {
      MergeClass c = core.operations[o].merge_class;
      if (static_cast<uint32_t>(c) >
          static_cast<uint32_t>(MergeClass::kRelease)) {
        view_.needs_newer_app = true;
      }
      if (effective_[i]) acts_[c].push_back({i, o});
    }
  }
  auto list = [this](MergeClass c, std::vector<ActView>* out) {
    for (const Act& act : Acts(c)) out->push_back(ViewOf(act));
    std::sort(out->begin(), out->end(), [](const ActView& a, const ActView& b) {
      return std::tie(a.hlc, a.change) < std::tie(b.hlc, b.change);
    });
  };
  list(MergeClass::kCreate, &view_.creations);
  list(MergeClass::kSeal, &view_.seals);
  list(MergeClass::kCountersign, &view_.countersignatures);
  list(MergeClass::kWithdraw, &view_.withdrawals);
  list(MergeClass::kDiscard, &view_.discards);
}

bool RecordFolder::HasDraftEdit(size_t i) const {
  for (const Operation& op : changes_[i].core.operations) {
    if (IsDraftEdit(op.merge_class)) return true;
  }
  return false;
}

RecordFolder::FieldKey RecordFolder::KeyOf(const Act& act) const {
  const Operation& op = Op(act);
  std::optional<ValueName> own;
  if (op.merge_class == MergeClass::kSetAdd && !op.element) own = NameOf(act);
  return {op.path, op.element, own};
}

// A value is superseded by content that names it, and only within one field:
// an author who names a value of another field takes nothing away there.
RecordFolder::Superseded RecordFolder::FindSuperseded() const {
  Superseded superseded;
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (!included_[i]) continue;
    for (const Operation& op : changes_[i].core.operations) {
      if (!IsValueClass(op.merge_class) &&
          op.merge_class != MergeClass::kSetRemove) {
        continue;
      }
      for (const ValueName& name : op.replaces) {
        auto at = index_.find(name.change);
        if (at == index_.end()) continue;
        const auto& operations = changes_[at->second].core.operations;
        if (name.operation >= operations.size() ||
            operations[name.operation].path != op.path) {
          continue;
        }
        superseded.insert(name);
      }
    }
  }
  return superseded;
}

void RecordFolder::CollectValues() {
  Superseded superseded = FindSuperseded();
  std::map<FieldKey, std::vector<Act>> fields;
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (!included_[i]) continue;
    const std::vector<Operation>& operations = changes_[i].core.operations;
    for (uint32_t o = 0; o < operations.size(); ++o) {
      if (!IsValueClass(operations[o].merge_class)) continue;
      Act act{i, o};
      if (!superseded.contains(NameOf(act))) fields[KeyOf(act)].push_back(act);
    }
  }
  for (auto& [key, acts] : fields) {
    FieldView field;
    field.path = std::get<0>(key);
    field.element = std::get<1>(key);
    CollectField(std::move(field), acts);
  }
  OrderBlocks();
}

void RecordFolder::CollectField(FieldView field, const std::vector<Act>& acts) {
  // Heads of one field are of one class, amendments of it apart. Where a
  // faulty author wrote another, the lowest number decides on every replica.
  field.merge_class = MergeClass::kAmend;
  for (const Act& act : acts) {
    MergeClass c = Op(act).merge_class;
    if (c != MergeClass::kAmend &&
        (field.merge_class == MergeClass::kAmend || c < field.merge_class)) {
      field.merge_class = c;
    }
    field.heads.push_back(HeadOf(act));
  }
  std::sort(field.heads.begin(), field.heads.end(), HeadBefore);
  bool transition = field.merge_class == MergeClass::kTransition;
  field.contested = transition ? field.heads.size() > 1 : Differ(field.heads);
  if (field.contested) {
    AddConflict(transition ? ConflictView::Kind::kTransition
                           : ConflictView::Kind::kField,
                field.path, field.element, field.heads);
  }
  view_.fields.push_back(std::move(field));
}

void RecordFolder::OrderBlocks() {
  BlockOrder order;
  auto add = [&](const Act& act) {
    if (!included_[act.change]) return;
    const FoldChange& c = changes_[act.change];
    order.Add(Op(act).path, Op(act), c.core.hlc, c.hash);
  };
  for (const Act& act : Acts(MergeClass::kBlock)) add(act);
  // An amendment may add a paragraph, and then says where it stands.
  // One without a predecessor is a paragraph only where others are: an
  // element of a set looks the same.
  for (const Act& act : Acts(MergeClass::kAmend)) {
    if (Op(act).after.has_value()) add(act);
  }
  for (const Act& act : Acts(MergeClass::kAmend)) {
    if (!Op(act).after && order.Holds(Op(act).path)) add(act);
  }
  order.Sort(&view_.fields);
}

void RecordFolder::AddConflict(ConflictView::Kind kind,
                               std::vector<uint32_t> path,
                               std::optional<ElementId> element,
                               std::vector<ValueHead> heads) {
  ConflictView conflict;
  conflict.kind = kind;
  conflict.path = std::move(path);
  conflict.element = element;
  conflict.version = VersionOf(heads);
  conflict.base = BaseOf(heads);
  conflict.heads = std::move(heads);
  view_.conflicts.push_back(std::move(conflict));
}

// The one value that every head replaced, if there is one.
std::optional<ValueHead> RecordFolder::BaseOf(
    const std::vector<ValueHead>& heads) const {
  if (heads.empty()) return std::nullopt;
  for (const auto& candidate : heads[0].replaces) {
    bool shared = true;
    for (const ValueHead& head : heads) {
      shared &= std::find(head.replaces.begin(), head.replaces.end(),
                          candidate) != head.replaces.end();
    }
    auto at = index_.find(candidate.first);
    if (!shared || at == index_.end()) continue;
    if (candidate.second >= changes_[at->second].core.operations.size()) {
      continue;
    }
    return HeadOf({at->second, candidate.second});
  }
  return std::nullopt;
}

void RecordFolder::FindFrontier() {
  absl::flat_hash_set<Hash> seen;
  for (const FoldChange& change : changes_) {
    for (const Hash& hash : ReferencesOf(change.core)) seen.insert(hash);
  }
  for (const FoldChange& change : changes_) {
    if (!seen.contains(change.hash)) view_.frontier.push_back(change.hash);
  }
  std::sort(view_.frontier.begin(), view_.frontier.end());
}

void RecordFolder::Digest() {
  std::vector<ValueName> names;
  for (const FieldView& field : view_.fields) AppendNames(field.heads, &names);
  AppendNames(view_.ledger_heads, &names);
  std::string heads = EncodeNames(std::move(names));
  view_.content_digest = HashOf("vouch.content.v1", {heads});

  std::vector<const FoldChange*> sorted;
  for (const FoldChange& change : changes_) sorted.push_back(&change);
  std::sort(sorted.begin(), sorted.end(),
            [](const FoldChange* a, const FoldChange* b) {
              return a->hash < b->hash;
            });
  ByteWriter state;
  state.Fixed(view_.id).U8(static_cast<uint8_t>(view_.state));
  state.Varint(sorted.size());
  for (const FoldChange* change : sorted) {
    state.Fixed(change->hash).U8(change->disposition.quarantined ? 1 : 0);
    state.Varint(static_cast<uint64_t>(change->disposition.reason));
  }
  state.Raw(heads);
  view_.state_hash = HashOf("vouch.record-state.v1", {state.bytes()});
}

RecordView FoldRecord(absl::Span<const FoldChange> changes,
                      const CauseLookup& outside) {
  VOUCH_CHECK(!changes.empty());
  for (const FoldChange& change : changes) {
    VOUCH_CHECK(change.core.record == changes[0].core.record);
  }
  return RecordFolder(changes, outside).Fold();
}

void ScopeStateHasher::Add(const RecordId& record, const Hash& state_hash) {
  running_ = HashOf("vouch.scope-state.v1",
                    {running_.view(), record.view(), state_hash.view()});
}

Hash ScopeStateHasher::Finish() { return running_; }

}  // namespace vouch
