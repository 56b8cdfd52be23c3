// Random edits of random records come back from the fold as they were typed.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "evidence/wire_field.h"
#include "gtest/gtest.h"
#include "tests/support/change_builder.h"

namespace vouch {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using test::Author;
using test::Notebook;
using test::RecordRef;

const RecordId kRegistration = test::IdOf<RecordId>("registration");

// Edits records of any kind that is edited, as a seed says.
class Scrambler {
 public:
  explicit Scrambler(uint32_t seed) : random_(seed) {}

  void Scramble(const Kind& kind, Message* record) {
    for (const KindField& field : kind.fields) {
      const bool is_key = std::any_of(
          kind.key.begin(), kind.key.end(),
          [&](const KindField* k) { return k->number == field.number; });
      if (is_key || Below(2) == 0) continue;
      if (field.descriptor->is_repeated()) {
        ScrambleRepeated(field, record);
      } else {
        ScrambleSingle(field, record);
      }
    }
  }

 private:
  size_t Below(size_t end) { return random_() % end; }
  std::string Text() {
    static const char* const kTexts[] = {
        "", "a", "b", "café", "שלום", "👩‍🔧", "a longer text"};
    return kTexts[Below(7)];
  }

  void ScrambleSingle(const KindField& field, Message* record) {
    const auto* reflection = record->GetReflection();
    const FieldDescriptor* d = field.descriptor;
    switch (d->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        reflection->SetString(record, d, Text());
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(record, d, Below(2) == 0);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection->SetUInt32(record, d, static_cast<uint32_t>(Below(3)));
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection->SetEnumValue(record, d, static_cast<int>(Below(9)));
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        reflection->ClearField(record, d);
        if (Below(3) == 0) break;
        Fill(reflection->MutableMessage(record, d));
        break;
      default:
        FAIL() << d->full_name();
    }
  }

  void ScrambleRepeated(const KindField& field, Message* record) {
    const auto* reflection = record->GetReflection();
    const FieldDescriptor* d = field.descriptor;
    for (size_t steps = Below(6); steps > 0; --steps) {
      const int size = reflection->FieldSize(*record, d);
      const size_t step = size == 0 ? 0 : Below(4);
      const int i = size == 0 ? 0 : static_cast<int>(Below(size));
      if (step == 0) {
        AddTo(d, record);
        MoveLast(d, static_cast<int>(Below(size + 1)), record);
      } else if (step == 1) {
        reflection->SwapElements(record, d, i, size - 1);
        reflection->RemoveLast(record, d);
      } else if (step == 2) {
        reflection->SwapElements(record, d, i, static_cast<int>(Below(size)));
      } else if (field.merge == v1::MERGE_BLOCKS) {
        static_cast<v1::Paragraph*>(
            reflection->MutableRepeatedMessage(record, d, i))
            ->set_text(Text());
      }
    }
  }

  void AddTo(const FieldDescriptor* d, Message* record) {
    const auto* reflection = record->GetReflection();
    if (d->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      reflection->AddString(record, d, Text());
    } else if (d->message_type() == v1::Paragraph::descriptor()) {
      static_cast<v1::Paragraph*>(reflection->AddMessage(record, d))
          ->set_text(Text());
    } else {
      Fill(reflection->AddMessage(record, d));
    }
  }

  // A part that merges as a whole: its plain fields.
  void Fill(Message* part) {
    const auto* reflection = part->GetReflection();
    for (int i = 0; i < part->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* d = part->GetDescriptor()->field(i);
      if (d->is_repeated()) {
        AddTo(d, part);
        continue;
      }
      switch (d->cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING:
          reflection->SetString(part, d, Text());
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          reflection->SetInt64(part, d, static_cast<int64_t>(Below(3)));
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          reflection->SetUInt64(part, d, Below(3));
          break;
        case FieldDescriptor::CPPTYPE_UINT32:
          reflection->SetUInt32(part, d, static_cast<uint32_t>(Below(3)));
          break;
        case FieldDescriptor::CPPTYPE_ENUM:
          reflection->SetEnumValue(part, d, static_cast<int>(Below(9)));
          break;
        default:
          FAIL() << d->full_name();
      }
    }
  }

  static void MoveLast(const FieldDescriptor* d, int to, Message* record) {
    const auto* reflection = record->GetReflection();
    for (int i = reflection->FieldSize(*record, d) - 1; i > to; --i) {
      reflection->SwapElements(record, d, i, i - 1);
    }
  }

  std::mt19937 random_;
};

// A set's elements in order, once each; paragraphs without their ids.
std::vector<std::string> Essence(const Kind& kind, const Message& record) {
  std::vector<std::string> essence;
  for (const KindField& field : kind.fields) {
    essence.push_back(field.label);
    if (!field.descriptor->is_repeated()) {
      essence.push_back(EncodeField(record, *field.descriptor));
      continue;
    }
    std::vector<std::string> elements;
    const int size =
        record.GetReflection()->FieldSize(record, field.descriptor);
    for (int i = 0; i < size; ++i) {
      if (field.merge == v1::MERGE_BLOCKS) {
        elements.push_back(static_cast<const v1::Paragraph&>(
                               record.GetReflection()->GetRepeatedMessage(
                                   record, field.descriptor, i))
                               .text());
      } else {
        elements.push_back(EncodeElement(record, *field.descriptor, i));
      }
    }
    if (field.merge == v1::MERGE_SET) {
      std::sort(elements.begin(), elements.end());
      elements.erase(std::unique(elements.begin(), elements.end()),
                     elements.end());
    }
    essence.insert(essence.end(), elements.begin(), elements.end());
  }
  return essence;
}

TEST(EditingProperty, AnyEditComesBackFromTheFoldAsItWasTyped) {
  for (const Kind& kind : Kinds()) {
    if (kind.life == v1::LIFE_LEDGER) continue;
    for (uint32_t seed = 0; seed < 60; ++seed) {
      SCOPED_TRACE(absl::StrCat(kind.name, " seed ", seed));
      Author author(absl::StrCat(kind.name, seed));
      Notebook notebook(&author);
      Scrambler scrambler(seed);
      std::unique_ptr<Message> record = kind.NewRecord();
      for (const KindField* key : kind.key) {
        const bool text =
            key->descriptor->type() == FieldDescriptor::TYPE_STRING;
        record->GetReflection()->SetString(record.get(), key->descriptor,
                                           text ? "F1" : kRegistration.Bytes());
      }
      scrambler.Scramble(kind, record.get());
      const RecordRef ref = notebook.Starts(*record, kRegistration);
      for (int edit = 0; edit < 4; ++edit) {
        const auto shown = ParseRecord(notebook.View(ref));
        ASSERT_EQ(Essence(kind, *shown), Essence(kind, *record)) << edit;
        record.reset(shown->New());
        record->CopyFrom(*shown);
        scrambler.Scramble(kind, record.get());
        const RecordView view = notebook.View(ref);
        auto operations = DiffRecord(&view, *record, author.random());
        ASSERT_TRUE(operations.ok()) << operations.status();
        if (!operations->empty()) notebook.Does(ref, *operations);
      }
    }
  }
}

}  // namespace
}  // namespace vouch
