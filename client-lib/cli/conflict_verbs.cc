// conflicts list, show, settle; held list, release.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client-lib/cli/convert.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/record_input.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

constexpr size_t kTextWidth = 66;
// As much of a version as people copy; at least so much must be given.
constexpr size_t kVersionDigits = 12;
constexpr size_t kVersionDigitsMin = 6;

absl::StatusOr<vouch::Conflict> FindConflict(const Client& client,
                                             const std::string& handle) {
  VOUCH_ASSIGN_OR_RETURN(auto conflicts, client.Conflicts());
  for (vouch::Conflict& conflict : conflicts) {
    if (conflict.handle == handle) return std::move(conflict);
  }
  return Error(Reason::kNotFound,
               absl::StrCat("no disagreement ", handle,
                            " is open here; see `vouch conflicts list`"));
}

std::string Subject(const Conflict& conflict) {
  return conflict.label().empty()
             ? conflict.kind()
             : absl::StrCat(conflict.kind(), ", ", conflict.label());
}

absl::Status List(const Shell& shell, const std::string& record) {
  Id id;
  if (!record.empty()) {
    VOUCH_ASSIGN_OR_RETURN(id, ParseId(record));
  }
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(auto conflicts, client->Conflicts(id));
  VOUCH_ASSIGN_OR_RETURN(People people, People::Of(*client));
  ConflictList out;
  for (const vouch::Conflict& conflict : conflicts) {
    *out.add_conflicts() = ToOutput(conflict, people);
  }
  return shell.Result(out, [&] {
    if (out.conflicts().empty()) Print("Nothing needs a decision.\n");
    for (const Conflict& conflict : out.conflicts()) {
      Print(absl::StrCat(
          Subject(conflict), ": ", conflict.what(), ", ",
          Count(static_cast<uint64_t>(conflict.sides_size()), "side", "sides"),
          conflict.needs_resolver() ? ", for the internal verifier" : "",
          "\n  vouch conflicts show ", conflict.handle(), "\n"));
    }
  });
}

void AddSide(const std::string& mark, const Side& side, Columns* table) {
  std::string label = mark;
  std::string author = side.author();
  size_t start = 0;
  const std::string& words = side.words();
  // A verdict has several lines; each is wrapped.
  while (start <= words.size()) {
    const size_t end = std::min(words.find('\n', start), words.size());
    for (const std::string& line :
         Wrap(Safe(words.substr(start, end - start)), kTextWidth)) {
      table->Add({label, author, line});
      label.clear();
      author.clear();
    }
    start = end + 1;
  }
}

void PrintConflict(const Conflict& conflict) {
  Print(absl::StrCat(Subject(conflict), ": ", conflict.what(), ".\n"));
  Columns table;
  if (conflict.has_base()) AddSide("before", conflict.base(), &table);
  for (int i = 0; i < conflict.sides_size(); ++i) {
    AddSide(absl::StrCat("side ", i + 1), conflict.sides(i), &table);
  }
  if (!conflict.suggestion().empty()) {
    Side suggestion;
    suggestion.set_author("both");
    suggestion.set_words(conflict.suggestion());
    AddSide("suggestion", suggestion, &table);
  }
  Print(table.Text("  "));
  if (conflict.needs_resolver()) {
    Print(
        "Only the registration's internal verifier settles this, and never "
        "an author of a side.\n");
  }
  // Of a verdict or a record as a whole, only a side can be chosen.
  const bool sides_only = conflict.needs_resolver() || conflict.field().empty();
  Print(absl::StrCat("To settle it, with --side N",
                     conflict.suggestion().empty() ? "" : ", --suggestion",
                     sides_only ? "" : " or --text",
                     ":\n  vouch conflicts settle ", conflict.handle(),
                     " --version ",
                     conflict.version().substr(0, kVersionDigits), "\n"));
}

absl::Status Show(const Shell& shell, const std::string& handle) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(vouch::Conflict conflict,
                         FindConflict(*client, handle));
  VOUCH_ASSIGN_OR_RETURN(People people, People::Of(*client));
  const Conflict out = ToOutput(conflict, people);
  return shell.Result(out, [&] { PrintConflict(out); });
}

struct SettleArguments {
  std::string handle;
  std::string version;
  int side = 0;
  bool suggestion = false;
  std::string text;
  CLI::Option* text_option = nullptr;
  std::string json_file;
};

absl::StatusOr<SettleChoice> ChoiceOf(const SettleArguments& arguments,
                                      const vouch::Conflict& conflict) {
  const bool has_text = arguments.text_option->count() > 0;
  const int given = (arguments.side > 0 ? 1 : 0) +
                    (arguments.suggestion ? 1 : 0) + (has_text ? 1 : 0) +
                    (arguments.json_file.empty() ? 0 : 1);
  if (given != 1) {
    return Error(Reason::kMalformed,
                 "choose one of --side, --suggestion, --text, --json-file");
  }
  if (arguments.side > 0) {
    return SettleChoice::Side(static_cast<size_t>(arguments.side) - 1);
  }
  if (has_text) return SettleChoice::Text(arguments.text);
  if (arguments.suggestion) {
    if (!conflict.suggestion.has_value()) {
      return Error(Reason::kMalformed,
                   "there is no suggestion: the sides change the same words");
    }
    return SettleChoice::Text(*conflict.suggestion);
  }
  VOUCH_ASSIGN_OR_RETURN(std::string json, ReadText(arguments.json_file));
  VOUCH_ASSIGN_OR_RETURN(std::unique_ptr<google::protobuf::Message> message,
                         NewRecord(conflict.kind));
  VOUCH_RETURN_IF_ERROR(FromJson(json, message.get()));
  SettleChoice choice;
  choice.message = std::move(message);
  return choice;
}

