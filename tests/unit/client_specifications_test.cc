// Specifications through the library: importing, what reaches registrations
// that are open, and moving one to another version.
#include <algorithm>
#include <string>
#include <vector>

#include "evidence/specification_data.h"
#include "gmock/gmock.h"
#include "tests/support/client_fixture.h"
#include "vouch/v1/reference.pb.h"

namespace vouch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kCsv[] =
    "unit,kind,number,text\n"
    "F1,requirement,1,Seen on three days\n"
    "A10,outcome,1,Meets people\n"
    "A10,criterion,1.1,Looks up\n";

class ClientSpecificationsTest : public ClientFixture {
 protected:
  // Level 2 as another version, asking for `credits`.
  std::string FileOf(uint32_t version, uint32_t credits) {
    v1::Specification data = *client->FindSpecification("03455", 1);
    data.set_version(version);
    data.mutable_total_credits()->set_credits_min(credits);
    return FormatSpecification(data);
  }
  v1::Unit UnitOf(const std::string& specification, const std::string& number) {
    const v1::Specification found = *client->FindSpecification(specification);
    for (const v1::Unit& unit : found.units()) {
      if (unit.number() == number) return unit;
    }
    ADD_FAILURE() << number;
    return {};
  }
};

TEST_F(ClientSpecificationsTest, HasTheSevenThatAreShipped) {
  Start();
  EXPECT_THAT(*client->Specifications(), SizeIs(7));
  EXPECT_EQ(client->FindSpecification("501/0231/X")->level(), 3u);
  EXPECT_REASON(client->FindSpecification("00000"), SPECIFICATION_UNKNOWN);
  EXPECT_REASON(client->FindSpecification("03455", 2), SPECIFICATION_UNKNOWN);
}

TEST_F(ClientSpecificationsTest, LoadedContentsReachARegistrationThatIsOpen) {
  Start(v1::ROLE_ADMINISTRATOR);
  const Id registration = NewRegistration();
  EXPECT_THAT(client->Portfolio(registration)->units(0).why(),
              HasSubstr("evidence requirements of F1 are not loaded"));
  EXPECT_THAT(*client->ForeseeUnitContents(kCsv, "03455"),
              ElementsAre("F1: 1 evidence requirements known, which were not",
                          "A10: 1 criteria known, which were not"));
  EXPECT_FALSE(UnitOf("03455", "A10").criteria_known());
  const auto saved = client->ImportUnitContents(kCsv, "03455");
  ASSERT_TRUE(saved.ok()) << saved.status();
  EXPECT_THAT(*saved, SizeIs(2));
  EXPECT_THAT(client->Portfolio(registration)->units(0).why(),
              HasSubstr("not met yet: 1.1"));
  EXPECT_TRUE(UnitOf("03456", "A10").criteria_known());
  EXPECT_TRUE(UnitOf("501/0263/1", "T/601/1221").criteria_known());
  EXPECT_THAT(*client->Warnings(), IsEmpty());
  // It is there after the app was closed, too.
  Reopen();
  EXPECT_TRUE(UnitOf("03455", "A10").criteria_known());
}

TEST_F(ClientSpecificationsTest, TheSameImportAgainSavesNothing) {
  Start(v1::ROLE_ADMINISTRATOR);
  EXPECT_THAT(*client->ImportUnitContents(kCsv, "03455"), SizeIs(2));
  EXPECT_THAT(*client->ImportUnitContents(kCsv, "03455"), IsEmpty());
  // A correction touches only its own unit, and only what it speaks of.
  EXPECT_THAT(*client->ImportUnitContents(
                  "unit,kind,number,text\nA10,outcome,1,Meets people\n"
                  "A10,criterion,1.1,Looks up\nA10,criterion,1.2,Smiles\n",
                  "03455"),
              SizeIs(1));
  EXPECT_EQ(UnitOf("03455", "A10").criteria_size(), 2);
  EXPECT_TRUE(UnitOf("03455", "F1").evidence_requirements_known());
}

TEST_F(ClientSpecificationsTest, ABadFileSavesNothing) {
  Start(v1::ROLE_ADMINISTRATOR);
  const std::string head = "unit,kind,number,text\n";
  EXPECT_REASON(client->ImportUnitContents(head + "A10,x,1,y\n", "03455"),
                MALFORMED);
  EXPECT_REASON(client->ImportUnitContents(
                    kCsv + std::string("Z9,outcome,1,x\n"), "03455"),
                SPECIFICATION_UNKNOWN);
  EXPECT_REASON(client->ImportUnitContents(head + "A10,x,1,\xff\n", "03455"),
                NOT_UTF8);
  EXPECT_REASON(client->ImportUnitContents(
                    head + "F1,outcome,1,x\nF1,criterion,1.1,y\n", "03455"),
                SPECIFICATION_INVALID);
  EXPECT_REASON(client->ImportSpecification("{}"), SPECIFICATION_INVALID);
  RecordQuery query;
  query.kind = "UnitContents";
  EXPECT_THAT(client->Query(query)->records, IsEmpty());
  EXPECT_FALSE(UnitOf("03455", "A10").criteria_known());
}

