// spec list, show, diff, lint, contradictions.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client-lib/cli/output.pb.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/specifications_here.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "evidence/specification_diff.h"
#include "evidence/specification_lint.h"
#include "google/protobuf/reflection.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

constexpr size_t kTextWidth = 72;

std::string Where(const v1::Citation& citation) {
  std::string where = absl::StrCat(citation.source(), ":", citation.line());
  if (citation.has_last_line()) {
    absl::StrAppend(&where, "-", citation.last_line());
  }
  return where;
}

template <typename Citations>
std::string WhereAll(const Citations& citations) {
  std::vector<std::string> all;
  for (const v1::Citation& citation : citations) all.push_back(Where(citation));
  return absl::StrJoin(all, ", ");
}

absl::Status List(const Shell& shell) {
  VOUCH_ASSIGN_OR_RETURN(const Catalogue catalogue, SpecificationsHere(shell));
  SpecificationList out;
  for (const Specification* specification : catalogue.List()) {
    const v1::Specification& data = specification->data();
    SpecificationRow& row = *out.add_specifications();
    row.set_id(data.id());
    row.set_version(data.version());
    row.set_awarding_body(data.awarding_body());
    row.set_title(data.title());
    row.set_level(data.level());
    row.set_units(static_cast<uint32_t>(data.units_size()));
    row.set_units_with_criteria(static_cast<uint32_t>(std::count_if(
        data.units().begin(), data.units().end(),
        [](const v1::Unit& unit) { return unit.criteria_known(); })));
  }
  auto client = shell.Open();
  if (client.ok()) {
    VOUCH_ASSIGN_OR_RETURN(auto faults, (*client)->SpecificationFaults());
    for (const SpecificationFault& fault : faults) {
      SpecificationRowFault& row = *out.add_faults();
      row.set_record(TextOfBytes(fault.record));
      row.set_why(fault.why);
    }
  }
  return shell.Result(out, [&] {
    Columns table;
    for (const SpecificationRow& row : out.specifications()) {
      table.Add({row.id(), absl::StrCat("version ", row.version()),
                 row.awarding_body(), row.title(),
                 absl::StrCat("criteria of ", row.units_with_criteria(), " of ",
                              row.units(), " units")});
    }
    Print(table.Text());
    for (const SpecificationRowFault& fault : out.faults()) {
      Print(absl::StrCat("Not used: ", fault.record(), ": ", Safe(fault.why()),
                         "\n"));
    }
  });
}

std::string KnownOr(bool known, uint32_t value, absl::string_view unit) {
  return known ? absl::StrCat(value, unit) : "unknown";
}

// Criteria and requirements, one a line.
void PrintUnit(const Specification& specification, const v1::Unit& unit) {
  Print(absl::StrCat(
      unit.number(), " ", Safe(unit.title()), "\n  ",
      unit.has_accreditation_number() ? unit.accreditation_number()
                                      : "accreditation number unknown",
      ", credit ", KnownOr(unit.has_credit(), unit.credit(), ""), ", level ",
      KnownOr(unit.has_level(), unit.level(), ""), ", ",
      specification.IsMandatory(unit.number()) ? "mandatory"
      : unit.has_theme()                       ? unit.theme()
                                               : "theme unknown",
      "\n"));
  Columns table;
  for (const v1::LearningOutcome& outcome : unit.outcomes()) {
    table.Add({absl::StrCat(outcome.number()), outcome.label()});
    for (const v1::AssessmentCriterion& criterion : unit.criteria()) {
      if (criterion.outcome() != outcome.number()) continue;
      table.Add({absl::StrCat("  ", criterion.number()), criterion.label()});
    }
  }
  for (const v1::EvidenceRequirement& needed : unit.evidence_requirements()) {
    table.Add({absl::StrCat("evidence ", needed.number()), needed.label()});
  }
  Print(table.Text("  "));
  if (!unit.criteria_known()) Print("  Its criteria are not loaded.\n");
  if (!unit.evidence_requirements_known()) {
    Print("  Its evidence requirements are not loaded.\n");
  }
}

// Where a rule is stated; empty if the field is no rule or is not there.
std::string CitationsOf(const v1::Specification& data,
                        const std::string& field) {
  const auto* rule = data.GetDescriptor()->FindFieldByName(field);
  if (rule->message_type() == nullptr ||
      !data.GetReflection()->HasField(data, rule)) {
    return "";
  }
  const auto& message = data.GetReflection()->GetMessage(data, rule);
  return WhereAll(message.GetReflection()->GetRepeatedFieldRef<v1::Citation>(
      message, rule->message_type()->FindFieldByName("citations")));
}

