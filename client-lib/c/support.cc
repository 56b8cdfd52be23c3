#include "client-lib/c/support.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "sync/base/advice.h"

struct vouch_error {
  vouch::Reason reason = vouch::Reason::kUnspecified;
  std::string message;
  std::string field;
};

namespace vouch::c {
namespace {

constexpr absl::string_view kFieldUrl = "vouch.c.field";

// What there is no memory for cannot be told at length.
struct vouch_error* StandingError() {
  static vouch_error* const error = new vouch_error;
  return error;
}
// Made while there is memory.
[[maybe_unused]] vouch_error* const kMadeEarly = StandingError();

// The reason may be one of absl's own codes: a library below us gave it.
const char* MessageOf(const vouch_error& error) {
  return &error == StandingError() ? "there is no memory left"
                                   : error.message.c_str();
}

}  // namespace

absl::Status About(absl::string_view field, absl::Status status) {
  if (!status.ok()) status.SetPayload(kFieldUrl, absl::Cord(field));
  return status;
}

absl::Status Fault(absl::string_view field, absl::string_view why) {
  return About(field, Error(Reason::kMalformed, why));
}

vouch_error* ErrorFrom(const absl::Status& status) noexcept {
  if (status.ok()) return nullptr;
  try {
    auto error = std::make_unique<vouch_error>();
    error->reason = ReasonOf(status);
    error->message = std::string(status.message());
    if (auto field = status.GetPayload(kFieldUrl); field.has_value()) {
      error->field = std::string(*field);
    }
    return error.release();
  } catch (...) {
    return OutOfMemory();
  }
}

vouch_error* ErrorOfException(const char* what) noexcept {
  try {
    return ErrorFrom(
        absl::UnknownError(absl::StrCat("an unexpected exception: ", what)));
  } catch (...) {
    return OutOfMemory();
  }
}

vouch_error* OutOfMemory() noexcept { return StandingError(); }

absl::StatusOr<Client*> Opened(vouch_client* client) {
  if (client == nullptr) return Fault("client", "the client is NULL");
  return client->client.get();
}

absl::StatusOr<absl::string_view> View(absl::string_view field,
                                       vouch_slice slice) {
  if (slice.size == 0) return absl::string_view();
  if (slice.data == nullptr) {
    return Fault(field, absl::StrCat(field, " is NULL and has a size"));
  }
  if (slice.size > kArgumentBytesMax) {
    return About(field, Error(Reason::kTooLarge,
                              absl::StrCat(field, " is longer than ",
                                           kArgumentBytesMax, " bytes")));
  }
  return absl::string_view(reinterpret_cast<const char*>(slice.data),
                           slice.size);
}

absl::StatusOr<std::string> Bytes(absl::string_view field, vouch_slice slice) {
  VOUCH_ASSIGN_OR_RETURN(absl::string_view view, View(field, slice));
  return std::string(view);
}

Id IdFrom(const vouch_id* id) {
  if (id == nullptr) return Id();
  return Id(reinterpret_cast<const char*>(id->bytes), sizeof id->bytes);
}

absl::StatusOr<Id> NeededId(absl::string_view field, const vouch_id* id) {
  if (id == nullptr) return Fault(field, absl::StrCat(field, " is NULL"));
  return IdFrom(id);
}

absl::Status GiveId(const Id& id, vouch_id* out) {
  VOUCH_CHECK(id.size() == sizeof out->bytes);
  std::memcpy(out->bytes, id.data(), id.size());
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> RecordFrom(
    absl::string_view field, const vouch_message* record) {
  if (record == nullptr) return Fault(field, absl::StrCat(field, " is NULL"));
  VOUCH_ASSIGN_OR_RETURN(std::string kind, Bytes("kind", record->kind));
  VOUCH_ASSIGN_OR_RETURN(absl::string_view bytes, View(field, record->bytes));
  auto message = NewRecord(kind);
  if (!message.ok()) return About("kind", message.status());
  if (!(*message)->ParseFromArray(bytes.data(),
                                  static_cast<int>(bytes.size()))) {
    return Fault(field, absl::StrCat("these bytes are no serialised ", kind,
                                     ", or hold text that is not UTF-8"));
  }
  return *std::move(message);
}

absl::Status GiveBytes(absl::string_view bytes, vouch_buffer* out) {
  if (out == nullptr) return Fault("out", "a place for the result is needed");
  auto* data = static_cast<uint8_t*>(std::malloc(bytes.size() + 1));
  if (data == nullptr) throw std::bad_alloc();
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  data[bytes.size()] = 0;
  *out = {data, bytes.size()};
  return absl::OkStatus();
}

absl::Status Give(const google::protobuf::Message& message, vouch_buffer* out) {
  return GiveBytes(message.SerializeAsString(), out);
}

}  // namespace vouch::c

void vouch_buffer_free(vouch_buffer* buffer) {
  if (buffer == nullptr) return;
  std::free(buffer->data);
  *buffer = {nullptr, 0};
}

const char* vouch_version(void) { return VOUCH_VERSION; }

int32_t vouch_error_reason(const vouch_error* error) {
  return error == nullptr ? 0 : static_cast<int32_t>(error->reason);
}

const char* vouch_error_name(const vouch_error* error) {
  // The table's texts are literals, which end in a byte 0.
  return error == nullptr ? "" : vouch::ReasonName(error->reason).data();
}

const char* vouch_error_message(const vouch_error* error) {
  return error == nullptr ? "" : vouch::c::MessageOf(*error);
}

const char* vouch_error_advice(const vouch_error* error) {
  return error == nullptr ? "" : vouch::ReasonAdvice(error->reason).data();
}

const char* vouch_error_field(const vouch_error* error) {
  return error == nullptr ? "" : error->field.c_str();
}

void vouch_error_free(vouch_error* error) {
  if (error != vouch::c::StandingError()) delete error;
}
