#include "tests/unit/whole_records.h"

#include "gtest/gtest.h"
#include "vouch/v1/records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch::test {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string TextFor(const KindField& field, const std::string& person) {
  if (field.names_author) return person;
  if (field.date) return "2026-09-01";
  if (field.size_bytes != 0) return std::string(field.size_bytes, 'i');
  return field.descriptor->type() == FieldDescriptor::TYPE_BYTES ? person
                                                                 : "words";
}

void FillMessage(const KindField& field, Message* record) {
  const auto* reflection = record->GetReflection();
  Message* part = field.descriptor->is_repeated()
                      ? reflection->AddMessage(record, field.descriptor)
                      : reflection->MutableMessage(record, field.descriptor);
  if (auto* paragraph = dynamic_cast<v1::Paragraph*>(part)) {
    paragraph->set_text("words");
  } else if (auto* span = dynamic_cast<v1::TimeSpan*>(part)) {
    span->set_start_ms(1000);
    span->set_end_ms(2000);
  } else if (auto* seed = dynamic_cast<v1::SampleSeed*>(part)) {
    seed->set_root(std::string(32, 'r'));
    seed->set_log_size(7);
  } else if (auto* share = dynamic_cast<v1::SamplingShare*>(part)) {
    share->set_percent(25);
  } else {
    ADD_FAILURE() << "nothing is known of " << part->GetTypeName();
  }
}

void Fill(const KindField& field, const std::string& person, Message* record) {
  const auto* reflection = record->GetReflection();
  const FieldDescriptor* d = field.descriptor;
  switch (d->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      d->is_repeated()
          ? reflection->AddString(record, d, TextFor(field, person))
          : reflection->SetString(record, d, TextFor(field, person));
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->SetBool(record, d, true);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->SetUInt32(record, d, 1);
    case FieldDescriptor::CPPTYPE_ENUM:
      // The last choice of each asks for nothing more.
      return reflection->SetEnumValue(
          record, d,
          d->enum_type()->full_name() == "vouch.v1.VerificationOutcome"
              ? v1::VERIFICATION_OUTCOME_AGREE
              : d->enum_type()
                    ->value(d->enum_type()->value_count() - 1)
                    ->number());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillMessage(field, record);
    default:
      ADD_FAILURE() << "nothing is known of " << d->full_name();
  }
}

}  // namespace

std::unique_ptr<Message> WholeRecord(const Kind& kind,
                                     const std::string& person) {
  std::unique_ptr<Message> record = kind.NewRecord();
  for (const KindField& field : kind.fields) {
    if (field.needed_to_sign) Fill(field, person, record.get());
  }
  // What a choice made above needs in its turn.
  if (auto* statement = dynamic_cast<v1::WitnessStatement*>(record.get())) {
    statement->set_written_on("2026-09-01");
    statement->set_held_by("Ann Assessor");
  }
  return record;
}

}  // namespace vouch::test
