#include "sync/core/fold.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/core/fold_blocks.h"

namespace vouch {
namespace {

struct Act {
  size_t change;
  uint32_t operation;
};

bool HeadBefore(const ValueHead& a, const ValueHead& b) {
  if (a.hlc != b.hlc) return a.hlc > b.hlc;
  if (a.change != b.change) return b.change < a.change;
  return a.operation < b.operation;
}

bool Differ(const std::vector<ValueHead>& heads) {
  const ValueHead* first = nullptr;
  for (const ValueHead& head : heads) {
    if (head.erased) continue;  // rule 5
    if (first != nullptr && head.value != first->value) return true;
    if (first == nullptr) first = &head;
  }
  return false;
}

Hash VersionOf(const std::vector<ValueHead>& heads) {
  std::vector<ValueName> names;
  for (const ValueHead& h : heads) names.push_back({h.change, h.operation});
  std::sort(names.begin(), names.end());
  ByteWriter out;
  for (const ValueName& n : names) out.Fixed(n.change).Varint(n.operation);
  return HashOf("vouch.conflict.v1", {out.bytes()});
}

class Folder {
 public:
  Folder(absl::Span<const FoldChange> changes, const CauseLookup& outside)
      : changes_(changes),
        outside_(outside),
        effective_(EffectiveChanges(changes, outside)),
        included_(changes.size()),
        pasts_(changes.size()) {
    for (size_t i = 0; i < changes.size(); ++i) index_[changes[i].hash] = i;
  }

  RecordView Fold() {
    view_.id = changes_[0].core.record;
    view_.scope = changes_[0].core.scope;
    view_.kind = changes_[0].core.kind;
    view_.change_count = static_cast<uint32_t>(changes_.size());
    CollectActs();
    for (size_t i = 0; i < changes_.size(); ++i) included_[i] = Included(i);
    CollectValues();
    FoldLedger();
    FoldLifecycle();
    WarnOfRemovals();
    ListHeld();
    FindFrontier();
    Digest();
    return std::move(view_);
  }

