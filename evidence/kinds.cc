#include "evidence/kinds.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"
#include "vouch/v1/assessment_records.pb.h"
#include "vouch/v1/records.pb.h"
#include "vouch/v1/reference.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Every message with the options of a kind, of the files that hold kinds: a
// file that is not here holds none.
std::vector<const Descriptor*> RecordDescriptors() {
  std::vector<const Descriptor*> all;
  for (const auto* file : {v1::Person::descriptor()->file(),
                           v1::InitialAssessment::descriptor()->file(),
                           v1::Verification::descriptor()->file(),
                           v1::SpecificationFile::descriptor()->file()}) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      const Descriptor* message = file->message_type(i);
      if (message->options().HasExtension(v1::kind)) all.push_back(message);
    }
  }
  return all;
}

std::string SpellingOf(absl::string_view name) {
  std::string out;
  for (char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !out.empty()) {
      out.push_back('-');
    }
    out.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string LettersOf(absl::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == '-' || c == '_' || c == ' ') continue;
    out.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

Kind MakeKind(const Descriptor& descriptor) {
  const v1::KindOptions& options = descriptor.options().GetExtension(v1::kind);
  Kind kind;
  kind.number = options.number();
  kind.name = descriptor.name();
  kind.spelling = SpellingOf(kind.name);
  kind.life = options.life();
  kind.scope = static_cast<ScopeKind>(options.scope());
  kind.evidence = options.evidence();
  kind.of_centre = options.of_centre();
  kind.descriptor = &descriptor;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor* field = descriptor.field(i);
    const v1::FieldOptions& edited = field->options().GetExtension(v1::field);
    if (edited.merge() == v1::MERGE_UNSPECIFIED) continue;
    kind.fields.push_back({static_cast<uint32_t>(field->number()),
                           edited.merge(), edited.needed_to_sign(),
                           edited.label(), edited.names_author(), edited.date(),
                           edited.size_bytes(), field});
  }
  std::sort(kind.fields.begin(), kind.fields.end(),
            [](const KindField& a, const KindField& b) {
              return a.number < b.number;
            });
  return kind;
}

const KindField* NamedField(const Kind& kind, const std::string& name) {
  const FieldDescriptor* field = kind.descriptor->FindFieldByName(name);
  VOUCH_CHECK(field != nullptr);
  const KindField* edited =
      kind.FindField(static_cast<uint32_t>(field->number()));
  VOUCH_CHECK(edited != nullptr);
  return edited;
}

// Pointers into `fields` only once the kind has its place.
void LinkFields(Kind* kind) {
  const auto& options = kind->descriptor->options().GetExtension(v1::kind);
  for (const std::string& name : options.key_fields()) {
    kind->key.push_back(NamedField(*kind, name));
  }
  if (!options.owner_field().empty()) {
    kind->owner = NamedField(*kind, options.owner_field());
  }
}

const std::vector<Kind>& Registry() {
  static const auto* registry = [] {
    auto* kinds = new std::vector<Kind>;
    for (const Descriptor* descriptor : RecordDescriptors()) {
      kinds->push_back(MakeKind(*descriptor));
    }
    std::sort(kinds->begin(), kinds->end(),
              [](const Kind& a, const Kind& b) { return a.number < b.number; });
    for (Kind& kind : *kinds) LinkFields(&kind);
    return kinds;
  }();
  return *registry;
}

// One value alone is its own key; several are told apart by their lengths.
std::string KeyOf(const std::vector<std::string>& values) {
  if (values.size() == 1) return values[0];
  ByteWriter out;
  for (const std::string& value : values) out.Prefixed(value);
  return out.Take();
}

// Options that ask for a certain type.
std::string OptionProblem(const FieldDescriptor& field, v1::Life life) {
  const auto& options = field.options().GetExtension(v1::field);
  const bool bytes = field.type() == FieldDescriptor::TYPE_BYTES;
  if (options.date() &&
      (field.type() != FieldDescriptor::TYPE_STRING || field.is_repeated())) {
    return "is a date and not a single text";
  }
  if (options.size_bytes() != 0 && !bytes) return "has a size and is not bytes";
  if (options.names_author() &&
      (!bytes || field.is_repeated() || life != v1::LIFE_SEALED ||
       !options.needed_to_sign())) {
    return "names the author and is not needed to sign as single bytes";
  }
  return "";
}

