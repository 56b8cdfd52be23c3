// What an app sees of records on one tablet, without any network.
#include "vouch/client.h"

#include <string>
#include <vector>

#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

using ClientTest = ClientFixture;

TEST_F(ClientTest, NothingIsSavedBeforeEnrolment) {
  Reopen();
  EXPECT_REASON(client->Create(v1::Registration()), NOT_ENROLLED);
  EXPECT_FALSE(client->WhoAmI().has_value());
  EXPECT_EQ(0u, client->Ledger()->captured);
}

TEST_F(ClientTest, WhatWasCreatedIsReadBack) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  v1::Observation read = Read<v1::Observation>(id);
  EXPECT_EQ("Front office", read.venue());
  ASSERT_EQ(1, read.narrative_size());
  EXPECT_EQ(16u, read.narrative(0).id().size());
  EXPECT_EQ("draft", State(id));
  EXPECT_EQ("Observation", client->Get(id)->summary.kind);
}

TEST_F(ClientTest, AnEmptyDraftIsSaved) {
  Start();
  Id id = *client->Create(v1::Observation(), NewRegistration());
  EXPECT_EQ("draft", State(id));
}

TEST_F(ClientTest, ARecordNamesARegistrationThatIsHere) {
  Start();
  EXPECT_REASON(client->Create(FullObservation()), MALFORMED);
  EXPECT_REASON(client->Create(FullObservation(), Id(16, 'x')), NOT_FOUND);
  EXPECT_REASON(client->Create(FullObservation(), "short"), MALFORMED);
  Id observation = *client->Create(FullObservation(), NewRegistration());
  EXPECT_REASON(client->Create(FullObservation(), observation), MALFORMED);
  EXPECT_REASON(client->Get(Id(16, 'x')), NOT_FOUND);
  EXPECT_REASON(client->Create(v1::Paragraph(), NewRegistration()),
                KIND_UNKNOWN);
}

TEST_F(ClientTest, EditsOfDifferentFieldsFromOneBaseBothStand) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  BaseToken base = Base(id);
  v1::Observation a = Read<v1::Observation>(id), b = a;
  a.set_venue("Back office");
  b.mutable_narrative(0)->set_text("Answered most calls.");
  EXPECT_OK(client->Edit(id, base, a));
  EXPECT_OK(client->Edit(id, base, b));
  v1::Observation now = Read<v1::Observation>(id);
  EXPECT_EQ("Back office", now.venue());
  EXPECT_EQ("Answered most calls.", now.narrative(0).text());
  EXPECT_TRUE(client->Conflicts(id)->empty());
}

TEST_F(ClientTest, AStaleBaseMakesAConflictAndNeverAnOverwrite) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  BaseToken base = Base(id);
  v1::Observation a = Read<v1::Observation>(id), b = a;
  a.set_venue("Back office");
  b.set_venue("Reception");
  EXPECT_OK(client->Edit(id, base, a));
  EXPECT_OK(client->Edit(id, base, b));
  std::vector<Conflict> conflicts = *client->Conflicts(id);
  ASSERT_EQ(1u, conflicts.size());
  EXPECT_EQ("venue", conflicts[0].field);
  ASSERT_EQ(2u, conflicts[0].sides.size());
  std::vector<std::string> words = {conflicts[0].sides[0].words,
                                    conflicts[0].sides[1].words};
  std::sort(words.begin(), words.end());
  EXPECT_EQ((std::vector<std::string>{"Back office", "Reception"}), words);
  ASSERT_TRUE(conflicts[0].base.has_value());
  EXPECT_EQ("Front office", conflicts[0].base->words);
}

TEST_F(ClientTest, EditsOneAfterTheOtherDoNotConflict) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  v1::Observation edited = Read<v1::Observation>(id);
  BaseToken base = Base(id);
  for (const char* venue : {"A", "B", "C"}) {
    edited.set_venue(venue);
    auto next = client->Edit(id, base, edited);
    ASSERT_TRUE(next.ok()) << next.status();
    base = *next;
  }
  EXPECT_EQ("C", Read<v1::Observation>(id).venue());
  EXPECT_TRUE(client->Conflicts(id)->empty());
}

TEST_F(ClientTest, AnEditThatChangesNothingSavesNothing) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  uint64_t captured = client->Ledger()->captured;
  EXPECT_OK(client->Edit(id, Base(id), Read<v1::Observation>(id)));
  EXPECT_EQ(captured, client->Ledger()->captured);
}