 private:
  // Did change `i` see change `j`?
  bool Saw(size_t i, size_t j) {
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
  bool Apart(size_t i, size_t j) { return i != j && !Saw(i, j) && !Saw(j, i); }

  const Operation& Op(const Act& act) const {
    return changes_[act.change].core.operations[act.operation];
  }

  ActView ViewOf(const Act& act) const {
    const FoldChange& c = changes_[act.change];
    return {c.hash, c.core.person, c.core.hlc, c.core.claimed_ms};
  }

  ValueHead HeadOf(const Act& act) const {
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

  const std::vector<Act>& Acts(MergeClass c) { return acts_[c]; }

  void CollectActs() {
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
      std::sort(out->begin(), out->end(),
                [](const ActView& a, const ActView& b) {
                  return std::tie(a.hlc, a.change) < std::tie(b.hlc, b.change);
                });
    };
    list(MergeClass::kCreate, &view_.creations);
    list(MergeClass::kSeal, &view_.seals);
    list(MergeClass::kCountersign, &view_.countersignatures);
    list(MergeClass::kWithdraw, &view_.withdrawals);
    list(MergeClass::kDiscard, &view_.discards);
  }

  bool HasDraftEdit(size_t i) const {
    for (const Operation& op : changes_[i].core.operations) {
      if (IsDraftEdit(op.merge_class)) return true;
    }
    return false;
  }

  // Content: what no seal stands against. An edit made apart from every seal
  // waits until it is adopted (rule 3).
  bool Included(size_t i) {
    if (!effective_[i]) return false;
    const std::vector<Act>& seals = Acts(MergeClass::kSeal);
    if (seals.empty() || !HasDraftEdit(i)) return true;
    for (const Act& seal : seals) {
      if (seal.change == i || Saw(seal.change, i)) return true;
    }
    switch (Settled(i)) {
      case Settling::kAdopted: return true;
      case Settling::kDismissed: return false;
      case Settling::kOpen: late_.push_back(i); return false;
    }
    return false;
  }

  enum class Settling { kOpen, kAdopted, kDismissed };

  Settling Settled(size_t late) {
    std::vector<std::pair<size_t, bool>> acts;  // change, adopts
    for (MergeClass c : {MergeClass::kAdopt, MergeClass::kDismiss}) {
      for (const Act& act : Acts(c)) {
        for (const ValueName& name : Op(act).replaces) {
          if (name.change == changes_[late].hash) {
            acts.push_back({act.change, c == MergeClass::kAdopt});
          }
        }
      }
    }
    bool adopt = false, dismiss = false;
    for (const auto& [change, adopts] : acts) {
      bool superseded = false;
      for (const auto& other : acts) {
        superseded |= other.first != change && Saw(other.first, change);
      }
      if (!superseded) (adopts ? adopt : dismiss) = true;
    }
    // Adopted and dismissed apart: still open, until someone settles it who
    // saw both.
    if (adopt == dismiss) return Settling::kOpen;
    return adopt ? Settling::kAdopted : Settling::kDismissed;
  }

  using FieldKey = std::tuple<std::vector<uint32_t>, std::optional<ElementId>,
                              std::optional<ValueName>>;

  FieldKey KeyOf(const Act& act) const {
    const Operation& op = Op(act);
    std::optional<ValueName> own;
    if (op.merge_class == MergeClass::kSetAdd && !op.element) {
      own = ValueName{changes_[act.change].hash, act.operation};
    }
    return {op.path, op.element, own};
  }

  void CollectValues() {
    absl::flat_hash_set<ValueName> superseded;
    std::map<FieldKey, FieldView> fields;
    for (size_t i = 0; i < changes_.size(); ++i) {
      if (!included_[i]) continue;
      for (const Operation& op : changes_[i].core.operations) {
        if (!IsValueClass(op.merge_class) &&
            op.merge_class != MergeClass::kSetRemove) {
          continue;
        }
        superseded.insert(op.replaces.begin(), op.replaces.end());
      }
    }
    BlockOrder order;
    for (size_t i = 0; i < changes_.size(); ++i) {
      if (!included_[i]) continue;
      const ChangeCore& core = changes_[i].core;
      for (uint32_t o = 0; o < core.operations.size(); ++o) {
        const Operation& op = core.operations[o];
        if (!IsValueClass(op.merge_class)) continue;
        Act act{i, o};
        if (op.merge_class == MergeClass::kBlock) {
          order.Add(op.path, op, core.hlc, changes_[i].hash);
        }
        if (superseded.contains({changes_[i].hash, o})) continue;
        FieldView& field = fields[KeyOf(act)];
        field.path = op.path;
        field.element = op.element;
        if (field.heads.empty() || op.merge_class != MergeClass::kAmend) {
          field.merge_class = op.merge_class;
        }
        field.heads.push_back(HeadOf(act));
      }
    }
    for (auto& [key, field] : fields) {
      std::sort(field.heads.begin(), field.heads.end(), HeadBefore);
      bool transition = field.merge_class == MergeClass::kTransition;
      field.contested =
          transition ? field.heads.size() > 1 : Differ(field.heads);
      if (field.contested) {
        AddConflict(transition ? ConflictView::Kind::kTransition
                               : ConflictView::Kind::kField,
                    field.path, field.element, field.heads);
      }
      view_.fields.push_back(std::move(field));
    }
    order.Sort(&view_.fields);
  }

  void AddConflict(ConflictView::Kind kind, std::vector<uint32_t> path,
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
  std::optional<ValueHead> BaseOf(const std::vector<ValueHead>& heads) const {
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

  void FoldLedger() {
    std::vector<Act> entries = Acts(MergeClass::kLedger);
    for (const Act& act : Acts(MergeClass::kLedgerWithdraw)) {
      entries.push_back(act);
    }
    if (entries.empty()) return;
    absl::flat_hash_set<ValueName> named;
    for (const Act& act : entries) {
      named.insert(Op(act).replaces.begin(), Op(act).replaces.end());
    }
    for (const Act& act : entries) {
      if (named.contains({changes_[act.change].hash, act.operation})) continue;
      view_.ledger_heads.push_back(HeadOf(act));
      view_.ledger_withdrawn |=
          Op(act).merge_class == MergeClass::kLedgerWithdraw;
    }
    std::sort(view_.ledger_heads.begin(), view_.ledger_heads.end(),
              HeadBefore);
    // Heads never collapse, even when equal (rule 4).
    view_.ledger_contested = view_.ledger_heads.size() > 1;
    view_.ledger_withdrawn &= !view_.ledger_contested;
    if (view_.ledger_contested) {
      AddConflict(ConflictView::Kind::kLedger, Op(entries[0]).path,
                  std::nullopt, view_.ledger_heads);
    }
    view_.state = RecordState::kLedger;
  }

  void FoldLifecycle() {
    if (!view_.seals.empty()) {
      FoldSealed();
    } else {
      FoldDiscards();
    }
    for (size_t i : late_) {
      LateAmendment late;
      late.change = changes_[i].hash;
      late.author = changes_[i].core.person;
      late.claimed_ms = changes_[i].core.claimed_ms;
      std::vector<ValueHead> heads;
      for (uint32_t o = 0; o < changes_[i].core.operations.size(); ++o) {
        const Operation& op = changes_[i].core.operations[o];
        if (!IsDraftEdit(op.merge_class)) continue;
        FieldView value;
        value.path = op.path;
        value.element = op.element;
        value.merge_class = op.merge_class;
        value.heads.push_back(HeadOf({i, o}));
        heads.push_back(value.heads[0]);
        late.values.push_back(std::move(value));
      }
      AddConflict(ConflictView::Kind::kLateAmendment, {},
                  ElementId::FromBytes(changes_[i].hash.view().substr(0, 16)),
                  std::move(heads));
      view_.late_amendments.push_back(std::move(late));
    }
    SortDerived();
  }

  void FoldSealed() {
    view_.state = RecordState::kSealed;
    for (const Act& seal : Acts(MergeClass::kSeal)) {
      for (const Act& discard : Acts(MergeClass::kDiscard)) {
        view_.sealed_apart_from_discard |= Apart(seal.change, discard.change);
      }
    }
    absl::flat_hash_set<ValueName> named;
    for (MergeClass c : {MergeClass::kWithdraw, MergeClass::kAmend}) {
      for (const Act& act : Acts(c)) {
        named.insert(Op(act).replaces.begin(), Op(act).replaces.end());
      }
    }
    std::vector<ValueHead> heads;
    bool withdrawn = false, contested = false;
    for (const Act& w : Acts(MergeClass::kWithdraw)) {
      if (named.contains({changes_[w.change].hash, w.operation})) continue;
      withdrawn = true;
      heads.push_back(HeadOf(w));
    }
    if (!withdrawn) return;
    for (const Act& a : Acts(MergeClass::kAmend)) {
      if (named.contains({changes_[a.change].hash, a.operation})) continue;
      for (const Act& w : Acts(MergeClass::kWithdraw)) {
        if (!Apart(a.change, w.change)) continue;
        contested = true;
        heads.push_back(HeadOf(a));
        break;
      }
    }
    if (!contested) {
      view_.state = RecordState::kWithdrawn;
      return;
    }
    std::sort(heads.begin(), heads.end(), HeadBefore);
    AddConflict(ConflictView::Kind::kLifecycle, {}, std::nullopt,
                std::move(heads));
  }

  void FoldDiscards() {
    absl::flat_hash_set<ValueName> revived;
    for (const Act& act : Acts(MergeClass::kRevive)) {
      revived.insert(Op(act).replaces.begin(), Op(act).replaces.end());
    }
    std::vector<ValueHead> heads;
    bool any = false, hides = false;
    for (const Act& discard : Acts(MergeClass::kDiscard)) {
      const Hash& hash = changes_[discard.change].hash;
      if (revived.contains({hash, discard.operation})) continue;
      any = true;
      bool saw_all = true;
      for (size_t i = 0; i < changes_.size(); ++i) {
        if (!effective_[i] || i == discard.change || !HasDraftEdit(i)) continue;
        if (Saw(discard.change, i)) continue;
        saw_all = false;
        heads.push_back(HeadOf({i, 0}));
      }
      heads.push_back(HeadOf(discard));
      hides |= saw_all;
    }
    if (!any) return;
    view_.state =
        hides ? RecordState::kDiscarded : RecordState::kEditedAfterDiscard;
    if (hides) return;
    std::sort(heads.begin(), heads.end(), HeadBefore);
    auto same = [](const ValueHead& a, const ValueHead& b) {
      return a.change == b.change && a.operation == b.operation;
    };
    heads.erase(std::unique(heads.begin(), heads.end(), same), heads.end());
    AddConflict(ConflictView::Kind::kEditedAfterDiscard, {}, std::nullopt,
                std::move(heads));
  }

  void WarnOfRemovals() {
    for (const Act& remove : Acts(MergeClass::kSetRemove)) {
      for (const ValueName& name : Op(remove).replaces) {
        for (size_t i = 0; i < changes_.size(); ++i) {
          const std::vector<Hash>& relied = changes_[i].core.relies_on;
          if (effective_[i] && Apart(i, remove.change) &&
              std::count(relied.begin(), relied.end(), name.change) > 0) {
            view_.removal_warnings.push_back(changes_[i].hash);
          }
        }
      }
    }
  }

  void ListHeld() {
    for (size_t i = 0; i < changes_.size(); ++i) {
      if (effective_[i]) continue;
      HeldChange held;
      held.change = changes_[i].hash;
      held.author = changes_[i].core.person;
      if (changes_[i].disposition.quarantined) {
        held.reason = changes_[i].disposition.reason;
      } else {
        FindCause(i, &held);
      }
      view_.held.push_back(held);
    }
  }

  void FindCause(size_t i, HeldChange* held) const {
    for (const Hash& hash : CausesOf(changes_[i].core)) {
      auto inside = index_.find(hash);
      if (inside != index_.end()) {
        if (effective_[inside->second]) continue;
      } else {
        CauseState state = outside_(hash);
        if (state == CauseState::kEffective) continue;
        held->parked = state == CauseState::kMissing;
      }
      held->cause = hash;
      return;
    }
  }

  void FindFrontier() {
    absl::flat_hash_set<Hash> seen;
    for (const FoldChange& change : changes_) {
      for (const Hash& hash : ReferencesOf(change.core)) seen.insert(hash);
    }
    for (const FoldChange& change : changes_) {
      if (!seen.contains(change.hash)) view_.frontier.push_back(change.hash);
    }
    std::sort(view_.frontier.begin(), view_.frontier.end());
  }

  // Derived lists in an order that depends on the changes alone.
  void SortDerived() {
    std::sort(view_.late_amendments.begin(), view_.late_amendments.end(),
              [](const LateAmendment& a, const LateAmendment& b) {
                return a.change < b.change;
              });
    std::sort(view_.conflicts.begin(), view_.conflicts.end(),
              [](const ConflictView& a, const ConflictView& b) {
                return std::tie(a.path, a.element, a.kind) <
                       std::tie(b.path, b.element, b.kind);
              });
  }

  void Digest() {
    auto by_change = [](const HeldChange& a, const HeldChange& b) {
      return a.change < b.change;
    };
    std::sort(view_.held.begin(), view_.held.end(), by_change);
    std::sort(view_.removal_warnings.begin(), view_.removal_warnings.end());
    view_.removal_warnings.erase(
        std::unique(view_.removal_warnings.begin(),
                    view_.removal_warnings.end()),
        view_.removal_warnings.end());
    std::vector<ValueName> names;
    for (const FieldView& field : view_.fields) {
      for (const ValueHead& h : field.heads) {
        names.push_back({h.change, h.operation});
      }
    }
    for (const ValueHead& h : view_.ledger_heads) {
      names.push_back({h.change, h.operation});
    }
    std::sort(names.begin(), names.end());
    ByteWriter heads;
    for (const ValueName& n : names) heads.Fixed(n.change).Varint(n.operation);
    view_.content_digest = HashOf("vouch.content.v1", {heads.bytes()});

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
    state.Raw(heads.bytes());
    view_.state_hash = HashOf("vouch.record-state.v1", {state.bytes()});
  }

  absl::Span<const FoldChange> changes_;
  const CauseLookup& outside_;
  std::vector<bool> effective_;
  std::vector<bool> included_;
  std::vector<std::vector<bool>> pasts_;
  absl::flat_hash_map<Hash, size_t> index_;
  std::map<MergeClass, std::vector<Act>> acts_;
  std::vector<size_t> late_;
  RecordView view_;
};

}  // namespace

RecordView FoldRecord(absl::Span<const FoldChange> changes,
                      const CauseLookup& outside) {
  VOUCH_CHECK(!changes.empty());
  for (const FoldChange& change : changes) {
    VOUCH_CHECK(change.core.record == changes[0].core.record);
  }
  return Folder(changes, outside).Fold();
}

ScopeStateHasher::ScopeStateHasher() = default;
ScopeStateHasher::~ScopeStateHasher() = default;

void ScopeStateHasher::Add(const RecordId& record, const Hash& state_hash) {
  running_ = HashOf("vouch.scope-state.v1",
                    {running_.view(), record.view(), state_hash.view()});
}

Hash ScopeStateHasher::Finish() { return running_; }

}  // namespace vouch
