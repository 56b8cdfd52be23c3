// The table of role × kind × act, cell by cell, against a page written apart
// from it; and the moves of a registration.
#include "evidence/permissions.h"

#include <map>
#include <set>
#include <string>

#include "evidence/kinds.h"
#include "gtest/gtest.h"

namespace vouch {
namespace {

// A administrator, S assessor, T trainee assessor, R trainer, I internal
// verifier, E external verifier, C candidate, X expert witness, D
// data-protection officer; in the order of their numbers from 1.
constexpr char kLetters[] = "ASTRIECXD";
static_assert(sizeof(kLetters) - 1 == v1::Role_MAX);

// What domain.md §1 and §3 come to. What is not written here, nobody may.
const std::map<std::string, std::map<std::string, std::string>>& Page() {
  static const auto* page = new std::map<std::string,
                                         std::map<std::string, std::string>>{
      {"Person",
       {{"create", "A"}, {"edit", "A"}, {"discard", "A"}, {"release", "AI"}}},
      {"Registration",
       {{"create", "AS"},
        {"edit", "ASTRIC"},
        {"move", "AS"},
        {"discard", "AS"},
        {"release", "AI"}}},
      {"Witness",
       {{"create", "ASTRIC"},
        {"edit", "ASTRIC"},
        {"discard", "ASTRIC"},
        {"release", "AI"}}},
      {"AssessmentPlan",
       {{"create", "ST"},
        {"edit", "ST"},
        {"discard", "ST"},
        {"release", "AI"}}},
      {"Observation",
       {{"create", "STX"},
        {"edit", "STX"},
        {"discard", "STX"},
        {"sign", "STX"},
        {"amend", "STX"},
        {"settle a late edit of", "STX"},
        {"take back", "ASTX"},
        {"countersign", "SIC"},
        {"release", "AI"}}},
      {"WitnessStatement",
       {{"create", "STX"},
        {"edit", "STX"},
        {"discard", "STX"},
        {"sign", "STX"},
        {"amend", "STX"},
        {"settle a late edit of", "STX"},
        {"take back", "ASTX"},
        {"countersign", "SI"},
        {"release", "AI"}}},
      {"CrossReference",
       {{"create", "STC"},
        {"edit", "STC"},
        {"discard", "STC"},
        {"release", "AI"}}},
      {"Judgement",
       {{"create", "ST"},
        {"edit", "ST"},
        {"append to", "ST"},
        {"settle", "AI"},
        {"take back", "STI"},
        {"countersign", "SI"},
        {"release", "AI"}}},
      {"UnitDecision",
       {{"create", "S"},
        {"edit", "S"},
        {"append to", "S"},
        {"settle", "AI"},
        {"take back", "SI"},
        {"countersign", "I"},
        {"release", "AI"}}},
      {"InitialAssessment",
       {{"create", "ST"},
        {"edit", "ST"},
        {"discard", "ST"},
        {"sign", "ST"},
        {"amend", "ST"},
        {"settle a late edit of", "ST"},
        {"take back", "AST"},
        {"countersign", "SIC"},
        {"release", "AI"}}},
      {"Questioning",
       {{"create", "ST"},
        {"edit", "ST"},
        {"discard", "ST"},
        {"sign", "ST"},
        {"amend", "ST"},
        {"settle a late edit of", "ST"},
        {"take back", "AST"},
        {"countersign", "SIC"},
        {"release", "AI"}}},
      {"ProfessionalDiscussion",
       {{"create", "ST"},
        {"edit", "ST"},
        {"discard", "ST"},
        {"sign", "ST"},
        {"amend", "ST"},
        {"settle a late edit of", "ST"},
        {"take back", "AST"},
        {"countersign", "SIC"},
        {"release", "AI"}}},
      {"WorkProduct",
       {{"create", "STC"},
        {"edit", "STC"},
        {"discard", "STC"},
        {"sign", "STC"},
        {"amend", "STC"},
        {"settle a late edit of", "STC"},
        {"take back", "ASTC"},
        {"countersign", "SIC"},
        {"release", "AI"}}},
      {"ReflectiveAccount",
       {{"create", "STC"},
        {"edit", "STC"},
        {"discard", "STC"},
        {"sign", "C"},
        {"amend", "C"},
        {"settle a late edit of", "C"},
        {"take back", "AC"},
        {"countersign", "SI"},
        {"release", "AI"}}},
      {"JudgementRelease",
       {{"create", "SI"},
        {"edit", "SI"},
        {"discard", "SI"},
        {"sign", "SI"},
        {"amend", "SI"},
        {"settle a late edit of", "SI"},
        {"take back", "ASI"},
        {"countersign", "C"},
        {"release", "AI"}}},
      {"Review",
       {{"create", "STR"},
        {"edit", "STR"},
        {"discard", "STR"},
        {"sign", "STR"},
        {"amend", "STR"},
        {"settle a late edit of", "STR"},
        {"take back", "ASTR"},
        {"countersign", "SIC"},
        {"release", "AI"}}},
      {"CandidateResponse",
       {{"create", "C"},
        {"edit", "C"},
        {"discard", "C"},
        {"sign", "C"},
        {"amend", "C"},
        {"settle a late edit of", "C"},
        {"take back", "C"},
        {"release", "AI"}}},
      {"AppealAnswer",
       {{"create", "AI"},
        {"edit", "AI"},
        {"discard", "AI"},
        {"sign", "AI"},
        {"amend", "AI"},
        {"settle a late edit of", "AI"},
        {"take back", "AI"},
        {"countersign", "C"},
        {"release", "AI"}}},
      {"Verification",
       {{"create", "IE"},
        {"edit", "IE"},
        {"discard", "IE"},
        {"sign", "IE"},
        {"amend", "IE"},
        {"settle a late edit of", "IE"},
        {"take back", "AIE"},
        {"countersign", "IE"},
        {"release", "AI"}}},
      {"VerificationAction",
       {{"create", "I"},
        {"edit", "I"},
        {"append to", "ASTI"},
        {"settle", "AI"},
        {"take back", "STI"},
        {"release", "AI"}}},
      {"SamplingPlan",
       {{"create", "I"},
        {"edit", "I"},
        {"discard", "I"},
        {"sign", "I"},
        {"amend", "I"},
        {"settle a late edit of", "I"},
        {"take back", "AI"},
        {"countersign", "IE"},
        {"release", "AI"}}},
      {"SampleDraw",
       {{"create", "IE"},
        {"edit", "IE"},
        {"discard", "IE"},
        {"sign", "IE"},
        {"amend", "IE"},
        {"settle a late edit of", "IE"},
        {"take back", "AIE"},
        {"countersign", "IE"},
        {"release", "AI"}}},
      {"StandardisationMeeting",
       {{"create", "I"},
        {"edit", "I"},
        {"discard", "I"},
        {"sign", "I"},
        {"amend", "I"},
        {"settle a late edit of", "I"},
        {"take back", "AI"},
        {"countersign", "IE"},
        {"release", "AI"}}},
      {"ExternalVisit",
       {{"create", "E"},
        {"edit", "E"},
        {"discard", "E"},
        {"sign", "E"},
        {"amend", "E"},
        {"settle a late edit of", "E"},
        {"take back", "E"},
        {"countersign", "AI"},
        {"release", "AI"}}},
      {"CertificateClaim",
       {{"create", "A"},
        {"edit", "A"},
        {"discard", "A"},
        {"sign", "A"},
        {"amend", "A"},
        {"settle a late edit of", "A"},
        {"take back", "A"},
        {"countersign", "IE"},
        {"release", "AI"}}},
      {"CreditTransfer",
       {{"create", "ASTI"},
        {"edit", "ASTI"},
        {"discard", "ASTI"},
        {"sign", "ASI"},
        {"amend", "ASI"},
        {"settle a late edit of", "ASI"},
        {"take back", "ASI"},
        {"countersign", "SIE"},
        {"release", "AI"}}},
      {"StaffCompetence",
       {{"create", "AI"},
        {"edit", "AI"},
        {"discard", "AI"},
        {"release", "AI"}}},
      {"SpecificationFile",
       {{"create", "A"}, {"edit", "A"}, {"discard", "A"}, {"release", "AI"}}},
      {"UnitContents",
       {{"create", "A"}, {"edit", "A"}, {"discard", "A"}, {"release", "AI"}}},
  };
  return *page;
}

TEST(Permissions, AreThoseOfThePageCellByCell) {
  ASSERT_EQ(Page().size(), Kinds().size());
  std::set<std::string> names;
  for (const Kind& kind : Kinds()) {
    for (int i = 0; i < kRecordActCount; ++i) {
      const auto act = static_cast<RecordAct>(i);
      const std::string name(RecordActName(act));
      names.insert(name);
      const auto& row = Page().at(kind.name);
      const std::string expected = row.count(name) > 0 ? row.at(name) : "";
      for (int role = 1; role <= v1::Role_MAX; ++role) {
        EXPECT_EQ(IsAllowed(static_cast<v1::Role>(role), kind.number, act),
                  expected.find(kLetters[role - 1]) != std::string::npos)
            << RoleName(static_cast<v1::Role>(role)) << " " << name << " "
            << kind.name;
      }
    }
  }
  for (const auto& [kind, row] : Page()) {
    for (const auto& [act, roles] : row) EXPECT_EQ(names.count(act), 1u) << act;
  }
}

TEST(Permissions, UnknownRolesAndKindsMayNothing) {
  for (int i = 0; i < kRecordActCount; ++i) {
    const auto act = static_cast<RecordAct>(i);
    for (int role : {-1, 0, v1::Role_MAX + 1, 32, 33, 1000}) {
      for (const Kind& kind : Kinds()) {
        EXPECT_FALSE(IsAllowed(static_cast<v1::Role>(role), kind.number, act));
      }
    }
    EXPECT_FALSE(IsAllowed(v1::ROLE_ADMINISTRATOR, 4711, act));
  }
}

TEST(Permissions, EveryClassIsAnAct) {
  for (uint32_t c = 1; c <= static_cast<uint32_t>(MergeClass::kRelease); ++c) {
    EXPECT_TRUE(ActOf(static_cast<MergeClass>(c), false).has_value()) << c;
  }
  EXPECT_FALSE(ActOf(static_cast<MergeClass>(18), false).has_value());
  EXPECT_EQ(ActOf(MergeClass::kLedger, true), RecordAct::kResolve);
  EXPECT_EQ(ActOf(MergeClass::kLedgerWithdraw, true), RecordAct::kResolve);
}

TEST(Permissions, MovesOfARegistration) {
  // From, to, who.
  const std::map<std::pair<int, int>, std::string> allowed = {
      {{1, 1}, "AS"}, {{1, 2}, "AS"}, {{1, 3}, "A"},
      {{1, 5}, "A"},  {{2, 4}, "AS"}, {{3, 4}, "A"},
      {{4, 2}, "AS"}, {{4, 3}, "A"},  {{4, 5}, "A"}};
  for (int from = 0; from <= v1::RegistrationState_MAX; ++from) {
    for (int to = 0; to <= v1::RegistrationState_MAX; ++to) {
      const auto found = allowed.find({from == 0 ? 1 : from, to});
      const std::string who = found == allowed.end() ? "" : found->second;
      for (int role = 1; role <= v1::Role_MAX; ++role) {
        EXPECT_EQ(MayMove(static_cast<v1::Role>(role),
                          static_cast<v1::RegistrationState>(from),
                          static_cast<v1::RegistrationState>(to)),
                  who.find(kLetters[role - 1]) != std::string::npos)
            << from << " to " << to << " by " << role;
      }
    }
  }
  EXPECT_TRUE(MayMoveTo(v1::ROLE_ASSESSOR, v1::REGISTRATION_STATE_RETURNED));
  EXPECT_FALSE(MayMoveTo(v1::ROLE_ASSESSOR, v1::REGISTRATION_STATE_COMPLETED));
}

}  // namespace
}  // namespace vouch
