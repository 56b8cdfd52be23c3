// Opening, joining a centre, sync, and taking everything out.
#include <strings.h>

#include <array>
#include <utility>

#include "client-lib/c/convert.h"
#include "client-lib/c/support.h"

namespace vouch::c {
namespace {

constexpr std::chrono::milliseconds kCallDeadline = std::chrono::seconds(30);

std::chrono::milliseconds DeadlineFrom(uint64_t given_ms,
                                       std::chrono::milliseconds otherwise) {
  // A year is as good as none, and cannot overflow.
  constexpr uint64_t kMax = uint64_t{365} * 24 * 3600 * 1000;
  if (given_ms == 0) return otherwise;
  return std::chrono::milliseconds(std::min(given_ms, kMax));
}

absl::StatusOr<std::string> AskForKey(vouch_key_function ask, void* context) {
  std::array<uint8_t, 32> key{};
  if (ask(context, key.data()) != 0) {
    return About("master_key",
                 Error(Reason::kStoreKeyWrong,
                       "the app's key store did not give the store's key"));
  }
  std::string bytes(reinterpret_cast<const char*>(key.data()), key.size());
  explicit_bzero(key.data(), key.size());
  return bytes;
}

absl::StatusOr<OpenOptions> OpenOptionsFrom(const vouch_open_options* given) {
  if (given == nullptr) return Fault("options", "a folder has to be named");
  VOUCH_ASSIGN_OR_RETURN(vouch_open_options options, OptionsFrom(given));
  OpenOptions out;
  VOUCH_ASSIGN_OR_RETURN(out.folder, Bytes("folder", options.folder));
  if (out.folder.empty()) return Fault("folder", "a folder has to be named");
  if (options.master_key != nullptr) {
    out.master_key = [ask = options.master_key,
                      context = options.master_key_context] {
      return AskForKey(ask, context);
    };
  }
  if (options.reserve_bytes != 0) out.reserve_bytes = options.reserve_bytes;
  if (options.log != nullptr) {
    out.log = [log = options.log, context = options.log_context](
                  OpenOptions::Log level, const std::string& line) {
      log(context,
          level == OpenOptions::Log::kInfo ? VOUCH_LOG_INFO : VOUCH_LOG_WARNING,
          line.c_str());
    };
  }
  out.shared = options.shared != 0;
  out.share_wait = DeadlineFrom(options.share_wait_ms, out.share_wait);
  if (options.migrating != nullptr) {
    out.migrating =
        [tell = options.migrating, context = options.migrating_context](
            uint64_t done, uint64_t total) { tell(context, done, total); };
  }
  return out;
}

absl::StatusOr<SyncOptions> SyncOptionsFrom(const vouch_sync_options* given) {
  VOUCH_ASSIGN_OR_RETURN(vouch_sync_options options, OptionsFrom(given));
  SyncOptions out;
  out.deadline = DeadlineFrom(options.deadline_ms, out.deadline);
  VOUCH_ASSIGN_OR_RETURN(out.server, Bytes("server", options.server));
  if (options.cancellation != nullptr) {
    out.cancelled = [stop = options.cancellation] {
      return stop->cancelled.load();
    };
  }
  if (options.progress != nullptr) {
    out.progress = [tell = options.progress,
                    context =
                        options.progress_context](const SyncProgress& now) {
      const vouch_sync_progress progress = {
          sizeof progress, now.pushed,     now.to_push,       now.pulled,
          now.to_pull,     now.bytes_sent, now.bytes_received};
      tell(context, &progress);
    };
  }
  if (options.slice_ms != 0) {
    out.slice = DeadlineFrom(options.slice_ms, out.slice);
  }
  out.sparing = options.sparing != 0;
  return out;
}

vouch_sync_report ReportFrom(const SyncReport& sync) {
  vouch_sync_report report{};
  report.pushed = sync.pushed;
  report.pulled = sync.pulled;
  report.bytes_sent = sync.bytes_sent;
  report.bytes_received = sync.bytes_received;
  report.restored = sync.restored;
  report.no_longer_safe = sync.no_longer_safe;
  report.log_size = sync.log_size;
  report.recovered = sync.recovered ? 1 : 0;
  report.conflicts = sync.conflicts;
  report.held = static_cast<uint32_t>(sync.held.size());
  return report;
}

}  // namespace
}  // namespace vouch::c

