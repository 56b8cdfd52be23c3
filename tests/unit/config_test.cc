#include "server/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

std::string ErrorOf(const std::string& text) {
  auto config = ParseConfig(text, "f.toml");
  EXPECT_EQ(ReasonOf(config.status()), Reason::kConfigurationInvalid) << text;
  return std::string(config.status().message());
}

TEST(Config, TheEmptyFileGivesTheDefaults) {
  auto config = ParseConfig("", "f.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "127.0.0.1:8443");
  EXPECT_EQ(config->limits.message_bytes_max, 4 << 20);
}

TEST(Config, EveryKindOfValueIsRead) {
  auto config = ParseConfig(R"(
      listen = "[::1]:0"
      server_names = ["vouch.example.org", "192.0.2.7"]
      drain_s = 5
      [limits]
      sessions_max = 7
      [metrics]
      listen = ""
      [log]
      level = "warning"
      format = "json")",
                            "f.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "[::1]:0");
  EXPECT_EQ(config->server_names,
            (std::vector<std::string>{"vouch.example.org", "192.0.2.7"}));
  EXPECT_EQ(config->drain_ms_max, 5000);
  EXPECT_EQ(config->limits.sessions_max, 7);
  EXPECT_EQ(config->log_level, LogLevel::kWarning);
  EXPECT_EQ(config->log_format, LogFormat::kJson);
}

TEST(Config, AnUnknownKeyIsRefusedWithItsLine) {
  EXPECT_EQ(ErrorOf("\nlisen = \"a:1\"\n"), "f.toml:2: unknown key lisen");
  EXPECT_EQ(ErrorOf("[limits]\n\nsession_max = 1\n"),
            "f.toml:3: unknown key limits.session_max");
  EXPECT_EQ(ErrorOf("[limit]\nsessions_max = 1\n"),
            "f.toml:1: unknown key limit");
  EXPECT_EQ(ErrorOf("limits.sessions_max.x = 1\n"),
            "f.toml:1: limits.sessions_max is a whole number from 1 to 20000");
}

TEST(Config, AValueOutOfRangeSaysTheRange) {
  EXPECT_TRUE(absl::StrContains(ErrorOf("drain_s = 0"), "from 1 to 600"));
  EXPECT_TRUE(absl::StrContains(ErrorOf("drain_s = 601"), "from 1 to 600"));
  EXPECT_TRUE(absl::StrContains(ErrorOf("drain_s = \"5\""), "whole number"));
  EXPECT_TRUE(absl::StrContains(ErrorOf("listen = \"nowhere\""), "HOST:PORT"));
  EXPECT_TRUE(absl::StrContains(ErrorOf("listen = \"h:99999\""), "65535"));
  EXPECT_TRUE(absl::StrContains(ErrorOf("listen = \"\""), "HOST:PORT"));
  EXPECT_TRUE(absl::StrContains(ErrorOf("server_names = [\"a,IP:1.2.3.4\"]"),
                                "host names"));
  EXPECT_TRUE(
      absl::StrContains(ErrorOf("[log]\nlevel = \"loud\""), "\"warning\""));
}

TEST(Config, WhatIsNotTomlIsRefusedWithItsLine) {
  EXPECT_TRUE(absl::StartsWith(ErrorOf("listen = \"a:1\"\nlisten = \"b:2\""),
                               "f.toml:2"));
  EXPECT_TRUE(absl::StartsWith(ErrorOf("a = "), "f.toml:1"));
  EXPECT_TRUE(absl::StartsWith(ErrorOf("x = \"\xff\""), "f.toml:1"));
}

// The sample names every key, and shows its default: uncommented, it parses to
// the same configuration, and it leaves no key out.
TEST(Config, TheSampleDescribesEveryKeyWithItsDefault) {
  std::ifstream file(std::string(VOUCH_SOURCE_DIR) + "/deploy/vouchd.toml");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string sample =
      std::regex_replace(text.str(), std::regex("\n#([a-z_]+ = )"), "\n$1");
  auto config = ParseConfig(sample, "sample");
  ASSERT_TRUE(config.ok()) << config.status();
  const Config defaults;
  EXPECT_EQ(config->listen, defaults.listen);
  EXPECT_EQ(config->centre_name, defaults.centre_name);
  EXPECT_EQ(config->drain_ms_max, defaults.drain_ms_max);
  EXPECT_EQ(config->certificate_valid_days, defaults.certificate_valid_days);
  EXPECT_EQ(config->limits.sessions_max, defaults.limits.sessions_max);
  EXPECT_EQ(config->limits.streams_per_connection_max,
            defaults.limits.streams_per_connection_max);
  EXPECT_EQ(config->limits.message_bytes_max,
            defaults.limits.message_bytes_max);
  EXPECT_EQ(config->limits.handshake_ms_max, defaults.limits.handshake_ms_max);
  EXPECT_EQ(config->limits.session_stall_ms_max,
            defaults.limits.session_stall_ms_max);
  EXPECT_EQ(config->limits.wrong_codes_per_minute_max,
            defaults.limits.wrong_codes_per_minute_max);
  EXPECT_EQ(config->limits.memory_bytes_max, defaults.limits.memory_bytes_max);
  EXPECT_EQ(config->limits.call_threads_max, defaults.limits.call_threads_max);
  EXPECT_EQ(config->limits.verify_threads, defaults.limits.verify_threads);
  EXPECT_EQ(config->reserve_bytes, defaults.reserve_bytes);
  EXPECT_EQ(config->cache_bytes, defaults.cache_bytes);
  EXPECT_EQ(config->metrics_listen, defaults.metrics_listen);
  EXPECT_EQ(config->log_level, defaults.log_level);
  EXPECT_EQ(config->log_format, defaults.log_format);
  for (const std::string& key : ConfigKeys()) {
    const std::string name = key.substr(key.find('.') + 1);
    EXPECT_TRUE(absl::StrContains(sample, absl::StrCat("\n", name, " = ")))
        << key;
  }
}

}  // namespace
}  // namespace vouch
