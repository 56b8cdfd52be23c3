// Records as JSON that people can read and write: protobuf's own JSON form of
// the message, but with ids as UUIDs and other bytes in hexadecimal, where
// protobuf would write base64. Works for every kind, from its descriptor alone.
//
//   VOUCH_ASSIGN_OR_RETURN(std::string json, ToJson(*record.message));
//   VOUCH_RETURN_IF_ERROR(FromJson(json, observation.get()));
//
// Not for several threads at once.
#ifndef VOUCH_CLIENT_LIB_CLI_TEXT_FORM_H_
#define VOUCH_CLIENT_LIB_CLI_TEXT_FORM_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/struct.pb.h"

namespace vouch::cli {

// The largest file --json-file takes.
inline constexpr size_t kJsonBytesMax = 16 << 20;

// Any message as JSON, every field, map keys sorted. `one_line`: no line
// breaks, for output that is one object a line.
absl::StatusOr<std::string> PrintJson(const google::protobuf::Message& message,
                                      bool one_line = false);

// A record's fields that are set, in readable form.
absl::StatusOr<google::protobuf::Struct> ToStruct(
    const google::protobuf::Message& record);

// Replaces `record` by what the JSON says. Errors: MALFORMED, naming the field
// that is unknown or of the wrong type; TOO_LARGE.
absl::Status FromJson(absl::string_view json,
                      google::protobuf::Message* record);

// "0192f3…" of any length as bytes, dashes left out. MALFORMED.
absl::StatusOr<std::string> BytesOfText(absl::string_view text);
// 16 bytes as a UUID, others as hexadecimal digits.
std::string TextOfBytes(absl::string_view bytes);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_TEXT_FORM_H_
