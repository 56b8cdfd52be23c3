// Tablets and a centre, whole: what people see when they worked apart and come
// back together.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>

#include "tests/support/server_world.h"

namespace vouch {
namespace {

#define EXPECT_REASON(reason, status) \
  EXPECT_EQ(v1::ERROR_REASON_##reason, ErrorReasonOf(status)) << (status)

class ClientSyncTest : public testing::Test {
 protected:
  void SyncAll(std::initializer_list<Client*> clients) {
    // Twice, so that each also has what those after it brought.
    for (int round = 0; round < 2; ++round) {
      for (Client* client : clients) {
        SyncReport report = client->SyncOnce(world.Sync());
        EXPECT_TRUE(report.status.ok()) << report.status;
        EXPECT_TRUE(report.ledger.balanced);
        EXPECT_EQ(0u, report.ledger.pending);
      }
    }
  }

  static Id Register(Client& client, const Client* verifier = nullptr) {
    v1::Registration registration;
    registration.set_candidate_name("Sam Carter");
    registration.set_specification("03455");
    registration.set_specification_version(1);
    registration.add_units("F1");
    if (verifier != nullptr) {
      registration.set_internal_verifier(verifier->WhoAmI()->person);
    }
    auto id = client.Create(registration);
    EXPECT_TRUE(id.ok()) << id.status();
    return *id;
  }

  static Id Observe(Client& client, const Id& registration) {
    v1::Observation seen;
    seen.set_observer(client.WhoAmI()->person);
    seen.set_candidate("Sam Carter");
    seen.mutable_when()->set_start_ms(1'799'990'000'000);
    seen.mutable_when()->set_end_ms(1'799'993'600'000);
    seen.set_venue("Front office");
    seen.add_narrative()->set_text("He wired it.");
    seen.add_narrative()->set_text("He tidied up.");
    auto id = client.Create(seen, registration);
    EXPECT_TRUE(id.ok()) << id.status();
    return *id;
  }

  static v1::Observation ReadObservation(const Client& client, const Id& id) {
    auto record = client.Get(id);
    EXPECT_TRUE(record.ok()) << record.status();
    return dynamic_cast<const v1::Observation&>(*record->message);
  }

  static void EditParagraph(Client& client, const Id& id, int index,
                            const std::string& text) {
    v1::Observation edited = ReadObservation(client, id);
    edited.mutable_narrative(index)->set_text(text);
    auto base = client.Edit(id, client.Get(id)->base, edited);
    EXPECT_TRUE(base.ok()) << base.status();
  }

  static absl::StatusOr<Id> Judge(Client& client, const Id& evidence,
                                  bool met) {
    v1::Judgement judgement;
    judgement.set_evidence(evidence);
    v1::JudgementEntry* entry = judgement.add_entries();
    entry->set_method(v1::ASSESSMENT_METHOD_DIRECT_OBSERVATION);
    v1::CriterionOutcome* outcome = entry->add_outcomes();
    outcome->mutable_criterion()->set_unit("F1");
    outcome->mutable_criterion()->set_criterion("1.1");
    outcome->set_met(met);
    entry->set_justification("Seen twice.");
    entry->set_feedback("As discussed.");
    return client.AppendEntry(judgement);
  }

  static std::map<std::string, std::string> Hashes(const Client& client) {
    std::map<std::string, std::string> hashes;
    auto scopes = client.StateHashes();
    EXPECT_TRUE(scopes.ok()) << scopes.status();
    for (const ScopeHash& scope : *scopes) {
      hashes[scope.scope] = scope.hash;
    }
    return hashes;
  }

  ServerWorld world;
};

TEST_F(ClientSyncTest, WorkDoneApartComesTogether) {
  auto jo = world.Tablet(v1::ROLE_ADMINISTRATOR, "Jo");
  auto ivy = world.Tablet(v1::ROLE_INTERNAL_VERIFIER, "Ivy");
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  auto ben = world.Tablet(v1::ROLE_ASSESSOR, "Ben");
  Id registration = Register(*jo, ivy.get());
  SyncAll({jo.get(), ann.get(), ben.get(), ivy.get()});

  // Another paragraph each: merged without a question.
  Id seen = Observe(*ann, registration);
  SyncAll({ann.get(), ben.get()});
  EditParagraph(*ann, seen, 0, "He wired it in an hour.");
  EditParagraph(*ben, seen, 1, "He tidied up after.");
  SyncAll({ann.get(), ben.get()});
  for (Client* client : {ann.get(), ben.get()}) {
    v1::Observation merged = ReadObservation(*client, seen);
    EXPECT_EQ("He wired it in an hour.", merged.narrative(0).text());
    EXPECT_EQ("He tidied up after.", merged.narrative(1).text());
    EXPECT_TRUE(client->Conflicts()->empty());
  }

  // The same paragraph: a conflict with a suggestion, the same on both.
  EditParagraph(*ann, seen, 0, "Sam wired it in an hour.");
  EditParagraph(*ben, seen, 0, "He wired it in an hour, alone.");
  SyncAll({ann.get(), ben.get()});
  Conflict conflict = ann->Conflicts()->at(0);
  EXPECT_EQ(conflict.version, ben->Conflicts()->at(0).version);
  EXPECT_EQ("Sam wired it in an hour, alone.",
            conflict.suggestion.value_or("none"));
  EXPECT_EQ("Ben", conflict.sides[0].author_name == "Ann"
                       ? conflict.sides[1].author_name
                       : conflict.sides[0].author_name);
  EXPECT_TRUE(ann->Settle(conflict.handle, conflict.version,
                          SettleChoice::Text(*conflict.suggestion))
                  .ok());
  SyncAll({ann.get(), ben.get()});
  EXPECT_TRUE(ben->Conflicts()->empty());
  EXPECT_EQ("Sam wired it in an hour, alone.",
            ReadObservation(*ben, seen).narrative(0).text());

  // Opposite judgements: contested, until the verifier names both.
  auto signed_base = ann->Sign(seen, ann->Get(seen)->base);
  ASSERT_TRUE(signed_base.ok()) << signed_base.status();
  SyncAll({ann.get(), ben.get(), ivy.get()});
  auto ledger = Judge(*ann, seen, true);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_TRUE(Judge(*ben, seen, false).ok());
  SyncAll({ann.get(), ben.get(), ivy.get()});
  Conflict contested = ann->Conflicts(*ledger)->at(0);
  EXPECT_TRUE(contested.needs_resolver);
  absl::Status refused =
      ann->Settle(contested.handle, contested.version, SettleChoice::Side(0));
  EXPECT_REASON(RESOLVER_REQUIRED, refused);
  absl::Status settled =
      ivy->Settle(contested.handle, contested.version, SettleChoice::Side(0));
  EXPECT_TRUE(settled.ok()) << settled;
  SyncAll({ivy.get(), ann.get(), ben.get(), jo.get()});
  EXPECT_TRUE(ann->Conflicts()->empty());
  EXPECT_TRUE(ann->HeldChanges()->empty());
  EXPECT_EQ(Hashes(*ann), Hashes(*ben));
  EXPECT_EQ(Hashes(*ann), Hashes(*ivy));
  EXPECT_EQ(SafetyState::kAtTheCentre, *ann->Safety(seen));
  auto portfolio = ben->Portfolio(registration);
  EXPECT_TRUE(portfolio.ok()) << portfolio.status();
}

TEST_F(ClientSyncTest, ACodeIsForOneTabletAndOneCentre) {
  std::string code = world.Code(v1::ROLE_ASSESSOR, "Ann");
  auto ann = world.Open("Ann");
  std::string elsewhere =
      code.substr(0, code.find('@')) + "@" + std::string(32, '0');
  EXPECT_REASON(SERVER_NOT_TRUSTED,
                ann->Enrol(world.address(), elsewhere).status());
  EXPECT_REASON(CODE_UNKNOWN,
                ann->Enrol(world.address(), "AAAA-BBBB-CCCC").status());
  auto enrolled = ann->Enrol(world.address(), code);
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  EXPECT_EQ("Ann", enrolled->person_name);
  EXPECT_EQ(v1::ROLE_ASSESSOR, enrolled->role);
  EXPECT_EQ(world.server().ca_pin(), enrolled->ca_fingerprint);
  EXPECT_REASON(ALREADY_ENROLLED, ann->Enrol(world.address(), code).status());
  auto ben = world.Open("Ben");
  EXPECT_REASON(CODE_USED, ben->Enrol(world.address(), code).status());
}

// What an app's log may hold: what happened, and of nobody's content a word.
TEST_F(ClientSyncTest, TheLogTellsWhatHappenedAndNothingPersonal) {
  const std::string code = world.Code(v1::ROLE_ASSESSOR, "Ann Person");
  std::string lines;
  bool warned = false;
  OpenOptions options;
  TempDir folder;
  options.folder = folder.Path("tablet");
  options.log = [&](OpenOptions::Log level, const std::string& line) {
    lines += line + "\n";
    warned |= level == OpenOptions::Log::kWarning;
  };
  auto ann = Client::Open(options);
  ASSERT_TRUE(ann.ok());
  ASSERT_TRUE((*ann)->Enrol(world.address(), code).ok());
  Id registration = Register(**ann);
  Observe(**ann, registration);
  ASSERT_TRUE((*ann)->SyncOnce(world.Sync()).status.ok());
  EXPECT_FALSE(warned) << lines;
  world.Stop();
  SyncOptions away;
  away.server = "127.0.0.1:1";
  EXPECT_FALSE((*ann)->SyncOnce(away).status.ok());
  EXPECT_TRUE(warned);
  for (const char* told :
       {"store opened", "enrolment: OK", "sync began",
        "sync ended: OK pushed=2", "sync ended: UNREACHABLE"}) {
    EXPECT_NE(lines.find(told), std::string::npos) << told << " in\n" << lines;
  }
  for (const std::string& kept :
       {std::string("Sam"), std::string("wired"), std::string("Front office"),
        std::string("Ann"), code, code.substr(0, code.find('@')),
        FormatId(registration)}) {
    EXPECT_EQ(lines.find(kept), std::string::npos) << kept << " in\n" << lines;
  }
}

TEST_F(ClientSyncTest, WithoutAFingerprintTheCentreIsTrustedOnFirstUse) {
  std::string code = world.Code(v1::ROLE_ASSESSOR, "Ann");
  auto ann = world.Open("Ann");
  auto enrolled = ann->Enrol(world.address(), code.substr(0, code.find('@')));
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  EXPECT_EQ(world.server().ca_pin(), enrolled->ca_fingerprint);
}

TEST_F(ClientSyncTest, AnotherCentreAtTheAddressGetsNothing) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Register(*ann);
  ServerWorld stranger;
  SyncReport report = ann->SyncOnce(stranger.Sync());
  EXPECT_REASON(SERVER_NOT_TRUSTED, report.status);
  EXPECT_EQ(0u, report.bytes_received);
  EXPECT_EQ(1u, report.ledger.pending);
  EXPECT_TRUE(ann->SyncOnce(world.Sync()).status.ok());
}

TEST_F(ClientSyncTest, WhileTheCentreIsAwayWorkGoesOn) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  SyncOptions away = world.Sync();
  world.Stop();
  Id registration = Register(*ann);
  EXPECT_REASON(UNREACHABLE, ann->SyncOnce(away).status);
  Id seen = Observe(*ann, registration);
  EXPECT_EQ(SafetyState::kOnThisTablet, *ann->Safety(seen));
  world.Start();
  SyncReport report = ann->SyncOnce(world.Sync());
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_EQ(2u, report.pushed);
  EXPECT_EQ(SafetyState::kAtTheCentre, *ann->Safety(seen));
  SyncReport again = ann->SyncOnce(world.Sync());
  EXPECT_TRUE(again.status.ok());
  EXPECT_EQ(0u, again.pushed);
  EXPECT_LE(again.bytes_sent + again.bytes_received, 600u);
}

TEST_F(ClientSyncTest, ARestoredCentreGetsBackWhatItLost) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Id registration = Register(*ann);
  EXPECT_TRUE(ann->SyncOnce(world.Sync()).status.ok());
  world.Stop();
  world.Backup();
  world.Start();
  Id seen = Observe(*ann, registration);
  EXPECT_TRUE(ann->SyncOnce(world.Sync()).status.ok());
  world.Stop();
  world.Restore();
  world.Start();
  Observe(*ann, registration);
  SyncReport report = ann->SyncOnce(world.Sync());
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_TRUE(report.recovered);
  EXPECT_EQ(1u, report.restored);
  EXPECT_EQ(2u, report.pushed);
  EXPECT_EQ("He wired it.", ReadObservation(*ann, seen).narrative(0).text());
  EXPECT_EQ(SafetyState::kAtTheCentre, *ann->Safety(seen));
  EXPECT_TRUE(ann->Ledger()->balanced);
  EXPECT_EQ(0u, ann->Ledger()->pending);
  EXPECT_FALSE(ann->SyncOnce(world.Sync()).recovered);
}

