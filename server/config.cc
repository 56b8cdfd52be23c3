#include "server/config.h"

#include <toml++/toml.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr size_t kTextBytesMax = 4096;
constexpr int64_t kMiB = 1 << 20;

// Takes a value, or says what is wrong with it.
using Taker = std::function<std::string(const toml::node&)>;

Taker Text(std::string* out, size_t bytes_max = kTextBytesMax) {
  return [=](const toml::node& node) -> std::string {
    auto value = node.value_exact<std::string>();
    if (!value.has_value()) return "is a text, in quotes";
    if (value->size() > bytes_max) {
      return absl::StrCat("is at most ", bytes_max, " bytes");
    }
    *out = *std::move(value);
    return "";
  };
}

Taker Number(int64_t* out, int64_t min, int64_t max) {
  return [=](const toml::node& node) -> std::string {
    auto value = node.value_exact<int64_t>();
    if (!value.has_value() || *value < min || *value > max) {
      return absl::StrCat("is a whole number from ", min, " to ", max);
    }
    *out = *value;
    return "";
  };
}

Taker Seconds(int64_t* out_ms, int64_t min, int64_t max) {
  return [=](const toml::node& node) -> std::string {
    int64_t seconds = 0;
    std::string wrong = Number(&seconds, min, max)(node);
    if (wrong.empty()) *out_ms = seconds * 1000;
    return wrong;
  };
}

// host:port, the port a number; "[::1]:8443" for IPv6.
Taker Address(std::string* out, bool may_be_empty) {
  return [=](const toml::node& node) -> std::string {
    constexpr char kWrong[] = "is \"HOST:PORT\", the port from 0 to 65535";
    auto value = node.value_exact<std::string>();
    if (!value.has_value()) return kWrong;
    if (!(value->empty() && may_be_empty)) {
      const size_t colon = value->find_last_of(':');
      int port = 0;
      if (colon == std::string::npos || colon == 0 ||
          !absl::SimpleAtoi(value->substr(colon + 1), &port) || port < 0 ||
          port > 65535) {
        return kWrong;
      }
    }
    *out = *std::move(value);
    return "";
  };
}

Taker Names(std::vector<std::string>* out) {
  return [=](const toml::node& node) -> std::string {
    constexpr char kWrong[] = "is a list of at most 64 host names";
    const toml::array* list = node.as_array();
    if (list == nullptr || list->size() > kServerNamesMax) return kWrong;
    out->clear();
    for (const toml::node& item : *list) {
      auto name = item.value_exact<std::string>();
      if (!name.has_value() || name->empty() || name->size() > 253 ||
          name->find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-:*") != std::string::npos) {
        return kWrong;
      }
      out->push_back(*std::move(name));
    }
    return "";
  };
}

template <typename Value>
Taker OneOf(Value* out, std::map<std::string, Value> choices) {
  return [=](const toml::node& node) -> std::string {
    auto value = node.value_exact<std::string>();
    auto found = value.has_value() ? choices.find(*value) : choices.end();
    if (found == choices.end()) {
      std::string words = "is one of";
      for (const auto& [name, unused] : choices) {
        absl::StrAppend(&words, " \"", name, "\"");
      }
      return words;
    }
    *out = found->second;
    return "";
  };
}

