// Queries by text and time, and queries that go on.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

using What = RecordEvent::What;

class LiveQueryTest : public ClientFixture {
 protected:
  Id Observe(const Id& registration, const std::string& text) {
    v1::Observation seen = FullObservation();
    seen.clear_narrative();
    seen.add_narrative()->set_text(text);
    auto id = client->Create(seen, registration);
    EXPECT_TRUE(id.ok()) << id.status();
    return *id;
  }
  // All pages.
  std::vector<Id> Find(RecordQuery query) {
    std::vector<Id> out;
    do {
      auto page = client->Query(query);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return out;
      for (const RecordSummary& found : page->records) out.push_back(found.id);
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    return out;
  }
  std::unique_ptr<LiveQuery> Watch(const RecordQuery& query) {
    auto live =
        client->Watch(query, [this](const std::vector<RecordEvent>& events) {
          ++calls;
          told.insert(told.end(), events.begin(), events.end());
        });
    EXPECT_TRUE(live.ok()) << live.status();
    return *std::move(live);
  }
  std::vector<RecordEvent> Take() { return std::exchange(told, {}); }

  std::vector<RecordEvent> told;
  int calls = 0;
};

TEST_F(LiveQueryTest, FindsByWordsOfTheRecordsTexts) {
  Start();
  Id registration = NewRegistration();
  Id calls = Observe(registration, "Answered every Call within three rings.");
  Id email = Observe(registration, "Wrote an e-mail to a supplier.");
  EXPECT_EQ(Find({.text = "CALL three"}), std::vector<Id>{calls});
  EXPECT_EQ(Find({.text = "suppli"}), std::vector<Id>{email});
  EXPECT_EQ(Find({.text = "call supplier"}), std::vector<Id>());
  EXPECT_EQ(Find({.text = "front office"}).size(), 2u) << "the venue";
  // What a person sees now, not what it said once.
  auto record = client->Get(calls);
  auto edited = dynamic_cast<const v1::Observation&>(*record->message);
  edited.mutable_narrative(0)->set_text("Answered every letter.");
  ASSERT_TRUE(client->Edit(calls, record->base, edited).ok());
  EXPECT_EQ(Find({.text = "rings"}), std::vector<Id>());
  EXPECT_EQ(Find({.text = "letter"}), std::vector<Id>{calls});
}

TEST_F(LiveQueryTest, FindsByWhenARecordWasMade) {
  Start();
  Id registration = NewRegistration();
  const int64_t first_ms = clock.wall_ms;
  Id first = Observe(registration, "first");
  clock.wall_ms += 3'600'000;
  Id second = Observe(registration, "second");
  RecordQuery query{.kind = "Observation"};
  query.from_ms = first_ms;
  query.to_ms = first_ms + 1;
  EXPECT_EQ(Find(query), std::vector<Id>{first});
  query.from_ms = first_ms + 1;
  query.to_ms = 0;
  EXPECT_EQ(Find(query), std::vector<Id>{second});
}

// A record whose id is made of its key tells no time by it.
TEST_F(LiveQueryTest, FindsAKeyedRecordByWhenItWasMade) {
  Start();
  Id registration = NewRegistration();
  Id seen = Observe(registration, "seen");
  clock.wall_ms += 3'600'000;
  v1::CrossReference reference;
  reference.set_evidence(seen);
  reference.add_criteria()->set_unit("F1");
  auto made = client->Create(reference, registration);
  ASSERT_TRUE(made.ok()) << made.status();
  RecordQuery query{.kind = "CrossReference"};
  query.from_ms = clock.wall_ms;
  EXPECT_EQ(Find(query), std::vector<Id>{*made});
  query.from_ms = clock.wall_ms + 1;
  EXPECT_EQ(Find(query), std::vector<Id>());
}

TEST_F(LiveQueryTest, APageOfATextQueryLooksAtSoManyAndGoesOn) {
  Start();
  Id registration = NewRegistration();
  for (int i = 0; i < kQueryLooksMax + 10; ++i) {
    Observe(registration, "plain");
    clock.wall_ms += 1;  // ids are in the order of their making
  }
  Id last = Observe(registration, "the needle");
  RecordQuery query{.kind = "Observation", .text = "needle"};
  auto page = client->Query(query);
  ASSERT_TRUE(page.ok());
  EXPECT_TRUE(page->records.empty());
  EXPECT_FALSE(page->next_page_token.empty());
  EXPECT_EQ(Find(query), std::vector<Id>{last});
}

TEST_F(LiveQueryTest, ATokenIsOfItsOwnText) {
  Start();
  Id registration = NewRegistration();
  Observe(registration, "one");
  Observe(registration, "one more");
  RecordQuery query{.kind = "Observation", .text = "one", .page_size = 1};
  auto page = client->Query(query);
  ASSERT_TRUE(page.ok());
  query.page_token = page->next_page_token;
  query.text = "two";
  EXPECT_REASON(client->Query(query), PAGE_TOKEN_INVALID);
}

TEST_F(LiveQueryTest, TellsWhatAppearsChangesAndGoes) {
  Start();
  Id registration = NewRegistration();
  Id before = Observe(registration, "before");
  auto live = Watch({.kind = "Observation", .state = "draft"});
  auto events = Take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].what, What::kAppeared);
  EXPECT_EQ(events[0].record.id, before);

  Id after = Observe(registration, "after");
  events = Take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].what, What::kAppeared);
  EXPECT_EQ(events[0].record.id, after);

  auto record = client->Get(after);
  auto edited = dynamic_cast<const v1::Observation&>(*record->message);
  edited.set_venue("Back office");
  ASSERT_TRUE(client->Edit(after, record->base, edited).ok());
  events = Take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].what, What::kChanged);
  EXPECT_EQ(events[0].record.changes, 2u);

  ASSERT_TRUE(client->Sign(after).ok());  // no draft any more
  events = Take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].what, What::kGone);
  EXPECT_EQ(events[0].record.id, after);

  NewRegistration();  // none of its business
  EXPECT_TRUE(Take().empty());
}

