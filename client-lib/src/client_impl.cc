#include "client-lib/src/client_impl.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client-lib/src/describe.h"
#include "client-lib/src/open_store.h"
#include "evidence/acts.h"
#include "evidence/editing.h"
#include "sync/core/fold.h"

namespace vouch {
namespace {

constexpr size_t kNamesMax = 100'000;

bool Creates(const FoldChange& change) {
  return std::any_of(change.core.operations.begin(),
                     change.core.operations.end(), [](const Operation& op) {
                       return op.merge_class == MergeClass::kCreate;
                     });
}

// Of several creations of one record the first, and one in effect before one
// that is not: what relies on it should not be held without need.
Hash FindCreation(const std::vector<FoldChange>& changes,
                  const RecordView& view) {
  if (!view.creations.empty()) return view.creations.front().change;
  const FoldChange* first = nullptr;
  for (const FoldChange& change : changes) {
    if (!Creates(change)) continue;
    if (first == nullptr || change.core.hlc < first->core.hlc ||
        (change.core.hlc == first->core.hlc && change.hash < first->hash)) {
      first = &change;
    }
  }
  return first == nullptr ? Hash() : first->hash;
}

}  // namespace

Client::Impl::Impl(const OpenOptions& opened)
    : options(opened), clock(ClockOf(opened)), random(RandomOf(opened)) {}

absl::StatusOr<std::unique_ptr<Client::Impl>> Client::Impl::Open(
    const OpenOptions& options) {
  std::unique_ptr<Impl> impl(new Impl(options));
  absl::Status opened = Access(impl.get()).status();
  if (opened.ok()) {
    impl->Log(OpenOptions::Log::kInfo, "store opened");
    return impl;
  }
  impl->Log(OpenOptions::Log::kWarning,
            absl::StrCat("store not opened: ", ReasonName(ReasonOf(opened))));
  return opened;
}

absl::Status Client::Impl::OpenStore() const {
  VOUCH_ASSIGN_OR_RETURN(store, OpenStoreOf(options, /*create=*/true));
  VOUCH_ASSIGN_OR_RETURN(Replica replica,
                         OpenReplica(options, store.get(), &master_key));
  keys = std::move(replica.keys);
  device = std::move(replica.device);
  return absl::OkStatus();
}

void Client::Impl::CloseStore() const {
  device.reset();
  keys.reset();
  store.reset();
}

Client::Impl::Access::Access(const Impl* impl) : impl_(impl) {
  impl->mutex.Lock();
  if (impl->device != nullptr) return;
  status_ = impl->OpenStore();
  if (!status_.ok()) impl->CloseStore();
  // Another process may have written meanwhile, whatever it was.
  impl->tell_all = true;
  impl->names.reset();
}

Client::Impl::Access::~Access() {
  if (impl_->options.shared && !impl_->pinned) impl_->CloseStore();
  impl_->mutex.Unlock();
}

absl::StatusOr<RecordId> Client::Impl::RecordIdFrom(const Id& id) {
  auto record = RecordId::FromBytes(id);
  if (!record.has_value()) {
    return Error(Reason::kMalformed, "a record's id is 16 bytes");
  }
  return *record;
}

absl::StatusOr<Shown> Client::Impl::Load(const Id& id,
                                         const BaseToken& token) const {
  VOUCH_ASSIGN_OR_RETURN(RecordId record, RecordIdFrom(id));
  const ChangeStore& held = device->changes();
  VOUCH_ASSIGN_OR_RETURN(ScopeId scope, held.ScopeOf(*store, record));
  Shown shown;
  VOUCH_ASSIGN_OR_RETURN(shown.view, held.FoldStored(*store, scope, record));
  if (token.empty() && !shown.view.creations.empty()) {
    shown.creation = shown.view.creations.front().change;
    shown.base = BaseOf(shown.view);
    return shown;
  }
  VOUCH_ASSIGN_OR_RETURN(auto rows,
                         held.GetRecordChanges(*store, scope, record));
  VOUCH_ASSIGN_OR_RETURN(auto changes, held.LoadRecord(*store, rows));
  shown.creation = FindCreation(changes, shown.view);
  if (token.empty()) {
    shown.base = BaseOf(shown.view);
    return shown;
  }
  VOUCH_ASSIGN_OR_RETURN(shown.base, DecodeBase(token));
  if (shown.base.record != record) {
    return Error(Reason::kMalformed, "the base token is of another record");
  }
  VOUCH_ASSIGN_OR_RETURN(shown.view, ViewAt(shown.base, changes));
  return shown;
}

absl::StatusOr<Hash> Client::Impl::CreationOf(const RecordId& record) const {
  VOUCH_ASSIGN_OR_RETURN(Shown shown, Load(record.Bytes(), BaseToken()));
  return shown.creation;
}

NewChange Client::Impl::Draft(const Shown& shown,
                              std::vector<DraftOperation> operations) {
  NewChange draft;
  draft.kind = shown.view.kind;
  draft.record = shown.view.id;
  draft.scope = shown.view.scope;
  draft.frontier = shown.base.frontier;
  if (!shown.creation.IsZero()) draft.relies_on.push_back(shown.creation);
  draft.sign_as_author = std::any_of(
      operations.begin(), operations.end(), [](const DraftOperation& op) {
        return NeedsPersonSignature(op.merge_class);
      });
  draft.operations = std::move(operations);
  return draft;
}

absl::StatusOr<BaseToken> Client::Impl::Save(const Shown& shown,
                                             NewChange draft) {
  if (draft.operations.empty()) return EncodeBase(shown.base);
  VOUCH_ASSIGN_OR_RETURN(auto saved, device->Save({std::move(draft)}));
  return EncodeBase(BaseAfter(shown.base, saved.back().hash));
}

absl::StatusOr<BaseToken> Client::Impl::Act(const Id& record,
                                            const BaseToken& base,
                                            const Builder& build) {
  TellAfter tell(this);
  Access access(this);
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(Shown shown, Load(record, base));
  VOUCH_ASSIGN_OR_RETURN(auto operations, build(shown.view));
  return Save(shown, Draft(shown, std::move(operations)));
}

absl::StatusOr<ScopeId> Client::Impl::ScopeForNew(
    const Kind& kind, const google::protobuf::Message& record,
    const RecordId& id, const Id& registration) const {
  switch (kind.scope) {
    case ScopeKind::kShared:
    case ScopeKind::kStaff:
    case ScopeKind::kVerification:
      break;
    default: {
      const auto& membership = device->membership();
      if (!membership.has_value()) {
        return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
      }
      if (kind.owner == nullptr) return ScopeOf(kind, membership->centre_id);
      const std::string owner =
          record.GetReflection()->GetString(record, kind.owner->descriptor);
      if (owner.empty()) return ScopeOf(kind, membership->person);
      VOUCH_ASSIGN_OR_RETURN(RecordId person, RecordIdFrom(owner));
      return ScopeOf(kind, person);
    }
  }
  if (kind.number == kRegistrationKind) return ScopeOf(kind, id);
  if (!registration.empty()) {
    VOUCH_ASSIGN_OR_RETURN(RecordId owner, RecordIdFrom(registration));
    VOUCH_ASSIGN_OR_RETURN(ScopeId held,
                           device->changes().ScopeOf(*store, owner));
    if (held != MakeScope(ScopeKind::kShared, owner)) {
      return Error(Reason::kMalformed, "this id is of no registration");
    }
    return ScopeOf(kind, owner);
  }
  if (kind.of_centre) {
    const auto& membership = device->membership();
    if (!membership.has_value()) {
      return Error(Reason::kNotEnrolled, "this tablet is not enrolled yet");
    }
    return ScopeOf(kind, membership->centre_id);
  }
  // Someone else made it, from what is not held here.
  if (auto here = device->changes().ScopeOf(*store, id); here.ok()) return here;
  // A key may lead there: to the registration itself, or to evidence in it.
  for (const KindField* key : kind.key) {
    if (key->descriptor->type() !=
        google::protobuf::FieldDescriptor::TYPE_BYTES) {
      continue;
    }
    VOUCH_ASSIGN_OR_RETURN(RecordId named,
                           RecordIdFrom(record.GetReflection()->GetString(
                               record, key->descriptor)));
    VOUCH_ASSIGN_OR_RETURN(ScopeId held,
                           device->changes().ScopeOf(*store, named));
    return ScopeOf(kind, RegistrationOf(held));
  }
  return Error(Reason::kMalformed,
               absl::StrCat("a new ", kind.spelling,
                            " names the registration it belongs to"));
}

absl::StatusOr<std::vector<RecordSummaryRow>> Client::Impl::Rows(
    const std::function<bool(const RecordSummaryRow&)>& wanted) const {
  std::vector<RecordSummaryRow> rows;
  VOUCH_RETURN_IF_ERROR(device->ScanRecords([&](const RecordSummaryRow& row) {
    if (wanted(row)) rows.push_back(row);
    return true;
  }));
  return rows;
}

absl::StatusOr<std::vector<RecordView>> Client::Impl::Views(
    const std::function<bool(const RecordSummaryRow&)>& wanted) const {
  VOUCH_ASSIGN_OR_RETURN(auto rows, Rows(wanted));
  std::vector<RecordView> views;
  for (const RecordSummaryRow& row : rows) {
    VOUCH_ASSIGN_OR_RETURN(RecordView view, device->changes().FoldStored(
                                                *store, row.scope, row.record));
    views.push_back(std::move(view));
  }
  return views;
}

absl::StatusOr<std::vector<RecordView>> Client::Impl::ViewsNeedingAttention()
    const {
  VOUCH_ASSIGN_OR_RETURN(auto rows, device->Attention());
  std::vector<RecordView> views;
  for (const AttentionRow& row : rows) {
    VOUCH_ASSIGN_OR_RETURN(RecordView view, device->changes().FoldStored(
                                                *store, row.scope, row.record));
    views.push_back(std::move(view));
  }
  return views;
}

absl::StatusOr<vouch::Record> Client::Impl::Describe(
    const RecordSummaryRow& row) const {
  VOUCH_ASSIGN_OR_RETURN(RecordView view, device->changes().FoldStored(
                                              *store, row.scope, row.record));
  VOUCH_ASSIGN_OR_RETURN(vouch::Safety safety, device->SafetyOf(row.record));
  auto name_of = [this](const PersonId& person) {
    return NameOfPerson(person);
  };
  vouch::Record record;
  record.summary = DescribeSummary(row, device->membership());
  record.message = ParseRecord(view);
  record.base = EncodeBase(BaseOf(view));
  record.safety = static_cast<SafetyState>(safety);
  record.needs_newer_app = view.needs_newer_app || record.message == nullptr;
  record.content_digest = view.content_digest.Bytes();
  record.conflicts = DescribeConflicts(view, name_of);
  record.held = DescribeHeld(view, name_of);
  record.acts = DescribeActs(view, name_of);
  return record;
}

absl::StatusOr<LedgerNumbers> Client::Impl::LedgerNow() const {
  VOUCH_ASSIGN_OR_RETURN(DeviceLedger ledger, device->Ledger());
  return LedgerNumbers{ledger.captured, ledger.stored, ledger.held,
                       ledger.pending,  ledger.pulled, ledger.balanced()};
}

void Client::Impl::Tell() {
  {
    MutexLock lock(mutex);
    if (telling || live.empty()) return;
    telling = true;
  }
  while (true) {
    LiveQueries::Due due;
    {
      Access access(this);
      if (!access.status().ok()) {
        telling = false;  // tell_all stays
        return;
      }
      Device::Touched touched = device->TakeTouched();
      touched.all |= tell_all;
      auto collected = live.Collect(*device, *store, touched);
      // What cannot be read now is looked at again with the next change.
      tell_all = !collected.ok();
      if (collected.ok()) due = *std::move(collected);
      if (due.empty()) {
        telling = false;
        return;
      }
    }
    for (const auto& [watched, events] : due) watched->Tell(events);
  }
}

std::string Client::Impl::NameOfPerson(const PersonId& person) const {
  const auto& self = device->membership();
  if (self.has_value() && self->person == person) return self->person_name;
  if (!names.has_value()) {
    names.emplace();
    // A name that cannot be read is a name that is not known.
    auto views = Views(
        [](const RecordSummaryRow& row) { return row.kind == kPersonKind; });
    if (views.ok()) {
      for (const RecordView& view : *views) {
        auto found = ParseRecordAs<v1::Person>(view);
        if (found == nullptr || names->size() >= kNamesMax) continue;
        auto id = PersonId::FromBytes(found->person_id());
        if (id.has_value()) (*names)[*id] = found->name();
      }
    }
  }
  auto found = names->find(person);
  return found == names->end() ? std::string() : found->second;
}

}  // namespace vouch
