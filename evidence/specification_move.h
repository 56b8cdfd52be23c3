// Moving a registration to another version of its specification, or to another
// specification: what it changes for this registration, and the rule that such
// a change says what it does. Pure; any thread.
//
//   v1::SpecificationMove move =
//       DescribeMove(one, before, two, after, "the awarding body's new
//       version");
//   move.changes(0)   // "F1: 2 criteria were met, 1 would be"
//
// The pin is one field of the registration; the move is written beside it in
// the same change, so that neither is ever there without the other.
#ifndef VOUCH_EVIDENCE_SPECIFICATION_MOVE_H_
#define VOUCH_EVIDENCE_SPECIFICATION_MOVE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "evidence/portfolio.h"
#include "evidence/specification.h"
#include "sync/base/judge.h"
#include "vouch/v1/records.pb.h"

namespace vouch {

// Of one move; the rest is counted in a last line.
inline constexpr size_t kMoveChangesMax = 200;

// `before` and `after` are the same registration's portfolio under either
// specification. The changes name, in this order: what the rules ask
// otherwise; each chosen unit that is gone, renumbered or says something else;
// where its coverage or decision would stand otherwise; the verdicts. Units
// that were not chosen are not spoken of.
v1::SpecificationMove DescribeMove(const Specification& from,
                                   const Portfolio& before,
                                   const Specification& to,
                                   const Portfolio& after,
                                   const std::string& reason);

// OK, or OPERATION_NOT_ALLOWED for a change of a registration that replaces its
// pin and does not say so by a move to the same place. Setting the pin first,
// and settling what was set apart, are no moves. `written` is what the change
// writes.
absl::Status CheckPin(const JudgedChange& change,
                      const v1::Registration& written);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_SPECIFICATION_MOVE_H_
