#include "tests/sim/watch.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "sync/core/merkle.h"
#include "tests/sim/workload.h"
#include "vouch/v1/records.pb.h"

namespace vouch::sim {

void ReadWatch::Read(const ReplicaView& replica, const RecordId& record) {
  Shown& before = shown_[record];
  if (!before.scope.has_value()) {
    auto scope = replica.changes->ScopeOf(*replica.reader, record);
    if (!scope.ok()) return;  // not here yet, or an error, which is no read
    before.scope = *scope;
  }
  auto rows =
      replica.changes->GetRecordChanges(*replica.reader, *before.scope, record);
  if (!rows.ok()) return;
  std::set<Hash> now;
  for (const RecordChange& row : *rows) now.insert(row.hash);
  for (const Hash& hash : before.changes) {
    if (now.contains(hash)) continue;
    return findings_->Fail(15, absl::StrCat(who_, " was shown change ",
                                            hash.Hex(), ", which is gone"));
  }
  before.changes = std::move(now);
}

void ReadWatch::Restart(const std::function<bool(const Hash&)>& keeps) {
  for (auto& [record, shown] : shown_) {
    std::erase_if(shown.changes, [&](const Hash& h) { return !keeps(h); });
  }
}

void HeadWatch::Note(absl::string_view encoded_head, const HistoryId& history) {
  auto head = DecodeTreeHead(encoded_head);
  if (!head.ok()) {
    return findings_->Fail(8, "the centre sent a tree head that nobody reads");
  }
  if (head->history != history) {
    return findings_->Fail(8, "a tree head names another history");
  }
  auto [at, fresh] = roots_.emplace(head->size, head->root);
  if (!fresh && at->second != head->root) {
    findings_->Fail(
        8, absl::StrCat("two roots were signed for log size ", head->size));
  }
}

void HeadWatch::Check(const ChangeStore& changes, const Reader& reader) {
  CompactRange tree;
  auto next = roots_.begin();
  auto compare = [&] {
    for (; next != roots_.end() && next->first <= tree.size(); ++next) {
      if (next->first == tree.size() && next->second == tree.Root()) continue;
      findings_->Fail(8, absl::StrCat("the head of log size ", next->first,
                                      " is none of the log's"));
    }
  };
  absl::Status read =
      changes.ScanLog(reader, 0, UINT64_MAX, [&](const LogRow& row) {
        std::vector<Hash> hashes;
        Coordinate at = row.first;
        for (uint32_t i = 0; i < row.count; ++i, ++at.seq) {
          auto hash = changes.GetChangeHash(reader, at);
          if (!hash.ok() || !hash->has_value()) return false;
          hashes.push_back(**hash);
        }
        compare();
        for (const LogEntry& e : EntriesOf(row.commit, row.scope, hashes)) {
          tree.Append(LeafHash(EncodeLogEntry(e)));
        }
        return true;
      });
  compare();
  if (!read.ok() || next != roots_.end()) {
    findings_->Fail(8, "a signed tree head is beyond the log");
  }
}

uint64_t VerdictWatch::entries_of(const DeviceId& device) const {
  auto found = entries_.find(device);
  return found == entries_.end() ? 0 : found->second;
}

// Written apart from SimJudge and the replica's index, so that a defect in
// either shows.
Disposition VerdictWatch::Expect(const Change& change,
                                 const Author& author) const {
  auto held = [](Reason reason) { return Disposition{true, reason}; };
  const ChangeCore& core = change.core;
  auto values = DecodePayload(change.payload);
  for (const Operation& op : core.operations) {
    if (op.part && values.ok() && *op.part >= values->size()) {
      return held(Reason::kMalformed);
    }
  }
  if (core.person != author.person) return held(Reason::kPersonNotCertified);
  if (!author.sees(core.scope)) return held(Reason::kScopeWrong);
  const bool verifier = author.role == v1::ROLE_INTERNAL_VERIFIER;
  Past past;
  for (const Hash& hash : core.frontier) {
    auto seen = past_.find(hash);
    if (seen == past_.end()) continue;
    past.saw_seal |= seen->second.saw_seal;
    past.saw_discard |= seen->second.saw_discard;
  }
  for (const Operation& op : core.operations) {
    if (op.part && values.ok() &&
        absl::StrContains((*values)[*op.part], kHoldText)) {
      return held(Reason::kRoleNotAllowed);
    }
    if (op.merge_class == MergeClass::kRelease && !verifier) {
      return held(Reason::kRoleNotAllowed);
    }
    if (op.merge_class == MergeClass::kLedger && op.replaces.size() > 1 &&
        !verifier) {
      return held(Reason::kResolverRequired);
    }
    bool edits = op.merge_class == MergeClass::kRegister ||
                 op.merge_class == MergeClass::kBlock ||
                 op.merge_class == MergeClass::kSetAdd ||
                 op.merge_class == MergeClass::kSetRemove;
    if (edits && past.saw_seal) return held(Reason::kRecordSealed);
    if (edits && past.saw_discard) return held(Reason::kRecordDiscarded);
  }
  return {};
}

void VerdictWatch::Remember(const Change& change, bool counts) {
  Past own;
  bool discards = false;
  bool revives = false;
  for (const Hash& hash : change.core.frontier) {
    auto seen = past_.find(hash);
    if (seen == past_.end()) continue;
    own.saw_seal |= seen->second.saw_seal;
    discards |= seen->second.saw_discard;
  }
  for (const Operation& op : change.core.operations) {
    own.saw_seal |= counts && op.merge_class == MergeClass::kSeal;
    discards |= counts && op.merge_class == MergeClass::kDiscard;
    revives |= counts && op.merge_class == MergeClass::kRevive;
  }
  own.saw_discard = discards && !revives;
  past_[change.hash] = own;
}

void VerdictWatch::PutBack() {
  size_ = reinstated_ = 0;
  past_.clear();
  committed_.clear();
  entries_.clear();
}

// A proven verdict is given again; any other is what the rules say.
bool VerdictWatch::CheckVerdict(const LogRow& row, uint32_t i,
                                const Change& change, const Author& author) {
  const Disposition& verdict = row.commit.dispositions[i];
  const std::vector<Disposition>& before = given_[change.hash];
  const bool known =
      std::find(before.begin(), before.end(), verdict) != before.end();
  const bool again = row.commit.first_commit.has_value() && !before.empty();
  const Disposition expected = Expect(change, author);
  if (again ? known : verdict == expected) return true;
  findings_->Fail(
      7,
      absl::StrCat("log entry ", row.commit.first_commit_seq + i, " by ",
                   author.name, " is ",
                   verdict.quarantined ? ReasonName(verdict.reason) : "applied",
                   ", and ", again ? "it never was" : "the rules say ",
                   again                  ? ""
                   : expected.quarantined ? ReasonName(expected.reason)
                                          : "applied"));
  return false;
}

bool VerdictWatch::CheckRow(const LogRow& row, const Author& author,
                            const std::vector<const Change*>& changes,
                            bool decides) {
  if (row.commit.kind == LogEntry::kReinstate) {
    ++reinstated_;
    const std::vector<Disposition>& given = given_[changes[0]->hash];
    if (!committed_.contains(changes[0]->hash) ||
        std::find(given.begin(), given.end(), Disposition{}) == given.end()) {
      findings_->Fail(7, "a change is reinstated that was never applied");
    }
    Remember(*changes[0], true);
    return !findings_->failed();
  }
  for (uint32_t i = 0; i < row.count; ++i) {
    const Change& change = *changes[i];
    const DeviceId& device = row.first.device;
    if (decides && !CheckVerdict(row, i, change, author)) return false;
    if (!committed_.emplace(change.hash, device).second) {
      findings_->Fail(6, absl::StrCat("change ", change.hash.Hex(),
                                      " is in the log twice"));
      return false;
    }
    given_[change.hash].push_back(row.commit.dispositions[i]);
    Remember(change, !row.commit.dispositions[i].quarantined);
    ++entries_[device];
  }
  return true;
}

void VerdictWatch::Check(const ChangeStore& changes, const Reader& reader,
                         bool decides) {
  absl::Status read =
      changes.ScanLog(reader, size_, UINT64_MAX, [&](const LogRow& row) {
        auto author = roster_->find(row.first.device);
        Coordinate at = row.first;
        std::vector<const Change*> known;
        for (uint32_t i = 0; i < row.count; ++i, ++at.seq) {
          auto hash = changes.GetChangeHash(reader, at);
          if (author == roster_->end() || !hash.ok() || !hash->has_value()) {
            findings_->Fail(
                1, absl::StrCat("the log holds seq ", at.seq, " of ",
                                at.device.Hex(), ", which nobody here wrote"));
            return false;
          }
          known.push_back(oracle_->Know(changes, reader, **hash, at));
          if (known.back() == nullptr) return false;
        }
        size_ = row.end_seq();
        return CheckRow(row, author->second, known, decides);
      });
  if (!read.ok()) {
    findings_->Fail(1,
                    absl::StrCat("the log cannot be read: ", read.ToString()));
  }
}

}  // namespace vouch::sim
