// Verdicts, who may settle them, and what the centre will hold.
#include <string>
#include <vector>

#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

class ClientVerdictsTest : public ClientFixture {
 protected:
  Id Signed(const Id& registration) {
    Id id = *client->Create(FullObservation(), registration);
    v1::CrossReference reference;
    reference.set_evidence(id);
    v1::CriterionReference* criterion = reference.add_criteria();
    criterion->set_unit("F1");
    criterion->set_criterion("1.1");
    EXPECT_OK(client->Create(reference));
    EXPECT_OK(client->Sign(id));
    return id;
  }
  v1::Judgement Verdict(const Id& evidence, bool met) {
    v1::Judgement judgement;
    judgement.set_evidence(evidence);
    v1::JudgementEntry* entry = judgement.add_entries();
    entry->set_method(v1::ASSESSMENT_METHOD_DIRECT_OBSERVATION);
    v1::CriterionOutcome* outcome = entry->add_outcomes();
    outcome->mutable_criterion()->set_unit("F1");
    outcome->mutable_criterion()->set_criterion("1.1");
    outcome->set_met(met);
    entry->set_justification("Seen twice.");
    entry->set_feedback("Well done.");
    return judgement;
  }
};

TEST_F(ClientVerdictsTest, WhatAnEntryMayLeaveOutIsFilledIn) {
  Start();
  Id evidence = Signed(NewRegistration());
  auto ledger = client->AppendEntry(Verdict(evidence, true));
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  v1::Judgement read = Read<v1::Judgement>(*ledger);
  ASSERT_EQ(1, read.entries_size());
  EXPECT_EQ(client->WhoAmI()->person, read.entries(0).assessor());
  EXPECT_EQ(client->Get(evidence)->content_digest,
            read.entries(0).evidence_digest());
  EXPECT_EQ("03455", read.entries(0).specification());
  EXPECT_EQ(1u, read.entries(0).specification_version());
  EXPECT_TRUE(client->Warnings()->empty());
}

TEST_F(ClientVerdictsTest, AVerdictNamesEvidenceThatIsHereAndSaysWhy) {
  Start();
  EXPECT_REASON(client->AppendEntry(Verdict(Id(16, 'x'), true)), NOT_FOUND);
  Id evidence = Signed(NewRegistration());
  v1::Judgement bare = Verdict(evidence, true);
  bare.mutable_entries(0)->clear_justification();
  EXPECT_REASON(client->AppendEntry(bare), NOT_READY_TO_SIGN);
  v1::Judgement two = Verdict(evidence, true);
  *two.add_entries() = two.entries(0);
  EXPECT_REASON(client->AppendEntry(two), MALFORMED);
  EXPECT_REASON(client->AppendEntry(v1::Observation()), MALFORMED);
}

TEST_F(ClientVerdictsTest, ANewVerdictTakesThePlaceOfTheOneSeen) {
  Start();
  Id evidence = Signed(NewRegistration());
  Id ledger = *client->AppendEntry(Verdict(evidence, false));
  EXPECT_OK(client->AppendEntry(Verdict(evidence, true), Base(ledger)));
  v1::Judgement read = Read<v1::Judgement>(ledger);
  ASSERT_EQ(1, read.entries_size());
  EXPECT_TRUE(read.entries(0).outcomes(0).met());
  EXPECT_TRUE(client->Conflicts()->empty());
}

TEST_F(ClientVerdictsTest, AVerdictUnseenIsContestedAndNotSettledByItsAuthor) {
  Start();
  Id evidence = Signed(NewRegistration());
  Id ledger = *client->AppendEntry(Verdict(evidence, false));
  EXPECT_OK(client->AppendEntry(Verdict(evidence, true)));
  std::vector<Conflict> conflicts = *client->Conflicts(ledger);
  ASSERT_EQ(1u, conflicts.size());
  EXPECT_TRUE(conflicts[0].needs_resolver);
  EXPECT_EQ(2u, conflicts[0].sides.size());
  uint64_t captured = client->Ledger()->captured;
  EXPECT_REASON(client->Settle(conflicts[0].handle, conflicts[0].version,
                               SettleChoice::Side(0)),
                RESOLVER_REQUIRED);
  EXPECT_EQ(captured, client->Ledger()->captured);
  EXPECT_EQ(1u, client->Conflicts(ledger)->size());
}

TEST_F(ClientVerdictsTest, CaptureIsNotRefusedForARoleAndTheHoldIsForetold) {
  Start(v1::ROLE_ADMINISTRATOR);
  Id registration = NewRegistration();
  EXPECT_TRUE(client->Warnings()->empty());
  Id id = *client->Create(FullObservation(), registration);
  EXPECT_EQ("Front office", Read<v1::Observation>(id).venue());
  std::vector<Warning> warnings = *client->Warnings();
  ASSERT_EQ(1u, warnings.size());
  EXPECT_EQ(id, warnings[0].record);
  EXPECT_EQ(v1::ERROR_REASON_ROLE_NOT_ALLOWED, warnings[0].reason);
  EXPECT_FALSE(warnings[0].words.empty());
}

TEST_F(ClientVerdictsTest, AVerdictIsTakenBack) {
  Start();
  Id evidence = Signed(NewRegistration());
  Id ledger = *client->AppendEntry(Verdict(evidence, true));
  EXPECT_OK(client->Withdraw(ledger));
  EXPECT_EQ(0, Read<v1::Judgement>(ledger).entries_size());
  EXPECT_REASON(client->Withdraw(ledger), OPERATION_NOT_ALLOWED);
}

TEST_F(ClientVerdictsTest, ThePortfolioIsThereWithoutANetwork) {
  Start();
  Id registration = NewRegistration();
  Id evidence = Signed(registration);
  EXPECT_OK(client->AppendEntry(Verdict(evidence, true)));
  auto portfolio = client->Portfolio(registration);
  ASSERT_TRUE(portfolio.ok()) << portfolio.status();
  ASSERT_EQ(1, portfolio->units_size());
  EXPECT_EQ("F1", portfolio->units(0).unit());
  EXPECT_EQ(1, portfolio->evidence_size());
  EXPECT_REASON(client->Portfolio(evidence), NOT_FOUND);
}

TEST_F(ClientVerdictsTest, NothingIsReleasedThatIsNotHeld) {
  Start(v1::ROLE_ADMINISTRATOR);
  NewRegistration();
  EXPECT_TRUE(client->HeldChanges()->empty());
  EXPECT_REASON(client->Release(std::string(64, '0')), NOT_FOUND);
  EXPECT_REASON(client->Release("x"), MALFORMED);
}

}  // namespace
}  // namespace vouch
