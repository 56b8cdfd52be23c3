// What an app sees of its store: durability, a full disk, damage, keys, clocks
// and text of every sort.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "storage/format.h"
#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

class ClientStoreTest : public ClientFixture {
 protected:
  std::string StoreFile() { return dir.Path("tablet/store/vouch.db"); }

  static std::string ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // Flips a bit in the store's file where `marker` stands first.
  void Damage(const std::string& marker) {
    std::string bytes = ReadFile(StoreFile());
    size_t at = bytes.find(marker);
    ASSERT_NE(std::string::npos, at);
    bytes[at + marker.size() / 2] ^= 0x10;
    std::ofstream(StoreFile(), std::ios::binary) << bytes;
  }

  std::string FirstChainValue() {
    auto store = OpenStoreOf(Options(), false);
    EXPECT_TRUE(store.ok()) << store.status();
    std::string found;
    EXPECT_TRUE((*store)
                    ->Scan(Family::kChain, "", "",
                           [&](absl::string_view, absl::string_view value) {
                             found = std::string(value);
                             return false;
                           })
                    .ok());
    return found;
  }
};

TEST_F(ClientStoreTest, WhatWasSavedSurvivesAKill) {
  EnrolOffline(Options(), v1::ROLE_ASSESSOR, "Ann");
  int pipe_ends[2];
  ASSERT_EQ(0, pipe(pipe_ends));
  pid_t child = fork();
  if (child == 0) {
    auto opened = Client::Open(Options());
    if (!opened.ok()) _exit(1);
    client = *std::move(opened);
    Id id = *client->Create(FullObservation(), NewRegistration());
    if (write(pipe_ends[1], id.data(), id.size()) != 16) _exit(2);
    kill(getpid(), SIGKILL);
  }
  close(pipe_ends[1]);
  char raw[16];
  ASSERT_EQ(16, read(pipe_ends[0], raw, sizeof(raw)));
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  Reopen();
  EXPECT_EQ("Front office",
            Read<v1::Observation>(Id(raw, sizeof(raw))).venue());
  EXPECT_EQ(2u, client->Ledger()->captured);
  EXPECT_TRUE(client->Ledger()->balanced);
}

TEST_F(ClientStoreTest, ABaseTokenOutlivesARestart) {
  Start();
  Id id = *client->Create(FullObservation(), NewRegistration());
  BaseToken base = Base(id);
  v1::Observation edited = Read<v1::Observation>(id);
  Reopen();
  edited.set_venue("Reception");
  EXPECT_OK(client->Edit(id, base, edited));
  EXPECT_EQ("Reception", Read<v1::Observation>(id).venue());
  EXPECT_TRUE(client->Conflicts()->empty());
}

TEST_F(ClientStoreTest, AFullDiskLosesNothingAndIsOverWithoutAReopen) {
  Start();
  Id registration = NewRegistration();
  Id id = *client->Create(FullObservation(), registration);
  v1::Observation edited = Read<v1::Observation>(id);
  edited.set_venue("Reception");
  free_bytes = 0;
  EXPECT_REASON(client->Create(FullObservation(), registration), STORE_FULL);
  EXPECT_REASON(client->Edit(id, Base(id), edited), STORE_FULL);
  EXPECT_REASON(client->Sign(id), STORE_FULL);
  EXPECT_EQ("Front office", Read<v1::Observation>(id).venue());
  EXPECT_EQ("draft", State(id));
  EXPECT_EQ(2u, client->Ledger()->captured);
  free_bytes = std::numeric_limits<uint64_t>::max();
  EXPECT_OK(client->Edit(id, Base(id), edited));
  EXPECT_EQ("Reception", Read<v1::Observation>(id).venue());
  EXPECT_TRUE(client->Ledger()->balanced);
}

TEST_F(ClientStoreTest, AStoreIsOpenOnce) {
  Start();
  EXPECT_REASON(Client::Open(Options()), STORE_LOCKED);
  client.reset();
  Reopen();
}

