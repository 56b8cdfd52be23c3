// Rule 21 as an app sees it: two records that may be the same work are pointed
// at until a person decides, and stay two.
#include <string>
#include <vector>

#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

using ClientDuplicatesTest = ClientFixture;

TEST_F(ClientDuplicatesTest, TheSameWorkTypedTwiceIsShownUntilOneIsDiscarded) {
  Start();
  const Id registration = NewRegistration(), other = NewRegistration();
  v1::Observation seen = FullObservation();
  const Id first = *client->Create(seen, registration);
  EXPECT_OK(client->Create(seen, other));
  EXPECT_TRUE(client->PossibleDuplicates()->empty());
  seen.mutable_narrative(0)->set_text(
      "answered every call, within three rings");
  clock.wall_ms += 1000;
  const Id second = *client->Create(seen, registration);
  auto pairs = client->PossibleDuplicates();
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  ASSERT_EQ(1u, pairs->size());
  EXPECT_EQ(first, pairs->at(0).record);
  EXPECT_EQ(second, pairs->at(0).other);
  EXPECT_EQ(registration, pairs->at(0).registration);
  EXPECT_EQ(100u, pairs->at(0).likeness_percent);
  EXPECT_NE(std::string::npos, pairs->at(0).words.find(FormatId(first)));
  EXPECT_EQ(1u, client->PossibleDuplicates(registration)->size());
  EXPECT_TRUE(client->PossibleDuplicates(other)->empty());
  // Nothing was merged, held or refused for it.
  EXPECT_EQ("draft", State(first));
  EXPECT_EQ("draft", State(second));
  EXPECT_TRUE(client->Warnings()->empty());
  EXPECT_OK(client->Discard(second));
  EXPECT_TRUE(client->PossibleDuplicates()->empty());
  EXPECT_OK(client->Revive(second));
  EXPECT_EQ(1u, client->PossibleDuplicates()->size());
}

TEST_F(ClientDuplicatesTest, AnotherDaysWorkInOtherWordsIsNone) {
  Start();
  const Id registration = NewRegistration();
  v1::Observation seen = FullObservation();
  EXPECT_OK(client->Create(seen, registration));
  seen.mutable_narrative(0)->set_text("Answered every call within six rings.");
  const Id near = *client->Create(seen, registration);
  EXPECT_EQ(0u, client->PossibleDuplicates()->size());  // 4 of 10 are shared
  seen.mutable_narrative(0)->set_text(
      "Answered every call within three rings today.");
  seen.mutable_when()->set_start_ms(seen.when().start_ms() +
                                    int64_t{2} * 24 * 3600 * 1000);
  EXPECT_OK(client->Create(seen, registration));
  EXPECT_EQ(0u, client->PossibleDuplicates()->size());
  EXPECT_OK(client->Get(near));
}

TEST_F(ClientDuplicatesTest, ARegistrationThatIsNotHereIsSaid) {
  Start();
  EXPECT_REASON(client->PossibleDuplicates(Id(16, 'x')), NOT_FOUND);
  EXPECT_REASON(client->PossibleDuplicates("short"), MALFORMED);
}

}  // namespace
}  // namespace vouch
