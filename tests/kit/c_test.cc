// vouch.h against a real centre: what an app in another language meets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/kit/c_fixture.h"
#include "vouch/v1/portfolio.pb.h"

namespace vouch {
namespace {

using CTest = CFixture;

TEST_F(CTest, AnObservationReachesTheCentreAndAnotherTablet) {
  vouch_client* north = Enrolled("north");
  const vouch_id registration = Register(north);
  const vouch_id seen = Observe(north, registration);
  int32_t safety = 0;
  ASSERT_EQ("OK", Outcome(vouch_safety_of(north, &seen, &safety)));
  EXPECT_EQ(VOUCH_SAFETY_ON_THIS_TABLET, safety);
  EXPECT_STREQ("on this tablet", vouch_safety_words(safety));
  EXPECT_EQ(2u, Ledger(north).pending);

  const vouch_sync_report report = Sync(north);
  EXPECT_EQ(2u, report.pushed);
  EXPECT_GT(report.bytes_sent, 0u);
  EXPECT_EQ(0u, Ledger(north).pending);
  EXPECT_EQ(1u, Ledger(north).balanced);
  ASSERT_EQ("OK", Outcome(vouch_safety_of(north, &seen, &safety)));
  EXPECT_EQ(VOUCH_SAFETY_AT_THE_CENTRE, safety);
  vouch_buffer why = {};
  ASSERT_EQ("OK", Outcome(vouch_safe_unavailable(north, &why)));
  EXPECT_EQ("unavailable: no backup configured", Taken(&why));

  vouch_client* south = Enrolled("south");
  Sync(south);
  const v1::StoredRecord stored = Get(south, seen);
  v1::Observation read;
  ASSERT_TRUE(read.ParseFromString(stored.message()));
  EXPECT_EQ("Front office", read.venue());
  EXPECT_EQ("draft", stored.row().state());
  vouch_buffer here = {}, there = {};
  ASSERT_EQ("OK", Outcome(vouch_state_hashes(south, &here)));
  ASSERT_EQ("OK", Outcome(vouch_centre_state_hashes(south, 0, &there)));
  const auto hashes = Read<v1::ScopeHashList>(&here);
  EXPECT_GT(hashes.scopes_size(), 0);
  EXPECT_EQ(hashes.SerializeAsString(),
            Read<v1::ScopeHashList>(&there).SerializeAsString());
}

TEST_F(CTest, PagesFollowOneAnother) {
  vouch_client* north = Enrolled("north");
  const vouch_id registration = Register(north);
  for (int i = 0; i < 3; ++i) Observe(north, registration);
  vouch_query_options query = {};
  query.struct_size = sizeof query;
  query.kind = vouch_text("Observation");
  query.registration = &registration;
  query.page_size = 2;
  vouch_buffer out = {};
  ASSERT_EQ("OK", Outcome(vouch_query(north, &query, &out)));
  const auto first = Read<v1::RecordPage>(&out);
  EXPECT_EQ(2, first.records_size());
  query.page_token = SliceOf(first.next_page_token());
  ASSERT_EQ("OK", Outcome(vouch_query(north, &query, &out)));
  const auto second = Read<v1::RecordPage>(&out);
  ASSERT_EQ(1, second.records_size());
  EXPECT_EQ("", second.next_page_token());
  EXPECT_EQ(BytesOf(registration), second.records(0).registration());
  query.kind = vouch_text("Registration");
  EXPECT_EQ("PAGE_TOKEN_INVALID", Outcome(vouch_query(north, &query, &out)));
  ASSERT_EQ("OK", Outcome(vouch_registrations(north, &out)));
  EXPECT_EQ(1, Read<v1::StoredRecordList>(&out).records_size());
}

TEST_F(CTest, QueriesGoByWordsAndByTime) {
  vouch_client* north = Enrolled("north");
  const vouch_id registration = Register(north);
  const vouch_id wired = Observe(north, registration);
  vouch_id swept = {};
  ASSERT_EQ("OK", Outcome(vouch_create(north, Crossing(Seen("He swept.")),
                                       &registration, &swept)));
  vouch_query_options query = {};
  query.struct_size = sizeof query;
  query.text = vouch_text("WIRED he");
  vouch_buffer out = {};
  ASSERT_EQ("OK", Outcome(vouch_query(north, &query, &out)));
  const auto found = Read<v1::RecordPage>(&out);
  ASSERT_EQ(1, found.records_size());
  EXPECT_EQ(BytesOf(wired), found.records(0).id());
  const int64_t made_ms = Get(north, swept).acts(0).claimed_ms();
  query.text = {};
  query.kind = vouch_text("Observation");
  query.to_ms = made_ms + 1;
  ASSERT_EQ("OK", Outcome(vouch_query(north, &query, &out)));
  EXPECT_EQ(2, Read<v1::RecordPage>(&out).records_size());
  query.from_ms = made_ms + 1;
  query.to_ms = 0;
  ASSERT_EQ("OK", Outcome(vouch_query(north, &query, &out)));
  EXPECT_EQ(0, Read<v1::RecordPage>(&out).records_size());
}

TEST_F(CTest, ALiveQueryTellsWhatSavesAndSyncsChange) {
  vouch_client* north = Enrolled("north");
  const vouch_id registration = Register(north);
  struct Told {
    vouch_client* client;
    std::vector<v1::RecordEvent> events;
  } told = {north, {}};
  vouch_query_options query = {};
  query.struct_size = sizeof query;
  query.kind = vouch_text("Observation");
  vouch_live* live = nullptr;
  ASSERT_EQ("OK", Outcome(vouch_watch(
                      north, &query,
                      [](void* context, vouch_slice events) {
                        auto* into = static_cast<Told*>(context);
                        v1::RecordEventList list;
                        ASSERT_TRUE(list.ParseFromArray(
                            events.data, static_cast<int>(events.size)));
                        for (const auto& event : list.events()) {
                          into->events.push_back(event);
                          // No lock is held.
                          vouch_id id = {};
                          memcpy(id.bytes, event.record().id().data(), 16);
                          vouch_buffer out = {};
                          EXPECT_EQ("OK", Outcome(vouch_get(into->client, &id,
                                                            &out)));
                          vouch_buffer_free(&out);
                        }
                      },
                      &told, &live)));
  EXPECT_TRUE(told.events.empty());
  const vouch_id seen = Observe(north, registration);
  ASSERT_EQ(1u, told.events.size());
  EXPECT_EQ(v1::RECORD_EVENT_KIND_APPEARED, told.events[0].what());
  EXPECT_EQ(BytesOf(seen), told.events[0].record().id());
  EXPECT_EQ(1u, told.events[0].record().pending());
  Sync(north);
  EXPECT_EQ(v1::RECORD_EVENT_KIND_CHANGED, told.events.back().what());
  EXPECT_EQ(0u, told.events.back().record().pending());
  const size_t before = told.events.size();
  vouch_live_free(live);
  Observe(north, registration);
  EXPECT_EQ(before, told.events.size());
}

TEST_F(CTest, APortfolioIsAsSafeAsItsLeastSafeRecord) {
  vouch_client* north = Enrolled("north");
  const vouch_id registration = Register(north);
  Observe(north, registration);
  Sync(north);
  vouch_portfolio_safety safety = {};
  safety.struct_size = sizeof safety;
  ASSERT_EQ("OK",
            Outcome(vouch_safety_of_portfolio(north, &registration, &safety)));
  EXPECT_EQ(2u, safety.at_the_centre);
  EXPECT_EQ(VOUCH_SAFETY_AT_THE_CENTRE, safety.least);
  Observe(north, registration);
  ASSERT_EQ("OK",
            Outcome(vouch_safety_of_portfolio(north, &registration, &safety)));
  EXPECT_EQ(1u, safety.on_this_tablet);
  EXPECT_EQ(2u, safety.at_the_centre);
  EXPECT_EQ(0u, safety.safe);
  EXPECT_EQ(VOUCH_SAFETY_ON_THIS_TABLET, safety.least);
  const vouch_id nobody = {};
  EXPECT_EQ("NOT_FOUND",
            Outcome(vouch_safety_of_portfolio(north, &nobody, &safety)));
}

TEST_F(CTest, TwoProcessesMayShareAStore) {
  vouch_client* app = Enrolled("north", true);
  vouch_client* worker = Open("north", true);
  const vouch_id seen = Observe(app, Register(app));
  EXPECT_EQ("draft", Get(worker, seen).row().state());
  Sync(worker);
  EXPECT_EQ(0u, Ledger(app).pending);
}

TEST_F(CTest, SigningNamesTheFirstFieldThatIsMissing) {
  vouch_client* north = Enrolled("north");
  const vouch_id seen = Observe(north, Register(north));
  vouch_buffer out = {};
  ASSERT_EQ("OK", Outcome(vouch_validate(north, &seen, &out)));
  const auto problems = Read<v1::FieldProblemList>(&out);
  ASSERT_GT(problems.problems_size(), 0);
  vouch_error* error = vouch_sign(north, &seen, {}, nullptr, &out);
  EXPECT_EQ(VOUCH_REASON_NOT_READY_TO_SIGN, vouch_error_reason(error));
  EXPECT_EQ(problems.problems(0).field(), FieldOf(error));
  ASSERT_EQ("OK", Outcome(vouch_validate_message(Crossing(Seen("x")), &out)));
  EXPECT_EQ(problems.SerializeAsString(),
            Read<v1::FieldProblemList>(&out).SerializeAsString());
}

TEST_F(CTest, ARecordIsSignedAmendedAndWithdrawn) {
  vouch_client* north = Enrolled("north");
  vouch_buffer out = {};
  ASSERT_EQ("OK", Outcome(vouch_who_am_i(north, &out)));
  v1::Observation whole = Seen("He wired it.");
  whole.set_observer(Read<v1::Enrolment>(&out).person());
  whole.set_candidate("Sam Carter");
  whole.mutable_when()->set_start_ms(1'799'990'000'000);
  whole.mutable_when()->set_end_ms(1'799'993'600'000);
  const vouch_id registration = Register(north);
  vouch_id id = {};
  ASSERT_EQ("OK",
            Outcome(vouch_create(north, Crossing(whole), &registration, &id)));
  ASSERT_EQ("OK", Outcome(vouch_discard(north, &id, {}, &out)));
  Taken(&out);
  EXPECT_EQ("RECORD_DISCARDED",
            Outcome(vouch_sign(north, &id, {}, nullptr, &out)));
  ASSERT_EQ("OK", Outcome(vouch_revive(north, &id, {}, &out)));
  Taken(&out);
  ASSERT_EQ("OK", Outcome(vouch_sign(north, &id, {}, nullptr, &out)));
  const std::string base = Taken(&out);
  whole.set_venue("Workshop");
  EXPECT_EQ("RECORD_SEALED", Outcome(vouch_edit(north, &id, SliceOf(base),
                                                Crossing(whole), &out)));
  v1::StoredRecord stored = Get(north, id);
  ASSERT_TRUE(whole.ParseFromString(stored.message()));
  whole.set_venue("Workshop");
  ASSERT_EQ("OK", Outcome(vouch_amend(north, &id, SliceOf(stored.base()),
                                      Crossing(whole), &out)));
  Taken(&out);
  ASSERT_EQ("OK", Outcome(vouch_withdraw(north, &id, {}, &out)));
  Taken(&out);
  stored = Get(north, id);
  EXPECT_EQ("withdrawn", stored.row().state());
  EXPECT_EQ("signed", stored.acts(1).what());
}

TEST_F(CTest, ADisagreementShowsBothSidesAndIsSettled) {
  vouch_client* north = Enrolled("north");
  vouch_client* south = Enrolled("south");
  const vouch_id seen = Observe(north, Register(north));
  Sync(north);
  Sync(south);
  Edit(north, seen, "He wired it well.");
  Edit(south, seen, "He wired it slowly.");
  Sync(north);
  EXPECT_EQ(1u, Sync(south).conflicts);
  vouch_buffer out = {};
  ASSERT_EQ("OK", Outcome(vouch_conflicts(south, &seen, &out)));
  const auto list = Read<v1::DisagreementList>(&out);
  ASSERT_EQ(1, list.conflicts_size());
  const v1::Disagreement& conflict = list.conflicts(0);
  ASSERT_EQ(2, conflict.sides_size());
  EXPECT_EQ("He wired it.", conflict.base().words());
  vouch_settle_choice choice = {};
  choice.struct_size = sizeof choice;
  EXPECT_EQ("by", FieldOf(vouch_settle(south, SliceOf(conflict.handle()),
                                       SliceOf(conflict.version()), &choice)));
  choice.by = VOUCH_SETTLE_BY_TEXT;
  choice.text = vouch_text("He wired it well, and slowly.");
  ASSERT_EQ("OK", Outcome(vouch_settle(south, SliceOf(conflict.handle()),
                                       SliceOf(conflict.version()), &choice)));
  ASSERT_EQ("OK", Outcome(vouch_conflicts(south, nullptr, &out)));
  EXPECT_EQ(0, Read<v1::DisagreementList>(&out).conflicts_size());
  v1::Observation read;
  ASSERT_TRUE(read.ParseFromString(Get(south, seen).message()));
  EXPECT_EQ("He wired it well, and slowly.", read.narrative(0).text());
}

TEST_F(CTest, AJudgementCountsInThePortfolio) {
  vouch_client* north = Enrolled("north");
  const vouch_id registration = Register(north);
  const vouch_id seen = Observe(north, registration);
  v1::Judgement judgement;
  judgement.set_evidence(BytesOf(seen));
  auto* outcome = judgement.add_entries()->add_outcomes();
  outcome->mutable_criterion()->set_unit("F1");
  outcome->mutable_criterion()->set_criterion("1.1");
  outcome->set_met(true);
  judgement.mutable_entries(0)->set_feedback("Well done.");
  judgement.mutable_entries(0)->set_justification("Seen.");
  judgement.mutable_entries(0)->set_method(v1::AssessmentMethod(1));
  vouch_id ledger = {}, keyed = {};
  ASSERT_EQ("OK", Outcome(vouch_append_entry(north, Crossing(judgement), {},
                                             &ledger)));
  ASSERT_EQ("OK", Outcome(vouch_keyed_id(Crossing(judgement), &keyed)));
  EXPECT_EQ(0, memcmp(keyed.bytes, ledger.bytes, sizeof keyed.bytes));
  vouch_buffer out = {};
  ASSERT_EQ("OK", Outcome(vouch_portfolio(north, &registration, &out)));
  const auto portfolio = Read<v1::Portfolio>(&out);
  EXPECT_EQ("03455", portfolio.specification());
  ASSERT_EQ(1, portfolio.evidence_size());
  EXPECT_NE("none", portfolio.evidence(0).judgement().state());
  EXPECT_EQ("NOT_FOUND", Outcome(vouch_portfolio(north, &seen, &out)));
}

TEST_F(CTest, ListsThatAreEmptyAreGivenAsSuch) {
  vouch_client* north = Enrolled("north");
  Sync(north);
  vouch_buffer out = {};
  ASSERT_EQ("OK", Outcome(vouch_held_changes(north, &out)));
  EXPECT_EQ(0, Read<v1::HeldChangeList>(&out).held_size());
  ASSERT_EQ("OK", Outcome(vouch_warnings(north, &out)));
  EXPECT_EQ(0, Read<v1::ReviewWarningList>(&out).warnings_size());
  ASSERT_EQ("OK", Outcome(vouch_people(north, &out)));
  EXPECT_EQ(1, Read<v1::PersonList>(&out).people_size());
  ASSERT_EQ("OK", Outcome(vouch_possible_duplicates(north, nullptr, &out)));
  EXPECT_EQ(0, Read<v1::PossibleDuplicateList>(&out).pairs_size());
  EXPECT_EQ("NOT_FOUND",
            Outcome(vouch_release(north, SliceOf(std::string(64, '0')))));
}

TEST_F(CTest, WorkTypedTwiceIsPointedAt) {
  vouch_client* north = Enrolled("north");
  const vouch_id registration = Register(north);
  const vouch_id first = Observe(north, registration);
  const vouch_id second = Observe(north, registration);
  vouch_buffer out = {};
  ASSERT_EQ("OK",
            Outcome(vouch_possible_duplicates(north, &registration, &out)));
  const auto list = Read<v1::PossibleDuplicateList>(&out);
  ASSERT_EQ(1, list.pairs_size());
  // Both were made in the same millisecond, perhaps.
  EXPECT_THAT(
      (std::vector<std::string>{list.pairs(0).record(), list.pairs(0).other()}),
      testing::UnorderedElementsAre(BytesOf(first), BytesOf(second)));
  EXPECT_EQ(100u, list.pairs(0).likeness_percent());
}

TEST_F(CTest, EverythingCanBeTakenOutAlsoWithoutOpening) {
  vouch_client* north = Enrolled("north");
  Register(north);
  const std::string path = dir_.Path("out.jsonl");
  vouch_buffer out = {};
  ASSERT_EQ("OK", Outcome(vouch_export(north, SliceOf(path), &out)));
  EXPECT_EQ(1u, Read<v1::ExportReport>(&out).records());
  EXPECT_EQ("ALREADY_EXISTS",
            Outcome(vouch_export(north, SliceOf(path), &out)));
  vouch_close(north);
  opened_.clear();
  const std::string folder = dir_.Path("north");
  const std::string again = dir_.Path("again.jsonl");
  vouch_open_options options = {};
  options.struct_size = sizeof options;
  options.folder = SliceOf(folder);
  ASSERT_EQ("OK", Outcome(vouch_export_store(&options, SliceOf(again), &out)));
  EXPECT_EQ(1u, Read<v1::ExportReport>(&out).records());
}

}  // namespace
}  // namespace vouch