TEST_F(ClientStoreTest, ANewerStoreIsLeftAlone) {
  Start();
  client.reset();
  {
    auto store = OpenStoreOf(Options(), false);
    ASSERT_TRUE(store.ok());
    WriteBatch batch;
    batch.Put(Family::kMeta, kStoreFormatKey, "\x63");
    ASSERT_TRUE((*store)->Write(std::move(batch), Durability::kSynced).ok());
  }
  std::string before = ReadFile(StoreFile());
  EXPECT_REASON(Client::Open(Options()), STORE_NEWER);
  EXPECT_EQ(before, ReadFile(StoreFile()));
}

TEST_F(ClientStoreTest, AWrongKeyIsNotTakenForDamage) {
  Start();
  client.reset();
  OpenOptions other = Options();
  other.master_key = [] { return std::string(32, 'k'); };
  EXPECT_REASON(Client::Open(other), STORE_KEY_WRONG);
  other.master_key = [] { return std::string("short"); };
  EXPECT_REASON(Client::Open(other), STORE_KEY_WRONG);
  fs::rename(dir.Path("tablet/device.key"), dir.Path("kept.key"));
  EXPECT_REASON(Client::Open(Options()), STORE_KEY_WRONG);
  EXPECT_FALSE(fs::exists(dir.Path("tablet/device.key")));
  fs::rename(dir.Path("kept.key"), dir.Path("tablet/device.key"));
  Reopen();
}

TEST_F(ClientStoreTest, TheKeyFileIsForItsOwnerOnly) {
  Start();
  struct stat file {};
  ASSERT_EQ(0, stat(dir.Path("tablet/device.key").c_str(), &file));
  EXPECT_EQ(0600u, file.st_mode & 0777u);
  EXPECT_EQ(32, file.st_size);
}

TEST_F(ClientStoreTest, AnAppsOwnKeyOpensItsStore) {
  OpenOptions options = Options();
  options.master_key = [] { return std::string(32, 'k'); };
  EnrolOffline(options, v1::ROLE_ASSESSOR, "Ann");
  EXPECT_OK(Client::Open(options));
  EXPECT_FALSE(fs::exists(dir.Path("tablet/device.key")));
}

