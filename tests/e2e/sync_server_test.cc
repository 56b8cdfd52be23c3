// Tablets and a real server: they converge, repeats change nothing, hostile
// bytes get a typed reason and harm nobody, reads are paginated.
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/aside.h"
#include "server/master_key.h"
#include "server/private_file.h"
#include "sync/base/hash.h"
#include "tests/e2e/server_fixture.h"

namespace vouch {
namespace {

using Stub = v1::CentreService::Stub;

class SyncServerTest : public ServerTest {};

v1::GetLedgerResponse LedgerOf(TlsClient client) {
  auto ledger = client.Call(&Stub::GetLedger, v1::GetLedgerRequest());
  EXPECT_TRUE(ledger.ok()) << ledger.status();
  return ledger.ok() ? *ledger : v1::GetLedgerResponse();
}

TEST_F(SyncServerTest, TwoTabletsAndTheCentreConverge) {
  Start();
  auto a = EnrolledTablet();
  auto b = EnrolledTablet();
  const RecordId of_a = a->Create(5, SharedScope(), "by a");
  const RecordId of_b = b->Create(5, SharedScope(), "by b");
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  ASSERT_TRUE(As(*b).Sync(*b->device).status.ok());
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  EXPECT_EQ(a->Values(of_b), std::vector<std::string>{"by b"});
  EXPECT_EQ(b->Values(of_a), std::vector<std::string>{"by a"});

  // They edit the same field apart: both values stay, on every side.
  ASSERT_TRUE(a->Set(of_a, "one").ok());
  ASSERT_TRUE(b->Set(of_a, "other").ok());
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  ASSERT_TRUE(As(*b).Sync(*b->device).status.ok());
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  EXPECT_EQ(a->Values(of_a).size(), 2u);
  EXPECT_EQ(a->Values(of_a), b->Values(of_a));
  auto states_a = a->device->ScopeStates();
  auto states_b = b->device->ScopeStates();
  ASSERT_TRUE(states_a.ok() && states_b.ok());
  EXPECT_EQ(*states_a, *states_b);
  const v1::GetLedgerResponse ledger = LedgerOf(As(*a));
  ASSERT_EQ(static_cast<size_t>(ledger.scopes_size()), states_a->size());
  for (int i = 0; i < ledger.scopes_size(); ++i) {
    EXPECT_EQ(ledger.scopes(i).scope_id(), (*states_a)[i].first.view());
    EXPECT_EQ(ledger.scopes(i).state_hash(), (*states_a)[i].second.view());
  }
  auto balance = a->device->Ledger();
  ASSERT_TRUE(balance.ok());
  EXPECT_TRUE(balance->balanced());
  EXPECT_EQ(balance->pending, 0u);
  auto conflicts =
      As(*b).Call(&Stub::ListConflicts, v1::ListConflictsRequest());
  ASSERT_TRUE(conflicts.ok()) << conflicts.status();
  ASSERT_EQ(conflicts->conflicts_size(), 1);
  EXPECT_EQ(conflicts->conflicts(0).record_id(), of_a.view());
  EXPECT_EQ(conflicts->conflicts(0).sides_size(), 2);
  EXPECT_TRUE(conflicts->conflicts(0).has_base());
}

TEST_F(SyncServerTest, ManySegmentsThatReferToEachOtherArrive) {
  Start();
  auto a = EnrolledTablet();
  const ScopeId staff =
      MakeScope(ScopeKind::kStaff, RegistrationOf(SharedScope()));
  const RecordId record = a->Create(5, SharedScope(), "0");
  // Each edit is in a later segment and refers to the change before it.
  for (int i = 1; i < 30; ++i) {
    a->Create(8, staff, absl::StrCat("between ", i));
    ASSERT_TRUE(a->Set(record, absl::StrCat(i)).ok());
  }
  LoopbackResult result = As(*a).Sync(*a->device);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.report.changes_pushed, 59u);
  auto b = EnrolledTablet();
  ASSERT_TRUE(As(*b).Sync(*b->device).status.ok());
  EXPECT_EQ(b->Values(record), std::vector<std::string>{"29"});
}

TEST_F(SyncServerTest, ChangesSentTwiceAndInParallelAreKeptOnce) {
  Start();
  auto a = EnrolledTablet();
  a->Create(5, SharedScope(), "once");
  const std::vector<std::string> wires = Outbox(*a);
  const uint64_t before = LogSize();
  std::vector<absl::Status> ends(4);
  std::vector<std::thread> senders;
  for (absl::Status& end : ends) {
    senders.emplace_back([&] { end = PushRaw(*a, wires); });
  }
  for (std::thread& sender : senders) sender.join();
  for (const absl::Status& end : ends) EXPECT_TRUE(end.ok()) << end;
  EXPECT_EQ(LogSize(), before + 1);
  EXPECT_TRUE(As(*a).Sync(*a->device).status.ok());
  EXPECT_EQ(LogSize(), before + 1);
}

TEST_F(SyncServerTest, AChangeThatBreaksARuleIsHeldAndListedWithItsReason) {
  Start();
  auto a = EnrolledTablet();
  a->Create(5, SharedScope(), "HOLD this");
  a->Create(5, SharedScope(), "and apply this");
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  auto held = As(*a).Call(&Stub::ListHeldChanges, v1::ListHeldChangesRequest());
  ASSERT_TRUE(held.ok()) << held.status();
  ASSERT_EQ(held->changes_size(), 1);
  EXPECT_EQ(held->changes(0).reason(), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(held->changes(0).author(), a->device->membership()->person.view());
  EXPECT_EQ(LedgerOf(As(*a)).held(), 1u);
  auto balance = a->device->Ledger();
  ASSERT_TRUE(balance.ok());
  EXPECT_EQ(balance->held, 1u);
  EXPECT_EQ(balance->stored, 1u);
}

TEST_F(SyncServerTest, AnotherDevicesChainIsRefused) {
  Start();
  auto a = EnrolledTablet();
  auto b = EnrolledTablet();
  b->Create(5, SharedScope(), "of b");
  EXPECT_EQ(ReasonOf(PushRaw(*a, Outbox(*b))), Reason::kChainForeign);
  EXPECT_TRUE(As(*b).Sync(*b->device).status.ok());
}

TEST_F(SyncServerTest, DamagedSegmentsGetTheirReasonAndTheServerGoesOn) {
  Start();
  auto a = EnrolledTablet();
  a->Create(5, SharedScope(), "whole");
  const std::string wire = Outbox(*a).at(0);
  auto decoded = DecodeSegment(wire, [](const SegmentHeader&, uint64_t) {
    return std::optional<Hash>();
  });
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  Segment wrongly_signed = *decoded;
  wrongly_signed.header.signature.data()[10] ^= 1;
  std::string newer = wire;
  newer[0] = 99;
  const struct {
    std::string name;
    std::string bytes;
    Reason reason;
  } cases[] = {
      {"empty", "", Reason::kNotCanonical},
      {"noise", std::string("\x01") + std::string(300, '\x7f'),
       Reason::kNotCanonical},
      {"truncated", wire.substr(0, wire.size() / 2), Reason::kNotCanonical},
      {"with more after it", wire + "x", Reason::kNotCanonical},
      {"wrongly signed", EncodeSegment(wrongly_signed, nullptr),
       Reason::kSignatureInvalid},
      {"of a newer version", newer, Reason::kVersionUnknown},
      {"oversized", std::string(kSegmentWireBytesMax + 1, '\x01'),
       Reason::kTooLarge},
  };
  for (const auto& c : cases) {
    const absl::Status end = PushRaw(*a, {c.bytes});
    EXPECT_EQ(ReasonOf(end), c.reason) << c.name << ": " << end;
  }
  // Nothing of it was taken, nothing of the good one was lost.
  EXPECT_EQ(LedgerOf(As(*a)).held(), 0u);
  EXPECT_TRUE(As(*a).Sync(*a->device).status.ok());
  EXPECT_EQ(a->device->Ledger()->pending, 0u);
}

TEST_F(SyncServerTest, RefusedBytesAreKeptSealed) {
  Start();
  auto a = EnrolledTablet();
  const std::string bytes = "\x01 these bytes are no segment";
  EXPECT_EQ(ReasonOf(PushRaw(*a, {bytes})), Reason::kNotCanonical);
  EXPECT_EQ(ReasonOf(PushRaw(*a, {bytes})), Reason::kNotCanonical);
  const Hash name = Sha256({bytes});
  auto sealed =
      ReadPrivateFile(config_.data + "/aside/" + name.Hex() + ".sealed");
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_FALSE(absl::StrContains(*sealed, "no segment"));
  auto key = FileKeyProvider(config_.data + "/master.key").MasterKey();
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(Unseal(*key, absl::StrCat(kAsideContext, name.view()), *sealed),
            bytes);
}

TEST_F(SyncServerTest, AGapInAChainIsRefusedWithWhatIsMissing) {
  Start();
  auto a = EnrolledTablet();
  a->Create(5, SharedScope(), "first");
  a->Create(8, MakeScope(ScopeKind::kStaff, RegistrationOf(SharedScope())),
            "second");
  const std::vector<std::string> wires = Outbox(*a);
  ASSERT_EQ(wires.size(), 2u);
  EXPECT_EQ(ReasonOf(PushRaw(*a, {wires[1]})), Reason::kChainBroken);
  EXPECT_TRUE(PushRaw(*a, wires).ok());
}

TEST_F(SyncServerTest, ASessionOutOfOrderEndsWithItsReason) {
  Start();
  auto a = EnrolledTablet();
  TlsClient client = As(*a);
  {
    HandSession session(client.sync());
    v1::SyncRequest request;
    request.mutable_pull()->set_credit(1);
    session.Send(request);
    EXPECT_EQ(ReasonOf(session.End()), Reason::kProtocolOrder);
  }
  {
    HandSession session(client.sync());
    v1::SyncRequest request;
    request.mutable_hello()->set_protocol_version(0);
    session.Send(request);
    EXPECT_EQ(ReasonOf(session.End()), Reason::kProtocolVersion);
  }
  {
    HandSession session(client.sync());
    v1::SyncRequest request;
    request.mutable_push()->add_segments(std::string(5 << 20, 'x'));
    session.Send(request);
    EXPECT_EQ(session.End().code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_TRUE(client.Sync(*a->device).status.ok());
}

TEST_F(SyncServerTest, AFullDiskIsToldAndWorkGoesOnWithoutARestart) {
  Start();
  auto a = EnrolledTablet();
  a->Create(5, SharedScope(), "waits");
  free_bytes_ = 0;
  EXPECT_EQ(ReasonOf(As(*a).Sync(*a->device).status), Reason::kStoreFull);
  EXPECT_EQ(a->device->Ledger()->pending, 1u);
  free_bytes_ = uint64_t{1} << 40;
  EXPECT_TRUE(As(*a).Sync(*a->device).status.ok());
  EXPECT_EQ(a->device->Ledger()->pending, 0u);
}

TEST_F(SyncServerTest, WhatTheDiskDidNotTakeIsNotKeptAsideAsIfItWereWrong) {
  Start();
  auto a = EnrolledTablet();
  // More than one commit group: the second does not link to the first.
  for (size_t i = 0; i < kCommitGroupChangesMax + kSegmentChangesMax; ++i) {
    a->Create(5, SharedScope(), "waits");
  }
  const std::vector<std::string> wires = Outbox(*a);
  ASSERT_EQ(wires.size(), 3u);
  free_bytes_ = 0;
  EXPECT_EQ(ReasonOf(PushRaw(*a, wires)), Reason::kStoreFull);
  server_.reset();  // and whatever it was about to keep is kept
  EXPECT_FALSE(std::filesystem::exists(config_.data + "/aside"));
}

TEST_F(SyncServerTest, ListsComeInPagesThatOnlyTheirQueryCanGoOn) {
  Start();
  auto a = EnrolledTablet();
  auto b = EnrolledTablet();
  for (int i = 0; i < 5; ++i) a->Create(5, SharedScope(), absl::StrCat(i));
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  TlsClient client = As(*a);
  v1::ListRecordsRequest request;
  request.set_kind(5);
  request.set_page_size(2);
  std::set<std::string> seen;
  std::vector<int> sizes;
  std::string second_token;
  do {
    auto page = client.Call(&Stub::ListRecords, request);
    ASSERT_TRUE(page.ok()) << page.status();
    sizes.push_back(page->records_size());
    for (const v1::RecordSummary& record : page->records()) {
      EXPECT_EQ(record.kind_name(), "Observation");
      EXPECT_EQ(record.state(), "draft");
      seen.insert(record.record_id());
    }
    request.set_page_token(page->next_page_token());
    if (second_token.empty()) second_token = page->next_page_token();
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_EQ(sizes, (std::vector<int>{2, 2, 1}));

  v1::ListRecordsRequest other = request;
  other.set_kind(8);
  other.set_page_token(second_token);
  EXPECT_EQ(ReasonOf(client.Call(&Stub::ListRecords, other).status()),
            Reason::kPageTokenInvalid);
  other.set_kind(5);
  EXPECT_EQ(ReasonOf(As(*b).Call(&Stub::ListRecords, other).status()),
            Reason::kPageTokenInvalid);
  other.set_page_token("made up");
  EXPECT_EQ(ReasonOf(client.Call(&Stub::ListRecords, other).status()),
            Reason::kPageTokenInvalid);
  other.clear_page_token();
  other.set_page_size(-1);
  EXPECT_EQ(ReasonOf(client.Call(&Stub::ListRecords, other).status()),
            Reason::kMalformed);
}

TEST_F(SyncServerTest, ConflictsOfOneRecordMayEndAPageInTheMiddle) {
  Start();
  auto a = EnrolledTablet();
  auto b = EnrolledTablet();
  std::vector<RecordId> records;
  for (int i = 0; i < 3; ++i) {
    records.push_back(a->Create(5, SharedScope(), "base"));
  }
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  ASSERT_TRUE(As(*b).Sync(*b->device).status.ok());
  for (const RecordId& record : records) {
    ASSERT_TRUE(a->Set(record, "a's").ok());
    ASSERT_TRUE(b->Set(record, "b's").ok());
  }
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  ASSERT_TRUE(As(*b).Sync(*b->device).status.ok());
  v1::ListConflictsRequest request;
  request.set_page_size(1);
  std::set<std::string> handles;
  int pages = 0;
  do {
    auto page = As(*a).Call(&Stub::ListConflicts, request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& conflict : page->conflicts()) {
      handles.insert(conflict.handle());
    }
    request.set_page_token(page->next_page_token());
    ASSERT_LE(++pages, 4);
  } while (!request.page_token().empty());
  EXPECT_EQ(handles.size(), 3u);
}

TEST_F(SyncServerTest, StateSurvivesAStopAndStart) {
  Start();
  auto a = EnrolledTablet();
  const RecordId record = a->Create(5, SharedScope(), "kept");
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
  const uint64_t size = LogSize();
  const std::string ca = server_->ca_pem();
  server_.reset();
  Start();
  EXPECT_EQ(server_->ca_pem(), ca);
  EXPECT_EQ(LogSize(), size);
  auto b = EnrolledTablet();
  ASSERT_TRUE(As(*b).Sync(*b->device).status.ok());
  EXPECT_EQ(b->Values(record), std::vector<std::string>{"kept"});
  ASSERT_TRUE(As(*a).Sync(*a->device).status.ok());
}

TEST_F(SyncServerTest, ASecondServerOnTheFolderIsRefused) {
  Start();
  auto second = Server::Start(config_, {});
  EXPECT_EQ(ReasonOf(second.status()), Reason::kStoreLocked);
  EXPECT_EQ(LogSize(), 0u);  // the first one goes on
}

TEST_F(SyncServerTest, AStoreWithoutItsMasterKeyIsNotGivenAnother) {
  Start();
  server_.reset();
  const std::string key = config_.data + "/master.key";
  std::filesystem::rename(key, key + ".away");
  EXPECT_EQ(ReasonOf(Server::Start(config_, {}).status()),
            Reason::kStoreKeyWrong);
  ASSERT_TRUE(MakeMasterKey(key, SystemRandom()).ok());
  EXPECT_EQ(ReasonOf(Server::Start(config_, {}).status()),
            Reason::kStoreKeyWrong);
  std::filesystem::rename(key + ".away", key);
  EXPECT_TRUE(Server::Start(config_, {}).ok());
}

}  // namespace
}  // namespace vouch
