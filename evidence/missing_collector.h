// Gathers what a record lacks. A part of readiness.h; pure.
#ifndef VOUCH_EVIDENCE_MISSING_COLLECTOR_H_
#define VOUCH_EVIDENCE_MISSING_COLLECTOR_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "evidence/kinds.h"
#include "evidence/readiness.h"

namespace vouch {

// Labels come from the record's proto. Borrows the record.
class MissingCollector {
 public:
  explicit MissingCollector(const google::protobuf::Message& record)
      : record_(record), kind_(KindOf(record)) {}

  void Require(bool there, int field, absl::string_view why);
  // Of a record: every field marked needed_to_sign has something in it, and
  // each field that has holds what its options say.
  void RequireMarked();
  // Only the second.
  void RequireForms();

  std::vector<MissingField> Take() { return std::move(found_); }

 private:
  std::string LabelOf(uint32_t number) const;
  bool IsFilled(const KindField& field) const;
  bool HasItsSize(const KindField& field) const;

  const google::protobuf::Message& record_;
  const Kind* const kind_;  // null for what is no record
  std::vector<MissingField> found_;
};

bool IsBlank(absl::string_view text);
// "2026-09-01", and that day exists.
bool IsCalendarDay(const std::string& text);

// What MissingIn says of the kinds of assessment_records.proto and
// verification_records.proto.
std::vector<MissingField> MissingInFurther(
    const google::protobuf::Message& record);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_MISSING_COLLECTOR_H_