TEST_F(ClientTest, AnEditNeedsABaseOfItsOwnRecord) {
  Start();
  Id registration = NewRegistration();
  Id a = *client->Create(FullObservation(), registration);
  Id b = *client->Create(FullObservation(), registration);
  v1::Observation edited = Read<v1::Observation>(a);
  edited.set_venue("elsewhere");
  EXPECT_REASON(client->Edit(a, "", edited), MALFORMED);
  EXPECT_REASON(client->Edit(a, "nonsense", edited), MALFORMED);
  EXPECT_REASON(client->Edit(a, Base(b), edited), MALFORMED);
  EXPECT_EQ("Front office", Read<v1::Observation>(a).venue());
}

TEST_F(ClientTest, ParagraphsOfOneBaseMergeAndTheSameOneGetsASuggestion) {
  Start();
  v1::Observation seen = FullObservation();
  seen.mutable_narrative(0)->set_text("He wired it.");
  seen.add_narrative()->set_text("Second.");
  Id id = *client->Create(seen, NewRegistration());
  BaseToken base = Base(id);
  v1::Observation a = Read<v1::Observation>(id), b = a, c = a;
  a.mutable_narrative(0)->set_text("He wired it well.");
  b.mutable_narrative(1)->set_text("Second, mended.");
  c.mutable_narrative(0)->set_text("Sam wired it.");
  EXPECT_OK(client->Edit(id, base, a));
  EXPECT_OK(client->Edit(id, base, b));
  EXPECT_TRUE(client->Conflicts(id)->empty());
  EXPECT_OK(client->Edit(id, base, c));
  std::vector<Conflict> conflicts = *client->Conflicts();
  ASSERT_EQ(1u, conflicts.size());
  EXPECT_EQ("Sam wired it well.", conflicts[0].suggestion.value_or("none"));
  EXPECT_OK(client->Settle(conflicts[0].handle, conflicts[0].version,
                           SettleChoice::Text(*conflicts[0].suggestion)));
  v1::Observation now = Read<v1::Observation>(id);
  EXPECT_EQ("Sam wired it well.", now.narrative(0).text());
  EXPECT_EQ("Second, mended.", now.narrative(1).text());
  EXPECT_TRUE(client->Conflicts()->empty());
}

TEST_F(ClientTest, AConflictThatChangedIsNotSettledUnseen) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  BaseToken base = Base(id);
  v1::Observation edited = Read<v1::Observation>(id);
  for (const char* venue : {"A", "B"}) {
    edited.set_venue(venue);
    EXPECT_OK(client->Edit(id, base, edited));
  }
  Conflict seen = client->Conflicts(id)->at(0);
  edited.set_venue("C");
  EXPECT_OK(client->Edit(id, base, edited));
  EXPECT_REASON(
      client->Settle(seen.handle, seen.version, SettleChoice::Side(0)),
      CONFLICT_CHANGED);
  Conflict now = client->Conflicts(id)->at(0);
  EXPECT_EQ(seen.handle, now.handle);
  EXPECT_REASON(client->Settle(now.handle, now.version, SettleChoice::Side(9)),
                MALFORMED);
  EXPECT_REASON(client->Settle("x", now.version, SettleChoice::Side(0)),
                MALFORMED);
  std::string chosen = now.sides[1].words;
  EXPECT_OK(client->Settle(now.handle, now.version, SettleChoice::Side(1)));
  EXPECT_EQ(chosen, Read<v1::Observation>(id).venue());
  EXPECT_REASON(client->Settle(now.handle, now.version, SettleChoice::Side(0)),
                NOT_FOUND);
}

TEST_F(ClientTest, WhatIsMissingToSignIsNamed) {
  Start();
  v1::Observation seen = FullObservation();
  seen.clear_venue();
  seen.set_simulated(true);
  Id id = *client->Create(seen, NewRegistration());
  std::vector<std::string> fields;
  auto problems = client->Validate(id);
  ASSERT_TRUE(problems.ok()) << problems.status();
  for (const FieldProblem& p : *problems) {
    fields.push_back(p.field);
    EXPECT_FALSE(p.label.empty());
    EXPECT_FALSE(p.words.empty());
  }
  EXPECT_EQ((std::vector<std::string>{"venue", "simulation_reason",
                                      "realism_confirmed"}),
            fields);
  auto signed_base = client->Sign(id);
  EXPECT_REASON(signed_base, NOT_READY_TO_SIGN);
  EXPECT_NE(std::string::npos, signed_base.status().message().find("venue"));
  EXPECT_EQ("draft", State(id));
  EXPECT_EQ(3u, Client::ValidateMessage(seen).size());
  EXPECT_TRUE(Client::ValidateMessage(FullObservation()).empty());
}