std::string FieldProblem(const FieldDescriptor& field, v1::Life life) {
  const auto& options = field.options().GetExtension(v1::field);
  const bool many = field.is_repeated();
  if (field.is_map() || field.real_containing_oneof() != nullptr) {
    return "maps and oneofs have no merge class";
  }
  if (options.label().empty()) return "has no label";
  if (options.needed_to_sign() && life != v1::LIFE_SEALED) {
    return "is needed to sign what is never signed";
  }
  const std::string misused = OptionProblem(field, life);
  if (!misused.empty()) return misused;
  switch (options.merge()) {
    case v1::MERGE_REGISTER:
      return many ? "is a register and repeated" : "";
    case v1::MERGE_SET:
      return many ? "" : "is a set and not repeated";
    case v1::MERGE_BLOCKS:
      return many && field.message_type() == v1::Paragraph::descriptor()
                 ? ""
                 : "is blocks and not repeated Paragraph";
    case v1::MERGE_LEDGER:
      if (life != v1::LIFE_LEDGER) return "is a ledger in no ledger kind";
      return many && field.message_type() != nullptr
                 ? ""
                 : "is a ledger and not a repeated message";
    case v1::MERGE_TRANSITION:
      if (life != v1::LIFE_LIVING) return "is a state in no living kind";
      return !many && field.enum_type() != nullptr
                 ? ""
                 : "is a transition and no single enum";
    default:
      return "has no merge class";
  }
}

void LedgerProblems(const Descriptor& descriptor,
                    std::vector<std::string>* problems) {
  const auto& options = descriptor.options().GetExtension(v1::kind);
  if (options.life() != v1::LIFE_LEDGER) return;
  int ledgers = 0;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    const v1::Merge merge = field.options().GetExtension(v1::field).merge();
    if (merge == v1::MERGE_LEDGER) {
      ++ledgers;
      continue;
    }
    const auto& key = options.key_fields();
    if (std::find(key.begin(), key.end(), field.name()) == key.end()) {
      problems->push_back(absl::StrCat(descriptor.name(), ".", field.name(),
                                       ": a ledger kind has only its key and "
                                       "its verdicts"));
    }
  }
  if (ledgers != 1) {
    problems->push_back(
        absl::StrCat(descriptor.name(), ": has ", ledgers, " ledgers"));
  }
}

void KeyProblems(const Descriptor& descriptor,
                 std::vector<std::string>* problems) {
  const auto& options = descriptor.options().GetExtension(v1::kind);
  for (const std::string& name : options.key_fields()) {
    const FieldDescriptor* field = descriptor.FindFieldByName(name);
    if (field == nullptr || field->is_repeated() ||
        field->cpp_type() != FieldDescriptor::CPPTYPE_STRING ||
        field->options().GetExtension(v1::field).merge() !=
            v1::MERGE_REGISTER) {
      problems->push_back(
          absl::StrCat(descriptor.name(), ": key ", name,
                       " is not a single register of text or bytes"));
    }
  }
}

// Who a record of a person's scope is about, and only such a record.
void OwnerProblems(const Descriptor& descriptor,
                   std::vector<std::string>* problems) {
  const auto& options = descriptor.options().GetExtension(v1::kind);
  const FieldDescriptor* field =
      descriptor.FindFieldByName(options.owner_field());
  const bool fits =
      options.scope() == v1::SCOPE_KIND_PERSON
          ? field != nullptr && !field->is_repeated() &&
                field->type() == FieldDescriptor::TYPE_BYTES &&
                field->options().GetExtension(v1::field).merge() ==
                    v1::MERGE_REGISTER
          : options.owner_field().empty();
  if (fits) return;
  problems->push_back(absl::StrCat(
      descriptor.name(), ": a person's record, and no other, has an owner"));
}

}  // namespace

