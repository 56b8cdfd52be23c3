// What a person types for a record's fields, into its message: --field, --text
// and --paragraph. Works for every kind, from its descriptor alone.
//
//   SetField("venue=Front office", lookup, &observation);
//   SetField("when=2026-09-01T10:00/10:45", lookup, &observation);
//   AddText("narrative=She greeted the guest.", &observation);
//   EditParagraph("2=She smiled.", &observation);
//
// Errors of all: MALFORMED, saying what would fit. Any thread.
#ifndef VOUCH_CLIENT_LIB_CLI_FIELD_VALUES_H_
#define VOUCH_CLIENT_LIB_CLI_FIELD_VALUES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "vouch/v1/records.pb.h"

namespace vouch::cli {

// The id that text stands for in a field of ids: a UUID, "me", a person's name.
using IdLookup = std::function<absl::StatusOr<std::string>(absl::string_view)>;

// "name=value"; nothing after "=" empties the field. Lists are given whole,
// separated by commas. Texts are taken as they are, also multi-line ones.
//   times      2026-09-01T10:00/2026-09-01T10:45 or …/10:45, in UTC
//   criteria   F1:1.1,F1:1.2
//   choices    on-this-device, for WITNESS_SIGNATURE_KIND_ON_THIS_DEVICE
absl::Status SetField(absl::string_view assignment, const IdLookup& lookup,
                      google::protobuf::Message* record);

// "field=text" appends a paragraph; the field may be left out where the kind
// has only one of paragraphs, as "=text".
absl::Status AddText(absl::string_view assignment,
                     google::protobuf::Message* record);

// "N=text" or "field:N=text" replaces the N-th paragraph, from 1; an empty text
// takes it out.
absl::Status EditParagraph(absl::string_view assignment,
                           google::protobuf::Message* record);

// "F1:1.1,F1:1.2".
absl::StatusOr<std::vector<v1::CriterionReference>> ParseCriteria(
    absl::string_view text);

// The number of the value of an enum that people call "on-this-device".
absl::StatusOr<int> ParseChoice(const google::protobuf::EnumDescriptor& choices,
                                absl::string_view text);
// "on this device": what people call a value.
std::string ChoiceWords(const google::protobuf::EnumValueDescriptor& value);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_FIELD_VALUES_H_