using namespace vouch;     // NOLINT: this file is their C face
using namespace vouch::c;  // NOLINT

vouch_error* vouch_open(const vouch_open_options* options, vouch_client** out) {
  return Guarded([&]() -> absl::Status {
    if (out == nullptr) return Fault("out", "a place for the client is needed");
    VOUCH_ASSIGN_OR_RETURN(OpenOptions open, OpenOptionsFrom(options));
    auto handle = std::make_unique<vouch_client>();
    VOUCH_ASSIGN_OR_RETURN(handle->client, Client::Open(open));
    *out = handle.release();
    return absl::OkStatus();
  });
}

void vouch_close(vouch_client* client) { delete client; }

vouch_error* vouch_enrol(vouch_client* client, vouch_slice server,
                         vouch_slice code, uint32_t deadline_ms,
                         vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    if (out == nullptr) return Fault("out", "a place for the result is needed");
    VOUCH_ASSIGN_OR_RETURN(std::string address, Bytes("server", server));
    VOUCH_ASSIGN_OR_RETURN(std::string text, Bytes("code", code));
    VOUCH_ASSIGN_OR_RETURN(
        Enrolment joined,
        opened->Enrol(address, text, DeadlineFrom(deadline_ms, kCallDeadline)));
    return Give(ToMessage(joined), out);
  });
}

vouch_error* vouch_centre_state_hashes(vouch_client* client,
                                       uint32_t deadline_ms,
                                       vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(auto scopes, opened->CentreStateHashes(DeadlineFrom(
                                            deadline_ms, kCallDeadline)));
    return Give(ToMessage(scopes), out);
  });
}

vouch_cancellation* vouch_cancellation_new(void) {
  return new (std::nothrow) vouch_cancellation;
}

void vouch_cancel(vouch_cancellation* cancellation) {
  if (cancellation != nullptr) cancellation->cancelled = true;
}

void vouch_cancellation_free(vouch_cancellation* cancellation) {
  delete cancellation;
}

vouch_error* vouch_sync(vouch_client* client, const vouch_sync_options* options,
                        vouch_sync_report* report) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(SyncOptions sync, SyncOptionsFrom(options));
    if (report != nullptr) VOUCH_RETURN_IF_ERROR(CheckReport(report));
    const SyncReport done = opened->SyncOnce(sync);
    if (report != nullptr) GiveReport(ReportFrom(done), report);
    return done.status;
  });
}

int32_t vouch_retry_after(const vouch_error* error, uint32_t failures,
                          uint64_t* wait_ms) {
  if (error == nullptr) return 0;
  return vouch_retry_after_reason(vouch_error_reason(error), failures, wait_ms);
}

int32_t vouch_retry_after_reason(int32_t reason, uint32_t failures,
                                 uint64_t* wait_ms) {
  if (wait_ms == nullptr) return 0;
  std::optional<std::chrono::milliseconds> wait;
  vouch_error_free(Guarded([&]() -> absl::Status {
    constexpr uint32_t kFailuresMax = 1000;  // it doubles no more by then
    wait = RetryAfter(Error(static_cast<Reason>(reason), "the last sync"),
                      static_cast<int>(std::min(failures, kFailuresMax)));
    return absl::OkStatus();
  }));
  if (!wait.has_value()) return 0;
  *wait_ms = static_cast<uint64_t>(wait->count());
  return 1;
}

vouch_error* vouch_export(vouch_client* client, vouch_slice path,
                          vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    if (out == nullptr) return Fault("out", "a place for the result is needed");
    VOUCH_ASSIGN_OR_RETURN(std::string file, Bytes("path", path));
    VOUCH_ASSIGN_OR_RETURN(ExportReport report, opened->Export(file));
    return Give(ToMessage(report), out);
  });
}

vouch_error* vouch_export_store(const vouch_open_options* options,
                                vouch_slice path, vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    if (out == nullptr) return Fault("out", "a place for the result is needed");
    VOUCH_ASSIGN_OR_RETURN(OpenOptions open, OpenOptionsFrom(options));
    VOUCH_ASSIGN_OR_RETURN(std::string file, Bytes("path", path));
    VOUCH_ASSIGN_OR_RETURN(ExportReport report, ExportStore(open, file));
    return Give(ToMessage(report), out);
  });
}
