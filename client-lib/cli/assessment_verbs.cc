// refer, judge, decide: what an assessor does with evidence.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client-lib/cli/field_values.h"
#include "client-lib/cli/record_input.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

// Whether the record is here.
absl::StatusOr<bool> IsHere(const Client& client, const Id& id) {
  const absl::Status found = client.Get(id).status();
  if (ReasonOf(found) == Reason::kNotFound) return false;
  VOUCH_RETURN_IF_ERROR(found);
  return true;
}

struct ReferArguments {
  std::string evidence;
  std::string criteria;
  std::string not_any_more;
};

// Adds and takes out; criteria that stand already stay.
absl::Status Rewrite(const ReferArguments& arguments,
                     v1::CrossReference* reference) {
  VOUCH_ASSIGN_OR_RETURN(auto added, ParseCriteria(arguments.criteria));
  VOUCH_ASSIGN_OR_RETURN(auto removed, ParseCriteria(arguments.not_any_more));
  const auto key = [](const v1::CriterionReference& criterion) {
    return absl::StrCat(criterion.unit(), ":", criterion.criterion());
  };
  std::set<std::string> gone, there;
  for (const auto& criterion : removed) gone.insert(key(criterion));
  auto* criteria = reference->mutable_criteria();
  for (int i = criteria->size() - 1; i >= 0; --i) {
    if (gone.count(key(criteria->Get(i))) > 0) {
      criteria->DeleteSubrange(i, 1);
    } else {
      there.insert(key(criteria->Get(i)));
    }
  }
  for (const auto& criterion : added) {
    if (there.insert(key(criterion)).second) *criteria->Add() = criterion;
  }
  return absl::OkStatus();
}

absl::Status Refer(const Shell& shell, const ReferArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(Id evidence, ParseId(arguments.evidence));
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  v1::CrossReference reference;
  reference.set_evidence(evidence);
  VOUCH_ASSIGN_OR_RETURN(Id id, Client::KeyedId(reference));
  VOUCH_ASSIGN_OR_RETURN(bool here, IsHere(*client, id));
  if (!here) {
    VOUCH_ASSIGN_OR_RETURN(Record offered, client->Get(evidence));
    VOUCH_RETURN_IF_ERROR(Rewrite(arguments, &reference));
    VOUCH_RETURN_IF_ERROR(
        client->Create(reference, offered.summary.registration).status());
  } else {
    VOUCH_ASSIGN_OR_RETURN(Record record, client->Get(id));
    reference.CopyFrom(*record.message);
    VOUCH_RETURN_IF_ERROR(Rewrite(arguments, &reference));
    VOUCH_RETURN_IF_ERROR(client->Edit(id, record.base, reference).status());
  }
  return PrintSaved(shell, *client, id, "Cross-referenced:");
}

// Of a ledger that is here, what the new verdict takes the place of: one's own
// earlier verdict (beside others the library replaces no more than that).
// Another's is only replaced if that was asked for; else both stand, contested,
// and nothing is silently overruled.
absl::StatusOr<BaseToken> BaseOfLedger(const Client& client, const Id& id,
                                       bool replace) {
  VOUCH_ASSIGN_OR_RETURN(bool here, IsHere(client, id));
  if (!here) return BaseToken();
  VOUCH_ASSIGN_OR_RETURN(Record record, client.Get(id));
  if (replace) return record.base;
  std::vector<std::string> assessors;
  if (const auto* judgement =
          dynamic_cast<const v1::Judgement*>(record.message.get())) {
    for (const auto& entry : judgement->entries()) {
      assessors.push_back(entry.assessor());
    }
  } else if (const auto* decision =
                 dynamic_cast<const v1::UnitDecision*>(record.message.get())) {
    for (const auto& entry : decision->entries()) {
      assessors.push_back(entry.assessor());
    }
  }
  const auto me = client.WhoAmI();
  const bool own =
      me.has_value() &&
      std::count(assessors.begin(), assessors.end(), me->person) > 0;
  return own ? record.base : BaseToken();
}

