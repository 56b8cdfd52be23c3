#include "client-lib/cli/record_input.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/cli/convert.h"
#include "client-lib/cli/field_values.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/text_form.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

absl::StatusOr<std::string> ReadAll(std::istream& stream,
                                    const std::string& path) {
  std::string text;
  char block[1 << 16];
  while (stream.read(block, sizeof(block)) || stream.gcount() > 0) {
    text.append(block, static_cast<size_t>(stream.gcount()));
    if (text.size() > kJsonBytesMax) {
      return Error(Reason::kTooLarge, absl::StrCat(path, " holds more than ",
                                                   kJsonBytesMax, " bytes"));
    }
  }
  return text;
}

}  // namespace

bool RecordInput::empty() const {
  return fields.empty() && texts.empty() && paragraphs.empty() &&
         json_file.empty();
}

CLI::Option* AddMany(CLI::App* verb, const std::string& name,
                     std::vector<std::string>* values,
                     const std::string& summary) {
  return verb->add_option(name, *values, summary)
      ->allow_extra_args(false)
      ->take_all();
}

void AddInputOptions(CLI::App* verb, RecordInput* input, bool paragraphs) {
  AddMany(verb, "--field", &input->fields,
          "A field; lists with commas, times START/END in UTC, people by name "
          "or \"me\"; empty clears it")
      ->type_name("NAME=VALUE");
  AddMany(verb, "--text", &input->texts, "Append a paragraph")
      ->type_name("FIELD=TEXT");
  if (paragraphs) {
    AddMany(verb, "--paragraph", &input->paragraphs,
            "Replace the N-th paragraph, from 1; FIELD:N=TEXT where a kind has "
            "several fields of them; empty takes it out")
        ->type_name("N=TEXT");
  }
  verb->add_option("--json-file", input->json_file,
                   "The whole message as JSON, as `record show --json` prints "
                   "it; - is standard input")
      ->type_name("FILE");
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path == "-") return ReadAll(std::cin, "standard input");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return Error(Reason::kNotFound, absl::StrCat("cannot read ", path));
  }
  return ReadAll(stream, path);
}

absl::Status Apply(const RecordInput& input, const People& people,
                   google::protobuf::Message* record) {
  if (!input.json_file.empty()) {
    VOUCH_ASSIGN_OR_RETURN(std::string json, ReadText(input.json_file));
    VOUCH_RETURN_IF_ERROR(FromJson(json, record));
  }
  const IdLookup lookup = [&people](absl::string_view text) {
    return people.Find(text);
  };
  for (const std::string& field : input.fields) {
    VOUCH_RETURN_IF_ERROR(SetField(field, lookup, record));
  }
  for (const std::string& paragraph : input.paragraphs) {
    VOUCH_RETURN_IF_ERROR(EditParagraph(paragraph, record));
  }
  for (const std::string& text : input.texts) {
    VOUCH_RETURN_IF_ERROR(AddText(text, record));
  }
  return absl::OkStatus();
}

absl::Status PrintSaved(const Shell& shell, const Client& client, const Id& id,
                        const std::string& done) {
  VOUCH_ASSIGN_OR_RETURN(Record record, client.Get(id));
  VOUCH_ASSIGN_OR_RETURN(std::vector<Warning> warnings, client.Warnings());
  Saved out;
  out.set_id(TextOfBytes(id));
  out.set_kind(record.summary.kind);
  out.set_base(TextOfBytes(record.base));
  out.set_state(record.summary.state);
  out.set_safety(SafetyWords(record.safety));
  for (const Warning& warning : warnings) {
    if (warning.record == id) *out.add_warnings() = ToOutput(warning);
  }
  VOUCH_ASSIGN_OR_RETURN(auto duplicates, DuplicatesOf(client, record.summary));
  for (const Duplicate& pair : duplicates) {
    *out.add_possible_duplicates() = pair;
  }
  return shell.Result(out, [&] {
    Print(absl::StrCat(done, " ", out.kind(), " ", out.id(), " (", out.state(),
                       ", ", out.safety(), ")\n"));
    for (const Notice& warning : out.warnings()) {
      Print(absl::StrCat("  The centre will probably hold it for review: ",
                         warning.words(), "\n"));
    }
    for (const Duplicate& pair : out.possible_duplicates()) {
      Print(absl::StrCat("  ", DuplicateWords(pair, out.id()), "\n"));
    }
  });
}

}  // namespace vouch::cli
