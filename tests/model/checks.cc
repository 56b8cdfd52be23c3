#include "tests/model/checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/replica/keys.h"
#include "sync/base/status.h"
#include "tests/support/view_text.h"

namespace vouch::model {
namespace {

// The rows of a store, read without the process that owns it.
class Rows {
 public:
  Rows(const Site& site, size_t at, const MemoryDisk& disk)
      : disk_(disk.Clone()) {
    auto store = OpenMemoryStore(&disk_);
    VOUCH_CHECK(store.ok());
    store_ = *std::move(store);
    auto keys = KeyRing::Open(store_.get(), site.provider(at), &random_);
    VOUCH_CHECK(keys.ok());
    keys_ = *std::move(keys);
    changes_.emplace(store_.get(), keys_.get());
  }
  MemoryDisk& disk() { return disk_; }
  const Store& store() const { return *store_; }
  const ChangeStore& changes() const { return *changes_; }

 private:
  sim::SimRandom random_{1};
  MemoryDisk disk_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<KeyRing> keys_;
  std::optional<ChangeStore> changes_;
};

std::string SummaryText(const RecordSummaryRow& row) {
  return absl::StrCat(RecordStateName(row.state), " state ",
                      row.state_hash.Hex(), " conflicts ", row.conflicts,
                      " held ", row.held, " changes ", row.changes,
                      " unacknowledged ", row.unacknowledged);
}

}  // namespace

std::string SiteName(size_t site) {
  return site == kCentreSite ? "centre" : std::string(1, "AB"[site]);
}

Checks::Checks(const Site& site) : site_(site) {}

std::optional<Violation> Checks::TakeFinding() {
  if (!findings_.failed()) return std::nullopt;
  Violation found{findings_.violation()->invariant,
                  findings_.violation()->what};
  findings_ = sim::Findings();
  return found;
}

Facts Checks::Examine(size_t at, const Replica& replica) {
  Facts facts;
  {
    Rows now(site_, at, replica.disk);
    ExamineChains(at, now.store(), &facts.held);
    if (at == kCentreSite) ExamineLog(now.changes(), now.store(), &facts);
    ExamineRecords(at, now.changes(), now.store());
  }
  facts.durable = facts.held;
  facts.durable_size = facts.roots.empty() ? 0 : facts.roots.size() - 1;
  for (size_t kept = 0; kept < replica.disk.unsynced_batches(); ++kept) {
    Rows cut(site_, at, Cut(replica.disk, kept));
    std::set<Hash> left, both;
    ExamineChains(at, cut.store(), &left);
    std::set_intersection(facts.durable.begin(), facts.durable.end(),
                          left.begin(), left.end(),
                          std::inserter(both, both.end()));
    facts.durable = std::move(both);
    auto size = cut.changes().LogSize(cut.store());
    facts.durable_size =
        std::min(facts.durable_size, size.ok() ? *size : uint64_t{0});
  }
  facts.violation = TakeFinding();
  return facts;
}

// 3: each run of a chain has no gap, each change in it names the one before,
// and the run named zero begins at 1. Of the other tablet's chain a tablet
// holds what it may see, so there holes are no gaps.
void Checks::ExamineChains(size_t at, const Reader& reader,
                           std::set<Hash>* hashes) {
  std::string prefix;
  uint64_t seq = 0;
  Hash head;
  auto look = [&](const Coordinate& place,
                  const ChainRow& row) -> absl::string_view {
    auto core = DecodeCore(row.core_bytes);
    const std::string chain =
        ChainPrefix(place.device, place.incarnation, place.branch);
    const bool begins = chain != prefix;
    const bool whole = at == kCentreSite || place.device == site_.device(at);
    const bool follows =
        begins ? !place.branch.IsZero() || place.seq == 1
               : place.seq == seq + 1 && core.ok() && core->previous == head;
    prefix = chain;
    seq = place.seq;
    head = ChangeHash(row.core_bytes);
    hashes->insert(head);
    if (!core.ok() || core->seq != place.seq) return "a change out of place";
    return whole && !follows ? "a chain with a gap" : "";
  };
  absl::Status read = reader.Scan(
      Family::kChain, "", "",
      [&](absl::string_view key, absl::string_view value) {
        auto place = CoordinateOfKey(key);
        auto row = DecodeChainRow(value);
        absl::string_view wrong =
            !place || !row ? "an unreadable change" : look(*place, *row);
        if (wrong.empty()) return true;
        findings_.Fail(
            3, absl::StrCat(SiteName(at), " holds ", wrong, " at seq ", seq));
        return false;
      });
  if (!read.ok()) {
    findings_.Fail(1, absl::StrCat(SiteName(at), ": ", read.ToString()));
  }
}

// 8: the root of the log at each size.
void Checks::ExamineLog(const ChangeStore& changes, const Reader& reader,
                        Facts* facts) {
  CompactRange tree;
  std::set<Hash> behind_seal;
  facts->roots.push_back(tree.Root());
  absl::Status read =
      changes.ScanLog(reader, 0, UINT64_MAX, [&](const LogRow& row) {
        std::vector<Hash> hashes;
        Coordinate at = row.first;
        for (uint32_t i = 0; i < row.count; ++i, ++at.seq) {
          auto hash = changes.GetChangeHash(reader, at);
          if (!hash.ok() || !hash->has_value()) {
            findings_.Fail(1, "the log names a change that is not there");
            return false;
          }
          oracle_.Know(changes, reader, **hash, at);
          hashes.push_back(**hash);
        }
        if (row.commit.first_commit_seq != tree.size()) {
          findings_.Fail(8, "the log has a gap");
          return false;
        }
        for (const LogEntry& entry : EntriesOf(row.commit, row.scope, hashes)) {
          tree.Append(LeafHash(EncodeLogEntry(entry)));
          if (entry.kind == LogEntry::kChange) {
            ExamineVerdict(entry, &behind_seal);
          }
          facts->roots.push_back(tree.Root());
        }
        return true;
      });
  if (!read.ok()) findings_.Fail(8, read.ToString());
}

// Rule 2: an edit is held because it was signed and locked if, and only if, its
// author had seen a seal that holds.
void Checks::ExamineVerdict(const LogEntry& entry,
                            std::set<Hash>* behind_seal) {
  const Change* change = oracle_.Find(entry.change);
  if (change == nullptr) return;
  bool saw = false, edits = false, seals = false;
  for (const Hash& seen : change->core.frontier) {
    saw |= behind_seal->contains(seen);
  }
  for (const Operation& op : change->core.operations) {
    edits |= IsDraftEdit(op.merge_class);
    seals |= op.merge_class == MergeClass::kSeal;
  }
  const bool held = entry.disposition.reason == Reason::kRecordSealed;
  if (held != (saw && edits)) {
    findings_.Fail(
        7, absl::StrCat("the centre ", held ? "holds" : "applies",
                        " an edit that saw ", saw ? "a" : "no", " seal"));
  }
  if (saw || (seals && !entry.disposition.quarantined)) {
    behind_seal->insert(entry.change);
  }
}

// 4, 5, 7 and 18, each worked out anew from the changes; and that the rows of
// lists say what the records say.
void Checks::ExamineRecords(size_t at, const ChangeStore& changes,
                            const Reader& reader) {
  sim::ReplicaView view{SiteName(at), &changes, &reader};
  invariants_.CheckEffects(view);
  invariants_.CheckRecords(view, &random_);
  absl::Status read =
      changes.ScanSummaries(reader, "", "", [&](const RecordSummaryRow& row) {
        auto folded = changes.FoldStored(reader, row.scope, row.record);
        if (!folded.ok() || folded->state_hash != row.state_hash ||
            folded->state != row.state ||
            folded->conflicts.size() != row.conflicts) {
          findings_.Fail(
              4, absl::StrCat(SiteName(at), " lists record ", row.record.Hex(),
                              " otherwise than it is"));
        }
        return true;
      });
  if (!read.ok()) findings_.Fail(4, read.ToString());
}

// 17: a flipped bit of a change is found by whoever reads the change.
void Checks::ExamineDamage(size_t at, const Replica& replica) {
  if (!damaged_.insert(replica.digest).second) return;
  std::vector<std::string> keys;
  Rows sound(site_, at, replica.disk);
  sound.store()
      .Scan(Family::kChain, "", "",
            [&](absl::string_view key, absl::string_view) {
              keys.emplace_back(key);
              return true;
            })
      .IgnoreError();
  for (const std::string& key : keys) {
    for (Family family : {Family::kChain, Family::kPayload}) {
      Rows rows(site_, at, replica.disk);
      rows.disk().CorruptValue(family, key);
      auto change =
          rows.changes().GetChange(rows.store(), *CoordinateOfKey(key));
      if (ReasonOf(change.status()) != Reason::kStoreCorrupted) {
        findings_.Fail(17, absl::StrCat(SiteName(at), " reads a flipped bit"));
      }
    }
  }
}

std::optional<Violation> Checks::CheckDurable(const std::vector<Hash>& hashes,
                                              const Facts& facts,
                                              absl::string_view promise) const {
  for (const Hash& hash : hashes) {
    if (facts.durable.contains(hash)) continue;
    const bool held = facts.held.contains(hash);
    const Change* change = oracle_.Find(hash);
    return Violation{
        1, absl::StrCat("change ", hash.Hex().substr(0, 12),
                        change != nullptr
                            ? absl::StrCat(" (seq ", change->core.seq, ")")
                            : "",
                        " ", promise,
                        held ? " and a crash would take it" : " and is gone")};
  }
  return std::nullopt;
}

std::optional<Violation> Checks::CheckWitness(uint64_t size, const Hash& root,
                                              const Facts& centre) const {
  if (size < centre.roots.size() && centre.roots[size] == root &&
      size <= centre.durable_size) {
    return std::nullopt;
  }
  return Violation{
      8, absl::StrCat("the centre signed a tree head of ", size,
                      " entries that its log of ", centre.roots.size() - 1,
                      " (", centre.durable_size,
                      " of them durable) does not go through")};
}

Checks::Texts Checks::Show(size_t at, const Process& process,
                           const Store& store) {
  Texts texts = invariants_.CheckRecords(
      {SiteName(at), &process.changes(), &store}, &random_);
  absl::Status read = process.changes().ScanSummaries(
      store, "", "", [&](const RecordSummaryRow& row) {
        absl::StrAppend(&texts[{row.scope, row.record}], SummaryText(row),
                        "\n");
        return true;
      });
  if (!read.ok()) findings_.Fail(4, read.ToString());
  return texts;
}

void Checks::CheckDevice(size_t at, const Member& member, const Texts& truth,
                         Centre& centre) {
  const std::string who = SiteName(at);
  Process process(site_, member.owner, member.replica->disk.Clone(), true);
  if (!process.Open().ok()) return findings_.Fail(1, who + " does not open");
  Device& device = *process.device();
  auto ledger = device.Ledger();
  if (!ledger.ok() || !ledger->balanced() || ledger->pending != 0) {
    findings_.Fail(
        2, absl::StrCat(who, "'s ledger does not balance: captured ",
                        ledger.ok() ? ledger->captured : 0, ", pending ",
                        ledger.ok() ? ledger->pending : 0));
  }
  if (device.cursor_root() != centre.Head().root) {
    findings_.Fail(12, absl::StrCat(who, " has pulled ", device.cursor_size(),
                                    " of ", centre.Head().size, " entries"));
  }
  auto states = device.ScopeStates();
  auto all = centre.changes().ScopeStates(*centre.store());
  std::vector<std::pair<ScopeId, Hash>> expected;
  for (const auto& state : all.ok() ? *all : expected) {
    if (site_.Sees(member.owner, state.first)) expected.push_back(state);
  }
  if (!states.ok() || !all.ok() || *states != expected) {
    findings_.Fail(4, absl::StrCat(who, " has another state hash"));
  }
  Texts texts = Show(at, process, *process.store());
  for (const auto& [key, text] : truth) {
    if (site_.Sees(member.owner, key.first) && texts[key] != text) {
      findings_.Fail(4, absl::StrCat(who, " shows\n", texts[key],
                                     "where the centre shows\n", text));
    }
  }
}

std::optional<Violation> Checks::CheckAgreement(
    const std::array<Member, kSites>& members, bool restored) {
  const Facts& log = *members[kCentreSite].facts;
  Process process(site_, kCentreSite,
                  members[kCentreSite].replica->disk.Clone(), true);
  if (!process.Open().ok()) return Violation{1, "the centre does not open"};
  Centre& centre = *process.centre();
  if (centre.Head().root != log.roots.back()) {
    findings_.Fail(8, "the centre's tiles give another root than its log");
  }
  std::set<Hash> captured;
  for (size_t i = 0; i < kDevices; ++i) {
    const std::set<Hash>& held = members[i].facts->held;
    captured.insert(held.begin(), held.end());
  }
  const size_t entries = log.roots.size() - 1;
  if (captured != log.held || entries < captured.size() ||
      (!restored && entries > captured.size())) {
    findings_.Fail(2,
                   absl::StrCat("people captured ", captured.size(),
                                " changes, the centre holds ", log.held.size(),
                                " and its log has ", entries, " entries"));
  }
  Texts truth = Show(kCentreSite, process, *process.store());
  for (size_t i = 0; i < kDevices; ++i) {
    CheckDevice(i, members[i], truth, centre);
  }
  for (const Member& member : members) {
    ExamineDamage(member.owner, *member.replica);
  }
  return TakeFinding();
}

}  // namespace vouch::model
