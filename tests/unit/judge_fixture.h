// A centre, its people and a registration, for tests of RecordJudge.
#ifndef VOUCH_TESTS_UNIT_JUDGE_FIXTURE_H_
#define VOUCH_TESTS_UNIT_JUDGE_FIXTURE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evidence/record_judge.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/support/change_builder.h"

namespace vouch {

inline constexpr Reason kApplied = Reason::kUnspecified;

// A centre that holds what one notebook holds.
class CentreReader : public JudgeReader {
 public:
  void Enrol(const test::Author& author) {
    people_.push_back(author.facts());
    devices_.push_back(author.device());
  }
  std::optional<AuthorFacts> Author(const DeviceId& device) const override {
    for (size_t i = 0; i < devices_.size(); ++i) {
      if (devices_[i] == device) return people_[i];
    }
    return std::nullopt;
  }
  std::optional<AuthorFacts> Person(const PersonId& person) const override {
    for (const AuthorFacts& facts : people_) {
      if (facts.person == person) return facts;
    }
    return std::nullopt;
  }
  std::optional<RecordView> Record(const RecordId& record) const override {
    if (shown == nullptr || !shown->Has(record)) return std::nullopt;
    return shown->View(record);
  }
  const test::Notebook* shown = nullptr;

 private:
  std::vector<AuthorFacts> people_;
  std::vector<DeviceId> devices_;
};

class JudgeTest : public ::testing::Test {
 protected:
  using Author = test::Author;
  using Notebook = test::Notebook;
  using RecordRef = test::RecordRef;

  JudgeTest() {
    for (Author* author :
         {&admin_, &ann_, &bob_, &tess_, &ivy_, &eve_, &cora_, &xavi_}) {
      reader_.Enrol(*author);
    }
    reader_.shown = &centre_;
    v1::Registration registration;
    registration.set_candidate_name("Cora Candidate");
    registration.set_candidate_id(cora_.person().Bytes());
    registration.set_internal_verifier(ivy_.person().Bytes());
    registration_ = Note(admin_).Starts(registration);
    Sync(admin_);
  }

  // One notebook a person, made on first use and knowing what the centre does.
  Notebook& Note(Author& author) {
    auto& note = notes_[author.name()];
    if (note == nullptr) note = std::make_unique<Notebook>(&author);
    return *note;
  }
  void Sync(Author& author) {
    centre_.Learns(Note(author));
    Note(author).Learns(centre_);
  }
  // Applied: kUnspecified.
  Reason VerdictOn(Author& author, const Change& change) {
    return ReasonOf(judge_.Decide(Note(author).Judged(change), reader_));
  }
  // On the last change that `author` knows of the record.
  Reason VerdictOnLast(Author& author, const RecordRef& ref) {
    return ReasonOf(judge_.Decide(LastOf(author, ref), reader_));
  }
  JudgedChange LastOf(Author& author, const RecordRef& ref) {
    const Hash last = Note(author).ChangesOf(ref.id).back().hash;
    return Note(author).Judged(Note(author).Get(last));
  }

  v1::Observation Observation(const Author& observer) {
    v1::Observation record;
    record.set_observer(observer.person().Bytes());
    record.set_venue("Front desk");
    record.add_narrative()->set_text("a");
    return record;
  }
  RecordRef Observe(Author& author) {
    Note(author).Learns(centre_);
    return Note(author).Starts(Observation(author), registration_.id);
  }
  v1::JudgementEntry Entry(const Author& assessor) {
    v1::JudgementEntry entry;
    entry.set_assessor(assessor.person().Bytes());
    entry.set_justification(absl::StrCat("by ", assessor.name()));
    return entry;
  }
  RecordRef Judge(Author& author, const RecordId& evidence) {
    v1::Judgement judgement;
    judgement.set_evidence(evidence.Bytes());
    *judgement.add_entries() = Entry(author);
    return Note(author).Starts(judgement, registration_.id);
  }
  // A single operation on a record, as a faulty app might write it.
  Reason OnOperation(Author& author, const RecordRef& ref, DraftOperation op) {
    return VerdictOn(author,
                     Note(author).Does(ref, std::vector<DraftOperation>{op}));
  }
  static DraftOperation Operation(MergeClass c, std::vector<uint32_t> path,
                                  std::optional<std::string> value) {
    DraftOperation op;
    op.merge_class = c;
    op.path = std::move(path);
    op.value = std::move(value);
    return op;
  }

  Author admin_{"admin", v1::ROLE_ADMINISTRATOR};
  Author ann_{"ann"}, bob_{"bob"};
  Author tess_{"tess", v1::ROLE_TRAINEE_ASSESSOR};
  Author ivy_{"ivy", v1::ROLE_INTERNAL_VERIFIER};
  Author eve_{"eve", v1::ROLE_EXTERNAL_VERIFIER};
  Author cora_{"cora", v1::ROLE_CANDIDATE};
  Author xavi_{"xavi", v1::ROLE_EXPERT_WITNESS};
  Author centre_author_{"centre"};
  Notebook centre_{&centre_author_};
  std::map<std::string, std::unique_ptr<Notebook>> notes_;
  CentreReader reader_;
  RecordJudge judge_;
  RecordRef registration_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_UNIT_JUDGE_FIXTURE_H_
