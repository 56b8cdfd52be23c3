// The verbs of vouchd. Each adds itself to the command line and, when chosen,
// leaves its exit code (sync/base/exit_code.h) in `exit_code`.
#ifndef VOUCH_SERVER_COMMANDS_H_
#define VOUCH_SERVER_COMMANDS_H_

#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace CLI {
class App;
}
namespace google::protobuf {
class Message;
}

namespace vouch {

void AddServe(CLI::App* app, int* exit_code);
void AddCode(CLI::App* app, int* exit_code);
void AddStatus(CLI::App* app, int* exit_code);
void AddConfig(CLI::App* app, int* exit_code);
void AddBackup(CLI::App* app, int* exit_code);
void AddRestore(CLI::App* app, int* exit_code);
void AddErase(CLI::App* app, int* exit_code);

// Prints an error as `vouchd: REASON: text`, or as a JSON object, to stderr.
// Returns its exit code.
int Fail(const absl::Status& status, bool json);

// One line of JSON, every field of it.
void PrintJson(const google::protobuf::Message& message, std::FILE* to);
// "2026-11-22 08:00:00 UTC".
std::string TimeText(int64_t ms);

// "90s", "30m", "12h", "7d". Errors: MALFORMED.
absl::StatusOr<int64_t> ParseSeconds(absl::string_view text);
// "internal-verifier". Errors: MALFORMED, with the roles there are.
absl::StatusOr<int> ParseRole(absl::string_view text);
// 32 hexadecimal digits, with dashes or without; the bytes. Errors: MALFORMED.
absl::StatusOr<std::string> ParseId(absl::string_view text);

}  // namespace vouch

#endif  // VOUCH_SERVER_COMMANDS_H_
