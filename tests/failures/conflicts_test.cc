// C3: what two people did apart.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/failures/failures_fixture.h"

namespace vouch {
namespace {

std::set<std::string> Words(const Conflict& conflict) {
  std::set<std::string> words;
  for (const ConflictOption& side : conflict.sides) words.insert(side.words);
  return words;
}

TEST_F(Failures, Case19_WhoeverSyncsFirstOrMostAllSeeTheSame) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  Tablet& cy = AddTablet(v1::ROLE_ASSESSOR, "Cy");
  const Id registration = Register(ann);
  const std::vector<std::vector<Tablet*>> orders = {
      {&ann, &ben, &cy}, {&cy, &cy, &cy, &ben, &ann}, {&ben, &ann, &ben, &cy}};
  for (const auto& order : orders) {
    const Id seen = Observe(ann, registration);
    SyncAll({&ann, &ben, &cy});
    SetVenue(ann, seen, "of Ann");
    SetVenue(ben, seen, "of Ben");
    SetVenue(cy, seen, "of Cy");
    for (Tablet* tablet : order) Sync(*tablet);
    SyncAll({&ann, &ben, &cy});
    const Conflict conflict = ann->Conflicts(seen)->at(0);
    for (Tablet* tablet : {&ann, &ben, &cy}) {
      auto conflicts = (*tablet)->Conflicts(seen);
      ASSERT_EQ(1u, conflicts->size()) << tablet->name;
      EXPECT_EQ(conflict.version, conflicts->at(0).version);
      EXPECT_EQ((std::set<std::string>{"of Ann", "of Ben", "of Cy"}),
                Words(conflicts->at(0)));
    }
    EXPECT_OK(ben->Settle(conflict.handle, conflict.version,
                          SettleChoice::Text("agreed")));
    SyncAll({&ben, &cy, &ann});
    for (Tablet* tablet : {&ann, &ben, &cy}) {
      EXPECT_TRUE((*tablet)->Conflicts()->empty()) << tablet->name;
      EXPECT_EQ("agreed", Venue(*tablet, seen));
    }
    ExpectInStep({&ann, &ben, &cy});
  }
}

TEST_F(Failures, Case20_AValueThatIsShownOfTwoSaysThatItIsContested) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id seen = Observe(ann, Register(ann));
  SyncAll({&ann, &ben});
  SetVenue(ann, seen, "Reception");
  SetVenue(ben, seen, "Back office");
  SyncAll({&ann, &ben});
  EXPECT_EQ(Venue(ann, seen), Venue(ben, seen));
  for (Tablet* tablet : {&ann, &ben}) {
    EXPECT_EQ(1u, (*tablet)->Get(seen)->summary.conflicts);
    tablet->Close();
    const ToolRun shown = RunTool(*tablet, {"record", "show", FormatId(seen)});
    EXPECT_TRUE(absl::StrContains(shown.out, "Needs a decision: venue"))
        << shown.out;
    const ToolRun both = RunTool(*tablet, {"conflicts", "list", "--json"});
    EXPECT_TRUE(absl::StrContains(both.out, "Reception")) << both.out;
    EXPECT_TRUE(absl::StrContains(both.out, "Back office")) << both.out;
  }
}

TEST_F(Failures, Case21_OnlyTheEndsOfTwoChainsMadeApartDisagree) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  const Id seen = Observe(ann, registration);
  const Id in_turn = Observe(ann, registration);
  SyncAll({&ann, &ben});
  for (const char* venue : {"A1", "A2", "A3"}) SetVenue(ann, seen, venue);
  for (const char* venue : {"B1", "B2", "B3"}) SetVenue(ben, seen, venue);
  // Another record is edited in turns: each saw what the other wrote.
  SetVenue(ann, in_turn, "A1");
  SyncAll({&ann, &ben});
  SetVenue(ben, in_turn, "B2");
  SyncAll({&ben, &ann});
  SetVenue(ann, in_turn, "A3");
  SyncAll({&ann, &ben});
  for (Tablet* tablet : {&ann, &ben}) {
    auto conflicts = (*tablet)->Conflicts();
    ASSERT_EQ(1u, conflicts->size()) << tablet->name;
    EXPECT_EQ(seen, conflicts->at(0).record);
    EXPECT_EQ((std::set<std::string>{"A3", "B3"}), Words(conflicts->at(0)));
    EXPECT_EQ("A3", Venue(*tablet, in_turn));
  }
}

