// The difference of a field's paragraphs. A paragraph keeps the place where it
// was first put, so what was moved is taken out and written anew; of all ways
// to see what was moved, the one that leaves most paragraphs where they are.
// Pure; any thread.
#ifndef VOUCH_EVIDENCE_BLOCK_DIFF_H_
#define VOUCH_EVIDENCE_BLOCK_DIFF_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "sync/base/clock.h"
#include "sync/base/ids.h"
#include "sync/base/record_view.h"
#include "vouch/v1/records.pb.h"

namespace vouch {

struct BlockEdit {
  ElementId block;
  std::optional<ElementId> after;
  const FieldView* shown = nullptr;        // null: a new paragraph
  std::optional<v1::Paragraph> paragraph;  // absent: taken out
};

// `shown` is one field's blocks as the view orders them, removed ones too.
// Removals first, then changed and new paragraphs in order. MALFORMED for an id
// that is repeated or not 16 bytes.
absl::StatusOr<std::vector<BlockEdit>> DiffParagraphs(
    absl::Span<const FieldView* const> shown, std::vector<v1::Paragraph> edited,
    Random& random);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_BLOCK_DIFF_H_
