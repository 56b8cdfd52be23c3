// portfolio show.
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/rules_words.h"
#include "client-lib/cli/verbs.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

void PrintUnits(const v1::Portfolio& portfolio) {
  Columns table;
  for (const v1::PortfolioUnit& unit : portfolio.units()) {
    table.Add({unit.unit(), StateWords(unit.state()),
               unit.criteria().empty()
                   ? std::string("criteria unknown")
                   : absl::StrCat(unit.criteria_met(), " of ",
                                  unit.criteria_size(), " met"),
               unit.title()});
  }
  Print(table.Text("  "));
  // Units share most reasons: each is said once.
  std::map<std::string, std::vector<std::string>> reasons;
  for (const v1::PortfolioUnit& unit : portfolio.units()) {
    if (!unit.why().empty()) reasons[unit.why()].push_back(unit.unit());
  }
  for (const auto& [why, units] : reasons) {
    Print(
        absl::StrCat("  ", absl::StrJoin(units, ", "), ": ", Safe(why), "\n"));
  }
}

// Only criteria for which something was done: the rest is open.
void PrintCriteria(const v1::Portfolio& portfolio) {
  Columns table;
  size_t open = 0;
  for (const v1::PortfolioUnit& unit : portfolio.units()) {
    for (const v1::PortfolioCriterion& criterion : unit.criteria()) {
      if (criterion.state() == "open") {
        ++open;
        continue;
      }
      table.Add({absl::StrCat(unit.unit(), " ", criterion.criterion()),
                 StateWords(criterion.state()), criterion.label()});
    }
  }
  Print(table.Text("  "));
  if (open > 0) {
    Print(absl::StrCat("  ", Count(open, "criterion is", "criteria are"),
                       " open: no evidence offered yet.\n"));
  }
}

void PrintEvidence(const v1::Portfolio& portfolio) {
  Columns table;
  for (const v1::PortfolioEvidence& item : portfolio.evidence()) {
    std::vector<std::string> remarks;
    for (const v1::PortfolioRemark& reason : item.reasons()) {
      remarks.push_back(reason.text());
    }
    for (const v1::PortfolioRemark& flag : item.flags()) {
      remarks.push_back(flag.text());
    }
    table.Add(
        {item.label().empty() ? item.kind() : item.label(), item.state(),
         item.counts() ? "counts" : "does not count",
         absl::StrCat("judgement: ", StateWords(item.judgement().state())),
         absl::StrJoin(remarks, "; ")});
  }
  Print(table.Text("  "));
}

void PrintPortfolio(const v1::Portfolio& portfolio) {
  Print(absl::StrCat(
      Safe(portfolio.candidate()), ", ", portfolio.specification(), " version ",
      portfolio.specification_version(), ", ", portfolio.state(), "\nUnits\n"));
  PrintUnits(portfolio);
  Print("Criteria\n");
  PrintCriteria(portfolio);
  Print("Evidence\n");
  PrintEvidence(portfolio);
  Print(absl::StrCat("Rules of combination for the chosen units: ",
                     StateWords(portfolio.planned().verdict()), "\n"));
  PrintEvaluation(portfolio.planned());
  PrintCompletion(portfolio.completion());
  for (const v1::PortfolioRemark& flag : portfolio.flags()) {
    Print(absl::StrCat("Note: ", Safe(flag.text()), "\n"));
  }
}

absl::Status ShowPortfolio(const Shell& shell, const std::string& text) {
  VOUCH_ASSIGN_OR_RETURN(Id id, ParseId(text));
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(v1::Portfolio portfolio, client->Portfolio(id));
  return shell.Result(portfolio, [&] { PrintPortfolio(portfolio); });
}

}  // namespace

void AddPortfolioVerbs(Shell* shell) {
  CLI::App* portfolio = shell->Group("portfolio", "A candidate's portfolio");
  auto id = std::make_shared<std::string>();
  CLI::App* show = shell->Verb(
      portfolio, "show",
      "What is covered, what counts and why not, what the rules still ask for",
      "vouch portfolio show \"$REGISTRATION\"\n"
      "vouch portfolio show \"$REGISTRATION\" --json",
      [shell, id] { return ShowPortfolio(*shell, *id); });
  show->add_option("REGISTRATION", *id, "The candidate's registration")
      ->required();
}

}  // namespace vouch::cli
