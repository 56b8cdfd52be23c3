// What people type and paste: fields, times, criteria, choices, paragraphs,
// JSON, ids, base tokens, page tokens. Every text is taken or refused in words,
// and what was taken can be saved and shown again.
#include "client-lib/cli/field_values.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/src/base_token.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "server/page_token.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/replica_world.h"
#include "vouch/client.h"

namespace vouch {
namespace {

// The years 0001 to 9999: what a date field can show again.
constexpr int64_t kTimeMsMin = -62135596800000;
constexpr int64_t kTimeMsMax = 253402300799999;

absl::StatusOr<std::string> LookUp(absl::string_view text) {
  return cli::BytesOfText(text);
}

void CheckTimes(const v1::Observation& record) {
  for (int64_t ms : {record.when().start_ms(), record.when().end_ms()}) {
    VOUCH_CHECK(ms >= kTimeMsMin && ms <= kTimeMsMax);
  }
}

// A record as typed goes on to be saved: edits, then the form that is shown.
void CheckRecord(const v1::Observation& record) {
  SeededRandom random(1);
  auto operations = DiffRecord(nullptr, record, random);
  fuzz::MustBeTyped(operations.status());
  if (!operations.ok()) return;
  VOUCH_CHECK(operations->size() <= kEditOperationsMax);
  auto shown = cli::ToStruct(record);
  if (!shown.ok()) {
    fuzz::MustBeTyped(shown.status());
    return;
  }
  VOUCH_CHECK(cli::PrintJson(record).ok());
}

void CheckFields(fuzz::Input& in) {
  v1::Observation record;
  record.add_narrative()->set_text("She greeted the guest.");
  for (int i = 0; i < 8 && !in.empty(); ++i) {
    size_t how = in.Below(4);
    std::string text(in.Bytes(in.Byte()));
    absl::Status status;
    if (how == 0) status = cli::SetField(text, LookUp, &record);
    if (how == 1) status = cli::SetField("when=" + text, LookUp, &record);
    if (how == 2) status = cli::AddText(text, &record);
    if (how == 3) status = cli::EditParagraph(text, &record);
    fuzz::MustBeTyped(status);
    CheckTimes(record);
  }
  CheckRecord(record);
}

void CheckJson(fuzz::Input& in) {
  v1::Observation record;
  absl::Status read = cli::FromJson(in.Rest(), &record);
  fuzz::MustBeTyped(read);
  if (read.ok()) CheckRecord(record);
}

void CheckIds(fuzz::Input& in) {
  std::string text(in.Rest());
  auto id = ParseId(text);
  fuzz::MustBeTyped(id.status());
  if (id.ok()) VOUCH_CHECK(*ParseId(FormatId(*id)) == *id);
  auto bytes = cli::BytesOfText(text);
  fuzz::MustBeTyped(bytes.status());
  if (bytes.ok()) {
    VOUCH_CHECK(*cli::BytesOfText(cli::TextOfBytes(*bytes)) == *bytes);
  }
  auto hash = Hash::FromHex(text);
  if (hash.has_value()) VOUCH_CHECK(*Hash::FromHex(hash->Hex()) == *hash);
  fuzz::MustBeTyped(cli::ParseCriteria(text).status());
  fuzz::MustBeTyped(cli::ParseChoice(*v1::Role_descriptor(), text).status());
}

void CheckTokens(fuzz::Input& in) {
  SeededRandom random(1);
  PageTokens pages(&random);
  const std::string query(in.Bytes(in.Byte()));
  const std::string position(in.Bytes(1 + in.Below(100)));
  if (!position.empty()) {
    std::string token = pages.Make(query, position);
    VOUCH_CHECK(*pages.Read(query, token) == position);
    VOUCH_CHECK(!pages.Read(query + "x", token).ok());
  }
  absl::string_view text = in.Rest();
  // No text that was not given out is a position.
  auto read = pages.Read(query, text);
  fuzz::MustBeTyped(read.status());
  if (read.ok()) VOUCH_CHECK(text.empty() || *read == position);
  auto base = DecodeBase(text);
  fuzz::MustBeTyped(base.status());
  if (base.ok()) {
    auto again = DecodeBase(EncodeBase(*base));
    VOUCH_CHECK(again.ok() && again->record == base->record);
    VOUCH_CHECK(again->frontier == base->frontier && again->held == base->held);
    fuzz::MustBeTyped(ViewAt(*base, {}).status());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input in(data, size);
  switch (in.Below(4)) {
    case 0:
      CheckFields(in);
      break;
    case 1:
      CheckJson(in);
      break;
    case 2:
      CheckIds(in);
      break;
    case 3:
      CheckTokens(in);
      break;
  }
  return 0;
}

}  // namespace vouch
