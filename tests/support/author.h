// Histories of one record for tests of formats and fold: pens write real
// changes (chained, hashed, committed to), each seeing only what it was shown.
//
//   History history;
//   Pen ann(&history, "ann"), bob(&history, "bob");
//   ann.Create();
//   bob.Sees(ann);
//   ann.Set(1, "a");
//   bob.Set(1, "b");                        // apart: a conflict
//   RecordView view = history.Fold();
//
// Everything is made from names and counters: a test's bytes are the same on
// every run. One thread.
#ifndef VOUCH_TESTS_SUPPORT_AUTHOR_H_
#define VOUCH_TESTS_SUPPORT_AUTHOR_H_

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/hash.h"
#include "sync/base/scope.h"
#include "sync/base/sign.h"
#include "sync/core/change.h"
#include "sync/core/fold.h"
#include "sync/core/segment.h"

namespace vouch::test {

// Bytes that depend on the seed alone.
class SeededBytes : public Random {
 public:
  explicit SeededBytes(absl::string_view seed) : seed_(seed) {}
  void Fill(uint8_t* out, size_t size) override {
    for (size_t i = 0; i < size; ++i) {
      if (at_ == Hash::kSize) {
        block_ = HashOf("vouch.test", {seed_, absl::StrCat(counter_++)});
        at_ = 0;
      }
      out[i] = block_[at_++];
    }
  }

 private:
  std::string seed_;
  uint64_t counter_ = 0;
  Hash block_;
  size_t at_ = Hash::kSize;
};

template <typename Id>
Id IdOf(absl::string_view name) {
  return *Id::FromBytes(
      HashOf("vouch.test.id", {name}).view().substr(0, Id::kSize));
}
inline SigningKey KeyOf(absl::string_view name) {
  return *SigningKey::FromSeed(HashOf("vouch.test.key", {name}).view());
}
inline ElementId Element(absl::string_view name) {
  return IdOf<ElementId>(name);
}

inline constexpr int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01

class History {
 public:
  History()
      : record(IdOf<RecordId>("record")),
        scope(MakeScope(ScopeKind::kShared, IdOf<RecordId>("registration"))) {}

  RecordView Fold() const { return Fold(All()); }
  // Of the changes with these indexes, in this order.
  RecordView Fold(const std::vector<size_t>& order) const {
    std::vector<FoldChange> some;
    for (size_t i : order) some.push_back(folded[i]);
    return FoldRecord(some, outside);
  }
  std::vector<size_t> All() const {
    std::vector<size_t> all(folded.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    return all;
  }
  size_t IndexOf(const Hash& hash) const {
    for (size_t i = 0; i < folded.size(); ++i) {
      if (folded[i].hash == hash) return i;
    }
    VOUCH_CHECK(false);
    return 0;
  }
  FoldChange& Of(const Hash& hash) { return folded[IndexOf(hash)]; }
  void Hold(const Hash& hash, Reason reason = Reason::kRoleNotAllowed) {
    Of(hash).disposition = {true, reason};
  }
  void Erase(const Hash& hash) {
    Of(hash).values.clear();
    Of(hash).erased = true;
  }

  RecordId record;
  ScopeId scope;
  uint32_t kind = 5;
  std::vector<Change> changes;
  std::vector<FoldChange> folded;  // the same, as the fold takes them
  CauseLookup outside = [](const Hash&) { return CauseState::kMissing; };
  int64_t now_ms = kStartMs;
};

// One person with one device.
class Pen {
 public:
  Pen(History* history, absl::string_view name)
      : history_(history),
        name_(name),
        device_(KeyOf(absl::StrCat(name, " device"))),
        person_(KeyOf(absl::StrCat(name, " person"))),
        salts_(absl::StrCat(name, " salts")) {}

  // Writes one change: it saw all that this pen was shown and relies on the
  // creation and on `relies_on`.
  Hash Write(std::vector<DraftOperation> operations,
             std::vector<Hash> relies_on = {}) {
    Change change;
    ChangeCore& core = change.core;
    core.device = DeviceIdOf(device_.public_key());
    core.incarnation = IdOf<Incarnation>(name_);
    core.seq = ++seq_;
    core.previous = previous_;
    core.scope = history_->scope;
    core.person = person();
    core.kind = history_->kind;
    core.record = history_->record;
    history_->now_ms += 1000;
    core.hlc = static_cast<uint64_t>(history_->now_ms + clock_error_ms) << 16;
    core.claimed_ms = history_->now_ms + clock_error_ms;
    core.utc_offset_min = 60;
    core.monotonic_ms = static_cast<uint64_t>(history_->now_ms - kStartMs);
    core.boot = IdOf<BootId>(name_);
    if (!known_.empty()) core.frontier = View().frontier;
    if (creation_.has_value()) core.relies_on.push_back(*creation_);
    for (const Hash& hash : relies_on) core.relies_on.push_back(hash);
    std::vector<std::string> values;
    for (DraftOperation& draft : operations) {
      Operation op{draft.merge_class, draft.path, draft.element, draft.after,
                   draft.replaces};
      if (draft.value.has_value()) {
        op.part = static_cast<uint32_t>(values.size());
        values.push_back(*draft.value);
      }
      core.operations.push_back(std::move(op));
    }
    change.salt = salts_.Make<Salt>();
    change.payload = EncodePayload(values);
    core.commitment = CommitPayload(change.salt, change.payload);
    change.core_bytes = EncodeCore(core);
    change.hash = previous_ = ChangeHash(change.core_bytes);
    known_.insert(history_->folded.size());
    history_->folded.push_back({change.hash, core, std::move(values)});
    history_->changes.push_back(std::move(change));
    return previous_;
  }

