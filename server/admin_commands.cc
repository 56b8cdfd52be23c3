#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "server/admin_client.h"
#include "server/commands.h"
#include "server/config.h"
#include "sync/base/exit_code.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "vouch/v1/errors.pb.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

constexpr int64_t kDay = 24 * 3600;
constexpr char kRolePrefix[] = "ROLE_";

std::string RoleSpelling(v1::Role role) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(
                                 v1::Role_Name(role), kRolePrefix)),
                             {{"_", "-"}});
}

std::string RoleSpellings() {
  std::string all;
  for (int role = v1::Role_MIN + 1; role <= v1::Role_MAX; ++role) {
    if (!v1::Role_IsValid(role)) continue;
    absl::StrAppend(&all, all.empty() ? "" : ", ",
                    RoleSpelling(static_cast<v1::Role>(role)));
  }
  return all;
}

struct CodeArguments {
  std::string data;
  std::string role;
  std::string name;
  std::string valid = "1d";
  std::string person;
  bool json = false;
};

absl::StatusOr<v1::CreateCodeRequest> RequestOf(const CodeArguments& from) {
  v1::CreateCodeRequest request;
  VOUCH_ASSIGN_OR_RETURN(int role, ParseRole(from.role));
  request.set_role(static_cast<v1::Role>(role));
  request.set_person_name(from.name);
  VOUCH_ASSIGN_OR_RETURN(int64_t valid_s, ParseSeconds(from.valid));
  request.set_valid_s(valid_s);
  if (!from.person.empty()) {
    VOUCH_ASSIGN_OR_RETURN(*request.mutable_person_id(), ParseId(from.person));
  }
  return request;
}

int NewCode(const CodeArguments& arguments) {
  auto request = RequestOf(arguments);
  if (!request.ok()) return Fail(request.status(), arguments.json);
  auto code = AdminClient(arguments.data).CreateCode(*request);
  if (!code.ok()) return Fail(code.status(), arguments.json);
  if (arguments.json) {
    PrintJson(*code, stdout);
  } else {
    std::printf("%s\n", code->code().c_str());
    std::fprintf(stderr,
                 "Good once, until %s, for person %s.\n"
                 "On the tablet: vouch enrol HOST:PORT CODE\n",
                 TimeText(code->expires_ms()).c_str(),
                 absl::BytesToHexString(code->person_id()).c_str());
  }
  return kExitOk;
}

int ListCodes(const std::string& data, bool json) {
  auto codes = AdminClient(data).ListCodes();
  if (!codes.ok()) return Fail(codes.status(), json);
  if (json) {
    PrintJson(*codes, stdout);
    return kExitOk;
  }
  for (const v1::CodeSummary& code : codes->codes()) {
    std::printf("%-24s until %s  %s\n", RoleSpelling(code.role()).c_str(),
                TimeText(code.expires_ms()).c_str(),
                code.person_name().c_str());
  }
  if (codes->codes().empty()) std::printf("No code is open.\n");
  return kExitOk;
}

// How far the log would survive this machine.
std::string SafeText(const v1::GetStatusResponse& status) {
  if (status.stable_ms() == 0) {
    return "unavailable, no backup configured (vouchd backup DIR --data D)";
  }
  return absl::StrCat(status.stable_size(), " of ", status.log_size(),
                      " entries, backed up ", TimeText(status.stable_ms()));
}

int ShowStatus(const std::string& data, bool json) {
  auto status = AdminClient(data).GetStatus();
  if (!status.ok()) return Fail(status.status(), json);
  if (json) {
    PrintJson(*status, stdout);
    return kExitOk;
  }
  std::printf(
      "version            %s\n"
      "log entries        %llu\n"
      "of these in views  %llu\n"
      "devices            %llu\n"
      "sessions open      %llu\n"
      "erasures           %llu\n"
      "safe               %s\n",
      status->version().c_str(),
      static_cast<unsigned long long>(status->log_size()),
      static_cast<unsigned long long>(status->materialised_size()),
      static_cast<unsigned long long>(status->devices()),
      static_cast<unsigned long long>(status->sessions()),
      static_cast<unsigned long long>(status->erasures()),
      SafeText(*status).c_str());
  return kExitOk;
}

CLI::Option* AddData(CLI::App* verb, std::string* data) {
  return verb->add_option("--data", *data, "Data folder of the running server")
      ->required()
      ->type_name("DIR");
}

}  // namespace

void PrintJson(const google::protobuf::Message& message, std::FILE* to) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  VOUCH_CHECK(
      google::protobuf::util::MessageToJsonString(message, &text, options)
          .ok());
  std::fprintf(to, "%s\n", text.c_str());
}

std::string TimeText(int64_t ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMillis(ms),
                          absl::UTCTimeZone());
}

int Fail(const absl::Status& status, bool json) {
  const Reason reason = ReasonOf(status);
  if (json) {
    v1::ErrorDetail detail;
    detail.set_reason(static_cast<v1::ErrorReason>(reason));
    detail.set_text(std::string(status.message()));
    PrintJson(detail, stderr);
  } else {
    const std::string message(status.message());
    std::fprintf(stderr, "vouchd: %s: %s\n",
                 std::string(ReasonName(reason)).c_str(), message.c_str());
  }
  return ExitCode(status);
}

