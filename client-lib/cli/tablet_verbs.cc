// enrol, people, status, store export.
#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/cli/convert.h"
#include "client-lib/cli/output.pb.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

struct EnrolArguments {
  std::string server;
  std::string code;
  int deadline_s = 30;
};

void PrintEnrolment(const Enrolled& me) {
  Columns table;
  table.Add({"person", absl::StrCat(me.person_name(), ", ", me.role())});
  table.Add({"centre", absl::StrCat(me.centre_name(), " at ", me.server())});
  table.Add({"tablet", me.device()});
  table.Add({"centre's CA", me.ca_fingerprint()});
  Print(table.Text());
}

absl::Status Enrol(const Shell& shell, const EnrolArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.OpenOrMake());
  VOUCH_ASSIGN_OR_RETURN(
      Enrolment enrolment,
      client->Enrol(arguments.server, arguments.code,
                    std::chrono::seconds(arguments.deadline_s)));
  const Enrolled out = ToOutput(enrolment);
  return shell.Result(out, [&] {
    Print("Enrolled. From here on this tablet needs no network to capture.\n");
    PrintEnrolment(out);
  });
}

absl::Status ListPeople(const Shell& shell) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(std::vector<v1::Person> known, client->People());
  PeopleList out;
  for (const v1::Person& person : known) {
    auto* row = out.add_people();
    row->set_id(TextOfBytes(person.person_id()));
    row->set_name(person.name());
    row->set_role(RoleWords(person.role()));
  }
  return shell.Result(out, [&] {
    Columns table;
    for (const auto& row : out.people()) {
      table.Add({row.id(), row.role(), row.name()});
    }
    if (table.empty()) Print("Nobody is known here yet: run `vouch sync`.\n");
    Print(table.Text());
  });
}

std::string BalanceWords(const Numbers& numbers) {
  return absl::StrCat(numbers.captured(), " captured = ", numbers.stored(),
                      " stored + ", numbers.held(), " held + ",
                      numbers.pending(), " pending",
                      numbers.balanced() ? "" : "  DOES NOT BALANCE");
}

void PrintStatus(const Status& out) {
  if (!out.has_enrolled()) {
    Print(absl::StrCat("This tablet is not enrolled (", out.store(),
                       ").\nNext: vouch enrol SERVER CODE\n"));
    return;
  }
  PrintEnrolment(out.enrolled());
  Columns table;
  table.Add({"registrations", absl::StrCat(out.registrations())});
  table.Add({"changes", BalanceWords(out.numbers())});
  if (!out.safe_unavailable().empty()) {
    table.Add({"safe", out.safe_unavailable()});
  }
  Print(table.Text());
  if (out.numbers().pending() > 0) {
    Print(
        absl::StrCat(Count(out.numbers().pending(), "change is", "changes are"),
                     " on this tablet only. Next: vouch sync\n"));
  }
  if (out.conflicts() > 0) {
    Print(absl::StrCat(
        Count(out.conflicts(), "disagreement needs", "disagreements need"),
        " a decision. Next: vouch conflicts list\n"));
  }
  if (out.held() + out.warnings() > 0) {
    Print(absl::StrCat(out.held(), " held for review, ", out.warnings(),
                       " probably will be. Next: vouch held list\n"));
  }
  for (const Duplicate& pair : out.possible_duplicates()) {
    Print(absl::StrCat("Perhaps the same work typed twice: ", pair.record(),
                       " and ", pair.other(), "\n"));
  }
}

absl::Status ShowStatus(const Shell& shell) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  Status out;
  out.set_store(shell.folder());
  if (const auto me = client->WhoAmI()) *out.mutable_enrolled() = ToOutput(*me);
  VOUCH_ASSIGN_OR_RETURN(LedgerNumbers ledger, client->Ledger());
  *out.mutable_numbers() = ToOutput(ledger);
  VOUCH_ASSIGN_OR_RETURN(auto registrations, client->Registrations());
  out.set_registrations(Number(registrations.size()));
  VOUCH_ASSIGN_OR_RETURN(auto conflicts, client->Conflicts());
  out.set_conflicts(Number(conflicts.size()));
  VOUCH_ASSIGN_OR_RETURN(auto held, client->HeldChanges());
  out.set_held(Number(held.size()));
  VOUCH_ASSIGN_OR_RETURN(auto warnings, client->Warnings());
  out.set_warnings(Number(warnings.size()));
  VOUCH_ASSIGN_OR_RETURN(auto duplicates, client->PossibleDuplicates());
  for (const PossibleDuplicate& pair : duplicates) {
    *out.add_possible_duplicates() = ToOutput(pair);
  }
  out.set_safe_unavailable(client->SafeUnavailable());
  return shell.Result(out, [&] { PrintStatus(out); });
}

// Opens what opens; what does not is read past its damage.
absl::StatusOr<ExportReport> ExportAnyhow(const Shell& shell,
                                          const std::string& path) {
  auto client = shell.Open();
  if (client.ok()) return (*client)->Export(path);
  if (ReasonOf(client.status()) != Reason::kStoreCorrupted) {
    return client.status();
  }
  OpenOptions options;
  options.folder = shell.folder();
  return ExportStore(options, path);
}

absl::Status Export(const Shell& shell, const std::string& path) {
  VOUCH_ASSIGN_OR_RETURN(ExportReport report, ExportAnyhow(shell, path));
  Exported out;
  out.set_path(path);
  out.set_records(Number(report.records));
  out.set_changes(Number(report.changes));
  for (const std::string& damage : report.damage) out.add_damage(damage);
  return shell.Result(out, [&] {
    Print(absl::StrCat("Wrote ", Count(report.records, "record", "records"),
                       " to ", path, ", in plaintext: keep it safe.\n"));
    for (const std::string& damage : report.damage) {
      Print(absl::StrCat("Could not be read: ", Safe(damage), "\n"));
    }
  });
}

}  // namespace

void AddTabletVerbs(Shell* shell) {
  auto enrol = std::make_shared<EnrolArguments>();
  CLI::App* verb =
      shell->Verb(shell->app(), "enrol", "Join a centre, once for a store",
                  "vouch enrol \"$SERVER\" \"$CODE\"\n"
                  "vouch --store /data/tablet-7 enrol centre.example.org:8443 "
                  "K7QF-3M2X-9TPA",
                  [shell, enrol] { return Enrol(*shell, *enrol); });
  verb->add_option("SERVER", enrol->server, "host:port of the centre")
      ->required();
  verb->add_option("CODE", enrol->code,
                   "From the administrator; CODE@FINGERPRINT also names the "
                   "one centre to trust")
      ->required();
  verb->add_option("--deadline", enrol->deadline_s, "Seconds to wait")
      ->check(CLI::Range(1, 600));

  shell->Verb(shell->app(), "people", "Who is known here, with their ids",
              "vouch people\nvouch people --json",
              [shell] { return ListPeople(*shell); });

  shell->Verb(shell->app(), "status", "This tablet: who, where, what is open",
              "vouch status\nvouch status --json",
              [shell] { return ShowStatus(*shell); });

  CLI::App* store = shell->Group("store", "The tablet's store");
  auto path = std::make_shared<std::string>();
  CLI::App* save = shell->Verb(
      store, "export",
      "Write every record that can be read, one JSON object a line; works on "
      "a damaged store too",
      "vouch store export \"$EXPORT_FILE\"",
      [shell, path] { return Export(*shell, *path); });
  save->add_option("FILE", *path, "A new file; it is in plaintext")->required();
}

}  // namespace vouch::cli
