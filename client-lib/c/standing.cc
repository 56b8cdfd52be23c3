// Disagreements, what is held, and how things stand.
#include <utility>
#include <vector>

#include "client-lib/c/convert.h"
#include "client-lib/c/support.h"

namespace vouch::c {
namespace {

absl::StatusOr<SettleChoice> ChoiceFrom(const vouch_settle_choice* given) {
  if (given == nullptr) return Fault("choice", "a choice is needed");
  VOUCH_ASSIGN_OR_RETURN(vouch_settle_choice options, OptionsFrom(given));
  SettleChoice choice;
  switch (options.by) {
    case VOUCH_SETTLE_BY_SIDE:
      choice.side = options.side;
      return choice;
    case VOUCH_SETTLE_BY_TEXT: {
      VOUCH_ASSIGN_OR_RETURN(choice.text, Bytes("text", options.text));
      return choice;
    }
    case VOUCH_SETTLE_BY_MESSAGE: {
      VOUCH_ASSIGN_OR_RETURN(choice.message,
                             RecordFrom("message", &options.message));
      return choice;
    }
    default:
      return Fault("by", "choose by a side, a text or a message");
  }
}

// A list that a function of the client gives, of a record or of all.
template <typename Function>
vouch_error* Listed(vouch_client* client, vouch_buffer* out, Function list) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(auto found, list(*opened));
    return Give(ToMessage(found), out);
  });
}

}  // namespace
}  // namespace vouch::c

using namespace vouch;     // NOLINT: this file is their C face
using namespace vouch::c;  // NOLINT

vouch_error* vouch_who_am_i(vouch_client* client, vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    const std::optional<Enrolment> enrolment = opened->WhoAmI();
    if (!enrolment.has_value()) {
      return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
    }
    return Give(ToMessage(*enrolment), out);
  });
}

vouch_error* vouch_people(vouch_client* client, vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(auto people, opened->People());
    v1::PersonList list;
    for (v1::Person& person : people) *list.add_people() = std::move(person);
    return Give(list, out);
  });
}

vouch_error* vouch_conflicts(vouch_client* client, const vouch_id* record,
                             vouch_buffer* out) {
  return Listed(client, out, [&](Client& opened) {
    return opened.Conflicts(IdFrom(record));
  });
}

vouch_error* vouch_settle(vouch_client* client, vouch_slice handle,
                          vouch_slice version,
                          const vouch_settle_choice* choice) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(std::string named, Bytes("handle", handle));
    VOUCH_ASSIGN_OR_RETURN(std::string seen, Bytes("version", version));
    VOUCH_ASSIGN_OR_RETURN(SettleChoice chosen, ChoiceFrom(choice));
    return opened->Settle(named, seen, chosen);
  });
}

vouch_error* vouch_held_changes(vouch_client* client, vouch_buffer* out) {
  return Listed(client, out,
                [](Client& opened) { return opened.HeldChanges(); });
}

vouch_error* vouch_release(vouch_client* client, vouch_slice change) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(std::string named, Bytes("change", change));
    return opened->Release(named);
  });
}

vouch_error* vouch_warnings(vouch_client* client, vouch_buffer* out) {
  return Listed(client, out, [](Client& opened) { return opened.Warnings(); });
}

vouch_error* vouch_possible_duplicates(vouch_client* client,
                                       const vouch_id* registration,
                                       vouch_buffer* out) {
  return Listed(client, out, [&](Client& opened) {
    return opened.PossibleDuplicates(IdFrom(registration));
  });
}

vouch_error* vouch_safety_of(vouch_client* client, const vouch_id* record,
                             int32_t* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    if (out == nullptr) return Fault("out", "a place for the state is needed");
    VOUCH_ASSIGN_OR_RETURN(Id id, NeededId("record", record));
    VOUCH_ASSIGN_OR_RETURN(SafetyState safety, opened->Safety(id));
    *out = static_cast<int32_t>(safety);
    return absl::OkStatus();
  });
}

vouch_error* vouch_safety_of_portfolio(vouch_client* client,
                                       const vouch_id* registration,
                                       vouch_portfolio_safety* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_RETURN_IF_ERROR(CheckReport(out));
    VOUCH_ASSIGN_OR_RETURN(Id id, NeededId("registration", registration));
    VOUCH_ASSIGN_OR_RETURN(PortfolioSafety safety,
                           opened->SafetyOfPortfolio(id));
    vouch_portfolio_safety numbers{};
    numbers.on_this_tablet = safety.on_this_tablet;
    numbers.at_the_centre = safety.at_the_centre;
    numbers.safe = safety.safe;
    numbers.least = static_cast<int32_t>(safety.least);
    GiveReport(numbers, out);
    return absl::OkStatus();
  });
}

const char* vouch_safety_words(int32_t safety) {
  static_assert(static_cast<int>(SafetyState::kSafe) == VOUCH_SAFETY_SAFE);
  switch (safety) {
    case VOUCH_SAFETY_ON_THIS_TABLET:
      return "on this tablet";
    case VOUCH_SAFETY_AT_THE_CENTRE:
      return "at the centre";
    case VOUCH_SAFETY_SAFE:
      return "safe";
    default:
      return "";
  }
}

vouch_error* vouch_safe_unavailable(vouch_client* client, vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    return GiveBytes(opened->SafeUnavailable(), out);
  });
}

vouch_error* vouch_ledger(vouch_client* client, vouch_ledger_numbers* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_RETURN_IF_ERROR(CheckReport(out));
    VOUCH_ASSIGN_OR_RETURN(LedgerNumbers ledger, opened->Ledger());
    vouch_ledger_numbers numbers{};
    numbers.captured = ledger.captured;
    numbers.stored = ledger.stored;
    numbers.held = ledger.held;
    numbers.pending = ledger.pending;
    numbers.pulled = ledger.pulled;
    numbers.balanced = ledger.balanced ? 1 : 0;
    GiveReport(numbers, out);
    return absl::OkStatus();
  });
}

vouch_error* vouch_state_hashes(vouch_client* client, vouch_buffer* out) {
  return Listed(client, out,
                [](Client& opened) { return opened.StateHashes(); });
}

vouch_error* vouch_portfolio(vouch_client* client, const vouch_id* registration,
                             vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(Client * opened, Opened(client));
    VOUCH_ASSIGN_OR_RETURN(Id id, NeededId("registration", registration));
    VOUCH_ASSIGN_OR_RETURN(v1::Portfolio portfolio, opened->Portfolio(id));
    return Give(portfolio, out);
  });
}

vouch_error* vouch_evaluate_rules(vouch_slice specification, uint32_t version,
                                  const vouch_slice* units, size_t unit_count,
                                  vouch_buffer* out) {
  return Guarded([&]() -> absl::Status {
    VOUCH_ASSIGN_OR_RETURN(std::string id,
                           Bytes("specification", specification));
    if (unit_count > kUnitsMax || (units == nullptr && unit_count > 0)) {
      return Fault("units", "the units are NULL or too many");
    }
    std::vector<std::string> chosen;
    for (size_t i = 0; i < unit_count; ++i) {
      VOUCH_ASSIGN_OR_RETURN(std::string unit, Bytes("units", units[i]));
      chosen.push_back(std::move(unit));
    }
    VOUCH_ASSIGN_OR_RETURN(v1::RulesEvaluation evaluation,
                           EvaluateRules(id, version, chosen));
    return Give(evaluation, out);
  });
}
