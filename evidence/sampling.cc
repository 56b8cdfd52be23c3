#include "evidence/sampling.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr size_t kSeedBytes = 32;

// The values by which a decision is grouped; empty if it is in no group.
std::vector<std::string> GroupsOf(const SampleDecision& decision, SampleBy by) {
  switch (by) {
    case SampleBy::kEverything:
      return {""};
    case SampleBy::kCandidate:
      return {decision.candidate};
    case SampleBy::kUnit:
      return {decision.unit};
    case SampleBy::kCandidateAndUnit:
      return {absl::StrCat(decision.candidate, ", ", decision.unit)};
    case SampleBy::kAssessor:
      return {decision.assessor};
    case SampleBy::kMethod:
      return {decision.methods.begin(), decision.methods.end()};
    case SampleBy::kStage:
      return {decision.stage == SampleStage::kInterim ? "interim"
                                                      : "summative"};
    case SampleBy::kRisk:
      return {decision.risks.begin(), decision.risks.end()};
  }
  return {};
}

// Why a decision is not drawn from; empty if it is.
std::string WhyNot(const SampleDecision& decision) {
  if (decision.seed.size() != kSeedBytes ||
      !decision.seed_committed_at.has_value()) {
    return "no seed was committed for its registration";
  }
  if (!decision.committed_at.has_value()) {
    return "it is not in the centre's log yet";
  }
  if (*decision.committed_at <= *decision.seed_committed_at) {
    return "it was decided before its seed was committed";
  }
  return "";
}

Hash ScoreOf(const SampleDecision& decision) {
  return HashOf("vouch.sample.v1", {decision.seed, decision.change.view()});
}

// A decision that is drawn from, with its score; `at` is its place among those
// given.
struct Scored {
  Hash score;
  size_t at = 0;
};

struct Group {
  const SamplingShare* share = nullptr;
  std::string value;
  std::vector<Scored> members;  // lowest score first
  size_t needed = 0;
};

std::string WordsOf(const Group& group) {
  if (group.share->by == SampleBy::kEverything) return "all decisions";
  return absl::StrCat("by ", SampleByName(group.share->by), " ", group.value);
}

std::string ShareWords(const SamplingShare& share) {
  std::string words;
  if (share.percent > 0) absl::StrAppend(&words, share.percent, " %");
  if (share.at_least > 0) {
    absl::StrAppend(&words, words.empty() ? "" : ", ", "at least ",
                    share.at_least);
  }
  return words;
}

// The plan laid over the decisions.
class Layout {
 public:
  Layout(const SamplingPlan& plan, absl::Span<const SampleDecision> decisions)
      : plan_(plan), decisions_(decisions) {}

  absl::Status Lay() {
    VOUCH_RETURN_IF_ERROR(CheckPlan());
    VOUCH_RETURN_IF_ERROR(ReadDecisions());
    for (const SamplingShare& share : plan_.shares) AddGroups(share);
    return absl::OkStatus();
  }

  const std::vector<Group>& groups() const { return groups_; }
  const std::vector<Scored>& scored() const { return scored_; }
  std::vector<SampleExclusion> excluded() const { return excluded_; }
  const SampleDecision& decision(const Scored& scored) const {
    return decisions_[scored.at];
  }
  bool Has(const Hash& change) const { return places_.count(change) > 0; }

