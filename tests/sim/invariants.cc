#include "tests/sim/invariants.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/support/view_text.h"

namespace vouch::sim {
namespace {

// What costs most is done for a share of the records; over many seeds that
// finds as much, and more seeds run.
constexpr uint64_t kBytesPermille = 300;
constexpr uint64_t kOrderPermille = 350;

bool Names(const ChangeCore& core, MergeClass c, const Hash& hash) {
  for (const Operation& op : core.operations) {
    if (op.merge_class != c) continue;
    for (const ValueName& name : op.replaces) {
      if (name.change == hash) return true;
    }
  }
  return false;
}

// Rule 8: what must hold for a change to hold.
std::set<Hash> Causes(const ChangeCore& core) {
  std::set<Hash> causes, released;
  for (const Operation& op : core.operations) {
    bool relies = op.merge_class != MergeClass::kRelease &&
                  op.merge_class != MergeClass::kSetRemove;
    for (const ValueName& name : op.replaces) {
      if (relies) causes.insert(name.change);
      if (op.merge_class == MergeClass::kRelease) released.insert(name.change);
    }
  }
  for (const Hash& hash : core.relies_on) {
    if (!released.contains(hash)) causes.insert(hash);
  }
  return causes;
}

std::string Named(const ValueName& name) {
  return absl::StrCat(name.change.Hex().substr(0, 12), "/", name.operation);
}

}  // namespace

Invariants::Records Invariants::Load(const ReplicaView& replica) {
  Records records;
  absl::Status read = replica.changes->ScanRecordChanges(
      *replica.reader, [&](const RecordChange& row) {
        const Change* change =
            oracle_->Know(*replica.changes, *replica.reader, row.hash, row.at);
        if (change == nullptr) return false;
        records[{change->core.scope, change->core.record}][row.hash] = row;
        return true;
      });
  if (!read.ok()) {
    findings_->Fail(1, absl::StrCat(replica.name, " cannot read its records: ",
                                    read.ToString()));
  }
  return records;
}

void Invariants::CheckEffects(const ReplicaView& replica) {
  Records records = Load(replica);
  std::set<Hash> effective;
  for (const auto& [key, record] : records) {
    for (const auto& [hash, row] : record) {
      if (row.effective) effective.insert(hash);
    }
  }
  for (const auto& [key, record] : records) {
    for (const auto& [hash, row] : record) {
      const ChangeCore& core = oracle_->Find(hash)->core;
      bool caused = true;
      for (const Hash& cause : Causes(core)) {
        caused &= effective.contains(cause);
      }
      bool verdict = !row.disposition.quarantined;
      for (const auto& [other, other_row] : record) {
        verdict |= other_row.effective && Names(oracle_->Find(other)->core,
                                                MergeClass::kRelease, hash);
      }
      if (row.effective && !(caused && verdict)) {
        return findings_->Fail(
            7, absl::StrCat(
                   replica.name, " shows change ", hash.Hex(),
                   caused ? " which is held" : " before what it relies on"));
      }
      if (!row.effective && caused && verdict) {
        return findings_->Fail(
            5, absl::StrCat(replica.name, " hides change ", hash.Hex(),
                            " though nothing holds it"));
      }
    }
  }
}

ViewTexts Invariants::CheckRecords(const ReplicaView& replica,
                                   SimRandom* random) {
  ViewTexts texts;
  for (const auto& [key, record] : Load(replica)) {
    std::vector<RecordChange> rows;
    for (const auto& [hash, row] : record) {
      // Unknown data always, since that is what re-encoding would harm.
      if (oracle_->IsForeign(hash) || random->Chance(kBytesPermille)) {
        oracle_->CheckBytes(replica.name, *replica.changes, *replica.reader,
                            hash, row.at);
      }
      rows.push_back(row);
    }
    auto view =
        replica.changes->FoldStored(*replica.reader, key.first, key.second);
    if (!view.ok()) {
      findings_->Fail(
          1, absl::StrCat(replica.name, " cannot fold record ",
                          key.second.Hex(), ": ", view.status().ToString()));
      return texts;
    }
    std::string text = test::ViewText(*view);
    if (random->Chance(kOrderPermille)) {
      CheckOrder(replica, std::move(rows), text, random);
    }
    CheckView(replica.name, record, *view);
    CheckLedger(replica.name, record, *view);
    texts[key] = std::move(text);
  }
  return texts;
}

// 4: the order of the changes is of no matter.
void Invariants::CheckOrder(const ReplicaView& replica,
                            std::vector<RecordChange> rows,
                            const std::string& text, SimRandom* random) {
  for (size_t i = rows.size(); i > 1; --i) {
    std::swap(rows[i - 1], rows[random->Below(i)]);
  }
  auto shuffled = replica.changes->LoadRecord(*replica.reader, rows);
  if (!shuffled.ok()) {
    return findings_->Fail(
        1, absl::StrCat(replica.name, ": ", shuffled.status().ToString()));
  }
  RecordView again = FoldRecord(*shuffled, [&](const Hash& hash) {
    auto cause = replica.changes->CauseOf(*replica.reader, hash);
    return cause.ok() ? *cause : CauseState::kMissing;
  });
  if (test::ViewText(again) != text) {
    findings_->Fail(4,
                    absl::StrCat(replica.name, " folds record ", again.id.Hex(),
                                 " otherwise in another order"));
  }
}

// 5: every accepted value is current, or knowingly superseded by an accepted
// one, or waits beside a seal, or was dismissed by somebody.
void Invariants::CheckView(const std::string& who, const Record& record,
                           const RecordView& view) {
  std::set<ValueName> shown, superseded;
  std::set<Hash> beside, held;
  for (const FieldView& field : view.fields) {
    for (const ValueHead& head : field.heads) {
      shown.insert({head.change, head.operation});
    }
  }
  for (const LateAmendment& late : view.late_amendments) {
    beside.insert(late.change);
  }
  for (const HeldChange& change : view.held) held.insert(change.change);
  for (const auto& [hash, row] : record) {
    if (!row.effective) continue;
    for (const Operation& op : oracle_->Find(hash)->core.operations) {
      if (op.merge_class == MergeClass::kDismiss) {
        for (const ValueName& name : op.replaces) beside.insert(name.change);
      }
      if (!IsValueClass(op.merge_class) &&
          op.merge_class != MergeClass::kSetRemove) {
        continue;
      }
      superseded.insert(op.replaces.begin(), op.replaces.end());
    }
  }
  for (const auto& [hash, row] : record) {
    if (row.effective == held.contains(hash)) {
      return findings_->Fail(7,
                             absl::StrCat(who, "'s record ", view.id.Hex(),
                                          " does not tell truly what is held"));
    }
    const std::vector<Operation>& ops = oracle_->Find(hash)->core.operations;
    for (uint32_t o = 0; row.effective && o < ops.size(); ++o) {
      ValueName name{hash, o};
      if (!IsValueClass(ops[o].merge_class) || shown.contains(name) ||
          superseded.contains(name) || beside.contains(hash)) {
        continue;
      }
      return findings_->Fail(
          5, absl::StrCat(who, "'s record ", view.id.Hex(), " lost value ",
                          Named(name), " without anyone's decision"));
    }
  }
  for (const ValueName& name : shown) {
    auto row = record.find(name.change);
    if (row == record.end() || !row->second.effective) {
      return findings_->Fail(
          7, absl::StrCat(who, "'s record ", view.id.Hex(), " shows ",
                          Named(name), ", which has no effect"));
    }
  }
}

// 5: a verdict stays until another names it, and two are never effective.
void Invariants::CheckLedger(const std::string& who, const Record& record,
                             const RecordView& view) {
  std::set<ValueName> entries, named, heads;
  for (const auto& [hash, row] : record) {
    const ChangeCore& core = oracle_->Find(hash)->core;
    if (!row.effective) continue;
    for (uint32_t o = 0; o < core.operations.size(); ++o) {
      const Operation& op = core.operations[o];
      if (op.merge_class != MergeClass::kLedger &&
          op.merge_class != MergeClass::kLedgerWithdraw) {
        continue;
      }
      entries.insert({hash, o});
      named.insert(op.replaces.begin(), op.replaces.end());
    }
  }
  for (const ValueHead& head : view.ledger_heads) {
    heads.insert({head.change, head.operation});
  }
  std::set<ValueName> expected;
  for (const ValueName& entry : entries) {
    if (!named.contains(entry)) expected.insert(entry);
  }
  if (heads != expected || view.ledger_contested != (heads.size() > 1)) {
    findings_->Fail(
        5,
        absl::StrCat(who, "'s ledger ", view.id.Hex(), " has ", expected.size(),
                     " open verdicts, shows ", heads.size(), " and is ",
                     view.ledger_contested ? "" : "not ", "contested"));
  }
}

}  // namespace vouch::sim
