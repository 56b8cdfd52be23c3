#include "tests/sim/workload.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sync/base/codec.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch::sim {
namespace {

// Kinds and fields as records.proto has them.
constexpr uint32_t kRegistration = 2, kState = 15, kUnits = 5;
constexpr uint32_t kObservation = 5, kVenue = 4, kNarrative = 5;
constexpr uint32_t kJudgement = 8, kEntry = 1;
constexpr size_t kRegistrationsMax = 3;
constexpr size_t kFewRecords = 20;
constexpr size_t kMeetingRecords = 6;
constexpr int kPicksMax = 4;

DraftOperation Op(MergeClass c, std::vector<uint32_t> path = {},
                  std::optional<std::string> value = std::nullopt) {
  DraftOperation op;
  op.merge_class = c;
  op.path = std::move(path);
  op.value = std::move(value);
  return op;
}

std::vector<ValueName> NamesOf(const std::vector<ValueHead>& heads) {
  std::vector<ValueName> names;
  for (const ValueHead& head : heads) {
    names.push_back({head.change, head.operation});
  }
  return names;
}

bool Creates(const RecordView& view) { return !view.creations.empty(); }

NewChange OnRecord(const RecordView& view) {
  NewChange draft;
  draft.kind = view.kind;
  draft.record = view.id;
  draft.scope = view.scope;
  draft.frontier = view.frontier;
  if (Creates(view)) draft.relies_on = {view.creations[0].change};
  return draft;
}

}  // namespace

absl::Status SimJudge::Decide(const JudgedChange& change,
                              const JudgeReader& reader) const {
  auto author = reader.Author(change.device);
  if (!author.has_value() || author->person != change.author) {
    return Error(Reason::kPersonNotCertified, "nobody's device");
  }
  auto granted = roster_->find(change.device);
  if (granted == roster_->end() || !granted->second.sees(change.scope)) {
    return Error(Reason::kScopeWrong, "not of that person's caseload");
  }
  bool verifier = author->role == v1::ROLE_INTERNAL_VERIFIER;
  for (const JudgedOperation& judged : change.operations) {
    const DraftOperation& op = judged.operation;
    if (op.value && absl::StrContains(*op.value, kHoldText)) {
      return Error(Reason::kRoleNotAllowed, "the text says so");
    }
    if (op.merge_class == MergeClass::kRelease && !verifier) {
      return Error(Reason::kRoleNotAllowed, "only a verifier releases");
    }
    if (op.merge_class == MergeClass::kLedger && op.replaces.size() > 1 &&
        !verifier) {
      return Error(Reason::kResolverRequired, "only a verifier settles");
    }
    if (!IsDraftEdit(op.merge_class)) continue;
    if (change.saw_seal) return Error(Reason::kRecordSealed, "sealed");
    if (change.saw_discard) return Error(Reason::kRecordDiscarded, "gone");
  }
  return absl::OkStatus();
}

std::string Workload::Value(uint32_t field) {
  if (field == kState) {
    return ByteWriter().Varint(field << 3).Varint(1 + random_.Below(5)).Take();
  }
  std::string text = absl::StrCat("by ", options_.author, " no ", ++values_);
  if (random_.Chance(30)) text = "the same everywhere";
  if (random_.Chance(40)) absl::StrAppend(&text, " ", kHoldText);
  // Long enough to be packed, now and then.
  if (random_.Chance(150)) text.append(100 + random_.Below(900), 'x');
  // A paragraph holds its text as field 2.
  if (field == kNarrative) {
    text = ByteWriter().Varint(2 << 3 | 2).Prefixed(text).Take();
  }
  return ByteWriter().Varint(field << 3 | 2).Prefixed(text).Take();
}

// Of a class, or a field deep in a message, that nobody knows.
DraftOperation Workload::Unknown() {
  uint32_t field = 20 + static_cast<uint32_t>(random_.Below(300));
  auto unknown = static_cast<MergeClass>(static_cast<uint32_t>(kUnknownClass) +
                                         random_.Below(4));
  DraftOperation op =
      Op(random_.Chance(500) ? unknown : MergeClass::kRegister,
         {field, 1 + static_cast<uint32_t>(random_.Below(9))}, Value(field));
  if (random_.Chance(300)) op.element = random_.Make<ElementId>();
  if (random_.Chance(200)) op.value.reset();
  return op;
}

NewChange Workload::Register(int64_t wall_ms, Places* places) {
  NewChange draft;
  draft.kind = kRegistration;
  draft.record = MintRecordId(wall_ms, random_);
  draft.scope = MakeScope(ScopeKind::kShared, draft.record);
  draft.operations = {Op(MergeClass::kCreate),
                      Op(MergeClass::kRegister, {1}, Value(1)),
                      Op(MergeClass::kTransition, {kState}, Value(kState))};
  places->registrations.push_back(draft.record);
  places->records.push_back(draft.record);
  return draft;
}

