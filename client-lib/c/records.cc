// Records as people make, change, sign and list them.
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/c/convert.h"
#include "client-lib/c/support.h"

namespace vouch::c {
namespace {

// Something done to a record as the person saw it, which gives the base after.
template <typename Function>
vouch_error* Acted(vouch_client* client, const vouch_id* record,
                   vouch_slice base, vouch_buffer* out, Function act) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    if (out == nullptr) return Fault("out", "a place for the base is needed");
    VOUCH_ASSIGN_OR_RETURN(Id id, NeededId("record", record));
    VOUCH_ASSIGN_OR_RETURN(BaseToken seen, Bytes("base", base));
    absl::StatusOr<BaseToken> after = act(*opened, id, seen);
    VOUCH_RETURN_IF_ERROR(after.status());
    return GiveBytes(*after, out);
  });
}

// Names the first field that is missing, where that is why.
absl::Status WithMissingField(const Client& client, const Id& record,
                              absl::Status status) {
  if (ReasonOf(status) != Reason::kNotReadyToSign) return status;
  auto problems = client.Validate(record);
  if (!problems.ok() || problems->empty()) return status;
  return About(problems->front().field, std::move(status));
}

absl::StatusOr<RecordQuery> QueryFrom(const vouch_query_options* given) {
  VOUCH_ASSIGN_OR_RETURN(vouch_query_options options, OptionsFrom(given));
  RecordQuery query;
  VOUCH_ASSIGN_OR_RETURN(query.kind, Bytes("kind", options.kind));
  query.registration = IdFrom(options.registration);
  VOUCH_ASSIGN_OR_RETURN(query.state, Bytes("state", options.state));
  if (options.page_size > kUnitsMax) {
    return Fault("page_size", "a page holds 1 to 500 records");
  }
  if (options.page_size != 0) {
    query.page_size = static_cast<int>(options.page_size);
  }
  VOUCH_ASSIGN_OR_RETURN(query.page_token,
                         Bytes("page_token", options.page_token));
  query.from_ms = options.from_ms;
  query.to_ms = options.to_ms;
  VOUCH_ASSIGN_OR_RETURN(query.text, Bytes("text", options.text));
  return query;
}

}  // namespace
}  // namespace vouch::c

using namespace vouch;     // NOLINT: this file is their C face
using namespace vouch::c;  // NOLINT

vouch_error* vouch_create(vouch_client* client, const vouch_message* record,
                          const vouch_id* registration, vouch_id* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    if (out == nullptr) return Fault("out", "a place for the id is needed");
    VOUCH_ASSIGN_OR_RETURN(auto message, RecordFrom("record", record));
    VOUCH_ASSIGN_OR_RETURN(Id id,
                           opened->Create(*message, IdFrom(registration)));
    return GiveId(id, out);
  });
}

vouch_error* vouch_keyed_id(const vouch_message* record, vouch_id* out) {
  return Guarded([&]() -> absl::Status {
    if (out == nullptr) return Fault("out", "a place for the id is needed");
    VOUCH_ASSIGN_OR_RETURN(auto message, RecordFrom("record", record));
    VOUCH_ASSIGN_OR_RETURN(Id id, Client::KeyedId(*message));
    return GiveId(id, out);
  });
}

vouch_error* vouch_get(vouch_client* client, const vouch_id* record,
                       vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(Id id, NeededId("record", record));
    VOUCH_ASSIGN_OR_RETURN(Record found, opened->Get(id));
    return Give(ToMessage(found), out);
  });
}

vouch_error* vouch_edit(vouch_client* client, const vouch_id* record,
                        vouch_slice base, const vouch_message* edited,
                        vouch_buffer* out) {
  return Acted(client, record, base, out,
               [&](Client& opened, const Id& id,
                   const BaseToken& seen) -> absl::StatusOr<BaseToken> {
                 VOUCH_ASSIGN_OR_RETURN(auto message,
                                        RecordFrom("edited", edited));
                 return opened.Edit(id, seen, *message);
               });
}

vouch_error* vouch_amend(vouch_client* client, const vouch_id* record,
                         vouch_slice base, const vouch_message* edited,
                         vouch_buffer* out) {
  return Acted(client, record, base, out,
               [&](Client& opened, const Id& id,
                   const BaseToken& seen) -> absl::StatusOr<BaseToken> {
                 VOUCH_ASSIGN_OR_RETURN(auto message,
                                        RecordFrom("edited", edited));
                 return opened.Amend(id, seen, *message);
               });
}

