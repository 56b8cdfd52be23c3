// A record for a person to read: its filled fields under the labels that its
// kind gives them, people by name, times in UTC. Any thread.
#ifndef VOUCH_CLIENT_LIB_CLI_WORDS_H_
#define VOUCH_CLIENT_LIB_CLI_WORDS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "vouch/client_types.h"

namespace vouch::cli {

// The name of a person; empty if it is no person known here.
using NameOf = std::function<std::string(const Id&)>;

struct FieldWords {
  std::string label;
  // One a line; paragraphs one each.
  std::vector<std::string> lines;
  bool numbered = false;  // paragraphs, as --paragraph counts them
};
std::vector<FieldWords> WordsOf(const google::protobuf::Message& record,
                                const NameOf& name_of);

// What people call a record in a list: the candidate of a registration, the
// venue of an observation; empty if nothing serves.
std::string LabelOf(const google::protobuf::Message& record);

// One side of a disagreement.
std::string WordsOf(const ConflictOption& option, const NameOf& name_of);

// "2026-09-01 10:00 UTC"; empty for 0.
std::string TimeWords(int64_t ms);
// "2026-09-01T10:00:00Z"; empty for 0.
std::string TimeJson(int64_t ms);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_WORDS_H_