TEST_F(Failures, Case22_WhatWasOverriddenAndWhoChoseStayOnRecord) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id seen = Observe(ann, Register(ann));
  SyncAll({&ann, &ben});
  SetVenue(ann, seen, "Reception");
  SetVenue(ben, seen, "Back office");
  SyncAll({&ann, &ben});
  const Conflict conflict = ann->Conflicts(seen)->at(0);
  const size_t of_ann = conflict.sides[0].words == "Reception" ? 0 : 1;
  EXPECT_OK(ann->Settle(conflict.handle, conflict.version,
                        SettleChoice::Side(of_ann)));
  SyncAll({&ann, &ben});
  ASSERT_EQ("Reception", Venue(ben, seen));
  // Ben's value and Ann's choice are in what Ben's tablet exports.
  ASSERT_TRUE(ben->Export(dir_.Path("out.jsonl")).ok());
  std::ifstream file(dir_.Path("out.jsonl"));
  int overridden = 0, chosen = 0;
  for (std::string line; std::getline(file, line);) {
    if (!absl::StrContains(line, "\"type\":\"change\"")) continue;
    const std::string author =
        absl::StrContains(line, absl::BytesToHexString(ann->WhoAmI()->person))
            ? "Ann"
            : "Ben";
    for (absl::string_view part : absl::StrSplit(line, "\"value\":\"")) {
      std::string value;
      if (!absl::Base64Unescape(part.substr(0, part.find('"')), &value)) {
        continue;
      }
      overridden += author == "Ben" && absl::StrContains(value, "Back office");
      chosen += author == "Ann" && absl::StrContains(value, "Reception");
    }
  }
  EXPECT_EQ(1, overridden);
  EXPECT_EQ(2, chosen);  // as written, and as chosen
}

TEST_F(Failures, Case23_WhatWasDiscardedDoesNotComeBackByItself) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  const Id seen = Observe(ann, registration);
  SyncAll({&ann, &ben});
  SetVenue(ann, seen, "Reception");
  EXPECT_OK(ann->Discard(seen));
  // Ben, who holds it still, works on something else meanwhile.
  Observe(ben, registration);
  Sync(ben);
  Sync(ann);
  Restart(ben);
  SyncAll({&ben, &ann});
  Tablet& cy = AddTablet(v1::ROLE_ASSESSOR, "Cy");
  Sync(cy);
  for (Tablet* tablet : {&ann, &ben, &cy}) {
    EXPECT_EQ("discarded", State(*tablet, seen)) << tablet->name;
    EXPECT_TRUE((*tablet)->Conflicts()->empty());
  }
}

TEST_F(Failures, Case24_ADisagreementBlocksNoOtherWork) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  const Id seen = Observe(ann, registration);
  SyncAll({&ann, &ben});
  SetVenue(ann, seen, "Reception");
  SetVenue(ben, seen, "Back office");
  v1::Observation more = Read<v1::Observation>(ben, seen);
  more.add_narrative()->set_text("He swept the floor.");
  EXPECT_OK(ben->Edit(seen, ben->Get(seen)->base, more));
  SyncAll({&ann, &ben});
  ASSERT_EQ(1u, ann->Conflicts()->size());
  // Paragraphs of both stand; other fields, the signature and a verdict go on.
  v1::Observation edited = Read<v1::Observation>(ann, seen);
  EXPECT_EQ(3, edited.narrative_size());
  edited.set_candidate_acknowledgement("Agreed.");
  EXPECT_OK(ann->Edit(seen, ann->Get(seen)->base, edited));
  EXPECT_OK(ann->Sign(seen));
  EXPECT_OK(ann->AppendEntry(Verdict(seen, true)));
  SyncAll({&ann, &ben});
  EXPECT_EQ("signed and locked", State(ben, seen));
  EXPECT_EQ(1u, ben->Conflicts()->size());
  EXPECT_TRUE(ben->HeldChanges()->empty());
}

TEST_F(Failures, Case25_ALaterChangeMakesAVerdictStaleAndIsNotCoveredByIt) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  const Id seen = Observe(ann, registration);
  EXPECT_OK(ann->Sign(seen));
  SyncAll({&ann, &ben});
  auto first_criterion = [&](Tablet& tablet) {
    auto portfolio = tablet->Portfolio(registration);
    EXPECT_TRUE(portfolio.ok()) << portfolio.status();
    return portfolio->units(0).criteria(0).state();
  };
  // Ann amends it while Ben judges what he sees.
  EXPECT_OK(ben->AppendEntry(Verdict(seen, true)));
  EXPECT_EQ("met", first_criterion(ben));
  v1::Observation amended = Read<v1::Observation>(ann, seen);
  amended.set_venue("Another place");
  EXPECT_OK(ann->Amend(seen, ann->Get(seen)->base, amended));
  SyncAll({&ann, &ben});
  for (Tablet* tablet : {&ann, &ben}) {
    EXPECT_EQ("stale", first_criterion(*tablet)) << tablet->name;
  }
}

}  // namespace
}  // namespace vouch
