#include "client-lib/src/describe.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client-lib/src/value_words.h"
#include "evidence/kinds.h"
#include "sync/base/scope.h"
#include "sync/core/suggest.h"
#include "vouch/client.h"

namespace vouch {
namespace {

using ConflictKind = ConflictView::Kind;

v1::ErrorReason ToProto(Reason reason) {
  return static_cast<v1::ErrorReason>(reason);
}

ConflictOption OptionOf(const ValueHead& head, const NameOf& name_of) {
  ConflictOption option;
  option.author = head.author.Bytes();
  option.author_name = name_of(head.author);
  option.claimed_ms = head.claimed_ms;
  option.change = head.change.Hex();
  return option;
}

ConflictOption ValueOption(const RecordView& view, const ConflictView& conflict,
                           const ValueHead& head, const NameOf& name_of) {
  ConflictOption option = OptionOf(head, name_of);
  uint32_t number = conflict.path.empty() ? 0 : conflict.path.back();
  if (head.erased) {
    option.words = "(erased)";
  } else if (head.value.empty()) {
    option.words =
        conflict.kind == ConflictKind::kLedger ? "(taken back)" : "(removed)";
  } else {
    option.value = MessageOfValue(view.kind, number, head.value);
    option.words = WordsOfValue(view.kind, number, head.value);
  }
  return option;
}

struct WholeWords {
  absl::string_view keep;
  absl::string_view drop;
};

WholeWords WordsOf(ConflictKind kind) {
  switch (kind) {
    case ConflictKind::kLifecycle:
      return {"keep the record, as amended", "take the record back"};
    case ConflictKind::kLateAmendment:
      return {"adopt the late edit", "leave the record as it was signed"};
    default:
      return {"bring the draft back, as edited", "leave the draft discarded"};
  }
}

bool IsAct(const std::vector<ActView>& acts, const Hash& change) {
  return std::any_of(acts.begin(), acts.end(),
                     [&](const ActView& act) { return act.change == change; });
}

std::vector<ConflictOption> WholeSides(const RecordView& view,
                                       const ConflictView& conflict,
                                       const NameOf& name_of) {
  std::vector<ConflictOption> sides(2);
  for (const ValueHead& head : conflict.heads) {
    bool drops = IsAct(view.withdrawals, head.change) ||
                 IsAct(view.discards, head.change);
    ConflictOption& side = sides[drops ? kDropSide : kKeepSide];
    if (side.change.empty()) side = OptionOf(head, name_of);
  }
  // Beside a late edit stands what was signed.
  if (conflict.kind == ConflictKind::kLateAmendment && !view.seals.empty()) {
    const ActView& seal = view.seals.back();
    sides[kDropSide].author = seal.author.Bytes();
    sides[kDropSide].author_name = name_of(seal.author);
    sides[kDropSide].claimed_ms = seal.claimed_ms;
    sides[kDropSide].change = seal.change.Hex();
  }
  for (const LateAmendment& late : view.late_amendments) {
    if (late.change.Hex() != sides[kKeepSide].change) continue;
    sides[kKeepSide].value = MessageOfFields(view.kind, late.values);
  }
  WholeWords words = WordsOf(conflict.kind);
  sides[kKeepSide].words = std::string(words.keep);
  sides[kDropSide].words = std::string(words.drop);
  return sides;
}

std::optional<std::string> Suggestion(const RecordView& view,
                                      const ConflictView& conflict) {
  if (conflict.kind != ConflictKind::kField || conflict.heads.size() != 2 ||
      !conflict.base.has_value()) {
    return std::nullopt;
  }
  uint32_t number = conflict.path.back();
  auto base = TextOfValue(view.kind, number, conflict.base->value);
  auto a = TextOfValue(view.kind, number, conflict.heads[0].value);
  auto b = TextOfValue(view.kind, number, conflict.heads[1].value);
  if (!base || !a || !b) return std::nullopt;
  return SuggestMerge(*base, *a, *b);
}

}  // namespace

bool IsOfWholeRecord(ConflictKind kind) {
  return kind == ConflictKind::kLifecycle ||
         kind == ConflictKind::kLateAmendment ||
         kind == ConflictKind::kEditedAfterDiscard;
}

Id RegistrationIdOf(const ScopeId& scope) {
  switch (ScopeKindOf(scope)) {
    case ScopeKind::kShared:
    case ScopeKind::kStaff:
    case ScopeKind::kVerification:
      return RegistrationOf(scope).Bytes();
    default:
      return Id();
  }
}

std::string ScopeName(const ScopeId& scope) {
  switch (ScopeKindOf(scope)) {
    case ScopeKind::kShared:
      return "shared";
    case ScopeKind::kStaff:
      return "staff";
    case ScopeKind::kVerification:
      return "verification";
    case ScopeKind::kAuthority:
      return "authority";
    case ScopeKind::kReference:
      return "reference";
    case ScopeKind::kPerson:
      return "person";
    default:
      return "unknown";
  }
}

RecordSummary DescribeSummary(const RecordSummaryRow& row,
                              const std::optional<Membership>& membership) {
  RecordSummary summary;
  summary.id = row.record.Bytes();
  const bool of_centre =
      membership.has_value() &&
      MakeScope(ScopeKindOf(row.scope), membership->centre_id) == row.scope;
  if (!of_centre) summary.registration = RegistrationIdOf(row.scope);
  const Kind* kind = FindKind(row.kind);
  if (kind != nullptr) summary.kind = kind->name;
  summary.kind_number = row.kind;
  summary.state = std::string(RecordStateName(row.state));
  summary.conflicts = row.conflicts;
  summary.held = row.held;
  summary.changes = row.changes;
  summary.pending = row.unacknowledged;
  return summary;
}

Conflict DescribeConflict(const RecordView& view, const ConflictView& conflict,
                          const NameOf& name_of) {
  Conflict out;
  out.handle = EncodeHandle(view.id, conflict);
  out.version = conflict.version.Hex();
  out.record = view.id.Bytes();
  out.what = std::string(ConflictKindName(conflict.kind));
  out.needs_resolver = conflict.kind == ConflictKind::kLedger;
  const Kind* kind = FindKind(view.kind);
  if (kind != nullptr) {
    out.kind = kind->name;
    const KindField* field =
        conflict.path.empty() ? nullptr : kind->FindField(conflict.path[0]);
    if (field != nullptr) {
      out.field = field->descriptor->name();
      out.label = field->label;
    }
  }
  if (IsOfWholeRecord(conflict.kind)) {
    out.sides = WholeSides(view, conflict, name_of);
    return out;
  }
  for (const ValueHead& head : conflict.heads) {
    out.sides.push_back(ValueOption(view, conflict, head, name_of));
  }
  if (conflict.base.has_value()) {
    out.base = ValueOption(view, conflict, *conflict.base, name_of);
  }
  out.suggestion = Suggestion(view, conflict);
  return out;
}

std::vector<Conflict> DescribeConflicts(const RecordView& view,
                                        const NameOf& name_of) {
  std::vector<Conflict> out;
  for (const ConflictView& conflict : view.conflicts) {
    out.push_back(DescribeConflict(view, conflict, name_of));
  }
  return out;
}

std::vector<HeldForReview> DescribeHeld(const RecordView& view,
                                        const NameOf& name_of) {
  std::vector<HeldForReview> out;
  for (const HeldChange& held : view.held) {
    HeldForReview item;
    item.change = held.change.Hex();
    item.record = view.id.Bytes();
    item.author = held.author.Bytes();
    item.author_name = name_of(held.author);
    item.reason = ToProto(held.reason);
    item.words = HeldWords(held.reason, held.parked);
    if (!held.cause.IsZero()) item.cause = held.cause.Hex();
    item.parked = held.parked;
    out.push_back(std::move(item));
  }
  return out;
}

std::vector<Record::Act> DescribeActs(const RecordView& view,
                                      const NameOf& name_of) {
  std::vector<Record::Act> out;
  auto add = [&](absl::string_view what, const std::vector<ActView>& acts) {
    for (const ActView& act : acts) {
      out.push_back({std::string(what), act.author.Bytes(), name_of(act.author),
                     act.claimed_ms});
    }
  };
  add("created", view.creations);
  add("signed", view.seals);
  add("countersigned", view.countersignatures);
  add("withdrawn", view.withdrawals);
  add("discarded", view.discards);
  return out;
}

std::string HeldWords(Reason reason, bool parked) {
  if (parked) return "waits for a change that has not arrived yet";
  switch (reason) {
    case Reason::kUnspecified:
      return "held for review, because what it builds on is";
    case Reason::kRoleNotAllowed:
      return "held for review: the author's role may not do that";
    case Reason::kDutiesNotSeparate:
      return "held for review: one person may not hold both duties here";
    case Reason::kResolverRequired:
      return "held for review: this needs the internal verifier, or an "
             "administrator where none is named";
    case Reason::kRecordSealed:
      return "held for review: the record was signed and locked already";
    case Reason::kRecordDiscarded:
      return "held for review: the record had been discarded";
    case Reason::kPersonNotCertified:
      return "held for review: the author is not the person certified on that "
             "tablet";
    case Reason::kPersonSignatureInvalid:
      return "held for review: the person's signature is missing or wrong";
    case Reason::kNotReadyToSign:
      return "held for review: it was signed before it was complete";
    case Reason::kScopeWrong:
      return "held for review: the record does not belong there";
    case Reason::kTransitionIllegal:
      return "held for review: that move is not possible from the record's "
             "state";
    case Reason::kDeviceRevoked:
      return "held for review: the tablet had been revoked";
    default:
      return absl::StrCat("held for review: ", ReasonName(reason));
  }
}

std::string EncodeHandle(const RecordId& record, const ConflictView& conflict) {
  std::string handle = FormatId(record.Bytes());
  if (conflict.path.empty() && !conflict.element.has_value()) return handle;
  absl::StrAppend(
      &handle, "/",
      conflict.path.empty() ? "late" : absl::StrJoin(conflict.path, "."));
  if (conflict.element.has_value()) {
    absl::StrAppend(&handle, "/", conflict.element->Hex());
  }
  return handle;
}

absl::StatusOr<Handle> DecodeHandle(absl::string_view text) {
  auto malformed = [] {
    return Error(Reason::kMalformed, "this is no conflict's handle");
  };
  std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.empty() || parts.size() > 3) return malformed();
  auto id = ParseId(parts[0]);
  if (!id.ok()) return malformed();
  Handle handle;
  handle.record = *RecordId::FromBytes(*id);
  if (parts.size() > 1 && parts[1] != "late") {
    for (absl::string_view step : absl::StrSplit(parts[1], '.')) {
      uint32_t number = 0;
      if (!absl::SimpleAtoi(step, &number)) return malformed();
      handle.path.push_back(number);
    }
  }
  if (parts.size() > 2) {
    handle.element = ElementId::FromHex(parts[2]);
    if (!handle.element.has_value()) return malformed();
  }
  return handle;
}

}  // namespace vouch
