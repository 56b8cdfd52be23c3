// The server's parts that need no server: who may hold what, certificates,
// guessing limits, page tokens, exit codes, people.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/access.h"
#include "server/aside.h"
#include "server/certificates.h"
#include "server/page_token.h"
#include "server/people.h"
#include "server/private_file.h"
#include "server/rate_limit.h"
#include "sync/base/exit_code.h"
#include "sync/base/hash.h"
#include "tests/support/replica_world.h"
#include "tests/support/temp_dir.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

// Written apart from the code: one letter a scope that the role may hold.
TEST(Access, EachRoleHoldsTheScopesOfTheTable) {
  const std::map<int, std::string> expected = {
      {v1::ROLE_UNSPECIFIED, ""},
      {v1::ROLE_ADMINISTRATOR, "stvarp"},
      {v1::ROLE_ASSESSOR, "star"},
      {v1::ROLE_TRAINEE_ASSESSOR, "star"},
      {v1::ROLE_TRAINER, "star"},
      {v1::ROLE_INTERNAL_VERIFIER, "stvar"},
      {v1::ROLE_EXTERNAL_VERIFIER, "svar"},
      {v1::ROLE_CANDIDATE, "r"},
      {v1::ROLE_EXPERT_WITNESS, "r"},
      {v1::ROLE_DATA_PROTECTION_OFFICER, "stvarp"},
      {77, ""},
  };
  const std::map<ScopeKind, char> letters = {
      {ScopeKind::kUnknown, '?'},   {ScopeKind::kShared, 's'},
      {ScopeKind::kStaff, 't'},     {ScopeKind::kVerification, 'v'},
      {ScopeKind::kAuthority, 'a'}, {ScopeKind::kReference, 'r'},
      {ScopeKind::kPerson, 'p'},
  };
  for (int role = v1::Role_MIN; role <= v1::Role_MAX; ++role) {
    EXPECT_TRUE(expected.count(role)) << "a role is not in the table: " << role;
  }
  for (const auto& [role, scopes] : expected) {
    for (const auto& [kind, letter] : letters) {
      EXPECT_EQ(Access::MayHold(role, kind),
                scopes.find(letter) != std::string::npos)
          << "role " << role << ", scope " << letter;
    }
    EXPECT_EQ(Access::MayCall(role, Rpc::kListDevices),
              role == v1::ROLE_ADMINISTRATOR);
    EXPECT_EQ(Access::MayCall(role, Rpc::kSync), !scopes.empty());
  }
}

TEST(Certificates, AreKeptAndTheServersIsMadeAnewForOtherNames) {
  TempDir dir;
  const std::string folder = dir.Path("tls");
  auto first = Certificates::Open(folder, {"a.example"}, SystemRandom());
  ASSERT_TRUE(first.ok()) << first.status();
  auto same = Certificates::Open(folder, {"a.example"}, SystemRandom());
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ((*same)->server_chain_pem(), (*first)->server_chain_pem());
  auto other = Certificates::Open(folder, {"192.0.2.7"}, SystemRandom());
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE((*other)->server_chain_pem(), (*first)->server_chain_pem());
  // The authority stays, and with it every tablet's trust.
  EXPECT_EQ((*other)->ca_pem(), (*first)->ca_pem());
  EXPECT_EQ((*other)->ca_pin(), (*first)->ca_pin());
  EXPECT_EQ((*other)->ca_pin().size(), 2 * kCaPinBytes);
}

TEST(Certificates, ADamagedAuthorityIsNotReplaced) {
  TempDir dir;
  const std::string folder = dir.Path("tls");
  ASSERT_TRUE(Certificates::Open(folder, {}, SystemRandom()).ok());
  const std::string key = folder + "/ca.key";
  ASSERT_EQ(std::rename(key.c_str(), (key + ".away").c_str()), 0);
  EXPECT_EQ(ReasonOf(Certificates::Open(folder, {}, SystemRandom()).status()),
            Reason::kStoreCorrupted);
  ASSERT_TRUE(WritePrivateFile(key, "not a key").ok());
  EXPECT_EQ(ReasonOf(Certificates::Open(folder, {}, SystemRandom()).status()),
            Reason::kStoreCorrupted);
}

