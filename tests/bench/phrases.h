// What people in customer service write down, in pieces: sentences with holes
// in braces, and what fits each.
#ifndef VOUCH_TESTS_BENCH_PHRASES_H_
#define VOUCH_TESTS_BENCH_PHRASES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vouch::bench {

// {c} customer, {i} what they wanted, {s} system, {p} place, {t} how long, {h}
// how it was done, {o} how it ended, {u} a unit, {n} a small number.
absl::Span<const absl::string_view> Sentences();
// The pieces for a hole; empty for a letter that is none.
absl::Span<const absl::string_view> PiecesFor(char hole);

absl::Span<const absl::string_view> GivenNames();
absl::Span<const absl::string_view> FamilyNames();
absl::Span<const absl::string_view> JobTitles();
absl::Span<const absl::string_view> Units();

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_PHRASES_H_
