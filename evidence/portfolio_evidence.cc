#include "evidence/portfolio_evidence.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "evidence/readiness.h"
#include "evidence/testimony.h"

namespace vouch {
namespace {

using Remarks = std::vector<Remark>;

std::string TextOf(
    const google::protobuf::RepeatedPtrField<v1::Paragraph>& paragraphs) {
  std::string text;
  for (const v1::Paragraph& paragraph : paragraphs) {
    absl::StrAppend(&text, paragraph.text(), "\n");
  }
  return text;
}

// The text of the kind's field of that name; empty if it has none.
std::string TextOfField(const google::protobuf::Message& record,
                        const std::string& name) {
  const auto* field = record.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated() ||
      field->type() != google::protobuf::FieldDescriptor::TYPE_STRING) {
    return "";
  }
  return record.GetReflection()->GetString(record, field);
}

std::string LabelOf(const Kind& kind, const google::protobuf::Message& record) {
  std::string label = kind.spelling;
  std::replace(label.begin(), label.end(), '-', ' ');
  const std::string witness = TextOfField(record, "witness_name");
  if (!witness.empty()) return absl::StrCat(label, " by ", witness);
  for (const char* name : {"title", "venue"}) {
    const std::string text = TextOfField(record, name);
    if (!text.empty()) return absl::StrCat(label, ", ", text);
  }
  return label;
}

// Where the record stands in its life.
void StateReasons(const RecordView& view, Remarks* reasons) {
  switch (view.state) {
    case RecordState::kSealed:
      break;
    case RecordState::kWithdrawn:
      reasons->push_back({"withdrawn", "it was taken back"});
      return;
    case RecordState::kDiscarded:
      reasons->push_back({"discarded", "the draft was discarded"});
      return;
    default:
      if (!view.held.empty()) {
        reasons->push_back({"held_for_review", HeldWords(view.held.front())});
      }
      reasons->push_back({"not_signed", "it is not signed yet"});
      return;
  }
  for (const ConflictView& conflict : view.conflicts) {
    if (conflict.kind != ConflictView::Kind::kLifecycle) continue;
    reasons->push_back(
        {"withdrawal_contested", "whether it was taken back needs a decision"});
    return;
  }
}

// An erasure takes the words and leaves what was signed and judged.
void ReadinessReasons(const RecordView& view, Remarks* reasons) {
  if (view.state != RecordState::kSealed || view.has_erased_values) return;
  const auto record = ParseRecord(view);
  for (const MissingField& missing : MissingIn(*record)) {
    reasons->push_back({"incomplete", absl::StrCat("it was signed without its ",
                                                   missing.label)});
  }
}

bool IsBy(const RecordView& view, const PersonId& person) {
  auto by = [&](const auto& act) { return act.author == person; };
  if (std::any_of(view.creations.begin(), view.creations.end(), by) ||
      std::any_of(view.seals.begin(), view.seals.end(), by)) {
    return true;
  }
  for (const FieldView& field : view.fields) {
    if (std::any_of(field.heads.begin(), field.heads.end(), by)) return true;
  }
  return false;
}

bool IsFrom(const RecordView& view, absl::string_view device) {
  for (const FieldView& field : view.fields) {
    for (const ValueHead& head : field.heads) {
      if (head.device.view() == device) return true;
    }
  }
  return false;
}

void TestimonyRemarks(const PortfolioRecords& records, const RecordView& view,
                      const v1::WitnessStatement& statement,
                      EvidenceItem* item) {
  const v1::Registration& registration = records.registration();
  if (auto candidate = PersonId::FromBytes(registration.candidate_id())) {
    const v1::Person* person = records.FindPerson(*candidate);
    if (IsBy(view, *candidate)) {
      item->reasons.push_back(
          {"testimony_by_candidate", "a testimony written by its candidate"});
    } else if (person != nullptr && !person->device_id().empty() &&
               IsFrom(view, person->device_id())) {
      item->flags.push_back(
          {"candidates_device", "written on the candidate's own device"});
    }
  }
  if (ListsCriteria(TextOf(statement.description()), records.specification())) {
    item->flags.push_back({"lists_criteria",
                           "a witness describes what was done and claims no "
                           "criteria"});
  }
  if (ShareSurname(statement.witness_name(), registration.candidate_name())) {
    item->flags.push_back(
        {"shared_surname", "witness and candidate share a surname"});
  }
  std::string contact = statement.contact();
  if (auto id = RecordId::FromBytes(statement.witness())) {
    const RecordView* witness_view = records.Find(*id);
    auto witness = witness_view == nullptr
                       ? nullptr
                       : ParseRecordAs<v1::Witness>(*witness_view);
    if (witness != nullptr) absl::StrAppend(&contact, "\n", witness->contact());
  }
  if (ShareContact(contact, registration.contact())) {
    item->flags.push_back(
        {"shared_contact", "witness and candidate share a contact detail"});
  }
}

void ClockFlags(const Kind& kind, const google::protobuf::Message& record,
                const RecordView& view, Remarks* flags) {
  int64_t end = 0;
  for (const KindField& field : kind.fields) {
    if (field.descriptor->message_type() != v1::TimeSpan::descriptor()) {
      continue;
    }
    const auto& when = static_cast<const v1::TimeSpan&>(
        record.GetReflection()->GetMessage(record, field.descriptor));
    end = std::max({end, when.start_ms(), when.end_ms()});
  }
  for (const ActView& seal : view.seals) {
    if (seal.claimed_ms >= end) continue;
    flags->push_back(
        {"clock_anomaly", "by the clocks it was signed before it was over"});
    return;
  }
}

void CommonFlags(const RecordView& view, Remarks* flags) {
  if (view.state == RecordState::kSealed && !view.held.empty()) {
    flags->push_back({"part_held", absl::StrCat("a change of it is ",
                                                HeldWords(view.held.front()))});
  }
  if (!view.late_amendments.empty()) {
    flags->push_back({"edited_beside_signature",
                      "an edit made apart from the signature waits to be "
                      "adopted or dismissed"});
  }
  for (const FieldView& field : view.fields) {
    if (!field.contested) continue;
    flags->push_back({"contested", "what was edited apart needs a decision"});
    break;
  }
  if (view.sealed_apart_from_discard) {
    flags->push_back({"signed_beside_discard",
                      "someone discarded the draft while it was signed"});
  }
  if (view.needs_newer_app) {
    flags->push_back({"newer_app", "part of it needs a newer app to be read"});
  }
}

bool IsSimulated(const RecordView& view) {
  auto observation = ParseRecordAs<v1::Observation>(view);
  return observation != nullptr && observation->simulated();
}

}  // namespace

