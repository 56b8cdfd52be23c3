#include "client-lib/cli/words.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "client-lib/cli/field_values.h"
#include "client-lib/cli/text_form.h"
#include "evidence/kinds.h"
#include "google/protobuf/descriptor.h"
#include "vouch/v1/records.pb.h"

namespace vouch::cli {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string SpanWords(const v1::TimeSpan& span) {
  if (span.end_ms() == 0) return TimeWords(span.start_ms());
  const absl::Time start = absl::FromUnixMillis(span.start_ms());
  const absl::Time end = absl::FromUnixMillis(span.end_ms());
  const absl::TimeZone utc = absl::UTCTimeZone();
  const bool one_day =
      absl::ToCivilDay(start, utc) == absl::ToCivilDay(end, utc);
  return absl::StrCat(
      absl::FormatTime("%Y-%m-%d %H:%M", start, utc), " to ",
      absl::FormatTime(one_day ? "%H:%M" : "%Y-%m-%d %H:%M", end, utc), " UTC");
}

std::string CriterionWords(const v1::CriterionReference& criterion) {
  return absl::StrCat(criterion.unit(), " ", criterion.criterion());
}

std::string PersonWords(const Id& id, const NameOf& name_of) {
  const std::string name = name_of(id);
  return name.empty() ? TextOfBytes(id) : name;
}

std::string EntryWords(const v1::JudgementEntry& entry, const NameOf& name_of) {
  std::vector<std::string> met, not_yet;
  for (const v1::CriterionOutcome& outcome : entry.outcomes()) {
    (outcome.met() ? met : not_yet)
        .push_back(CriterionWords(outcome.criterion()));
  }
  std::vector<std::string> parts;
  if (!met.empty()) parts.push_back("met: " + absl::StrJoin(met, ", "));
  if (!not_yet.empty()) {
    parts.push_back("not yet met: " + absl::StrJoin(not_yet, ", "));
  }
  std::string words = absl::StrCat(PersonWords(entry.assessor(), name_of),
                                   " judged ", absl::StrJoin(parts, "; "));
  if (!entry.justification().empty()) {
    absl::StrAppend(&words, " (", entry.justification(), ")");
  }
  return words;
}

std::string EntryWords(const v1::UnitDecisionEntry& entry,
                       const NameOf& name_of) {
  std::string words =
      absl::StrCat(PersonWords(entry.assessor(), name_of), " decided ",
                   entry.competent() ? "competent" : "not yet competent");
  if (!entry.justification().empty()) {
    absl::StrAppend(&words, " (", entry.justification(), ")");
  }
  return words;
}

std::string ValueWords(const Message& record, const FieldDescriptor& field,
                       int index, const NameOf& name_of);

// "percent: 25, unit: F1"
std::string PartWords(const Message& part, const NameOf& name_of) {
  std::vector<const FieldDescriptor*> fields;
  part.GetReflection()->ListFields(part, &fields);
  std::vector<std::string> words;
  for (const FieldDescriptor* field : fields) {
    const int count =
        field->is_repeated() ? part.GetReflection()->FieldSize(part, field) : 1;
    for (int i = 0; i < count; ++i) {
      words.push_back(
          absl::StrCat(absl::StrReplaceAll(field->name(), {{"_", " "}}), ": ",
                       ValueWords(part, *field, i, name_of)));
    }
  }
  return absl::StrJoin(words, ", ");
}

std::string MessageWords(const Message& value, const NameOf& name_of) {
  const auto* type = value.GetDescriptor();
  if (type == v1::Paragraph::descriptor()) {
    return static_cast<const v1::Paragraph&>(value).text();
  }
  if (type == v1::TimeSpan::descriptor()) {
    return SpanWords(static_cast<const v1::TimeSpan&>(value));
  }
  if (type == v1::CriterionReference::descriptor()) {
    return CriterionWords(static_cast<const v1::CriterionReference&>(value));
  }
  if (type == v1::JudgementEntry::descriptor()) {
    return EntryWords(static_cast<const v1::JudgementEntry&>(value), name_of);
  }
  if (type == v1::UnitDecisionEntry::descriptor()) {
    return EntryWords(static_cast<const v1::UnitDecisionEntry&>(value),
                      name_of);
  }
  return PartWords(value, name_of);
}

// The index-th value of the field, or its only one.
std::string ValueWords(const Message& record, const FieldDescriptor& field,
                       int index, const NameOf& name_of) {
  const Reflection& in = *record.GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageWords(many ? in.GetRepeatedMessage(record, &field, index)
                               : in.GetMessage(record, &field),
                          name_of);
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = many ? in.GetRepeatedString(record, &field, index)
                              : in.GetString(record, &field);
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        return PersonWords(text, name_of);
      }
      return text;
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return in.GetBool(record, &field) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(
          many ? in.GetRepeatedEnumValue(record, &field, index)
               : in.GetEnumValue(record, &field));
      return value == nullptr ? "(of a newer app)" : ChoiceWords(*value);
    }
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(many ? in.GetRepeatedUInt32(record, &field, index)
                               : in.GetUInt32(record, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(many ? in.GetRepeatedUInt64(record, &field, index)
                               : in.GetUInt64(record, &field));
    default:
      return "(see --json)";
  }
}

