#include "sync/base/advice.h"

namespace vouch {
namespace {

struct Row {
  Reason reason;
  absl::string_view meaning;
  absl::string_view advice;
};

constexpr Row kRows[] = {
#define VOUCH_ADVICE(enumerator, meaning, advice) \
  {Reason::enumerator, meaning, advice},
#include "sync/base/advice.inc"
#undef VOUCH_ADVICE
};

const Row& RowOf(Reason reason) {
  for (const Row& row : kRows) {
    if (row.reason == reason) return row;
  }
  return kRows[0];
}

}  // namespace

absl::string_view ReasonMeaning(Reason reason) { return RowOf(reason).meaning; }

absl::string_view ReasonAdvice(Reason reason) { return RowOf(reason).advice; }

}  // namespace vouch
