#include "server/centre_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "evidence/kinds.h"
#include "server/attention_list.h"
#include "server/describe.h"
#include "server/errors.h"
#include "server/log.h"
#include "server/request_id.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

std::string QueryOf(absl::string_view call, const Member& caller,
                    uint32_t filter = 0) {
  return ByteWriter().Prefixed(call).Fixed(caller.device).Varint(filter).Take();
}

bool MaySee(const Member& caller, const ScopeId& scope) {
  return Access::MayHold(caller.role, ScopeKindOf(scope));
}

// Changes of a device in the log: the sum of its chains' ends. A seek for each
// chain, not a scan of its changes.
absl::StatusOr<uint64_t> ChangesOf(const Reader& reader,
                                   const DeviceId& device) {
  uint64_t changes = 0;
  std::string end = PrefixEnd(device.view());
  while (true) {
    std::optional<Coordinate> last;
    bool damaged = false;
    VOUCH_RETURN_IF_ERROR(
        reader.ScanReverse(Family::kChain, device.view(), end,
                           [&](absl::string_view key, absl::string_view) {
                             last = CoordinateOfKey(key);
                             damaged = !last.has_value();
                             return false;
                           }));
    if (damaged) {
      return Error(Reason::kStoreCorrupted,
                   "a key of family chain is not readable");
    }
    if (!last.has_value()) return changes;
    changes += last->seq;
    end = ChainPrefix(device, last->incarnation, last->branch);
  }
}

}  // namespace

grpc::Status CentreServiceHandler::Call(
    const char* name, Rpc rpc, grpc::ServerContext* context,
    const std::function<absl::Status(const Member&)>& run) {
  const std::string request_id = NewRequestId(*parts_.random);
  context->AddInitialMetadata(kRequestIdMetadataKey, request_id);
  absl::StatusOr<Member> caller = parts_.access->Admit(*context, rpc);
  absl::Status status = caller.status();
  if (status.ok()) {
    // Late views are shown as they are; the next call sees more.
    (void)parts_.committer->AwaitViews(kViewsWaitMsMax);
    status = run(*caller);
  }
  parts_.metrics->CallEnded(name, status);
  Log(status.ok() ? LogLevel::kDebug : LogLevel::kWarning, "call",
      {{"request", request_id},
       {"call", name},
       {"device", caller.ok() ? caller->device.Hex() : "unknown"},
       {"result", status.ok() ? "OK" : LogReason(status)}});
  return Answer(context, status);
}

grpc::Status CentreServiceHandler::ListRecords(
    grpc::ServerContext* context, const v1::ListRecordsRequest* request,
    v1::ListRecordsResponse* response) {
  return Call("ListRecords", Rpc::kListRecords, context,
              [&](const Member& caller) {
                return DoListRecords(caller, *request, response);
              });
}

grpc::Status CentreServiceHandler::ListConflicts(
    grpc::ServerContext* context, const v1::ListConflictsRequest* request,
    v1::ListConflictsResponse* response) {
  return Call("ListConflicts", Rpc::kListConflicts, context,
              [&](const Member& caller) {
                return DoListConflicts(caller, *request, response);
              });
}

grpc::Status CentreServiceHandler::ListHeldChanges(
    grpc::ServerContext* context, const v1::ListHeldChangesRequest* request,
    v1::ListHeldChangesResponse* response) {
  return Call("ListHeldChanges", Rpc::kListHeldChanges, context,
              [&](const Member& caller) {
                return DoListHeldChanges(caller, *request, response);
              });
}

grpc::Status CentreServiceHandler::ListDevices(
    grpc::ServerContext* context, const v1::ListDevicesRequest* request,
    v1::ListDevicesResponse* response) {
  return Call("ListDevices", Rpc::kListDevices, context,
              [&](const Member& caller) {
                return DoListDevices(caller, *request, response);
              });
}

grpc::Status CentreServiceHandler::GetLedger(
    grpc::ServerContext* context, const v1::GetLedgerRequest* request,
    v1::GetLedgerResponse* response) {
  return Call("GetLedger", Rpc::kGetLedger, context, [&](const Member& caller) {
    return DoGetLedger(caller, response);
  });
}

absl::Status CentreServiceHandler::DoListRecords(
    const Member& caller, const v1::ListRecordsRequest& request,
    v1::ListRecordsResponse* response) const {
  const std::string query = QueryOf("ListRecords", caller, request.kind());
  VOUCH_ASSIGN_OR_RETURN(size_t size, PageSizeOf(request.page_size()));
  VOUCH_ASSIGN_OR_RETURN(std::string position,
                         parts_.tokens->Read(query, request.page_token()));
  std::unique_ptr<Reader> snapshot = parts_.centre->store()->Snapshot();
  std::vector<RecordSummaryRow> rows;
  std::string next;
  size_t scanned = 0;
  VOUCH_RETURN_IF_ERROR(parts_.centre->changes().ScanSummaries(
      *snapshot, position, "", [&](const RecordSummaryRow& row) {
        if (rows.size() == size || ++scanned > kPageRowsScannedMax) {
          next = RecordStateKey(row.scope, row.record);
          return false;
        }
        if (MaySee(caller, row.scope) &&
            (request.kind() == 0 || request.kind() == row.kind)) {
          rows.push_back(row);
        }
        return true;
      }));
  size_t bytes = 0;
  for (const RecordSummaryRow& row : rows) {
    if (bytes >= kPageBytesMax) {
      next = RecordStateKey(row.scope, row.record);
      break;
    }
    VOUCH_ASSIGN_OR_RETURN(
        RecordView view,
        parts_.centre->changes().FoldStored(*snapshot, row.scope, row.record));
    v1::RecordSummary* record = response->add_records();
    *record = DescribeRecord(row, view);
    bytes += record->ByteSizeLong();
  }
  if (!next.empty()) {
    response->set_next_page_token(parts_.tokens->Make(query, next));
  }
  return absl::OkStatus();
}

