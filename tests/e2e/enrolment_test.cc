// Who gets in: enrolment codes, certificates, roles.
#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/certificates.h"
#include "server/private_file.h"
#include "tests/e2e/server_fixture.h"

namespace vouch {
namespace {

using Stub = v1::CentreService::Stub;

class EnrolmentTest : public ServerTest {
 protected:
  absl::Status Ledger(TlsClient client) {
    return client.Call(&Stub::GetLedger, v1::GetLedgerRequest()).status();
  }
  absl::Status LedgerWith(const Tablet& tablet, const std::string& pem) {
    return Ledger(TlsClient(server_->address(), server_->ca_pem(),
                            PrivateKeyPem(tablet.device->device_key()), pem));
  }
};

TEST_F(EnrolmentTest, ACodeEnrolsOneTabletWithThePersonAndRoleItNames) {
  Start();
  auto tablet = NewTablet();
  ASSERT_TRUE(Anyone().Enrol(*tablet->device, NewCode(v1::ROLE_TRAINER)).ok());
  const Membership& membership = *tablet->device->membership();
  EXPECT_EQ(membership.role, v1::ROLE_TRAINER);
  EXPECT_EQ(membership.person_name, "A. Person");
  EXPECT_EQ(membership.centre_name, "Centre of the test");
  EXPECT_EQ(membership.ca_certificate_pem, server_->ca_pem());
  EXPECT_TRUE(Ledger(As(*tablet)).ok());
}

TEST_F(EnrolmentTest, ACodeWorksWithItsPinAndWithout) {
  Start();
  const std::string code = NewCode();
  const std::string pin = absl::StrCat("@", server_->ca_pin());
  ASSERT_TRUE(absl::EndsWith(code, pin)) << code;
  auto with = NewTablet();
  EXPECT_TRUE(Anyone().Enrol(*with->device, code).ok());
  auto without = NewTablet();
  const std::string bare = NewCode();
  EXPECT_TRUE(
      Anyone()
          .Enrol(*without->device, bare.substr(0, bare.size() - pin.size()))
          .ok());
  auto elsewhere = NewTablet();
  const std::string other = NewCode();
  EXPECT_EQ(
      ReasonOf(Anyone().Enrol(*elsewhere->device,
                              absl::StrCat(other.substr(0, other.find('@')),
                                           "@", std::string(32, 'a')))),
      Reason::kCodeUnknown);
}

TEST_F(EnrolmentTest, AUsedCodeEnrolsNobodyElse) {
  Start();
  const std::string code = NewCode();
  auto first = NewTablet();
  auto second = NewTablet();
  ASSERT_TRUE(Anyone().Enrol(*first->device, code).ok());
  EXPECT_EQ(ReasonOf(Anyone().Enrol(*second->device, code)), Reason::kCodeUsed);
}

TEST_F(EnrolmentTest, TheSameTabletGetsTheSameAnswerAgain) {
  Start();
  const std::string code = NewCode();
  auto tablet = NewTablet();
  auto request = MakeEnrolRequest(*tablet->device, code, code);
  auto first = Anyone().CallEnrol(request);
  auto second = Anyone().CallEnrol(request);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
}

TEST_F(EnrolmentTest, AnExpiredCodeSaysSo) {
  Start();
  const std::string code = NewCode();
  clock_.Advance(2 * 3600 * 1000);
  auto tablet = NewTablet();
  EXPECT_EQ(ReasonOf(Anyone().Enrol(*tablet->device, code)),
            Reason::kCodeExpired);
}

TEST_F(EnrolmentTest, GuessingCodesIsSlowedDown) {
  config_.limits.wrong_codes_per_minute_max = 3;
  Start();
  const std::string good = NewCode();
  auto tablet = NewTablet();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReasonOf(Anyone().Enrol(*tablet->device, "AAAA-BBBB-CCCC")),
              Reason::kCodeUnknown);
  }
  EXPECT_EQ(ReasonOf(Anyone().Enrol(*tablet->device, good)),
            Reason::kRateLimited);
  clock_.Advance(61'000);
  EXPECT_TRUE(Anyone().Enrol(*tablet->device, good).ok());
}

TEST_F(EnrolmentTest, KeysThatAreNotProvenAreNotEnrolled) {
  Start();
  const std::string code = NewCode();
  auto tablet = NewTablet();
  EXPECT_EQ(ReasonOf(Anyone()
                         .CallEnrol(MakeEnrolRequest(*tablet->device, code,
                                                     "another code"))
                         .status()),
            Reason::kSignatureInvalid);
  auto request = MakeEnrolRequest(*tablet->device, code, code);
  request.set_person_key("short");
  EXPECT_EQ(ReasonOf(Anyone().CallEnrol(request).status()), Reason::kMalformed);
  // Neither used the code up.
  EXPECT_TRUE(Anyone().Enrol(*tablet->device, code).ok());
}

TEST_F(EnrolmentTest, EnrolmentWritesThePersonForAllTabletsToSee) {
  Start();
  auto first = EnrolledTablet(v1::ROLE_ASSESSOR);
  auto second = EnrolledTablet(v1::ROLE_INTERNAL_VERIFIER);
  ASSERT_TRUE(As(*first).Sync(*first->device).status.ok());
  auto record =
      RecordId::FromBytes(second->device->membership()->person.view());
  auto view = first->device->View(*record);
  ASSERT_TRUE(view.ok()) << view.status();
  v1::Person person;
  ASSERT_TRUE(person.ParseFromString(view->MessageBytes()));
  EXPECT_EQ(person.name(), "A. Person");
  EXPECT_EQ(person.role(), v1::ROLE_INTERNAL_VERIFIER);
  EXPECT_EQ(person.signing_key(),
            second->device->person_key().public_key().view());
}

TEST_F(EnrolmentTest, WithoutACertificateACallSaysWhatIsMissing) {
  Start();
  EXPECT_EQ(ReasonOf(Ledger(Anyone())), Reason::kCertificateRequired);
  TlsClient anyone = Anyone();
  HandSession session(anyone.sync());
  EXPECT_EQ(ReasonOf(session.End()), Reason::kCertificateRequired);
}

TEST_F(EnrolmentTest, ACertificateOfAnotherAuthorityIsForeign) {
  Start();
  auto tablet = EnrolledTablet();
  auto other = Certificates::Open(folder_.Path("other"), {}, SystemRandom());
  ASSERT_TRUE(other.ok()) << other.status();
  // The same key and so the same name; only the authority differs.
  const std::string pem = (*other)->IssueDevice(
      tablet->device->device_key().public_key(), INT64_MAX);
  EXPECT_EQ(ReasonOf(LedgerWith(*tablet, pem)), Reason::kCertificateForeign);
}

TEST_F(EnrolmentTest, TheServersOwnCertificateIsNoTablets) {
  Start();
  auto key = ReadPrivateFile(config_.data + "/tls/server.key");
  auto pem = ReadPrivateFile(config_.data + "/tls/server.pem");
  ASSERT_TRUE(key.ok() && pem.ok());
  EXPECT_EQ(ReasonOf(Ledger(
                TlsClient(server_->address(), server_->ca_pem(), *key, *pem))),
            Reason::kCertificateForeign);
}

TEST_F(EnrolmentTest, ACertificateThisCentreForgotIsForeign) {
  Start();
  auto stranger = NewTablet();
  auto ours = Certificates::Open(config_.data + "/tls", {}, SystemRandom());
  ASSERT_TRUE(ours.ok()) << ours.status();
  const std::string pem = (*ours)->IssueDevice(
      stranger->device->device_key().public_key(), INT64_MAX);
  EXPECT_EQ(ReasonOf(LedgerWith(*stranger, pem)), Reason::kCertificateForeign);
}

TEST_F(EnrolmentTest, AnExpiredCertificateSaysSoAndWorksUntilThen) {
  config_.certificate_valid_days = 1;
  Start();
  auto tablet = EnrolledTablet();
  EXPECT_TRUE(Ledger(As(*tablet)).ok());
  clock_.Advance(int64_t{25} * 3600 * 1000);
  EXPECT_EQ(ReasonOf(Ledger(As(*tablet))), Reason::kCertificateExpired);
  tablet->Create(5, SharedScope(), "kept");
  EXPECT_EQ(ReasonOf(As(*tablet).Sync(*tablet->device).status),
            Reason::kCertificateExpired);
}

TEST_F(EnrolmentTest, OnlyAnAdministratorListsDevices) {
  Start();
  auto assessor = EnrolledTablet(v1::ROLE_ASSESSOR);
  auto administrator = EnrolledTablet(v1::ROLE_ADMINISTRATOR);
  const v1::ListDevicesRequest request;
  EXPECT_EQ(ReasonOf(As(*assessor).Call(&Stub::ListDevices, request).status()),
            Reason::kRoleNotAllowed);
  auto devices = As(*administrator).Call(&Stub::ListDevices, request);
  ASSERT_TRUE(devices.ok()) << devices.status();
  EXPECT_EQ(devices->devices_size(), 2);
}

TEST_F(EnrolmentTest, ARoleGetsOnlyItsScopes) {
  Start();
  auto assessor = EnrolledTablet(v1::ROLE_ASSESSOR);
  auto external = EnrolledTablet(v1::ROLE_EXTERNAL_VERIFIER);
  auto candidate = EnrolledTablet(v1::ROLE_CANDIDATE);
  const ScopeId staff =
      MakeScope(ScopeKind::kStaff, RegistrationOf(SharedScope()));
  const RecordId shared_record = assessor->Create(5, SharedScope(), "shared");
  const RecordId staff_record = assessor->Create(8, staff, "staff");
  ASSERT_TRUE(As(*assessor).Sync(*assessor->device).status.ok());
  ASSERT_TRUE(As(*external).Sync(*external->device).status.ok());
  ASSERT_TRUE(As(*candidate).Sync(*candidate->device).status.ok());
  EXPECT_TRUE(external->device->View(shared_record).ok());
  EXPECT_FALSE(external->device->View(staff_record).ok());
  EXPECT_FALSE(candidate->device->View(shared_record).ok());
  // Both hold the same log, proven, without what they may not see.
  EXPECT_EQ(external->device->cursor_root(), assessor->device->cursor_root());
  EXPECT_EQ(candidate->device->cursor_root(), assessor->device->cursor_root());
  auto seen = As(*external).Call(&Stub::ListRecords, v1::ListRecordsRequest());
  ASSERT_TRUE(seen.ok()) << seen.status();
  for (const v1::RecordSummary& record : seen->records()) {
    EXPECT_NE(record.record_id(), staff_record.view());
  }
}

TEST_F(EnrolmentTest, OnlyTheServersUserMayReadKeysAndOpenTheSocket) {
  Start();
  for (const char* name : {"/admin.sock", "/master.key", "/tls/ca.key",
                           "/tls/server.key", "/tls/ca.pem"}) {
    struct stat about;
    ASSERT_EQ(stat((config_.data + name).c_str(), &about), 0) << name;
    EXPECT_EQ(about.st_mode & 0777, 0600u) << name;
  }
}

}  // namespace
}  // namespace vouch
