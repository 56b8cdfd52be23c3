#include <grpc/support/log.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <memory>
#include <string>

#include "server/commands.h"
#include "server/log.h"
#include "server/server.h"
#include "sync/base/exit_code.h"

namespace vouch {
namespace {

// Handshakes that fail are logged by gRPC, and anyone can cause them: after
// these, one line in each further thousand is written.
constexpr uint64_t kTransportLinesMax = 200;
constexpr uint64_t kTransportLinesThin = 1000;

void LogTransport(gpr_log_func_args* line) {
  static std::atomic<uint64_t> lines{0};
  if (line->severity != GPR_LOG_SEVERITY_ERROR) return;
  const uint64_t number = lines.fetch_add(1);
  if (number >= kTransportLinesMax && number % kTransportLinesThin != 0) return;
  Log(LogLevel::kWarning, "transport",
      {{"line", number}, {"text", line->message}});
}

struct ServeArguments {
  std::string config;
  std::string data;
  std::string listen;
};

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

absl::StatusOr<Config> ConfigOf(const ServeArguments& arguments) {
  Config config;
  if (!arguments.config.empty()) {
    VOUCH_ASSIGN_OR_RETURN(config, ReadConfig(arguments.config));
  }
  if (!arguments.data.empty()) config.data = arguments.data;
  if (!arguments.listen.empty()) config.listen = arguments.listen;
  return config;
}

int Serve(const ServeArguments& arguments) {
  auto config = ConfigOf(arguments);
  if (!config.ok()) return Fail(config.status(), /*json=*/false);
  StartLog(config->log_level, config->log_format);
  gpr_set_log_function(LogTransport);
  // Blocked here, before there is any other thread, so that all inherit it and
  // the signals wait for sigwait below.
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  auto server = Server::Start(*config, {});
  if (!server.ok()) return Fail(server.status(), /*json=*/false);
  int received = 0;
  sigwait(&signals, &received);
  Log(LogLevel::kInfo, "signal", {{"number", received}});
  // A second signal ends the process at once; nothing acknowledged is lost.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*server)->Stop();
  return kExitOk;
}

}  // namespace

void AddServe(CLI::App* app, int* exit_code) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App* serve = app->add_subcommand("serve", "Run the server");
  serve->footer(
      "SIGTERM or SIGINT drains: open sessions finish what they sent, then the "
      "server\nends with 0. The address it listens on is in the log line "
      "\"serving\".\n\n"
      "Examples:\n"
      "  vouchd serve --config /etc/vouchd.toml\n"
      "  vouchd serve --data ./centre --listen 127.0.0.1:0");
  serve
      ->add_option("--config", arguments->config,
                   "Configuration (deploy/vouchd.toml explains every key)")
      ->type_name("FILE");
  serve
      ->add_option("--data", arguments->data,
                   "Data folder; made if its parent exists")
      ->type_name("DIR");
  serve
      ->add_option("--listen", arguments->listen,
                   "Where tablets connect; port 0 takes a free one")
      ->type_name("HOST:PORT");
  serve->callback([=] { *exit_code = Serve(*arguments); });
}

}  // namespace vouch
