// The server's log: one line an event, `key=value` or JSON, to stderr.
//
//   Log(LogLevel::kInfo, "session ended",
//       {{"request", id}, {"device", device.Hex()}, {"pushed", n}});
//   2026-09-01T10:00:00.000Z info session ended request=… device=… pushed=3
//
// Never a payload, name, code, token, key or place: ids, counts and reasons
// only. Thread-safe.
#ifndef VOUCH_SERVER_LOG_H_
#define VOUCH_SERVER_LOG_H_

#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace vouch {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// A longer value is cut; it can only be a text of another library.
inline constexpr size_t kLogValueBytesMax = 300;

struct LogField {
  LogField(absl::string_view k, const absl::AlphaNum& v)
      : key(k), value(v.Piece()) {}
  absl::string_view key;
  std::string value;
};

// Called once, before the first line; without it: info and above, as text.
void StartLog(LogLevel lowest, LogFormat format);

void Log(LogLevel level, absl::string_view event,
         std::initializer_list<LogField> fields = {});

// "STORE_FULL", or the canonical code where there is no reason of ours.
std::string LogReason(const absl::Status& status);

}  // namespace vouch

#endif  // VOUCH_SERVER_LOG_H_