TEST_F(ClientStoreTest, DamageNamesTheFamilyAndTheRestIsExported) {
  Start();
  Id registration = NewRegistration();
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(client->Create(FullObservation(), registration));
  }
  client.reset();
  Damage(FirstChainValue());
  Reopen();
  auto damaged = client->Get(registration);
  EXPECT_REASON(damaged, STORE_CORRUPTED);
  EXPECT_NE(std::string::npos, damaged.status().message().find("chain"))
      << damaged.status();
  client.reset();
  auto report = ExportStore(Options(), dir.Path("out.jsonl"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(3u, report->records);
  EXPECT_EQ(3u, report->changes);
  EXPECT_FALSE(report->damage.empty());
  EXPECT_NE(std::string::npos,
            ReadFile(dir.Path("out.jsonl")).find("Front office"));
}

TEST_F(ClientStoreTest, ExportWritesEveryRecordOnceToANewFile) {
  Start();
  Id registration = NewRegistration();
  EXPECT_OK(client->Create(FullObservation(), registration));
  auto report = client->Export(dir.Path("out.jsonl"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(2u, report->records);
  EXPECT_EQ(2u, report->changes);
  EXPECT_TRUE(report->damage.empty());
  EXPECT_REASON(client->Export(dir.Path("out.jsonl")), ALREADY_EXISTS);
  struct stat file {};
  ASSERT_EQ(0, stat(dir.Path("out.jsonl").c_str(), &file));
  EXPECT_EQ(0600u, file.st_mode & 0777u);
}

TEST_F(ClientStoreTest, WithoutItsKeyAStoreStillShowsItsChanges) {
  Start();
  NewRegistration();
  client.reset();
  OpenOptions other = Options();
  other.master_key = [] { return std::string(32, 'k'); };
  auto report = ExportStore(other, dir.Path("out.jsonl"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(1u, report->changes);
  EXPECT_FALSE(report->damage.empty());
  EXPECT_EQ(std::string::npos,
            ReadFile(dir.Path("out.jsonl")).find("Sam Carter"));
}

TEST_F(ClientStoreTest, AClockTenYearsOffNeitherRefusesNorReorders) {
  Start();
  const int64_t now_ms = clock.wall_ms;
  const int64_t decade_ms = int64_t{3650} * 24 * 3600 * 1000;
  Id id = *client->Create(FullObservation(), NewRegistration());
  v1::Observation edited = Read<v1::Observation>(id);
  for (int64_t off_ms : {decade_ms, -decade_ms, int64_t{0}}) {
    clock.wall_ms = now_ms + off_ms;
    edited.set_venue("at " + std::to_string(off_ms));
    EXPECT_OK(client->Edit(id, Base(id), edited));
    EXPECT_EQ(edited.venue(), Read<v1::Observation>(id).venue());
  }
  EXPECT_TRUE(client->Conflicts()->empty());
  Reopen();
  edited.set_venue("after all");
  EXPECT_OK(client->Edit(id, Base(id), edited));
  EXPECT_EQ("after all", Read<v1::Observation>(id).venue());
}

TEST_F(ClientStoreTest, TextOfEverySortSurvives) {
  Start();
  Id registration = NewRegistration();
  for (const std::string& text :
       {std::string(), std::string("مرحبا بالعالم"), std::string("שלום"),
        std::string("👩‍🔧🛠️ e\u0301"),
        std::string("nul\0inside", 10), std::string(1 << 20, 'x')}) {
    v1::Observation seen = FullObservation();
    seen.mutable_narrative(0)->set_text(text);
    auto id = client->Create(seen, registration);
    ASSERT_TRUE(id.ok()) << id.status();
    EXPECT_EQ(text, Read<v1::Observation>(*id).narrative(0).text());
  }
}

TEST_F(ClientStoreTest, TextThatCannotBeKeptIsRefusedWhole) {
  Start();
  Id registration = NewRegistration();
  v1::Observation seen = FullObservation();
  seen.set_venue("caf\xe9");
  EXPECT_REASON(client->Create(seen, registration), NOT_UTF8);
  seen.set_venue(std::string((1 << 20) + 1, 'x'));
  EXPECT_REASON(client->Create(seen, registration), TOO_LARGE);
  EXPECT_EQ(1u, client->Ledger()->captured);
}

TEST_F(ClientStoreTest, BothEnginesHoldTheSame) {
  OpenOptions options = Options();
  options.folder = dir.Path("rocks");
  options.engine = Engine::kRocksDb;
  EnrolOffline(options, v1::ROLE_ASSESSOR, "Ann");
  auto opened = Client::Open(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  client = *std::move(opened);
  Id id = *client->Create(FullObservation(), NewRegistration());
  client.reset();
  client = *Client::Open(options);
  EXPECT_EQ("Front office", Read<v1::Observation>(id).venue());
}

TEST_F(ClientStoreTest, WithoutANetworkEnrolAndSyncSayWhy) {
  Reopen();
  EXPECT_REASON(client->SyncOnce().status, NOT_ENROLLED);
  EXPECT_REASON(client->Enrol("127.0.0.1:1", "AAAA-BBBB-CCCC"), UNREACHABLE);
  EXPECT_REASON(client->Enrol("no port", "AAAA-BBBB-CCCC"), MALFORMED);
  EXPECT_REASON(client->Enrol("127.0.0.1:1", "AAAA-BBBB-CCCC@12"), MALFORMED);
  EXPECT_REASON(client->Enrol("127.0.0.1:1", ""), MALFORMED);
}

TEST_F(ClientStoreTest, AFailedSyncLosesNothing) {
  Start();
  NewRegistration();
  SyncReport report = client->SyncOnce();
  EXPECT_REASON(report.status, UNREACHABLE);
  EXPECT_EQ(1u, report.ledger.pending);
  EXPECT_TRUE(report.ledger.balanced);
}

}  // namespace
}  // namespace vouch
