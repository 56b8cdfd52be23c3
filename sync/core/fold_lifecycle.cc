// What acts on a record as a whole make of it: seals and what was written
// apart from them, withdrawals, discards, ledgers, and what is held (rules 3,
// 4, 6, 7).
#include <algorithm>
#include <tuple>

#include "sync/core/fold_record.h"

namespace vouch {

RecordFolder::Superseded RecordFolder::NamedBy(
    std::initializer_list<MergeClass> classes) {
  Superseded named;
  for (MergeClass c : classes) {
    for (const Act& act : Acts(c)) {
      named.insert(Op(act).replaces.begin(), Op(act).replaces.end());
    }
  }
  return named;
}

// Content: what no seal stands against. An edit made apart from every seal
// waits until it is adopted (rule 3).
bool RecordFolder::Included(size_t i) {
  if (!effective_[i]) return false;
  const std::vector<Act>& seals = Acts(MergeClass::kSeal);
  if (seals.empty() || !HasDraftEdit(i)) return true;
  for (const Act& seal : seals) {
    if (seal.change == i || Saw(seal.change, i)) return true;
  }
  switch (Settled(i)) {
    case Settling::kAdopted:
      return true;
    case Settling::kDismissed:
      return false;
    case Settling::kOpen:
      late_.push_back(i);
      return false;
  }
  return false;
}

RecordFolder::Settling RecordFolder::Settled(size_t late) {
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

void RecordFolder::FoldLedger() {
  std::vector<Act> entries = Acts(MergeClass::kLedger);
  for (const Act& act : Acts(MergeClass::kLedgerWithdraw)) {
    entries.push_back(act);
  }
  if (entries.empty()) return;
  Superseded named =
      NamedBy({MergeClass::kLedger, MergeClass::kLedgerWithdraw});
  std::vector<uint32_t> path = Op(entries[0]).path;
  for (const Act& act : entries) {
    path = std::max(path, Op(act).path);  // a withdrawal's may be empty
    if (named.contains(NameOf(act))) continue;
    view_.ledger_heads.push_back(HeadOf(act));
    view_.ledger_withdrawn |=
        Op(act).merge_class == MergeClass::kLedgerWithdraw;
  }
  std::sort(view_.ledger_heads.begin(), view_.ledger_heads.end(), HeadBefore);
  // Heads never collapse, even when equal (rule 4).
  view_.ledger_contested = view_.ledger_heads.size() > 1;
  view_.ledger_withdrawn &= !view_.ledger_contested;
  if (view_.ledger_contested) {
    AddConflict(ConflictView::Kind::kLedger, path, std::nullopt,
                view_.ledger_heads);
  }
  view_.state = RecordState::kLedger;
}

void RecordFolder::FoldLifecycle() {
  if (!view_.seals.empty()) {
    FoldSealed();
  } else {
    FoldDiscards();
  }
  ListLateAmendments();
}

void RecordFolder::ListLateAmendments() {
  for (size_t i : late_) {
    LateAmendment late;
    late.change = changes_[i].hash;
    late.author = changes_[i].core.person;
    late.claimed_ms = changes_[i].core.claimed_ms;
    std::vector<ValueHead> heads;
    for (uint32_t o = 0; o < changes_[i].core.operations.size(); ++o) {
      const Operation& op = changes_[i].core.operations[o];
      // The change waits as a whole, whatever else it holds: it is atomic.
      if (!IsDraftEdit(op.merge_class) && !IsValueClass(op.merge_class)) {
        continue;
      }
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
}

void RecordFolder::FoldSealed() {
  view_.state = RecordState::kSealed;
  for (const Act& seal : Acts(MergeClass::kSeal)) {
    for (const Act& discard : Acts(MergeClass::kDiscard)) {
      view_.sealed_apart_from_discard |= Apart(seal.change, discard.change);
    }
  }
  FoldWithdrawals();
}

void RecordFolder::FoldWithdrawals() {
  Superseded named = NamedBy({MergeClass::kWithdraw, MergeClass::kAmend});
  std::vector<ValueHead> heads;
  bool withdrawn = false, contested = false;
  for (const Act& w : Acts(MergeClass::kWithdraw)) {
    if (named.contains(NameOf(w))) continue;
    withdrawn = true;
    heads.push_back(HeadOf(w));
  }
  if (!withdrawn) return;
  for (const Act& a : Acts(MergeClass::kAmend)) {
    if (named.contains(NameOf(a))) continue;
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

void RecordFolder::FoldDiscards() {
  Superseded revived = NamedBy({MergeClass::kRevive});
  std::vector<ValueHead> heads;
  bool any = false, hides = false;
  for (const Act& discard : Acts(MergeClass::kDiscard)) {
    if (revived.contains(NameOf(discard))) continue;
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

void RecordFolder::WarnOfRemovals() {
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

void RecordFolder::ListHeld() {
  absl::flat_hash_set<Hash> released;
  for (const ValueName& name : NamedBy({MergeClass::kRelease})) {
    released.insert(name.change);
  }
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (effective_[i]) continue;
    const FoldChange& change = changes_[i];
    HeldChange held;
    held.change = change.hash;
    held.author = change.core.person;
    // What was released and is held still is held by a cause.
    if (change.disposition.quarantined && !released.contains(change.hash)) {
      held.reason = change.disposition.reason;
    } else {
      FindCause(i, &held);
    }
    view_.held.push_back(held);
  }
}

void RecordFolder::FindCause(size_t i, HeldChange* held) const {
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

// Derived lists in an order that depends on the changes alone.
void RecordFolder::SortDerived() {
  std::sort(view_.late_amendments.begin(), view_.late_amendments.end(),
            [](const LateAmendment& a, const LateAmendment& b) {
              return a.change < b.change;
            });
  std::sort(view_.conflicts.begin(), view_.conflicts.end(),
            [](const ConflictView& a, const ConflictView& b) {
              return std::tie(a.path, a.element, a.kind) <
                     std::tie(b.path, b.element, b.kind);
            });
  std::sort(view_.held.begin(), view_.held.end(),
            [](const HeldChange& a, const HeldChange& b) {
              return a.change < b.change;
            });
  std::vector<Hash>& warnings = view_.removal_warnings;
  std::sort(warnings.begin(), warnings.end());
  warnings.erase(std::unique(warnings.begin(), warnings.end()), warnings.end());
}

}  // namespace vouch
