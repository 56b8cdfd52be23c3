// rules evaluate, complete, show.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/record_input.h"
#include "client-lib/cli/rules_words.h"
#include "client-lib/cli/specifications_here.h"
#include "client-lib/cli/verbs.h"
#include "evidence/completion.h"
#include "evidence/conditions.h"
#include "sync/base/status.h"

namespace vouch::cli {

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
  for (const v1::TransferEvaluation& transfer : evaluation.transfers()) {
    table.Add({StateWords(transfer.result()),
               absl::StrCat("Credit transfer of ", transfer.given(), ": ",
                            transfer.why(), ".")});
  }
  Print(table.Text("  "));
}

void PrintCompletion(const v1::Completion& completion) {
  Print(absl::StrCat("Cheapest completion: ", Safe(completion.explanation()),
                     "\n"));
}

namespace {

struct RulesArguments {
  std::string specification;
  uint32_t version = 0;
  std::string units;
  std::vector<std::string> transfers;
  std::string registered, born, claim;
};

absl::StatusOr<std::optional<absl::CivilDay>> DayOf(const std::string& text) {
  if (text.empty()) return std::optional<absl::CivilDay>();
  const auto day = ParseDay(text);
  if (!day.has_value()) {
    return Error(Reason::kMalformed,
                 absl::StrCat("\"", text, "\" is not a day like 2014-07-31"));
  }
  return day;
}

// A transfer is a unit; with "unseen:" in front nobody saw the certificate.
absl::StatusOr<RulesInput> InputOf(const RulesArguments& arguments) {
  RulesInput input;
  for (absl::string_view unit :
       absl::StrSplit(arguments.units, ',', absl::SkipWhitespace())) {
    input.units.emplace_back(absl::StripAsciiWhitespace(unit));
  }
  for (absl::string_view given : arguments.transfers) {
    const bool seen = !absl::ConsumePrefix(&given, "unseen:");
    input.transfers.push_back({std::string(given), seen});
  }
  if (arguments.registered.empty() && arguments.born.empty() &&
      arguments.claim.empty()) {
    return input;
  }
  KeyDates dates;
  VOUCH_ASSIGN_OR_RETURN(dates.registered_on, DayOf(arguments.registered));
  VOUCH_ASSIGN_OR_RETURN(dates.born_on, DayOf(arguments.born));
  VOUCH_ASSIGN_OR_RETURN(dates.claim_on, DayOf(arguments.claim));
  input.dates = dates;
  return input;
}

absl::Status EvaluateVerb(const Shell& shell, const RulesArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(const RulesInput input, InputOf(arguments));
  VOUCH_ASSIGN_OR_RETURN(
      const Specification specification,
      SpecificationHere(shell, arguments.specification, arguments.version));
  VOUCH_ASSIGN_OR_RETURN(const Evaluation evaluation,
                         EvaluateFully(specification, input));
  const v1::RulesEvaluation printed = ToProto(evaluation);
  return shell.Result(printed, [&] {
    Print(absl::StrCat(printed.specification(), " with ",
                       absl::StrJoin(printed.units(), ", "), ": ",
                       StateWords(printed.verdict()), "\n"));
    PrintEvaluation(printed);
  });
}

absl::Status Complete(const Shell& shell, const RulesArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(const RulesInput input, InputOf(arguments));
  VOUCH_ASSIGN_OR_RETURN(
      const Specification specification,
      SpecificationHere(shell, arguments.specification, arguments.version));
  // What counts of the transfers is at hand too.
  VOUCH_ASSIGN_OR_RETURN(const Evaluation evaluation,
                         EvaluateFully(specification, input));
  VOUCH_ASSIGN_OR_RETURN(const Completion completion,
                         FindCompletion(specification, evaluation.units));
  const v1::Completion printed = ToProto(completion);
  return shell.Result(printed, [&] {
    PrintCompletion(printed);
    Columns table;
    for (const std::string& number : completion.units) {
      const v1::Unit& unit = *specification.FindUnit(number);
      table.Add({number,
                 unit.has_credit() ? absl::StrCat(unit.credit(), " credits")
                                   : std::string("credit unknown"),
                 unit.has_level() ? absl::StrCat("level ", unit.level())
                                  : std::string("level unknown"),
                 unit.title()});
    }
    Print(table.Text("  "));
  });
}

void PrintSpecification(const v1::Specification& specification) {
  const auto known =
      std::count_if(specification.units().begin(), specification.units().end(),
                    [](const v1::Unit& unit) { return unit.criteria_known(); });
  Print(absl::StrCat(specification.id(), " version ", specification.version(),
                     ": ", specification.awarding_body(), ", ",
                     specification.title(), "\n", specification.units_size(),
                     " units; the criteria of ", known,
                     " are known, the rest cannot be judged complete.\n"));
  Columns table;
  for (const v1::Unit& unit : specification.units()) {
    table.Add({unit.number(), unit.accreditation_number(),
               unit.has_credit() ? absl::StrCat(unit.credit(), " credits")
                                 : std::string("credit unknown"),
               unit.has_level() ? absl::StrCat("level ", unit.level())
                                : std::string("level unknown"),
               unit.theme().empty() ? "mandatory" : unit.theme(),
               unit.title()});
  }
  Print(table.Text("  "));
}

absl::Status ShowRules(const Shell& shell, const RulesArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(
      const Specification found,
      SpecificationHere(shell, arguments.specification, arguments.version));
  return shell.Result(found.data(), [&] { PrintSpecification(found.data()); });
}

void AddSpecification(CLI::App* verb, RulesArguments* arguments) {
  verb->add_option("--spec", arguments->specification, "Its number, 03455")
      ->required();
  verb->add_option("--version", arguments->version,
                   "Its version; without it the latest");
}

void AddTransfers(CLI::App* verb, RulesArguments* arguments) {
  AddMany(verb, "--transfer", &arguments->transfers,
          "A unit achieved elsewhere, by either number; with unseen: in front "
          "nobody has seen the certificate")
      ->type_name("UNIT");
}

void AddEvaluate(Shell* shell, CLI::App* rules) {
  auto arguments = std::make_shared<RulesArguments>();
  CLI::App* verb = shell->Verb(
      rules, "evaluate",
      "Whether units make a qualification, by credits and groups alone",
      "vouch rules evaluate --spec 03455 --units F1,F2,A10,B2,C3,D2\n"
      "vouch rules evaluate --spec 03455 --units F1,F2,A10 --json\n"
      "vouch rules evaluate --spec 501/0263/1 --units F/601/1609,L/601/1614 "
      "--transfer M/601/1511 --registered 2012-09-01 --born 1995-03-14",
      [shell, arguments] { return EvaluateVerb(*shell, *arguments); });
  AddSpecification(verb, arguments.get());
  verb->add_option("--units", arguments->units, "Unit numbers, with commas")
      ->required();
  AddTransfers(verb, arguments.get());
  verb->add_option("--registered", arguments->registered,
                   "The day of registration: entry age and dates are judged "
                   "as well")
      ->type_name("DAY");
  verb->add_option("--born", arguments->born, "The date of birth")
      ->type_name("DAY");
  verb->add_option("--claim", arguments->claim, "The day of the claim")
      ->type_name("DAY");
}

}  // namespace

void AddRulesVerbs(Shell* shell) {
  CLI::App* rules =
      shell->Group("rules", "Rules of combination; needs no store");
  AddEvaluate(shell, rules);
  auto completed = std::make_shared<RulesArguments>();
  CLI::App* complete = shell->Verb(
      rules, "complete",
      "The cheapest way to finish: fewest credits, then fewest units, then the "
      "order of the specification",
      "vouch rules complete --spec 03455 --units F1,F2,A10\n"
      "vouch rules complete --spec 03456 --units F3,A13,B9 --json",
      [shell, completed] { return Complete(*shell, *completed); });
  AddSpecification(complete, completed.get());
  complete->add_option("--units", completed->units,
                       "The units at hand, with commas");
  AddTransfers(complete, completed.get());
  auto shown = std::make_shared<RulesArguments>();
  CLI::App* show = shell->Verb(
      rules, "show", "A specification: its units, credits, levels, themes",
      "vouch rules show --spec 03455\nvouch rules show --spec 03455 --json",
      [shell, shown] { return ShowRules(*shell, *shown); });
  AddSpecification(show, shown.get());
}

}  // namespace vouch::cli
