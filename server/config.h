// vouchd's configuration: one TOML file, read once at start. Every key is
// described in deploy/vouchd.toml, with its unit, default and owner.
//
//   VOUCH_ASSIGN_OR_RETURN(Config config, ReadConfig("/etc/vouchd.toml"));
//
// An unknown key is an error, with its line: a misspelt limit must not pass
// for the default. Any thread.
#ifndef VOUCH_SERVER_CONFIG_H_
#define VOUCH_SERVER_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/log.h"

namespace vouch {

inline constexpr size_t kServerNamesMax = 64;
inline constexpr size_t kConfigBytesMax = 1 << 20;

struct Limits {
  int64_t sessions_max = 2000;  // sync sessions open at a time
  int64_t streams_per_connection_max = 16;
  int64_t message_bytes_max = 4 << 20;
  int64_t handshake_ms_max = 10'000;
  int64_t session_stall_ms_max = 30'000;          // a write that does not move
  int64_t wrong_codes_per_minute_max = 10;        // from one address
  int64_t memory_bytes_max = int64_t{512} << 20;  // gRPC's buffers, in all
  int64_t call_threads_max = 32;                  // unary calls at a time
  int64_t verify_threads = 0;                     // 0: one a core
};

struct Config {
  std::string listen = "127.0.0.1:8443";
  std::string data;       // the data folder
  std::string authority;  // the authority store's; empty: DATA/authority
  std::string centre_name = "Centre";
  std::vector<std::string> server_names;  // beside localhost
  std::string master_key_file;            // empty: DATA/master.key
  int64_t drain_ms_max = 20'000;
  int64_t certificate_valid_days = 730;
  Limits limits;
  int64_t reserve_bytes = int64_t{64} << 20;
  int64_t cache_bytes = int64_t{64} << 20;
  std::string metrics_listen;  // empty: no metrics
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
};

// Errors: CONFIGURATION_INVALID, with file and line; NOT_FOUND.
absl::StatusOr<Config> ReadConfig(const std::string& path);

// `name` stands in the errors for the file's.
absl::StatusOr<Config> ParseConfig(absl::string_view text,
                                   absl::string_view name);

// Every key there is, in order: "limits.sessions_max".
std::vector<std::string> ConfigKeys();

}  // namespace vouch

#endif  // VOUCH_SERVER_CONFIG_H_