const KindField* Kind::FindField(uint32_t field_number) const {
  for (const KindField& field : fields) {
    if (field.number == field_number) return &field;
  }
  return nullptr;
}

std::unique_ptr<Message> Kind::NewRecord() const {
  const Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(
          descriptor);
  VOUCH_CHECK(prototype != nullptr);
  return std::unique_ptr<Message>(prototype->New());
}

absl::Span<const Kind> Kinds() { return Registry(); }

const Kind* FindKind(uint32_t number) {
  for (const Kind& kind : Registry()) {
    if (kind.number == number) return &kind;
  }
  return nullptr;
}

const Kind* FindKindByName(absl::string_view name) {
  const std::string letters = LettersOf(name);
  for (const Kind& kind : Registry()) {
    if (LettersOf(kind.name) == letters) return &kind;
  }
  return nullptr;
}

const Kind* KindOf(const Message& record) {
  for (const Kind& kind : Registry()) {
    if (kind.descriptor == record.GetDescriptor()) return &kind;
  }
  return nullptr;
}

absl::StatusOr<RecordId> KeyedIdOf(const Message& record) {
  const Kind* kind = KindOf(record);
  if (kind == nullptr) {
    return Error(Reason::kKindUnknown, "this message is no record");
  }
  if (kind->key.empty()) {
    return Error(Reason::kMalformed,
                 absl::StrCat(kind->name, " has no key fields"));
  }
  std::vector<std::string> values;
  for (const KindField* field : kind->key) {
    values.push_back(
        record.GetReflection()->GetString(record, field->descriptor));
    if (values.back().empty()) {
      return Error(Reason::kMalformed,
                   absl::StrCat(kind->name, " needs its ", field->label));
    }
  }
  return KeyedRecordId(kind->number, KeyOf(values));
}

absl::StatusOr<RecordId> RecordIdOf(const Message& record, int64_t wall_ms,
                                    Random& random) {
  const Kind* kind = KindOf(record);
  if (kind != nullptr && kind->key.empty()) {
    return MintRecordId(wall_ms, random);
  }
  return KeyedIdOf(record);
}

RecordId CrossReferenceIdOf(const RecordId& evidence) {
  return KeyedRecordId(kCrossReferenceKind, evidence.view());
}

RecordId JudgementIdOf(const RecordId& evidence) {
  return KeyedRecordId(kJudgementKind, evidence.view());
}

RecordId UnitDecisionIdOf(const RecordId& registration,
                          absl::string_view unit) {
  return KeyedRecordId(kUnitDecisionKind,
                       KeyOf({registration.Bytes(), std::string(unit)}));
}

std::vector<std::string> KindProblems(
    absl::Span<const Descriptor* const> descriptors) {
  std::vector<std::string> problems;
  std::set<uint32_t> numbers;
  for (const Descriptor* descriptor : descriptors) {
    const auto& options = descriptor->options().GetExtension(v1::kind);
    const std::string& name = descriptor->name();
    if (options.number() == 0) {
      problems.push_back(absl::StrCat(name, ": has no number"));
    } else if (!numbers.insert(options.number()).second) {
      problems.push_back(absl::StrCat(name, ": number ", options.number(),
                                      " is another kind's"));
    }
    if (options.life() == v1::LIFE_UNSPECIFIED) {
      problems.push_back(absl::StrCat(name, ": has no way of life"));
    }
    if (options.scope() == v1::SCOPE_KIND_UNSPECIFIED) {
      problems.push_back(absl::StrCat(name, ": has no scope"));
    }
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor& field = *descriptor->field(i);
      const std::string problem = FieldProblem(field, options.life());
      if (!problem.empty()) {
        problems.push_back(
            absl::StrCat(name, ".", field.name(), ": ", problem));
      }
    }
    LedgerProblems(*descriptor, &problems);
    KeyProblems(*descriptor, &problems);
    OwnerProblems(*descriptor, &problems);
  }
  return problems;
}

}  // namespace vouch