TEST_F(ClientSpecificationsTest, AnImportedVersionIsOneRecordAndNeverChanges) {
  Start(v1::ROLE_ADMINISTRATOR);
  const auto id = client->ImportSpecification(FileOf(2, 30));
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(*client->ImportSpecification(FileOf(2, 30)), *id);
  EXPECT_EQ(client->FindSpecification("03455")->version(), 2u);
  EXPECT_REASON(client->ImportSpecification(FileOf(2, 31)), ALREADY_EXISTS);
  EXPECT_REASON(client->ImportSpecification(FileOf(1, 31)), ALREADY_EXISTS);
  // Discarded it is gone, and importing brings it back.
  EXPECT_OK(client->Discard(*id));
  EXPECT_REASON(client->FindSpecification("03455", 2), SPECIFICATION_UNKNOWN);
  EXPECT_EQ(*client->ImportSpecification(FileOf(2, 30)), *id);
  EXPECT_OK(client->FindSpecification("03455", 2));
}

TEST_F(ClientSpecificationsTest, AnAssessorsImportWillBeHeld) {
  Start(v1::ROLE_ASSESSOR);
  ASSERT_THAT(*client->ImportUnitContents(kCsv, "03455"), SizeIs(2));
  const auto warnings = *client->Warnings();
  ASSERT_THAT(warnings, SizeIs(2));
  EXPECT_EQ(warnings[0].reason, v1::ERROR_REASON_ROLE_NOT_ALLOWED);
}

TEST_F(ClientSpecificationsTest, AMoveIsForeseenAndThenRecorded) {
  Start(v1::ROLE_ADMINISTRATOR);
  const Id registration = NewRegistration();
  EXPECT_OK(client->ImportSpecification(FileOf(2, 30)));
  // A registration stays where it is pinned.
  EXPECT_EQ(client->Portfolio(registration)->specification_version(), 1u);
  const auto foreseen = client->ForeseeMove(registration, "03455", 2);
  ASSERT_TRUE(foreseen.ok()) << foreseen.status();
  const std::string line =
      "total_credits: at least 28 credits, then at least 30 credits";
  EXPECT_THAT(foreseen->changes(), ElementsAre(line));
  EXPECT_EQ(client->Portfolio(registration)->specification_version(), 1u);
  EXPECT_REASON(client->MoveRegistration(registration, "", "03455", 2, ""),
                MALFORMED);
  EXPECT_REASON(client->MoveRegistration(registration, "", "03455", 9, "x"),
                SPECIFICATION_UNKNOWN);
  EXPECT_OK(
      client->MoveRegistration(registration, "", "03455", 2, "a new edition"));
  EXPECT_EQ(client->Portfolio(registration)->specification_version(), 2u);
  const auto record = Read<v1::Registration>(registration);
  ASSERT_EQ(record.specification_moves_size(), 1);
  EXPECT_EQ(record.specification_moves(0).reason(), "a new edition");
  EXPECT_THAT(record.specification_moves(0).changes(), ElementsAre(line));
  EXPECT_THAT(*client->Warnings(), IsEmpty());
  EXPECT_REASON(client->MoveRegistration(registration, "", "03455", 2, "x"),
                OPERATION_NOT_ALLOWED);
}

TEST_F(ClientSpecificationsTest, APinChangedInSilenceWillBeHeld) {
  Start(v1::ROLE_ADMINISTRATOR);
  const Id registration = NewRegistration();
  auto edited = Read<v1::Registration>(registration);
  edited.set_specification_version(2);
  EXPECT_OK(client->Edit(registration, Base(registration), edited));
  const auto warnings = *client->Warnings();
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_EQ(warnings[0].reason, v1::ERROR_REASON_OPERATION_NOT_ALLOWED);
}

TEST_F(ClientSpecificationsTest, ThePortfolioNamesTheCheapestCompletion) {
  Start();
  const v1::Completion rest =
      client->Portfolio(NewRegistration())->completion();
  EXPECT_EQ(rest.result(), "found");
  EXPECT_EQ(rest.credits(), 24u);
  EXPECT_THAT(rest.units(), Contains("F2"));
}

}  // namespace
}  // namespace vouch