 private:
  absl::Status CheckPlan() const {
    if (plan_.shares.empty()) {
      return Error(Reason::kMalformed, "the plan has no share");
    }
    if (plan_.shares.size() > kSamplingSharesMax ||
        decisions_.size() > kSamplingDecisionsMax) {
      return Error(Reason::kTooLarge,
                   "more shares or decisions than a plan is for");
    }
    for (const SamplingShare& share : plan_.shares) {
      if (share.percent > 100 || (share.percent == 0 && share.at_least == 0)) {
        return Error(Reason::kMalformed,
                     "a share is 1 to 100 percent, or at least so many");
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadDecisions() {
    for (size_t i = 0; i < decisions_.size(); ++i) {
      const SampleDecision& decision = decisions_[i];
      if (!places_.emplace(decision.change, i).second) {
        return Error(Reason::kMalformed, "a decision is given twice");
      }
      std::string why = WhyNot(decision);
      if (why.empty()) {
        scored_.push_back({ScoreOf(decision), i});
      } else {
        excluded_.push_back({decision.change, std::move(why)});
      }
    }
    std::sort(
        scored_.begin(), scored_.end(),
        [](const Scored& a, const Scored& b) { return a.score < b.score; });
    std::sort(excluded_.begin(), excluded_.end(),
              [](const SampleExclusion& a, const SampleExclusion& b) {
                return a.change < b.change;
              });
    if (!scored_.empty()) return absl::OkStatus();
    return Error(
        Reason::kNotFound,
        excluded_.empty()
            ? std::string("there is no decision to draw from")
            : absl::StrCat("there is no decision to draw from; of ",
                           excluded_.size(), " one: ", excluded_.front().why));
  }

  void AddGroups(const SamplingShare& share) {
    std::map<std::string, Group> by_value;
    for (const Scored& scored : scored_) {
      for (const std::string& value :
           GroupsOf(decisions_[scored.at], share.by)) {
        if (!share.value.empty() && share.value != value) continue;
        by_value[value].members.push_back(scored);
      }
    }
    for (auto& [value, group] : by_value) {
      group.share = &share;
      group.value = value;
      const size_t size = group.members.size();
      group.needed = std::min(
          size,
          std::max<size_t>(share.at_least, (size * share.percent + 99) / 100));
      groups_.push_back(std::move(group));
    }
  }

  const SamplingPlan& plan_;
  const absl::Span<const SampleDecision> decisions_;
  std::map<Hash, size_t> places_;
  std::vector<Scored> scored_;
  std::vector<SampleExclusion> excluded_;
  std::vector<Group> groups_;
};

}  // namespace

absl::string_view SampleByName(SampleBy by) {
  switch (by) {
    case SampleBy::kEverything:
      return "everything";
    case SampleBy::kCandidate:
      return "candidate";
    case SampleBy::kUnit:
      return "unit";
    case SampleBy::kCandidateAndUnit:
      return "candidate and unit";
    case SampleBy::kAssessor:
      return "assessor";
    case SampleBy::kMethod:
      return "method";
    case SampleBy::kStage:
      return "stage";
    case SampleBy::kRisk:
      break;
  }
  return "risk";
}

absl::StatusOr<SamplingDraw> DrawSample(
    const SamplingPlan& plan, absl::Span<const SampleDecision> decisions,
    absl::Span<const TargetedPick> targeted) {
  Layout layout(plan, decisions);
  VOUCH_RETURN_IF_ERROR(layout.Lay());
  std::map<Hash, std::vector<std::string>> reasons;
  for (const Group& group : layout.groups()) {
    for (size_t i = 0; i < group.needed; ++i) {
      reasons[layout.decision(group.members[i]).change].push_back(
          absl::StrCat(group.needed, " of ", group.members.size(), " ",
                       WordsOf(group), ", ", ShareWords(*group.share)));
    }
  }
  std::map<Hash, std::vector<std::string>> own;
  for (const TargetedPick& pick : targeted) {
    if (pick.why.empty() || !layout.Has(pick.change)) {
      return Error(Reason::kMalformed,
                   "a targeted pick names a decision and says why");
    }
    const bool drawn = reasons.count(pick.change) > 0;
    (drawn ? reasons : own)[pick.change].push_back(
        absl::StrCat("targeted: ", pick.why));
  }
  SamplingDraw draw;
  for (const Scored& scored : layout.scored()) {
    const Hash& change = layout.decision(scored).change;
    const auto found = reasons.find(change);
    if (found == reasons.end()) continue;
    draw.picks.push_back({change, false, std::move(found->second)});
  }
  for (auto& [change, why] : own) {
    draw.picks.push_back({change, true, std::move(why)});
  }
  draw.excluded = layout.excluded();
  return draw;
}

absl::StatusOr<std::vector<std::string>> ExplainSample(
    const SamplingPlan& plan, absl::Span<const SampleDecision> decisions,
    const Hash& change) {
  Layout layout(plan, decisions);
  VOUCH_RETURN_IF_ERROR(layout.Lay());
  if (!layout.Has(change)) {
    return Error(Reason::kNotFound, "this decision is not among those given");
  }
  std::vector<std::string> lines;
  for (const SampleExclusion& excluded : layout.excluded()) {
    if (excluded.change == change) {
      lines.push_back(absl::StrCat("not drawn from: ", excluded.why));
    }
  }
  for (const Group& group : layout.groups()) {
    for (size_t i = 0; i < group.members.size(); ++i) {
      if (layout.decision(group.members[i]).change != change) continue;
      lines.push_back(absl::StrCat(
          i < group.needed ? "picked" : "not picked", ": number ", i + 1,
          " of ", group.members.size(), " ", WordsOf(group), ", of which ",
          group.needed, group.needed == 1 ? " is" : " are", " picked (",
          ShareWords(*group.share), ")"));
    }
  }
  if (lines.empty()) lines.push_back("not picked: no share speaks of it");
  return lines;
}

absl::StatusOr<std::vector<SampleCompliance>> CheckSample(
    const SamplingPlan& plan, absl::Span<const SampleDecision> decisions,
    const std::set<Hash>& verified) {
  Layout layout(plan, decisions);
  VOUCH_RETURN_IF_ERROR(layout.Lay());
  std::vector<SampleCompliance> out;
  for (const Group& group : layout.groups()) {
    SampleCompliance row;
    row.by = group.share->by;
    row.group = group.value;
    row.decisions = static_cast<uint32_t>(group.members.size());
    row.needed = static_cast<uint32_t>(group.needed);
    for (size_t i = 0; i < group.members.size(); ++i) {
      if (verified.count(layout.decision(group.members[i]).change) == 0) {
        continue;
      }
      ++(i < group.needed ? row.drawn_verified : row.others_verified);
    }
    row.fulfilled = row.drawn_verified == row.needed;
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace vouch