struct JudgeArguments {
  std::string evidence;
  std::string met;
  std::string not_yet;
  std::string method = "direct-observation";
  std::string why;
  std::string feedback;
  bool replace = false;
};

absl::Status AddOutcomes(const std::string& criteria, bool met,
                         v1::JudgementEntry* entry) {
  VOUCH_ASSIGN_OR_RETURN(auto parsed, ParseCriteria(criteria));
  for (const v1::CriterionReference& criterion : parsed) {
    v1::CriterionOutcome* outcome = entry->add_outcomes();
    *outcome->mutable_criterion() = criterion;
    outcome->set_met(met);
  }
  return absl::OkStatus();
}

absl::Status Judge(const Shell& shell, const JudgeArguments& arguments) {
  v1::Judgement ledger;
  VOUCH_ASSIGN_OR_RETURN(*ledger.mutable_evidence(),
                         ParseId(arguments.evidence));
  v1::JudgementEntry* entry = ledger.add_entries();
  VOUCH_RETURN_IF_ERROR(AddOutcomes(arguments.met, true, entry));
  VOUCH_RETURN_IF_ERROR(AddOutcomes(arguments.not_yet, false, entry));
  VOUCH_ASSIGN_OR_RETURN(
      int method,
      ParseChoice(*v1::AssessmentMethod_descriptor(), arguments.method));
  entry->set_method(static_cast<v1::AssessmentMethod>(method));
  entry->set_justification(arguments.why);
  entry->set_feedback(arguments.feedback);
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_ASSIGN_OR_RETURN(Id id, Client::KeyedId(ledger));
  VOUCH_ASSIGN_OR_RETURN(BaseToken base,
                         BaseOfLedger(*client, id, arguments.replace));
  VOUCH_RETURN_IF_ERROR(client->AppendEntry(ledger, base).status());
  return PrintSaved(shell, *client, id, "Judged:");
}

struct DecideArguments {
  std::string registration;
  std::string unit;
  bool competent = false;
  bool not_yet = false;
  std::string relying_on;
  std::string why;
  bool replace = false;
};

// Without a list: every judgement in effect that speaks of the unit.
absl::Status AddJudgements(const Client& client,
                           const DecideArguments& arguments,
                           const Id& registration,
                           v1::UnitDecisionEntry* entry) {
  if (!arguments.relying_on.empty()) {
    for (absl::string_view text :
         absl::StrSplit(arguments.relying_on, ',', absl::SkipWhitespace())) {
      VOUCH_ASSIGN_OR_RETURN(
          *entry->add_judgements(),
          ParseId(std::string(absl::StripAsciiWhitespace(text))));
    }
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(v1::Portfolio portfolio,
                         client.Portfolio(registration));
  for (const v1::PortfolioEvidence& item : portfolio.evidence()) {
    const auto& outcomes = item.judgement().outcomes();
    const bool speaks =
        item.judgement().state() == "effective" &&
        std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& outcome) {
          return outcome.unit() == arguments.unit;
        });
    if (!speaks) continue;
    v1::Judgement judgement;
    VOUCH_ASSIGN_OR_RETURN(*judgement.mutable_evidence(),
                           ParseId(item.record()));
    VOUCH_ASSIGN_OR_RETURN(*entry->add_judgements(),
                           Client::KeyedId(judgement));
  }
  return absl::OkStatus();
}

absl::Status Decide(const Shell& shell, const DecideArguments& arguments) {
  if (arguments.competent == arguments.not_yet) {
    return Error(Reason::kMalformed,
                 "say either --competent or --not-yet-competent");
  }
  VOUCH_ASSIGN_OR_RETURN(Id registration, ParseId(arguments.registration));
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  v1::UnitDecision ledger;
  ledger.set_registration(registration);
  ledger.set_unit(arguments.unit);
  v1::UnitDecisionEntry* entry = ledger.add_entries();
  entry->set_competent(arguments.competent);
  entry->set_justification(arguments.why);
  VOUCH_RETURN_IF_ERROR(AddJudgements(*client, arguments, registration, entry));
  VOUCH_ASSIGN_OR_RETURN(Id id, Client::KeyedId(ledger));
  VOUCH_ASSIGN_OR_RETURN(BaseToken base,
                         BaseOfLedger(*client, id, arguments.replace));
  VOUCH_RETURN_IF_ERROR(client->AppendEntry(ledger, base).status());
  return PrintSaved(shell, *client, id, "Decided:");
}

