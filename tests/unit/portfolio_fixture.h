// A registration with its team and evidence, for tests of the portfolio.
#ifndef VOUCH_TESTS_UNIT_PORTFOLIO_FIXTURE_H_
#define VOUCH_TESTS_UNIT_PORTFOLIO_FIXTURE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "evidence/acts.h"
#include "evidence/catalogue.h"
#include "evidence/kinds.h"
#include "evidence/portfolio.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/support/change_builder.h"

namespace vouch {

// 03455 in which F1 has two criteria and its evidence requirements are loaded,
// and C1 one criterion.
inline const Specification& Spec() {
  static const auto* spec = [] {
    v1::Specification data = (**BuiltInCatalogue().Find("03455", 1)).data();
    for (v1::Unit& unit : *data.mutable_units()) {
      if (unit.number() == "F1") {
        unit.mutable_criteria()->DeleteSubrange(2, unit.criteria_size() - 2);
        unit.set_evidence_requirements_known(true);
      } else if (unit.number() == "C1") {
        auto* outcome = unit.add_outcomes();
        outcome->set_number(1);
        outcome->set_label("an outcome");
        auto* criterion = unit.add_criteria();
        criterion->set_outcome(1);
        criterion->set_number("1.1");
        criterion->set_label("a criterion");
        unit.set_criteria_known(true);
        unit.set_evidence_requirements_known(true);
      }
    }
    std::string json;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    EXPECT_TRUE(
        google::protobuf::util::MessageToJsonString(data, &json, options).ok());
    auto parsed = ParseSpecification(json);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return new Specification(*std::move(parsed));
  }();
  return *spec;
}

using Criterion = std::pair<std::string, std::string>;

inline std::vector<std::string> Ids(const std::vector<Remark>& remarks) {
  std::vector<std::string> ids;
  for (const Remark& remark : remarks) {
    EXPECT_FALSE(remark.text.empty()) << remark.id;
    ids.push_back(remark.id);
  }
  return ids;
}

class PortfolioTest : public ::testing::Test {
 protected:
  using Author = test::Author;
  using Notebook = test::Notebook;
  using RecordRef = test::RecordRef;

  PortfolioTest() {
    for (Author* author : {&ann_, &bob_, &tess_, &ivy_, &cora_}) {
      people_.Starts(author->AsRecord(), test::IdOf<RecordId>("centre"));
    }
    v1::Registration registration;
    registration.set_candidate_name("Cora Candidate");
    registration.set_candidate_id(cora_.person().Bytes());
    registration.set_specification("03455");
    registration.set_specification_version(1);
    registration.add_units("C1");
    registration.add_units("F1");
    registration.set_contact("cora@example.org, 01234 567890");
    registration_ = Note(ann_).Starts(registration);
  }

  Notebook& Note(Author& author) {
    auto& note = notes_[author.name()];
    if (note == nullptr) note = std::make_unique<Notebook>(&author);
    return *note;
  }
  Portfolio Build(Author& author) {
    Notebook& note = Note(author);
    return BuildPortfolio(Spec(), note.View(registration_), note.Views(),
                          people_.Views());
  }
  Portfolio Build() { return Build(ann_); }
  void Share(Author& from, Author& to) { Note(to).Learns(Note(from)); }