FieldWords FieldOf(const Message& record, const FieldDescriptor& field,
                   const NameOf& name_of) {
  FieldWords out;
  const int count = field.is_repeated()
                        ? record.GetReflection()->FieldSize(record, &field)
                        : 1;
  for (int i = 0; i < count; ++i) {
    out.lines.push_back(ValueWords(record, field, i, name_of));
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    out.lines = {absl::StrJoin(out.lines, ", ")};
  } else if (field.message_type() == v1::CriterionReference::descriptor()) {
    out.lines = {absl::StrJoin(out.lines, ", ")};
  }
  out.numbered = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                 field.message_type() == v1::Paragraph::descriptor();
  return out;
}

}  // namespace

std::vector<FieldWords> WordsOf(const Message& record, const NameOf& name_of) {
  std::vector<FieldWords> out;
  const Kind* kind = KindOf(record);
  std::vector<const FieldDescriptor*> fields;
  record.GetReflection()->ListFields(record, &fields);
  for (const FieldDescriptor* field : fields) {
    FieldWords words = FieldOf(record, *field, name_of);
    const KindField* of_kind =
        kind == nullptr
            ? nullptr
            : kind->FindField(static_cast<uint32_t>(field->number()));
    words.label = of_kind != nullptr ? of_kind->label : field->name();
    // A drawing and keys say nothing to a reader.
    if (field->name() == "drawn_signature") words.lines = {"(drawn)"};
    out.push_back(std::move(words));
  }
  return out;
}

std::string LabelOf(const Message& record) {
  const auto* type = record.GetDescriptor();
  for (const char* name :
       {"candidate_name", "name", "witness_name", "title", "venue", "unit"}) {
    const FieldDescriptor* field = type->FindFieldByName(name);
    if (field != nullptr && !field->is_repeated() &&
        field->type() == FieldDescriptor::TYPE_STRING) {
      return record.GetReflection()->GetString(record, field);
    }
  }
  return "";
}

std::string WordsOf(const ConflictOption& option, const NameOf& name_of) {
  if (option.value == nullptr) return option.words;
  std::vector<std::string> all;
  for (const FieldWords& field : WordsOf(*option.value, name_of)) {
    all.push_back(absl::StrJoin(field.lines, "\n"));
  }
  return all.empty() ? option.words : absl::StrJoin(all, "\n");
}

std::string TimeWords(int64_t ms) {
  if (ms == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixMillis(ms),
                          absl::UTCTimeZone());
}

std::string TimeJson(int64_t ms) {
  if (ms == 0) return "";
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", absl::FromUnixMillis(ms),
                          absl::UTCTimeZone());
}

}  // namespace vouch::cli
