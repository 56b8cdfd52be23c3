#include "client-lib/cli/convert.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "client-lib/cli/text_form.h"
#include "client-lib/cli/words.h"
#include "evidence/permissions.h"
#include "sync/base/status.h"

namespace vouch::cli {
namespace {

std::string ReasonWords(v1::ErrorReason reason) {
  if (reason == v1::ERROR_REASON_UNSPECIFIED) return "";
  return std::string(ReasonName(ReasonFromNumber(static_cast<int>(reason))));
}

Side ToOutput(const ConflictOption& option, const NameOf& name_of) {
  Side side;
  side.set_author(option.author_name.empty() ? TextOfBytes(option.author)
                                             : option.author_name);
  side.set_claimed(TimeJson(option.claimed_ms));
  side.set_words(WordsOf(option, name_of));
  side.set_change(option.change);
  return side;
}

}  // namespace

std::string RoleWords(v1::Role role) { return std::string(RoleName(role)); }

uint32_t Number(uint64_t count) {
  return static_cast<uint32_t>(
      std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max()));
}

std::string Short(const Id& id) {
  // The tail: ids of one minute share their first digits.
  const std::string text = TextOfBytes(id);
  return text.size() <= 12 ? text : "…" + text.substr(text.size() - 12);
}

Enrolled ToOutput(const Enrolment& enrolment) {
  Enrolled out;
  out.set_device(TextOfBytes(enrolment.device));
  out.set_person(TextOfBytes(enrolment.person));
  out.set_person_name(enrolment.person_name);
  out.set_role(RoleWords(enrolment.role));
  out.set_centre(TextOfBytes(enrolment.centre));
  out.set_centre_name(enrolment.centre_name);
  out.set_server(enrolment.server);
  out.set_certificate_expires(TimeJson(enrolment.certificate_expires_ms));
  out.set_ca_fingerprint(enrolment.ca_fingerprint);
  return out;
}

RecordRow ToOutput(const RecordSummary& summary, const std::string& label) {
  RecordRow out;
  out.set_id(TextOfBytes(summary.id));
  if (!summary.registration.empty()) {
    out.set_registration(TextOfBytes(summary.registration));
  }
  out.set_kind(summary.kind);
  out.set_state(summary.state);
  out.set_conflicts(summary.conflicts);
  out.set_held(summary.held);
  out.set_changes(summary.changes);
  out.set_pending(summary.pending);
  out.set_label(label);
  return out;
}

Notice ToOutput(const HeldForReview& held) {
  Notice out;
  out.set_record(TextOfBytes(held.record));
  out.set_change(held.change);
  out.set_reason(ReasonWords(held.reason));
  out.set_words(held.words);
  out.set_author(held.author_name);
  out.set_parked(held.parked);
  return out;
}

Notice ToOutput(const Warning& warning) {
  Notice out;
  out.set_record(TextOfBytes(warning.record));
  out.set_change(warning.change);
  out.set_reason(ReasonWords(warning.reason));
  out.set_words(warning.words);
  return out;
}

Duplicate ToOutput(const PossibleDuplicate& pair) {
  Duplicate out;
  out.set_record(TextOfBytes(pair.record));
  out.set_other(TextOfBytes(pair.other));
  out.set_registration(TextOfBytes(pair.registration));
  out.set_likeness_percent(pair.likeness_percent);
  out.set_words(pair.words);
  return out;
}

absl::StatusOr<std::vector<Duplicate>> DuplicatesOf(
    const Client& client, const RecordSummary& record) {
  std::vector<Duplicate> out;
  if (record.registration.empty()) return out;
  VOUCH_ASSIGN_OR_RETURN(auto pairs,
                         client.PossibleDuplicates(record.registration));
  for (const PossibleDuplicate& pair : pairs) {
    if (pair.record == record.id || pair.other == record.id) {
      out.push_back(ToOutput(pair));
    }
  }
  return out;
}

std::string DuplicateWords(const Duplicate& pair, const std::string& record) {
  return absl::StrCat(
      "It says ", pair.likeness_percent() == 100 ? "" : "nearly ",
      "the same as ", pair.record() == record ? pair.other() : pair.record(),
      " by the same author. If it was typed twice, discard or withdraw one.");
}

Conflict ToOutput(const vouch::Conflict& conflict, const People& people) {
  const NameOf name_of = [&people](const Id& id) { return people.NameOf(id); };
  Conflict out;
  out.set_handle(conflict.handle);
  out.set_version(conflict.version);
  out.set_record(TextOfBytes(conflict.record));
  out.set_kind(conflict.kind);
  out.set_what(conflict.what);
  out.set_field(conflict.field);
  out.set_label(conflict.label);
  for (const ConflictOption& side : conflict.sides) {
    *out.add_sides() = ToOutput(side, name_of);
  }
  if (conflict.base.has_value()) {
    *out.mutable_base() = ToOutput(*conflict.base, name_of);
  }
  out.set_suggestion(conflict.suggestion.value_or(""));
  out.set_needs_resolver(conflict.needs_resolver);
  return out;
}

Numbers ToOutput(const LedgerNumbers& ledger) {
  Numbers out;
  out.set_captured(Number(ledger.captured));
  out.set_stored(Number(ledger.stored));
  out.set_held(Number(ledger.held));
  out.set_pending(Number(ledger.pending));
  out.set_pulled(Number(ledger.pulled));
  out.set_balanced(ledger.balanced);
  return out;
}

Problem ToOutput(const FieldProblem& problem) {
  Problem out;
  out.set_field(problem.field);
  out.set_label(problem.label);
  out.set_words(problem.words);
  return out;
}

}  // namespace vouch::cli
