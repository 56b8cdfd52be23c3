// spec import, move.
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client-lib/cli/convert.h"
#include "client-lib/cli/output.pb.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/record_input.h"
#include "client-lib/cli/specifications_here.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "evidence/specification_diff.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

struct ImportArguments {
  std::string file;
  std::string specification;
  uint32_t version = 0;
  bool dry_run = false;
};

// What the file brings, against what is here.
absl::Status Foresee(const Shell& shell, const ImportArguments& arguments,
                     const std::string& text, bool csv, Imported* out) {
  if (csv) {
    VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
    VOUCH_ASSIGN_OR_RETURN(
        auto changes, client->ForeseeUnitContents(text, arguments.specification,
                                                  arguments.version));
    for (std::string& change : changes) out->add_changes(std::move(change));
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(const Specification file, ParseSpecification(text));
  VOUCH_ASSIGN_OR_RETURN(const Catalogue here, SpecificationsHere(shell));
  const auto latest = here.FindLatest(file.id());
  if (latest.ok()) {
    out->add_changes(absl::StrCat(SpecificationName(file), ", here is ",
                                  SpecificationName(**latest)));
    for (const SpecificationDifference& found :
         DiffSpecifications(**latest, file)) {
      out->add_changes(absl::StrCat(found.subject, ": ", found.change));
    }
  } else {
    out->add_changes(absl::StrCat(SpecificationName(file), ", which is new"));
  }
  return absl::OkStatus();
}

absl::Status Save(const Shell& shell, const ImportArguments& arguments,
                  const std::string& text, bool csv, Imported* out) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  std::vector<Id> saved;
  if (csv) {
    VOUCH_ASSIGN_OR_RETURN(
        saved, client->ImportUnitContents(text, arguments.specification,
                                          arguments.version));
  } else {
    VOUCH_ASSIGN_OR_RETURN(Id id, client->ImportSpecification(text));
    saved.push_back(std::move(id));
  }
  VOUCH_ASSIGN_OR_RETURN(auto warnings, client->Warnings());
  for (const Id& id : saved) {
    out->add_records(TextOfBytes(id));
    for (const Warning& warning : warnings) {
      if (warning.record == id) *out->add_warnings() = ToOutput(warning);
    }
  }
  return absl::OkStatus();
}

absl::Status Import(const Shell& shell, const ImportArguments& arguments) {
  const bool csv = absl::EndsWith(arguments.file, ".csv");
  if (csv && arguments.specification.empty()) {
    return Error(Reason::kMalformed,
                 "a CSV file needs --spec: whose units it speaks of");
  }
  VOUCH_ASSIGN_OR_RETURN(const std::string text, ReadText(arguments.file));
  Imported out;
  VOUCH_RETURN_IF_ERROR(Foresee(shell, arguments, text, csv, &out));
  if (!arguments.dry_run) {
    VOUCH_RETURN_IF_ERROR(Save(shell, arguments, text, csv, &out));
  }
  return shell.Result(out, [&] {
    for (const std::string& change : out.changes()) {
      Print(absl::StrCat(Safe(change), "\n"));
    }
    Print(arguments.dry_run
              ? std::string("Nothing was saved.\n")
              : absl::StrCat(Count(static_cast<uint64_t>(out.records_size()),
                                   "record", "records"),
                             " saved; the others get it by a sync.\n"));
    for (const Notice& warning : out.warnings()) {
      Print(absl::StrCat("  The centre will probably hold it for review: ",
                         warning.words(), "\n"));
    }
  });
}

struct MoveArguments {
  std::string registration;
  std::string to;
  std::string reason;
  std::string base;
};

absl::Status Move(const Shell& shell, const MoveArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(const Id id, ParseId(arguments.registration));
  const size_t colon = arguments.to.find(':');
  uint32_t version = 0;
  if (colon == std::string::npos ||
      !absl::SimpleAtoi(arguments.to.substr(colon + 1), &version) ||
      version == 0) {
    return Error(Reason::kMalformed,
                 "a move goes to one version: write it as 03455:2");
  }
  const std::string to = arguments.to.substr(0, colon);
  BaseToken base;
  if (!arguments.base.empty()) {
    VOUCH_ASSIGN_OR_RETURN(base, BytesOfText(arguments.base));
  }
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(v1::SpecificationMove move,
                         client->ForeseeMove(id, to, version));
  const bool moves = !arguments.reason.empty();
  if (moves) {
    VOUCH_RETURN_IF_ERROR(
        client->MoveRegistration(id, base, to, version, arguments.reason)
            .status());
    move.set_reason(arguments.reason);
  }
  return shell.Result(move, [&] {
    Print(absl::StrCat("From ", move.from_specification(), " version ",
                       move.from_version(), " to ", move.to_specification(),
                       " version ", move.to_version(), "\n"));
    for (const std::string& change : move.changes()) {
      Print(absl::StrCat("  ", Safe(change), "\n"));
    }
    if (move.changes().empty()) {
      Print("  Nothing changes for this registration.\n");
    }
    Print(moves ? "Moved; the registration says so.\n"
                : "Not moved: say why with --why.\n");
  });
}

}  // namespace

void AddSpecificationActs(Shell* shell, CLI::App* spec) {
  auto imported = std::make_shared<ImportArguments>();
  CLI::App* import = shell->Verb(
      spec, "import",
      "Share a specification (.json), or criteria and evidence requirements of "
      "units (.csv with unit,kind,number,text), with the whole centre",
      "vouch spec import \"$SPEC_FILE\" --dry-run\n"
      "vouch spec import \"$CRITERIA_CSV\" --spec 03455",
      [shell, imported] { return Import(*shell, *imported); });
  import->add_option("FILE", imported->file, "Ends with .json or .csv")
      ->required();
  import->add_option("--spec", imported->specification,
                     "Of a .csv: whose units it speaks of");
  import->add_option("--version", imported->version,
                     "Of a .csv: the version; without it the latest");
  import->add_flag("--dry-run", imported->dry_run, "Only show what it brings");
  auto moved = std::make_shared<MoveArguments>();
  CLI::App* move = shell->Verb(
      spec, "move",
      "What moving a registration to another version changes; with --why it is "
      "moved, and the registration records both",
      "vouch spec move \"$REGISTRATION\" 03456:1",
      [shell, moved] { return Move(*shell, *moved); });
  move->add_option("REGISTRATION", moved->registration, "Which")->required();
  move->add_option("SPEC:VERSION", moved->to, "Where to, 03455:2")->required();
  move->add_option("--why", moved->reason, "Moves it, for this reason")
      ->type_name("TEXT");
  move->add_option("--base", moved->base,
                   "The registration as it was looked at, as `base` of "
                   "`record show --json`")
      ->type_name("TOKEN");
}

}  // namespace vouch::cli
