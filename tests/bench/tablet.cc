#include "tests/bench/tablet.h"

#include "absl/strings/str_cat.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "storage/sqlite_store.h"

namespace vouch::bench {
namespace {

constexpr size_t kFillBatch = 100;

}  // namespace

std::unique_ptr<Store> OpenSqlite(const std::string& folder) {
  SqliteOptions options;
  options.path = folder;
  auto store = OpenSqliteStore(options);
  VOUCH_CHECK(store.ok());
  return *std::move(store);
}

BenchTablet::BenchTablet(const std::string& folder, uint64_t seed,
                         bool recorded)
    : random_(seed),
      generator_(seed),
      provider_(SealKey::Generate(random_)),
      store_(OpenSqlite(folder)) {
  Store* store = store_.get();
  if (recorded) {
    recording_ = std::make_unique<RecordingStore>(store);
    store = recording_.get();
  }
  // The machine's own chance, as on a tablet: it has its cost.
  auto keys = KeyRing::Open(store, &provider_, SystemRandom());
  VOUCH_CHECK(keys.ok());
  keys_ = *std::move(keys);
  auto device = Device::Open(store, keys_.get(), SystemClock(), SystemRandom());
  VOUCH_CHECK(device.ok());
  device_ = *std::move(device);
  registration_ = MintRecordId(SystemClock()->Now().wall_ms, *SystemRandom());
}

void BenchTablet::Enrol(ServerProcess* server) {
  TlsClient client(server->address(), server->ca_pem());
  VOUCH_CHECK(client.Enrol(*device_, server->NewCode()).ok());
  generator_.set_observer(device_->membership()->person.Bytes());
}

void BenchTablet::EnrolOffline() {
  Membership membership;
  membership.person = random_.Make<PersonId>();
  membership.role = v1::ROLE_ASSESSOR;
  VOUCH_CHECK(device_->Adopt(membership).ok());
  generator_.set_observer(membership.person.Bytes());
}

void BenchTablet::AdoptAs(const BenchTablet& other) {
  VOUCH_CHECK(device_->Adopt(*other.device_->membership()).ok());
}

NewChange BenchTablet::DraftOf(const GeneratedRecord& record) const {
  const Kind* kind = KindOf(*record.message);
  NewChange draft;
  draft.kind = kind->number;
  draft.record = MintRecordId(SystemClock()->Now().wall_ms, *SystemRandom());
  draft.scope = ScopeOf(*kind, registration_);
  auto operations = DiffRecord(nullptr, *record.message, *SystemRandom());
  VOUCH_CHECK(operations.ok());
  draft.operations = *std::move(operations);
  return draft;
}

void BenchTablet::Fill(size_t records) {
  std::vector<NewChange> drafts;
  for (size_t i = 0; i < records; ++i) {
    drafts.push_back(DraftOf(NextRecord()));
    if (drafts.size() < kFillBatch && i + 1 < records) continue;
    VOUCH_CHECK(device_->Save(drafts).ok());
    drafts.clear();
  }
}

RecordId BenchTablet::SaveOne(const GeneratedRecord& record) {
  const NewChange draft = DraftOf(record);
  VOUCH_CHECK(device_->Save({&draft, 1}).ok());
  return draft.record;
}

void BenchTablet::EditOne(const RecordId& record) {
  auto view = device_->View(record);
  VOUCH_CHECK(view.ok());
  std::unique_ptr<google::protobuf::Message> edited = ParseRecord(*view);
  const auto* descriptor = edited->GetDescriptor();
  // The first text that a person would correct.
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->is_repeated() ||
        field->type() != google::protobuf::FieldDescriptor::TYPE_STRING) {
      continue;
    }
    edited->GetReflection()->SetString(
        edited.get(), field, absl::StrCat("Front office, ", ++edits_));
    break;
  }
  // A plan has no such field: another unit.
  if (auto* plan = dynamic_cast<v1::AssessmentPlan*>(edited.get())) {
    plan->add_units(absl::StrCat("X", ++edits_));
  }
  auto operations = DiffRecord(&*view, *edited, *SystemRandom());
  VOUCH_CHECK(operations.ok() && !operations->empty());
  NewChange draft;
  draft.kind = view->kind;
  draft.record = record;
  draft.scope = view->scope;
  draft.frontier = view->frontier;
  draft.relies_on = {view->creations.at(0).change};
  draft.operations = *std::move(operations);
  VOUCH_CHECK(device_->Save({&draft, 1}).ok());
}

TlsClient BenchTablet::Connect(const ServerProcess& server) const {
  return TlsClient(server.address(), server.ca_pem()).As(*device_);
}

}  // namespace vouch::bench
