#include "tests/bench/pull_verifier.h"

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/core/segment.h"

namespace vouch::bench {
namespace {

std::string ChainOf(const SegmentHeader& header) {
  return absl::StrCat(header.device_key.view(), header.incarnation.view());
}

std::vector<Hash> HashesFrom(
    const google::protobuf::RepeatedPtrField<std::string>& raw) {
  std::vector<Hash> out;
  for (const std::string& bytes : raw) out.push_back(*Hash::FromBytes(bytes));
  return out;
}

}  // namespace

std::optional<DeviceEvent> PullVerifier::CarryOut(const DeviceEffect& effect) {
  if (auto* pull = std::get_if<ApplyPull>(&effect)) {
    Verify(pull->batch);
    return PullApplied{absl::OkStatus(), tree_.size()};
  }
  if (std::holds_alternative<KeepStanding>(effect)) return StandingKept{};
  return std::nullopt;
}

void PullVerifier::Verify(const v1::PulledSegment& item) {
  auto resolve = [&](const SegmentHeader& header,
                     uint64_t seq) -> std::optional<Hash> {
    auto chain = chains_.find(ChainOf(header));
    if (chain == chains_.end() || seq == 0 || seq > chain->second.size()) {
      return std::nullopt;
    }
    return chain->second[seq - 1];
  };
  auto segment = DecodeSegment(item.segment(), resolve);
  VOUCH_CHECK(segment.ok());
  auto commit = DecodeSegmentCommit(item.commit());
  VOUCH_CHECK(commit.ok());
  std::vector<Hash> hashes;
  std::vector<Hash>& chain = chains_[ChainOf(segment->header)];
  for (const Change& change : segment->changes) {
    hashes.push_back(change.hash);
    chain.push_back(change.hash);
  }
  ScopeEnd& end = scopes_[segment->header.scope];
  VOUCH_CHECK(commit->first_commit_seq == tree_.size() &&
              commit->first_scope_seq == end.seq + 1 &&
              commit->previous_scope_head == end.head);
  const std::vector<LogEntry> entries =
      EntriesOf(*commit, segment->header.scope, hashes);
  for (const LogEntry& entry : entries) {
    tree_.Append(LeafHash(EncodeLogEntry(entry)));
  }
  end = {entries.back().scope_seq, ScopeHead(entries.back())};
  changes_ += hashes.size();
}

void PullVerifier::Verify(const v1::PullBatch& batch) {
  for (const v1::PullItem& item : batch.items()) {
    if (item.has_segment()) {
      Verify(item.segment());
    } else {
      VOUCH_CHECK(item.has_skipped());
      VOUCH_CHECK(tree_
                      .AppendSubtrees(tree_.size() + item.skipped().count(),
                                      HashesFrom(item.skipped().subtrees()))
                      .ok());
    }
  }
  auto head = DecodeTreeHead(batch.tree_head());
  VOUCH_CHECK(head.ok() && VerifyTreeHead(centre_key_, *head));
  VOUCH_CHECK(VerifyConsistency(tree_.size(), tree_.Root(), head->size,
                                head->root, HashesFrom(batch.consistency()))
                  .ok());
}

}  // namespace vouch::bench
