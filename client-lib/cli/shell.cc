#include "client-lib/cli/shell.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client-lib/cli/output.pb.h"
#include "client-lib/cli/print.h"
#include "client-lib/cli/text_form.h"
#include "sync/base/advice.h"
#include "sync/base/exit_code.h"

namespace vouch::cli {
namespace {

constexpr char kAbout[] =
    "vouch: capture vocational evidence without a network, and reconcile it "
    "with the\ncentre when there is one. Every save is durable when the "
    "command returns.";

constexpr char kFooter[] =
    R"(Every verb takes --store, --json and --help; its help has examples.

Start here:
  vouch enrol centre.example.org:8443 CODE
  vouch record new observation --registration ID --field venue="Front office"
  vouch sync

Exit codes:
  0  done
  1  failed for a reason without a class of its own
  2  usage: an argument is wrong
  3  configuration or data file: mend it
  4  there is no such thing
  5  not allowed: certificate, code, role, separation of duties
  6  not now: the state of a record, conflict or device forbids it
  7  the store: full, locked, newer, damaged, wrong key
  8  the network or the server: try again later
  9  a proof or history does not hold: tell the administrator
A failure is told on standard error: what happened, its reason as in
proto/errors.md, and what to do. With --json as one JSON object.)";

constexpr size_t kHelpWidth = 79;
constexpr size_t kHelpColumn = 30;

// CLI11's own layout, but with descriptions that wrap.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option,
                          bool positional) const override {
    return Entry(
        make_option_name(option, positional) + make_option_opts(option),
        make_option_desc(option));
  }
  std::string make_subcommand(const CLI::App* verb) const override {
    return Entry(verb->get_name(), verb->get_description());
  }

 private:
  static std::string Entry(const std::string& name, const std::string& text) {
    std::string out = absl::StrCat("  ", name);
    if (WidthOf(out) + 2 > kHelpColumn) {
      absl::StrAppend(&out, "\n", std::string(kHelpColumn, ' '));
    } else {
      out.append(kHelpColumn - WidthOf(out), ' ');
    }
    absl::StrAppend(
        &out,
        absl::StrJoin(Wrap(text, kHelpWidth - kHelpColumn),
                      absl::StrCat("\n", std::string(kHelpColumn, ' '))),
        "\n");
    return out;
  }
};

// A command line that is too long goes on after a backslash, as in a shell,
// and never within quotes.
std::string WrapExample(absl::string_view example) {
  std::vector<std::string> words = {""};
  bool quoted = false;
  for (char c : example) {
    if (c == '"') quoted = !quoted;
    if (c == ' ' && !quoted) {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  std::string out = "\n ";
  size_t width = 1;
  for (size_t i = 0; i < words.size(); ++i) {
    size_t needed = 1 + WidthOf(words[i]);
    // An option stays on the line of its value.
    if (absl::StartsWith(words[i], "--") && i + 1 < words.size() &&
        !absl::StartsWith(words[i + 1], "--")) {
      needed += 1 + WidthOf(words[i + 1]);
    }
    if (width + needed + 2 > kHelpWidth) {
      absl::StrAppend(&out, " \\\n     ");
      width = 5;
    }
    absl::StrAppend(&out, " ", words[i]);
    width += 1 + WidthOf(words[i]);
  }
  return out;
}

// Examples and the options that stand at the root, under a verb's own help.
std::string FooterOf(absl::string_view examples) {
  std::string footer = "Also: --store DIR, --json.\n\nExamples:";
  for (absl::string_view line :
       absl::StrSplit(examples, '\n', absl::SkipWhitespace())) {
    footer += WrapExample(line);
  }
  return footer;
}

// "record new": the words that lead to the verb that was asked for.
std::string VerbOf(const CLI::App& app) {
  std::string words;
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    absl::StrAppend(&words, " ", at->get_name());
  }
  return words;
}

}  // namespace

Shell::Shell() : app_(kAbout, "vouch") {
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.footer(kFooter);
  app_.formatter(std::make_shared<HelpFormatter>());
  app_.set_version_flag("--version", std::string("vouch ") + VOUCH_VERSION);
  app_.add_option("--store", store_,
                  "The tablet's own folder; without it $VOUCH_STORE, else "
                  "~/.vouch")
      ->type_name("DIR");
  app_.add_flag("--json", json_, "Print JSON, for scripts");
}

CLI::App* Shell::Group(const std::string& name, const std::string& summary) {
  CLI::App* group = app_.add_subcommand(name, summary);
  group->require_subcommand(1);
  group->footer("Each verb's own --help has examples.");
  return group;
}

CLI::App* Shell::Verb(CLI::App* parent, const std::string& name,
                      const std::string& summary, const std::string& examples,
                      Run run) {
  CLI::App* verb = parent->add_subcommand(name, summary);
  verb->footer(FooterOf(examples));
  verb->callback([this, run = std::move(run)] { outcome_ = run(); });
  return verb;
}

