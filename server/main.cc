// vouchd, the server of a centre. `vouchd --help` says the rest.
#include <CLI/CLI.hpp>

#include "server/commands.h"
#include "server/server.h"
#include "server/version.h"
#include "sync/base/exit_code.h"

int main(int argc, char** argv) {
  vouch::RequireTls13();
  CLI::App app(
      "The server of a centre: tablets sync with it over TLS 1.3, and an "
      "administrator\nhands out the codes that enrol them.");
  app.name("vouchd");
  app.set_version_flag("--version", std::string("vouchd ") + vouch::kVersion);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 usage, 3 configuration, 4 not found,\n"
      "5 not allowed, 6 not now, 7 store, 8 unreachable or busy, 9 not "
      "proven.\n\n"
      "Examples:\n"
      "  vouchd serve --data ./centre --listen 127.0.0.1:8443\n"
      "  vouchd code new --data ./centre --role assessor --name \"A. "
      "Assessor\"\n"
      "  vouchd status --data ./centre\n"
      "  vouchd backup /mnt/backup/centre --data ./centre");
  int exit_code = vouch::kExitOk;
  vouch::AddServe(&app, &exit_code);
  vouch::AddCode(&app, &exit_code);
  vouch::AddStatus(&app, &exit_code);
  vouch::AddBackup(&app, &exit_code);
  vouch::AddRestore(&app, &exit_code);
  vouch::AddErase(&app, &exit_code);
  vouch::AddConfig(&app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version end here too, with 0.
    return app.exit(error) == 0 ? vouch::kExitOk : vouch::kExitUsage;
  }
  return exit_code;
}
