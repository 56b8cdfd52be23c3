// Cases of C1 and C7 that one tablet has alone, without any centre.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

class Failures : public ClientFixture {
 protected:
  static std::string ReadFile(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // The files of the tablet in which the bytes stand.
  std::vector<std::string> FilesWith(const std::string& bytes) {
    std::vector<std::string> found;
    for (const auto& entry :
         fs::recursive_directory_iterator(Options().folder)) {
      if (entry.is_regular_file() &&
          absl::StrContains(ReadFile(entry.path()), bytes)) {
        found.push_back(entry.path().filename());
      }
    }
    return found;
  }

  // Another process edits the venue to 1, 2, 3 … and tells of each that was
  // saved; it is killed when it has told of `count`. The last that was told.
  int EditUntilKilled(const Id& id, int count) {
    client.reset();
    int ends[2];
    EXPECT_EQ(0, pipe(ends));
    const pid_t child = fork();
    if (child == 0) {
      Reopen();
      v1::Observation edited = Read<v1::Observation>(id);
      for (int i = 1;; ++i) {
        edited.set_venue(absl::StrCat(i));
        if (!client->Edit(id, Base(id), edited).ok()) _exit(1);
        if (write(ends[1], &i, sizeof(i)) != sizeof(i)) _exit(2);
      }
    }
    close(ends[1]);
    int last = 0;
    for (int told = 0; told < count; ++told) {
      EXPECT_EQ(ssize_t{sizeof(last)}, read(ends[0], &last, sizeof(last)));
    }
    kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(child, waitpid(child, &status, 0));
    EXPECT_TRUE(WIFSIGNALED(status));
    // What it told after the last that was waited for.
    while (read(ends[0], &last, sizeof(last)) == ssize_t{sizeof(last)}) {
    }
    close(ends[0]);
    Reopen();
    return last;
  }
};

TEST_F(Failures, Case07_AKillWhileSavingLosesAtMostTheSaveUnderWay) {
  Start();
  const Id id = *client->Create(FullObservation(), NewRegistration());
  for (int count : {1, 2, 5, 17}) {
    const int told = EditUntilKilled(id, count);
    int venue = 0;
    ASSERT_TRUE(absl::SimpleAtoi(Read<v1::Observation>(id).venue(), &venue));
    EXPECT_GE(venue, told);
    EXPECT_LE(venue, told + 1);
    EXPECT_EQ(1, Read<v1::Observation>(id).narrative_size());
    EXPECT_TRUE(client->Conflicts()->empty());
    EXPECT_TRUE(client->Ledger()->balanced);
  }
}

TEST_F(Failures, Case12_NoPlaintextIsOnTheTabletsDiskAtAnyMoment) {
  const std::string secret = "Answered every call";
  Start();
  v1::Observation seen = FullObservation();
  ASSERT_TRUE(absl::StrContains(seen.narrative(0).text(), secret));
  const Id id = *client->Create(seen, NewRegistration());
  EXPECT_TRUE(FilesWith(secret).empty());
  EXPECT_TRUE(FilesWith("Sam Carter").empty());
  seen = Read<v1::Observation>(id);
  seen.mutable_narrative(0)->set_text(secret + ", or nearly.");
  EXPECT_OK(client->Edit(id, Base(id), seen));
  EXPECT_OK(client->Sign(id));
  EXPECT_TRUE(FilesWith(secret).empty());
  EditUntilKilled(*client->Create(FullObservation(), NewRegistration()), 1);
  EXPECT_TRUE(FilesWith(secret).empty());
  client.reset();
  EXPECT_TRUE(FilesWith(secret).empty());
  EXPECT_FALSE(FilesWith("SQLite format").empty());  // it can find something
}

TEST_F(Failures, Case48_TheKeyIsRandomAndAnAppsOwnIsNowhereOnTheDisk) {
  Start();
  const std::string one = ReadFile(dir.Path("tablet/device.key"));
  EXPECT_EQ(32u, one.size());
  client.reset();
  fs::remove_all(dir.Path("tablet"));
  Start();
  EXPECT_NE(one, ReadFile(dir.Path("tablet/device.key")));
  client.reset();
  fs::remove_all(dir.Path("tablet"));
  OpenOptions options = Options();
  const std::string key = "0123456789abcdefghijklmnopqrstuv";
  options.master_key = [key] { return key; };
  EnrolOffline(options, v1::ROLE_ASSESSOR, "Ann");
  client = *Client::Open(options);
  NewRegistration();
  client.reset();
  EXPECT_TRUE(FilesWith(key).empty());
  EXPECT_TRUE(FilesWith(key.substr(0, 16)).empty());
  EXPECT_REASON(Client::Open(Options()), STORE_KEY_WRONG);
}

}  // namespace
}  // namespace vouch
