// sync, ledger.
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/cli/convert.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "sync/base/check.h"

namespace vouch::cli {
namespace {

std::string BalanceWords(const Numbers& numbers) {
  return absl::StrCat(numbers.captured(), " captured = ", numbers.stored(),
                      " stored + ", numbers.held(), " held + ",
                      numbers.pending(), " pending");
}

struct SyncArguments {
  int deadline_s = 300;
  std::string server;
};

void PrintSync(const Synced& out) {
  Print(absl::StrCat("In step with the centre: ", out.pushed(), " sent, ",
                     out.pulled(), " received.\n", BalanceWords(out.numbers()),
                     "\n"));
  if (out.recovered()) {
    Print(absl::StrCat(
        "The centre or this tablet had been put back to an earlier state; ",
        Count(out.restored(), "change was", "changes were"),
        " given back to the centre.\n"));
  }
  if (out.no_longer_safe() > 0) {
    Print(absl::StrCat(
        Count(out.no_longer_safe(), "change that was", "changes that were"),
        " safe had been lost with it: see that the centre is backed up.\n"));
  }
  if (out.conflicts() > 0) {
    Print(absl::StrCat(
        Count(out.conflicts(), "disagreement needs", "disagreements need"),
        " a decision. Next: vouch conflicts list\n"));
  }
  if (!out.held().empty()) {
    Print(absl::StrCat(Count(static_cast<uint64_t>(out.held_size()),
                             "change is", "changes are"),
                       " held for review. Next: vouch held list\n"));
  }
}

absl::Status Sync(const Shell& shell, const SyncArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  SyncOptions options;
  options.deadline = std::chrono::seconds(arguments.deadline_s);
  options.server = arguments.server;
  const SyncReport report = client->SyncOnce(options);
  Synced out;
  out.set_complete(report.status.ok());
  out.set_pushed(Number(report.pushed));
  out.set_pulled(Number(report.pulled));
  out.set_recovered(report.recovered);
  out.set_restored(Number(report.restored));
  out.set_no_longer_safe(Number(report.no_longer_safe));
  out.set_bytes_sent(report.bytes_sent);
  out.set_bytes_received(report.bytes_received);
  *out.mutable_numbers() = ToOutput(report.ledger);
  out.set_conflicts(report.conflicts);
  for (const HeldForReview& held : report.held)
    *out.add_held() = ToOutput(held);
  // What was reached is told also when it stopped half-way.
  VOUCH_RETURN_IF_ERROR(shell.Result(out, [&] {
    if (report.status.ok()) PrintSync(out);
  }));
  return report.status;
}

absl::StatusOr<Ledger> ReadLedger(const Client& client, bool centre) {
  Ledger out;
  VOUCH_ASSIGN_OR_RETURN(LedgerNumbers numbers, client.Ledger());
  *out.mutable_numbers() = ToOutput(numbers);
  VOUCH_ASSIGN_OR_RETURN(std::vector<ScopeHash> here, client.StateHashes());
  std::map<Id, std::string> there;
  if (centre) {
    VOUCH_ASSIGN_OR_RETURN(std::vector<ScopeHash> hashes,
                           client.CentreStateHashes());
    for (const ScopeHash& scope : hashes) there[scope.scope] = scope.hash;
  }
  out.set_in_step(centre && there.size() == here.size());
  for (const ScopeHash& scope : here) {
    ScopeState* row = out.add_scopes();
    row->set_scope(TextOfBytes(scope.scope));
    if (!scope.registration.empty()) {
      row->set_registration(TextOfBytes(scope.registration));
    }
    row->set_name(scope.name);
    row->set_hash(scope.hash);
    if (auto found = there.find(scope.scope); found != there.end()) {
      row->set_centre_hash(found->second);
    }
    if (row->centre_hash() != row->hash()) out.set_in_step(false);
  }
  return out;
}

absl::Status ShowLedger(const Shell& shell, bool centre) {
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(Ledger out, ReadLedger(*client, centre));
  return shell.Result(out, [&] {
    Print(absl::StrCat(
        BalanceWords(out.numbers()),
        out.numbers().balanced() ? ": it balances\n" : ": DOES NOT BALANCE\n",
        out.numbers().pulled(), " of others are here\n"));
    Columns table;
    for (const ScopeState& scope : out.scopes()) {
      std::vector<std::string> row = {scope.name(), scope.hash().substr(0, 16)};
      if (centre) {
        row.push_back(scope.centre_hash() == scope.hash()
                          ? "as at the centre"
                          : "NOT as at the centre");
      }
      table.Add(std::move(row));
    }
    Print(table.Text("  "));
  });
}

}  // namespace

void AddSyncVerbs(Shell* shell) {
  auto arguments = std::make_shared<SyncArguments>();
  CLI::App* sync = shell->Verb(
      shell->app(), "sync",
      "Send what is here, fetch what is new; nothing is lost if it stops",
      "vouch sync\nvouch sync --deadline 60 --json",
      [shell, arguments] { return Sync(*shell, *arguments); });
  sync->add_option("--deadline", arguments->deadline_s,
                   "Seconds until it stops; the next sync goes on from there")
      ->check(CLI::Range(1, 86400));
  sync->add_option("--server", arguments->server,
                   "host:port, if the centre moved");

  auto centre = std::make_shared<bool>(false);
  CLI::App* ledger = shell->Verb(
      shell->app(), "ledger",
      "captured = stored + held + pending, and the state hash of each scope",
      "vouch ledger\nvouch ledger --centre --json",
      [shell, centre] { return ShowLedger(*shell, *centre); });
  ledger->add_flag("--centre", *centre,
                   "Ask the centre for its state hashes, and compare");
}

}  // namespace vouch::cli