vouch_error* vouch_validate(vouch_client* client, const vouch_id* record,
                            vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(Id id, NeededId("record", record));
    VOUCH_ASSIGN_OR_RETURN(auto problems, opened->Validate(id));
    return Give(ToMessage(problems), out);
  });
}

vouch_error* vouch_validate_message(const vouch_message* record,
                                    vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(auto message, RecordFrom("record", record));
    return Give(ToMessage(Client::ValidateMessage(*message)), out);
  });
}

vouch_error* vouch_sign(vouch_client* client, const vouch_id* record,
                        vouch_slice base, const vouch_slice* drawn_signature,
                        vouch_buffer* out) {
  return Acted(client, record, base, out,
               [&](Client& opened, const Id& id,
                   const BaseToken& seen) -> absl::StatusOr<BaseToken> {
                 std::optional<std::string> drawn;
                 if (drawn_signature != nullptr) {
                   VOUCH_ASSIGN_OR_RETURN(
                       drawn, Bytes("drawn_signature", *drawn_signature));
                 }
                 auto after = opened.Sign(id, seen, drawn);
                 if (after.ok()) return after;
                 return WithMissingField(opened, id, after.status());
               });
}

vouch_error* vouch_countersign(vouch_client* client, const vouch_id* record,
                               vouch_slice base, vouch_buffer* out) {
  return Acted(client, record, base, out,
               [](Client& opened, const Id& id, const BaseToken& seen) {
                 return opened.Countersign(id, seen);
               });
}

vouch_error* vouch_withdraw(vouch_client* client, const vouch_id* record,
                            vouch_slice base, vouch_buffer* out) {
  return Acted(client, record, base, out,
               [](Client& opened, const Id& id, const BaseToken& seen) {
                 return opened.Withdraw(id, seen);
               });
}

vouch_error* vouch_discard(vouch_client* client, const vouch_id* record,
                           vouch_slice base, vouch_buffer* out) {
  return Acted(client, record, base, out,
               [](Client& opened, const Id& id, const BaseToken& seen) {
                 return opened.Discard(id, seen);
               });
}

vouch_error* vouch_revive(vouch_client* client, const vouch_id* record,
                          vouch_slice base, vouch_buffer* out) {
  return Acted(client, record, base, out,
               [](Client& opened, const Id& id, const BaseToken& seen) {
                 return opened.Revive(id, seen);
               });
}

vouch_error* vouch_append_entry(vouch_client* client,
                                const vouch_message* ledger, vouch_slice base,
                                vouch_id* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    if (out == nullptr) return Fault("out", "a place for the id is needed");
    VOUCH_ASSIGN_OR_RETURN(auto message, RecordFrom("ledger", ledger));
    VOUCH_ASSIGN_OR_RETURN(BaseToken seen, Bytes("base", base));
    VOUCH_ASSIGN_OR_RETURN(Id id, opened->AppendEntry(*message, seen));
    return GiveId(id, out);
  });
}

vouch_error* vouch_query(vouch_client* client,
                         const vouch_query_options* options,
                         vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(RecordQuery query, QueryFrom(options));
    VOUCH_ASSIGN_OR_RETURN(RecordPage page, opened->Query(query));
    return Give(ToMessage(page), out);
  });
}

vouch_error* vouch_watch(vouch_client* client,
                         const vouch_query_options* options,
                         vouch_live_function changed, void* context,
                         vouch_live** out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    if (changed == nullptr) return Fault("changed", "nobody would be told");
    if (out == nullptr) return Fault("out", "a place for the query is needed");
    VOUCH_ASSIGN_OR_RETURN(RecordQuery query, QueryFrom(options));
    auto live = std::make_unique<vouch_live>();
    VOUCH_ASSIGN_OR_RETURN(
        live->query,
        opened->Watch(query, [=](const std::vector<RecordEvent>& events) {
          const std::string bytes = ToMessage(events).SerializeAsString();
          changed(context, {reinterpret_cast<const uint8_t*>(bytes.data()),
                            bytes.size()});
        }));
    *out = live.release();
    return absl::OkStatus();
  });
}

void vouch_live_free(vouch_live* live) { delete live; }

vouch_error* vouch_registrations(vouch_client* client, vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(auto records, opened->Registrations());
    v1::StoredRecordList list;
    for (const Record& record : records) {
      *list.add_records() = ToMessage(record);
    }
    return Give(list, out);
  });
}