  v1::Observation Observation() {
    v1::Observation record;
    record.set_observer(ann_.person().Bytes());
    record.set_candidate("Cora Candidate");
    record.mutable_when()->set_start_ms(1000);
    record.mutable_when()->set_end_ms(2000);
    record.set_venue("Front desk");
    record.add_narrative()->set_text("She greeted the customer.");
    return record;
  }
  v1::WitnessStatement Statement() {
    v1::WitnessStatement record;
    record.set_candidate("Cora Candidate");
    record.mutable_when()->set_start_ms(1000);
    record.set_venue("Front desk");
    record.add_description()->set_text("She calmed an upset customer.");
    record.set_written_on("2026-01-01");
    record.set_witness_name("Wim Witness");
    record.set_relationship("supervisor");
    record.set_job_title("manager");
    record.set_contact("wim@example.org");
    record.set_signature_kind(v1::WITNESS_SIGNATURE_KIND_VERBAL);
    record.set_held_by("Ann");
    return record;
  }
  template <typename Record>
  RecordRef Signed(const Record& record) {
    const RecordRef ref = Note(ann_).Starts(record, registration_.id);
    Note(ann_).Does(ref, SealRecord(Note(ann_).View(ref)));
    return ref;
  }
  RecordRef Offer(const RecordRef& evidence,
                  const std::vector<Criterion>& criteria) {
    v1::CrossReference offered;
    offered.set_evidence(evidence.id.Bytes());
    for (const auto& [unit, criterion] : criteria) {
      auto* reference = offered.add_criteria();
      reference->set_unit(unit);
      reference->set_criterion(criterion);
    }
    return Note(ann_).Starts(offered, registration_.id);
  }
  // A verdict on evidence as `author` sees it; appended if there are others.
  RecordRef Judge(Author& author, const RecordRef& evidence,
                  const std::vector<Criterion>& criteria, bool met = true) {
    Notebook& note = Note(author);
    RecordRef ref{kJudgementKind, JudgementIdOf(evidence.id),
                  MakeScope(ScopeKind::kStaff, registration_.id)};
    v1::Judgement judgement;
    judgement.set_evidence(evidence.id.Bytes());
    if (note.Has(ref.id)) judgement = note.Read<v1::Judgement>(ref);
    auto* entry = judgement.add_entries();
    entry->set_assessor(author.person().Bytes());
    entry->set_method(v1::ASSESSMENT_METHOD_DIRECT_OBSERVATION);
    entry->set_justification("seen");
    entry->set_feedback("well done");
    if (note.Has(evidence.id)) {
      entry->set_evidence_digest(note.View(evidence).content_digest.Bytes());
    }
    entry->set_specification("03455");
    entry->set_specification_version(1);
    for (const auto& [unit, criterion] : criteria) {
      auto* outcome = entry->add_outcomes();
      outcome->mutable_criterion()->set_unit(unit);
      outcome->mutable_criterion()->set_criterion(criterion);
      outcome->set_met(met);
    }
    if (note.Has(ref.id)) {
      note.Edits(ref, judgement);
    } else {
      note.Starts(judgement, registration_.id);
    }
    return ref;
  }
  RecordRef Decide(Author& author, const std::string& unit, bool competent,
                   const std::vector<RecordRef>& judgements) {
    Notebook& note = Note(author);
    v1::UnitDecision decision;
    decision.set_registration(registration_.id.Bytes());
    decision.set_unit(unit);
    auto* entry = decision.add_entries();
    entry->set_assessor(author.person().Bytes());
    entry->set_competent(competent);
    for (const RecordRef& judgement : judgements) {
      entry->add_judgements(judgement.id.Bytes());
      entry->add_judgement_digests(note.View(judgement).content_digest.Bytes());
    }
    return note.Starts(decision, registration_.id);
  }

  const UnitCoverage& Unit(const Portfolio& portfolio,
                           const std::string& number) {
    for (const UnitCoverage& unit : portfolio.units) {
      if (unit.number == number) return unit;
    }
    ADD_FAILURE() << "no unit " << number;
    static const auto* none = new UnitCoverage;
    return *none;
  }
  const CriterionCoverage& At(const Portfolio& portfolio,
                              const std::string& unit,
                              const std::string& number) {
    for (const CriterionCoverage& c : Unit(portfolio, unit).criteria) {
      if (c.number == number) return c;
    }
    ADD_FAILURE() << "no criterion " << unit << " " << number;
    static const auto* none = new CriterionCoverage;
    return *none;
  }
  const EvidenceItem& Item(const Portfolio& portfolio, const RecordRef& ref) {
    for (const EvidenceItem& item : portfolio.evidence) {
      if (item.record == ref.id) return item;
    }
    ADD_FAILURE() << "no such evidence";
    static const auto* none = new EvidenceItem;
    return *none;
  }

  Author ann_{"ann"}, bob_{"bob"};
  Author tess_{"tess", v1::ROLE_TRAINEE_ASSESSOR};
  Author ivy_{"ivy", v1::ROLE_INTERNAL_VERIFIER};
  Author cora_{"cora", v1::ROLE_CANDIDATE};
  Author admin_{"admin", v1::ROLE_ADMINISTRATOR};
  Notebook people_{&admin_};
  std::map<std::string, std::unique_ptr<Notebook>> notes_;
  RecordRef registration_;
};

inline const Criterion kFirst = {"F1", "1.1"}, kSecond = {"F1", "1.2"};

}  // namespace vouch

#endif  // VOUCH_TESTS_UNIT_PORTFOLIO_FIXTURE_H_
