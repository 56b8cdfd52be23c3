#include "evidence/wire_field.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/protobuf/wire_format_lite.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

std::string Serialize(const Message& message) {
  std::string out;
  google::protobuf::io::StringOutputStream stream(&out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  VOUCH_CHECK(message.SerializePartialToCodedStream(&coded));
  coded.Trim();
  return out;
}

// One field (or one element of it), by reflection.
void CopyOne(const Message& from, const FieldDescriptor& field, int index,
             Message* to) {
  const Reflection& read = *from.GetReflection();
  const Reflection& write = *to->GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
#define VOUCH_COPY(kind, Name)                                      \
  case FieldDescriptor::kind:                                       \
    if (many) {                                                     \
      write.Add##Name(to, &field,                                   \
                      read.GetRepeated##Name(from, &field, index)); \
    } else {                                                        \
      write.Set##Name(to, &field, read.Get##Name(from, &field));    \
    }                                                               \
    return;
    VOUCH_COPY(CPPTYPE_INT32, Int32)
    VOUCH_COPY(CPPTYPE_INT64, Int64)
    VOUCH_COPY(CPPTYPE_UINT32, UInt32)
    VOUCH_COPY(CPPTYPE_UINT64, UInt64)
    VOUCH_COPY(CPPTYPE_DOUBLE, Double)
    VOUCH_COPY(CPPTYPE_FLOAT, Float)
    VOUCH_COPY(CPPTYPE_BOOL, Bool)
    VOUCH_COPY(CPPTYPE_ENUM, EnumValue)
    VOUCH_COPY(CPPTYPE_STRING, String)
#undef VOUCH_COPY
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  const Message& part = many ? read.GetRepeatedMessage(from, &field, index)
                             : read.GetMessage(from, &field);
  (many ? write.AddMessage(to, &field) : write.MutableMessage(to, &field))
      ->CopyFrom(part);
}

std::string EncodeOne(const Message& message, const FieldDescriptor& field,
                      int index) {
  std::unique_ptr<Message> alone(message.New());
  CopyOne(message, field, index, alone.get());
  return Serialize(*alone);
}

bool IsUtf8(absl::string_view text) {
  return google::protobuf::internal::IsStructurallyValidUTF8(
      text.data(), static_cast<int>(text.size()));
}

// Before the message parses it: protobuf would write a line to the error
// stream for each text that is not UTF-8, for anyone to fill a log with.
bool TextsAreUtf8(const google::protobuf::UnknownFieldSet& fields,
                  const google::protobuf::Descriptor& message) {
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    const FieldDescriptor* known = message.FindFieldByNumber(field.number());
    if (known == nullptr ||
        field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    const std::string& bytes = field.length_delimited();
    if (known->type() == FieldDescriptor::TYPE_STRING && !IsUtf8(bytes)) {
      return false;
    }
    if (known->type() != FieldDescriptor::TYPE_MESSAGE) continue;
    google::protobuf::UnknownFieldSet inner;
    if (!inner.ParseFromString(bytes) ||
        !TextsAreUtf8(inner, *known->message_type())) {
      return false;
    }
  }
  return true;
}

const uint8_t* BytesOf(absl::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

// The next length-delimited bytes of `in`, which reads `all`; absent if they
// end too early.
std::optional<absl::string_view> TakeBytes(absl::string_view all,
                                           CodedInputStream* in) {
  uint32_t size = 0;
  if (!in->ReadVarint32(&size)) return std::nullopt;
  const auto at = static_cast<size_t>(in->CurrentPosition());
  if (size > all.size() - at || !in->Skip(static_cast<int>(size))) {
    return std::nullopt;
  }
  return all.substr(at, size);
}

// What `value` holds, if that is one length-delimited field of that number.
std::optional<absl::string_view> BytesOfOneField(absl::string_view value,
                                                 uint32_t number) {
  CodedInputStream in(BytesOf(value), static_cast<int>(value.size()));
  if (in.ReadTag() !=
      WireFormatLite::MakeTag(static_cast<int>(number),
                              WireFormatLite::WIRETYPE_LENGTH_DELIMITED)) {
    return std::nullopt;
  }
  const auto bytes = TakeBytes(value, &in);
  if (static_cast<size_t>(in.CurrentPosition()) != value.size()) {
    return std::nullopt;
  }
  return bytes;
}

// Whether protobuf can read the bytes as that field without complaint, told
// without building anything: what a judge asks of every value of a push.
enum class Fit { kYes, kNo, kUnsure };
Fit FitOf(const FieldDescriptor& field, absl::string_view bytes) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) return Fit::kYes;
  if (field.type() == FieldDescriptor::TYPE_STRING) {
    return IsUtf8(bytes) ? Fit::kYes : Fit::kNo;
  }
  if (field.type() != FieldDescriptor::TYPE_MESSAGE) return Fit::kUnsure;
  CodedInputStream in(BytesOf(bytes), static_cast<int>(bytes.size()));
  Fit whole = Fit::kYes;
  while (const uint32_t tag = in.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) !=
        WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return Fit::kNo;
      continue;
    }
    const auto inner = TakeBytes(bytes, &in);
    if (!inner.has_value()) return Fit::kNo;
    const FieldDescriptor* known = field.message_type()->FindFieldByNumber(
        WireFormatLite::GetTagFieldNumber(tag));
    if (known == nullptr) continue;
    const Fit fit = FitOf(*known, *inner);
    if (fit == Fit::kNo) return Fit::kNo;
    if (fit == Fit::kUnsure) whole = Fit::kUnsure;
  }
  return in.ConsumedEntireMessage() ? whole : Fit::kNo;
}

