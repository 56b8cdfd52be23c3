#include "server/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "absl/strings/ascii.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

std::atomic<LogFormat> g_format{LogFormat::kText};

spdlog::level::level_enum SpdLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Made at first use and never destroyed: threads of libraries may log while
// the process ends.
spdlog::logger& Logger() {
  static spdlog::logger* logger = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto* made = new spdlog::logger("vouchd", std::move(sink));
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                      spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

bool IsPlain(absl::string_view value) {
  for (char c : value) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || c == '"' ||
        c == '\\' || c == '=') {
      return false;
    }
  }
  return !value.empty();
}

// One line whatever the value holds; the same escapes in text and JSON.
void AppendQuoted(absl::string_view value, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (char c : value.substr(0, kLogValueBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      absl::StrAppend(out, "\\u00", std::string(1, kHex[byte >> 4]),
                      std::string(1, kHex[byte & 15]));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

}  // namespace

void StartLog(LogLevel lowest, LogFormat format) {
  Logger().set_level(SpdLevel(lowest));
  g_format = format;
  if (format == LogFormat::kJson) {
    Logger().set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                         spdlog::pattern_time_type::utc);
  }
}

void Log(LogLevel level, absl::string_view event,
         std::initializer_list<LogField> fields) {
  if (!Logger().should_log(SpdLevel(level))) return;
  std::string line;
  if (g_format == LogFormat::kJson) {
    line = "\"event\":";
    AppendQuoted(event, &line);
    for (const LogField& field : fields) {
      line += ',';
      AppendQuoted(field.key, &line);
      line += ':';
      AppendQuoted(field.value, &line);
    }
  } else {
    line = std::string(event);
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", field.key, "=");
      if (IsPlain(field.value) && field.value.size() <= kLogValueBytesMax) {
        line += field.value;
      } else {
        AppendQuoted(field.value, &line);
      }
    }
  }
  Logger().log(SpdLevel(level), "{}", line);
}

std::string LogReason(const absl::Status& status) {
  const Reason reason = ReasonOf(status);
  return std::string(reason == Reason::kUnspecified
                         ? absl::StatusCodeToString(status.code())
                         : std::string(ReasonName(reason)));
}

}  // namespace vouch
