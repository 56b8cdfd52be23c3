#include "client-lib/src/record_filter.h"

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "sync/base/codec.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kPageSizeMax = 500;
constexpr size_t kQueryTextBytesMax = 1000;

// Every text of the message in lower case, line by line.
void AppendTexts(const Message& message, std::string* out) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count =
        field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        AppendTexts(field->is_repeated()
                        ? reflection->GetRepeatedMessage(message, field, i)
                        : reflection->GetMessage(message, field),
                    out);
      } else if (field->type() == FieldDescriptor::TYPE_STRING) {
        const std::string text =
            field->is_repeated()
                ? reflection->GetRepeatedString(message, field, i)
                : reflection->GetString(message, field);
        absl::StrAppend(out, absl::AsciiStrToLower(text), "\n");
      }
    }
  }
}

// When an id was minted says when the record was made; an id made of a key
// says nothing.
std::optional<int64_t> MintedMs(const RecordId& record) {
  ByteReader in(record.view());
  const uint64_t first = in.U64();
  constexpr uint64_t kTimeOrdered = 7;
  if ((first >> 12 & 15) != kTimeOrdered) return std::nullopt;
  return static_cast<int64_t>(first >> 16);
}

}  // namespace

absl::StatusOr<RecordFilter> RecordFilter::Make(const RecordQuery& query) {
  RecordFilter filter;
  if (!query.kind.empty()) {
    const Kind* kind = FindKindByName(query.kind);
    if (kind == nullptr) {
      return Error(Reason::kKindUnknown,
                   absl::StrCat("no kind of record is called ", query.kind));
    }
    filter.kind_ = kind->number;
  }
  filter.state_ = query.state;
  filter.from_ms_ = query.from_ms;
  filter.to_ms_ = query.to_ms;
  if (query.page_size < 1 || query.page_size > kPageSizeMax) {
    return Error(Reason::kMalformed, "a page holds 1 to 500 records");
  }
  if (query.text.size() > kQueryTextBytesMax) {
    return Error(Reason::kMalformed, "a query's text is at most 1000 bytes");
  }
  filter.words_ = absl::StrSplit(absl::AsciiStrToLower(query.text),
                                 absl::ByAnyChar(" \t\n"), absl::SkipEmpty());
  if (query.registration.empty()) {
    filter.prefixes_.push_back("");
    return filter;
  }
  auto registration = RecordId::FromBytes(query.registration);
  if (!registration.has_value()) {
    return Error(Reason::kMalformed, "a registration's id is 16 bytes");
  }
  for (ScopeKind scope :
       {ScopeKind::kShared, ScopeKind::kStaff, ScopeKind::kVerification}) {
    filter.prefixes_.push_back(MakeScope(scope, *registration).Bytes());
  }
  std::sort(filter.prefixes_.begin(), filter.prefixes_.end());
  return filter;
}

absl::StatusOr<bool> RecordFilter::InTime(const RecordSummaryRow& row,
                                          const ReadView& view) const {
  if (from_ms_ == 0 && to_ms_ == 0) return true;
  std::optional<int64_t> made_ms = MintedMs(row.record);
  if (!made_ms.has_value()) {
    VOUCH_ASSIGN_OR_RETURN(RecordView read, view());
    if (read.creations.empty()) return false;
    made_ms = read.creations.front().claimed_ms;
  }
  return *made_ms >= from_ms_ && (to_ms_ == 0 || *made_ms < to_ms_);
}

absl::StatusOr<bool> RecordFilter::Matches(const RecordSummaryRow& row,
                                           const ReadView& view) const {
  if (kind_ != 0 && row.kind != kind_) return false;
  if (!state_.empty() && RecordStateName(row.state) != state_) return false;
  VOUCH_ASSIGN_OR_RETURN(bool in_time, InTime(row, view));
  if (!in_time || words_.empty()) return in_time;
  VOUCH_ASSIGN_OR_RETURN(RecordView read, view());
  std::unique_ptr<Message> message = ParseRecord(read);
  if (message == nullptr) return false;
  std::string texts;
  AppendTexts(*message, &texts);
  return std::all_of(
      words_.begin(), words_.end(),
      [&](const std::string& word) { return absl::StrContains(texts, word); });
}

}  // namespace vouch