TEST_F(ClientSyncTest, WhatIsHeldIsShownToItsAuthorAndReleased) {
  auto jo = world.Tablet(v1::ROLE_ADMINISTRATOR, "Jo");
  auto ivy = world.Tablet(v1::ROLE_INTERNAL_VERIFIER, "Ivy");
  Id registration = Register(*jo, ivy.get());
  Id seen = Observe(*jo, registration);
  ASSERT_EQ(1u, jo->Warnings()->size());
  SyncAll({jo.get(), ivy.get()});
  EXPECT_TRUE(jo->Warnings()->empty());
  auto held = jo->HeldChanges();
  ASSERT_EQ(1u, held->size());
  EXPECT_EQ(seen, held->at(0).record);
  EXPECT_EQ(v1::ERROR_REASON_ROLE_NOT_ALLOWED, held->at(0).reason);
  EXPECT_EQ(1u, jo->Ledger()->held);
  EXPECT_FALSE(jo->Release(held->at(0).change).ok());
  absl::Status released = ivy->Release(held->at(0).change);
  EXPECT_TRUE(released.ok()) << released;
  SyncAll({ivy.get(), jo.get()});
  EXPECT_TRUE(jo->HeldChanges()->empty());
  EXPECT_EQ("Front office", ReadObservation(*jo, seen).venue());
}

