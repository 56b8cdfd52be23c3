#include "client-lib/cli/text_form.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver_util.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "vouch/client.h"

namespace vouch::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::JsonParseOptions;
using google::protobuf::util::JsonPrintOptions;

constexpr char kTypes[] = "type.googleapis.com";

void MakeReadable(DescriptorProto* message) {
  const bool map = message->options().map_entry();
  message->clear_options();
  if (map) message->mutable_options()->set_map_entry(true);
  for (FieldDescriptorProto& field : *message->mutable_field()) {
    field.clear_options();
    if (field.type() == FieldDescriptorProto::TYPE_BYTES) {
      field.set_type(FieldDescriptorProto::TYPE_STRING);
    }
  }
  for (DescriptorProto& nested : *message->mutable_nested_type()) {
    MakeReadable(&nested);
  }
}

// The same messages with text in place of bytes.
class ReadableTypes {
 public:
  std::unique_ptr<Message> New(const Message& of) {
    AddFile(of.GetDescriptor()->file());
    const Descriptor* type =
        pool_.FindMessageTypeByName(of.GetDescriptor()->full_name());
    VOUCH_CHECK(type != nullptr);
    return std::unique_ptr<Message>(factory_.GetPrototype(type)->New());
  }

 private:
  void AddFile(const FileDescriptor* file) {
    if (pool_.FindFileByName(file->name()) != nullptr) return;
    for (int i = 0; i < file->dependency_count(); ++i) {
      AddFile(file->dependency(i));
    }
    FileDescriptorProto copy;
    file->CopyTo(&copy);
    copy.clear_options();
    for (DescriptorProto& message : *copy.mutable_message_type()) {
      MakeReadable(&message);
    }
    VOUCH_CHECK(pool_.BuildFile(copy) != nullptr);
  }

  DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_{&pool_};
};

ReadableTypes& Types() {
  static auto* types = new ReadableTypes;
  return *types;
}

// Copies between a message and its readable twin, whichever way; `bytes` turns
// one form of a bytes field into the other.
using Turn = absl::StatusOr<std::string> (*)(absl::string_view);

class Copier {
 public:
  explicit Copier(Turn bytes) : bytes_(bytes) {}

