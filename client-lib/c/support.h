// What every function of vouch.h goes through: no exception leaves, errors
// become vouch_error, borrowed slices are read and owned buffers made.
//
//   vouch_error* vouch_people(vouch_client* client, vouch_buffer* out) {
//     return Guarded([&]() -> absl::Status {
//       VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
//       …
//       return Give(list, out);
//     });
//   }
//
// Threads: any. A Status made by Fault carries the argument it is about.
#ifndef VOUCH_CLIENT_LIB_C_SUPPORT_H_
#define VOUCH_CLIENT_LIB_C_SUPPORT_H_

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "sync/base/status.h"
#include "vouch/client.h"
#include "vouch/vouch.h"

struct vouch_client {
  std::unique_ptr<vouch::Client> client;
};

struct vouch_cancellation {
  std::atomic<bool> cancelled{false};
};

struct vouch_live {
  std::unique_ptr<vouch::LiveQuery> query;
};

namespace vouch::c {

// Nobody means to pass more; far below what a protobuf message may be. Bytes.
inline constexpr size_t kArgumentBytesMax = size_t{64} << 20;
inline constexpr size_t kUnitsMax = 10'000;

// MALFORMED, about one argument or option.
absl::Status Fault(absl::string_view field, absl::string_view why);
// The same status, about one field.
absl::Status About(absl::string_view field, absl::Status status);

// Null if OK. Never throws; without memory it gives a standing error.
vouch_error* ErrorFrom(const absl::Status& status) noexcept;
vouch_error* ErrorOfException(const char* what) noexcept;
vouch_error* OutOfMemory() noexcept;

// Runs what a function does; what a library throws becomes an error.
template <typename Body>
vouch_error* Guarded(Body body) noexcept {
  try {
    return ErrorFrom(body());
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::exception& thrown) {
    return ErrorOfException(thrown.what());
  } catch (...) {
    return ErrorOfException("of an unknown type");
  }
}

// The client behind a handle.
absl::StatusOr<Client*> Opened(vouch_client* client);

// A view of a borrowed slice. Errors: MALFORMED, TOO_LARGE.
absl::StatusOr<absl::string_view> View(absl::string_view field,
                                       vouch_slice slice);
absl::StatusOr<std::string> Bytes(absl::string_view field, vouch_slice slice);
// Empty for none.
Id IdFrom(const vouch_id* id);
// As IdFrom, but one has to be there.
absl::StatusOr<Id> NeededId(absl::string_view field, const vouch_id* id);
absl::Status GiveId(const Id& id, vouch_id* out);

// The message of a record that crosses. Errors: KIND_UNKNOWN, MALFORMED,
// TOO_LARGE.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> RecordFrom(
    absl::string_view field, const vouch_message* record);

// Makes the buffer that the caller will free.
absl::Status GiveBytes(absl::string_view bytes, vouch_buffer* out);
absl::Status Give(const google::protobuf::Message& message, vouch_buffer* out);

// Options of a caller whose header is older or newer than this library. Null
// gives the defaults. Errors: MALFORMED if a field is set that is unknown here.
template <typename Options>
absl::StatusOr<Options> OptionsFrom(const Options* given) {
  Options options;
  std::memset(static_cast<void*>(&options), 0, sizeof options);
  if (given == nullptr) return options;
  const size_t size = given->struct_size;
  if (size < sizeof options.struct_size || size > kArgumentBytesMax) {
    return Fault("struct_size", "struct_size is not set");
  }
  const char* bytes = reinterpret_cast<const char*>(given);
  for (size_t i = sizeof options; i < size; ++i) {
    if (bytes[i] == 0) continue;
    return Fault("struct_size", "an option is set that needs a newer libvouch");
  }
  std::memcpy(static_cast<void*>(&options), bytes,
              std::min(size, sizeof options));
  return options;
}

// Checks before the work that a report can be given after it.
template <typename Report>
absl::Status CheckReport(const Report* out) {
  if (out == nullptr) return Fault("out", "a place for the result is needed");
  if (out->struct_size < sizeof out->struct_size) {
    return Fault("struct_size", "struct_size is not set");
  }
  return absl::OkStatus();
}

// Gives as much of a report as the caller's header knows.
template <typename Report>
void GiveReport(Report report, Report* out) {
  report.struct_size = out->struct_size;
  std::memcpy(static_cast<void*>(out), &report,
              std::min(out->struct_size, sizeof report));
}

}  // namespace vouch::c

#endif  // VOUCH_CLIENT_LIB_C_SUPPORT_H_
