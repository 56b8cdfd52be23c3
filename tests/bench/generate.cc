#include "tests/bench/generate.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/json_util.h"
#include "sync/base/check.h"
#include "tests/bench/phrases.h"

namespace vouch::bench {
namespace {

constexpr size_t kIdBytes = 16;
constexpr int64_t kFirstDayMs = 1'788'220'800'000;  // 1 September 2026
constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr uint64_t kDays = 28;

absl::string_view Pick(absl::Span<const absl::string_view> from, Dice* dice) {
  return from[dice->Below(from.size())];
}

std::string NameOf(Dice* dice) {
  const absl::string_view given = Pick(GivenNames(), dice);
  return absl::StrCat(given, " ", Pick(FamilyNames(), dice));
}

std::string Filled(absl::string_view sentence, Dice* dice) {
  std::string out;
  for (size_t i = 0; i < sentence.size(); ++i) {
    if (sentence[i] != '{') {
      out += sentence[i];
      continue;
    }
    std::string piece(Pick(PiecesFor(sentence[i + 1]), dice));
    // Within a sentence: "waited with an older customer".
    if (!out.empty() && sentence[i + 1] == 'c') piece[0] |= 0x20;
    out += piece;
    i += 2;
  }
  return out;
}

std::string DateOf(int64_t ms) {
  return absl::StrFormat("2026-09-%02d", 1 + (ms - kFirstDayMs) / kDayMs);
}

absl::string_view NameOf(GeneratedKind kind) {
  switch (kind) {
    case GeneratedKind::kRegistration:
      return "Registration";
    case GeneratedKind::kObservation:
      return "Observation";
    case GeneratedKind::kWitnessStatement:
      return "WitnessStatement";
    case GeneratedKind::kAssessmentPlan:
      return "AssessmentPlan";
  }
  return "";
}

}  // namespace

std::string Dice::Bytes(size_t size) {
  std::string out;
  while (out.size() < size) {
    const uint64_t word = Next();
    for (int i = 0; i < 8; ++i) out += static_cast<char>(word >> (8 * i));
  }
  out.resize(size);
  return out;
}

std::string RecordGenerator::Text(int sentences) {
  std::string out;
  for (int i = 0; i < sentences; ++i) {
    if (i > 0) out += ' ';
    out += Filled(Pick(Sentences(), &dice_), &dice_);
  }
  return out;
}

template <typename Paragraphs>
void RecordGenerator::Write(int paragraphs, Paragraphs* out) {
  for (int i = 0; i < paragraphs; ++i) {
    v1::Paragraph* paragraph = out->Add();
    paragraph->set_id(dice_.Bytes(kIdBytes));
    paragraph->set_text(Text(2 + static_cast<int>(dice_.Below(2))));
  }
}

v1::TimeSpan RecordGenerator::When() {
  v1::TimeSpan when;
  const auto day = static_cast<int64_t>(dice_.Below(kDays));
  const auto start = static_cast<int64_t>(8 * 60 + dice_.Below(9 * 60));
  const auto lasts = static_cast<int64_t>(20 + dice_.Below(100));
  when.set_start_ms(kFirstDayMs + day * kDayMs + start * kMinuteMs);
  when.set_end_ms(when.start_ms() + lasts * kMinuteMs);
  return when;
}

v1::Registration RecordGenerator::Registration() {
  v1::Registration out;
  out.set_candidate_name(NameOf(&dice_));
  out.set_specification("03455");
  out.set_specification_version(1);
  for (absl::string_view unit : Units()) {
    if (dice_.Below(2) == 0) out.add_units(std::string(unit));
  }
  out.set_start_date(DateOf(When().start_ms()));
  out.set_contact(absl::StrFormat("01632 96%04d", dice_.Below(10'000)));
  Write(4, out.mutable_statement());
  out.set_state(v1::REGISTRATION_STATE_REGISTERED);
  return out;
}

v1::Observation RecordGenerator::Observation() {
  v1::Observation out;
  out.set_observer(observer_.empty() ? dice_.Bytes(kIdBytes) : observer_);
  out.set_candidate(NameOf(&dice_));
  *out.mutable_when() = When();
  out.set_venue(std::string(Pick(PiecesFor('p'), &dice_)));
  Write(4 + static_cast<int>(dice_.Below(3)), out.mutable_narrative());
  if (dice_.Below(8) == 0) {
    out.set_simulated(true);
    out.set_simulation_reason("The real thing happens too seldom to wait for.");
    out.set_realism_confirmed(true);
  }
  out.set_candidate_acknowledgement(Text(1));
  return out;
}

v1::WitnessStatement RecordGenerator::Statement() {
  v1::WitnessStatement out;
  out.set_candidate(NameOf(&dice_));
  *out.mutable_when() = When();
  out.set_venue(std::string(Pick(PiecesFor('p'), &dice_)));
  Write(4 + static_cast<int>(dice_.Below(3)), out.mutable_description());
  out.set_written_on(DateOf(out.when().start_ms()));
  out.set_witness_name(NameOf(&dice_));
  out.set_relationship("Works with the candidate");
  out.set_job_title(std::string(Pick(JobTitles(), &dice_)));
  out.set_contact(absl::StrFormat("01632 96%04d", dice_.Below(10'000)));
  out.set_signature_kind(dice_.Below(2) == 0
                             ? v1::WITNESS_SIGNATURE_KIND_VERBAL
                             : v1::WITNESS_SIGNATURE_KIND_PAPER);
  out.set_held_by(NameOf(&dice_));
  return out;
}

v1::AssessmentPlan RecordGenerator::Plan() {
  v1::AssessmentPlan out;
  const uint64_t first = dice_.Below(Units().size() - 3);
  for (uint64_t i = 0; i < 3; ++i) {
    out.add_units(std::string(Units()[first + i]));
  }
  Write(4 + static_cast<int>(dice_.Below(3)), out.mutable_activities());
  out.set_supervisor_informed(dice_.Below(2) == 0);
  return out;
}

GeneratedRecord RecordGenerator::Next() {
  if (dice_.Below(20) == 0) return Make(GeneratedKind::kRegistration);
  return NextEvidence();
}

GeneratedRecord RecordGenerator::NextEvidence() {
  const uint64_t side = dice_.Below(8);
  if (side == 0) return Make(GeneratedKind::kAssessmentPlan);
  return Make(side <= 2 ? GeneratedKind::kWitnessStatement
                        : GeneratedKind::kObservation);
}

GeneratedRecord RecordGenerator::Make(GeneratedKind kind) {
  switch (kind) {
    case GeneratedKind::kRegistration:
      return {kind, std::make_unique<v1::Registration>(Registration())};
    case GeneratedKind::kObservation:
      return {kind, std::make_unique<v1::Observation>(Observation())};
    case GeneratedKind::kWitnessStatement:
      return {kind, std::make_unique<v1::WitnessStatement>(Statement())};
    case GeneratedKind::kAssessmentPlan:
      return {kind, std::make_unique<v1::AssessmentPlan>(Plan())};
  }
  return {kind, nullptr};
}

std::string JsonLineOf(const GeneratedRecord& record) {
  std::string json;
  VOUCH_CHECK(
      google::protobuf::util::MessageToJsonString(*record.message, &json).ok());
  return absl::StrCat("{\"kind\":\"", NameOf(record.kind),
                      "\",\"record\":", json, "}");
}

}  // namespace vouch::bench
