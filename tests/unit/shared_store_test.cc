// Two processes of one app on one store.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

class SharedStoreTest : public ClientFixture {
 protected:
  OpenOptions Shared() {
    OpenOptions options = Options();
    options.shared = true;
    return options;
  }
  std::unique_ptr<Client> OpenShared() {
    auto opened = Client::Open(Shared());
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  void StartShared() {
    EnrolOffline(Options(), v1::ROLE_ASSESSOR, "Ann");
    client = OpenShared();
  }
};

TEST_F(SharedStoreTest, EachSeesWhatTheOtherSaved) {
  StartShared();
  auto worker = OpenShared();
  Id registration = NewRegistration();
  auto seen = worker->Get(registration);
  ASSERT_TRUE(seen.ok()) << seen.status();
  auto edited = dynamic_cast<const v1::Registration&>(*seen->message);
  edited.set_contact("Desk 4");
  ASSERT_TRUE(worker->Edit(registration, seen->base, edited).ok());
  EXPECT_EQ(Read<v1::Registration>(registration).contact(), "Desk 4");
  // One chain, written by turns, without a gap or a fork.
  edited.set_contact("Desk 5");
  ASSERT_TRUE(client->Edit(registration, Base(registration), edited).ok());
  EXPECT_EQ(worker->Ledger()->captured, 3u);
  EXPECT_EQ(worker->WhoAmI()->person, client->WhoAmI()->person);
}

TEST_F(SharedStoreTest, WhoDoesNotShareKeepsItAndTheOtherWaitsItsTime) {
  EnrolOffline(Options(), v1::ROLE_ASSESSOR, "Ann");
  Reopen();
  OpenOptions options = Shared();
  options.share_wait = std::chrono::milliseconds(20);
  EXPECT_REASON(Client::Open(options), STORE_LOCKED);
  client.reset();
  EXPECT_OK(Client::Open(options));
}

TEST_F(SharedStoreTest, ALiveQueryIsToldOfTheOthersWorkWithItsNextCall) {
  StartShared();
  Id registration = NewRegistration();
  std::vector<RecordEvent> told;
  auto live = client->Watch(
      {.kind = "Observation"}, [&](const std::vector<RecordEvent>& events) {
        told.insert(told.end(), events.begin(), events.end());
      });
  ASSERT_TRUE(live.ok());
  auto worker = OpenShared();
  ASSERT_TRUE(worker->Create(FullObservation(), registration).ok());
  EXPECT_TRUE(told.empty());
  ASSERT_TRUE(client->Create(FullObservation(), registration).ok());
  EXPECT_EQ(told.size(), 2u);
}

// Real processes, at full speed, and one of them killed in the middle.
TEST_F(SharedStoreTest, TwoProcessesLoseNothingAndAKillStopsNobody) {
  constexpr int kSaves = 40;
  StartShared();
  Id registration = NewRegistration();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto opened = Client::Open(Shared());
    if (!opened.ok()) _exit(1);
    v1::Observation seen;
    seen.set_venue("the worker's");
    for (int i = 0;; ++i) {
      if (!(*opened)->Create(seen, registration).ok()) _exit(2);
      // Saved: it says so, and is killed when it has said it often enough.
      if (write(ready[1], "x", 1) != 1) _exit(3);
    }
  }
  close(ready[1]);
  int theirs = 0;
  for (int i = 0; i < kSaves; ++i) {
    ASSERT_TRUE(client->Create(FullObservation(), registration).ok()) << i;
    char byte;
    if (theirs < kSaves / 2)
      theirs += static_cast<int>(read(ready[0], &byte, 1));
  }
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << status;
  char byte;
  while (read(ready[0], &byte, 1) == 1) ++theirs;
  close(ready[0]);
  // All that was told to be saved is there; at most one more was not told.
  auto ledger = client->Ledger();
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_TRUE(ledger->balanced);
  const auto told = static_cast<uint64_t>(1 + kSaves + theirs);
  EXPECT_GE(ledger->captured, told);
  EXPECT_LE(ledger->captured, told + 1);
  EXPECT_GE(theirs, kSaves / 2);
}

}  // namespace
}  // namespace vouch
