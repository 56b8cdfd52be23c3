#include "evidence/missing_collector.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/civil_time.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// "an observation", "a work product".
std::string WithArticle(const std::string& spelling) {
  const bool vowel =
      absl::string_view("aeiou").find(spelling[0]) != absl::string_view::npos;
  return absl::StrCat(vowel ? "an " : "a ",
                      absl::StrReplaceAll(spelling, {{"-", " "}}));
}

bool IsTimeSpan(const KindField& field) {
  return !field.descriptor->is_repeated() &&
         field.descriptor->message_type() == v1::TimeSpan::descriptor();
}

}  // namespace

void MissingCollector::Require(bool there, int field, absl::string_view why) {
  if (there) return;
  MissingField missing;
  missing.field = static_cast<uint32_t>(field);
  missing.label = LabelOf(missing.field);
  missing.why = std::string(why);
  found_.push_back(std::move(missing));
}

void MissingCollector::RequireMarked() {
  for (const KindField& field : kind_->fields) {
    if (!field.needed_to_sign || IsFilled(field)) continue;
    Require(false, static_cast<int>(field.number),
            absl::StrCat(WithArticle(kind_->spelling), " is signed with its ",
                         field.label));
  }
  RequireForms();
}

void MissingCollector::RequireForms() {
  const Reflection& reflection = *record_.GetReflection();
  for (const KindField& field : kind_->fields) {
    if (!IsFilled(field)) continue;
    const int number = static_cast<int>(field.number);
    if (field.date) {
      Require(IsCalendarDay(reflection.GetString(record_, field.descriptor)),
              number, "write the date like 2026-09-01");
    }
    if (field.size_bytes != 0) {
      Require(HasItsSize(field), number,
              absl::StrCat("it is not the ", field.size_bytes,
                           " bytes that name it"));
    }
    if (IsTimeSpan(field)) {
      const auto& when = static_cast<const v1::TimeSpan&>(
          reflection.GetMessage(record_, field.descriptor));
      Require(when.start_ms() != 0, number, "say when it started");
      Require(when.end_ms() == 0 || when.end_ms() >= when.start_ms(), number,
              "it cannot end before it starts");
    }
  }
}

std::string MissingCollector::LabelOf(uint32_t number) const {
  const KindField* field =
      kind_ == nullptr ? nullptr : kind_->FindField(number);
  if (field != nullptr) return field->label;
  const FieldDescriptor* plain =
      record_.GetDescriptor()->FindFieldByNumber(static_cast<int>(number));
  return plain == nullptr ? "" : plain->name();
}

bool MissingCollector::IsFilled(const KindField& field) const {
  const Reflection& reflection = *record_.GetReflection();
  if (field.descriptor->is_repeated()) {
    const int size = reflection.FieldSize(record_, field.descriptor);
    if (field.merge != v1::MERGE_BLOCKS) return size > 0;
    for (int i = 0; i < size; ++i) {
      const auto& paragraph = static_cast<const v1::Paragraph&>(
          reflection.GetRepeatedMessage(record_, field.descriptor, i));
      if (!IsBlank(paragraph.text())) return true;
    }
    return false;
  }
  if (field.descriptor->type() == FieldDescriptor::TYPE_STRING) {
    return !IsBlank(reflection.GetString(record_, field.descriptor));
  }
  return reflection.HasField(record_, field.descriptor);
}

bool MissingCollector::HasItsSize(const KindField& field) const {
  const Reflection& reflection = *record_.GetReflection();
  if (!field.descriptor->is_repeated()) {
    return reflection.GetString(record_, field.descriptor).size() ==
           field.size_bytes;
  }
  const int size = reflection.FieldSize(record_, field.descriptor);
  for (int i = 0; i < size; ++i) {
    if (reflection.GetRepeatedString(record_, field.descriptor, i).size() !=
        field.size_bytes) {
      return false;
    }
  }
  return true;
}

bool IsBlank(absl::string_view text) {
  return absl::StripAsciiWhitespace(text).empty();
}

bool IsCalendarDay(const std::string& text) {
  absl::CivilDay day;
  return absl::ParseCivilTime(text, &day) && absl::FormatCivilTime(day) == text;
}

}  // namespace vouch
