#include "client-lib/cli/field_values.h"

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status Malformed(absl::string_view what) {
  return Error(Reason::kMalformed, what);
}

struct Assignment {
  std::string name;
  std::string value;
};

absl::StatusOr<Assignment> Split(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) {
    return Malformed(
        absl::StrCat("\"", text, "\" is not of the form ", "name=value"));
  }
  return Assignment{std::string(text.substr(0, equals)),
                    std::string(text.substr(equals + 1))};
}

std::string FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    names.push_back(type.field(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

absl::StatusOr<const FieldDescriptor*> FindField(const Message& record,
                                                 absl::string_view name) {
  const Descriptor& type = *record.GetDescriptor();
  const FieldDescriptor* field =
      type.FindFieldByName(absl::StrReplaceAll(name, {{"-", "_"}}));
  if (field == nullptr) {
    return Malformed(absl::StrCat(type.name(), " has no field \"", name,
                                  "\"; there are: ", FieldNames(type)));
  }
  return field;
}

bool IsOf(const FieldDescriptor& field, const Descriptor* type) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type() == type;
}

bool IsParagraphs(const FieldDescriptor& field) {
  return field.is_repeated() && IsOf(field, v1::Paragraph::descriptor());
}

// The years 0001 to 9999: those that can be shown as they are typed. Besides
// longer ones, absl takes "infinite-future" for a time.
constexpr int64_t kTimeMsMin = -62135596800000;
constexpr int64_t kTimeMsMax = 253402300799999;

absl::StatusOr<int64_t> ParseTimeMs(absl::string_view text,
                                    absl::string_view day) {
  absl::Time time;
  std::string ignored;
  const std::string whole = text.size() <= 5 && !day.empty()
                                ? absl::StrCat(day, "T", text)
                                : std::string(text);
  for (absl::string_view format :
       {"%Y-%m-%d%ET%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d%ET%H:%M:%E*S%Ez"}) {
    if (absl::ParseTime(format, whole, absl::UTCTimeZone(), &time, &ignored) &&
        time >= absl::FromUnixMillis(kTimeMsMin) &&
        time <= absl::FromUnixMillis(kTimeMsMax)) {
      return absl::ToUnixMillis(time);
    }
  }
  return Malformed(
      absl::StrCat("\"", text, "\" is no time like 2026-09-01T10:00"));
}

absl::Status ParseSpan(absl::string_view text, v1::TimeSpan* span) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() > 2) return Malformed("times are START or START/END");
  VOUCH_ASSIGN_OR_RETURN(int64_t start, ParseTimeMs(parts[0], ""));
  span->set_start_ms(start);
  if (parts.size() == 2) {
    VOUCH_ASSIGN_OR_RETURN(
        int64_t end,
        ParseTimeMs(parts[1], absl::string_view(parts[0]).substr(0, 10)));
    span->set_end_ms(end);
  }
  return absl::OkStatus();
}

// Adds one value to a list, or sets a single one.
class Setter {
 public:
  Setter(const FieldDescriptor& field, const IdLookup& lookup, Message* record)
      : field_(field),
        lookup_(lookup),
        record_(record),
        reflection_(*record->GetReflection()) {}

