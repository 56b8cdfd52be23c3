#include "client-lib/src/value_words.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/escaping.h"
#include "evidence/kinds.h"
#include "evidence/wire_field.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

const KindField* FieldOfKind(uint32_t kind_number, uint32_t field) {
  const Kind* kind = FindKind(kind_number);
  return kind == nullptr ? nullptr : kind->FindField(field);
}

bool IsParagraph(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_MESSAGE &&
         field.message_type() == v1::Paragraph::descriptor();
}

// One element of a field that is set in `message`.
std::string WordsOf(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
    const Message& inner =
        repeated ? reflection.GetRepeatedMessage(message, &field, 0)
                 : reflection.GetMessage(message, &field);
    if (IsParagraph(field)) {
      return static_cast<const v1::Paragraph&>(inner).text();
    }
    return inner.ShortDebugString();
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    std::string text = repeated
                           ? reflection.GetRepeatedString(message, &field, 0)
                           : reflection.GetString(message, &field);
    return field.type() == FieldDescriptor::TYPE_BYTES
               ? absl::BytesToHexString(text)
               : text;
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL && !repeated) {
    return reflection.GetBool(message, &field) ? "yes" : "no";
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM && !repeated) {
    return reflection.GetEnum(message, &field)->name();
  }
  return message.ShortDebugString();
}

bool IsSet(const Message& message, const FieldDescriptor& field) {
  return field.is_repeated()
             ? message.GetReflection()->FieldSize(message, &field) > 0
             : message.GetReflection()->HasField(message, &field);
}

}  // namespace

std::shared_ptr<const Message> MessageOfValue(uint32_t kind_number,
                                              uint32_t field,
                                              absl::string_view value) {
  const Kind* kind = FindKind(kind_number);
  if (kind == nullptr) return nullptr;
  std::unique_ptr<Message> message = kind->NewRecord();
  if (!value.empty()) MergeValue(value, field, message.get());
  return message;
}

std::shared_ptr<const Message> MessageOfFields(
    uint32_t kind_number, const std::vector<FieldView>& fields) {
  const Kind* kind = FindKind(kind_number);
  if (kind == nullptr) return nullptr;
  std::unique_ptr<Message> message = kind->NewRecord();
  for (const FieldView& field : fields) {
    if (field.path.size() != 1 || field.heads.empty()) continue;
    const std::string& value = field.heads.front().value;
    if (!value.empty()) MergeValue(value, field.path[0], message.get());
  }
  return message;
}

std::optional<std::string> TextOfValue(uint32_t kind, uint32_t number,
                                       absl::string_view value) {
  const KindField* field = FieldOfKind(kind, number);
  if (field == nullptr ||
      (field->descriptor->type() != FieldDescriptor::TYPE_STRING &&
       !IsParagraph(*field->descriptor))) {
    return std::nullopt;
  }
  if (value.empty()) return std::string();
  auto message = MessageOfValue(kind, number, value);
  if (!IsSet(*message, *field->descriptor)) return std::string();
  return WordsOf(*message, *field->descriptor);
}

std::string WordsOfValue(uint32_t kind, uint32_t number,
                         absl::string_view value) {
  const KindField* field = FieldOfKind(kind, number);
  if (field == nullptr) return absl::BytesToHexString(value);
  auto message = MessageOfValue(kind, number, value);
  if (!IsSet(*message, *field->descriptor)) return "";
  return WordsOf(*message, *field->descriptor);
}

std::optional<std::string> ValueOfText(uint32_t kind, uint32_t number,
                                       const std::optional<ElementId>& element,
                                       const std::string& text) {
  const KindField* field = FieldOfKind(kind, number);
  if (field == nullptr) return std::nullopt;
  std::unique_ptr<Message> message = FindKind(kind)->NewRecord();
  const Reflection& reflection = *message->GetReflection();
  if (IsParagraph(*field->descriptor) && element.has_value()) {
    auto* paragraph = static_cast<v1::Paragraph*>(
        reflection.AddMessage(message.get(), field->descriptor));
    paragraph->set_id(element->Bytes());
    paragraph->set_text(text);
    return EncodeElement(*message, *field->descriptor, 0);
  }
  if (field->descriptor->type() == FieldDescriptor::TYPE_STRING &&
      !field->descriptor->is_repeated()) {
    reflection.SetString(message.get(), field->descriptor, text);
    return EncodeField(*message, *field->descriptor);
  }
  return std::nullopt;
}

}  // namespace vouch
