// portfolio show; rules evaluate, show.
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/verbs.h"
#include "evidence/catalogue.h"
#include "evidence/specification.h"
#include "sync/base/status.h"
#include "vouch/v1/specification.pb.h"

namespace vouch::cli {
namespace {

// "needs a decision": the words people see for the states of coverage.
std::string StateWords(absl::string_view state) {
  if (state == "contested") return "needs a decision";
  if (state == "stale") return "evidence changed since";
  if (state == "held") return "held for review";
  return absl::StrReplaceAll(state, {{"_", " "}});
}

void PrintEvaluation(const v1::RulesEvaluation& evaluation) {
  Columns table;
  for (const v1::RuleEvaluation& rule : evaluation.rules()) {
    table.Add({StateWords(rule.result()), rule.explanation()});
  }
  Print(table.Text("  "));
}

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

struct RulesArguments {
  std::string specification;
  uint32_t version = 0;
  std::string units;
};

absl::Status Evaluate(const Shell& shell, const RulesArguments& arguments) {
  std::vector<std::string> units;
  for (absl::string_view unit :
       absl::StrSplit(arguments.units, ',', absl::SkipWhitespace())) {
    units.emplace_back(absl::StripAsciiWhitespace(unit));
  }
  VOUCH_ASSIGN_OR_RETURN(
      v1::RulesEvaluation evaluation,
      EvaluateRules(arguments.specification, arguments.version, units));
  return shell.Result(evaluation, [&] {
    Print(absl::StrCat(evaluation.specification(), " with ",
                       absl::StrJoin(evaluation.units(), ", "), ": ",
                       StateWords(evaluation.verdict()), "\n"));
    PrintEvaluation(evaluation);
  });
}

void PrintSpecification(const v1::Specification& specification) {
  size_t known = 0;
  for (const v1::Unit& unit : specification.units()) {
    known += unit.criteria_known() ? 1 : 0;
  }
  Print(absl::StrCat(specification.id(), " version ", specification.version(),
                     ": ", specification.awarding_body(), ", ",
                     specification.title(), "\n", specification.units_size(),
                     " units; the criteria of ", known,
                     " are known, the rest cannot be judged complete.\n"));
  Columns table;
  for (const v1::Unit& unit : specification.units()) {
    table.Add({unit.number(), unit.accreditation_number(),
               absl::StrCat(unit.credit(), " credits"),
               absl::StrCat("level ", unit.level()),
               unit.theme().empty() ? "mandatory" : unit.theme(),
               unit.title()});
  }
  Print(table.Text("  "));
}

absl::Status ShowRules(const Shell& shell, const RulesArguments& arguments) {
  const Catalogue& catalogue = BuiltInCatalogue();
  VOUCH_ASSIGN_OR_RETURN(
      const Specification* found,
      arguments.version == 0
          ? catalogue.FindLatest(arguments.specification)
          : catalogue.Find(arguments.specification, arguments.version));
  const v1::Specification& specification = found->data();
  return shell.Result(specification,
                      [&] { PrintSpecification(specification); });
}

void AddSpecification(CLI::App* verb, RulesArguments* arguments) {
  verb->add_option("--spec", arguments->specification, "Its number, 03455")
      ->required();
  verb->add_option("--version", arguments->version,
                   "Its version; without it the latest");
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

  CLI::App* rules = shell->Group("rules",
                                 "Rules of combination; needs no "
                                 "store");
  auto evaluated = std::make_shared<RulesArguments>();
  CLI::App* evaluate = shell->Verb(
      rules, "evaluate",
      "Whether units make a qualification, by credits and groups alone",
      "vouch rules evaluate --spec 03455 --units F1,F2,A10,B2,C3,D2\n"
      "vouch rules evaluate --spec 03455 --units F1,F2,A10 --json",
      [shell, evaluated] { return Evaluate(*shell, *evaluated); });
  AddSpecification(evaluate, evaluated.get());
  evaluate->add_option("--units", evaluated->units, "Unit numbers, with commas")
      ->required();
  auto shown = std::make_shared<RulesArguments>();
  CLI::App* specification = shell->Verb(
      rules, "show", "A specification: its units, credits, levels, themes",
      "vouch rules show --spec 03455\nvouch rules show --spec 03455 --json",
      [shell, shown] { return ShowRules(*shell, *shown); });
  AddSpecification(specification, shown.get());
}

}  // namespace vouch::cli