absl::StatusOr<int64_t> ParseSeconds(absl::string_view text) {
  constexpr char kWrong[] =
      "a duration is a number and s, m, h or d, up to 30d: 90s, 1h, 7d";
  int64_t unit = 0;
  if (absl::ConsumeSuffix(&text, "s")) {
    unit = 1;
  } else if (absl::ConsumeSuffix(&text, "m")) {
    unit = 60;
  } else if (absl::ConsumeSuffix(&text, "h")) {
    unit = 3600;
  } else if (absl::ConsumeSuffix(&text, "d")) {
    unit = kDay;
  }
  int64_t number = 0;
  if (unit == 0 || !absl::SimpleAtoi(text, &number) || number < 1 ||
      number > 30 * kDay / unit) {
    return Error(Reason::kMalformed, kWrong);
  }
  return number * unit;
}

absl::StatusOr<int> ParseRole(absl::string_view text) {
  const std::string name = absl::StrCat(
      kRolePrefix,
      absl::StrReplaceAll(absl::AsciiStrToUpper(text), {{"-", "_"}}));
  v1::Role role = v1::ROLE_UNSPECIFIED;
  if (!v1::Role_Parse(name, &role) || role == v1::ROLE_UNSPECIFIED) {
    return Error(Reason::kMalformed,
                 absl::StrCat("there is no role \"", text,
                              "\"; roles: ", RoleSpellings()));
  }
  return static_cast<int>(role);
}

absl::StatusOr<std::string> ParseId(absl::string_view text) {
  auto id = PersonId::FromHex(absl::StrReplaceAll(text, {{"-", ""}}));
  if (!id.has_value()) {
    return Error(Reason::kMalformed, "an id is 32 hexadecimal digits");
  }
  return id->Bytes();
}

void AddCode(CLI::App* app, int* exit_code) {
  CLI::App* code = app->add_subcommand("code", "Enrolment codes");
  code->require_subcommand(1);
  auto arguments = std::make_shared<CodeArguments>();
  CLI::App* fresh =
      code->add_subcommand("new", "Make a code that enrols one tablet, once");
  fresh->footer(
      "Prints CODE@PIN; the pin tells the tablet which centre to trust, so "
      "hand over\nthe whole line. Only a hash of the code is kept.\n\n"
      "Examples:\n"
      "  vouchd code new --data /var/lib/vouchd --role assessor --name \"A. "
      "Assessor\"\n"
      "  vouchd code new --data D --role internal-verifier --name V --valid 1h "
      "--json");
  AddData(fresh, &arguments->data);
  fresh
      ->add_option("--role", arguments->role,
                   absl::StrCat("What the person does: ", RoleSpellings()))
      ->required();
  fresh->add_option("--name", arguments->name, "The person's name, ≤ 200 bytes")
      ->required();
  fresh
      ->add_option("--valid", arguments->valid,
                   "How long it is good: 90s, 30m, 1h, 7d; at most 30d")
      ->capture_default_str();
  fresh->add_option("--person", arguments->person,
                    "Id of a person who gets one more tablet");
  fresh->add_flag("--json", arguments->json, "Print JSON");
  fresh->callback([=] { *exit_code = NewCode(*arguments); });

  CLI::App* list =
      code->add_subcommand("list", "Show codes that can still be used");
  list->footer("Example:\n  vouchd code list --data /var/lib/vouchd");
  AddData(list, &arguments->data);
  list->add_flag("--json", arguments->json, "Print JSON");
  list->callback(
      [=] { *exit_code = ListCodes(arguments->data, arguments->json); });
}

void AddStatus(CLI::App* app, int* exit_code) {
  auto arguments = std::make_shared<CodeArguments>();
  CLI::App* status =
      app->add_subcommand("status", "Show how the running server is");
  status->footer("Example:\n  vouchd status --data /var/lib/vouchd --json");
  AddData(status, &arguments->data);
  status->add_flag("--json", arguments->json, "Print JSON");
  status->callback(
      [=] { *exit_code = ShowStatus(arguments->data, arguments->json); });
}

void AddConfig(CLI::App* app, int* exit_code) {
  CLI::App* config = app->add_subcommand("config", "The configuration");
  config->require_subcommand(1);
  auto path = std::make_shared<std::string>();
  CLI::App* check =
      config->add_subcommand("check",
                             "Read a configuration file, and say what "
                             "is wrong with it");
  check->footer("Example:\n  vouchd config check --config /etc/vouchd.toml");
  check->add_option("--config", *path, "The file")
      ->required()
      ->type_name("FILE");
  check->callback([=] {
    auto read = ReadConfig(*path);
    if (!read.ok()) {
      *exit_code = Fail(read.status(), /*json=*/false);
      return;
    }
    std::printf("%s is good.\n", path->c_str());
    *exit_code = kExitOk;
  });
}

}  // namespace vouch
