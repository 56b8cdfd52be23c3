// What an internal verifier samples: a share of the decisions of each assessor,
// unit, candidate …, drawn so that neither assessor nor verifier can steer it,
// and explained pick by pick.
//
//   SamplingPlan plan;
//   plan.shares = {{SampleBy::kAssessor, "", 25, 1}, {SampleBy::kUnit, "", 10,
//   1}}; VOUCH_ASSIGN_OR_RETURN(SamplingDraw draw, DrawSample(plan,
//   decisions)); draw.picks[0].reasons   // "2 of 7 by assessor Ann, 25 %"
//
// Each decision has a score: a hash of a seed and of the change that made the
// decision. The seed is random, was committed to the log before the decision,
// and only verifiers can read it; so who assesses cannot foresee the score, and
// who verifies fixed the seed before there was anything to choose from. A
// decision that is not provably later than its seed is not drawn from, and
// says so. The same decisions and seeds give the same draw anywhere.
//
// A draw is of the decisions given, as of one period: with others among them
// it is another draw. Within a group the lowest scores are picked, so that a
// larger share contains a smaller one: an external verifier who asks for more
// extends the sample and does not replace it.
//
// Pure; any thread; values.
#ifndef VOUCH_EVIDENCE_SAMPLING_H_
#define VOUCH_EVIDENCE_SAMPLING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sync/base/ids.h"

namespace vouch {

inline constexpr size_t kSamplingDecisionsMax = 1'000'000;
inline constexpr size_t kSamplingSharesMax = 1000;

// By what decisions are grouped.
enum class SampleBy {
  kEverything,
  kCandidate,
  kUnit,
  kCandidateAndUnit,
  kAssessor,
  kMethod,  // a decision is in the group of each method that it relied on
  kStage,
  kRisk,  // and of each risk that it bears
};

enum class SampleStage { kInterim, kSummative };

// Names of risks, which raise a share by a share of their own.
inline constexpr char kRiskNewAssessor[] = "new assessor";
inline constexpr char kRiskLapsedCompetence[] = "lapsed competence";
inline constexpr char kRiskContested[] = "contested decision";
inline constexpr char kRiskStale[] = "evidence changed since";
inline constexpr char kRiskConflictOfInterest[] = "conflict of interest";
inline constexpr char kRiskFirstUse[] = "first use of the unit";

struct SamplingShare {
  SampleBy by = SampleBy::kEverything;
  std::string value;      // one group; empty: each one
  uint32_t percent = 0;   // 0 to 100, rounded up to whole decisions
  uint32_t at_least = 0;  // decisions; all if the group has fewer
};

struct SamplingPlan {
  std::vector<SamplingShare> shares;
};

// A decision that may be drawn.
struct SampleDecision {
  Hash change;  // which change decided it
  RecordId registration;
  std::string candidate, unit, assessor;  // as people know them
  std::set<std::string> methods;
  SampleStage stage = SampleStage::kSummative;
  std::set<std::string> risks;
  // Where the log has the decision and the seed of its registration; absent:
  // not there, or not known here.
  std::optional<uint64_t> committed_at;
  std::optional<uint64_t> seed_committed_at;
  std::string seed;  // 32 bytes; empty: none was committed
};

struct SamplePick {
  Hash change;
  bool targeted = false;  // by a person, beside the draw
  std::vector<std::string> reasons;
};

// A decision that could not be drawn from, and why.
struct SampleExclusion {
  Hash change;
  std::string why;
};

struct SamplingDraw {
  std::vector<SamplePick> picks;  // by score, the lowest first; then targeted
  std::vector<SampleExclusion> excluded;
};

// A person's own pick.
struct TargetedPick {
  Hash change;
  std::string why;
};

// A targeted pick that was drawn as well is one pick, not targeted, with both
// reasons. Errors: MALFORMED for a plan without shares, with a share above 100
// percent or one that asks for nothing, a targeted pick without a reason or of
// no decision given, two decisions with one hash; NOT_FOUND if there is nothing
// to draw from; TOO_LARGE above the limits.
absl::StatusOr<SamplingDraw> DrawSample(
    const SamplingPlan& plan, absl::Span<const SampleDecision> decisions,
    absl::Span<const TargetedPick> targeted = {});

// How one decision stood in each group it belongs to, "3rd of 7 by assessor
// Ann, of which 2 are picked", or why it was excluded. Errors: also NOT_FOUND
// for a decision that is not among those given.
absl::StatusOr<std::vector<std::string>> ExplainSample(
    const SamplingPlan& plan, absl::Span<const SampleDecision> decisions,
    const Hash& change);

// One group of the plan, and how much of it was verified.
struct SampleCompliance {
  SampleBy by = SampleBy::kEverything;
  std::string group;       // "Ann"; empty for everything
  uint32_t decisions = 0;  // that could be drawn from
  uint32_t needed = 0;
  uint32_t drawn_verified = 0;   // of the picks of this group
  uint32_t others_verified = 0;  // beside them; they do not fulfil it
  bool fulfilled = false;
};

// `verified`: decisions that a verification has checked. Errors: as DrawSample.
absl::StatusOr<std::vector<SampleCompliance>> CheckSample(
    const SamplingPlan& plan, absl::Span<const SampleDecision> decisions,
    const std::set<Hash>& verified);

// "assessor".
absl::string_view SampleByName(SampleBy by);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_SAMPLING_H_
