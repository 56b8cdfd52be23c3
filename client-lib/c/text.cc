// Messages as JSON, for languages without protobuf, and ids as people write
// them.
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/c/support.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "vouch/v1/client.pb.h"
#include "vouch/v1/portfolio.pb.h"

namespace vouch::c {
namespace {

using google::protobuf::Message;

// An empty message of a type of vouch.v1.
absl::StatusOr<std::unique_ptr<Message>> MessageOfType(vouch_slice type) {
  VOUCH_ASSIGN_OR_RETURN(absl::string_view name, View("type", type));
  // In libvouch.so the package has another name (see private_messages.py).
  const std::string& package =
      v1::StoredRecord::descriptor()->file()->package();
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          absl::StrCat(package, ".", name));
  const Message* prototype =
      descriptor == nullptr
          ? nullptr
          : google::protobuf::MessageFactory::generated_factory()->GetPrototype(
                descriptor);
  if (prototype == nullptr) {
    return Fault("type", absl::StrCat("vouch.v1 has no message ", name));
  }
  return std::unique_ptr<Message>(prototype->New());
}

}  // namespace
}  // namespace vouch::c

using namespace vouch;     // NOLINT: this file is their C face
using namespace vouch::c;  // NOLINT

vouch_error* vouch_message_from_json(vouch_slice type, vouch_slice json,
                                     vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(auto message, MessageOfType(type));
    VOUCH_ASSIGN_OR_RETURN(std::string text, Bytes("json", json));
    auto read =
        google::protobuf::util::JsonStringToMessage(text, message.get());
    if (!read.ok()) {
      return Fault("json", absl::StrCat("the JSON does not fit the message: ",
                                        read.message().ToString()));
    }
    return Give(*message, out);
  });
}

vouch_error* vouch_message_to_json(vouch_slice type, vouch_slice bytes,
                                   vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(auto message, MessageOfType(type));
    VOUCH_ASSIGN_OR_RETURN(absl::string_view view, View("message", bytes));
    if (!message->ParseFromArray(view.data(), static_cast<int>(view.size()))) {
      return Fault("message", "these bytes are no message of that type");
    }
    google::protobuf::util::JsonPrintOptions print;
    print.preserve_proto_field_names = true;
    std::string text;
    auto written =
        google::protobuf::util::MessageToJsonString(*message, &text, print);
    if (!written.ok()) {
      return Fault("message", absl::StrCat("the message cannot be written: ",
                                           written.message().ToString()));
    }
    return GiveBytes(text, out);
  });
}

// Not by FormatId: this cannot fail, and so must not need memory.
void vouch_id_format(const vouch_id* id, char out[37]) {
  static constexpr char kDigits[] = "0123456789abcdef";
  char* at = out;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = kDigits[id->bytes[i] >> 4];
    *at++ = kDigits[id->bytes[i] & 15];
  }
  *at = '\0';
}

vouch_error* vouch_id_parse(vouch_slice text, vouch_id* out) {
  return Guarded([&]() -> absl::Status {
    if (out == nullptr) return Fault("out", "a place for the id is needed");
    VOUCH_ASSIGN_OR_RETURN(std::string given, Bytes("text", text));
    auto id = ParseId(given);
    if (!id.ok()) return About("text", id.status());
    return GiveId(*id, out);
  });
}
