// What the verbs of `vouch` share: the global options, the store, how results
// and failures are printed, and the exit code.
//
//   Shell shell;
//   AddRecordVerbs(&shell);
//   return shell.Main(argc, argv);
//
// A verb is a function from its arguments to a Status: an error ends the
// process with the exit code of its class (sync/base/exit_code.h). One thread.
#ifndef VOUCH_CLIENT_LIB_CLI_SHELL_H_
#define VOUCH_CLIENT_LIB_CLI_SHELL_H_

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "vouch/client.h"

namespace vouch::cli {

class Shell {
 public:
  using Run = std::function<absl::Status()>;

  Shell();

  CLI::App* app() { return &app_; }
  // A word that verbs stand under, "record".
  CLI::App* Group(const std::string& name, const std::string& summary);
  // `examples`: complete command lines, one a line, shown by --help.
  CLI::App* Verb(CLI::App* parent, const std::string& name,
                 const std::string& summary, const std::string& examples,
                 Run run);

  int Main(int argc, char** argv);

  bool json() const { return json_; }
  std::string folder() const;
  // Errors: those of Client::Open; NOT_ENROLLED if there is no store, which
  // only enrolling makes.
  absl::StatusOr<std::unique_ptr<Client>> Open() const;
  absl::StatusOr<std::unique_ptr<Client>> OpenOrMake() const;

  // The result of a verb: with --json the message, else the text.
  absl::Status Result(const google::protobuf::Message& message,
                      const std::function<void()>& text) const;

 private:
  int Fail(const absl::Status& status) const;
  int FailUsage(const std::string& what, const std::string& verb) const;

  CLI::App app_;
  std::string store_;
  bool json_ = false;
  absl::Status outcome_;
};

// The people known here, by id and by name.
class People {
 public:
  static absl::StatusOr<People> Of(const Client& client);

  // Empty if not known.
  std::string NameOf(const Id& person) const;
  // A UUID, "me", or a name that is one person's alone. NOT_FOUND; MALFORMED
  // if several have the name.
  absl::StatusOr<Id> Find(absl::string_view text) const;

 private:
  Id me_;
  std::map<Id, std::string> names_;
};

// "Sentence." from "sentence".
std::string Sentence(absl::string_view text);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_SHELL_H_