TEST(Certificates, ADeviceIsKnownByItsKeyUntilTheEnd) {
  TempDir dir;
  auto certificates = Certificates::Open(dir.Path("tls"), {}, SystemRandom());
  ASSERT_TRUE(certificates.ok()) << certificates.status();
  const SigningKey key = SigningKey::Generate(*SystemRandom());
  const std::string pem = (*certificates)->IssueDevice(key.public_key(), 1000);
  EXPECT_EQ(pem, (*certificates)->IssueDevice(key.public_key(), 1000));
  auto device = (*certificates)->VerifyDevice(pem, 999);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ(*device, DeviceIdOf(key.public_key()));
  EXPECT_EQ(ReasonOf((*certificates)->VerifyDevice(pem, 1000).status()),
            Reason::kCertificateExpired);
  EXPECT_EQ(ReasonOf((*certificates)->VerifyDevice("", 0).status()),
            Reason::kCertificateRequired);
  for (const std::string& wrong :
       {std::string("noise"), pem.substr(0, pem.size() / 2),
        (*certificates)->ca_pem(), std::string(100'000, 'A')}) {
    EXPECT_EQ(ReasonOf((*certificates)->VerifyDevice(wrong, 0).status()),
              Reason::kCertificateForeign);
  }
}

TEST(PrivateFile, IsForItsOwnerOnlyAndReplacedWhole) {
  TempDir dir;
  const std::string path = dir.Path("key");
  ASSERT_TRUE(WritePrivateFile(path, "first and longer").ok());
  ASSERT_TRUE(WritePrivateFile(path, "second").ok());
  EXPECT_EQ(*ReadPrivateFile(path), "second");
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(ReasonOf(ReadPrivateFile(path).status()),
            Reason::kConfigurationInvalid);
  EXPECT_EQ(ReasonOf(ReadPrivateFile(dir.Path("none")).status()),
            Reason::kNotFound);
}

TEST(RateLimit, CountsAnAddressAndNotItsPort) {
  FakeClock clock;
  RateLimit limit(2, &clock);
  limit.Failed("ipv4:192.0.2.1:1000");
  EXPECT_TRUE(limit.Check("ipv4:192.0.2.1:1000").ok());
  limit.Failed("ipv4:192.0.2.1:2000");
  EXPECT_EQ(ReasonOf(limit.Check("ipv4:192.0.2.1:3000")), Reason::kRateLimited);
  EXPECT_TRUE(limit.Check("ipv4:192.0.2.2:1000").ok());
  clock.Advance(kRateLimitWindowMs);
  EXPECT_TRUE(limit.Check("ipv4:192.0.2.1:1000").ok());
}

TEST(RateLimit, AnAddressOfIpv6CountsAsItsNetwork) {
  EXPECT_EQ(AddressOfPeer("ipv6:%5B2001:db8::1%5D:10"),
            AddressOfPeer("ipv6:[2001:db8::ffff]:20"));
  EXPECT_NE(AddressOfPeer("ipv6:%5B2001:db8::1%5D:10"),
            AddressOfPeer("ipv6:%5B2001:db8:0:1::1%5D:10"));
}

TEST(RateLimit, GuessesFromEverywhereAreLimitedTogether) {
  FakeClock clock;
  RateLimit limit(1, &clock);
  for (int i = 0; i < kRateLimitAllFactor; ++i) {
    limit.Failed(absl::StrCat("ipv4:10.0.0.", i, ":1"));
  }
  EXPECT_EQ(ReasonOf(limit.Check("ipv4:192.0.2.9:1")), Reason::kRateLimited);
  clock.Advance(kRateLimitWindowMs);
  EXPECT_TRUE(limit.Check("ipv4:192.0.2.9:1").ok());
}

TEST(PageTokens, AreReadByTheirQueryOnly) {
  SeededRandom random(1);
  PageTokens tokens(&random);
  const std::string token = tokens.Make("query", "position");
  EXPECT_EQ(*tokens.Read("query", token), "position");
  EXPECT_EQ(*tokens.Read("query", ""), "");
  EXPECT_EQ(ReasonOf(tokens.Read("other", token).status()),
            Reason::kPageTokenInvalid);
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(tokens.Read("query", changed).value_or(""), "position") << i;
  }
  EXPECT_EQ(ReasonOf(PageTokens(&random).Read("query", token).status()),
            Reason::kPageTokenInvalid);
}

TEST(Aside, KeepsTheNewestFilesOnly) {
  TempDir dir;
  SeededRandom random(1);
  const std::string folder = dir.Path("aside");
  for (size_t i = 0; i < kAsideFilesMax + 3; ++i) {
    Aside aside(folder, SealKey::Generate(random), &random);
    ASSERT_TRUE(aside.Keep(absl::StrCat("segment ", i)).ok());
  }
  auto kept = [&](size_t i) {
    const std::string bytes = absl::StrCat("segment ", i);
    return ReadPrivateFile(
               absl::StrCat(folder, "/", Sha256({bytes}).Hex(), ".sealed"))
        .ok();
  };
  EXPECT_FALSE(kept(0));
  EXPECT_FALSE(kept(2));
  EXPECT_TRUE(kept(3));
  EXPECT_TRUE(kept(kAsideFilesMax + 2));
}

TEST(People, ARecordThatACrashLeftOutIsWrittenOnce) {
  ReplicaWorld world;
  Tablet& tablet = world.AddTablet(v1::ROLE_ASSESSOR, "Ann");
  const auto record =
      RecordId::FromBytes(tablet.device->membership()->person.view());
  ASSERT_FALSE(world.centre->FindRecord(*record).ok());
  ASSERT_TRUE(WriteMissingPeople(world.centre.get(), &world.random).ok());
  while (!world.centre->materialised()) {
    ASSERT_TRUE(world.centre->Materialise(kMaterialiseEntriesMax).ok());
  }
  EXPECT_TRUE(world.centre->FindRecord(*record).ok());
  const uint64_t size = world.centre->Head().size;
  ASSERT_TRUE(WriteMissingPeople(world.centre.get(), &world.random).ok());
  EXPECT_EQ(world.centre->Head().size, size);
}

TEST(ExitCode, EachClassOfErrorHasItsOwn) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), kExitOk);
  const std::map<Reason, int> expected = {
      {Reason::kMalformed, kExitUsage},
      {Reason::kConfigurationInvalid, kExitConfiguration},
      {Reason::kNotFound, kExitNotFound},
      {Reason::kCodeUsed, kExitNotAllowed},
      {Reason::kRoleNotAllowed, kExitNotAllowed},
      {Reason::kRecordSealed, kExitNotNow},
      {Reason::kConflictChanged, kExitNotNow},
      {Reason::kStoreLocked, kExitStore},
      {Reason::kStoreIo, kExitStore},
      {Reason::kUnreachable, kExitUnreachable},
      {Reason::kRateLimited, kExitUnreachable},
      {Reason::kHistoryDiverged, kExitNotProven},
      {Reason::kProofInvalid, kExitNotProven},
  };
  for (const auto& [reason, code] : expected) {
    EXPECT_EQ(ExitCode(Error(reason, "")), code)
        << std::string(ReasonName(reason));
  }
  EXPECT_EQ(ExitCode(absl::InternalError("")), kExitFailed);
}

}  // namespace
}  // namespace vouch