TEST_F(ClientSyncTest, CaptureGoesOnDuringASync) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Id registration = Register(*ann);
  for (int i = 0; i < 100; ++i) Observe(*ann, registration);
  std::thread sync([&] {
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(ann->SyncOnce(world.Sync()).status.ok());
    }
  });
  for (int i = 0; i < 100; ++i) Observe(*ann, registration);
  sync.join();
  SyncReport report = ann->SyncOnce(world.Sync());
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_EQ(201u, report.ledger.stored);
  EXPECT_EQ(0u, report.ledger.pending);
}

TEST_F(ClientSyncTest, ALargeBacklogIsPulledByANewTablet) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Id registration = Register(*ann);
  v1::Observation large;
  large.add_narrative()->set_text(std::string(1 << 20, 'x'));
  for (int i = 0; i < 8; ++i) {
    large.set_venue("room " + std::to_string(i));
    EXPECT_TRUE(ann->Create(large, registration).ok());
  }
  for (int i = 0; i < 600; ++i) Observe(*ann, registration);
  SyncReport pushed = ann->SyncOnce(world.Sync());
  EXPECT_TRUE(pushed.status.ok()) << pushed.status;
  EXPECT_EQ(609u, pushed.pushed);
  auto ben = world.Tablet(v1::ROLE_ASSESSOR, "Ben");
  SyncReport pulled = ben->SyncOnce(world.Sync());
  EXPECT_TRUE(pulled.status.ok()) << pulled.status;
  EXPECT_TRUE(ann->SyncOnce(world.Sync()).status.ok());
  EXPECT_EQ(Hashes(*ann), Hashes(*ben));
}

