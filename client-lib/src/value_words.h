// One value of a record, as a message and in words. Pure; any thread.
#ifndef VOUCH_CLIENT_LIB_SRC_VALUE_WORDS_H_
#define VOUCH_CLIENT_LIB_SRC_VALUE_WORDS_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sync/base/record_view.h"

namespace vouch {

// A message of the kind with only this value, one wire-encoded field, in it.
// Null for a kind that is not known here.
std::shared_ptr<const google::protobuf::Message> MessageOfValue(
    uint32_t kind, uint32_t field, absl::string_view value);
// The same of several fields.
std::shared_ptr<const google::protobuf::Message> MessageOfFields(
    uint32_t kind, const std::vector<FieldView>& fields);

// The text of a text field or a paragraph; absent for any other field. No
// value is an empty text.
std::optional<std::string> TextOfValue(uint32_t kind, uint32_t field,
                                       absl::string_view value);
// For a person to compare: text as it is, ids and bytes in hex, anything else
// in one line.
std::string WordsOfValue(uint32_t kind, uint32_t field,
                         absl::string_view value);

// A value of that field that holds `text`: absent if the field is no text. A
// paragraph keeps the id it has.
std::optional<std::string> ValueOfText(uint32_t kind, uint32_t field,
                                       const std::optional<ElementId>& element,
                                       const std::string& text);

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_VALUE_WORDS_H_
