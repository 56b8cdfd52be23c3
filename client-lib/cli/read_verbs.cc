// record show, list.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client-lib/cli/convert.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "client-lib/cli/words.h"
#include "evidence/kinds.h"
#include "sync/base/check.h"

namespace vouch::cli {
namespace {

constexpr size_t kTextWidth = 72;

// A field under its label, long values wrapped beside it.
void AddField(const FieldWords& field, Columns* table) {
  int number = 0;
  std::string label = field.label;
  for (const std::string& value : field.lines) {
    ++number;
    std::string mark = field.numbered ? absl::StrCat(number) : "";
    for (const std::string& line : Wrap(Safe(value), kTextWidth)) {
      table->Add({label, mark, line});
      label.clear();
      mark.clear();
    }
  }
}

// A record that is edited for as long as it matters is never a draft to people.
std::string StateWords(const RecordRow& row) {
  const Kind* kind = FindKindByName(row.kind());
  const bool living = kind != nullptr && kind->life == v1::LIFE_LIVING;
  return living && row.state() == "draft" ? "living" : row.state();
}

std::string SafetyLine(const ShownRecord& out) {
  std::string line =
      absl::StrCat(StateWords(out.row()), "; ", out.safety(), "; ",
                   Count(out.row().changes(), "change", "changes"));
  if (out.row().pending() > 0) {
    absl::StrAppend(&line, ", ", out.row().pending(), " not at the centre yet");
  }
  return line;
}

void PrintRecord(const ShownRecord& out, const Record& record,
                 const People& people) {
  Print(absl::StrCat(out.row().kind().empty() ? "Record" : out.row().kind(),
                     " ", out.row().id(), "\n", SafetyLine(out), "\n"));
  if (out.needs_newer_app()) {
    Print("It needs a newer app; it is kept and synced all the same.\n");
  }
  Columns table;
  if (record.message != nullptr) {
    const NameOf name_of = [&](const Id& id) { return people.NameOf(id); };
    for (const FieldWords& field : WordsOf(*record.message, name_of)) {
      AddField(field, &table);
    }
  }
  Print(table.Text("  "));
  for (const Act& act : out.acts()) {
    Print(absl::StrCat(act.what(), " by ", Safe(act.author()), ", ",
                       act.claimed(), " by their clock\n"));
  }
  for (const Conflict& conflict : out.conflicts()) {
    Print(
        absl::StrCat("Needs a decision: ",
                     conflict.label().empty() ? "the record" : conflict.label(),
                     " was ", conflict.what(), ".\n  vouch conflicts show ",
                     conflict.handle(), "\n"));
  }
  for (const Notice& held : out.held()) {
    Print(absl::StrCat("Change ", held.change().substr(0, 12), " of ",
                       held.author(), ": ", held.words(), "\n"));
  }
  for (const Duplicate& pair : out.possible_duplicates()) {
    Print(absl::StrCat(DuplicateWords(pair, out.row().id()), "\n"));
  }
  for (const Problem& problem : out.missing()) {
    Print(absl::StrCat("To sign: ", problem.label(), ": ", problem.words(),
                       "\n"));
  }
}

absl::Status Show(const Shell& shell, const std::string& text) {
  VOUCH_ASSIGN_OR_RETURN(Id id, ParseId(text));
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(Record record, client->Get(id));
  VOUCH_ASSIGN_OR_RETURN(People people, People::Of(*client));
  ShownRecord out;
  const std::string label =
      record.message == nullptr ? "" : LabelOf(*record.message);
  *out.mutable_row() = ToOutput(record.summary, label);
  out.set_base(TextOfBytes(record.base));
  out.set_safety(SafetyWords(record.safety));
  out.set_needs_newer_app(record.needs_newer_app);
  out.set_content_digest(TextOfBytes(record.content_digest));
  if (record.message != nullptr) {
    VOUCH_ASSIGN_OR_RETURN(*out.mutable_message(), ToStruct(*record.message));
  }
  for (const vouch::Conflict& conflict : record.conflicts) {
    *out.add_conflicts() = ToOutput(conflict, people);
  }
  for (const HeldForReview& held : record.held) {
    *out.add_held() = ToOutput(held);
  }
  for (const Record::Act& act : record.acts) {
    Act* row = out.add_acts();
    row->set_what(act.what);
    row->set_author(act.author_name.empty() ? TextOfBytes(act.author)
                                            : act.author_name);
    row->set_claimed(TimeJson(act.claimed_ms));
  }
  const Kind* kind =
      record.message == nullptr ? nullptr : KindOf(*record.message);
  if (kind != nullptr && kind->life == v1::LIFE_SEALED &&
      record.summary.state == "draft") {
    VOUCH_ASSIGN_OR_RETURN(auto problems, client->Validate(id));
    for (const FieldProblem& problem : problems) {
      *out.add_missing() = ToOutput(problem);
    }
  }
  VOUCH_ASSIGN_OR_RETURN(auto duplicates,
                         DuplicatesOf(*client, record.summary));
  for (const Duplicate& pair : duplicates) {
    *out.add_possible_duplicates() = pair;
  }
  return shell.Result(out, [&] { PrintRecord(out, record, people); });
}

struct ListArguments {
  RecordQuery query;
  std::string registration;
};

std::string Remarks(const RecordRow& row) {
  std::vector<std::string> remarks;
  if (row.conflicts() > 0) remarks.push_back("needs a decision");
  if (row.held() > 0) remarks.push_back("held for review");
  return absl::StrJoin(remarks, ", ");
}

absl::Status List(const Shell& shell, const ListArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  RecordQuery query = arguments.query;
  if (!arguments.registration.empty()) {
    VOUCH_ASSIGN_OR_RETURN(query.registration, ParseId(arguments.registration));
  }
  VOUCH_ASSIGN_OR_RETURN(RecordPage page, client->Query(query));
  RecordList out;
  out.set_next_page(TextOfBytes(page.next_page_token));
  for (const RecordSummary& summary : page.records) {
    VOUCH_ASSIGN_OR_RETURN(Record record, client->Get(summary.id));
    *out.add_records() = ToOutput(
        summary, record.message == nullptr ? "" : LabelOf(*record.message));
  }
  return shell.Result(out, [&] {
    Columns table;
    for (const RecordRow& row : out.records()) {
      table.Add({row.id(), row.kind(), StateWords(row),
                 row.pending() > 0 ? "on this tablet" : "at the centre",
                 Remarks(row), row.label()});
    }
    if (table.empty()) Print("No records.\n");
    Print(table.Text());
    if (!out.next_page().empty()) {
      Print(absl::StrCat("More: --page ", out.next_page(), "\n"));
    }
  });
}

void AddList(Shell* shell, CLI::App* record) {
  auto arguments = std::make_shared<ListArguments>();
  auto page = std::make_shared<std::string>();
  CLI::App* verb = shell->Verb(
      record, "list", "The records here, a page at a time",
      "vouch record list --kind registration\n"
      "vouch record list --registration \"$REGISTRATION\" --state draft\n"
      "vouch record list --page-size 2 --json",
      [shell, arguments, page]() -> absl::Status {
        VOUCH_ASSIGN_OR_RETURN(arguments->query.page_token, BytesOfText(*page));
        return List(*shell, *arguments);
      });
  verb->add_option("--kind", arguments->query.kind, "Only of this kind");
  verb->add_option("--registration", arguments->registration,
                   "Only of this registration")
      ->type_name("ID");
  verb->add_option("--state", arguments->query.state,
                   "Only in this state: draft, \"signed and locked\", …");
  verb->add_option("--page-size", arguments->query.page_size, "At most so many")
      ->check(CLI::Range(1, 500));
  verb->add_option("--page", *page, "As the page before gives it")
      ->type_name("TOKEN");
}

}  // namespace

void AddReadVerbs(Shell* shell, CLI::App* record) {
  auto id = std::make_shared<std::string>();
  CLI::App* verb = shell->Verb(
      record, "show",
      "A record: its fields, who did what, what needs a decision, what is "
      "missing to sign",
      "vouch record show \"$OBSERVATION\"\n"
      "vouch record show \"$OBSERVATION\" --json",
      [shell, id] { return Show(*shell, *id); });
  verb->add_option("ID", *id, "The record")->required();
  AddList(shell, record);
}

}  // namespace vouch::cli
