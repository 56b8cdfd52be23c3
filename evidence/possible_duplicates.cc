#include "evidence/possible_duplicates.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "sync/base/hash.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// A record as far as it is compared.
struct Text {
  RecordId record;
  std::optional<int64_t> start_ms;
  Hash words;                       // of all of them, in order
  std::vector<uint64_t> two_words;  // neighbours, hashed, sorted, once each
};

// Only records under the same key are compared.
using Group = std::tuple<ScopeId, uint32_t, PersonId>;

bool IsWordByte(unsigned char byte) {
  return absl::ascii_isalnum(byte) || byte >= 0x80;
}

// In lower case, each word with a space after it.
std::string WordsOf(absl::string_view text) {
  std::string words;
  bool inside = false;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsWordByte(byte)) {
      words.push_back(absl::ascii_tolower(byte));
    } else if (inside) {
      words.push_back(' ');
    }
    inside = IsWordByte(byte);
  }
  if (inside) words.push_back(' ');
  return words;
}

uint64_t ShortHashOf(absl::string_view bytes) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return hash;
}

// A text of one word is its own neighbour.
std::vector<uint64_t> TwoWordsOf(absl::string_view words) {
  std::vector<uint64_t> out;
  size_t before = 0, begin = 0;
  for (size_t count = 0; count < kComparedWordsMax; ++count) {
    const size_t space = words.find(' ', begin);
    if (space == absl::string_view::npos) break;
    if (count > 0) {
      out.push_back(ShortHashOf(words.substr(before, space - before)));
    }
    before = begin;
    begin = space + 1;
  }
  if (out.empty()) out.push_back(ShortHashOf(words));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void AppendText(const Message& record, const FieldDescriptor& field,
                std::string* text) {
  const auto* reflection = record.GetReflection();
  if (field.is_repeated()) {
    for (int i = 0; i < reflection->FieldSize(record, &field); ++i) {
      const auto* paragraph = dynamic_cast<const v1::Paragraph*>(
          &reflection->GetRepeatedMessage(record, &field, i));
      if (paragraph != nullptr) text->append(paragraph->text() + "\n");
    }
  } else if (field.type() == FieldDescriptor::TYPE_STRING) {
    text->append(reflection->GetString(record, &field) + "\n");
  }
}

std::string TextOf(const Kind& kind, const Message& record) {
  const bool has_paragraphs =
      std::any_of(kind.fields.begin(), kind.fields.end(),
                  [](const auto& f) { return f.merge == v1::MERGE_BLOCKS; });
  std::string text;
  for (const KindField& field : kind.fields) {
    if (field.merge ==
        (has_paragraphs ? v1::MERGE_BLOCKS : v1::MERGE_REGISTER)) {
      AppendText(record, *field.descriptor, &text);
    }
  }
  return text;
}

// When it was, if the record says so.
std::optional<int64_t> StartOf(const Kind& kind, const Message& record) {
  const auto* reflection = record.GetReflection();
  for (const KindField& field : kind.fields) {
    if (field.descriptor->message_type() != v1::TimeSpan::descriptor() ||
        !reflection->HasField(record, field.descriptor)) {
      continue;
    }
    const auto* when = dynamic_cast<const v1::TimeSpan*>(
        &reflection->GetMessage(record, field.descriptor));
    if (when != nullptr) return when->start_ms();
  }
  return std::nullopt;
}

// Absent if the record is in no pair, whatever the others say.
std::optional<Text> Read(const RecordView& view) {
  const Kind* kind = FindKind(view.kind);
  if (kind == nullptr || !kind->key.empty() ||
      kind->number == kRegistrationKind || view.creations.empty() ||
      view.state == RecordState::kDiscarded ||
      view.state == RecordState::kWithdrawn) {
    return std::nullopt;
  }
  const std::unique_ptr<Message> record = ParseRecord(view);
  if (record == nullptr) return std::nullopt;
  const std::string words = WordsOf(TextOf(*kind, *record));
  if (words.empty()) return std::nullopt;
  return Text{view.id, StartOf(*kind, *record), Sha256({words}),
              TwoWordsOf(words)};
}

uint32_t LikenessPercent(const Text& a, const Text& b) {
  size_t shared = 0;
  for (size_t i = 0, j = 0; i < a.two_words.size() && j < b.two_words.size();) {
    if (a.two_words[i] == b.two_words[j]) {
      ++shared, ++i, ++j;
    } else {
      a.two_words[i] < b.two_words[j] ? ++i : ++j;
    }
  }
  const size_t either = a.two_words.size() + b.two_words.size() - shared;
  return static_cast<uint32_t>(shared * 100 / either);
}

// By subtraction of the unsigned: claimed times may lie anywhere.
bool AreFarApart(const Text& a, const Text& b) {
  if (!a.start_ms.has_value() || !b.start_ms.has_value()) return false;
  const auto [low, high] = std::minmax(*a.start_ms, *b.start_ms);
  return static_cast<uint64_t>(high) - static_cast<uint64_t>(low) >
         static_cast<uint64_t>(kDatesApartMsMax);
}

bool ArePossibleDuplicates(const Text& a, const Text& b, uint32_t* percent) {
  const bool equal = a.words == b.words;
  if (!equal && AreFarApart(a, b)) return false;
  *percent = equal ? 100 : LikenessPercent(a, b);
  return *percent >= kLikenessPercentMin;
}

}  // namespace

PossibleDuplicates FindPossibleDuplicates(
    absl::Span<const RecordView> records) {
  std::map<Group, std::vector<Text>> groups;
  for (const RecordView& view : records) {
    std::optional<Text> text = Read(view);
    if (!text.has_value()) continue;
    groups[{view.scope, view.kind, view.creations.front().author}].push_back(
        *std::move(text));
  }
  PossibleDuplicates found;
  size_t compared = 0;
  for (auto& [group, texts] : groups) {
    // Ids begin with the time they were minted at: the newest first.
    std::sort(texts.begin(), texts.end(),
              [](const Text& a, const Text& b) { return b.record < a.record; });
    for (size_t i = 1; i < texts.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (compared == kComparedPairsMax) {
          found.complete = false;
          break;
        }
        ++compared;
        DuplicatePair pair{texts[i].record, texts[j].record};
        if (ArePossibleDuplicates(texts[i], texts[j], &pair.likeness_percent)) {
          found.pairs.push_back(pair);
        }
      }
    }
  }
  std::sort(found.pairs.begin(), found.pairs.end(),
            [](const DuplicatePair& a, const DuplicatePair& b) {
              return std::tie(a.first, a.second) < std::tie(b.first, b.second);
            });
  return found;
}

}  // namespace vouch