TEST_F(LiveQueryTest, IsToldAlsoThatThereIsNothingYet) {
  Start();
  auto live = Watch({.kind = "Observation"});
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(told.empty());
}

TEST_F(LiveQueryTest, ByTextFollowsTheText) {
  Start();
  Id registration = NewRegistration();
  Id id = Observe(registration, "calm");
  auto live = Watch({.text = "angry"});
  EXPECT_TRUE(Take().empty());
  auto record = client->Get(id);
  auto edited = dynamic_cast<const v1::Observation&>(*record->message);
  edited.mutable_narrative(0)->set_text("An angry caller.");
  ASSERT_TRUE(client->Edit(id, record->base, edited).ok());
  auto events = Take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].what, What::kAppeared);
}

TEST_F(LiveQueryTest, WhoIsToldMayUseTheClientAndEndTheQuery) {
  Start();
  Id registration = NewRegistration();
  std::unique_ptr<LiveQuery> live;
  int rounds = 0;
  auto made = client->Watch({.kind = "Observation"},
                            [&](const std::vector<RecordEvent>& events) {
                              EXPECT_TRUE(client->Ledger().ok());
                              if (events.empty()) return;
                              if (++rounds < 3) Observe(registration, "again");
                              if (rounds == 3) live.reset();
                            });
  ASSERT_TRUE(made.ok());
  live = *std::move(made);
  Observe(registration, "first");
  EXPECT_EQ(rounds, 3);
  Observe(registration, "unheard");
  EXPECT_EQ(rounds, 3);
}

TEST_F(LiveQueryTest, EveryChangeOfManyThreadsIsTold) {
  Start();
  Id registration = NewRegistration();
  constexpr int kThreads = 4, kEach = 25;
  std::vector<Id> heard;
  std::mutex mutex;
  {
    auto live = client->Watch({.kind = "Observation"},
                              [&](const std::vector<RecordEvent>& events) {
                                std::lock_guard<std::mutex> lock(mutex);
                                for (const RecordEvent& event : events) {
                                  heard.push_back(event.record.id);
                                }
                              });
    ASSERT_TRUE(live.ok());
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) Observe(registration, "x");
      });
    }
    for (std::thread& thread : threads) thread.join();
    // The thread that was telling last may still be at it: ending waits.
  }
  std::sort(heard.begin(), heard.end());
  EXPECT_EQ(std::unique(heard.begin(), heard.end()), heard.end());
  EXPECT_EQ(heard.size(), static_cast<size_t>(kThreads * kEach));
}

TEST_F(LiveQueryTest, APortfolioIsAsSafeAsItsLeastSafeRecord) {
  Start();
  Id registration = NewRegistration();
  Observe(registration, "one");
  auto safety = client->SafetyOfPortfolio(registration);
  ASSERT_TRUE(safety.ok()) << safety.status();
  EXPECT_EQ(safety->on_this_tablet, 2u);
  EXPECT_EQ(safety->least, SafetyState::kOnThisTablet);
  EXPECT_REASON(client->SafetyOfPortfolio(Id(16, 'x')), NOT_FOUND);
}

}  // namespace
}  // namespace vouch
