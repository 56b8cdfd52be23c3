// One wire-encoded field (tag and content): the form in which an operation
// carries a value, so that the fold can put records together without a schema.
// Pure; any thread.
//
//   std::string value = EncodeField(observation, *venue_field);
//   OneFieldNumber(value)   // 4
#ifndef VOUCH_EVIDENCE_WIRE_FIELD_H_
#define VOUCH_EVIDENCE_WIRE_FIELD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace vouch {

// The longest text or byte string within a value.
inline constexpr size_t kTextBytesMax = 1 << 20;

// The field's bytes, always the same for the same content; empty if the field
// is not set. Fields that a newer app put inside a message are kept.
std::string EncodeField(const google::protobuf::Message& message,
                        const google::protobuf::FieldDescriptor& field);
// Element `index` of a repeated field; never empty.
std::string EncodeElement(const google::protobuf::Message& message,
                          const google::protobuf::FieldDescriptor& field,
                          int index);

// The number of the one field that `value` holds; absent if it is not exactly
// one well-formed field.
std::optional<uint32_t> OneFieldNumber(absl::string_view value);

// Merges one value into `record`. False, and `record` is as it was, unless the
// value is one field of that number which `record` can read or, where it knows
// no such number, keep.
bool MergeValue(absl::string_view value, uint32_t number,
                google::protobuf::Message* record);

// Every text of the message, at any depth. Errors: NOT_UTF8, TOO_LARGE above
// kTextBytesMax; both name the field.
absl::Status CheckTexts(const google::protobuf::Message& message);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_WIRE_FIELD_H_
