// Vectors of the centre's log, of trees, and of sealed values.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/core/log_entry.h"
#include "sync/core/merkle.h"
#include "tests/support/author.h"
#include "tests/vectors/vectors.h"

namespace vouch::test {
namespace {

Json Refused(const std::string& why, absl::string_view bytes) {
  return Json::Object(
      {{"why", Json::Text(why)}, {"bytes", Json::Bytes(bytes)}});
}

LogEntry AppliedEntry() {
  LogEntry entry;
  entry.commit_seq = 300;
  entry.change = IdOf<Hash>("change");
  entry.receive_ms = kStartMs;
  entry.scope = IdOf<ScopeId>("scope");
  entry.scope_seq = 1;
  return entry;
}

LogEntry QuarantinedEntry() {
  LogEntry entry = AppliedEntry();
  entry.commit_seq = 301;
  entry.change = IdOf<Hash>("held change");
  entry.disposition = {true, Reason::kRoleNotAllowed};
  entry.scope_seq = 2;
  entry.previous_scope_head = ScopeHead(AppliedEntry());
  return entry;
}

LogEntry ReinstatedEntry() {
  LogEntry entry = QuarantinedEntry();
  entry.kind = LogEntry::kReinstate;
  entry.first_commit = {IdOf<HistoryId>("old history"), 17, kStartMs - 1000};
  return entry;
}

Json EntryJson(const std::string& name, const LogEntry& entry) {
  std::string bytes = EncodeLogEntry(entry);
  std::vector<std::pair<std::string, Json>> members = {
      {"name", Json::Text(name)},
      {"entry", Json::Bytes(bytes)},
      {"kind", Json::Number(int{entry.kind})},
      {"commit_seq", Json::Number(entry.commit_seq)},
      {"change", Json::Of(entry.change)},
      {"quarantined", Json::Bool(entry.disposition.quarantined)},
      {"reason", Json::Number(static_cast<int>(entry.disposition.reason))},
      {"receive_ms", Json::Number(entry.receive_ms)},
      {"scope", Json::Of(entry.scope)},
      {"scope_seq", Json::Number(entry.scope_seq)},
      {"previous_scope_head", Json::Of(entry.previous_scope_head)},
      {"leaf_hash", Json::Of(LeafHash(bytes))},
      {"scope_head", Json::Of(ScopeHead(entry))}};
  if (entry.first_commit.has_value()) {
    members.push_back(
        {"first_commit",
         Json::Object(
             {{"history", Json::Of(entry.first_commit->history)},
              {"commit_seq", Json::Number(entry.first_commit->commit_seq)},
              {"receive_ms", Json::Number(entry.first_commit->receive_ms)}})});
  }
  return Json::Object(members);
}

// A committed segment of three changes.
SegmentCommit PlainCommit() {
  SegmentCommit commit;
  commit.first_commit_seq = 10;
  commit.first_scope_seq = 3;
  commit.previous_scope_head = IdOf<Hash>("scope head before");
  commit.receive_ms = kStartMs;
  commit.dispositions = {{}, {true, Reason::kRecordSealed}, {}};
  return commit;
}

// The same, committed once before the centre was restored.
SegmentCommit RecommittedCommit() {
  SegmentCommit commit = PlainCommit();
  commit.first_commit = {IdOf<HistoryId>("old history"), 400, kStartMs - 1000};
  return commit;
}

SegmentCommit ReinstatedCommit() {
  SegmentCommit commit = RecommittedCommit();
  commit.kind = LogEntry::kReinstate;
  commit.dispositions = {{}};
  return commit;
}

// Acknowledged, and in a tree.
Json CommitJson(const SegmentCommit& commit) {
  std::vector<Hash> hashes;
  for (size_t i = 1; i <= commit.dispositions.size(); ++i) {
    hashes.push_back(IdOf<Hash>(absl::StrCat(i)));
  }
  ScopeId scope = IdOf<ScopeId>("scope");
  HistoryId history = IdOf<HistoryId>("history");
  SigningKey centre = KeyOf("centre");
  std::vector<LogEntry> entries = EntriesOf(commit, scope, hashes);
  CompactRange leaves;
  std::vector<Json> entry_bytes, changes;
  for (const LogEntry& entry : entries) {
    leaves.Append(LeafHash(EncodeLogEntry(entry)));
    entry_bytes.push_back(Json::Bytes(EncodeLogEntry(entry)));
    changes.push_back(Json::Of(entry.change));
  }
  return Json::Object(
      {{"commit", Json::Bytes(EncodeSegmentCommit(commit))},
       {"scope", Json::Of(scope)},
       {"changes", Json::List(changes)},
       {"entries", Json::List(entry_bytes)},
       {"scope_head", Json::Of(ScopeHead(entries.back()))},
       {"history", Json::Of(history)},
       {"centre_key", Json::Of(centre.public_key())},
       {"ack_signed", Json::Bytes(AckSignedBytes(history, 10, entries.size(),
                                                 leaves.Root()))},
       {"ack", Json::Of(SignAck(centre, history, entries))}});
}

Json TreeHeadJson() {
  SigningKey centre = KeyOf("centre");
  TreeHead head{IdOf<HistoryId>("history"), 300, IdOf<Hash>("root"), kStartMs};
  SignTreeHead(centre, &head);
  return Json::Object({{"tree_head", Json::Bytes(EncodeTreeHead(head))},
                       {"centre_key", Json::Of(centre.public_key())},
                       {"history", Json::Of(head.history)},
                       {"size", Json::Number(head.size)},
                       {"root", Json::Of(head.root)},
                       {"time_ms", Json::Number(head.time_ms)}});
}

// The same bytes under the other tag.
Json StableHeadJson() {
  SigningKey centre = KeyOf("centre");
  TreeHead head{IdOf<HistoryId>("history"), 300, IdOf<Hash>("root"), kStartMs};
  SignStableHead(centre, &head);
  return Json::Object({{"stable_head", Json::Bytes(EncodeTreeHead(head))},
                       {"centre_key", Json::Of(centre.public_key())},
                       {"history", Json::Of(head.history)},
                       {"size", Json::Number(head.size)},
                       {"root", Json::Of(head.root)},
                       {"time_ms", Json::Number(head.time_ms)}});
}

// The complete subtrees of a small tree, all in memory.
class SmallTree : public HashReader {
 public:
  explicit SmallTree(const std::vector<Hash>& leaves) : levels_{leaves} {
    while (levels_.back().size() > 1) {
      std::vector<Hash> up;
      const std::vector<Hash>& down = levels_.back();
      for (size_t i = 0; i + 1 < down.size(); i += 2) {
        up.push_back(NodeHash(down[i], down[i + 1]));
      }
      levels_.push_back(up);
    }
  }
  absl::StatusOr<Hash> Node(int level, uint64_t index) const override {
    return levels_.at(level).at(index);
  }

