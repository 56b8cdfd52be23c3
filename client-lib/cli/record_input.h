// What a person types to fill in or change a record: --field, --text,
// --paragraph, --json-file. Shared by `record new`, `edit` and `amend`.
#ifndef VOUCH_CLIENT_LIB_CLI_RECORD_INPUT_H_
#define VOUCH_CLIENT_LIB_CLI_RECORD_INPUT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client-lib/cli/shell.h"
#include "google/protobuf/message.h"

namespace vouch::cli {

struct RecordInput {
  std::vector<std::string> fields;
  std::vector<std::string> texts;
  std::vector<std::string> paragraphs;
  std::string json_file;

  bool empty() const;
};

// `paragraphs`: there are some to change.
void AddInputOptions(CLI::App* verb, RecordInput* input, bool paragraphs);

// An option that may be given several times, one value each.
CLI::Option* AddMany(CLI::App* verb, const std::string& name,
                     std::vector<std::string>* values,
                     const std::string& summary);

// The JSON first, then fields, paragraphs and texts in the order given.
// Errors: MALFORMED, NOT_FOUND, TOO_LARGE.
absl::Status Apply(const RecordInput& input, const People& people,
                   google::protobuf::Message* record);

// What stands in a file; "-" is standard input. NOT_FOUND, TOO_LARGE.
absl::StatusOr<std::string> ReadText(const std::string& path);

// Prints how a record stands after a save.
absl::Status PrintSaved(const Shell& shell, const Client& client,
                        const Id& record, const std::string& done);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_RECORD_INPUT_H_
