// From what a person typed to operations: the difference between a record as
// it was shown and the message as it was edited, each value one wire-encoded
// field, each operation naming the values it replaces. So two people who edit
// different fields or paragraphs never disturb each other, and two who edit the
// same one conflict visibly.
//
//   std::unique_ptr<Message> edited = ParseRecord(shown);
//   … change fields of `edited` …
//   VOUCH_ASSIGN_OR_RETURN(std::vector<DraftOperation> operations,
//                          DiffRecord(&shown, *edited, random));
//
// A field that was not edited gets no operation: neither what a newer app wrote
// into fields unknown here, nor a field that is contested, is touched. Editing
// a contested field replaces every value that it holds, since all were shown.
//
// Pure; any thread. Operations go into one change, in the order given; the
// caller saves it. Nothing here is durable.
#ifndef VOUCH_EVIDENCE_EDITING_H_
#define VOUCH_EVIDENCE_EDITING_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "sync/base/clock.h"
#include "sync/base/operation.h"
#include "sync/base/record_view.h"

namespace vouch {

// Operations of one edit; more is a mistake or belongs in several.
inline constexpr size_t kEditOperationsMax = 4000;

// The record's message: the pick of each field; a set's elements once each;
// paragraphs in order; a ledger's heads, newest first. Fields that are unknown
// here come along as unknown fields. A value that does not fit its field, which
// only a faulty app can have written, is left out. Null if this software does
// not know the kind.
std::unique_ptr<google::protobuf::Message> ParseRecord(const RecordView& view);

// Null also if the record is of another kind.
template <typename Record>
std::unique_ptr<Record> ParseRecordAs(const RecordView& view) {
  std::unique_ptr<google::protobuf::Message> record = ParseRecord(view);
  if (record == nullptr || record->GetDescriptor() != Record::descriptor()) {
    return nullptr;
  }
  return std::unique_ptr<Record>(static_cast<Record*>(record.release()));
}

// What turns `shown` into `edited`; without `shown`, what makes the record, a
// kCreate first. Empty if nothing was edited.
//
// Sets have no order and hold each value once. A paragraph without an id is a
// new one and gets its id here; one that was moved is written anew where it
// now stands, since a paragraph keeps its place. A ledger takes one new entry,
// after the ones shown.
//
// Errors: KIND_UNKNOWN; TOO_LARGE, NOT_UTF8 (naming the field); MALFORMED for a
// paragraph id that is repeated or not 16 bytes; RECORD_SEALED and
// RECORD_DISCARDED; OPERATION_NOT_ALLOWED for an edit of the record's key or of
// a verdict that stands, a second new verdict, or another kind's message.
absl::StatusOr<std::vector<DraftOperation>> DiffRecord(
    const RecordView* shown, const google::protobuf::Message& edited,
    Random& random);

// The same on a record that is signed and locked: each difference is stated
// after the seal, and names the seals it amends. OPERATION_NOT_ALLOWED if the
// record is not signed, or was taken back.
absl::StatusOr<std::vector<DraftOperation>> DiffAmendment(
    const RecordView& shown, const google::protobuf::Message& edited,
    Random& random);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_EDITING_H_