EvidenceItem DescribeEvidence(const PortfolioRecords& records,
                              const RecordId& id, const RecordView* view) {
  EvidenceItem item;
  item.record = id;
  if (view == nullptr) {
    item.label = "evidence that is not here";
    item.state = "not held here";
    item.reasons.push_back({"not_held", "this evidence is not held here"});
    return item;
  }
  item.state = std::string(RecordStateName(view->state));
  const Kind* kind = FindKind(view->kind);
  if (kind == nullptr) {
    item.label = "a record of a newer app";
    item.reasons.push_back({"newer_app", "it needs a newer app to be read"});
    return item;
  }
  item.kind = kind->spelling;
  const auto record = ParseRecord(*view);
  item.label = LabelOf(*kind, *record);
  if (!kind->evidence) {
    item.reasons.push_back({"not_evidence", absl::StrCat("a ", kind->spelling,
                                                         " is no evidence")});
    return item;
  }
  StateReasons(*view, &item.reasons);
  ReadinessReasons(*view, &item.reasons);
  CommonFlags(*view, &item.flags);
  if (auto statement = ParseRecordAs<v1::WitnessStatement>(*view)) {
    TestimonyRemarks(records, *view, *statement, &item);
  }
  ClockFlags(*kind, *record, *view, &item.flags);
  item.counts = item.reasons.empty();
  return item;
}

std::optional<Remark> UnitReason(const PortfolioRecords& records,
                                 const RecordView* view,
                                 absl::string_view unit) {
  if (records.units().count(std::string(unit)) == 0) {
    return Remark{"unit_not_registered",
                  absl::StrCat(unit, " is not one of the units registered")};
  }
  if (view == nullptr || !IsSimulated(*view)) return std::nullopt;
  const std::optional<bool> allowed =
      records.specification().AllowsSimulation(unit);
  if (allowed == true) return std::nullopt;
  if (!allowed.has_value()) {
    return Remark{"simulation_unknown",
                  "whether simulated evidence may count is not loaded"};
  }
  return Remark{"simulation_not_allowed",
                absl::StrCat("simulated evidence does not count for ", unit)};
}

}  // namespace vouch
