#include "tests/model/script.h"

#include "absl/strings/str_cat.h"
#include "sync/base/codec.h"
#include "sync/base/scope.h"

namespace vouch::model {
namespace {

// Kinds and fields as records.proto has them.
constexpr uint32_t kObservation = 5, kVenue = 4, kNarrative = 5;
constexpr uint32_t kEntry = 1;

std::string Field(uint32_t field, absl::string_view text) {
  return ByteWriter().Varint(field << 3 | 2).Prefixed(text).Take();
}

std::vector<ValueName> NamesOf(const std::vector<ValueHead>& heads) {
  std::vector<ValueName> names;
  for (const ValueHead& head : heads) {
    names.push_back({head.change, head.operation});
  }
  return names;
}

DraftOperation OperationOf(const RecordView& view, const Deed& deed) {
  DraftOperation op;
  switch (deed.verb) {
    case Verb::kCreate:
    case Verb::kSet:
      op.merge_class = MergeClass::kRegister;
      op.path = {kVenue};
      op.value = Field(kVenue, deed.value);
      for (const FieldView& shown : view.fields) {
        if (shown.path == op.path) op.replaces = NamesOf(shown.heads);
      }
      break;
    case Verb::kBlock:
      op.merge_class = MergeClass::kBlock;
      op.path = {kNarrative};
      op.element = ElementId();
      op.element->data()[0] = static_cast<uint8_t>(deed.value.back());
      op.value = Field(kNarrative, Field(2, deed.value));
      break;
    case Verb::kSeal:
      op.merge_class = MergeClass::kSeal;
      break;
    case Verb::kVerdict:
      op.merge_class = MergeClass::kLedger;
      op.path = {kEntry};
      op.value = Field(kEntry, deed.value);
      op.replaces = NamesOf(view.ledger_heads);
      break;
    case Verb::kDiscard:
      op.merge_class = MergeClass::kDiscard;
      break;
    case Verb::kRevive:
      op.merge_class = MergeClass::kRevive;
      for (const ActView& act : view.discards) {
        op.replaces.push_back({act.change, 0});
      }
      break;
  }
  return op;
}

}  // namespace

const std::vector<Script>& Scripts() {
  using V = Verb;
  static const std::vector<Script>& scripts = *new std::vector<Script>{
      {"first-contact",
       "each tablet makes a record and adds to the other's",
       false,
       {2, 2},
       {{0, V::kCreate, 1, "a1"},
        {1, V::kCreate, 2, "b1"},
        {1, V::kSet, 1, "b2"},
        {0, V::kSet, 2, "a2"}}},
      {"edit-apart",
       "both edit one field of one record, twice",
       true,
       {1, 1},
       {{0, V::kSet, 0, "a1"},
        {1, V::kSet, 0, "b1"},
        {0, V::kSet, 0, "a2"},
        {1, V::kSet, 0, "b2"}}},
      {"seal-apart",
       "one signs and edits on, which is held; the other edits apart",
       true,
       {2, 1},
       {{0, V::kSeal, 0, ""}, {0, V::kSet, 0, "a2"}, {1, V::kBlock, 0, "b1"}}},
      {"one-each",
       "each edits one field of one record once",
       true,
       {1, 1},
       {{0, V::kSet, 0, "a1"}, {1, V::kSet, 0, "b1"}}},
      {"verdicts-apart",
       "both judge, then one judges again",
       true,
       {1, 2},
       {{0, V::kVerdict, 0, "met"},
        {1, V::kVerdict, 0, "not met"},
        {1, V::kVerdict, 0, "met after all"}}},
      {"discard-apart",
       "one discards and revives a draft that the other edits",
       true,
       {1, 1},
       {{0, V::kDiscard, 0, ""},
        {1, V::kSet, 0, "b1"},
        {0, V::kRevive, 0, ""}}},
      {"held",
       "what one builds on is held for review",
       true,
       {1, 1},
       {{0, V::kSet, 0, "HOLD"}, {0, V::kSet, 0, "a2"}, {1, V::kSet, 0, "b1"}}},
      {"two-scopes",
       "one works in two scopes, the other holds one of them",
       true,
       {1, 1},
       {{0, V::kSet, 0, "a1"},
        {0, V::kCreate, 3, "a2", true},
        {1, V::kSet, 0, "b1"},
        {0, V::kSet, 0, "a3"}}},
  };
  return scripts;
}

const Script* FindScript(const std::string& name) {
  for (const Script& script : Scripts()) {
    if (script.name == name) return &script;
  }
  return nullptr;
}

std::string DeedText(const Deed& deed) {
  std::string record = absl::StrCat("record ", deed.record);
  switch (deed.verb) {
    case Verb::kCreate:
      return absl::StrCat("creates ", record, " as '", deed.value, "'",
                          deed.staff ? " among staff" : "");
    case Verb::kSet:
      return absl::StrCat("sets ", record, " to '", deed.value, "'");
    case Verb::kBlock:
      return absl::StrCat("adds '", deed.value, "' to ", record);
    case Verb::kSeal:
      return absl::StrCat("signs ", record);
    case Verb::kVerdict:
      return absl::StrCat("judges ", record, " '", deed.value, "'");
    case Verb::kDiscard:
      return absl::StrCat("discards ", record);
    case Verb::kRevive:
      return absl::StrCat("revives ", record);
  }
  return "";
}

RecordId RegistrationOfAll() { return RecordOf(0xee); }

RecordId RecordOf(uint8_t number) {
  RecordId id;
  id.data()[0] = 1;
  id.data()[6] = 0x70;  // UUIDv7
  id.data()[8] = 0x80;
  id.data()[RecordId::kSize - 1] = number;
  return id;
}

std::optional<NewChange> MakeDraft(const Device& device, const Deed& deed) {
  NewChange draft;
  draft.record = RecordOf(deed.record);
  if (deed.verb == Verb::kCreate) {
    draft.kind = kObservation;
    draft.scope = MakeScope(deed.staff ? ScopeKind::kStaff : ScopeKind::kShared,
                            RegistrationOfAll());
    DraftOperation create;
    create.merge_class = MergeClass::kCreate;
    draft.operations = {create, OperationOf(RecordView(), deed)};
    return draft;
  }
  auto view = device.View(draft.record);
  if (!view.ok() || view->creations.empty()) return std::nullopt;
  draft.kind = view->kind;
  draft.scope = view->scope;
  draft.frontier = view->frontier;
  draft.relies_on = {view->creations[0].change};
  draft.sign_as_author =
      deed.verb == Verb::kSeal || deed.verb == Verb::kVerdict;
  draft.operations = {OperationOf(*view, deed)};
  return draft;
}

}  // namespace vouch::model
