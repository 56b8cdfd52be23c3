#include "tests/fuzz/log_checks.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "storage/replica/keys.h"
#include "sync/core/merkle.h"

namespace vouch::fuzz {
namespace {

std::vector<LogRow> ReadRows(const CentreCopy& copy) {
  std::vector<LogRow> rows;
  VOUCH_CHECK(copy.centre->changes()
                  .ScanLog(*copy.store, 0, copy.centre->Head().size,
                           [&](const LogRow& row) {
                             rows.push_back(row);
                             return true;
                           })
                  .ok());
  return rows;
}

std::vector<LogEntry> EntriesOfRow(const CentreCopy& copy, const LogRow& row) {
  std::vector<Hash> hashes;
  Coordinate at = row.first;
  for (; hashes.size() < row.count; ++at.seq) {
    auto hash = copy.centre->changes().GetChangeHash(*copy.store, at);
    VOUCH_CHECK(hash.ok() && hash->has_value());
    hashes.push_back(**hash);
  }
  return EntriesOf(row.commit, row.scope, hashes);
}

// The judge's own rule, which needs no more than the values.
bool JudgeHolds(const CentreCopy& copy, const Change& change) {
  auto values = DecodePayload(change.payload);
  return !change.erased && values.ok() &&
         std::any_of(values->begin(), values->end(),
                     [&](const std::string& value) {
                       return absl::StrContains(value, copy.judge.hold_text);
                     });
}

void CheckVerdict(const LogEntry& entry, const Proven& proven) {
  if (!entry.first_commit.has_value()) return;
  auto given = proven.find(entry.change);
  VOUCH_CHECK(given != proven.end());
  const FirstCommit& first = given->second.first;
  VOUCH_CHECK(entry.disposition == given->second.disposition);
  VOUCH_CHECK(entry.first_commit->history == first.history);
  VOUCH_CHECK(entry.first_commit->commit_seq == first.commit_seq);
  VOUCH_CHECK(entry.first_commit->receive_ms == first.receive_ms);
}

void CheckCommitted(const CentreCopy& copy, const LogRow& row) {
  auto segment = copy.centre->changes().GetSegment(*copy.store, row.first);
  VOUCH_CHECK(segment.ok() && segment->changes.size() == row.count);
  VOUCH_CHECK(VerifyStoredSegment(*segment).ok());
  if (row.commit.first_commit.has_value()) return;
  for (size_t i = 0; i < segment->changes.size(); ++i) {
    VOUCH_CHECK(!JudgeHolds(copy, segment->changes[i]) ||
                row.commit.dispositions[i].quarantined);
  }
}

}  // namespace

Proven ProvenBy(const std::vector<v1::SyncRequest>& requests) {
  Proven proven;
  for (const v1::SyncRequest& request : requests) {
    for (const v1::EarlierCommit& earlier : request.push().earlier()) {
      auto segment = DecodeSegment(
          request.push().segments(static_cast<int>(earlier.segment())),
          [](const SegmentHeader&, uint64_t) { return std::nullopt; });
      auto commit = DecodeSegmentCommit(earlier.commit());
      auto history = HistoryId::FromBytes(earlier.history_id());
      VOUCH_CHECK(segment.ok() && commit.ok() && history.has_value());
      FirstCommit first = FirstCommitOf(*commit, *history);
      for (size_t i = 0; i < segment->changes.size(); ++i) {
        proven[segment->changes[i].hash] = {commit->dispositions.at(i), first};
        ++first.commit_seq;
      }
    }
  }
  return proven;
}

std::vector<LogEntry> ReadLog(const CentreCopy& copy) {
  std::vector<LogEntry> log;
  for (const LogRow& row : ReadRows(copy)) {
    for (LogEntry& entry : EntriesOfRow(copy, row)) {
      log.push_back(std::move(entry));
    }
  }
  return log;
}

void CheckCentreLog(const CentreCopy& copy, uint64_t from,
                    const Proven& proven) {
  std::map<Hash, bool> held;  // of each change committed so far
  CompactRange tree;
  for (const LogRow& row : ReadRows(copy)) {
    const bool fresh = row.commit.first_commit_seq >= from;
    if (fresh && row.commit.kind == LogEntry::kChange) {
      CheckCommitted(copy, row);
    }
    for (const LogEntry& entry : EntriesOfRow(copy, row)) {
      VOUCH_CHECK(entry.commit_seq == tree.size());
      tree.Append(LeafHash(EncodeLogEntry(entry)));
      auto known = held.find(entry.change);
      if (entry.kind == LogEntry::kReinstate) {
        VOUCH_CHECK(known != held.end() && known->second);
        VOUCH_CHECK(!entry.disposition.quarantined);
      } else {
        VOUCH_CHECK(known == held.end());
      }
      held[entry.change] = entry.disposition.quarantined;
      if (fresh) CheckVerdict(entry, proven);
    }
  }
  VOUCH_CHECK(tree.size() == copy.centre->Head().size);
  VOUCH_CHECK(tree.Root() == copy.centre->Head().root);
}

void CheckBelieved(const Tablet& tablet, const CentreCopy& copy) {
  const std::vector<LogEntry> log = ReadLog(copy);
  VOUCH_CHECK(tablet.device->changes()
                  .ScanRecordChanges(
                      *tablet.store,
                      [&](const RecordChange& row) {
                        if (!row.commit_seq.has_value()) return true;
                        VOUCH_CHECK(*row.commit_seq < log.size());
                        const LogEntry& entry = log[*row.commit_seq];
                        VOUCH_CHECK(entry.change == row.hash);
                        VOUCH_CHECK(entry.disposition == row.disposition);
                        return true;
                      })
                  .ok());
}

void CheckSegments(const ChangeStore& changes, const Store& store) {
  std::vector<Coordinate> firsts;
  VOUCH_CHECK(store
                  .Scan(Family::kSegment, "", "",
                        [&](absl::string_view key, absl::string_view) {
                          auto first = CoordinateOfKey(key);
                          VOUCH_CHECK(first.has_value());
                          firsts.push_back(*first);
                          return true;
                        })
                  .ok());
  for (const Coordinate& first : firsts) {
    auto segment = changes.GetSegment(store, first);
    VOUCH_CHECK(segment.ok() && VerifyStoredSegment(*segment).ok());
  }
}

}  // namespace vouch::fuzz
