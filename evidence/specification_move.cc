#include "evidence/specification_move.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "evidence/specification_diff.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using Lines = std::vector<std::string>;

const UnitCoverage* FindCoverage(const Portfolio& portfolio,
                                 const std::string& unit) {
  for (const UnitCoverage& coverage : portfolio.units) {
    if (coverage.number == unit) return &coverage;
  }
  return nullptr;
}

// Differences of rules, and of chosen units.
void AddDifferences(const Specification& from, const Portfolio& before,
                    const Specification& to, Lines* lines) {
  std::set<std::string> chosen;
  for (const UnitCoverage& unit : before.units) chosen.insert(unit.number);
  for (const SpecificationDifference& difference :
       DiffSpecifications(from, to)) {
    const bool unit = from.FindUnit(difference.subject) != nullptr ||
                      to.FindUnit(difference.subject) != nullptr;
    if (unit && chosen.count(difference.subject) == 0) continue;
    lines->push_back(absl::StrCat(difference.subject, ": ", difference.change));
  }
}

void AddCoverage(const Portfolio& before, const Portfolio& after,
                 Lines* lines) {
  for (const UnitCoverage& was : before.units) {
    const UnitCoverage* is = FindCoverage(after, was.number);
    if (is == nullptr) continue;
    if (was.criteria_met != is->criteria_met) {
      lines->push_back(absl::StrCat(
          was.number, ": ", was.criteria_met,
          was.criteria_met == 1 ? " criterion was" : " criteria were", " met, ",
          is->criteria_met, " would be"));
    }
    if (was.state != is->state) {
      lines->push_back(absl::StrCat(was.number, ": was ",
                                    UnitStateName(was.state), ", would be ",
                                    UnitStateName(is->state), ": ", is->why));
    }
  }
}

void AddVerdict(absl::string_view what, const Evaluation& before,
                const Evaluation& after, Lines* lines) {
  if (before.verdict == after.verdict) return;
  lines->push_back(absl::StrCat(what, ": was ", RuleResultName(before.verdict),
                                ", would be ", RuleResultName(after.verdict)));
}

bool Replaces(const JudgedChange& change, int field) {
  return std::any_of(
      change.operations.begin(), change.operations.end(),
      [field](const JudgedOperation& judged) {
        const DraftOperation& op = judged.operation;
        return op.merge_class == MergeClass::kRegister &&
               op.path == std::vector<uint32_t>{static_cast<uint32_t>(field)} &&
               op.replaces.size() == 1;
      });
}

}  // namespace

v1::SpecificationMove DescribeMove(const Specification& from,
                                   const Portfolio& before,
                                   const Specification& to,
                                   const Portfolio& after,
                                   const std::string& reason) {
  v1::SpecificationMove move;
  move.set_from_specification(from.id());
  move.set_from_version(from.version());
  move.set_to_specification(to.id());
  move.set_to_version(to.version());
  move.set_reason(reason);
  Lines lines;
  AddDifferences(from, before, to, &lines);
  AddCoverage(before, after, &lines);
  AddVerdict("rules for the chosen units", before.planned, after.planned,
             &lines);
  AddVerdict("rules for the units achieved", before.achieved, after.achieved,
             &lines);
  if (lines.size() > kMoveChangesMax) {
    const size_t more = lines.size() - kMoveChangesMax;
    lines.resize(kMoveChangesMax);
    lines.push_back(absl::StrCat("and ", more, " more"));
  }
  move.mutable_changes()->Assign(lines.begin(), lines.end());
  return move;
}

absl::Status CheckPin(const JudgedChange& change,
                      const v1::Registration& written) {
  using R = v1::Registration;
  const bool version = Replaces(change, R::kSpecificationVersionFieldNumber);
  const bool specification = Replaces(change, R::kSpecificationFieldNumber);
  if (!change.values_known || (!version && !specification)) {
    return absl::OkStatus();
  }
  for (const v1::SpecificationMove& move : written.specification_moves()) {
    if ((!version || move.to_version() == written.specification_version()) &&
        (!specification ||
         move.to_specification() == written.specification())) {
      return absl::OkStatus();
    }
  }
  return Error(Reason::kOperationNotAllowed,
               "another version of the specification is pinned by a move that "
               "says what it changes");
}

}  // namespace vouch