// Every key there is. deploy/vouchd.toml describes each: a test compares.
std::map<std::string, Taker> KeysOf(Config* c) {
  Limits* l = &c->limits;
  return {
      {"listen", Address(&c->listen, /*may_be_empty=*/false)},
      {"data", Text(&c->data)},
      {"authority", Text(&c->authority)},
      {"centre_name", Text(&c->centre_name, 200)},
      {"server_names", Names(&c->server_names)},
      {"master_key_file", Text(&c->master_key_file)},
      {"drain_s", Seconds(&c->drain_ms_max, 1, 600)},
      {"certificates.device_valid_days",
       Number(&c->certificate_valid_days, 1, 3650)},
      {"limits.sessions_max", Number(&l->sessions_max, 1, 20'000)},
      {"limits.streams_per_connection_max",
       Number(&l->streams_per_connection_max, 1, 1000)},
      {"limits.message_bytes_max",
       Number(&l->message_bytes_max, 3 * kMiB, 64 * kMiB)},
      {"limits.handshake_s_max", Seconds(&l->handshake_ms_max, 1, 120)},
      {"limits.session_stall_s_max", Seconds(&l->session_stall_ms_max, 1, 600)},
      {"limits.wrong_codes_per_minute_max",
       Number(&l->wrong_codes_per_minute_max, 1, 1000)},
      {"limits.memory_bytes_max",
       Number(&l->memory_bytes_max, 32 * kMiB, kMiB * kMiB)},
      {"limits.call_threads_max", Number(&l->call_threads_max, 4, 1000)},
      {"limits.verify_threads", Number(&l->verify_threads, 0, 256)},
      {"store.reserve_bytes", Number(&c->reserve_bytes, kMiB, kMiB * kMiB)},
      {"store.cache_bytes", Number(&c->cache_bytes, kMiB, kMiB * kMiB)},
      {"metrics.listen", Address(&c->metrics_listen, /*may_be_empty=*/true)},
      {"log.level",
       OneOf<LogLevel>(&c->log_level, {{"debug", LogLevel::kDebug},
                                       {"info", LogLevel::kInfo},
                                       {"warning", LogLevel::kWarning},
                                       {"error", LogLevel::kError}})},
      {"log.format",
       OneOf<LogFormat>(&c->log_format, {{"text", LogFormat::kText},
                                         {"json", LogFormat::kJson}})},
  };
}

absl::Status Invalid(absl::string_view name, const toml::source_region& where,
                     absl::string_view what) {
  return Error(Reason::kConfigurationInvalid,
               absl::StrCat(name, ":", where.begin.line, ": ", what));
}

absl::Status TakeTable(const toml::table& table, const std::string& prefix,
                       const std::map<std::string, Taker>& keys,
                       absl::string_view name) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    auto found = keys.find(path);
    if (found != keys.end()) {
      std::string wrong = found->second(node);
      if (!wrong.empty()) {
        return Invalid(name, key.source(), absl::StrCat(path, " ", wrong));
      }
      continue;
    }
    // A table that is the beginning of known keys.
    auto below = keys.lower_bound(path + ".");
    const bool known =
        below != keys.end() &&
        below->first.compare(0, path.size() + 1, path + ".") == 0;
    if (!known || !node.is_table()) {
      return Invalid(name, key.source(), absl::StrCat("unknown key ", path));
    }
    VOUCH_RETURN_IF_ERROR(TakeTable(*node.as_table(), path + ".", keys, name));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Config> ParseConfig(absl::string_view text,
                                   absl::string_view name) {
  if (text.size() > kConfigBytesMax) {
    return Error(Reason::kConfigurationInvalid,
                 absl::StrCat(name, " is over 1 MiB"));
  }
  toml::table table;
  try {
    table = toml::parse(std::string_view(text.data(), text.size()));
  } catch (const toml::parse_error& error) {
    return Invalid(name, error.source(),
                   absl::string_view(error.description().data(),
                                     error.description().size()));
  }
  Config config;
  VOUCH_RETURN_IF_ERROR(TakeTable(table, "", KeysOf(&config), name));
  return config;
}

std::vector<std::string> ConfigKeys() {
  Config config;
  std::vector<std::string> names;
  for (const auto& [name, taker] : KeysOf(&config)) names.push_back(name);
  return names;
}

absl::StatusOr<Config> ReadConfig(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error(Reason::kNotFound, absl::StrCat("cannot read ", path));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return ParseConfig(text.str(), path);
}

}  // namespace vouch