int Shell::Main(int argc, char** argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    // Of the verb that --help stood behind.
    Print(app_.help());
    return kExitOk;
  } catch (const CLI::Success& done) {  // --version
    return app_.exit(done);
  } catch (const CLI::ParseError& error) {
    return FailUsage(error.what(), VerbOf(app_));
  }
  if (outcome_.ok() && std::fflush(stdout) != 0) {
    outcome_ = Error(Reason::kStoreIo, "standard output cannot be written");
  }
  return outcome_.ok() ? kExitOk : Fail(outcome_);
}

std::string Shell::folder() const {
  if (!store_.empty()) return store_;
  const char* from_environment = std::getenv("VOUCH_STORE");
  if (from_environment != nullptr && *from_environment != '\0') {
    return from_environment;
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "." : home, "/.vouch");
}

absl::StatusOr<std::unique_ptr<Client>> Shell::Open() const {
  std::error_code error;
  if (!std::filesystem::exists(folder(), error)) {
    return Error(Reason::kNotEnrolled,
                 absl::StrCat("there is no store in ", folder()));
  }
  return OpenOrMake();
}

absl::StatusOr<std::unique_ptr<Client>> Shell::OpenOrMake() const {
  OpenOptions options;
  options.folder = folder();
  return Client::Open(options);
}

absl::Status Shell::Result(const google::protobuf::Message& message,
                           const std::function<void()>& text) const {
  if (!json_) {
    text();
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(std::string json, PrintJson(message));
  Print(json);
  return absl::OkStatus();
}

int Shell::Fail(const absl::Status& status) const {
  const Reason reason = ReasonOf(status);
  const int code = ExitCode(status);
  std::fflush(stdout);
  if (json_) {
    Failure failure;
    failure.set_reason(std::string(ReasonName(reason)));
    failure.set_what(std::string(status.message()));
    failure.set_advice(std::string(ReasonAdvice(reason)));
    failure.set_exit_code(code);
    absl::StatusOr<std::string> json = PrintJson(failure);
    if (json.ok()) std::fputs(json->c_str(), stderr);
    return code;
  }
  const std::string text =
      absl::StrCat("vouch: ", Sentence(Safe(status.message())), "\n  ",
                   ReasonName(reason), ": ", ReasonMeaning(reason),
                   "\n  What to do: ", ReasonAdvice(reason), "\n");
  std::fputs(text.c_str(), stderr);
  return code;
}

int Shell::FailUsage(const std::string& what, const std::string& verb) const {
  const std::string advice = absl::StrCat("see vouch", verb, " --help");
  if (json_) {
    Failure failure;
    failure.set_what(what);
    failure.set_advice(advice);
    failure.set_exit_code(kExitUsage);
    absl::StatusOr<std::string> json = PrintJson(failure);
    if (json.ok()) std::fputs(json->c_str(), stderr);
    return kExitUsage;
  }
  const std::string text = absl::StrCat("vouch: ", Sentence(Safe(what)),
                                        "\n  What to do: ", advice, "\n");
  std::fputs(text.c_str(), stderr);
  return kExitUsage;
}

absl::StatusOr<People> People::Of(const Client& client) {
  People people;
  if (const auto me = client.WhoAmI()) {
    people.me_ = me->person;
    people.names_[me->person] = me->person_name;
  }
  VOUCH_ASSIGN_OR_RETURN(std::vector<v1::Person> known, client.People());
  for (const v1::Person& person : known) {
    people.names_[person.person_id()] = person.name();
  }
  return people;
}

std::string People::NameOf(const Id& person) const {
  auto found = names_.find(person);
  return found == names_.end() ? "" : found->second;
}

absl::StatusOr<Id> People::Find(absl::string_view text) const {
  if (text == "me") {
    if (me_.empty()) return Error(Reason::kNotEnrolled, "nobody is enrolled");
    return me_;
  }
  std::vector<Id> named;
  for (const auto& [id, name] : names_) {
    if (name == text) named.push_back(id);
  }
  if (named.size() == 1) return named.front();
  if (named.size() > 1) {
    return Error(Reason::kMalformed,
                 absl::StrCat("several people are called \"", text,
                              "\"; give the id that `vouch people` shows"));
  }
  absl::StatusOr<Id> id = BytesOfText(text);
  if (id.ok()) return id;
  return Error(Reason::kNotFound,
               absl::StrCat("\"", text,
                            "\" is no id, and nobody known here "
                            "has that name; see `vouch people`"));
}

std::string Sentence(absl::string_view text) {
  std::string out(text);
  if (!out.empty() && absl::ascii_ispunct(out.back()) == 0) out += '.';
  return out;
}

}  // namespace vouch::cli