  // What other pens wrote, shown to this one.
  void Sees(const Pen& other) {
    known_.insert(other.known_.begin(), other.known_.end());
    if (other.creation_.has_value()) creation_ = other.creation_;
  }
  void SeesChange(const Hash& hash) { known_.insert(history_->IndexOf(hash)); }
  RecordView View() const {
    return history_->Fold(std::vector<size_t>(known_.begin(), known_.end()));
  }

  Hash Create() {
    creation_ = Write({Draft(MergeClass::kCreate)});
    return *creation_;
  }
  Hash Set(uint32_t field, std::optional<std::string> value) {
    return Write({Edit(MergeClass::kRegister, field, {}, value)});
  }
  Hash Add(uint32_t field, ElementId element, std::string value) {
    auto op = Edit(MergeClass::kSetAdd, field, element, std::move(value));
    op.replaces.clear();  // adds win: an add takes nothing back
    return Write({op});
  }
  Hash Remove(uint32_t field, ElementId element) {
    return Write({Edit(MergeClass::kSetRemove, field, element, {})});
  }
  Hash Block(uint32_t field, ElementId block, std::optional<ElementId> after,
             std::optional<std::string> text) {
    auto op = Edit(MergeClass::kBlock, field, block, std::move(text));
    op.after = after;
    return Write({op});
  }
  Hash Seal() {
    auto op = Draft(MergeClass::kSeal);
    op.replaces = Heads();
    return Write({op});
  }
  Hash Amend(uint32_t field, std::string value) {
    return Write({Edit(MergeClass::kAmend, field, {}, std::move(value))});
  }
  Hash Withdraw() { return Name(MergeClass::kWithdraw, View().seals); }
  Hash Countersign() { return Name(MergeClass::kCountersign, View().seals); }
  Hash Adopt(const Hash& late) { return Name(MergeClass::kAdopt, late); }
  Hash Dismiss(const Hash& late) { return Name(MergeClass::kDismiss, late); }
  Hash Discard() { return Write({Draft(MergeClass::kDiscard)}); }
  Hash Revive(const Hash& discard) {
    return Name(MergeClass::kRevive, discard);
  }
  Hash Release(const Hash& held) { return Name(MergeClass::kRelease, held); }
  // A verdict that names the heads it saw.
  Hash Decide(std::string verdict) {
    auto op = Draft(MergeClass::kLedger);
    op.path = {2};
    op.replaces = NamesOf(View().ledger_heads);
    op.value = std::move(verdict);
    return Write({op});
  }
  Hash TakeBack() {
    auto op = Draft(MergeClass::kLedgerWithdraw);
    op.path = {2};
    op.replaces = NamesOf(View().ledger_heads);
    return Write({op});
  }
  Hash Move(uint32_t field, std::string state) {
    return Write({Edit(MergeClass::kTransition, field, {}, std::move(state))});
  }

  // An operation on a field, naming the heads that this pen sees there.
  DraftOperation Edit(MergeClass c, uint32_t field,
                      std::optional<ElementId> element,
                      std::optional<std::string> value) const {
    DraftOperation op = Draft(c);
    op.path = {field};
    op.element = element;
    op.value = std::move(value);
    if (known_.empty()) return op;
    RecordView view = View();
    for (const FieldView& f : view.fields) {
      if (f.path != op.path || f.element != element) continue;
      op.replaces = NamesOf(f.heads);
    }
    return op;
  }
  static DraftOperation Draft(MergeClass c) {
    DraftOperation op;
    op.merge_class = c;
    return op;
  }
  Hash Name(MergeClass c, const Hash& change) {
    auto op = Draft(c);
    op.replaces = {{change, 0}};
    return Write({op});
  }

  PersonId person() const { return IdOf<PersonId>(name_); }
  const SigningKey& device_key() const { return device_; }
  const SigningKey& person_key() const { return person_; }
  const std::set<size_t>& known() const { return known_; }

  int64_t clock_error_ms = 0;

 private:
  static std::vector<ValueName> NamesOf(const std::vector<ValueHead>& heads) {
    std::vector<ValueName> names;
    for (const ValueHead& h : heads) names.push_back({h.change, h.operation});
    return names;
  }
  std::vector<ValueName> Heads() const {
    std::vector<ValueName> names;
    RecordView view = View();
    for (const FieldView& f : view.fields) {
      for (const ValueName& name : NamesOf(f.heads)) names.push_back(name);
    }
    return names;
  }
  Hash Name(MergeClass c, const std::vector<ActView>& acts) {
    auto op = Draft(c);
    for (const ActView& act : acts) {
      // The act may stand behind edits in its change.
      const FoldChange& change = history_->Of(act.change);
      for (uint32_t o = 0; o < change.core.operations.size(); ++o) {
        if (change.core.operations[o].merge_class == MergeClass::kSeal) {
          op.replaces.push_back({act.change, o});
        }
      }
    }
    return Write({op});
  }

  History* history_;
  std::string name_;
  SigningKey device_;
  SigningKey person_;
  SeededBytes salts_;
  std::set<size_t> known_;
  std::optional<Hash> creation_;
  uint64_t seq_ = 0;
  Hash previous_;
};

}  // namespace vouch::test

#endif  // VOUCH_TESTS_SUPPORT_AUTHOR_H_