TEST_F(ClientTest, WhatIsSignedIsAmendedAndNeverEdited) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  auto base = client->Sign(id, Base(id));
  ASSERT_TRUE(base.ok()) << base.status();
  EXPECT_EQ("signed and locked", State(id));
  EXPECT_TRUE(client->Warnings()->empty());
  v1::Observation edited = Read<v1::Observation>(id);
  edited.set_venue("Reception");
  EXPECT_REASON(client->Edit(id, *base, edited), RECORD_SEALED);
  EXPECT_REASON(client->Sign(id), RECORD_SEALED);
  EXPECT_REASON(client->Discard(id), RECORD_SEALED);
  EXPECT_EQ("Front office", Read<v1::Observation>(id).venue());
  EXPECT_OK(client->Amend(id, *base, edited));
  EXPECT_EQ("Reception", Read<v1::Observation>(id).venue());
  EXPECT_EQ("signed and locked", State(id));
  EXPECT_OK(client->Withdraw(id));
  EXPECT_EQ("withdrawn", State(id));
  EXPECT_TRUE(client->Warnings()->empty());
}

TEST_F(ClientTest, AnEditMadeBeforeTheSignatureWasSeenWaitsBesideIt) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  BaseToken before = Base(id);
  v1::Observation edited = Read<v1::Observation>(id);
  EXPECT_OK(client->Sign(id, before));
  edited.set_venue("Reception");
  EXPECT_OK(client->Edit(id, before, edited));
  EXPECT_EQ("Front office", Read<v1::Observation>(id).venue());
  Conflict late = client->Conflicts(id)->at(0);
  ASSERT_EQ(2u, late.sides.size());
  ASSERT_NE(nullptr, late.sides[0].value);
  EXPECT_EQ("Reception",
            dynamic_cast<const v1::Observation&>(*late.sides[0].value).venue());
  EXPECT_OK(client->Settle(late.handle, late.version, SettleChoice::Side(0)));
  EXPECT_EQ("Reception", Read<v1::Observation>(id).venue());
  EXPECT_TRUE(client->Conflicts()->empty());
}

TEST_F(ClientTest, AWitnessSignsOnTheRecordersTablet) {
  Start();
  v1::WitnessStatement statement;
  statement.set_candidate("Sam Carter");
  statement.mutable_when()->set_start_ms(1'799'990'000'000);
  statement.set_venue("Workshop");
  statement.add_description()->set_text("Rewired the panel.");
  statement.set_written_on("2027-01-14");
  statement.set_witness_name("Kim Doyle");
  statement.set_relationship("supervisor");
  statement.set_job_title("Foreman");
  statement.set_contact("kim@example.org");
  Id id = *client->Create(statement, NewRegistration());
  EXPECT_REASON(client->Sign(id), NOT_READY_TO_SIGN);
  auto base = client->Sign(id, Base(id), "M0 0L9 9");
  ASSERT_TRUE(base.ok()) << base.status();
  v1::WitnessStatement read = Read<v1::WitnessStatement>(id);
  EXPECT_EQ("M0 0L9 9", read.drawn_signature());
  EXPECT_EQ(v1::WITNESS_SIGNATURE_KIND_ON_THIS_DEVICE, read.signature_kind());
  EXPECT_EQ(32u, read.witness_key().size());
  EXPECT_EQ("signed and locked", State(id));
  EXPECT_TRUE(client->Warnings()->empty());
  EXPECT_TRUE(client->Conflicts()->empty());
  Id observation = *client->Create(FullObservation(), NewRegistration());
  EXPECT_REASON(client->Sign(observation, "", "M0 0L9 9"), MALFORMED);
}

TEST_F(ClientTest, ADraftIsDiscardedAndRevived) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  auto base = client->Discard(id);
  ASSERT_TRUE(base.ok());
  EXPECT_EQ("discarded", State(id));
  v1::Observation edited = Read<v1::Observation>(id);
  edited.set_venue("Reception");
  EXPECT_REASON(client->Edit(id, *base, edited), RECORD_DISCARDED);
  EXPECT_OK(client->Revive(id));
  EXPECT_EQ("draft", State(id));
  EXPECT_REASON(client->Withdraw(id), OPERATION_NOT_ALLOWED);
  EXPECT_REASON(client->Countersign(id), OPERATION_NOT_ALLOWED);
}

TEST_F(ClientTest, AnEditApartFromADiscardIsNeitherLostNorRevived) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  BaseToken before = Base(id);
  v1::Observation edited = Read<v1::Observation>(id);
  EXPECT_OK(client->Discard(id, before));
  edited.set_venue("Reception");
  EXPECT_OK(client->Edit(id, before, edited));
  EXPECT_EQ("edited after discard", State(id));
  Conflict conflict = client->Conflicts(id)->at(0);
  EXPECT_OK(
      client->Settle(conflict.handle, conflict.version, SettleChoice::Side(0)));
  EXPECT_EQ("draft", State(id));
  EXPECT_EQ("Reception", Read<v1::Observation>(id).venue());
}