  absl::Status Put(const std::string& text) {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return PutText(text);
      case FieldDescriptor::CPPTYPE_BOOL:
        return PutBool(text);
      case FieldDescriptor::CPPTYPE_ENUM:
        return PutChoice(text);
      case FieldDescriptor::CPPTYPE_UINT32:
        return PutNumber(text);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return PutMessage(text);
      default:
        return NeedsJson();
    }
  }

 private:
  absl::Status PutText(const std::string& text) {
    std::string value = text;
    if (field_.type() == FieldDescriptor::TYPE_BYTES) {
      VOUCH_ASSIGN_OR_RETURN(value, lookup_(text));
    }
    field_.is_repeated()
        ? reflection_.AddString(record_, &field_, std::move(value))
        : reflection_.SetString(record_, &field_, std::move(value));
    return absl::OkStatus();
  }

  absl::Status PutBool(const std::string& text) {
    bool value = false;
    if (field_.is_repeated()) return NeedsJson();
    if (!absl::SimpleAtob(text, &value))
      return Malformed(
          absl::StrCat(field_.name(), " is yes or no, not \"", text, "\""));
    reflection_.SetBool(record_, &field_, value);
    return absl::OkStatus();
  }

  absl::Status PutChoice(const std::string& text) {
    if (field_.is_repeated()) return NeedsJson();
    VOUCH_ASSIGN_OR_RETURN(int value, ParseChoice(*field_.enum_type(), text));
    reflection_.SetEnumValue(record_, &field_, value);
    return absl::OkStatus();
  }

  absl::Status PutNumber(const std::string& text) {
    uint32_t value = 0;
    if (field_.is_repeated()) return NeedsJson();
    if (!absl::SimpleAtoi(text, &value)) {
      return Malformed(
          absl::StrCat(field_.name(), " is a number, not \"", text, "\""));
    }
    reflection_.SetUInt32(record_, &field_, value);
    return absl::OkStatus();
  }

  absl::Status PutMessage(const std::string& text) {
    if (IsOf(field_, v1::TimeSpan::descriptor()) && !field_.is_repeated()) {
      return ParseSpan(text, static_cast<v1::TimeSpan*>(
                                 reflection_.MutableMessage(record_, &field_)));
    }
    if (IsOf(field_, v1::CriterionReference::descriptor()) &&
        field_.is_repeated()) {
      VOUCH_ASSIGN_OR_RETURN(auto criteria, ParseCriteria(text));
      for (const v1::CriterionReference& criterion : criteria) {
        reflection_.AddMessage(record_, &field_)->CopyFrom(criterion);
      }
      return absl::OkStatus();
    }
    return NeedsJson();
  }

  absl::Status NeedsJson() const {
    return Malformed(absl::StrCat(
        field_.name(), " cannot be typed as text; give it with --json-file"));
  }

  const FieldDescriptor& field_;
  const IdLookup& lookup_;
  Message* const record_;
  const Reflection& reflection_;
};

// The field of that name, or the only one of paragraphs for none.
absl::StatusOr<const FieldDescriptor*> ParagraphField(const Message& record,
                                                      absl::string_view name) {
  if (!name.empty()) {
    VOUCH_ASSIGN_OR_RETURN(const FieldDescriptor* field,
                           FindField(record, name));
    if (!IsParagraphs(*field)) {
      return Malformed(
          absl::StrCat(name, " does not hold paragraphs; use ", "--field"));
    }
    return field;
  }
  const Descriptor& type = *record.GetDescriptor();
  const FieldDescriptor* found = nullptr;
  for (int i = 0; i < type.field_count(); ++i) {
    if (!IsParagraphs(*type.field(i))) continue;
    if (found != nullptr) return Malformed("say which field: field:N=text");
    found = type.field(i);
  }
  if (found == nullptr) {
    return Malformed(absl::StrCat("a ", type.name(), " has no paragraphs"));
  }
  return found;
}

}  // namespace

absl::Status SetField(absl::string_view assignment, const IdLookup& lookup,
                      Message* record) {
  VOUCH_ASSIGN_OR_RETURN(Assignment set, Split(assignment));
  VOUCH_ASSIGN_OR_RETURN(const FieldDescriptor* field,
                         FindField(*record, set.name));
  record->GetReflection()->ClearField(record, field);
  if (set.value.empty()) return absl::OkStatus();
  if (IsParagraphs(*field)) {
    return AddText(absl::StrCat(set.name, "=", set.value), record);
  }
  Setter setter(*field, lookup, record);
  if (!field->is_repeated() ||
      field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return setter.Put(set.value);
  }
  for (absl::string_view item : absl::StrSplit(set.value, ',')) {
    item = absl::StripAsciiWhitespace(item);
    if (item.empty()) continue;
    VOUCH_RETURN_IF_ERROR(setter.Put(std::string(item)));
  }
  return absl::OkStatus();
}

