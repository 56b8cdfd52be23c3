#include "tests/property/fold_oracle.h"

#include "absl/strings/str_cat.h"
#include "tests/support/view_text.h"

namespace vouch::test {
namespace {

// Classes whose `replaces` say what they act on, not what they build on.
bool OnlyNames(MergeClass c) {
  return c == MergeClass::kRelease || c == MergeClass::kSetRemove;
}
bool IsLedger(MergeClass c) {
  return c == MergeClass::kLedger || c == MergeClass::kLedgerWithdraw;
}
bool Edits(const FoldChange& change) {
  for (const Operation& op : change.core.operations) {
    if (IsDraftEdit(op.merge_class)) return true;
  }
  return false;
}
bool Holds(const FoldChange& change, MergeClass c) {
  for (const Operation& op : change.core.operations) {
    if (op.merge_class == c) return true;
  }
  return false;
}

}  // namespace

FoldOracle::FoldOracle(std::vector<FoldChange> changes)
    : changes_(std::move(changes)) {
  SolveEffects();
  FindPasts();
}

bool FoldOracle::Has(const Hash& hash) const {
  for (const FoldChange& c : changes_) {
    if (c.hash == hash) return true;
  }
  return false;
}

const FoldChange& FoldOracle::Of(const Hash& hash) const {
  for (const FoldChange& c : changes_) {
    if (c.hash == hash) return c;
  }
  VOUCH_CHECK(false);
  return changes_[0];
}

// The least fixpoint by brute force. Nothing outside the record takes effect.
void FoldOracle::SolveEffects() {
  bool grew = true;
  while (grew) {
    grew = false;
    std::set<Hash> released;
    for (const FoldChange& c : changes_) {
      if (effective_.count(c.hash) == 0) continue;
      for (const Operation& op : c.core.operations) {
        if (op.merge_class != MergeClass::kRelease) continue;
        for (const ValueName& name : op.replaces) released.insert(name.change);
      }
    }
    for (const FoldChange& c : changes_) {
      if (c.disposition.quarantined && released.count(c.hash) == 0) continue;
      bool ready = true;
      std::set<Hash> own;  // what it releases it does not wait for
      for (const Operation& op : c.core.operations) {
        for (const ValueName& name : op.replaces) {
          if (op.merge_class == MergeClass::kRelease) own.insert(name.change);
          if (!OnlyNames(op.merge_class)) {
            ready &= effective_.count(name.change) > 0;
          }
        }
      }
      for (const Hash& cause : c.core.relies_on) {
        ready &= own.count(cause) > 0 || effective_.count(cause) > 0;
      }
      if (ready) grew |= effective_.insert(c.hash).second;
    }
  }
}

void FoldOracle::FindPasts() {
  for (const FoldChange& c : changes_) {
    for (const Hash& hash : ReferencesOf(c.core)) {
      if (Has(hash)) saw_.insert({c.hash, hash});
    }
  }
  for (size_t round = 0; round < changes_.size(); ++round) {
    auto known = saw_;
    for (const auto& [later, middle] : known) {
      for (const FoldChange& c : changes_) {
        if (known.count({middle, c.hash})) saw_.insert({later, c.hash});
      }
    }
  }
}

bool FoldOracle::Saw(const Hash& later, const Hash& earlier) const {
  return saw_.count({later, earlier}) > 0;
}

int FoldOracle::Settlement(const Hash& late) const {
  std::vector<std::pair<Hash, int>> acts;
  for (const FoldChange& c : changes_) {
    if (effective_.count(c.hash) == 0) continue;
    for (const Operation& op : c.core.operations) {
      int side = op.merge_class == MergeClass::kAdopt     ? 1
                 : op.merge_class == MergeClass::kDismiss ? -1
                                                          : 0;
      for (const ValueName& name : op.replaces) {
        if (side != 0 && name.change == late) acts.push_back({c.hash, side});
      }
    }
  }
  std::set<int> sides;  // of the latest acts
  for (const auto& [hash, side] : acts) {
    bool latest = true;
    for (const auto& other : acts) latest &= !Saw(other.first, hash);
    if (latest) sides.insert(side);
  }
  return sides.size() == 1 ? *sides.begin() : 0;
}

bool FoldOracle::IsLate(const FoldChange& change) const {
  bool sealed = false;
  for (const FoldChange& c : changes_) {
    if (effective_.count(c.hash) == 0 || !Holds(c, MergeClass::kSeal)) continue;
    sealed = true;
    if (c.hash == change.hash || Saw(c.hash, change.hash)) return false;
  }
  return sealed && Edits(change);
}

bool FoldOracle::IsContent(const FoldChange& change) const {
  return effective_.count(change.hash) > 0 &&
         (!IsLate(change) || Settlement(change.hash) > 0);
}

std::string FoldOracle::SilentOverwrite(const RecordView& view) const {
  std::set<Name> accounted;
  for (const FieldView& field : view.fields) {
    for (const ValueHead& h : field.heads) {
      accounted.insert({h.change, h.operation});
    }
  }
  for (const ValueHead& h : view.ledger_heads) {
    accounted.insert({h.change, h.operation});
  }
  for (const FoldChange& c : changes_) {
    if (!IsContent(c)) continue;
    for (const Operation& op : c.core.operations) {
      for (const ValueName& name : op.replaces) {
        if (!Saw(c.hash, name.change) && Has(name.change)) continue;
        accounted.insert({name.change, name.operation});
      }
    }
  }
  for (const LateAmendment& late : view.late_amendments) {
    for (const FieldView& value : late.values) {
      accounted.insert({late.change, value.heads.at(0).operation});
    }
  }
  for (const FoldChange& c : changes_) {
    if (effective_.count(c.hash) == 0) continue;
    if (IsLate(c) && Settlement(c.hash) < 0) continue;
    for (uint32_t o = 0; o < c.core.operations.size(); ++o) {
      MergeClass m = c.core.operations[o].merge_class;
      if (!IsValueClass(m) && !IsLedger(m)) continue;
      if (accounted.count({c.hash, o}) == 0) {
        return absl::StrCat("value lost: ", ShortHash(c.hash), "/", o);
      }
    }
  }
  return "";
}

std::string FoldOracle::WrongHold(const RecordView& view) const {
  std::set<Hash> held;
  for (const HeldChange& h : view.held) {
    held.insert(h.change);
    const FoldChange& c = Of(h.change);
    if (h.cause.IsZero() && !c.disposition.quarantined) {
      return absl::StrCat("held without a reason: ", ShortHash(h.change));
    }
    if (!h.cause.IsZero() && effective_.count(h.cause) > 0) {
      return absl::StrCat("held by what took effect: ", ShortHash(h.change));
    }
    if (!h.cause.IsZero() && h.parked == Has(h.cause)) {
      return absl::StrCat("parked is wrong: ", ShortHash(h.change));
    }
  }
  for (const FoldChange& c : changes_) {
    if ((held.count(c.hash) == 0) != (effective_.count(c.hash) > 0)) {
      return absl::StrCat("hold is wrong: ", ShortHash(c.hash));
    }
  }
  return "";
}

std::string FoldOracle::WrongSeal(const RecordView& view) const {
  std::set<Hash> waiting;
  for (const LateAmendment& late : view.late_amendments) {
    waiting.insert(late.change);
  }
  std::set<Hash> shown;
  for (const FieldView& field : view.fields) {
    for (const ValueHead& h : field.heads) shown.insert(h.change);
  }
  for (const FoldChange& c : changes_) {
    bool waits =
        effective_.count(c.hash) > 0 && IsLate(c) && Settlement(c.hash) == 0;
    if (waits != (waiting.count(c.hash) > 0)) {
      return absl::StrCat("late amendment is wrong: ", ShortHash(c.hash));
    }
    if (shown.count(c.hash) > 0 && !IsContent(c)) {
      return absl::StrCat("shown and no content: ", ShortHash(c.hash));
    }
  }
  return "";
}

std::string FoldOracle::WrongLedger(const RecordView& view) const {
  std::set<Name> entries, named;
  for (const FoldChange& c : changes_) {
    if (effective_.count(c.hash) == 0) continue;
    for (uint32_t o = 0; o < c.core.operations.size(); ++o) {
      const Operation& op = c.core.operations[o];
      if (!IsLedger(op.merge_class)) continue;
      entries.insert({c.hash, o});
      for (const ValueName& n : op.replaces) {
        named.insert({n.change, n.operation});
      }
    }
  }
  for (const Name& name : named) entries.erase(name);
  std::set<Name> heads;
  for (const ValueHead& h : view.ledger_heads) {
    heads.insert({h.change, h.operation});
  }
  if (heads != entries) return "ledger heads are wrong";
  if (view.ledger_contested != (heads.size() > 1)) return "contest is hidden";
  if (view.ledger_contested && view.ledger_withdrawn) return "effect contested";
  return "";
}

std::string FoldOracle::HiddenConflict(const RecordView& view) const {
  for (const FieldView& field : view.fields) {
    std::set<std::string> values;
    for (const ValueHead& h : field.heads) {
      if (!h.erased) values.insert(h.value);
    }
    bool differ = field.merge_class == MergeClass::kTransition
                      ? field.heads.size() > 1
                      : values.size() > 1;
    bool listed = false;
    for (const ConflictView& c : view.conflicts) {
      listed |= c.path == field.path && c.element == field.element &&
                c.heads.size() == field.heads.size();
    }
    if (differ && (!listed || !field.contested)) return "conflict is hidden";
    if (!differ && field.contested) return "conflict of nothing";
  }
  return "";
}

std::string FoldOracle::Wrong(const RecordView& view) const {
  for (const std::string& wrong :
       {SilentOverwrite(view), WrongHold(view), WrongSeal(view),
        WrongLedger(view), HiddenConflict(view)}) {
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace vouch::test