absl::Status Settle(const Shell& shell, const SettleArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(vouch::Conflict conflict,
                         FindConflict(*client, arguments.handle));
  if (arguments.version.size() < kVersionDigitsMin ||
      !absl::StartsWith(conflict.version, arguments.version)) {
    return Error(Reason::kConflictChanged,
                 absl::StrCat("version ", arguments.version,
                              " is not the one that stands now, ",
                              conflict.version.substr(0, kVersionDigits)));
  }
  VOUCH_ASSIGN_OR_RETURN(SettleChoice choice, ChoiceOf(arguments, conflict));
  VOUCH_RETURN_IF_ERROR(
      client->Settle(conflict.handle, conflict.version, choice));
  Settled out;
  out.set_handle(conflict.handle);
  out.set_record(TextOfBytes(conflict.record));
  VOUCH_ASSIGN_OR_RETURN(auto left, client->Conflicts(conflict.record));
  out.set_conflicts(Number(left.size()));
  return shell.Result(out, [&] {
    Print(absl::StrCat("Settled. Both sides and who chose stay on record; ",
                       Count(left.size(), "disagreement", "disagreements"),
                       " left on this record.\n"));
  });
}

absl::Status PrintHeld(const Shell& shell, const Client& client) {
  VOUCH_ASSIGN_OR_RETURN(auto held, client.HeldChanges());
  VOUCH_ASSIGN_OR_RETURN(auto warnings, client.Warnings());
  HeldList out;
  for (const HeldForReview& item : held) *out.add_held() = ToOutput(item);
  for (const Warning& item : warnings) *out.add_warnings() = ToOutput(item);
  return shell.Result(out, [&] {
    if (out.held().empty() && out.warnings().empty()) {
      Print("Nothing is held for review.\n");
    }
    for (const Notice& notice : out.held()) {
      Print(absl::StrCat("Record ", notice.record(), ", by ",
                         Safe(notice.author()), ": ", notice.words(),
                         "\n  vouch held release ", notice.change(), "\n"));
    }
    for (const Notice& notice : out.warnings()) {
      Print(absl::StrCat("Record ", notice.record(),
                         " will probably be held: ", notice.words(), "\n"));
    }
  });
}

absl::Status ListHeld(const Shell& shell) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  return PrintHeld(shell, *client);
}

absl::Status Release(const Shell& shell, const std::string& change) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_RETURN_IF_ERROR(client->Release(change));
  return PrintHeld(shell, *client);
}

void AddSettle(Shell* shell, CLI::App* conflicts) {
  auto arguments = std::make_shared<SettleArguments>();
  CLI::App* verb = shell->Verb(
      conflicts, "settle", "Close a disagreement by naming every side",
      "vouch conflicts settle \"$CONFLICT\" --version \"$VERSION\" --side 2\n"
      "vouch conflicts settle \"$CONFLICT\" --version \"$VERSION\" "
      "--suggestion\n"
      "vouch conflicts settle \"$CONFLICT\" --version \"$VERSION\" --text "
      "\"She greeted the guest, and smiled.\"",
      [shell, arguments] { return Settle(*shell, *arguments); });
  verb->add_option("HANDLE", arguments->handle, "As `conflicts list` shows it")
      ->required();
  verb->add_option("--version", arguments->version,
                   "The version that you looked at, its first digits")
      ->required();
  verb->add_option("--side", arguments->side, "Choose this side, from 1")
      ->check(CLI::Range(1, 1000));
  verb->add_flag("--suggestion", arguments->suggestion,
                 "Take the merge that is suggested");
  arguments->text_option = verb->add_option("--text", arguments->text,
                                            "Write the paragraph or text anew");
  verb->add_option("--json-file", arguments->json_file,
                   "The record's message with the field set; - is standard "
                   "input")
      ->type_name("FILE");
}

}  // namespace

void AddConflictVerbs(Shell* shell) {
  CLI::App* conflicts =
      shell->Group("conflicts", "Disagreements that need a decision");
  auto record = std::make_shared<std::string>();
  CLI::App* list = shell->Verb(
      conflicts, "list", "What needs a decision",
      "vouch conflicts list\nvouch conflicts list --record \"$OBSERVATION\"",
      [shell, record] { return List(*shell, *record); });
  list->add_option("--record", *record, "Only of this record")->type_name("ID");
  auto handle = std::make_shared<std::string>();
  CLI::App* show = shell->Verb(
      conflicts, "show", "What was before, every side, and a suggestion",
      "vouch conflicts show \"$CONFLICT\"",
      [shell, handle] { return Show(*shell, *handle); });
  show->add_option("HANDLE", *handle, "As `conflicts list` shows it")
      ->required();
  AddSettle(shell, conflicts);

  CLI::App* held = shell->Group("held", "Changes held for review");
  shell->Verb(held, "list", "What is held, why, and what probably will be",
              "vouch held list\nvouch held list --json",
              [shell] { return ListHeld(*shell); });
  auto change = std::make_shared<std::string>();
  CLI::App* release =
      shell->Verb(held, "release", "Let a held change take effect",
                  "vouch held release \"$CHANGE\"",
                  [shell, change] { return Release(*shell, *change); });
  release->add_option("CHANGE", *change, "As `held list` shows it")->required();
}

}  // namespace vouch::cli
