#include "server/admin_service.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/errors.h"
#include "server/log.h"
#include "server/version.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

constexpr absl::string_view kListCodesQuery = "ListCodes";

}  // namespace

grpc::Status AdminServiceHandler::CreateCode(
    grpc::ServerContext* context, const v1::CreateCodeRequest* request,
    v1::CreateCodeResponse* response) {
  absl::Status status = DoCreateCode(*request, response);
  Log(LogLevel::kInfo, "code created",
      {{"role", v1::Role_IsValid(request->role())
                    ? v1::Role_Name(request->role())
                    : "unknown"},
       {"result", status.ok() ? "OK" : LogReason(status)}});
  return Answer(context, status);
}

grpc::Status AdminServiceHandler::ListCodes(grpc::ServerContext* context,
                                            const v1::ListCodesRequest* request,
                                            v1::ListCodesResponse* response) {
  return Answer(context, DoListCodes(*request, response));
}

grpc::Status AdminServiceHandler::GetStatus(grpc::ServerContext* context,
                                            const v1::GetStatusRequest* request,
                                            v1::GetStatusResponse* response) {
  return Answer(context, DoGetStatus(response));
}

grpc::Status AdminServiceHandler::BackUp(grpc::ServerContext* context,
                                         const v1::BackUpRequest* request,
                                         v1::BackUpResponse* response) {
  return Answer(context, DoBackUp(*request, response));
}

grpc::Status AdminServiceHandler::EraseRecord(
    grpc::ServerContext* context, const v1::EraseRecordRequest* request,
    v1::EraseRecordResponse* response) {
  absl::Status status = DoErase(*request, response);
  Log(LogLevel::kInfo, "record erased",
      {{"changes", response->changes()},
       {"result", status.ok() ? "OK" : LogReason(status)}});
  return Answer(context, status);
}

absl::Status AdminServiceHandler::DoCreateCode(
    const v1::CreateCodeRequest& request, v1::CreateCodeResponse* response) {
  if (!v1::Role_IsValid(request.role()) ||
      request.role() == v1::ROLE_UNSPECIFIED) {
    return Error(Reason::kMalformed, "role is not one of the roles");
  }
  std::optional<PersonId> person;
  if (!request.person_id().empty()) {
    person = PersonId::FromBytes(request.person_id());
    if (!person.has_value()) {
      return Error(Reason::kMalformed, "person_id is not 16 bytes");
    }
  }
  constexpr int64_t kValidSMax = kCodeValidMsMax / 1000;
  if (request.valid_s() < 0 || request.valid_s() > kValidSMax) {
    return Error(Reason::kMalformed, "valid_s is from 0 to 30 days");
  }
  VOUCH_ASSIGN_OR_RETURN(
      EnrolmentCode code,
      parts_.committer->CreateCode(request.role(), request.person_name(),
                                   request.valid_s() * 1000, person));
  response->set_code(
      absl::StrCat(code.code, "@", parts_.certificates->ca_pin()));
  response->set_expires_ms(code.expires_ms);
  response->set_person_id(code.person.Bytes());
  return absl::OkStatus();
}

// Few codes are open at a time, so a page is cut from the whole list: it is in
// the stable order of the codes' hashes.
absl::Status AdminServiceHandler::DoListCodes(
    const v1::ListCodesRequest& request, v1::ListCodesResponse* response) {
  VOUCH_ASSIGN_OR_RETURN(size_t size, PageSizeOf(request.page_size()));
  VOUCH_ASSIGN_OR_RETURN(
      std::string position,
      parts_.tokens->Read(kListCodesQuery, request.page_token()));
  const uint64_t begin = position.empty() ? 0 : ByteReader(position).U64();
  VOUCH_ASSIGN_OR_RETURN(std::vector<CodeRow> codes,
                         parts_.centre->ListCodes());
  const uint64_t end = std::min<uint64_t>(codes.size(), begin + size);
  for (uint64_t i = begin; i < end; ++i) {
    v1::CodeSummary* code = response->add_codes();
    code->set_role(static_cast<v1::Role>(codes[i].role));
    code->set_person_name(codes[i].name);
    code->set_expires_ms(codes[i].expires_ms);
  }
  if (end < codes.size()) {
    response->set_next_page_token(
        parts_.tokens->Make(kListCodesQuery, ByteWriter().U64(end).bytes()));
  }
  return absl::OkStatus();
}

absl::Status AdminServiceHandler::DoGetStatus(v1::GetStatusResponse* response) {
  VOUCH_ASSIGN_OR_RETURN(std::vector<Member> members,
                         parts_.centre->ListMembers());
  const Committer::Progress progress = parts_.committer->progress();
  response->set_version(kVersion);
  response->set_log_size(progress.log_size);
  response->set_materialised_size(progress.materialised_size);
  response->set_devices(members.size());
  response->set_sessions(parts_.sessions->count());
  response->set_erasures(parts_.centre->erasure_count());
  if (auto stable = parts_.centre->StableHead()) {
    response->set_stable_size(stable->size);
    response->set_stable_ms(stable->time_ms);
  }
  return absl::OkStatus();
}

absl::Status AdminServiceHandler::DoBackUp(const v1::BackUpRequest& request,
                                           v1::BackUpResponse* response) {
  VOUCH_ASSIGN_OR_RETURN(BackupReport report,
                         parts_.backups->BackUp(request.folder()));
  DescribeBackup(report, response);
  response->set_same_disk(
      OnOneDisk(request.folder(), parts_.folder->config().data));
  return absl::OkStatus();
}

absl::Status AdminServiceHandler::DoErase(const v1::EraseRecordRequest& request,
                                          v1::EraseRecordResponse* response) {
  auto record = RecordId::FromBytes(request.record_id());
  if (!record.has_value()) {
    return Error(Reason::kMalformed, "record_id is not 16 bytes");
  }
  VOUCH_ASSIGN_OR_RETURN(ErasedRecord erased, parts_.committer->Erase(*record));
  response->set_scopes(erased.scopes);
  response->set_changes(erased.changes);
  response->set_registered_before(erased.registered_before);
  // The wrapped keys leave the files as well; the store goes on meanwhile.
  return parts_.folder->store()->Compact(Family::kKey);
}

}  // namespace vouch
