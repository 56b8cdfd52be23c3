#include "tests/support/replica_world.h"

#include "absl/strings/match.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint32_t kField = 4;

// One wire-encoded string field.
std::string Encode(absl::string_view text) {
  return ByteWriter().Varint(kField << 3 | 2).Prefixed(text).Take();
}

std::string Decode(absl::string_view wire) {
  ByteReader in(wire);
  in.Varint();
  return std::string(in.Prefixed());
}

}  // namespace

void SeededRandom::Fill(uint8_t* out, size_t size) {
  while (size > 0) {
    std::string input = ByteWriter().U64(seed_).U64(counter_++).Take();
    Hash block = Sha256({input});
    size_t take = std::min(size, Hash::kSize);
    std::memcpy(out, block.data(), take);
    out += take;
    size -= take;
  }
}

absl::Status PermissiveJudge::Decide(const JudgedChange& change,
                                     const JudgeReader&) const {
  for (const JudgedOperation& op : change.operations) {
    if (change.saw_seal && IsDraftEdit(op.operation.merge_class)) {
      return Error(Reason::kRecordSealed, "signed and locked");
    }
    if (op.operation.merge_class == hold_class) {
      return Error(Reason::kRoleNotAllowed, "held by the test");
    }
    if (op.operation.value.has_value() &&
        absl::StrContains(*op.operation.value, hold_text)) {
      return Error(Reason::kRoleNotAllowed, "held by the test");
    }
  }
  return absl::OkStatus();
}

absl::Status Tablet::Open() {
  VOUCH_ASSIGN_OR_RETURN(store, OpenMemoryStore(&disk));
  VOUCH_ASSIGN_OR_RETURN(
      keys, KeyRing::Open(store.get(), provider.get(), random.get()));
  VOUCH_ASSIGN_OR_RETURN(
      device, Device::Open(store.get(), keys.get(), &clock, random.get()));
  return absl::OkStatus();
}

void Tablet::Close() {
  device.reset();
  keys.reset();
  store.reset();
}

RecordId Tablet::Create(uint32_t kind, const ScopeId& scope,
                        std::string value) {
  clock.Advance(7);
  NewChange draft;
  draft.kind = kind;
  draft.record = MintRecordId(clock.reading.wall_ms, *random);
  draft.scope = scope;
  DraftOperation create;
  create.merge_class = MergeClass::kCreate;
  DraftOperation set;
  set.path = {kField};
  set.value = Encode(value);
  draft.operations = {create, set};
  auto saved = device->Save({draft});
  VOUCH_CHECK(saved.ok());
  return draft.record;
}

absl::Status Tablet::Set(const RecordId& record, std::string value) {
  clock.Advance(7);
  VOUCH_ASSIGN_OR_RETURN(RecordView view, device->View(record));
  NewChange draft;
  draft.kind = view.kind;
  draft.record = record;
  draft.scope = view.scope;
  draft.frontier = view.frontier;
  draft.relies_on = {view.creations.at(0).change};
  DraftOperation set;
  set.path = {kField};
  for (const FieldView& field : view.fields) {
    if (field.path != set.path) continue;
    for (const ValueHead& head : field.heads) {
      set.replaces.push_back({head.change, head.operation});
    }
  }
  set.value = Encode(value);
  draft.operations = {set};
  return device->Save({draft}).status();
}

absl::Status Tablet::Act(const RecordId& record, MergeClass merge_class) {
  clock.Advance(7);
  VOUCH_ASSIGN_OR_RETURN(RecordView view, device->View(record));
  NewChange draft;
  draft.kind = view.kind;
  draft.record = record;
  draft.scope = view.scope;
  draft.frontier = view.frontier;
  draft.relies_on = {view.creations.at(0).change};
  draft.sign_as_author = merge_class == MergeClass::kSeal;
  DraftOperation act;
  act.merge_class = merge_class;
  draft.operations = {act};
  return device->Save({draft}).status();
}

std::vector<std::string> Tablet::Values(const RecordId& record) {
  std::vector<std::string> out;
  auto view = device->View(record);
  if (!view.ok()) return out;
  for (const FieldView& field : view->fields) {
    if (field.path != std::vector<uint32_t>{kField}) continue;
    for (const ValueHead& head : field.heads) {
      out.push_back(Decode(head.value));
    }
  }
  return out;
}

ReplicaWorld::ReplicaWorld(uint64_t seed, const Judge* with)
    : random(seed),
      judge(with != nullptr ? with : &permissive),
      provider(std::make_unique<FixedKeyProvider>(SealKey::Generate(random))) {
  scope_ = MakeScope(ScopeKind::kShared, MintRecordId(1, random));
  VOUCH_CHECK(OpenCentre().ok());
}

absl::Status ReplicaWorld::OpenCentre() {
  VOUCH_ASSIGN_OR_RETURN(store, OpenMemoryStore(&centre_disk));
  VOUCH_ASSIGN_OR_RETURN(keys,
                         KeyRing::Open(store.get(), provider.get(), &random));
  if (keep_authority) {
    VOUCH_ASSIGN_OR_RETURN(authority_store, OpenMemoryStore(&authority_disk));
    VOUCH_ASSIGN_OR_RETURN(
        authority_keys,
        KeyRing::Open(authority_store.get(), provider.get(), &random));
    authority = std::make_unique<Authority>(authority_store.get(),
                                            authority_keys.get());
  }
  VOUCH_ASSIGN_OR_RETURN(
      centre, Centre::Open(store.get(), keys.get(), judge, &centre_clock,
                           &random, {"test centre", authority.get()}));
  return absl::OkStatus();
}

void ReplicaWorld::CloseCentre() {
  centre.reset();
  authority.reset();
  authority_keys.reset();
  authority_store.reset();
  keys.reset();
  store.reset();
}

Tablet& ReplicaWorld::AddTablet(int role, const std::string& name) {
  auto tablet = std::make_unique<Tablet>();
  tablet->name = name;
  tablet->clock.reading.boot = random.Make<BootId>();
  uint64_t seed = 0;
  random.Fill(reinterpret_cast<uint8_t*>(&seed), sizeof(seed));
  tablet->random = std::make_unique<SeededRandom>(seed);
  tablet->provider =
      std::make_unique<FixedKeyProvider>(SealKey::Generate(*tablet->random));
  VOUCH_CHECK(tablet->Open().ok());
  auto code = centre->CreateCode(role, name, 0, std::nullopt);
  VOUCH_CHECK(code.ok());
  Device& device = *tablet->device;
  auto member = centre->Enrol(code->code, device.device_key().public_key(),
                              device.person_key().public_key());
  VOUCH_CHECK(member.ok());
  Membership membership;
  membership.person = member->person;
  membership.person_name = member->name;
  membership.role = member->role;
  membership.centre_id = centre->id();
  membership.centre_name = centre->name();
  membership.centre_key = centre->key();
  VOUCH_CHECK(device.Adopt(membership).ok());
  tablets.push_back(std::move(tablet));
  return *tablets.back();
}

LoopbackResult ReplicaWorld::Sync(Tablet& tablet,
                                  const LoopbackOptions& options) {
  return SyncOverLoopback(*tablet.device, *centre, 0, options);
}

}  // namespace vouch