template <typename Request, typename Response>
absl::Status CentreServiceHandler::GiveAttention(const std::string& query,
                                                 const Request& request,
                                                 AttentionPage page,
                                                 Response* response) const {
  VOUCH_ASSIGN_OR_RETURN(page.size_max, PageSizeOf(request.page_size()));
  VOUCH_ASSIGN_OR_RETURN(page.position,
                         parts_.tokens->Read(query, request.page_token()));
  page.bytes_max = kPageBytesMax;
  page.rows_max = kPageRowsScannedMax;
  VOUCH_ASSIGN_OR_RETURN(std::string next, ListAttention(*parts_.centre, page));
  if (!next.empty()) {
    response->set_next_page_token(parts_.tokens->Make(query, next));
  }
  return absl::OkStatus();
}

absl::Status CentreServiceHandler::DoListConflicts(
    const Member& caller, const v1::ListConflictsRequest& request,
    v1::ListConflictsResponse* response) const {
  AttentionPage page;
  page.wanted = [&](const AttentionRow& row) {
    return row.conflicts > 0 && MaySee(caller, row.scope);
  };
  page.count = [](const RecordView& view) { return view.conflicts.size(); };
  page.give = [&](const RecordView& view, size_t i) {
    v1::ConflictSummary* conflict = response->add_conflicts();
    *conflict = DescribeConflict(view, view.conflicts[i]);
    return conflict->ByteSizeLong();
  };
  return GiveAttention(QueryOf("ListConflicts", caller), request,
                       std::move(page), response);
}

absl::Status CentreServiceHandler::DoListHeldChanges(
    const Member& caller, const v1::ListHeldChangesRequest& request,
    v1::ListHeldChangesResponse* response) const {
  AttentionPage page;
  page.wanted = [&](const AttentionRow& row) {
    return row.held > 0 && MaySee(caller, row.scope);
  };
  page.count = [](const RecordView& view) { return view.held.size(); };
  page.give = [&](const RecordView& view, size_t i) {
    v1::HeldChangeSummary* held = response->add_changes();
    *held = DescribeHeld(view, view.held[i]);
    return held->ByteSizeLong();
  };
  return GiveAttention(QueryOf("ListHeldChanges", caller), request,
                       std::move(page), response);
}

// A centre has few devices, listed in the order of their ids.
absl::Status CentreServiceHandler::DoListDevices(
    const Member& caller, const v1::ListDevicesRequest& request,
    v1::ListDevicesResponse* response) const {
  const std::string query = QueryOf("ListDevices", caller);
  VOUCH_ASSIGN_OR_RETURN(size_t size, PageSizeOf(request.page_size()));
  VOUCH_ASSIGN_OR_RETURN(std::string position,
                         parts_.tokens->Read(query, request.page_token()));
  VOUCH_ASSIGN_OR_RETURN(std::vector<Member> members,
                         parts_.centre->ListMembers());
  auto member =
      std::find_if(members.begin(), members.end(),
                   [&](const Member& m) { return m.device.view() > position; });
  for (; member != members.end(); ++member) {
    if (static_cast<size_t>(response->devices_size()) == size) {
      response->set_next_page_token(parts_.tokens->Make(
          query, response->devices(response->devices_size() - 1).device_id()));
      break;
    }
    v1::DeviceSummary* device = response->add_devices();
    device->set_device_id(member->device.Bytes());
    device->set_person_id(member->person.Bytes());
    device->set_person_name(member->name);
    device->set_role(static_cast<v1::Role>(member->role));
    device->set_enrolled_ms(member->enrolled_ms);
    VOUCH_ASSIGN_OR_RETURN(uint64_t changes,
                           ChangesOf(*parts_.centre->store(), member->device));
    device->set_changes(changes);
    VOUCH_ASSIGN_OR_RETURN(
        auto faults, ListChainFaults(parts_.centre->changes(),
                                     *parts_.centre->store(), member->device));
    for (const ChainFault& fault : faults) {
      if (fault.fork) {
        device->set_forks(device->forks() + 1);
      } else {
        device->set_gaps(device->gaps() + 1);
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CentreServiceHandler::DoGetLedger(
    const Member& caller, v1::GetLedgerResponse* response) const {
  VOUCH_ASSIGN_OR_RETURN(Centre::LedgerNumbers numbers,
                         parts_.centre->Ledger());
  response->set_log_size(numbers.log_size);
  response->set_log_root(numbers.log_root.Bytes());
  response->set_stored(numbers.stored);
  response->set_held(numbers.held);
  response->set_history_id(parts_.centre->history().Bytes());
  std::unique_ptr<Reader> snapshot = parts_.centre->store()->Snapshot();
  VOUCH_ASSIGN_OR_RETURN(auto states,
                         parts_.centre->changes().ScopeStates(*snapshot));
  absl::flat_hash_map<ScopeId, uint64_t> records;
  VOUCH_RETURN_IF_ERROR(parts_.centre->changes().ScanSummaries(
      *snapshot, "", "", [&](const RecordSummaryRow& row) {
        ++records[row.scope];
        return true;
      }));
  for (const auto& [scope, hash] : states) {
    if (!MaySee(caller, scope)) continue;
    v1::ScopeState* state = response->add_scopes();
    state->set_scope_id(scope.Bytes());
    state->set_state_hash(hash.Bytes());
    state->set_records(records[scope]);
  }
  return absl::OkStatus();
}

}  // namespace vouch