absl::Status AddText(absl::string_view assignment, Message* record) {
  VOUCH_ASSIGN_OR_RETURN(Assignment set, Split(assignment));
  VOUCH_ASSIGN_OR_RETURN(const FieldDescriptor* field,
                         ParagraphField(*record, set.name));
  auto* paragraph = static_cast<v1::Paragraph*>(
      record->GetReflection()->AddMessage(record, field));
  paragraph->set_text(set.value);
  return absl::OkStatus();
}

absl::Status EditParagraph(absl::string_view assignment, Message* record) {
  VOUCH_ASSIGN_OR_RETURN(Assignment set, Split(assignment));
  const std::vector<std::string> parts = absl::StrSplit(set.name, ':');
  uint32_t number = 0;
  if (parts.size() > 2 || !absl::SimpleAtoi(parts.back(), &number)) {
    return Malformed("a paragraph is given as N=text or field:N=text");
  }
  VOUCH_ASSIGN_OR_RETURN(
      const FieldDescriptor* field,
      ParagraphField(*record, parts.size() == 2 ? parts[0] : ""));
  const Reflection& reflection = *record->GetReflection();
  const int count = reflection.FieldSize(*record, field);
  if (number < 1 || number > static_cast<uint32_t>(count)) {
    return Malformed(absl::StrCat("there is no paragraph ", number, "; ",
                                  field->name(), " has ", count));
  }
  const int index = static_cast<int>(number) - 1;
  if (!set.value.empty()) {
    static_cast<v1::Paragraph*>(
        reflection.MutableRepeatedMessage(record, field, index))
        ->set_text(set.value);
    return absl::OkStatus();
  }
  for (int i = index; i + 1 < count; ++i) {
    reflection.SwapElements(record, field, i, i + 1);
  }
  reflection.RemoveLast(record, field);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::CriterionReference>> ParseCriteria(
    absl::string_view text) {
  std::vector<v1::CriterionReference> criteria;
  for (absl::string_view item :
       absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const std::vector<std::string> parts =
        absl::StrSplit(absl::StripAsciiWhitespace(item), ':');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      return Malformed(
          absl::StrCat("\"", item, "\" is no criterion like F1:1.2"));
    }
    v1::CriterionReference& criterion = criteria.emplace_back();
    criterion.set_unit(parts[0]);
    criterion.set_criterion(parts[1]);
  }
  return criteria;
}

namespace {

// "WITNESS_SIGNATURE_KIND_", which every value of the enum starts with.
std::string ChoicePrefix(const EnumDescriptor& choices) {
  std::string prefix = choices.value(0)->name();
  const absl::string_view end = "UNSPECIFIED";
  if (absl::EndsWith(prefix, end)) prefix.resize(prefix.size() - end.size());
  return prefix;
}

}  // namespace

absl::StatusOr<int> ParseChoice(const EnumDescriptor& choices,
                                absl::string_view text) {
  const std::string wanted = absl::AsciiStrToUpper(
      absl::StrReplaceAll(text, {{"-", "_"}, {" ", "_"}}));
  std::vector<std::string> known;
  for (int i = 1; i < choices.value_count(); ++i) {
    const EnumValueDescriptor& value = *choices.value(i);
    if (value.name() == wanted ||
        value.name() == absl::StrCat(ChoicePrefix(choices), wanted)) {
      return value.number();
    }
    known.push_back(absl::StrReplaceAll(ChoiceWords(value), {{" ", "-"}}));
  }
  return Malformed(
      absl::StrCat("\"", text, "\" is none of: ", absl::StrJoin(known, ", ")));
}

std::string ChoiceWords(const EnumValueDescriptor& value) {
  std::string name = value.name();
  const std::string prefix = ChoicePrefix(*value.type());
  if (absl::StartsWith(name, prefix)) name = name.substr(prefix.size());
  return absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", " "}}));
}

}  // namespace vouch::cli