  absl::Status Copy(const Message& from, Message* to) {
    std::vector<const FieldDescriptor*> fields;
    from.GetReflection()->ListFields(from, &fields);
    for (const FieldDescriptor* field : fields) {
      const FieldDescriptor* target =
          to->GetDescriptor()->FindFieldByNumber(field->number());
      VOUCH_CHECK(target != nullptr);
      const int count = field->is_repeated()
                            ? from.GetReflection()->FieldSize(from, field)
                            : 1;
      for (int i = 0; i < count; ++i) {
        VOUCH_RETURN_IF_ERROR(CopyOne(from, *field, i, to, *target));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CopyOne(const Message& from, const FieldDescriptor& field,
                       int index, Message* to, const FieldDescriptor& target) {
    const Reflection& in = *from.GetReflection();
    const Reflection& out = *to->GetReflection();
    const bool many = field.is_repeated();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Copy(
          many ? in.GetRepeatedMessage(from, &field, index)
               : in.GetMessage(from, &field),
          many ? out.AddMessage(to, &target) : out.MutableMessage(to, &target));
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      std::string text = many ? in.GetRepeatedString(from, &field, index)
                              : in.GetString(from, &field);
      if (field.type() != target.type()) {
        absl::StatusOr<std::string> turned = bytes_(text);
        if (!turned.ok()) {
          return Error(
              Reason::kMalformed,
              absl::StrCat(field.name(), ": ", turned.status().message()));
        }
        text = *std::move(turned);
      }
      many ? out.AddString(to, &target, std::move(text))
           : out.SetString(to, &target, std::move(text));
      return absl::OkStatus();
    }
    CopyNumber(from, field, index, to, target);
    return absl::OkStatus();
  }

  static void CopyNumber(const Message& from, const FieldDescriptor& field,
                         int index, Message* to,
                         const FieldDescriptor& target) {
    const Reflection& in = *from.GetReflection();
    const Reflection& out = *to->GetReflection();
    const bool many = field.is_repeated();
#define VOUCH_COPY(TYPE, Name)                                      \
  case FieldDescriptor::CPPTYPE_##TYPE:                             \
    many ? out.Add##Name(to, &target,                               \
                         in.GetRepeated##Name(from, &field, index)) \
         : out.Set##Name(to, &target, in.Get##Name(from, &field));  \
    return
    switch (field.cpp_type()) {
      VOUCH_COPY(INT32, Int32);
      VOUCH_COPY(INT64, Int64);
      VOUCH_COPY(UINT32, UInt32);
      VOUCH_COPY(UINT64, UInt64);
      VOUCH_COPY(DOUBLE, Double);
      VOUCH_COPY(FLOAT, Float);
      VOUCH_COPY(BOOL, Bool);
      VOUCH_COPY(ENUM, EnumValue);
      default:
        VOUCH_CHECK(false);
    }
#undef VOUCH_COPY
  }

  const Turn bytes_;
};

absl::StatusOr<std::string> TurnToText(absl::string_view bytes) {
  return TextOfBytes(bytes);
}

absl::Status Malformed(const google::protobuf::util::Status& status) {
  return Error(Reason::kMalformed, absl::StrCat("the JSON does not fit: ",
                                                std::string(status.message())));
}

}  // namespace

absl::StatusOr<std::string> PrintJson(const Message& message, bool one_line) {
  // Serialised by hand to have the keys of maps sorted.
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  static auto* resolver =
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          kTypes, DescriptorPool::generated_pool());
  JsonPrintOptions options;
  options.add_whitespace = !one_line;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  auto status = google::protobuf::util::BinaryToJsonString(
      resolver, absl::StrCat(kTypes, "/", message.GetTypeName()), bytes, &json,
      options);
  if (!status.ok()) return Malformed(status);
  if (one_line) json += '\n';
  return json;
}

absl::StatusOr<google::protobuf::Struct> ToStruct(const Message& record) {
  std::unique_ptr<Message> readable = Types().New(record);
  VOUCH_RETURN_IF_ERROR(Copier(TurnToText).Copy(record, readable.get()));
  JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  std::string json;
  auto status =
      google::protobuf::util::MessageToJsonString(*readable, &json, print);
  if (!status.ok()) return Malformed(status);
  google::protobuf::Struct out;
  status = google::protobuf::util::JsonStringToMessage(json, &out);
  if (!status.ok()) return Malformed(status);
  return out;
}

absl::Status FromJson(absl::string_view json, Message* record) {
  if (json.size() > kJsonBytesMax) {
    return Error(Reason::kTooLarge, absl::StrCat("a record's JSON is at most ",
                                                 kJsonBytesMax, " bytes"));
  }
  std::unique_ptr<Message> readable = Types().New(*record);
  auto status = google::protobuf::util::JsonStringToMessage(
      std::string(json), readable.get(), JsonParseOptions());
  if (!status.ok()) return Malformed(status);
  record->Clear();
  return Copier(BytesOfText).Copy(*readable, record);
}

absl::StatusOr<std::string> BytesOfText(absl::string_view text) {
  const std::string digits = absl::StrReplaceAll(text, {{"-", ""}});
  const bool hex =
      digits.size() % 2 == 0 &&
      std::all_of(digits.begin(), digits.end(),
                  [](unsigned char c) { return absl::ascii_isxdigit(c); });
  if (!hex) {
    return Error(Reason::kMalformed,
                 absl::StrCat("\"", text, "\" is no id: hexadecimal digits"));
  }
  return absl::HexStringToBytes(digits);
}

std::string TextOfBytes(absl::string_view bytes) {
  if (bytes.size() == 16) return FormatId(std::string(bytes));
  return absl::BytesToHexString(bytes);
}

}  // namespace vouch::cli