 private:
  std::vector<std::vector<Hash>> levels_;
};

Json HashList(const std::vector<Hash>& hashes) {
  std::vector<Json> out;
  for (const Hash& hash : hashes) out.push_back(Json::Of(hash));
  return Json::List(out);
}

}  // namespace

Json LogVectors() {
  std::string entry = EncodeLogEntry(QuarantinedEntry());
  std::string applied = EncodeLogEntry(AppliedEntry());
  // version, kind, seq of two bytes and the change are before the verdict.
  constexpr size_t kVerdictAt = 1 + 1 + 2 + 32;
  std::string verdict = entry, reason = applied;
  verdict[kVerdictAt] = 2;
  reason[kVerdictAt + 1] = 1;
  return Json::Object(
      {{"accepted", Json::List({EntryJson("applied", AppliedEntry()),
                                EntryJson("quarantined", QuarantinedEntry()),
                                EntryJson("reinstated, with its first commit",
                                          ReinstatedEntry())})},
       {"refused",
        Json::List({Refused("truncated", entry.substr(0, entry.size() - 1)),
                    Refused("a trailing byte", entry + '\0'),
                    Refused("an unknown verdict", verdict),
                    Refused("a reason without a hold", reason)})},
       {"segment_commit", CommitJson(PlainCommit())},
       {"recommitted", CommitJson(RecommittedCommit())},
       {"reinstated", CommitJson(ReinstatedCommit())},
       {"tree_head", TreeHeadJson()},
       {"stable_head", StableHeadJson()}});
}

Json MerkleVectors() {
  std::vector<Json> leaves, roots, inclusions, consistencies, ranges;
  std::vector<Hash> hashes;
  for (int i = 0; i < 13; ++i) {
    std::string leaf = absl::StrCat("leaf ", i);
    leaves.push_back(Json::Bytes(leaf));
    hashes.push_back(LeafHash(leaf));
  }
  SmallTree tree(hashes);
  CompactRange range;
  for (uint64_t size = 0; size <= hashes.size(); ++size) {
    if (size > 0) range.Append(hashes[size - 1]);
    roots.push_back(Json::Of(range.Root()));
    ranges.push_back(Json::Bytes(range.Encode()));
  }
  for (uint64_t index : {0, 5, 8, 12}) {
    inclusions.push_back(Json::Object(
        {{"index", Json::Number(index)},
         {"size", Json::Number(hashes.size())},
         {"proof", HashList(*InclusionProof(tree, index, hashes.size()))}}));
  }
  for (auto [from, to] : std::vector<std::pair<uint64_t, uint64_t>>{
           {0, 13}, {1, 13}, {4, 8}, {6, 13}, {8, 13}, {12, 13}, {13, 13}}) {
    consistencies.push_back(
        Json::Object({{"from", Json::Number(from)},
                      {"to", Json::Number(to)},
                      {"proof", HashList(*ConsistencyProof(tree, from, to))},
                      {"skipped", HashList(*RangeSubtrees(tree, from, to))}}));
  }
  return Json::Object({{"leaves", Json::List(leaves)},
                       {"roots", Json::List(roots)},
                       {"compact_ranges", Json::List(ranges)},
                       {"inclusion", Json::List(inclusions)},
                       {"consistency", Json::List(consistencies)}});
}

Json SealedVectors() {
  SealKey key = *SealKey::FromBytes(HashOf("vouch.test", {"seal key"}).view());
  std::vector<Json> accepted, refused;
  for (const auto& [context, plain] :
       std::vector<std::pair<std::string, std::string>>{
           {"vouch.example.v1", "a sealed value"},
           {"vouch.example.v1", ""},
           {"", std::string(200, 'x')}}) {
    SeededBytes nonces(context + plain);
    accepted.push_back(Json::Object(
        {{"key", Json::Bytes(key.view())},
         {"context", Json::Bytes(context)},
         {"plain", Json::Bytes(plain)},
         {"sealed", Json::Bytes(Seal(key, context, plain, nonces))}}));
  }
  SeededBytes nonces("refused");
  std::string sealed = Seal(key, "context", "a sealed value", nonces);
  std::string altered = sealed, version = sealed;
  altered.back() ^= 1;
  version[0] = 2;
  for (const auto& [why, context, bytes] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"another context", "context 2", sealed},
           {"an altered byte", "context", altered},
           {"version 2", "context", version},
           {"truncated", "context", sealed.substr(0, 40)}}) {
    refused.push_back(Json::Object({{"why", Json::Text(why)},
                                    {"key", Json::Bytes(key.view())},
                                    {"context", Json::Bytes(context)},
                                    {"bytes", Json::Bytes(bytes)}}));
  }
  return Json::Object(
      {{"accepted", Json::List(accepted)}, {"refused", Json::List(refused)}});
}

}  // namespace vouch::test