NewChange Workload::Create(int64_t wall_ms, Places* places) {
  if (places->registrations.empty() ||
      (places->registrations.size() < kRegistrationsMax &&
       random_.Chance(50))) {
    return Register(wall_ms, places);
  }
  NewChange draft;
  draft.kind = random_.Chance(options_.newer ? 500 : 60)
                   ? kUnknownKind + static_cast<uint32_t>(random_.Below(5))
                   : kObservation;
  draft.record = MintRecordId(wall_ms, random_);
  const RecordId& owner =
      places->registrations[random_.Below(places->registrations.size())];
  ScopeKind scope = ScopeKind::kShared;
  if (options_.staff && random_.Chance(150)) scope = ScopeKind::kStaff;
  if (options_.verifier && random_.Chance(100)) {
    scope = ScopeKind::kVerification;
  }
  draft.scope = MakeScope(scope, owner);
  draft.operations = {Op(MergeClass::kCreate),
                      Op(MergeClass::kRegister, {kVenue}, Value(kVenue))};
  if (random_.Chance(500)) {
    DraftOperation block =
        Op(MergeClass::kBlock, {kNarrative}, Value(kNarrative));
    block.element = random_.Make<ElementId>();
    draft.operations.push_back(block);
  }
  if (random_.Chance(options_.newer ? 500 : 40)) {
    draft.operations.push_back(Unknown());
  }
  places->records.push_back(draft.record);
  return draft;
}

// A verdict in the staff scope on evidence in the shared one; people who judge
// apart meet in one record.
std::optional<NewChange> Workload::Judge(const Device& device,
                                         const RecordView& view,
                                         Places* places) {
  if (view.seals.empty() || ScopeKindOf(view.scope) != ScopeKind::kShared) {
    return std::nullopt;
  }
  NewChange draft;
  draft.kind = kJudgement;
  draft.record = KeyedRecordId(kJudgement, view.id.view());
  draft.scope = MakeScope(ScopeKind::kStaff, RegistrationOf(view.scope));
  DraftOperation entry = Op(MergeClass::kLedger, {kEntry}, Value(kEntry));
  auto ledger = device.View(draft.record);
  if (ledger.ok()) {
    draft = OnRecord(*ledger);
    entry.replaces = NamesOf(ledger->ledger_heads);
    if (random_.Chance(150) && !entry.replaces.empty()) {
      entry = Op(MergeClass::kLedgerWithdraw);
      entry.replaces = NamesOf(ledger->ledger_heads);
    }
  } else {
    draft.operations.push_back(Op(MergeClass::kCreate));
    places->records.push_back(draft.record);
  }
  draft.relies_on.push_back(view.seals[0].change);
  draft.operations.push_back(std::move(entry));
  draft.sign_as_author = true;
  return draft;
}

void Workload::EditField(const RecordView& view, NewChange* draft) {
  bool state = view.kind == kRegistration && random_.Chance(500);
  uint32_t field = state ? kState : kVenue;
  DraftOperation op =
      Op(state ? MergeClass::kTransition : MergeClass::kRegister, {field});
  if (state || !random_.Chance(50)) op.value = Value(field);  // else cleared
  for (const FieldView& shown : view.fields) {
    if (shown.path == op.path) op.replaces = NamesOf(shown.heads);
  }
  draft->operations = {std::move(op)};
}

void Workload::EditBlocks(const RecordView& view, NewChange* draft) {
  std::vector<const FieldView*> blocks;
  for (const FieldView& shown : view.fields) {
    if (shown.merge_class == MergeClass::kBlock) blocks.push_back(&shown);
  }
  DraftOperation op = Op(MergeClass::kBlock, {kNarrative});
  if (blocks.empty() || random_.Chance(400)) {
    op.element = random_.Make<ElementId>();
    if (!blocks.empty()) {
      op.after = blocks[random_.Below(blocks.size())]->element;
    }
    op.value = Value(kNarrative);
  } else {
    const FieldView* block = blocks[random_.Below(blocks.size())];
    op.element = block->element;
    op.after = block->heads[0].after;
    op.replaces = NamesOf(block->heads);
    if (!random_.Chance(150)) op.value = Value(kNarrative);
  }
  draft->operations = {std::move(op)};
}

void Workload::EditSet(const RecordView& view, NewChange* draft) {
  for (const FieldView& shown : view.fields) {
    if (shown.merge_class != MergeClass::kSetAdd || !random_.Chance(400)) {
      continue;
    }
    DraftOperation op = Op(MergeClass::kSetRemove, shown.path);
    op.element = shown.element;
    op.replaces = NamesOf(shown.heads);
    draft->operations = {std::move(op)};
    return;
  }
  DraftOperation op = Op(MergeClass::kSetAdd, {kUnits}, Value(kUnits));
  // Few elements, so that people add and remove the same ones.
  op.element = ElementId();
  op.element->data()[0] = static_cast<uint8_t>(random_.Below(4));
  draft->operations = {std::move(op)};
}

