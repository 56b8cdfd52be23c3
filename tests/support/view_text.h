// A RecordView as text, every field of it: two views are equal when their
// texts are, and a failed comparison shows where they part.
#ifndef VOUCH_TESTS_SUPPORT_VIEW_TEXT_H_
#define VOUCH_TESTS_SUPPORT_VIEW_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sync/base/record_view.h"

namespace vouch::test {

inline std::string ShortHash(const Hash& hash) {
  return hash.Hex().substr(0, 12);
}

inline std::string HeadText(const ValueHead& h) {
  std::string text = absl::StrCat(
      ShortHash(h.change), "/", h.operation, " by ", h.author.Hex(), " on ",
      h.device.Hex(), " hlc ", h.hlc, " at ", h.claimed_ms, " value '",
      absl::CHexEscape(h.value), "'", h.erased ? " erased" : "");
  if (h.after) absl::StrAppend(&text, " after ", h.after->Hex());
  for (const auto& [change, op] : h.replaces) {
    absl::StrAppend(&text, " replaces ", ShortHash(change), "/", op);
  }
  return text;
}

inline std::string PlaceText(const std::vector<uint32_t>& path,
                             const std::optional<ElementId>& element) {
  return absl::StrCat(absl::StrJoin(path, "."), "#",
                      element ? element->Hex() : "-");
}

inline std::string FieldText(const FieldView& f) {
  std::string text = absl::StrCat(PlaceText(f.path, f.element), " class ",
                                  static_cast<uint32_t>(f.merge_class),
                                  f.contested ? " contested" : "");
  for (const ValueHead& h : f.heads) {
    absl::StrAppend(&text, "\n    ", HeadText(h));
  }
  return text;
}

inline void AppendActs(absl::string_view name, const std::vector<ActView>& acts,
                       std::string* text) {
  for (const ActView& a : acts) {
    absl::StrAppend(text, name, " ", ShortHash(a.change), " ", a.author.Hex(),
                    " ", a.hlc, " ", a.claimed_ms, "\n");
  }
}

inline std::string ViewText(const RecordView& v) {
  std::string text = absl::StrCat(
      v.id.Hex(), " ", v.scope.Hex(), " kind ", v.kind, " ",
      RecordStateName(v.state), v.needs_newer_app ? " newer-app" : "",
      v.sealed_apart_from_discard ? " apart-from-discard" : "",
      v.has_erased_values ? " erased" : "", "\n");
  for (const FieldView& f : v.fields) {
    absl::StrAppend(&text, "field ", FieldText(f), "\n");
  }
  AppendActs("creation", v.creations, &text);
  AppendActs("seal", v.seals, &text);
  AppendActs("countersignature", v.countersignatures, &text);
  AppendActs("withdrawal", v.withdrawals, &text);
  AppendActs("discard", v.discards, &text);
  for (const LateAmendment& l : v.late_amendments) {
    absl::StrAppend(&text, "late ", ShortHash(l.change), " ", l.author.Hex(),
                    " ", l.claimed_ms, "\n");
    for (const FieldView& f : l.values) {
      absl::StrAppend(&text, "  ", FieldText(f), "\n");
    }
  }
  for (const ConflictView& c : v.conflicts) {
    absl::StrAppend(&text, "conflict ", ConflictKindName(c.kind), " ",
                    PlaceText(c.path, c.element), " ", c.version.Hex(), "\n");
    for (const ValueHead& h : c.heads) {
      absl::StrAppend(&text, "  ", HeadText(h), "\n");
    }
    if (c.base) absl::StrAppend(&text, "  base ", HeadText(*c.base), "\n");
  }
  for (const HeldChange& h : v.held) {
    absl::StrAppend(&text, "held ", ShortHash(h.change), " ", h.author.Hex(),
                    " ", ReasonName(h.reason), " cause ", ShortHash(h.cause),
                    h.parked ? " parked" : "", "\n");
  }
  for (const Hash& h : v.removal_warnings) {
    absl::StrAppend(&text, "removal warning ", ShortHash(h), "\n");
  }
  for (const ValueHead& h : v.ledger_heads) {
    absl::StrAppend(&text, "ledger ", HeadText(h), "\n");
  }
  absl::StrAppend(&text, v.ledger_contested ? "ledger contested\n" : "",
                  v.ledger_withdrawn ? "ledger withdrawn\n" : "");
  for (const Hash& h : v.frontier) {
    absl::StrAppend(&text, "frontier ", ShortHash(h), "\n");
  }
  absl::StrAppend(&text, "content ", v.content_digest.Hex(), "\nstate ",
                  v.state_hash.Hex(), "\ncount ", v.change_count, "\n");
  return text;
}

}  // namespace vouch::test

#endif  // VOUCH_TESTS_SUPPORT_VIEW_TEXT_H_
