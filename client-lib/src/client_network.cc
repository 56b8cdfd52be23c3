// Enrolment and sync: the only two that use the network. The lock over the
// store is taken for each step on it, never while waiting.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client-lib/src/certificates.h"
#include "client-lib/src/client_impl.h"
#include "client-lib/src/describe.h"
#include "client-lib/src/tls_probe.h"
#include "client-lib/src/transport.h"

namespace vouch {
namespace {

constexpr absl::string_view kEnrolTag = "vouch.enrol.v1";
constexpr size_t kCodeBytesMax = 200;

struct Code {
  std::string code;
  std::string fingerprint;  // lower-case hex; empty: trust on first use
};

// CODE or CODE@HEX.
absl::StatusOr<Code> ParseCode(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  Code code;
  size_t at = text.find('@');
  code.code = std::string(text.substr(0, at));
  if (code.code.empty() || text.size() > kCodeBytesMax) {
    return Error(Reason::kMalformed,
                 "an enrolment code has the form CODE or CODE@HEX");
  }
  if (at == absl::string_view::npos) return code;
  code.fingerprint = absl::AsciiStrToLower(text.substr(at + 1));
  bool hex =
      code.fingerprint.size() == 2 * kFingerprintBytes &&
      std::all_of(code.fingerprint.begin(), code.fingerprint.end(),
                  [](unsigned char c) { return absl::ascii_isxdigit(c); });
  if (!hex) {
    return Error(Reason::kMalformed,
                 "after the code's @ stand 32 hex digits: was it cut short?");
  }
  return code;
}

v1::EnrolRequest MakeRequest(const Code& code, const SigningKey& device_key,
                             const SigningKey& person_key) {
  v1::EnrolRequest request;
  request.set_code(code.code);
  request.set_device_key(device_key.public_key().Bytes());
  request.set_person_key(person_key.public_key().Bytes());
  const std::string proven =
      absl::StrCat(request.code(), request.device_key(), request.person_key());
  request.set_device_proof(device_key.Sign(kEnrolTag, proven).Bytes());
  request.set_person_proof(person_key.Sign(kEnrolTag, proven).Bytes());
  return request;
}

// Nothing of the answer is taken on trust that can be checked.
absl::StatusOr<Membership> ReadResponse(const v1::EnrolResponse& response,
                                        const Probed& probed,
                                        const PublicKey& device_key) {
  auto ca = FingerprintOfPem(response.ca_certificate_pem());
  if (!ca.ok() || *ca != probed.ca_fingerprint) {
    return Error(Reason::kServerNotTrusted,
                 "the centre names another CA than the one it shows");
  }
  auto certified = PublicKeyOfPem(response.certificate_pem());
  auto person = PersonId::FromBytes(response.person_id());
  auto centre = RecordId::FromBytes(response.centre_id());
  auto centre_key = PublicKey::FromBytes(response.centre_key());
  if (!certified.ok() || *certified != device_key || !person || !centre ||
      !centre_key) {
    return Error(Reason::kMalformed,
                 "the centre's answer to the enrolment does not fit it");
  }
  Membership membership;
  membership.person = *person;
  membership.person_name = response.person_name();
  membership.role = response.role();
  membership.centre_id = *centre;
  membership.centre_name = response.centre_name();
  membership.centre_key = *centre_key;
  membership.certificate_pem = response.certificate_pem();
  membership.ca_certificate_pem = probed.ca_pem;
  membership.certificate_expires_ms = response.certificate_expires_ms();
  return membership;
}

Enrolment EnrolmentOf(const Membership& membership, const DeviceId& device) {
  Enrolment out;
  out.device = device.Bytes();
  out.person = membership.person.Bytes();
  out.person_name = membership.person_name;
  out.role = static_cast<v1::Role>(membership.role);
  out.centre = membership.centre_id.Bytes();
  out.centre_name = membership.centre_name;
  out.server = membership.server_address;
  out.certificate_expires_ms = membership.certificate_expires_ms;
  auto fingerprint = FingerprintOfPem(membership.ca_certificate_pem);
  if (fingerprint.ok()) out.ca_fingerprint = *fingerprint;
  return out;
}

// By its reason alone: a message may name what a log must not.
std::string OutcomeOf(const absl::Status& status) {
  if (status.ok()) return "OK";
  const Reason reason = ReasonOf(status);
  return reason == Reason::kUnspecified ? "error without a reason"
                                        : std::string(ReasonName(reason));
}

SyncProgress ProgressOf(const DeviceSession& session) {
  const SessionProgress at = session.progress();
  return {at.changes_pushed,           at.changes_left,
          at.entries_pulled,           at.entries_left,
          session.report().bytes_sent, session.report().bytes_received};
}

// Where the centre is, and what proves this tablet to it.
absl::StatusOr<Endpoint> EndpointOf(const Device& device) {
  const auto& membership = device.membership();
  if (!membership.has_value()) {
    return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
  }
  Endpoint endpoint;
  endpoint.address = membership->server_address;
  endpoint.ca_pem = membership->ca_certificate_pem;
  endpoint.certificate_pem = membership->certificate_pem;
  endpoint.private_key_pem = PrivateKeyPem(device.device_key());
  return endpoint;
}

}  // namespace

absl::StatusOr<Enrolment> Client::Impl::Enrol(
    const std::string& server, const std::string& code_text,
    std::chrono::milliseconds deadline) {
  VOUCH_ASSIGN_OR_RETURN(Code code, ParseCode(code_text));
  MutexLock network(network_mutex);
  VOUCH_ASSIGN_OR_RETURN(auto turn, TakeNetworkTurn());
  v1::EnrolRequest request;
  PublicKey device_key;
  {
    Access access(this);
    VOUCH_RETURN_IF_ERROR(access.status());
    if (device->membership().has_value()) {
      return Error(Reason::kAlreadyEnrolled, "this tablet is enrolled already");
    }
    device_key = device->device_key().public_key();
    request = MakeRequest(code, device->device_key(), device->person_key());
  }
  const uint64_t begin_ms = SystemClock()->Now().monotonic_ms;
  VOUCH_ASSIGN_OR_RETURN(Probed probed, ProbeServer(server, deadline));
  if (!code.fingerprint.empty() && code.fingerprint != probed.ca_fingerprint) {
    return Error(Reason::kServerNotTrusted,
                 absl::StrCat("the code is of the centre ", code.fingerprint,
                              ", what answers is ", probed.ca_fingerprint));
  }
  Endpoint endpoint;
  endpoint.address = server;
  endpoint.ca_pem = probed.ca_pem;
  const std::chrono::milliseconds passed(SystemClock()->Now().monotonic_ms -
                                         begin_ms);
  VOUCH_ASSIGN_OR_RETURN(v1::EnrolResponse response,
                         CallEnrol(endpoint, request, deadline - passed));
  VOUCH_ASSIGN_OR_RETURN(Membership membership,
                         ReadResponse(response, probed, device_key));
  membership.server_address = server;
  Access access(this);
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_RETURN_IF_ERROR(device->Adopt(membership));
  return EnrolmentOf(membership, device->id());
}

absl::StatusOr<Enrolment> Client::Enrol(const std::string& server,
                                        const std::string& code,
                                        std::chrono::milliseconds deadline) {
  auto enrolled = impl_->Enrol(server, code, deadline);
  impl_->Log(
      enrolled.ok() ? OpenOptions::Log::kInfo : OpenOptions::Log::kWarning,
      absl::StrCat("enrolment: ", OutcomeOf(enrolled.status())));
  return enrolled;
}

std::optional<Enrolment> Client::WhoAmI() const {
  Impl::Access access(impl_.get());
  if (access.status().ok()) {
    const auto& membership = impl_->device->membership();
    if (!membership.has_value()) return std::nullopt;
    impl_->enrolment = EnrolmentOf(*membership, impl_->device->id());
  }
  return impl_->enrolment;  // it never changes again
}

absl::StatusOr<std::vector<ScopeHash>> Client::CentreStateHashes(
    std::chrono::milliseconds deadline) const {
  Endpoint endpoint;
  {
    Impl::Access access(impl_.get());
    VOUCH_RETURN_IF_ERROR(access.status());
    VOUCH_ASSIGN_OR_RETURN(endpoint, EndpointOf(*impl_->device));
  }
  VOUCH_ASSIGN_OR_RETURN(v1::GetLedgerResponse ledger,
                         CallGetLedger(endpoint, deadline));
  std::vector<ScopeHash> out;
  for (const v1::ScopeState& state : ledger.scopes()) {
    const auto scope = ScopeId::FromBytes(state.scope_id());
    const auto hash = Hash::FromBytes(state.state_hash());
    if (!scope.has_value() || !hash.has_value()) {
      return Error(Reason::kMalformed,
                   "the centre's answer holds a scope that is none");
    }
    out.push_back({scope->Bytes(), RegistrationIdOf(*scope), ScopeName(*scope),
                   hash->Hex()});
  }
  return out;
}

// One process at a time talks to the centre; what a session knows of the log
// would be wrong after another's.
absl::StatusOr<std::optional<FolderLock>> Client::Impl::TakeNetworkTurn()
    const {
  if (!options.shared) return std::optional<FolderLock>();
  auto turn = FolderLock::Acquire(options.folder);
  if (ErrorReasonOf(turn.status()) == v1::ERROR_REASON_STORE_LOCKED) {
    return Error(Reason::kStoreLocked,
                 "another process of this app is syncing now");
  }
  VOUCH_RETURN_IF_ERROR(turn.status());
  return std::optional<FolderLock>(*std::move(turn));
}

// Runs one session; what it did goes into the report.
absl::Status Client::Impl::RunSession(const SyncOptions& sync,
                                      SyncReport* report) {
  DeviceSessionConfig config;
  Endpoint endpoint;
  {
    Access access(this);
    VOUCH_RETURN_IF_ERROR(access.status());
    VOUCH_ASSIGN_OR_RETURN(config, device->BeginSession());
    VOUCH_ASSIGN_OR_RETURN(endpoint, EndpointOf(*device));
    if (!sync.server.empty()) endpoint.address = sync.server;
  }
  const PerformEffect perform =
      [this](const DeviceEffect& effect) -> std::optional<DeviceEvent> {
    TellAfter tell(this);
    Access access(this);
    if (!access.status().ok()) return StreamEnded{access.status()};
    if (std::holds_alternative<ApplyPull>(effect)) names.reset();
    pinned |= std::holds_alternative<CompareHeld>(effect);
    return device->CarryOut(effect);
  };
  DeviceSession session(std::move(config));
  const uint64_t begin_ms = clock->Now().monotonic_ms;
  CarryHooks hooks;
  bool headway = false, spared = false;
  hooks.should_stop = [&] {
    // However short a slice is, something gets done in it.
    const bool over = sync.slice.count() > 0 && headway &&
                      clock->Now().monotonic_ms - begin_ms >=
                          static_cast<uint64_t>(sync.slice.count());
    return over || spared || (sync.cancelled && sync.cancelled());
  };
  hooks.on_step = [&](const DeviceSession& at) {
    headway = true;
    spared = sync.sparing && at.progress().changes_left == 0 &&
             at.report().bytes_received > kSparingBytesMax;
    if (sync.progress) sync.progress(ProgressOf(at));
  };
  absl::Status status =
      CarrySession(endpoint, &session, perform, *clock, sync.deadline, hooks);
  {
    MutexLock lock(mutex);
    pinned = false;  // the next access closes what is shared
  }
  report->pushed = session.report().changes_pushed;
  report->pulled = session.report().entries_pulled;
  report->recovered = session.report().recovered;
  report->restored = session.report().changes_restored;
  report->no_longer_safe = session.report().no_longer_stable;
  report->bytes_sent = session.report().bytes_sent;
  report->bytes_received = session.report().bytes_received;
  return status;
}

// Where the tablet stands after a sync, however that ended.
absl::Status Client::Impl::Conclude(SyncReport* report) const {
  VOUCH_ASSIGN_OR_RETURN(report->ledger, LedgerNow());
  report->log_size = device->cursor_size();
  VOUCH_ASSIGN_OR_RETURN(auto views, ViewsNeedingAttention());
  for (const RecordView& view : views) {
    report->conflicts += static_cast<uint32_t>(view.conflicts.size());
    for (HeldForReview& held : DescribeHeld(
             view,
             [this](const PersonId& person) { return NameOfPerson(person); })) {
      report->held.push_back(std::move(held));
    }
  }
  return absl::OkStatus();
}

SyncReport Client::SyncOnce(const SyncOptions& options) {
  MutexLock network(impl_->network_mutex);
  SyncReport report;
  auto turn = impl_->TakeNetworkTurn();
  report.status = turn.status();
  if (!turn.ok()) return report;
  impl_->Log(OpenOptions::Log::kInfo, "sync began");
  const uint64_t begin_ms = impl_->clock->Now().monotonic_ms;
  report.status = impl_->RunSession(options, &report);
  impl_->Log(
      report.status.ok() ? OpenOptions::Log::kInfo : OpenOptions::Log::kWarning,
      absl::StrCat("sync ended: ", OutcomeOf(report.status),
                   " pushed=", report.pushed, " pulled=", report.pulled,
                   " sent_bytes=", report.bytes_sent, " received_bytes=",
                   report.bytes_received, report.recovered ? " recovered" : "",
                   " ms=", impl_->clock->Now().monotonic_ms - begin_ms));
  Impl::Access access(impl_.get());
  absl::Status concluded = access.status();
  if (concluded.ok()) concluded = impl_->Conclude(&report);
  if (report.status.ok()) report.status = concluded;
  return report;
}

}  // namespace vouch
