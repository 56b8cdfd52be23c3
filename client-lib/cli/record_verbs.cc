// record new, edit, amend.
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/cli/output.pb.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/record_input.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

using google::protobuf::Message;

constexpr int kRepeatMax = 1'000'000;

struct NewArguments {
  std::string kind;
  std::string registration;
  RecordInput input;
  int repeat = 1;
};

// Saves it many times; each id is printed once its record is durable, so that
// whatever was printed is there, however the process ends.
absl::Status Repeat(const Shell& shell, Client* client, const Message& record,
                    const Id& registration, int times) {
  for (int i = 0; i < times; ++i) {
    VOUCH_ASSIGN_OR_RETURN(Id id, client->Create(record, registration));
    if (shell.json()) {
      Saved out;
      out.set_id(TextOfBytes(id));
      out.set_kind(record.GetDescriptor()->name());
      VOUCH_ASSIGN_OR_RETURN(std::string json, PrintJson(out, true));
      Print(json);
    } else {
      Print(absl::StrCat(TextOfBytes(id), "\n"));
    }
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

absl::Status New(const Shell& shell, const NewArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(std::unique_ptr<Message> record,
                         NewRecord(arguments.kind));
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(People people, People::Of(*client));
  VOUCH_RETURN_IF_ERROR(Apply(arguments.input, people, record.get()));
  Id registration;
  if (!arguments.registration.empty()) {
    VOUCH_ASSIGN_OR_RETURN(registration, ParseId(arguments.registration));
  }
  if (arguments.repeat > 1) {
    return Repeat(shell, client.get(), *record, registration, arguments.repeat);
  }
  VOUCH_ASSIGN_OR_RETURN(Id id, client->Create(*record, registration));
  return PrintSaved(shell, *client, id, "Saved");
}

struct EditArguments {
  std::string id;
  std::string base;
  RecordInput input;
};

absl::Status Change(const Shell& shell, const EditArguments& arguments,
                    bool amend) {
  if (arguments.input.empty()) {
    return Error(Reason::kMalformed,
                 "nothing to change: give --field, --text, --paragraph or "
                 "--json-file");
  }
  if (!arguments.base.empty() && arguments.input.json_file.empty()) {
    return Error(Reason::kMalformed,
                 "--base goes with --json-file: the message as it was shown "
                 "at that base, with your edits");
  }
  VOUCH_ASSIGN_OR_RETURN(Id id, ParseId(arguments.id));
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(Record record, client->Get(id));
  if (record.message == nullptr) {
    return Error(Reason::kKindUnknown, "the record needs a newer app");
  }
  BaseToken base = record.base;
  if (!arguments.base.empty()) {
    VOUCH_ASSIGN_OR_RETURN(base, BytesOfText(arguments.base));
  }
  std::unique_ptr<Message> edited(record.message->New());
  edited->CopyFrom(*record.message);
  VOUCH_ASSIGN_OR_RETURN(People people, People::Of(*client));
  VOUCH_RETURN_IF_ERROR(Apply(arguments.input, people, edited.get()));
  VOUCH_RETURN_IF_ERROR((amend ? client->Amend(id, base, *edited)
                               : client->Edit(id, base, *edited))
                            .status());
  return PrintSaved(shell, *client, id, amend ? "Amended" : "Saved");
}

void AddEdit(Shell* shell, CLI::App* record, bool amend) {
  auto arguments = std::make_shared<EditArguments>();
  CLI::App* verb = shell->Verb(
      record, amend ? "amend" : "edit",
      amend ? "Change a record that is signed and locked: appends, alters "
              "nothing"
            : "Change a draft or a living record; only what you change is "
              "touched",
      amend
          ? "vouch record amend \"$SIGNED\" --field "
            "venue=\"Front office, counter 2\""
          : "vouch record edit \"$OBSERVATION\" --field "
            "venue=\"Front office\" --text narrative=\"She noted the room.\"\n"
            "vouch record edit \"$OBSERVATION\" --paragraph "
            "1=\"She greeted the guest by name.\"\n"
            "vouch record edit \"$OBSERVATION\" --base \"$BASE\" --json-file "
            "\"$EDITED_JSON\"",
      [shell, arguments, amend] { return Change(*shell, *arguments, amend); });
  verb->add_option("ID", arguments->id, "The record")->required();
  AddInputOptions(verb, &arguments->input, true);
  verb->add_option("--base", arguments->base,
                   "What was looked at when editing began, as `base` of "
                   "`record show --json`; with --json-file")
      ->type_name("TOKEN");
}

}  // namespace

void AddRecordVerbs(Shell* shell, CLI::App* record) {
  auto arguments = std::make_shared<NewArguments>();
  CLI::App* verb = shell->Verb(
      record, "new",
      "Save a new record with what is filled in, however little that is",
      "vouch record new registration --field candidate_name=\"A. Candidate\" "
      "--field specification=03455 --field specification_version=1 --field "
      "units=F1,F2 --field assessors=me\n"
      "vouch record new observation --registration \"$REGISTRATION\" --field "
      "observer=me --field candidate=\"A. Candidate\" --field "
      "when=2026-09-01T10:00/10:45 --field venue=\"Front office\" --text "
      "narrative=\"She greeted the guest.\"\n"
      "vouch record new witness-statement --registration \"$REGISTRATION\" "
      "--json-file \"$STATEMENT_JSON\"",
      [shell, arguments] { return New(*shell, *arguments); });
  verb->add_option("KIND", arguments->kind,
                   "registration, observation, witness-statement, witness, "
                   "assessment-plan, …")
      ->required();
  verb->add_option("--registration", arguments->registration,
                   "The registration it belongs to")
      ->type_name("ID");
  AddInputOptions(verb, &arguments->input, false);
  verb->add_option("--repeat", arguments->repeat,
                   "Save it N times; each id is printed once it is durable")
      ->type_name("N")
      ->check(CLI::Range(1, kRepeatMax));
  AddEdit(shell, record, false);
  AddEdit(shell, record, true);
}

}  // namespace vouch::cli
