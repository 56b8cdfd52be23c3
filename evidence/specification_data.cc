#include "evidence/specification_data.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/json_util.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {

std::string FormatSpecification(const v1::Specification& data) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  std::string json;
  // Every message of ours can be printed.
  VOUCH_CHECK(
      google::protobuf::util::MessageToJsonString(data, &json, options).ok());
  return json;
}

absl::StatusOr<Specification> MakeSpecification(const v1::Specification& data) {
  auto made = ParseSpecification(FormatSpecification(data));
  if (made.ok() || ReasonOf(made.status()) != Reason::kSpecificationInvalid) {
    return made;
  }
  // The line is one of a text that nobody has seen.
  absl::string_view what = made.status().message();
  if (absl::ConsumePrefix(&what, "line ")) {
    while (!what.empty() &&
           absl::ascii_isdigit(static_cast<unsigned char>(what[0]))) {
      what.remove_prefix(1);
    }
    absl::ConsumePrefix(&what, ": ");
  }
  return Error(Reason::kSpecificationInvalid, what);
}

}  // namespace vouch