void AddRefer(Shell* shell) {
  auto arguments = std::make_shared<ReferArguments>();
  CLI::App* verb =
      shell->Verb(shell->app(), "refer",
                  "Cross-reference evidence: the criteria it is offered for",
                  "vouch refer \"$OBSERVATION\" F1:2.1,F1:2.2,F2:1.1\n"
                  "vouch refer \"$OBSERVATION\" F1:2.3 --not F2:1.1",
                  [shell, arguments] { return Refer(*shell, *arguments); });
  verb->add_option("EVIDENCE", arguments->evidence, "The record")->required();
  verb->add_option("CRITERIA", arguments->criteria, "F1:1.1,F1:1.2,…");
  verb->add_option("--not", arguments->not_any_more, "No longer offered for")
      ->type_name("CRITERIA");
}

void AddJudge(Shell* shell) {
  auto arguments = std::make_shared<JudgeArguments>();
  CLI::App* verb = shell->Verb(
      shell->app(), "judge", "Judge evidence: each criterion met, or not yet",
      "vouch judge \"$OBSERVATION\" --met F1:2.1 --not-yet F2:1.1 --why "
      "\"Seen at the desk.\" --feedback \"Well done; record the call next "
      "time.\"\n"
      "vouch judge \"$STATEMENT\" --met F1:2.2 --method "
      "examination-of-evidence --why \"Clear.\" --feedback \"Good.\"",
      [shell, arguments] { return Judge(*shell, *arguments); });
  verb->add_option("EVIDENCE", arguments->evidence, "The record")->required();
  verb->add_option("--met", arguments->met, "Criteria that it shows")
      ->type_name("CRITERIA");
  verb->add_option("--not-yet", arguments->not_yet, "Criteria it does not yet")
      ->type_name("CRITERIA");
  verb->add_option("--method", arguments->method,
                   "direct-observation, examination-of-evidence, questioning, "
                   "inference-of-knowledge or professional-discussion");
  verb->add_option("--why", arguments->why, "The justification");
  verb->add_option("--feedback", arguments->feedback,
                   "What the candidate hears");
  verb->add_flag("--replace", arguments->replace,
                 "Take the place of the verdict that stands, though it is "
                 "another's; your own is replaced anyway");
}

void AddDecide(Shell* shell) {
  auto arguments = std::make_shared<DecideArguments>();
  CLI::App* verb = shell->Verb(
      shell->app(), "decide", "Decide a unit for a candidate",
      "vouch decide \"$REGISTRATION\" F1 --not-yet-competent --why \"Two "
      "criteria are open.\"",
      [shell, arguments] { return Decide(*shell, *arguments); });
  verb->add_option("REGISTRATION", arguments->registration,
                   "The candidate's registration")
      ->required();
  verb->add_option("UNIT", arguments->unit, "F1")->required();
  verb->add_flag("--competent", arguments->competent, "Competent");
  verb->add_flag("--not-yet-competent", arguments->not_yet,
                 "Not yet competent");
  verb->add_option("--relying-on", arguments->relying_on,
                   "The judgements, with commas; without it all in effect "
                   "that speak of the unit")
      ->type_name("IDS");
  verb->add_option("--why", arguments->why, "The justification");
  verb->add_flag("--replace", arguments->replace,
                 "Take the place of the decision that stands, though it is "
                 "another's");
}

}  // namespace

void AddAssessmentVerbs(Shell* shell) {
  AddRefer(shell);
  AddJudge(shell);
  AddDecide(shell);
}

}  // namespace vouch::cli
