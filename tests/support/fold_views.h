// Looking things up in a RecordView, for tests.
#ifndef VOUCH_TESTS_SUPPORT_FOLD_VIEWS_H_
#define VOUCH_TESTS_SUPPORT_FOLD_VIEWS_H_

#include <optional>
#include <string>
#include <vector>

#include "sync/base/record_view.h"

namespace vouch::test {

// Null if the record shows no such field. Points into `view`.
inline const FieldView* FieldAt(const RecordView& view, uint32_t field,
                                std::optional<ElementId> element = {}) {
  for (const FieldView& f : view.fields) {
    if (f.path == std::vector<uint32_t>{field} && f.element == element) {
      return &f;
    }
  }
  return nullptr;
}
const FieldView* FieldAt(RecordView&& view, uint32_t field,
                         std::optional<ElementId> element = {}) = delete;

inline bool Shows(const RecordView& view, uint32_t field,
                  std::optional<ElementId> element = {}) {
  return FieldAt(view, field, element) != nullptr;
}

// The field's values, the pick first; empty if there is no such field.
inline std::vector<std::string> ValuesAt(
    const RecordView& view, uint32_t field,
    std::optional<ElementId> element = {}) {
  std::vector<std::string> values;
  const FieldView* at = FieldAt(view, field, element);
  if (at == nullptr) return values;
  for (const ValueHead& head : at->heads) values.push_back(head.value);
  return values;
}

// The picked values of one path, in the order of the view.
inline std::vector<std::string> PicksAt(const RecordView& view,
                                        uint32_t field) {
  std::vector<std::string> values;
  for (const FieldView& f : view.fields) {
    if (f.path == std::vector<uint32_t>{field}) {
      values.push_back(f.heads.front().value);
    }
  }
  return values;
}

inline std::vector<ConflictView> ConflictsOf(const RecordView& view,
                                             ConflictView::Kind kind) {
  std::vector<ConflictView> some;
  for (const ConflictView& conflict : view.conflicts) {
    if (conflict.kind == kind) some.push_back(conflict);
  }
  return some;
}

inline std::optional<HeldChange> HeldOf(const RecordView& view,
                                        const Hash& change) {
  for (const HeldChange& held : view.held) {
    if (held.change == change) return held;
  }
  return std::nullopt;
}

}  // namespace vouch::test

#endif  // VOUCH_TESTS_SUPPORT_FOLD_VIEWS_H_