void PrintRules(const v1::Specification& data) {
  Columns table;
  for (const std::string& field : RuleFields()) {
    table.Add({field, RuleWords(data, field), CitationsOf(data, field)});
  }
  Print(table.Text("  "));
  for (const v1::SpecificationSource& source : data.sources()) {
    Print(absl::StrCat("  ", source.id(), ": ", Safe(source.description()),
                       "\n"));
  }
}

absl::Status Show(const Shell& shell, const std::string& name,
                  const std::string& unit) {
  VOUCH_ASSIGN_OR_RETURN(const Specification specification,
                         SpecificationNamed(shell, name));
  if (!unit.empty()) {
    const v1::Unit* found = specification.FindUnit(unit);
    if (found == nullptr) {
      found = specification.FindUnitByAccreditationNumber(unit);
    }
    if (found == nullptr) {
      return Error(Reason::kSpecificationUnknown,
                   absl::StrCat(SpecificationName(specification),
                                " has no unit \"", unit, "\""));
    }
    return shell.Result(*found, [&] { PrintUnit(specification, *found); });
  }
  const v1::Specification& data = specification.data();
  return shell.Result(data, [&] {
    Print(absl::StrCat(SpecificationName(specification), ": ",
                       Safe(data.title()), "\n"));
    PrintRules(data);
    for (const v1::Unit& one : data.units()) PrintUnit(specification, one);
  });
}

absl::Status Diff(const Shell& shell, const std::string& one,
                  const std::string& two) {
  VOUCH_ASSIGN_OR_RETURN(const Specification before,
                         SpecificationNamed(shell, one));
  VOUCH_ASSIGN_OR_RETURN(const Specification after,
                         SpecificationNamed(shell, two));
  Differences out;
  out.set_before(SpecificationName(before));
  out.set_after(SpecificationName(after));
  for (const SpecificationDifference& found :
       DiffSpecifications(before, after)) {
    Difference& row = *out.add_differences();
    row.set_subject(found.subject);
    row.set_change(found.change);
  }
  return shell.Result(out, [&] {
    if (out.differences().empty()) {
      Print(absl::StrCat(out.before(), " and ", out.after(),
                         " ask for the same.\n"));
    }
    Columns table;
    for (const Difference& row : out.differences()) {
      table.Add({row.subject(), row.change()});
    }
    Print(table.Text());
  });
}

absl::Status Lint(const Shell& shell, const std::string& name, bool strict) {
  VOUCH_ASSIGN_OR_RETURN(const Specification specification,
                         SpecificationNamed(shell, name));
  VOUCH_ASSIGN_OR_RETURN(const Catalogue others, SpecificationsHere(shell));
  Findings out;
  out.set_specification(specification.id());
  out.set_version(specification.version());
  int odd = 0;
  for (const LintFinding& found : LintSpecification(specification, others)) {
    Finding& row = *out.add_findings();
    const bool is_odd = found.kind == LintFinding::Kind::kOdd;
    odd += is_odd;
    row.set_kind(is_odd ? "odd" : "unknown");
    row.set_subject(found.subject);
    row.set_what(found.what);
  }
  VOUCH_RETURN_IF_ERROR(shell.Result(out, [&] {
    Columns table;
    for (const Finding& row : out.findings()) {
      table.Add({row.kind(), row.subject(), row.what()});
    }
    Print(table.Text());
    Print(absl::StrCat(SpecificationName(specification),
                       " passes every check of a file.\n"));
  }));
  if (!strict || odd == 0) return absl::OkStatus();
  return Error(Reason::kSpecificationInvalid,
               Count(static_cast<uint64_t>(odd), "odd thing was found",
                     "odd things were found"));
}

bool Concerns(const v1::Contradiction& entry, const std::string& id) {
  return id.empty() || entry.id() == id ||
         std::find(entry.concerns().begin(), entry.concerns().end(), id) !=
             entry.concerns().end();
}