// What somebody held or wrote beside the seal.
bool Workload::Settle(const RecordView& view, NewChange* draft) {
  if (!view.late_amendments.empty() && random_.Chance(600)) {
    const auto& late = view.late_amendments[0];
    DraftOperation op =
        Op(random_.Chance(500) ? MergeClass::kAdopt : MergeClass::kDismiss);
    op.replaces = {{late.change, 0}};
    draft->operations = {std::move(op)};
    return true;
  }
  if (view.held.empty() || !random_.Chance(250)) return false;
  const HeldChange& held = view.held[random_.Below(view.held.size())];
  DraftOperation op = Op(MergeClass::kRelease);
  op.replaces = {{held.change, 0}};
  if (!Creates(view)) draft->relies_on = {held.change};
  draft->operations = {std::move(op)};
  return true;
}

void Workload::EditDraft(const RecordView& view, NewChange* draft) {
  uint64_t draw = random_.Below(100);
  if (options_.newer && draw % 2 == 0) {
    draft->operations = {Unknown(), Unknown()};
    return;
  }
  if (!view.discards.empty() && draw < 50) {
    DraftOperation op = Op(MergeClass::kRevive);
    for (const ActView& act : view.discards) {
      op.replaces.push_back({act.change, 0});
    }
    draft->operations = {std::move(op)};
  } else if (view.kind == kRegistration) {
    draw < 50 ? EditField(view, draft) : EditSet(view, draft);
  } else if (draw < 55) {
    EditField(view, draft);
  } else if (draw < 78) {
    EditBlocks(view, draft);
  } else if (draw < 82) {
    draft->operations = {Unknown()};
  } else if (draw < 88) {
    draft->operations = {Op(MergeClass::kDiscard)};
  } else {
    draft->operations = {Op(MergeClass::kSeal)};
    draft->sign_as_author = true;
  }
}

bool Workload::EditSealed(const RecordView& view, NewChange* draft) {
  uint64_t draw = random_.Below(100);
  draft->sign_as_author = true;
  draft->relies_on.push_back(view.seals[0].change);
  if (draw < 45) {
    EditField(view, draft);
    draft->operations[0].merge_class = MergeClass::kAmend;
    return true;
  }
  if (draw < 60) {
    draft->operations = {Op(MergeClass::kWithdraw)};
  } else if (draw < 80) {
    draft->operations = {Op(MergeClass::kCountersign)};
  } else {
    draft->sign_as_author = false;
    EditField(view, draft);  // which is held: it saw the seal
  }
  return true;
}

std::optional<NewChange> Workload::Act(const RecordView& view) {
  NewChange draft = OnRecord(view);
  if (Settle(view, &draft)) return draft;
  // What is held as a whole can only be released; a ledger only appended to.
  if (!Creates(view) || view.state == RecordState::kLedger) {
    return std::nullopt;
  }
  if (view.seals.empty()) {
    EditDraft(view, &draft);
  } else {
    EditSealed(view, &draft);
  }
  return draft;
}

// People meet in the same few records, of those that the tablet has; now and
// then they work on any.
absl::StatusOr<RecordView> Workload::Pick(const Device& device,
                                          const Places& places) {
  absl::StatusOr<RecordView> view = absl::NotFoundError("");
  size_t count = places.records.size();
  for (int i = 0; i < kPicksMax && count > 0 && !view.ok(); ++i) {
    size_t among =
        random_.Chance(800) ? std::min(count, kMeetingRecords) : count;
    // The meeting places move on as records are added.
    size_t first = (count - among) / 2;
    view = device.View(places.records[first + random_.Below(among)]);
  }
  if (!view.ok() && !own_.empty()) {
    view = device.View(own_[random_.Below(own_.size())]);
  }
  return view;
}

std::vector<Device::MakeChange> Workload::Next(const Device& device,
                                               int64_t wall_ms,
                                               Places* places) {
  auto fixed = [](NewChange draft) {
    return [draft = std::move(draft)](absl::Span<const SavedChange>) {
      return absl::StatusOr<NewChange>(draft);
    };
  };
  if (!random_.Chance(places->records.size() < kFewRecords ? 300 : 70)) {
    auto view = Pick(device, *places);
    if (view.ok()) {
      std::optional<NewChange> draft;
      if (options_.staff && random_.Chance(500)) {
        draft = Judge(device, *view, places);
      }
      if (!draft.has_value()) draft = Act(*view);
      if (draft.has_value()) return {fixed(*std::move(draft))};
    }
  }
  NewChange created = Create(wall_ms, places);
  own_.push_back(created.record);
  if (created.kind != kObservation || !random_.Chance(200)) {
    return {fixed(std::move(created))};
  }
  // Created and signed in one save: both or neither.
  NewChange seal;
  seal.kind = created.kind;
  seal.record = created.record;
  seal.scope = created.scope;
  seal.operations = {Op(MergeClass::kSeal)};
  seal.sign_as_author = true;
  return {fixed(std::move(created)),
          [seal](absl::Span<const SavedChange> saved) {
            NewChange draft = seal;
            draft.frontier = {saved[0].hash};
            draft.relies_on = {saved[0].hash};
            return absl::StatusOr<NewChange>(draft);
          }};
}

}  // namespace vouch::sim
