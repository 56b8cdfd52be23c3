#include "server/enrolment_service.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/errors.h"
#include "server/log.h"
#include "server/request_id.h"
#include "sync/base/sign.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

struct Keys {
  PublicKey device;
  PublicKey person;
};

// Both keys sign the request, so that nobody enrols a key they do not hold.
absl::StatusOr<Keys> ProvenKeys(const v1::EnrolRequest& request) {
  auto device = PublicKey::FromBytes(request.device_key());
  auto person = PublicKey::FromBytes(request.person_key());
  auto device_proof = Signature::FromBytes(request.device_proof());
  auto person_proof = Signature::FromBytes(request.person_proof());
  if (!device || !person || !device_proof || !person_proof) {
    return Error(Reason::kMalformed,
                 "keys have 32 bytes and proofs 64, of device and person");
  }
  const std::string proven =
      absl::StrCat(request.code(), request.device_key(), request.person_key());
  if (!VerifySignature(*device, kEnrolTag, proven, *device_proof) ||
      !VerifySignature(*person, kEnrolTag, proven, *person_proof)) {
    return Error(Reason::kSignatureInvalid,
                 "a proof is not of its key over this code");
  }
  return Keys{*device, *person};
}

}  // namespace

absl::StatusOr<std::string> CodeWithoutPin(absl::string_view code,
                                           absl::string_view ca_pin) {
  if (code.empty() || code.size() > kCodeTextBytesMax) {
    return Error(Reason::kMalformed, "a code has 1 to 200 bytes");
  }
  const size_t at = code.find('@');
  if (at != absl::string_view::npos &&
      !absl::EqualsIgnoreCase(code.substr(at + 1), ca_pin)) {
    return Error(Reason::kCodeUnknown, "the code is of another centre");
  }
  return std::string(code.substr(0, at));
}

grpc::Status EnrolmentServiceHandler::Enrol(grpc::ServerContext* context,
                                            const v1::EnrolRequest* request,
                                            v1::EnrolResponse* response) {
  const std::string request_id = NewRequestId(*parts_.random);
  context->AddInitialMetadata(kRequestIdMetadataKey, request_id);
  absl::Status status = parts_.access->Admit(*context, Rpc::kEnrol).status();
  if (status.ok()) status = DoEnrol(context->peer(), *request, response);
  parts_.metrics->CallEnded("Enrol", status);
  Log(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "enrolment",
      {{"request", request_id},
       {"result", status.ok() ? "OK" : LogReason(status)}});
  return Answer(context, status);
}

absl::Status EnrolmentServiceHandler::DoEnrol(const std::string& peer,
                                              const v1::EnrolRequest& request,
                                              v1::EnrolResponse* response) {
  VOUCH_RETURN_IF_ERROR(parts_.rate_limit->Check(peer));
  VOUCH_ASSIGN_OR_RETURN(
      std::string code,
      CodeWithoutPin(request.code(), parts_.certificates->ca_pin()));
  VOUCH_ASSIGN_OR_RETURN(Keys keys, ProvenKeys(request));
  auto member = parts_.committer->Enrol(code, keys.device, keys.person);
  if (ReasonOf(member.status()) == Reason::kCodeUnknown) {
    parts_.rate_limit->Failed(peer);
  }
  if (!member.ok()) return member.status();
  const int64_t expires_ms = member->enrolled_ms + parts_.certificate_valid_ms;
  response->set_certificate_pem(
      parts_.certificates->IssueDevice(keys.device, expires_ms));
  response->set_ca_certificate_pem(parts_.certificates->ca_pem());
  response->set_centre_key(parts_.centre->key().Bytes());
  response->set_centre_id(parts_.centre->id().Bytes());
  response->set_centre_name(parts_.centre->name());
  response->set_person_id(member->person.Bytes());
  response->set_role(static_cast<v1::Role>(member->role));
  response->set_person_name(member->name);
  response->set_certificate_expires_ms(expires_ms);
  return absl::OkStatus();
}

}  // namespace vouch