absl::Status Contradictions(const Shell& shell, const std::string& id) {
  VOUCH_ASSIGN_OR_RETURN(const Catalogue catalogue, SpecificationsHere(shell));
  ContradictionList out;
  for (const v1::Contradiction* entry : catalogue.Contradictions()) {
    if (!Concerns(*entry, id)) continue;
    ContradictionRow& row = *out.add_contradictions();
    row.set_id(entry->id());
    row.set_topic(entry->topic());
    row.set_reading(entry->reading());
    *row.mutable_concerns() = entry->concerns();
    for (const v1::ContradictionStatement& statement : entry->statements()) {
      Statement& said = *row.add_statements();
      said.set_text(statement.text());
      for (const v1::Citation& citation : statement.citations()) {
        said.add_where(Where(citation));
      }
    }
  }
  if (out.contradictions().empty() && !id.empty()) {
    return Error(Reason::kNotFound,
                 absl::StrCat("no contradiction is called or concerns ", id));
  }
  std::set<std::string> sources;
  for (const Specification* specification : catalogue.List()) {
    for (const auto& source : specification->data().sources()) {
      sources.insert(absl::StrCat(source.id(), ": ", source.description()));
    }
  }
  for (const std::string& source : sources) out.add_sources(source);
  return shell.Result(out, [&] {
    for (const ContradictionRow& row : out.contradictions()) {
      Print(absl::StrCat(row.id(), ": ", Safe(row.topic()), " (",
                         absl::StrJoin(row.concerns(), ", "), ")\n"));
      for (const Statement& said : row.statements()) {
        for (const std::string& line :
             Wrap(absl::StrCat("- ", Safe(said.text()), " [",
                               absl::StrJoin(said.where(), ", "), "]"),
                  kTextWidth)) {
          Print(absl::StrCat("  ", line, "\n"));
        }
      }
      for (const std::string& line :
           Wrap(absl::StrCat("Read as: ", Safe(row.reading())), kTextWidth)) {
        Print(absl::StrCat("  ", line, "\n"));
      }
    }
    for (const std::string& source : out.sources()) {
      Print(absl::StrCat(Safe(source), "\n"));
    }
  });
}

constexpr char kName[] =
    "Its number, 03455; a version of it, 03455:1; or a file that ends with "
    ".json";

struct Names {
  std::string one, two;
  bool strict = false;
};

void AddReaders(Shell* shell, CLI::App* spec) {
  shell->Verb(spec, "list", "All that are here; without a store those built in",
              "vouch spec list\nvouch spec list --json",
              [shell] { return List(*shell); });
  auto shown = std::make_shared<Names>();
  CLI::App* show = shell->Verb(
      spec, "show", "Its rules, where each is stated, and its units",
      "vouch spec show 501/0263/1\nvouch spec show 03455 --unit F1",
      [shell, shown] { return Show(*shell, shown->one, shown->two); });
  show->add_option("SPEC", shown->one, kName)->required();
  show->add_option("--unit", shown->two, "One unit, by either number");
  auto compared = std::make_shared<Names>();
  CLI::App* diff = shell->Verb(
      spec, "diff", "What differs between two, unit by unit",
      "vouch spec diff 03455 501/0263/1\nvouch spec diff 03455:1 "
      "\"$SPEC_FILE\"",
      [shell, compared] { return Diff(*shell, compared->one, compared->two); });
  diff->add_option("BEFORE", compared->one, kName)->required();
  diff->add_option("AFTER", compared->two, kName)->required();
}

}  // namespace

void AddSpecificationVerbs(Shell* shell) {
  CLI::App* spec = shell->Group(
      "spec", "Specifications of qualifications, and the centre's own");
  AddReaders(shell, spec);
  auto linted = std::make_shared<Names>();
  CLI::App* lint = shell->Verb(
      spec, "lint", "What is unknown in it, and what is probably a mistake",
      "vouch spec lint 03456\nvouch spec lint \"$SPEC_FILE\" --strict",
      [shell, linted] { return Lint(*shell, linted->one, linted->strict); });
  lint->add_option("SPEC", linted->one, kName)->required();
  lint->add_flag("--strict", linted->strict,
                 "Fail if something is probably a mistake");
  auto about = std::make_shared<Names>();
  CLI::App* contradictions = shell->Verb(
      spec, "contradictions",
      "Where the sources contradict each other, and how they are read",
      "vouch spec contradictions\nvouch spec contradictions 501/0263/1",
      [shell, about] { return Contradictions(*shell, about->one); });
  contradictions->add_option(
      "ID", about->one, "Of one specification, or one entry of the register");
  AddSpecificationActs(shell, spec);
}

}  // namespace vouch::cli
