// record sign, countersign, withdraw, discard, revive.
#include <memory>
#include <optional>
#include <utility>

#include "client-lib/cli/record_input.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/verbs.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

struct ActArguments {
  std::string id;
  std::string base;
  std::string drawn;
};

using Act = absl::StatusOr<BaseToken> (Client::*)(const Id&, const BaseToken&);

struct ActVerb {
  const char* name;
  const char* summary;
  const char* examples;
  const char* done;
  Act act;
};

constexpr ActVerb kActs[] = {
    {"countersign", "Agree, as a second person, to what was signed or decided",
     "vouch record countersign \"$SIGNED\"", "Countersigned",
     &Client::Countersign},
    {"withdraw", "Take a signed record, or the verdict of a ledger, back",
     "vouch record withdraw \"$SIGNED\"", "Withdrawn", &Client::Withdraw},
    {"discard", "Hide a draft; revive brings it back",
     "vouch record discard \"$DRAFT\"", "Discarded", &Client::Discard},
    {"revive", "Bring a discarded draft back", "vouch record revive \"$DRAFT\"",
     "Revived", &Client::Revive},
};

// What the act refers to; nothing: the record as it is now.
absl::StatusOr<BaseToken> BaseOf(const ActArguments& arguments) {
  if (arguments.base.empty()) return BaseToken();
  return BytesOfText(arguments.base);
}

absl::Status Do(const Shell& shell, const ActArguments& arguments,
                const ActVerb& verb) {
  VOUCH_ASSIGN_OR_RETURN(Id id, ParseId(arguments.id));
  VOUCH_ASSIGN_OR_RETURN(BaseToken base, BaseOf(arguments));
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_RETURN_IF_ERROR(((*client).*verb.act)(id, base).status());
  return PrintSaved(shell, *client, id, verb.done);
}

absl::Status Sign(const Shell& shell, const ActArguments& arguments) {
  VOUCH_ASSIGN_OR_RETURN(Id id, ParseId(arguments.id));
  VOUCH_ASSIGN_OR_RETURN(BaseToken base, BaseOf(arguments));
  std::optional<std::string> drawn;
  if (!arguments.drawn.empty()) drawn = arguments.drawn;
  VOUCH_ASSIGN_OR_RETURN(auto client, shell.Open());
  VOUCH_RETURN_IF_ERROR(client->Sign(id, base, drawn).status());
  return PrintSaved(shell, *client, id,
                    drawn.has_value() ? "Signed by the witness, in your "
                                        "presence:"
                                      : "Signed");
}

void AddArguments(CLI::App* verb, ActArguments* arguments) {
  verb->add_option("ID", arguments->id, "The record")->required();
  verb->add_option("--base", arguments->base,
                   "What was looked at, as `base` of `record show --json`; "
                   "without it, the record as it is now")
      ->type_name("TOKEN");
}

}  // namespace

void AddActVerbs(Shell* shell, CLI::App* record) {
  auto sign = std::make_shared<ActArguments>();
  CLI::App* verb = shell->Verb(
      record, "sign", "Sign and lock a record; what is missing is named",
      "vouch record sign \"$COMPLETE\"\n"
      "vouch record sign \"$STATEMENT\" --drawn \"M4 20 C10 4 16 32 28 12\"",
      [shell, sign] { return Sign(*shell, *sign); });
  AddArguments(verb, sign.get());
  verb->add_option("--drawn", sign->drawn,
                   "A witness's signature as drawn on this tablet, SVG path "
                   "data: the witness signs with a one-time key, and you sign "
                   "that it was in your presence")
      ->type_name("PATH");
  for (const ActVerb& act : kActs) {
    auto arguments = std::make_shared<ActArguments>();
    CLI::App* added = shell->Verb(
        record, act.name, act.summary, act.examples,
        [shell, arguments, &act] { return Do(*shell, *arguments, act); });
    AddArguments(added, arguments.get());
  }
}

}  // namespace vouch::cli