// False unless `value` is exactly one well-formed field.
bool ParseOneField(absl::string_view value,
                   google::protobuf::UnknownFieldSet* fields) {
  return fields->ParseFromArray(value.data(), static_cast<int>(value.size())) &&
         fields->field_count() == 1;
}

absl::Status CheckText(const FieldDescriptor& field, absl::string_view text) {
  if (text.size() > kTextBytesMax) {
    return Error(Reason::kTooLarge,
                 absl::StrCat(field.name(), ": ", text.size(),
                              " bytes, the most is ", kTextBytesMax));
  }
  if (field.type() == FieldDescriptor::TYPE_STRING && !IsUtf8(text)) {
    return Error(Reason::kNotUtf8,
                 absl::StrCat(field.name(), ": the text is not UTF-8"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeField(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  VOUCH_CHECK(!field.is_repeated());
  if (!reflection.HasField(message, &field)) return "";
  return EncodeOne(message, field, 0);
}

std::string EncodeElement(const Message& message, const FieldDescriptor& field,
                          int index) {
  VOUCH_CHECK(field.is_repeated());
  return EncodeOne(message, field, index);
}

std::optional<uint32_t> OneFieldNumber(absl::string_view value) {
  google::protobuf::UnknownFieldSet fields;
  if (!ParseOneField(value, &fields)) return std::nullopt;
  return static_cast<uint32_t>(fields.field(0).number());
}

bool MergeValue(absl::string_view value, uint32_t number, Message* record) {
  const FieldDescriptor* field =
      record->GetDescriptor()->FindFieldByNumber(static_cast<int>(number));
  const std::optional<absl::string_view> text = BytesOfOneField(value, number);
  // Read over what is there, an empty value would take it away.
  const bool fresh =
      field != nullptr && (field->is_repeated() ||
                           !record->GetReflection()->HasField(*record, field));
  if (fresh && text.has_value()) {
    const Fit fit = FitOf(*field, *text);
    if (fit == Fit::kNo) return false;
    if (fit == Fit::kYes) {
      CodedInputStream in(BytesOf(value), static_cast<int>(value.size()));
      return record->MergePartialFromCodedStream(&in);
    }
  }
  google::protobuf::UnknownFieldSet fields;
  if (!ParseOneField(value, &fields) ||
      static_cast<uint32_t>(fields.field(0).number()) != number ||
      !TextsAreUtf8(fields, *record->GetDescriptor())) {
    return false;
  }
  std::unique_ptr<Message> alone(record->New());
  if (!alone->ParsePartialFromArray(value.data(),
                                    static_cast<int>(value.size()))) {
    return false;
  }
  // A known field of another wire type lands among the unknown ones.
  if (field != nullptr &&
      !alone->GetReflection()->GetUnknownFields(*alone).empty()) {
    return false;
  }
  record->MergeFrom(*alone);
  return true;
}

absl::Status CheckTexts(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::string scratch;
  for (const FieldDescriptor* field : fields) {
    const bool many = field->is_repeated();
    const int count = many ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        const std::string& text =
            many ? reflection.GetRepeatedStringReference(message, field, i,
                                                         &scratch)
                 : reflection.GetStringReference(message, field, &scratch);
        VOUCH_RETURN_IF_ERROR(CheckText(*field, text));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        VOUCH_RETURN_IF_ERROR(
            CheckTexts(many ? reflection.GetRepeatedMessage(message, field, i)
                            : reflection.GetMessage(message, field)));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace vouch