// Accepts one connection, says `greeting`, and keeps it open until the end.
class Impostor {
 public:
  explicit Impostor(std::string greeting) : greeting_(std::move(greeting)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(0, bind(listener_, reinterpret_cast<sockaddr*>(&address), size));
    EXPECT_EQ(0, listen(listener_, 8));
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    this->address = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] {
      for (int fd; (fd = accept(listener_, nullptr, nullptr)) >= 0;) {
        if (!greeting_.empty()) {
          send(fd, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
        }
        open_.push_back(fd);
      }
    });
  }
  ~Impostor() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (int fd : open_) close(fd);
    close(listener_);
  }
  std::string address;

 private:
  const std::string greeting_;
  int listener_;
  std::vector<int> open_;
  std::thread thread_;
};

TEST_F(ClientSyncTest, ACaptivePortalIsNotTakenForTheCentre) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Register(*ann);
  Impostor portal("HTTP/1.1 302 Found\r\nLocation: http://login\r\n\r\n");
  SyncOptions options;
  options.server = portal.address;
  EXPECT_REASON(CAPTIVE_PORTAL, ann->SyncOnce(options).status);
  auto ben = world.Open("Ben");
  EXPECT_REASON(CAPTIVE_PORTAL,
                ben->Enrol(portal.address, "AAAA-BBBB-CCCC").status());
  EXPECT_EQ(1u, ann->Ledger()->pending);
}

