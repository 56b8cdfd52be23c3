// Every kind of records goes through the library by its message alone.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "evidence/kinds.h"
#include "tests/support/client_fixture.h"
#include "tests/unit/whole_records.h"
#include "vouch/v1/assessment_records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {
namespace {

class ClientKindsTest : public ClientFixture {
 protected:
  template <typename Record>
  Record Whole() {
    Record record;
    record.CopyFrom(
        *test::WholeRecord(*KindOf(Record()), client->WhoAmI()->person));
    return record;
  }
  // Of the centre's own scopes and people's.
  bool HasScope(ScopeKind kind, const std::string& owner) {
    const ScopeId scope = MakeScope(kind, *RecordId::FromBytes(owner));
    const auto hashes = client->StateHashes();
    return std::any_of(
        hashes->begin(), hashes->end(),
        [&](const ScopeHash& hash) { return hash.scope == scope.Bytes(); });
  }
};

TEST_F(ClientKindsTest, EachSealedKindIsSavedShownCheckedAndSigned) {
  Start();
  const Id registration = NewRegistration();
  for (const Kind& kind : Kinds()) {
    if (kind.life != v1::LIFE_SEALED) continue;
    auto bare = client->Create(*kind.NewRecord(), registration);
    ASSERT_TRUE(bare.ok()) << kind.name << bare.status();
    size_t needed = 0;
    for (const KindField& field : kind.fields) needed += field.needed_to_sign;
    EXPECT_EQ(needed, client->Validate(*bare)->size()) << kind.name;
    EXPECT_REASON(client->Sign(*bare), NOT_READY_TO_SIGN) << kind.name;

    const auto whole = test::WholeRecord(kind, client->WhoAmI()->person);
    const Id id = *client->Create(*whole, registration);
    EXPECT_EQ(kind.name, client->Get(id)->summary.kind);
    EXPECT_EQ(registration, client->Get(id)->summary.registration);
    EXPECT_EQ("draft", State(id));
    EXPECT_OK(client->Sign(id)) << kind.name;
    EXPECT_NE("draft", State(id));
  }
}

TEST_F(ClientKindsTest, WhatIsOfTheCentreNeedsNoRegistration) {
  Start(v1::ROLE_INTERNAL_VERIFIER);
  const std::string centre =
      HashOf("test.centre", {}).Bytes().substr(0, RecordId::kSize);
  EXPECT_FALSE(HasScope(ScopeKind::kVerification, centre));
  const auto plan = client->Create(Whole<v1::SamplingPlan>());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(HasScope(ScopeKind::kVerification, centre));
  EXPECT_EQ(Id(), client->Get(*plan)->summary.registration);
  EXPECT_OK(client->Sign(*plan));
  EXPECT_TRUE(client->Warnings()->empty());
  EXPECT_REASON(client->Create(Whole<v1::Review>()), MALFORMED);
}

TEST_F(ClientKindsTest, CompetenceGoesIntoTheFileOfWhomItIsAbout) {
  Start(v1::ROLE_ADMINISTRATOR);
  const std::string bob = PersonCalled("Bob").Bytes();
  v1::StaffCompetence record;
  record.set_person(bob);
  record.set_level(2);
  EXPECT_OK(client->Create(record));
  EXPECT_TRUE(HasScope(ScopeKind::kPerson, bob));
  EXPECT_TRUE(client->Warnings()->empty());
  record.set_person("Bob");
  EXPECT_REASON(client->Create(record), MALFORMED);
}

TEST_F(ClientKindsTest, AnActionIsTheStaffsAndNamesWhoTakesTheStep) {
  Start(v1::ROLE_INTERNAL_VERIFIER);
  const Id registration = NewRegistration();
  v1::VerificationAction action;
  action.set_required_by(
      *client->Create(Whole<v1::Verification>(), registration));
  action.set_name("1");
  v1::VerificationActionEntry* entry = action.add_entries();
  entry->set_step(v1::ACTION_STEP_REQUIRED);
  entry->set_action("Date each product.");
  EXPECT_REASON(client->AppendEntry(action), NOT_READY_TO_SIGN);
  entry->set_due_on("2026-09-01");
  entry->set_assigned_to(PersonCalled("Bob").Bytes());
  const auto ledger = client->AppendEntry(action);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_TRUE(HasScope(ScopeKind::kStaff, registration));
  entry->set_step(v1::ACTION_STEP_CLOSED);
  EXPECT_OK(client->AppendEntry(action, Base(*ledger)));
  const auto read = Read<v1::VerificationAction>(*ledger);
  ASSERT_EQ(1, read.entries_size());
  EXPECT_EQ(client->WhoAmI()->person, read.entries(0).by());
  EXPECT_EQ(v1::ACTION_STEP_CLOSED, read.entries(0).step());
}

}  // namespace
}  // namespace vouch