TEST_F(ClientTest, AKeyedRecordExistsOnce) {
  Start();
  Id evidence = *client->Create(FullObservation(), NewRegistration());
  v1::CrossReference reference;
  reference.set_evidence(evidence);
  Id id = *client->Create(reference);
  EXPECT_EQ(id, *Client::KeyedId(reference));
  EXPECT_REASON(client->Create(reference), ALREADY_EXISTS);
  EXPECT_REASON(Client::KeyedId(v1::Observation()), MALFORMED);
  v1::CrossReference edited = Read<v1::CrossReference>(id);
  v1::CriterionReference* criterion = edited.add_criteria();
  criterion->set_unit("F1");
  criterion->set_criterion("1.1");
  EXPECT_OK(client->Edit(id, Base(id), edited));
  EXPECT_EQ(1, Read<v1::CrossReference>(id).criteria_size());
}

TEST_F(ClientTest, ManyQueriesPageThroughEachRecordOnce) {
  Start();
  Id first = NewRegistration(), second = NewRegistration();
  for (int i = 0; i < 7; ++i)
    EXPECT_OK(client->Create(FullObservation(), first));
  EXPECT_OK(client->Create(FullObservation(), second));
  RecordQuery query;
  query.kind = "observation";
  query.registration = first;
  query.page_size = 3;
  std::vector<Id> seen;
  int pages = 0;
  do {
    auto page = client->Query(query);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const RecordSummary& row : page->records) seen.push_back(row.id);
    query.page_token = page->next_page_token;
    ++pages;
  } while (!query.page_token.empty());
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(3, pages);
  EXPECT_EQ(7u, seen.size());
  EXPECT_EQ(seen.end(), std::unique(seen.begin(), seen.end()));

  RecordQuery all;
  EXPECT_EQ(10u, client->Query(all)->records.size());
  all.state = "signed and locked";
  EXPECT_EQ(0u, client->Query(all)->records.size());
  EXPECT_EQ(2u, client->Registrations()->size());
}

TEST_F(ClientTest, APageTokenFitsOnlyItsQuery) {
  Start();
  NewRegistration();
  NewRegistration();
  RecordQuery query;
  query.page_size = 1;
  query.page_token = client->Query(query)->next_page_token;
  ASSERT_FALSE(query.page_token.empty());
  query.kind = "Registration";
  EXPECT_REASON(client->Query(query), PAGE_TOKEN_INVALID);
  query.page_token = "made up";
  EXPECT_REASON(client->Query(query), PAGE_TOKEN_INVALID);
  RecordQuery wrong;
  wrong.kind = "Nothing";
  EXPECT_REASON(client->Query(wrong), KIND_UNKNOWN);
  wrong.kind = "";
  wrong.page_size = 501;
  EXPECT_REASON(client->Query(wrong), MALFORMED);
}

TEST_F(ClientTest, WhatIsNotSyncedIsOnThisTabletAndPending) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  EXPECT_EQ("on this tablet", SafetyWords(*client->Safety(id)));
  EXPECT_EQ("unavailable: no backup configured", client->SafeUnavailable());
  LedgerNumbers ledger = *client->Ledger();
  EXPECT_EQ(2u, ledger.captured);
  EXPECT_EQ(2u, ledger.pending);
  EXPECT_TRUE(ledger.balanced);
  EXPECT_EQ(1u, client->StateHashes()->size());
}

TEST_F(ClientTest, IdsAreUuidsForPeople) {
  Id id = *ParseId("01890f5c-0000-7000-8000-0123456789ab");
  EXPECT_EQ(16u, id.size());
  EXPECT_EQ("01890f5c-0000-7000-8000-0123456789ab", FormatId(id));
  EXPECT_EQ(id, *ParseId("01890F5C000070008000"
                         "0123456789AB"));
  EXPECT_REASON(ParseId("01890f5c"), MALFORMED);
}

TEST_F(ClientTest, RulesNeedNoStore) {
  auto evaluation = EvaluateRules("03455", 0, {"F1", "F2"});
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  EXPECT_EQ("not_met", evaluation->verdict());
  EXPECT_REASON(EvaluateRules("00000", 0, {}), SPECIFICATION_UNKNOWN);
  EXPECT_REASON(EvaluateRules("03455", 0, {"Z9"}), SPECIFICATION_UNKNOWN);
  EXPECT_EQ("WitnessStatement",
            (*NewRecord("witness-statement"))->GetDescriptor()->name());
  EXPECT_REASON(NewRecord("nothing"), KIND_UNKNOWN);
}

}  // namespace
}  // namespace vouch
