// Every kind of evidence counts as observations do; what is no evidence does
// not, however it is signed; lapsed competence is flagged.
#include <memory>
#include <string>

#include "evidence/acts.h"
#include "evidence/kinds.h"
#include "evidence/portfolio.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/portfolio_fixture.h"
#include "tests/unit/whole_records.h"
#include "vouch/v1/assessment_records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

using test::RecordRef;
using test::WholeRecord;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(PortfolioTest, EveryKindOfEvidenceIsOfferedJudgedAndCounts) {
  int kinds = 0;
  for (const Kind& kind : Kinds()) {
    if (!kind.evidence) continue;
    ++kinds;
    const RecordRef ref = Signed(*WholeRecord(kind, ann_.person().Bytes()));
    Offer(ref, {kFirst});
    EXPECT_THAT(At(Build(), "F1", "1.1").state, CriterionState::kOffered)
        << kind.name;
    Judge(ann_, ref, {kFirst});
    const Portfolio portfolio = Build();
    EXPECT_TRUE(Item(portfolio, ref).counts) << kind.name;
    EXPECT_EQ(Item(portfolio, ref).kind, kind.spelling);
    EXPECT_THAT(At(portfolio, "F1", "1.1").met_by, ElementsAre(ref.id))
        << kind.name;
    Note(ann_).Does(ref, WithdrawRecord(Note(ann_).View(ref)));
    EXPECT_THAT(Ids(Item(Build(), ref).reasons), ElementsAre("withdrawn"));
  }
  EXPECT_EQ(kinds, 6);
}

TEST_F(PortfolioTest, WhatIsSignedAndNoEvidenceIsNotListedNorCounts) {
  for (const Kind& kind : Kinds()) {
    if (kind.evidence || kind.life != v1::LIFE_SEALED) continue;
    const RecordRef ref = Signed(*WholeRecord(kind, ann_.person().Bytes()));
    for (const EvidenceItem& item : Build().evidence) {
      EXPECT_NE(item.record, ref.id) << kind.name;
    }
    Offer(ref, {kFirst});
    Judge(ann_, ref, {kFirst});
    EXPECT_THAT(Ids(Item(Build(), ref).reasons), ElementsAre("not_evidence"))
        << kind.name;
    EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kOffered);
  }
}

TEST_F(PortfolioTest, AnyEvidenceLacksWhatItLacks) {
  v1::Questioning asked;
  asked.set_venue("Front desk");
  asked.mutable_when()->set_start_ms(test::kStartMs * 2);
  const RecordRef ref = Signed(asked);
  const EvidenceItem item = Item(Build(), ref);
  EXPECT_EQ(item.label, "questioning, Front desk");
  EXPECT_EQ(item.reasons[0].text,
            "it was signed without its questions and answers");
  EXPECT_THAT(Ids(item.flags), ElementsAre("clock_anomaly"));
}

TEST_F(PortfolioTest, AWorkProductIsCalledByItsTitle) {
  v1::WorkProduct product;
  product.set_title("Complaint log");
  EXPECT_EQ(Item(Build(), Signed(product)).label,
            "work product, Complaint log");
}

class Competence : public PortfolioTest {
 protected:
  // Of Ann, for a criterion at the specification's level.
  void Shows(const std::string& criterion, const std::string& until,
             uint32_t level = 2) {
    v1::StaffCompetence record;
    record.set_person(ann_.person().Bytes());
    record.set_level(level);
    record.set_criterion(criterion);
    record.set_evidence("certificate seen");
    record.set_shown_on("2020-01-01");
    record.set_expires_on(until);
    people_.Starts(record, *RecordId::FromBytes(ann_.person().view()));
  }
  std::vector<std::string> FlagsOf(const RecordRef& evidence) {
    const Portfolio portfolio = Build();
    EXPECT_EQ(Item(portfolio, evidence).judgement.state,
              JudgementState::kEffective);
    return Ids(Item(portfolio, evidence).judgement.flags);
  }
};

TEST_F(Competence, AVerdictAfterItLapsedIsFlaggedAndCounts) {
  const RecordRef seen = Signed(Observation());
  Judge(ann_, seen, {kFirst});
  EXPECT_THAT(FlagsOf(seen), IsEmpty());
  Shows("6", "2099-12-31");
  Shows("5", "");
  Shows("4", "2021-01-01", 3);  // another level
  EXPECT_THAT(FlagsOf(seen), IsEmpty());
  Shows("7", "2021-01-01");
  EXPECT_THAT(FlagsOf(seen), ElementsAre("lapsed_competence"));
  EXPECT_EQ(At(Build(), "F1", "1.1").state, CriterionState::kMet);
  Shows("7", "2099-12-31");  // renewed
  EXPECT_THAT(FlagsOf(seen), IsEmpty());
}

}  // namespace
}  // namespace vouch
