// vouchd's configuration: any text gives a configuration within its limits or
// an error that names the place.
#include "server/config.h"

#include "absl/strings/match.h"
#include "tests/fuzz/fuzz_input.h"

namespace vouch {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto config = ParseConfig(fuzz::View(data, size), "vouchd.toml");
  if (!config.ok()) {
    VOUCH_CHECK(ReasonOf(config.status()) == Reason::kConfigurationInvalid);
    VOUCH_CHECK(absl::StartsWith(config.status().message(), "vouchd.toml"));
    return 0;
  }
  const Limits& limits = config->limits;
  VOUCH_CHECK(limits.sessions_max >= 1 && limits.sessions_max <= 20'000);
  VOUCH_CHECK(limits.message_bytes_max >= 3 << 20 &&
              limits.message_bytes_max <= 64 << 20);
  VOUCH_CHECK(limits.handshake_ms_max >= 1000);
  VOUCH_CHECK(limits.session_stall_ms_max >= 1000);
  VOUCH_CHECK(limits.memory_bytes_max >= 32 << 20);
  VOUCH_CHECK(config->drain_ms_max >= 1000);
  VOUCH_CHECK(config->certificate_valid_days >= 1);
  VOUCH_CHECK(config->centre_name.size() <= 200);
  VOUCH_CHECK(config->server_names.size() <= kServerNamesMax);
  return 0;
}

}  // namespace vouch