TEST_F(ClientSyncTest, ASilentPeerHoldsNobodyPastTheDeadline) {
  auto ann = world.Tablet(v1::ROLE_ASSESSOR, "Ann");
  Impostor silent("");
  SyncOptions options;
  options.server = silent.address;
  options.deadline = std::chrono::milliseconds(300);
  auto begin = std::chrono::steady_clock::now();
  EXPECT_REASON(DEADLINE, ann->SyncOnce(options).status);
  auto ben = world.Open("Ben");
  EXPECT_REASON(
      UNREACHABLE,
      ben->Enrol(silent.address, "AAAA-BBBB-CCCC", options.deadline).status());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
}

TEST_F(ClientSyncTest, TheFirstExampleRuns) {
  TempDir dir;
  std::string command = std::string(VOUCH_FIRST_OBSERVATION) + " " +
                        dir.Path("tablet") + " " + world.address() + " " +
                        world.Code(v1::ROLE_ASSESSOR, "Ann") + " > " +
                        dir.Path("said");
  EXPECT_EQ(0, std::system(command.c_str()));
  std::ifstream said(dir.Path("said"));
  std::string text{std::istreambuf_iterator<char>(said), {}};
  EXPECT_EQ("2 changes at the centre, 0 pending\n", text);
}

TEST(ClientReadme, ShowsTheExampleThatIsBuilt) {
  auto read = [](const std::string& path) {
    std::ifstream in(std::string(VOUCH_SOURCE_DIR) + path);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  std::string readme = read("/client-lib/README.md");
  std::string example = read("/client-lib/examples/first_observation.cc");
  size_t begin = readme.find("```cpp\n");
  ASSERT_NE(std::string::npos, begin);
  begin += 7;
  std::string shown = readme.substr(begin, readme.find("```", begin) - begin);
  EXPECT_NE(std::string::npos, example.find(shown)) << shown;
}

}  // namespace
}  // namespace vouch
